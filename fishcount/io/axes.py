"""The order of stored planes, for files that do not record it or record it wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import FishcountError, MetadataError
from fishcount.flags import Finding
from fishcount.image import Window
from fishcount.io.series import Series, Source

__all__ = ["OneSeries", "with_axes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSeries:
    """One chosen image of a source, with its planes in a given order.

    Attributes
    ----------
    source : Source
    index : int
        Which image of the source.
    chosen : Series
        Its description after re-ordering.
    stored : ndarray of int64, (channel, z, 2), or None
        Channel and plane in the source of each plane here; None where nothing changed.
    """

    source: Source
    index: int
    chosen: Series
    stored: NDArray[np.int64] | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self.source.path

    @property
    def files(self) -> tuple[Path, ...]:
        """All files of the source."""
        return self.source.files

    @property
    def faults(self) -> tuple[FishcountError, ...]:
        """Faults of the source."""
        return self.source.faults

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings of the source."""
        return self.source.findings

    def read(self, channels: Sequence[int], *, window: Window | None = None) -> NDArray[np.generic]:
        """Pixels (channel, z, y, x) of some channels, or of a window of them."""
        if self.stored is None:
            return self.source.read(self.index, channels=channels, window=window)
        wanted = self.stored[list(channels)]
        needed, position = np.unique(wanted[..., 0], return_inverse=True)
        pixels = self.source.read(self.index, channels=needed.tolist(), window=window)
        return pixels[position.reshape(wanted.shape[:2]), wanted[..., 1]]


def with_axes(one: OneSeries, axes: str | None, *, n_channels: int | None) -> OneSeries:
    """The image with its planes in the order of `axes`.

    Parameters
    ----------
    one
        An image as its file describes it.
    axes
        As stored, slowest first: "CYX", "ZCYX"; None leaves the file's.
    n_channels
        How many channels there are, as far as the caller knows; needed for both Z and C.

    Raises
    ------
    MetadataError
        When the axes are malformed, or do not fit the number of planes.
    """
    if axes is None:
        return one
    axes = axes.upper()
    outer = _outer(axes, one)
    if axes == one.chosen.axes.replace("S", "C"):
        return one
    new_c, new_z = _sizes(outer, one, axes=axes, n_channels=n_channels)
    planes = np.arange(new_c * new_z)
    order = (
        planes.reshape(new_c, new_z) if outer.startswith("C") else planes.reshape(new_z, new_c).T
    )
    same = new_c == one.chosen.sizes[0]
    chosen = replace(
        one.chosen,
        sizes=(new_c, new_z, *one.chosen.sizes[2:]),
        axes=axes,
        channel_names=one.chosen.channel_names if same else ("",) * new_c,
        optics=one.chosen.optics if same else (),
    )
    return replace(one, chosen=chosen, stored=_in_file(one.chosen)[order])


def _outer(axes: str, one: OneSeries) -> str:
    """The axes along which planes lie, the slowest first."""
    outer = axes.replace("Y", "").replace("X", "")
    if not axes.endswith("YX") or outer not in ("", "C", "Z", "CZ", "ZC"):
        raise MetadataError(
            "axes",
            file=str(one.path),
            field="--axes",
            found=repr(axes),
            expected="YX, CYX, ZYX, ZCYX or CZYX",
        )
    return outer


def _sizes(outer: str, one: OneSeries, *, axes: str, n_channels: int | None) -> tuple[int, int]:
    """How many channels and planes there are when the planes of a file lie along these axes."""
    if "S" in one.chosen.axes:
        raise MetadataError(
            "its channels lie beside each other in each page",
            file=str(one.path),
            field="--axes",
            found=axes,
            expected=one.chosen.axes,
        )
    old_c, old_z, *_ = one.chosen.sizes
    n_planes = old_c * old_z
    if outer in ("", "C"):
        new_c, new_z = n_planes, 1
    elif outer == "Z":
        new_c, new_z = 1, n_planes
    else:
        new_c = old_c if old_c > 1 and old_z > 1 else n_channels or 0
        new_z = n_planes // new_c if new_c else 0
    if new_c * new_z != n_planes or (outer == "" and n_planes > 1):
        raise MetadataError(
            "the axes do not fit the planes",
            file=str(one.path),
            field="--axes",
            found=f"{axes} for {n_planes} planes and {n_channels or 'unknown'} channels",
            remedy="name every channel with --channel",
        )
    return new_c, new_z


def _in_file(series: Series) -> NDArray[np.int64]:
    """Channel and plane in the file of each stored plane, (n, 2)."""
    n_channels, n_z, *_ = series.sizes
    planes = np.arange(n_channels * n_z)
    if series.axes.startswith("CZ"):
        return np.stack(np.divmod(planes, n_z), axis=-1)
    return np.stack(np.divmod(planes, n_channels)[::-1], axis=-1)
