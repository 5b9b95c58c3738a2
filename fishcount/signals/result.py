"""What counting gives: every signal with its fate, and copies for each nucleus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Copies", "SignalCounts", "Signals", "Status"]


class Status(StrEnum):
    """What became of a candidate."""

    KEPT = "kept"
    MERGED = "merged"
    REJECTED = "rejected"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signals:
    """All candidates of all probes of one field, with what became of each.

    Attributes
    ----------
    channel : ndarray of str, (n,)
        Role of the probe.
    nucleus : ndarray of int64, (n,)
        Label of the nucleus it lies in; 0 for none.
    z_px, y_px, x_px, snr, amplitude_counts, background_counts : ndarray of float64, (n,)
        As in `fishcount.spots.Spots`.
    copies : ndarray of float64, (n,)
        What it adds to the count of its nucleus: 1 for a single signal, 0 for one that was
        merged, rejected or lies outside, more where a cluster holds copies that were estimated.
    status : ndarray of str, (n,)
        A value of `Status`.
    reason : ndarray of str, (n,)
        Code of the flag behind "merged", "rejected" and "outside"; empty where kept.
    """

    channel: NDArray[np.str_]
    nucleus: NDArray[np.int64]
    z_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    snr: NDArray[np.float64]
    amplitude_counts: NDArray[np.float64]
    background_counts: NDArray[np.float64]
    copies: NDArray[np.float64]
    status: NDArray[np.str_]
    reason: NDArray[np.str_]

    def __post_init__(self) -> None:
        for column in fields(self):
            getattr(self, column.name).flags.writeable = False

    def __len__(self) -> int:
        return len(self.y_px)

    @classmethod
    def empty(cls) -> Signals:
        """No signals: every column is there and has no rows."""
        none = np.zeros(0)
        text = none.astype("U16")
        return cls(
            channel=text.copy(),
            nucleus=none.astype(np.int64),
            z_px=none.copy(),
            y_px=none.copy(),
            x_px=none.copy(),
            snr=none.copy(),
            amplitude_counts=none.copy(),
            background_counts=none.copy(),
            copies=none.copy(),
            status=text.copy(),
            reason=text.copy(),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Copies:
    """Copies of one probe in each nucleus, as integers; low <= best <= high.

    Attributes
    ----------
    best, low, high : ndarray of int64, (n,)
        The three are equal where nothing was estimated.
    estimated : ndarray of bool, (n,)
        True where a cluster was estimated from its intensity.
    disagree : ndarray of bool, (n,)
        True where the estimates from intensity and from area differ beyond their ranges.
    """

    best: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    estimated: NDArray[np.bool_]
    disagree: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalCounts:
    """Signals of a field and the copies they add up to.

    Attributes
    ----------
    signals : Signals
    copies : mapping of str to Copies
        For each probe; row ``i`` is label ``i + 1``.
    single_flux_counts : mapping of str to float
        Integrated intensity of a single signal in this field; NaN where it is not known.
    """

    signals: Signals
    copies: Mapping[str, Copies]
    single_flux_counts: Mapping[str, float]
