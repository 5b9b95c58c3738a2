"""How many copies can be told apart: true against counted copies for an optic and a pixel size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from fishcount.errors import InputError, check_kind
from fishcount.image import FishImage
from fishcount.optics import FWHM_PER_SIGMA
from fishcount.read_only import ReadOnlyArrays
from fishcount.synthetic.field import draw_field
from fishcount.synthetic.population import Kind
from fishcount.synthetic.spec import FieldSpec
from fishcount.synthetic.truth import Truth

__all__ = ["SaturationCurve", "resolvable_copies", "saturation_curve"]

_COPIES = (2, 4, 6, 8, 12, 16, 24, 32, 48)

Counter = Callable[[FishImage, NDArray[np.int32]], NDArray[np.integer]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SaturationCurve(ReadOnlyArrays):
    """Counted against true HER2 copies; one row for each number of true copies.

    Attributes
    ----------
    true : ndarray of int64, (k,)
        True copies in a nucleus, ascending.
    counted : ndarray of float64, (k,)
        Mean of what was counted.
    low, high : ndarray of float64, (k,)
        10th and 90th percentile over nuclei.
    resolvable : ndarray of float64, (k,)
        Mean of `resolvable_copies`: the best that counting of separate points can do.
    n : ndarray of int64, (k,)
        Nuclei behind each row.
    """

    true: NDArray[np.int64]
    counted: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    resolvable: NDArray[np.float64]
    n: NDArray[np.int64]


def resolvable_copies(yx_px: NDArray[np.float64], *, resolution_px: float) -> int:
    """Heaps that are left when points closer than the resolution run together.

    Parameters
    ----------
    yx_px : (n, 2)
        True positions.
    resolution_px
        Distance below which two points look like one; the full width at half maximum of a
        point is a fair choice.

    Returns
    -------
    int
        0 for no points.

    Raises
    ------
    InputError
        When positions are no pairs of finite numbers, or the resolution is no number from 0.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.synthetic import resolvable_copies
    >>> resolvable_copies(np.array([[0, 0], [0, 3], [0, 6], [9, 9]]), resolution_px=4)
    2
    """
    check_kind("resolution_px", resolution_px, Real)
    if not resolution_px >= 0:
        raise InputError("must be 0 or more", field="resolution_px", found=resolution_px)
    try:
        yx = np.asarray(yx_px, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("positions are numbers", field="yx_px", found=str(error)) from error
    n = len(yx) if yx.ndim else 0
    if yx.size == 0:
        return 0
    if yx.ndim != 2 or not np.isfinite(yx).all():
        raise InputError(
            "positions are pairs of finite numbers",
            field="yx_px",
            found=f"shape {yx.shape}" if yx.ndim != 2 else "NaN or infinity",
        )
    pairs = KDTree(yx).query_pairs(resolution_px, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return int(connected_components(graph, directed=False)[0])


def saturation_curve(
    count: Counter,
    *,
    rng: np.random.Generator,
    copies: Sequence[int] = _COPIES,
    clustered: float = 0.0,
    n_fields: int = 2,
    spec: FieldSpec | None = None,
) -> SaturationCurve:
    """Draw nuclei with known numbers of HER2 copies and have them counted.

    Parameters
    ----------
    count
        Called with an image and its true label image; returns HER2 copies for each label
        ``i + 1`` at place ``i``.
    rng
        Source of chance.
    copies
        True copies to draw, each in as many nuclei.
    clustered
        Share of the copies that lie in one or two clusters.
    n_fields
        Fields to draw.
    spec
        Optics, pixel size, camera and stain. Nuclei are drawn apart, in focus, without split
        signals, so that nothing but crowding counts.

    Returns
    -------
    SaturationCurve
        Copies that no whole nucleus got have no row.

    Raises
    ------
    InputError
        When no copies or no fields are asked for, or `rng` is no generator.

    Examples
    --------
    What a counter of separate points sees at best:

    >>> import numpy as np
    >>> from fishcount.synthetic import FieldSpec, saturation_curve
    >>> curve = saturation_curve(
    ...     lambda image, labels: np.zeros(labels.max(), int),
    ...     rng=np.random.default_rng(0), copies=[2, 40], n_fields=1,
    ...     clustered=0.75, spec=FieldSpec(shape=(512, 512)))
    >>> curve.true, bool(curve.resolvable[1] < 25)
    (array([ 2, 40]), True)
    """
    check_kind("copies", copies, Sequence)
    check_kind("n_fields", n_fields, Integral)
    for name, number in (("copies", len(copies)), ("n_fields", n_fields)):
        if number < 1:
            raise InputError("none to draw", field=name, expected="at least 1")
    spec = _ladder(spec or FieldSpec(), copies, clustered)
    rows = [_count_field(count, spec, rng) for _ in range(n_fields)]
    true, counted, resolvable = (np.concatenate(column) for column in zip(*rows, strict=True))
    levels = np.unique(true)
    groups = [counted[true == level] for level in levels]
    return SaturationCurve(
        true=levels.astype(np.int64),
        counted=np.array([group.mean() for group in groups]),
        low=np.array([np.percentile(group, 10) for group in groups]),
        high=np.array([np.percentile(group, 90) for group in groups]),
        resolvable=np.array([resolvable[true == level].mean() for level in levels]),
        n=np.array([group.size for group in groups], np.int64),
    )


def _ladder(spec: FieldSpec, copies: Sequence[int], clustered: float) -> FieldSpec:
    """A field whose nuclei hold the given copies, with nothing in the way."""
    clusters = {1: 1.0, 2: 1.0} if clustered > 0 else {0: 1.0}
    kinds = tuple(
        (1.0, Kind(cls=3, her2={n: 1.0}, cep17={2: 1.0}, clusters=clusters, clustered=clustered))
        for n in copies
    )
    return spec.changed(
        population=kinds,
        n_planes=1,
        nuclei={"touching": 0.0, "overlapping": 0.0, "out_of_focus": 0.0},
        signals={"split": 0.0},
    )


def _count_field(
    count: Counter, spec: FieldSpec, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """True, counted and resolvable copies of the whole nuclei of one field."""
    image, truth = draw_field(spec, rng=rng)
    rows = np.flatnonzero(truth.nuclei.scorable)
    counted = np.asarray(count(image, truth.labels), np.float64)
    seen = [_resolvable(truth, int(truth.nuclei.id[row])) for row in rows]
    return truth.nuclei.her2[rows], counted[rows], np.array(seen, np.float64)


def _resolvable(truth: Truth, nucleus: int) -> int:
    spots = truth.spots
    own = (spots.nucleus == nucleus) & (spots.channel == 0)
    if not own.any():
        return 0
    width = FWHM_PER_SIGMA * float(np.median(spots.sigma[own]))
    return resolvable_copies(np.stack([spots.y[own], spots.x[own]], axis=1), resolution_px=width)
