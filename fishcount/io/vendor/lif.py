"""Leica LIF through liffile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import FishcountError, MetadataError, TruncatedFileError
from fishcount.io.extras import require
from fishcount.io.optics import ChannelOptics, told_number
from fishcount.io.series import Series
from fishcount.io.vendor.source import Scene

__all__ = ["LifBackend", "read_optics"]


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
    """An image as it describes itself."""
    sizes = dict(image.sizes)
    steps = {axis: _step_um(image, axis) for axis in "XYZ"}
    n_channels = sizes.get("C", 1)
    optics = read_optics(image.xml_element, n_channels)
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
            optics=optics,
            optics_source="LIF HardwareSetting" if optics else "",
        ),
        faults=tuple(_faults(image, path)),
    )


def _faults(image: Any, path: Path) -> list[FishcountError]:
    """What keeps an image from being read: its axes, and pixels that are not all there."""
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
    return faults


def _step_um(image: Any, axis: str) -> float | None:
    """Distance of neighbours; LIF stores metres from the first to the last."""
    coordinates = image.coords.get(axis)
    if coordinates is None or len(coordinates) < 2:
        return None
    return abs(float(coordinates[1] - coordinates[0])) * 1e6 or None


def read_optics(element: Any, n_channels: int) -> tuple[ChannelOptics, ...]:
    """Objective and dyes of an image, from the settings that the microscope stored with it.

    Parameters
    ----------
    element
        The XML element of the image.
    n_channels
        How many channels it has.

    Returns
    -------
    tuple of ChannelOptics
        Of each channel; empty where nothing is said. A confocal file names no emission of a dye,
        but bands of detectors, so of it the aperture alone is taken.
    """
    hardware = element.find("./Data/Image/Attachment[@Name='HardwareSetting']")
    if hardware is None:
        return ()
    camera = hardware.find("./ATLCameraSettingDefinition")
    confocal = hardware.find("./ATLConfocalSettingDefinition")
    main = confocal if camera is None else camera
    aperture = None if main is None else told_number(main.get("NumericalAperture"))
    infos = _camera_channels(hardware)
    emissions = [told_number(info.get("EmissionWavelength")) for info in infos]
    # Channels are matched by order alone, so both lists must have the same length.
    if len(emissions) != n_channels:
        emissions = [None] * n_channels
    optics = tuple(ChannelOptics(aperture, emission) for emission in emissions)
    return optics if any(one != ChannelOptics() for one in optics) else ()


def _camera_channels(hardware: Any) -> list[Any]:
    """What is stored of each channel: one in each step of a sequence, or all in one setting."""
    own = "ATLCameraSettingDefinition/WideFieldChannelConfigurator"
    sequence = "./LDM_Block_Widefield_Sequential/LDM_Block_Sequential_List/"
    steps = [step.find("./WideFieldChannelInfo") for step in hardware.findall(sequence + own)]
    one_each = [info for info in steps if info is not None]
    return one_each or list(hardware.findall(f"./{own}/WideFieldChannelInfo"))
