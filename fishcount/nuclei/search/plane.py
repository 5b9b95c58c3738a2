"""The search for nuclei in one plane: find their cores, cut them apart, draw their outlines."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import block_means, connected_parts, gaussian, median3
from fishcount.nuclei.field.foreground import find_foreground
from fishcount.nuclei.field.illumination import (
    MESH_DIAMETERS,
    background_mesh,
    noise_floor,
    shared_noise_floor,
)
from fishcount.nuclei.field.light import NuclearLight, measure_light
from fishcount.nuclei.field.reduction import MIN_DIAMETER_PX, reduce_image
from fishcount.nuclei.field.size import diameter_of
from fishcount.nuclei.geometry.runs import count_pixels
from fishcount.nuclei.parting.concavity import cut_anew, cut_at_dents
from fishcount.nuclei.parting.contacts import JoinLabels, join_false_cuts
from fishcount.nuclei.parting.size_law import SizeLaw, measure_sizes
from fishcount.nuclei.search.full_size import enlarge_outlines
from fishcount.nuclei.search.ladder import climb_ladder, lowest_level
from fishcount.nuclei.search.leftover import add_leftovers
from fishcount.nuclei.search.outline import draw_outlines
from fishcount.robust import middle, quantile
from fishcount.settings import NucleiSettings

__all__ = [
    "FieldScale",
    "Found",
    "measure_field",
    "search_nuclei",
    "search_part",
    "signal_of",
]

# Smoothing of the image, in nuclear diameters.
_SMOOTHING = 0.045
# Differences below this share of the brightest pixel are rounding errors of single precision.
_ROUNDING = 2e-6
# Search once more where the nuclei found differ in size from the guess by this much, in log.
_RETRY_ABOVE = 0.05
# If what was found covers less than _SPARSE of the image, it may be dust that outshines the nuclei.
# These are then objects of at least _LIKE_NUCLEI quality that are _OUTNUMBERED times as many, each
# larger than _SMALL diameters squared.
_SPARSE, _LIKE_NUCLEI, _OUTNUMBERED, _SMALL = 0.1, 0.6, 5, 0.2
# In fields with room for _MANY nuclei that are wider than this, their size is found at half the
# resolution: within 1 % in half of the fields. With few nuclei each one counts.
_MANY, _COARSE_ABOVE_PX = 600, 18.0


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the search found in a plane.

    Attributes
    ----------
    labels : ndarray of int32, (y, x)
        At full size, in no particular order; 0 is background.
    background : ndarray of float32
        Of the reduced image.
    diameter_px : float
        Typical diameter of the nuclei.
    threshold_counts : float
        Typical height above background of the outlines.
    """

    labels: NDArray[np.int32]
    background: NDArray[np.float32]
    diameter_px: float
    threshold_counts: float


@dataclass(frozen=True, slots=True)
class FieldScale:
    """Figures of a whole field, with which any part of it can be searched alone.

    Attributes
    ----------
    factor : int
        By how much the image is reduced, in blocks that start at its first pixel.
    despiked : bool
        Whether single hot pixels are taken out of the reduced image, with a median filter.
    diameter_px : float
        Typical diameter of nuclei, in pixels of the reduced image.
    cell_px : float
        Edge of a cell of the background mesh, likewise.
    floor_counts, typical_counts, top_counts : float
        Height above background under which it is noise, of typical foreground, and of nearly the
        brightest: between them stand the thresholds of the ladder.
    shared_floor_counts : float
        The floor of what is no single nucleus; see `shared_noise_floor`.
    light : NuclearLight
        How nuclei shine, which tells where their outlines lie.
    sizes : SizeLaw
        How much nuclei differ in area, which tells two that look like one.
    """

    factor: int
    despiked: bool
    diameter_px: float
    cell_px: float
    floor_counts: float
    typical_counts: float
    top_counts: float
    shared_floor_counts: float
    light: NuclearLight
    sizes: SizeLaw


