"""Where counting of separate signals ends: what can be told apart in nuclei of this size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fishcount.optics import FWHM_PER_SIGMA
from fishcount.report.histogram import Tick
from fishcount.report.shown import ShownCase
from fishcount.synthetic import (
    Optics,
    SignalShapes,
    diffraction_sigma_um,
    resolvable_copies,
)

__all__ = ["COPIES", "Saturation", "draw_saturation"]

_WIDTH, _HEIGHT = 320.0, 200.0
COPIES = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64)
# Used where neither image nor settings give them: a good objective, an orange dye; the size of a
# hybridised target, which no file records (our choice).
_OPTICS = Optics()
_TARGET_UM = SignalShapes().size_um
# Radius of a loose heap of copies in one place of the nucleus (our choice).
_HEAP_UM = 1.0
# A count that is this share too low or more is called saturated (our choice).
_LEAST_SHARE = 0.9
# From this share of the scored nuclei on, the page warns (our choice).
_WARN_SHARE = 0.05
_DRAWS = 24
_SEED = 1


@dataclass(frozen=True, slots=True)
class Saturation:
    """The curve of true against resolvable copies, as geometry, and this case on it.

    Attributes
    ----------
    resolution_um, diameter_um : float
        Full width of a signal at half its height; of a typical nucleus.
    optics : str
        What the resolution was worked out from, in words.
    apart, heaped : str
        The two curves as SVG paths: copies anywhere in the nucleus, and in one heap.
    limit_apart, limit_heaped : int
        Most copies of which at least nine tenths can be told apart on average.
    n_beyond, n_estimated, n_scored : int
        Scored nuclei with more HER2 copies than `limit_apart`; with estimated ones; all.
    """

    resolution_um: float
    diameter_um: float
    optics: str
    apart: str
    heaped: str
    diagonal: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    case_at: tuple[float, float]
    case_words: str
    limit_apart: int
    limit_heaped: int
    n_beyond: int
    n_estimated: int
    n_scored: int
    width: float = _WIDTH
    height: float = _HEIGHT

    @property
    def warns(self) -> bool:
        """Whether many nuclei lie where counts are too low or are estimates."""
        least = _WARN_SHARE * self.n_scored
        return self.n_beyond >= max(least, 1) or self.n_estimated >= max(least, 1)

    @property
    def alt(self) -> str:
        """The figure in words."""
        return (
            f"True copies against copies that can be told apart, {self.resolution_um:.2f} µm "
            f"apart in nuclei of {self.diameter_um:.0f} µm: counts hold up to about "
            f"{self.limit_apart} copies that lie apart and {self.limit_heaped} in one heap; "
            f"this case has {self.case_words}."
        )


def draw_saturation(case: ShownCase) -> Saturation | None:
    """Where the scored nuclei of a case lie on the curve; None without any."""
    copies = case.scored_copies("HER2")
    if not len(copies):
        return None
    area_um2 = np.concatenate(
        [field.nuclei["area_um2"].to_numpy(np.float64)[field.scored] for field in case.fields]
    )
    estimated = sum(
        int((field.copies("HER2", "_high") > field.copies("HER2", "_low"))[field.scored].sum())
        for field in case.fields
    )
    pixel_um = max(field.pixel_size_um for field in case.fields)
    na, her2_um, optics = _coarsest_optics(case)
    sigma_um = np.hypot(diffraction_sigma_um(her2_um, na=na), _TARGET_UM)
    resolution_um = max(FWHM_PER_SIGMA * sigma_um, 2 * pixel_um)
    # To the half micrometre: cases of one batch share their curves.
    diameter_um = max(round(2 * 2 * float(np.sqrt(np.median(area_um2) / np.pi))) / 2, 0.5)
    apart = _resolved(diameter_um, resolution_um)
    heaped = _resolved(2 * _HEAP_UM, resolution_um)
    limit = _limit(apart)
    low, middle, high = (float(np.percentile(copies, at)) for at in (10, 50, 90))
    return Saturation(
        resolution_um=resolution_um,
        diameter_um=diameter_um,
        optics=optics,
        apart=_curve(apart),
        # Beyond the maximum of the curve the heap merges into one signal.
        heaped=_curve(heaped[: int(heaped.argmax()) + 1]),
        diagonal=_curve(np.array(COPIES, np.float64)),
        x_ticks=tuple(Tick(_x(at), str(at)) for at in (1, 2, 4, 8, 16, 32, 64)),
        y_ticks=tuple(Tick(_y(at), str(at)) for at in (1, 2, 4, 8, 16, 32, 64)),
        case_at=(_x(low), _x(high)),
        case_words=f"{middle:.0f} HER2 copies in the median nucleus, {high:.0f} in one of ten",
        limit_apart=limit,
        limit_heaped=_limit(heaped),
        n_beyond=int((copies > limit).sum()),
        n_estimated=estimated,
        n_scored=len(copies),
    )


def _coarsest_optics(case: ShownCase) -> tuple[float, float, str]:
    """Numerical aperture and wavelength of HER2 in um, the worst of all fields; in words."""
    optics = [field.optics.overruled_by(case.settings.spots.optics) for field in case.fields]
    apertures = [one.numerical_aperture for one in optics if one.numerical_aperture is not None]
    wavelengths = [one.emission_nm["HER2"] for one in optics if "HER2" in one.emission_nm]
    na = min(apertures, default=_OPTICS.na)
    her2_nm = max(wavelengths, default=1e3 * _OPTICS.her2_um)
    words = f"NA {na:g} and {her2_nm:.0f} nm"
    known = [bool(apertures), bool(wavelengths)]
    if all(known):
        words += ", as image or settings say"
    elif any(known):
        words += f", of which image or settings say the {'former' if apertures else 'latter'}"
    else:
        words += ", which are supposed: neither image nor settings say them"
    return na, 1e-3 * her2_nm, words


@cache
def _resolved(diameter_um: float, resolution_um: float) -> NDArray[np.float64]:
    """Mean number of separate heaps for each of `COPIES` at random places in a disk."""
    rng = np.random.default_rng(_SEED)
    draws = [[_draw(n, diameter_um, resolution_um, rng) for _ in range(_DRAWS)] for n in COPIES]
    mean: NDArray[np.float64] = np.array(draws).mean(axis=1)
    return mean


def _draw(n: int, diameter_um: float, resolution_um: float, rng: np.random.Generator) -> int:
    radius = 0.5 * diameter_um * np.sqrt(rng.random(n))
    angle = 2 * np.pi * rng.random(n)
    yx_um = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return resolvable_copies(yx_um, resolution_px=resolution_um)


def _limit(resolved: NDArray[np.float64]) -> int:
    """Most of `COPIES` of which nine tenths are told apart."""
    share = resolved / np.array(COPIES)
    fails = np.flatnonzero(share < _LEAST_SHARE)
    return COPIES[max(int(fails[0]) - 1, 0)] if len(fails) else COPIES[-1]


def _curve(resolved: NDArray[np.float64]) -> str:
    return "M" + "L".join(f"{_x(n)} {_y(m)}" for n, m in zip(COPIES, resolved, strict=False))


def _x(copies: float) -> float:
    return round(_WIDTH * _scale(copies), 1)


def _y(copies: float) -> float:
    return round(_HEIGHT * (1 - _scale(copies)), 1)


def _scale(copies: float) -> float:
    """0 for one copy, 1 for the most that are drawn, even steps for doublings."""
    return float(np.log2(np.clip(copies, 1, COPIES[-1])) / np.log2(COPIES[-1]))
