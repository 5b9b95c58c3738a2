"""Background light, uneven illumination, and the camera that turns light into counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from fishcount.synthetic.spec import Camera, FieldSpec

__all__ = ["draw_haze", "draw_hot_pixels", "draw_illumination", "expose", "glow_of"]

# Slow light is computed on a grid this much coarser than the image.
_COARSE = 16
# Electrons are rounded to this step before noise is drawn: differences in the last bits between
# machines must not change an image.
_ELECTRON_STEP = 1 / 64


def draw_haze(spec: FieldSpec, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Even background with a slow variation, electrons, (y, x)."""
    background = spec.background
    level = background.haze_electrons * np.exp(rng.normal(0, background.haze_spread))
    coarse = _coarse_shape(spec.shape)
    blur = 12.0 * spec.px_per_um / _COARSE
    waves = gaussian_filter(rng.standard_normal(coarse), blur, mode="reflect")
    # The deviation that white noise keeps after this blur, so that small fields vary less.
    waves = (waves * 2 * np.sqrt(np.pi) * blur).clip(-2, 2)
    return _refine(level * np.exp(background.haze_spread * waves), spec.shape)


def draw_illumination(spec: FieldSpec, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Share of the full light at each pixel, brightest somewhere near the middle, (y, x)."""
    height, width = spec.shape
    middle = np.array([height, width]) * rng.uniform(0.35, 0.65, 2)
    y = (np.arange(height)[:, None] - middle[0]) / height
    x = (np.arange(width)[None, :] - middle[1]) / width
    fall = y**2 + x**2
    return np.asarray(1 - spec.background.vignetting * fall / max(float(fall.max()), 1e-12))


def glow_of(light: NDArray[np.float64], *, spec: FieldSpec) -> NDArray[np.float64]:
    """Light that scatters over micrometres around what shines, electrons, (y, x)."""
    height, width = light.shape
    rows, cols = np.arange(0, height, _COARSE), np.arange(0, width, _COARSE)
    sums = np.add.reduceat(np.add.reduceat(light, rows, axis=0), cols, axis=1)
    pixels = np.outer(np.minimum(_COARSE, height - rows), np.minimum(_COARSE, width - cols))
    spread = gaussian_filter(sums / pixels, 3.5 * spec.px_per_um / _COARSE, mode="nearest")
    return _refine(spec.background.glow * spread, (height, width))


def expose(
    electrons: NDArray[np.float64],
    *,
    camera: Camera,
    hot: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.uint16]:
    """Counts that the camera stores for a plane of light, (y, x).

    Parameters
    ----------
    electrons : (y, x)
        Expected electrons.
    hot : (y, x)
        Extra electrons of hot pixels.
    """
    expected = np.rint(np.maximum(electrons, 0) / _ELECTRON_STEP) * _ELECTRON_STEP
    seen = rng.poisson(expected) + hot
    seen += (
        np.rint(rng.normal(0, camera.read_noise, expected.shape) / _ELECTRON_STEP) * _ELECTRON_STEP
    )
    counts = np.rint(camera.offset_counts + camera.gain * seen)
    return counts.clip(0, camera.full_scale_counts).astype(np.uint16)


def draw_hot_pixels(spec: FieldSpec, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Extra electrons of hot pixels, mostly 0, (y, x)."""
    hot = np.zeros(spec.shape)
    n = int(rng.poisson(spec.camera.hot_pixels * hot.size))
    where = rng.integers(0, hot.size, n)
    hot.ravel()[where] = np.rint(150 * np.exp(rng.normal(0.5, 0.8, n)))
    return hot


def _coarse_shape(shape: tuple[int, int]) -> tuple[int, int]:
    return -(-shape[0] // _COARSE) + 1, -(-shape[1] // _COARSE) + 1


def _refine(coarse: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """A coarse image brought to `shape` by linear interpolation."""
    fine = zoom(coarse, _COARSE, order=1, grid_mode=True, mode="nearest")
    return np.asarray(fine[: shape[0], : shape[1]])
