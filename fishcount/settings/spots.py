"""How spots are detected: `spots` of the settings."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from fishcount.optics import PLAUSIBLE_EMISSION_NM, PLAUSIBLE_NA, KnownOptics
from fishcount.settings.section import Fraction, Positive, Section

__all__ = ["SpotSettings"]

_Aperture = Annotated[float, Field(ge=PLAUSIBLE_NA[0], le=PLAUSIBLE_NA[1])]
_Wavelength = Annotated[float, Field(ge=PLAUSIBLE_EMISSION_NM[0], le=PLAUSIBLE_EMISSION_NM[1])]


class SpotSettings(Section):
    """How spots are detected in one probe channel (`fishcount.spots`)."""

    min_snr: Positive = Field(
        3.0,
        description="Least height of the filtered spot in sigmas of the filtered noise; what "
        "passes is then judged by how it looks.",
    )
    min_share: Fraction = Field(
        0.33,
        description="Least height of a spot as a share of a typical signal of its channel: "
        "signals of one probe look alike, what is much fainter is grain.",
    )
    min_score: float = Field(
        0.0,
        description="Least log odds, from how it looks, that a spot is a signal. 0 keeps what "
        "is more likely one than not; lower finds more of the faint ones, and more grain.",
    )
    project_stacks: bool = Field(
        False,
        description="Stacks are searched on their plain projection (their maximum), as if "
        "they had been taken as one plane: no smoothing along z, and no heights of signals.",
    )
    numerical_aperture: _Aperture | None = Field(
        None,
        description="Of the objective. With the wavelength of a probe it tells how wide a point of "
        "it is in focus: the image is then asked only how far it is off. None takes what the "
        "file says, and where it says nothing, the image alone tells.",
    )
    her2_emission_nm: _Wavelength | None = Field(
        None,
        description="Emission wavelength of the HER2 probe, in nanometres: about 588 for "
        "SpectrumOrange. None as for `numerical_aperture`.",
    )
    cep17_emission_nm: _Wavelength | None = Field(
        None,
        description="Emission wavelength of the CEP17 probe, in nanometres: about 530 for "
        "SpectrumGreen. None as for `numerical_aperture`.",
    )

    @property
    def optics(self) -> KnownOptics:
        """What these settings say of the optics."""
        emission = {"HER2": self.her2_emission_nm, "CEP17": self.cep17_emission_nm}
        return KnownOptics(
            numerical_aperture=self.numerical_aperture,
            emission_nm=MappingProxyType({r: nm for r, nm in emission.items() if nm is not None}),
        )
