"""Nikon ND2 through nd2, which fills missing frames with zeros: here they are faults."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import CorruptFileError, FishcountError, MetadataError
from fishcount.io.extras import require
from fishcount.io.optics import ChannelOptics
from fishcount.io.series import Series
from fishcount.io.vendor.source import Scene

__all__ = ["Nd2Backend"]


class Nd2Backend:
    """Positions of an ND2 are its series."""

    def scenes(self, path: Path) -> tuple[Scene, ...]:
        """Describe all positions without their pixels."""
        with _opened(path) as file:
            faults = tuple(_faults(file, path))
            return tuple(
                Scene(series=_series(file, position), faults=faults if position == 0 else ())
                for position in range(file.sizes.get("P", 1))
            )

    def read(self, path: Path, scene: int, channels: Sequence[int]) -> NDArray[np.generic]:
        """Pixels (channel, z, y, x)."""
        with _opened(path) as file:
            frames = {
                where.get("Z", 0): number
                for number, where in enumerate(file.loop_indices or ({},))
                if where.get("P", 0) == scene
            }
            planes = []
            for z in range(file.sizes.get("Z", 1)):
                frame = np.asarray(file.read_frame(frames[z]))
                frame = frame[None] if frame.ndim == 2 else frame
                planes.append(frame[list(channels)])
        return np.stack(planes, axis=1)


def _opened(path: Path) -> Any:
    return require("nd2", extra="vendor", kind="ND2", file=path).ND2File(path)


def _series(file: Any, position: int) -> Series:
    sizes = file.sizes
    channels = list(getattr(file.metadata, "channels", None) or ())
    n_channels = sizes.get("C", 1)
    names = tuple(str(channel.channel.name).strip() for channel in channels)
    volume = channels[0].volume if channels else None
    calibrated = tuple(volume.axesCalibrated) if volume else (False, False, False)
    step = tuple(volume.axesCalibration) if volume else (0.0, 0.0, 0.0)
    source = "ND2 axesCalibration"
    optics = tuple(_optics(channel) for channel in channels)
    return Series(
        name=f"position {position}",
        sizes=(n_channels, sizes.get("Z", 1), sizes["Y"], sizes["X"]),
        axes="ZCYX",
        dtype=np.dtype(file.dtype),
        channel_names=names if len(names) == n_channels else ("",) * n_channels,
        pixel_size_um=step[0] if calibrated[0] else None,
        pixel_height_um=step[1] if calibrated[1] else None,
        pixel_size_source=source if calibrated[0] else "",
        z_step_um=step[2] if calibrated[2] and sizes.get("Z", 1) > 1 else None,
        z_step_source=source if calibrated[2] and sizes.get("Z", 1) > 1 else "",
        optics=optics if len(optics) == n_channels else (),
        optics_source="ND2 channels",
    )


def _optics(channel: Any) -> ChannelOptics:
    aperture = getattr(getattr(channel, "microscope", None), "objectiveNumericalAperture", None)
    return ChannelOptics(aperture, getattr(channel.channel, "emissionLambdaNm", None))


def _faults(file: Any, path: Path) -> list[FishcountError]:
    faults: list[FishcountError] = []
    strangers = set(file.sizes) - set("PTZCYX")
    if file.sizes.get("T", 1) > 1 or strangers or file.is_rgb:
        faults.append(
            MetadataError(
                "axes",
                file=path,
                found=", ".join(f"{axis}: {n}" for axis, n in file.sizes.items()),
                expected="positions, planes and channels of one time point, in grey",
                remedy="export one time point as OME-TIFF",
            )
        )
    n_frames = int(np.prod([file.sizes.get(axis, 1) for axis in "PTZ"]))
    offsets = getattr(getattr(file, "_rdr", None), "_frame_offsets", None)
    if offsets is not None and any(number not in offsets for number in range(n_frames)):
        missing = [number for number in range(n_frames) if number not in offsets]
        faults.append(
            CorruptFileError(
                "frames are missing",
                file=path,
                found=f"{len(missing)} of {n_frames}, the first is {missing[0]}",
                expected="all; missing ones are not read as zeros",
                remedy="was the acquisition or the copy interrupted?",
            )
        )
    return faults
