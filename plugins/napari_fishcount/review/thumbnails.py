"""Small merged pictures of nuclei for the gallery."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.image import DAPI, ROLES, FishImage
from fishcount.review import Outline
from napari_fishcount.layers import DARK_SHARE, contrast_limits

__all__ = ["SIDE_PX", "Thumbnails", "thumbnail"]

SIDE_PX = 84
# Grey, magenta, green, as in the viewer.
_TINTS = {DAPI: (0.5, 0.5, 0.5), "HER2": (1.0, 0.2, 1.0), "CEP17": (0.1, 1.0, 0.2)}
_MARGIN_PX = 5


class Thumbnails:
    """Pictures of the nuclei of one field, with one display range for all of them."""

    def __init__(self, image: FishImage) -> None:
        self._planes = {}
        self._limits = {}
        for role in ROLES:
            if role in image.channels:
                raw = image.raw(role)
                self._limits[role] = contrast_limits(raw, dark_share=DARK_SHARE[role])
                self._planes[role] = raw

    @staticmethod
    def blank() -> NDArray[np.uint8]:
        """The picture of a nucleus whose image is not there."""
        return np.full((SIDE_PX, SIDE_PX, 3), 60, np.uint8)

    def __call__(self, outline: Outline) -> NDArray[np.uint8]:
        """Picture (y, x, 3) of a nucleus, square."""
        y0, x0, y1, x1 = outline.box
        side = max(y1 - y0, x1 - x0) + 2 * _MARGIN_PX
        top, left = (y0 + y1 - side) // 2, (x0 + x1 - side) // 2
        channels = {role: _crop(plane, top, left, side) for role, plane in self._planes.items()}
        return thumbnail(channels, self._limits)


def thumbnail(
    channels: dict[str, NDArray[np.generic]], limits: dict[str, tuple[float, float]]
) -> NDArray[np.uint8]:
    """Channels (y, x) or (z, y, x) as one coloured picture; the brightest plane counts."""
    dark: NDArray[np.float32] | None = None
    for role, pixels in channels.items():
        low, high = limits[role]
        flat = pixels.max(axis=0) if pixels.ndim > 2 else pixels
        grey = np.clip((flat.astype(np.float32) - low) / (high - low), 0, 1)
        left = 1 - grey[..., None] * np.array(_TINTS[role], np.float32)
        dark = left if dark is None else dark * left
    if dark is None:
        return np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    return np.ascontiguousarray(np.rint((1 - dark) * 255).astype(np.uint8))


def _crop(plane: NDArray[np.generic], top: int, left: int, side: int) -> NDArray[np.generic]:
    """A square of a field; black where it reaches beyond."""
    height, width = plane.shape[-2:]
    cut = np.zeros((*plane.shape[:-2], side, side), plane.dtype)
    y0, x0 = max(top, 0), max(left, 0)
    y1, x1 = min(top + side, height), min(left + side, width)
    if y0 < y1 and x0 < x1:
        cut[..., y0 - top : y1 - top, x0 - left : x1 - left] = plane[..., y0:y1, x0:x1]
    return cut
