"""Nuclei as light: outlines filled with textured DAPI and with background of the probes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fishcount.synthetic.optics import blur_um
from fishcount.synthetic.outlines import Outlines, radius_at
from fishcount.synthetic.spec import FieldSpec

__all__ = ["Bodies", "draw_bodies", "label_outlines"]

# Textures are cut from a tile of this edge, at random places, wrapped around.
_TILE = 512
_NUCLEOLUS_UM = (0.45, 0.85)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bodies:
    """Light of the nuclei in focus, before the optics.

    Attributes
    ----------
    corner_px : ndarray of int64, (n, 2)
        Row and column of the first pixel of each patch; may lie outside the field.
    patches : tuple of ndarray of float64, (3, h, w)
        Electrons of DAPI, HER2 and CEP17, one array for each nucleus.
    masks : tuple of ndarray of bool, (h, w)
    z_um : ndarray of float64, (n,)
    """

    corner_px: NDArray[np.int64]
    patches: tuple[NDArray[np.float64], ...]
    masks: tuple[NDArray[np.bool_], ...]
    z_um: NDArray[np.float64]

    def add_to(
        self, image: NDArray[np.float64], *, channel: int, z_um: float, spec: FieldSpec
    ) -> None:
        """Add the nuclei to a plane (y, x) in place, each blurred by its distance from it."""
        for corner, patch, own_z in zip(self.corner_px, self.patches, self.z_um, strict=True):
            light = patch[channel]
            blur = blur_um(own_z - z_um, spec=spec)
            if channel == 0:
                blur = math.hypot(blur, spec.nuclei.blur_um)
            blur *= spec.px_per_um
            if blur > 0.3:
                pad = int(np.ceil(3 * blur))
                light = gaussian_filter(np.pad(light, pad), blur, mode="constant", truncate=3)
                corner = corner - pad
            here, there = _overlap(corner, light.shape, image.shape)
            image[here] += light[there]


def draw_bodies(spec: FieldSpec, outlines: Outlines, *, rng: np.random.Generator) -> Bodies:
    """Fill the outlines with light."""
    n = len(outlines)
    look, background = spec.nuclei, spec.background
    tiles = (
        _texture(spec, (0.22, 0.6), rng),
        _texture(spec, background.nucleus_texture_um, rng),
        _texture(spec, background.nucleus_texture_um, rng),
    )
    contrast = (look.texture, background.nucleus_texture, background.nucleus_texture)
    levels = np.stack(
        [
            look.dapi_electrons * np.exp(rng.normal(0, look.dapi_spread, n)),
            background.nucleus_electrons * np.exp(rng.normal(0, background.nucleus_spread, n)),
            background.nucleus_electrons * np.exp(rng.normal(0, background.nucleus_spread, n)),
        ]
    )
    corners, patches, masks = np.zeros((n, 2), np.int64), [], []
    for row in range(n):
        corners[row], depth, mask = _fill(outlines, row)
        depth = np.where(mask, depth**look.thinning, 0.0)
        light = [
            level * depth * (1 + strength * _cut(tile, mask.shape, rng))
            for level, strength, tile in zip(levels[:, row], contrast, tiles, strict=True)
        ]
        light[0] *= _nucleoli(spec, mask.shape, rng)
        patches.append(np.maximum(np.stack(light), 0.0))
        masks.append(mask)
    if look.pressed > 0:
        pressed = rng.random(n) < look.pressed
        patches = _flattened(corners, patches, masks, pressed, spec.shape)
    return Bodies(corner_px=corners, patches=tuple(patches), masks=tuple(masks), z_um=outlines.z_um)


def _flattened(
    corners: NDArray[np.int64],
    patches: list[NDArray[np.float64]],
    masks: list[NDArray[np.bool_]],
    pressed: NDArray[np.bool_],
    shape: tuple[int, int],
) -> list[NDArray[np.float64]]:
    """The same, dark where a later nucleus lies on top and presses them flat."""
    last = np.full(shape, -1)
    for row in np.flatnonzero(pressed).tolist():
        here, there = _overlap(corners[row], masks[row].shape, shape)
        last[here][masks[row][there]] = row
    lit = []
    for row, patch in enumerate(patches):
        here, there = _overlap(corners[row], masks[row].shape, shape)
        own = np.ones(masks[row].shape, bool)
        own[there] = last[here] <= row
        lit.append(patch * own)
    return lit


def label_outlines(
    bodies: Bodies, shape: tuple[int, int]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]]:
    """Label image, pixels of each nucleus in the field covered or not, and who is cut.

    The nucleus of row ``i`` is label ``i + 1``; later nuclei lie on top of earlier ones.
    """
    labels = np.zeros(shape, np.int32)
    n = len(bodies.masks)
    inside, border = np.zeros(n, np.int64), np.zeros(n, bool)
    for row, (corner, mask) in enumerate(zip(bodies.corner_px, bodies.masks, strict=True)):
        here, there = _overlap(corner, mask.shape, shape)
        seen = mask[there]
        labels[here][seen] = row + 1
        inside[row] = seen.sum()
        ys, xs = np.nonzero(mask)
        ys, xs = ys + corner[0], xs + corner[1]
        border[row] = bool(
            np.any(ys <= 0) | np.any(xs <= 0)
            | np.any(ys >= shape[0] - 1) | np.any(xs >= shape[1] - 1)
        )  # fmt: skip
    return labels, inside, border


def _fill(
    outlines: Outlines, row: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Corner, optical depth from 0 to 1, and mask of one outline."""
    table = outlines.radius_px[row]
    reach = int(np.ceil(table.max())) + 2
    centre = np.array([outlines.y_px[row], outlines.x_px[row]])
    corner = np.rint(centre).astype(np.int64) - reach
    y, x = (np.arange(2 * reach + 1) + corner[axis] - centre[axis] for axis in (0, 1))
    rim = radius_at(table, np.arctan2(y[:, None], x[None, :]))
    distance = np.hypot(y[:, None], x[None, :])
    share = np.minimum(distance / rim, 1.0)
    # A flattened body: nearly even in the middle, falling steeply at the rim.
    depth = np.sqrt(1 - share**4) * (0.25 + 0.75 * np.sqrt(1 - share**2)) ** 0.35
    return corner, np.asarray(depth), np.asarray(distance < rim)


