"""Leica LIF through liffile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import FishcountError, MetadataError, TruncatedFileError
from fishcount.io.extras import require
from fishcount.io.series import Series
from fishcount.io.vendor.source import Scene

__all__ = ["LifBackend"]


class LifBackend:
    """Images of a LIF are its series."""

    def scenes(self, path: Path) -> tuple[Scene, ...]:
        """Describe all images without their pixels."""
        with _opened(path) as file:
            return tuple(_scene(image, path) for image in file.images)

    def read(self, path: Path, scene: int, channels: Sequence[int]) -> NDArray[np.generic]:
        """Pixels (channel, z, y, x)."""
        with _opened(path) as file:
            image = file.images[scene]
            axes = "".join(image.sizes)
            pixels = np.asarray(image.asarray())
        for axis in "CZ":
            if axis not in axes:
                pixels, axes = pixels[None], axis + axes
        order = [axes.index(axis) for axis in "CZYX"]
        return np.ascontiguousarray(pixels.transpose(order)[list(channels)])


def _opened(path: Path) -> Any:
    return require("liffile", extra="vendor", kind="LIF", file=path).LifFile(path)


def _scene(image: Any, path: Path) -> Scene:
    sizes = dict(image.sizes)
    faults: list[FishcountError] = []
    if not {"Y", "X"} <= set(sizes) <= set("CZYX"):
        faults.append(
            MetadataError(
                "axes",
                file=path,
                field=str(image.name),
                found=", ".join(f"{axis}: {n}" for axis, n in sizes.items()),
                expected="channels, planes, Y and X, in grey",
                remedy="export this image as OME-TIFF",
            )
        )
    block = image.memory_block
    if block.size < image.nbytes or block.offset + block.size > path.stat().st_size:
        faults.append(
            TruncatedFileError(
                "pixels are missing",
                file=path,
                field=str(image.name),
                found=f"{block.size} bytes at {block.offset} in {path.stat().st_size}",
                expected=f"{image.nbytes} bytes",
                remedy="was the copy interrupted?",
            )
        )
    steps = {axis: _step_um(image, axis) for axis in "XYZ"}
    n_channels = sizes.get("C", 1)
    source = "LIF DimensionDescription"
    return Scene(
        series=Series(
            name=str(image.name),
            sizes=(n_channels, sizes.get("Z", 1), sizes.get("Y", 1), sizes.get("X", 1)),
            axes="".join(axis for axis in sizes if axis in "CZYX"),
            dtype=np.dtype(image.dtype),
            channel_names=("",) * n_channels,
            pixel_size_um=steps["X"],
            pixel_height_um=steps["Y"],
            pixel_size_source=source if steps["X"] else "",
            z_step_um=steps["Z"],
            z_step_source=source if steps["Z"] else "",
        ),
        faults=tuple(faults),
    )


def _step_um(image: Any, axis: str) -> float | None:
    """Distance of neighbours; LIF stores metres from the first to the last."""
    coordinates = image.coords.get(axis)
    if coordinates is None or len(coordinates) < 2:
        return None
    return abs(float(coordinates[1] - coordinates[0])) * 1e6 or None
