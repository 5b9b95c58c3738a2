"""What counting gives: every signal with its fate, and copies for each nucleus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fishcount.read_only import ColumnTable, ReadOnlyArrays, stacked_columns
from fishcount.signals.flux import SingleFlux

__all__ = ["Clusters", "Copies", "SignalCounts", "Signals", "Status"]


class Status(StrEnum):
    """What became of a candidate.

    "kept" counts in its nucleus, by itself or as a member of a cluster; "merged" is part of another
    signal; "rejected" is no signal, and its reason says why; "outside" is a signal in no nucleus.
    """

    KEPT = "kept"
    MERGED = "merged"
    REJECTED = "rejected"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signals(ColumnTable):
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
    score, significance : ndarray of float64, (n,)
        As in `fishcount.spots.Spots`; NaN where they were not computed.
    merged_into : ndarray of int64, (n,)
        Number, from 1 in the order of the rows, of the signal that a merged one counts with; 0
        for the others.
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
    score: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    significance: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    merged_into: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        for name in ("score", "significance"):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(len(self), np.nan))
        if not len(self.merged_into):
            object.__setattr__(self, "merged_into", np.zeros(len(self), np.int64))
        ColumnTable.__post_init__(self)

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

    @classmethod
    def concatenate(cls, parts: list[Signals]) -> Signals:
        """The rows of several tables, one after the other; their numbers count on."""
        if not parts:
            return cls.empty()
        columns = stacked_columns(parts)
        before = np.cumsum([0, *(len(part) for part in parts[:-1])])
        start = np.repeat(before, [len(part) for part in parts])
        into = columns["merged_into"]
        return cls(**{**columns, "merged_into": np.where(into > 0, into + start, 0)})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters(ColumnTable):
    """Clusters of one or more probes: what was resolved in them and what was estimated.

    Attributes
    ----------
    channel : ndarray of str, (n,)
        Role of the probe.
    nucleus : ndarray of int64, (n,)
    y_px, x_px : ndarray of float64, (n,)
        Mean position of what it is made of.
    n_resolved : ndarray of int64, (n,)
        Signals that were resolved and kept.
    from_flux, from_area : ndarray of float64, (n,)
        Copies by integrated intensity and by area, not rounded.
    low, best, high : ndarray of int64, (n,)
        90 % range and best estimate.
    disagree : ndarray of bool, (n,)
        True where intensity and area differ beyond their ranges.
    """

    channel: NDArray[np.str_]
    nucleus: NDArray[np.int64]
    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    n_resolved: NDArray[np.int64]
    from_flux: NDArray[np.float64]
    from_area: NDArray[np.float64]
    low: NDArray[np.int64]
    best: NDArray[np.int64]
    high: NDArray[np.int64]
    disagree: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.nucleus)

    @classmethod
    def empty(cls) -> Clusters:
        """No clusters: every column is there and has no rows."""
        return cls(
            **{
                column.name: np.zeros(0, _DTYPES.get(column.name, np.int64))
                for column in fields(cls)
            }
        )

    @classmethod
    def concatenate(cls, parts: list[Clusters]) -> Clusters:
        """The rows of several tables, one after the other."""
        return cls(**stacked_columns(parts)) if parts else cls.empty()


_DTYPES: dict[str, object] = {
    "channel": "U16",
    "y_px": np.float64,
    "x_px": np.float64,
    "from_flux": np.float64,
    "from_area": np.float64,
    "disagree": np.bool_,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Copies(ReadOnlyArrays):
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
class SignalCounts(ReadOnlyArrays):
    """Signals of a field and the copies they add up to.

    Attributes
    ----------
    signals : Signals
    copies : mapping of str to Copies
        For each probe; row ``i`` is label ``i + 1``.
    single_flux : mapping of str to SingleFlux
        Integrated intensity of a single signal of each probe, with which clusters were estimated.
    clusters : Clusters
        What was estimated, cluster by cluster.
    min_snr : mapping of str to float
        The threshold that detection applied in each channel.
    min_score : mapping of str to float
        The score above which spots of each probe count; minus infinity where a budget of false
        signals left none out.
    expected_false : mapping of str to float
        How many of the counted signals of each probe are expected to be none; NaN where they have
        no scores.
    """

    signals: Signals
    copies: Mapping[str, Copies]
    single_flux: Mapping[str, SingleFlux]
    clusters: Clusters = field(default_factory=Clusters.empty)
    min_snr: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    min_score: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    expected_false: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def single_flux_counts(self) -> dict[str, float]:
        """Integrated intensity of a single signal of each probe; NaN where it is not known."""
        return {role: single.typical_counts for role, single in self.single_flux.items()}