@dataclass(frozen=True, slots=True, eq=False)
class _Planes:
    """The reduced image, and the background at the scale of nuclei.

    What was smoothed last is kept: it is asked for again.
    """

    image: NDArray[np.float32]
    background: NDArray[np.float32]
    smoothed: dict[float, NDArray[np.float32]] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, image: NDArray[np.float32], cell_px: float) -> _Planes:
        smooth = gaussian(image, 1.0)
        return cls(image, background_mesh(smooth, cell_px=cell_px))

    def signal(self, sigma: float) -> NDArray[np.float32]:
        """The smoothed image above background."""
        if sigma not in self.smoothed:
            smooth = gaussian(self.image, sigma)
            self.smoothed.clear()
            self.smoothed[sigma] = smooth - self.background
        return self.smoothed[sigma]


def search_nuclei(
    image: NDArray[np.number], *, prior_px: float | None, settings: NucleiSettings
) -> Found | None:
    """Nuclei of a plane (y, x); None where nothing stands out.

    Parameters
    ----------
    image
        Camera counts.
    prior_px
        Expected nuclear diameter; None where the pixel size is not known.
    settings
        See `fishcount.settings.NucleiSettings`.
    """
    measured = _measure(image, prior_px, settings)
    if measured is None:
        return None
    field, planes = measured
    cores, field = _climb(planes, field)
    return _draw(cores, planes, field, (image.shape[0], image.shape[1]))


def measure_field(
    image: NDArray[np.number], *, prior_px: float | None, settings: NucleiSettings
) -> FieldScale | None:
    """Measure what the search of a part needs to know of the whole; None if nothing stands out.

    Takes what `search_nuclei` takes. The diameter is the one that the search settled on.
    """
    measured = _measure(image, prior_px, settings)
    if measured is None:
        return None
    field, planes = measured
    return _climb(planes, field)[1]


def search_part(
    image: NDArray[np.number], *, field: FieldScale, join: JoinLabels = join_false_cuts
) -> Found | None:
    """Nuclei of a part of a field; None where nothing stands out.

    Parameters
    ----------
    image
        Camera counts, (y, x). The part starts at whole blocks of the field (`field.factor`).
    field
        From `measure_field` of the whole, or of its overview.
    join
        See `draw_outlines`.
    """
    planes = _planes_of(image, field)
    cores, _ = _cores(planes, field)
    return _draw(cores, planes, field, (image.shape[0], image.shape[1]), join=join)


def signal_of(image: NDArray[np.number], *, field: FieldScale) -> NDArray[np.float32]:
    """What nuclei of a field, or of a part of it, are searched in: see `search_part`.

    DAPI above background, smoothed, on pixels that are `field.factor` times as wide.
    """
    return _planes_of(image, field).signal(_smoothing(field.diameter_px))


def _planes_of(image: NDArray[np.number], field: FieldScale) -> _Planes:
    small = block_means(image, field.factor)
    return _Planes.of(median3(small) if field.despiked else small, field.cell_px)


def _measure(
    image: NDArray[np.number], prior_px: float | None, settings: NucleiSettings
) -> tuple[FieldScale, _Planes] | None:
    reduced = reduce_image(image, prior_px=prior_px, settings=settings)
    if reduced is None:
        return None
    cell = MESH_DIAMETERS * reduced.diameter_px
    planes = _Planes.of(reduced.image, cell)
    signal = planes.signal(1.0)
    floor = noise_floor(reduced.image, min_snr=settings.min_snr)
    shared_floor = shared_noise_floor(reduced.image, signal, min_snr=settings.min_snr)
    # Rounding errors of a bright, even field must not stand out either.
    floor += _ROUNDING * float(np.abs(reduced.image).max())
    mask, _ = find_foreground(signal, floor_counts=floor)
    if not mask.any():
        return None
    typical = middle(signal[mask])
    signal = planes.signal(_smoothing(reduced.diameter_px))
    bright = signal[signal > floor]
    top = quantile(bright, 0.99) if bright.size else math.nan
    field = FieldScale(
        factor=reduced.factor,
        despiked=reduced.despiked,
        diameter_px=reduced.diameter_px,
        cell_px=cell,
        floor_counts=floor,
        typical_counts=typical,
        top_counts=top,
        shared_floor_counts=max(shared_floor, floor),
        # Not known before nuclei are found.
        light=NuclearLight(0.0, 0.0),
        sizes=SizeLaw(),
    )
    return field, planes