def _texture(
    spec: FieldSpec, scales_um: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Noise with structure at a fine and a coarse scale, mean 0 and deviation 1, (_TILE, _TILE)."""
    noise = np.zeros((_TILE, _TILE))
    for scale in scales_um:
        layer = gaussian_filter(
            rng.standard_normal((_TILE, _TILE)), scale * spec.px_per_um, mode="wrap"
        )
        noise += layer / layer.std()
    return np.asarray(noise / noise.std())


def _cut(
    tile: NDArray[np.float64], shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.float64]:
    top, left = rng.integers(0, _TILE, 2)
    rows, cols = (np.arange(shape[0]) + top) % _TILE, (np.arange(shape[1]) + left) % _TILE
    return tile[np.ix_(rows, cols)]


def _nucleoli(
    spec: FieldSpec, shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Factor of DAPI light, below 1 in the nucleoli, (h, w)."""
    n = int(rng.poisson(spec.nuclei.nucleoli))
    size = rng.uniform(*_NUCLEOLUS_UM, n) * spec.px_per_um
    half = 0.5 * np.array(shape)
    y, x = half[:, None] + rng.uniform(-0.45, 0.45, (2, n)) * half[:, None]
    depth = rng.uniform(0.3, 0.6, n)
    rows, cols = np.arange(shape[0])[:, None, None], np.arange(shape[1])[None, :, None]
    holes = depth * np.exp(-0.5 * (((rows - y) ** 2 + (cols - x) ** 2) / (0.6 * size) ** 2))
    return np.asarray(np.prod(1 - holes, axis=2))


def _overlap(
    corner: NDArray[np.int64], patch: tuple[int, ...], image: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Slices of the image and of the patch that lie over each other."""
    here, there = [], []
    for axis in (0, 1):
        first = int(corner[axis])
        low, high = max(first, 0), max(min(first + patch[axis], image[axis]), 0)
        low = min(low, high)
        here.append(slice(low, high))
        there.append(slice(low - first, high - first))
    return (here[0], here[1]), (there[0], there[1])
