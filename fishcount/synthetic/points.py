"""Where the signals of each nucleus lie and how bright they are."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from fishcount.optics import diffraction_sigma_um
from fishcount.synthetic.outlines import Outlines, radius_at
from fishcount.synthetic.population import NucleusCopies
from fishcount.synthetic.spec import FieldSpec
from fishcount.synthetic.truth import SpotKind

__all__ = ["Points", "draw_debris", "draw_points", "join_points", "wavelength_um"]

# Signals keep away from the rim of the nucleus by this share of its radius.
_RIM = 0.10
# Of this many random arrangements of a nucleus, the one with most room is taken.
_N_ARRANGEMENTS = 24
# An uneven signal is drawn as this many points, and has this many times the light of an even one.
_PIECES, _RAGGED_LIGHT = 3, 1.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Light-emitting points of both probes; columns of length n.

    `nucleus` is the row of the outline, -1 for none; `z_um` the height over the focal plane;
    the other columns are those of `SpotsTruth`.
    """

    channel: NDArray[np.int64]
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    z_um: NDArray[np.float64]
    amp: NDArray[np.float64]
    sigma: NDArray[np.float64]
    nucleus: NDArray[np.int64]
    kind: NDArray[np.int64]
    copy: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: NDArray[np.generic]) -> Points:
        """Some of the points, by mask or index."""
        return replace(self, **{c.name: getattr(self, c.name)[rows] for c in fields(self)})


