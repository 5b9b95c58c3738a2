"""Optics of an image, as far as they are known, and the width of a point that follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from types import MappingProxyType
from typing import Any

from fishcount.errors import MetadataError, check_kind
from fishcount.read_only import ReadOnlyArrays

__all__ = [
    "FWHM_PER_SIGMA",
    "PLAUSIBLE_EMISSION_NM",
    "PLAUSIBLE_NA",
    "KnownOptics",
    "diffraction_sigma_um",
]

# Full width at half maximum of a Gaussian, in standard deviations.
FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
# From a 2x objective to the best oil; from deep blue dyes to the edge of the infrared. Beyond lies
# a wrong unit.
PLAUSIBLE_NA = (0.05, 1.7)
PLAUSIBLE_EMISSION_NM = (350.0, 1000.0)


def diffraction_sigma_um(wavelength_um: float, *, na: float) -> float:
    """Gaussian width of the in-focus widefield PSF: 0.21 times wavelength over NA.

    Source: Zhang, Zerubia and Olivo-Marin, Applied Optics 46 (2007) 1819.

    Examples
    --------
    >>> from fishcount.optics import diffraction_sigma_um
    >>> round(diffraction_sigma_um(0.588, na=1.3), 4)
    0.095
    """
    return 0.21 * wavelength_um / na


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOptics(ReadOnlyArrays):
    """Numerical aperture and emission wavelengths, as far as they are known.

    Attributes
    ----------
    numerical_aperture : float or None
    emission_nm : mapping of str to float
        By role; a channel whose wavelength is not known is not in it.

    Raises
    ------
    MetadataError
        When a value is none that an objective or a dye has, such as a wavelength in micrometres.
    """

    numerical_aperture: float | None = None
    emission_nm: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        check_kind("emission_nm", self.emission_nm, Mapping)
        if self.numerical_aperture is not None:
            _check("numerical_aperture", self.numerical_aperture, PLAUSIBLE_NA)
        for role, wavelength_nm in self.emission_nm.items():
            _check(f"emission_nm of {role}", wavelength_nm, PLAUSIBLE_EMISSION_NM)
        ReadOnlyArrays.__post_init__(self)

    def overruled_by(self, better: KnownOptics) -> KnownOptics:
        """These optics with everything that `better` knows in place of their own values."""
        na = better.numerical_aperture
        return KnownOptics(
            numerical_aperture=self.numerical_aperture if na is None else na,
            emission_nm=MappingProxyType({**self.emission_nm, **better.emission_nm}),
        )

    def point_sigma_um(self, role: str) -> float | None:
        """Width of a point in focus in a channel; None where aperture or wavelength is not known.

        Examples
        --------
        >>> from fishcount.optics import KnownOptics
        >>> optics = KnownOptics(numerical_aperture=1.3, emission_nm={"HER2": 588})
        >>> round(optics.point_sigma_um("HER2"), 4), optics.point_sigma_um("CEP17")
        (0.095, None)
        """
        wavelength_nm = self.emission_nm.get(role)
        if wavelength_nm is None or self.numerical_aperture is None:
            return None
        return diffraction_sigma_um(1e-3 * wavelength_nm, na=self.numerical_aperture)


def _check(what: str, value: Any, plausible: tuple[float, float]) -> None:
    low, high = plausible
    if isinstance(value, bool) or not (isinstance(value, Real) and low <= float(value) <= high):
        raise MetadataError(
            "is not plausible", field=what, found=value, expected=f"{low:g} to {high:g}"
        )
