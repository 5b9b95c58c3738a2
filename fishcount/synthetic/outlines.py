"""Outlines of nuclei: shapes by low harmonics, placed apart, touching or overlapping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.synthetic.spec import FieldSpec

__all__ = ["Outlines", "place_outlines", "radius_at"]

# Radii are tabulated at this many angles and interpolated between them.
_N_ANGLES = 180
_ANGLES = np.arange(_N_ANGLES) * (2 * np.pi / _N_ANGLES)
_N_ATTEMPTS = 25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlines:
    """Star-shaped outlines, later ones on top.

    Attributes
    ----------
    y_px, x_px : ndarray of float64, (n,)
        Centres, inside or outside the field.
    radius_px : ndarray of float64, (n, _N_ANGLES)
        Distance from the centre to the outline, by angle from +x towards +y.
    z_um : ndarray of float64, (n,)
        Height of the centre over the focal plane.
    """

    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    radius_px: NDArray[np.float64]
    z_um: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.y_px)


def radius_at(table: NDArray[np.float64], angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Radius of one outline (_N_ANGLES,) at any angles."""
    return np.asarray(np.interp(angle, _ANGLES, table, period=2 * np.pi))


def place_outlines(spec: FieldSpec, *, rng: np.random.Generator) -> Outlines:
    """Draw shapes and find places for them.

    Nuclei are placed one after the other; one that finds no place is left out, so a crowded
    field holds fewer than `spec.nuclei.per_mm2` asks for.
    """
    height, width = spec.shape
    reach = 0.5 * spec.nuclei.diameter_um * spec.px_per_um
    # Centres may lie half a radius outside the field, so that some nuclei are cut.
    area = (height + reach) * (width + reach) * spec.pixel_size_um**2 * 1e-6
    n = int(rng.poisson(spec.nuclei.per_mm2 * area))
    shapes = _draw_shapes(spec, n, rng)
    centres = np.zeros((n, 2))
    placed = np.zeros(n, bool)
    for index in range(n):
        before = np.flatnonzero(placed)
        place = _find_place(spec, shapes[index], centres[before], shapes[before], rng)
        if place is not None:
            centres[index], placed[index] = place, True
    outside = rng.random(n) < spec.nuclei.out_of_focus
    side = rng.choice([-1.0, 1.0], size=n)
    beside = side * spec.nuclei.defocus_um * rng.uniform(1.0, 1.6, n)
    z_um = np.where(outside, beside, rng.normal(0, 0.12, n))
    return Outlines(
        y_px=centres[placed, 0],
        x_px=centres[placed, 1],
        radius_px=shapes[placed],
        z_um=z_um[placed],
    )


def _draw_shapes(spec: FieldSpec, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Radii in pixels, (n, _N_ANGLES): an ellipse times a few low harmonics."""
    nuclei = spec.nuclei
    radius = (
        0.5 * nuclei.diameter_um * spec.px_per_um * np.exp(rng.normal(0, nuclei.diameter_cv, n))
    )
    long = 1 + np.abs(rng.normal(0, nuclei.elongation, n))
    turn = _ANGLES - rng.uniform(0, np.pi, (n, 1))
    ellipse = 1 / np.sqrt((np.cos(turn) ** 2) / long[:, None] + (np.sin(turn) ** 2) * long[:, None])
    order = np.arange(3, 8)
    height = rng.normal(0, nuclei.roughness, (n, order.size)) * (order / 3.0) ** -1.5
    phase = rng.uniform(0, 2 * np.pi, (n, order.size))
    waves = np.cos(order[:, None] * _ANGLES + phase[:, :, None])
    bumps = 1 + (height[:, :, None] * waves).sum(axis=1)
    return np.asarray(radius[:, None] * ellipse * np.clip(bumps, 0.6, 1.4))


def _find_place(
    spec: FieldSpec,
    shape: NDArray[np.float64],
    centres: NDArray[np.float64],
    shapes: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64] | None:
    """A centre (y, x) for one shape among those that are placed; None when there is no room."""
    choice = rng.random()
    overlaps = choice < spec.nuclei.overlapping
    joins = len(centres) > 0 and choice < spec.nuclei.overlapping + spec.nuclei.touching
    margin = 0.5 * shape.mean()
    limits = np.array(spec.shape) + margin
    for _ in range(_N_ATTEMPTS):
        host = int(rng.integers(len(centres))) if joins else -1
        if joins:
            reach_um = spec.nuclei.overlap_um if overlaps else (0.0, 0.35)
            depth_um = rng.uniform(*reach_um)
            place = _beside(centres[host], shapes[host], shape, depth_um * spec.px_per_um, rng)
        else:
            place = rng.uniform(-margin, limits)
        inside = bool(np.all(place > -margin) and np.all(place < limits))
        gap = _gaps(place, shape, centres, shapes)
        gap[host : host + 1] = np.inf if joins else gap[host : host + 1]
        if inside and np.all(gap > (0.1 if joins else 0.4) * spec.px_per_um):
            return place
    return None


def _beside(
    centre: NDArray[np.float64],
    host: NDArray[np.float64],
    shape: NDArray[np.float64],
    depth_px: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """A centre from which `shape` reaches `depth_px` into `host`, in a random direction."""
    k = int(rng.integers(_N_ANGLES))
    distance = host[k] + shape[(k + _N_ANGLES // 2) % _N_ANGLES] - depth_px
    return np.asarray(centre + distance * np.array([np.sin(_ANGLES[k]), np.cos(_ANGLES[k])]))


def _gaps(
    place: NDArray[np.float64],
    shape: NDArray[np.float64],
    centres: NDArray[np.float64],
    shapes: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Free distance to each placed outline along the line of centres, (n,)."""
    away = centres - place
    angle = np.arctan2(away[:, 0], away[:, 1])
    k = np.rint(angle / (2 * np.pi) * _N_ANGLES).astype(np.int64) % _N_ANGLES
    theirs = shapes[np.arange(len(shapes)), (k + _N_ANGLES // 2) % _N_ANGLES]
    return np.asarray(np.hypot(away[:, 0], away[:, 1]) - shape[k] - theirs)
