"""Rows that readers changed, of nuclei and of signals, and patches of such rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fishcount.review.outline import Outline

__all__ = ["Id", "NucleusRow", "Patch", "ReviewStatus", "SignalRow"]

# Name of the field, number within it.
Id = tuple[str, int]
ReviewStatus = Literal["unreviewed", "accepted", "rejected", "edited"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NucleusRow:
    """A nucleus as far as a reader has a say; the defaults are the automatic result.

    Attributes
    ----------
    review : str
        "unreviewed", "accepted", "rejected" or "edited".
    reject_reason : str or None
        A reader's decision: the code for which it is not scored, empty where it is scored.
        None leaves it to the rule of the settings.
    outline : Outline or None
        None for the automatic one.
    flags : int or None
        Bit mask of what the outline raises; None for that of the automatic one.
    plane : int or None
    parents : tuple of int
        Nuclei that it was merged from or split off.
    removed : bool
        Deleted, merged into another or split.
    note : str
        What a reader wrote of it; it decides nothing.
    """

    review: ReviewStatus = "unreviewed"
    reject_reason: str | None = None
    outline: Outline | None = None
    flags: int | None = None
    plane: int | None = None
    parents: tuple[int, ...] = ()
    removed: bool = False
    note: str = ""

    def record(self) -> dict[str, Any]:
        """For the log, in plain data."""
        return {
            "review": self.review,
            "reject_reason": self.reject_reason,
            "area_px": None if self.outline is None else self.outline.area_px,
            "parents": list(self.parents),
            "removed": self.removed,
            **({"note": self.note} if self.note else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRow:
    """A signal as it stands.

    Attributes
    ----------
    channel : str
    nucleus : int
        0 for none.
    z_px, y_px, x_px : float
    copies : int
        What it stands for where it is counted.
    verdict : str
        "kept", "merged" or "rejected", whether it lies in a nucleus or not.
    reason : str
        Code of the flag behind "merged" and "rejected".
    estimate : (below, above) or None
        How many copies fewer or more, where `copies` are an estimate.
    merged_into : int
        Number of the signal that it counts with, where it was merged; 0 elsewhere.
    """

    channel: str
    nucleus: int
    z_px: float
    y_px: float
    x_px: float
    copies: int = 1
    verdict: str = "kept"
    reason: str = ""
    estimate: tuple[int, int] | None = None
    merged_into: int = 0

    @property
    def status(self) -> str:
        """As in the tables: "kept" within a nucleus, "outside" without one."""
        return "outside" if self.verdict == "kept" and not self.nucleus else self.verdict

    @property
    def counted(self) -> int:
        """What it adds to its nucleus."""
        return self.copies if self.status == "kept" else 0

    @property
    def why(self) -> str:
        """The reason as in the tables."""
        return "NOT_IN_NUCLEUS" if self.status == "outside" else self.reason

    def record(self) -> dict[str, Any]:
        """For the log, in plain data: what it was merged into follows from the edit itself."""
        return {
            "channel": self.channel,
            "nucleus": self.nucleus,
            "copies": self.counted,
            "status": self.status,
            "reason": self.why,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Rows before and after an edit; None stands for a row that no reader had touched.

    Examples
    --------
    >>> from fishcount.review.rows import NucleusRow, Patch
    >>> patch = Patch(nuclei={("a", 1): (None, NucleusRow(review="accepted"))})
    >>> patch.reversed().nuclei["a", 1][1] is None
    True
    """

    nuclei: Mapping[Id, tuple[NucleusRow | None, NucleusRow | None]] = field(default_factory=dict)
    signals: Mapping[Id, tuple[SignalRow | None, SignalRow | None]] = field(default_factory=dict)

    def reversed(self) -> Patch:
        """The patch that takes this one back."""
        return Patch(
            nuclei={key: (after, before) for key, (before, after) in self.nuclei.items()},
            signals={key: (after, before) for key, (before, after) in self.signals.items()},
        )