def _draw(
    cores: NDArray[np.int32],
    planes: _Planes,
    field: FieldScale,
    shape: tuple[int, int],
    *,
    join: JoinLabels = join_false_cuts,
) -> Found | None:
    diameter, floor = field.diameter_px, field.floor_counts
    if diameter * field.factor < MIN_DIAMETER_PX:
        return None
    signal = planes.signal(_smoothing(diameter))
    cores = cut_at_dents(cores, signal, diameter_px=diameter, sizes=field.sizes)
    cores = cut_anew(cores, diameter_px=diameter)
    cores = add_leftovers(
        cores,
        signal,
        floor_counts=floor,
        typical_counts=field.typical_counts,
        top_counts=field.top_counts,
        diameter_px=diameter,
    )
    outlines = draw_outlines(
        cores, signal, diameter_px=diameter, floor_counts=floor, light=field.light, join=join
    )
    return Found(
        labels=enlarge_outlines(outlines, field.factor, shape),
        background=planes.background,
        diameter_px=diameter * field.factor,
        threshold_counts=outlines.cut_counts,
    )


def _smoothing(diameter_px: float) -> float:
    return max(_SMOOTHING * diameter_px, 0.7)


def _climb(planes: _Planes, field: FieldScale) -> tuple[NDArray[np.int32], FieldScale]:
    """Cores, and the field with diameter, light and sizes of the nuclei that were found.

    The first guess counts what stands alone; clumps may have made it too large. So nuclei are
    searched once more where they are of another size. In a field of many nuclei the first search,
    which is for their size alone, is made on fewer pixels.
    """
    n_fit = planes.image.size / field.diameter_px**2
    coarse = 2 if n_fit > _MANY and field.diameter_px > _COARSE_ABOVE_PX else 1
    cores, quality = _cores(planes, field, coarse=coarse)
    if len(quality) < _SPARSE * n_fit:
        beside = _beside_dust(planes, field, n_found=len(quality))
        if beside is not None:
            field = beside
            cores, quality = _cores(planes, field, coarse=coarse)
    found = coarse * diameter_of(cores, quality)
    other = found > 0 and abs(math.log(found / field.diameter_px)) >= _RETRY_ABOVE
    if other:
        field = replace(field, diameter_px=found)
    if other or coarse > 1:
        cores, _ = _cores(planes, field)
    signal = planes.signal(_smoothing(field.diameter_px))
    light = measure_light(cores, signal, diameter_px=field.diameter_px)
    sizes = measure_sizes(cores, diameter_px=field.diameter_px)
    return cores, replace(field, light=light, sizes=sizes)


def _beside_dust(planes: _Planes, field: FieldScale, *, n_found: int) -> FieldScale | None:
    """The field as if what shines most were not there; None where few nuclei lie beside it.

    A fibre or a crystal shines a hundred times as much as nuclei. All of these lie under the lowest
    threshold then; but they are many and look like nuclei, and it is alone.
    """
    signal = planes.signal(_smoothing(field.diameter_px))
    lowest = lowest_level(field.floor_counts, field.typical_counts)
    left = np.where(signal > lowest, np.float32(0), signal)
    mask, _ = find_foreground(left, floor_counts=field.shared_floor_counts)
    labels, n = connected_parts(mask)
    squares = count_pixels(labels, n + 1)[1:] / field.diameter_px**2
    needed = _OUTNUMBERED * max(n_found, 1)
    if np.maximum(squares[squares > _SMALL], 1).sum() < needed:
        return None
    dim = replace(
        field,
        floor_counts=field.shared_floor_counts,
        typical_counts=middle(left[mask]),
        top_counts=lowest,
    )
    _, quality = climb_ladder(
        left,
        floor_counts=dim.floor_counts,
        typical_counts=dim.typical_counts,
        top_counts=dim.top_counts,
        diameter_px=dim.diameter_px,
    )
    n_dim = np.count_nonzero(quality >= _LIKE_NUCLEI)
    return dim if n_dim >= needed else None


def _cores(
    planes: _Planes, field: FieldScale, *, coarse: int = 1
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Cores on the working image, or on one that is reduced once more, and their quality."""
    return climb_ladder(
        block_means(planes.signal(_smoothing(field.diameter_px)), coarse),
        floor_counts=field.floor_counts,
        typical_counts=field.typical_counts,
        top_counts=field.top_counts,
        diameter_px=field.diameter_px / coarse,
    )