def join_points(parts: list[Points]) -> Points:
    """One table from several."""
    names = [column.name for column in fields(Points)]
    return Points(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


def wavelength_um(spec: FieldSpec, channel: int) -> float:
    """Emission wavelength of a probe: 0 HER2, 1 CEP17."""
    return (spec.optics.her2_um, spec.optics.cep17_um)[channel]


def draw_points(
    spec: FieldSpec,
    outlines: Outlines,
    *,
    copies: NucleusCopies,
    peak_electrons: float,
    rng: np.random.Generator,
) -> Points:
    """Draw the points of all copies of all nuclei.

    Parameters
    ----------
    peak_electrons
        Median peak of a single signal.
    """
    parts = [_no_points()]
    for channel, counts in enumerate((copies.her2, copies.cep17)):
        brightness = peak_electrons * np.exp(
            rng.normal(0, spec.signals.nucleus_spread, len(outlines))
        )
        for row in range(len(outlines)):
            n_clusters = int(copies.clusters[row]) if channel == 0 else 0
            n_clustered = round(copies.clustered[row] * counts[row]) if n_clusters else 0
            place, kind = _arrange(
                spec, outlines, row, int(counts[row]), n_clustered, n_clusters, rng
            )
            parts.append(_as_points(spec, channel, row, place, kind, brightness[row], rng))
    points = join_points(parts)
    if spec.signals.coincident > 0:
        points = _with_coincidences(spec, points, rng)
    return replace(
        points,
        y=points.y + outlines.y_px[points.nucleus],
        x=points.x + outlines.x_px[points.nucleus],
        z_um=points.z_um + outlines.z_um[points.nucleus],
    )


def _with_coincidences(spec: FieldSpec, points: Points, rng: np.random.Generator) -> Points:
    """Some single CEP17 points moved onto a HER2 point of their nucleus, or nearly so."""
    y, x = points.y.copy(), points.x.copy()
    moved = (points.channel == 1) & (points.kind == SpotKind.SINGLE)
    moved &= rng.random(len(points)) < spec.signals.coincident
    for row in np.flatnonzero(moved):
        onto = np.flatnonzero((points.nucleus == points.nucleus[row]) & (points.channel == 0))
        if onto.size:
            target = rng.choice(onto)
            y[row], x[row] = (
                axis[target] + rng.normal(0, 0.1) * spec.px_per_um for axis in (points.y, points.x)
            )
    return replace(points, y=y, x=x)


def draw_debris(
    spec: FieldSpec,
    occupied: NDArray[np.bool_],
    *,
    peak_electrons: float,
    rng: np.random.Generator,
) -> Points:
    """Points outside nuclei that are not signals: unbound probe, dirt."""
    n = int(rng.poisson(spec.artefacts.debris_per_mm2 * spec.area_mm2))
    y, x = rng.uniform(-0.5, np.array(spec.shape)[:, None] - 0.5, (2, n))
    free = ~occupied[np.rint(y).astype(np.int64), np.rint(x).astype(np.int64)]
    points = Points(
        channel=rng.integers(0, 2, n),
        y=y,
        x=x,
        z_um=rng.normal(0, 0.3, n),
        amp=peak_electrons * np.exp(rng.normal(-0.1, 0.45, n)),
        sigma=rng.uniform(0.13, 0.21, n) * spec.px_per_um,
        nucleus=np.full(n, -1),
        kind=np.full(n, SpotKind.DEBRIS),
        copy=np.full(n, -1),
    )
    return points.take(free)


def _arrange(
    spec: FieldSpec,
    outlines: Outlines,
    row: int,
    n: int,
    n_clustered: int,
    n_clusters: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Positions (n, 2) relative to the centre in pixels, and the kind of each copy."""
    table = outlines.radius_px[row]
    apart = _spread_out(table, n - n_clustered, spec.signals.separation_um * spec.px_per_um, rng)
    pitch = spec.signals.cluster_pitch_um * spec.px_per_um
    clustered = _in_clusters(table, n_clustered, n_clusters, pitch, rng)
    kind = np.repeat([SpotKind.SINGLE, SpotKind.CLUSTER], [len(apart), len(clustered)])
    return np.concatenate([apart, clustered]), kind


def _spread_out(
    table: NDArray[np.float64], n: int, separation_px: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """N places, as far apart as a few tries allow: counters would not part closer copies."""
    tries = _anywhere(table, (_N_ARRANGEMENTS, n), rng)
    apart = tries[:, :, None, :] - tries[:, None, :, :]
    near = np.hypot(apart[..., 0], apart[..., 1]) < separation_px
    return np.asarray(tries[near.sum(axis=(1, 2)).argmin()])


def _anywhere(
    table: NDArray[np.float64], size: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Places inside an outline, denser where a flattened ellipsoid is thicker: (*size, 2)."""
    angle = rng.uniform(0, 2 * np.pi, size)
    share = np.sqrt(1 - rng.random(size) ** 0.8)
    radius = share * (1 - _RIM) * radius_at(table, angle)
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1)


def _in_clusters(
    table: NDArray[np.float64],
    n: int,
    n_clusters: int,
    pitch_px: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """N places in a few elongated, irregular heaps inside an outline, (n, 2)."""
    if n == 0:
        return np.zeros((0, 2))
    shares = rng.dirichlet(np.full(n_clusters, 4.0))
    cluster = rng.choice(n_clusters, size=n, p=shares)
    size = np.bincount(cluster, minlength=n_clusters)
    # In a heap of n points of this pitch, the radius grows with the root of n.
    heap = pitch_px * np.sqrt(np.maximum(size, 1) / np.pi) * np.exp(rng.normal(0, 0.3, n_clusters))
    stretch = np.exp(rng.normal(0, 0.3, n_clusters))
    centre = 0.75 * _anywhere(table, (n_clusters,), rng)
    angle, turn = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, np.pi, n_clusters)[cluster]
    radius = heap[cluster] * np.sqrt(rng.random(n))
    along = radius * np.cos(angle) * stretch[cluster]
    across = radius * np.sin(angle) / stretch[cluster]
    offset = np.stack(
        [
            along * np.sin(turn) + across * np.cos(turn),
            along * np.cos(turn) - across * np.sin(turn),
        ],
        axis=-1,
    )
    return _pulled_inside(centre[cluster] + offset, table)


def _pulled_inside(place: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places that lie beyond the rim, moved towards the centre until they do not."""
    limit = (1 - _RIM) * radius_at(table, np.arctan2(place[:, 0], place[:, 1]))
    radius = np.hypot(place[:, 0], place[:, 1])
    return np.asarray(place * np.minimum(1.0, limit / np.maximum(radius, 1e-9))[:, None])


def _as_points(
    spec: FieldSpec,
    channel: int,
    row: int,
    place: NDArray[np.float64],
    kind: NDArray[np.int64],
    brightness: float,
    rng: np.random.Generator,
) -> Points:
    """Points of the copies of one nucleus, positions still relative to its centre."""
    signals = spec.signals
    n = len(place)
    width = np.hypot(
        diffraction_sigma_um(wavelength_um(spec, channel), na=spec.optics.na), signals.size_um
    )
    halves = (rng.random(n) < signals.split) & (kind == SpotKind.SINGLE)
    copy = np.repeat(np.arange(n), 1 + halves)
    second = np.zeros(copy.size, bool)
    second[1:] = copy[1:] == copy[:-1]
    split = halves[copy]
    angle = rng.uniform(0, 2 * np.pi, n)[copy]
    arm = 0.5 * rng.uniform(*signals.split_um, n)[copy] * spec.px_per_um * split
    arm = np.where(second, -arm, arm)
    amp = brightness * np.exp(rng.normal(0, signals.peak_spread, n))[copy]
    # A split signal is one copy whose light comes from two places.
    amp = amp * np.where(split, rng.uniform(0.5, 0.8, copy.size), 1.0)
    z_um = rng.uniform(-0.5, 0.5, n)[copy] * spec.nuclei.depth_um
    points = Points(
        channel=np.full(copy.size, channel),
        y=place[copy, 0] + arm * np.sin(angle),
        x=place[copy, 1] + arm * np.cos(angle),
        z_um=z_um,
        amp=amp,
        sigma=width * spec.px_per_um * np.exp(rng.normal(0, signals.size_spread, copy.size)),
        nucleus=np.full(copy.size, row),
        kind=np.where(split, SpotKind.SPLIT, kind[copy]),
        copy=copy,
    )
    return _ragged(points, signals.ragged_um * spec.px_per_um, rng) if signals.ragged_um else points


def _ragged(points: Points, unevenness_px: float, rng: np.random.Generator) -> Points:
    """Each point as several that lie close: signals of no simple shape."""
    pieces = np.repeat(np.arange(len(points.y)), _PIECES)
    share = rng.uniform(0.2, 1.0, (len(points.y), _PIECES))
    share *= _RAGGED_LIGHT / share.sum(axis=1, keepdims=True)
    off_y, off_x = rng.normal(0, unevenness_px, (2, pieces.size))
    single = points.kind[pieces] == SpotKind.SINGLE
    return Points(
        channel=points.channel[pieces],
        y=points.y[pieces] + off_y,
        x=points.x[pieces] + off_x,
        z_um=points.z_um[pieces],
        amp=points.amp[pieces] * share.ravel(),
        sigma=points.sigma[pieces],
        nucleus=points.nucleus[pieces],
        kind=np.where(single, SpotKind.SPLIT, points.kind[pieces]),
        copy=points.copy[pieces],
    )


def _no_points() -> Points:
    none, whole = np.zeros(0), np.zeros(0, np.int64)
    return Points(
        channel=whole, y=none, x=none, z_um=none, amp=none, sigma=none, nucleus=whole,
        kind=whole, copy=whole,
    )  # fmt: skip
