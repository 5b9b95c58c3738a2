"""Collect the rows that an edit changes into a patch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from fishcount.errors import ReviewError
from fishcount.review.rows import Id, NucleusRow, Patch, SignalRow
from fishcount.review.state import ReviewState

__all__ = ["Draft"]


@dataclass(slots=True)
class Draft:
    """Rows on their way into a patch of `state`.

    Attributes
    ----------
    state : ReviewState
        As it was before the edit.
    nuclei, signals : dict
        Rows that the edit gives.
    """

    state: ReviewState
    nuclei: dict[Id, NucleusRow] = field(default_factory=dict)
    signals: dict[Id, SignalRow] = field(default_factory=dict)

    def edited(self, nucleus: Id) -> None:
        """Note that a reader worked on a nucleus; nothing for number 0."""
        if nucleus[1]:
            self.nuclei[nucleus] = replace(self.state.nucleus(nucleus), review="edited")

    def new_nucleus(self, name: str) -> Id:
        """A number that no nucleus of the field has or had."""
        found = self.state.automatic.highest_nucleus(name)
        return name, 1 + _highest(name, found, self.state.nuclei, self.nuclei)

    def new_signal(self, name: str) -> Id:
        """A number that no signal of the field has or had."""
        found = self.state.automatic.highest_signal(name)
        return name, 1 + _highest(name, found, self.state.signals, self.signals)

    def patch(self) -> Patch:
        """The patch.

        Raises
        ------
        ReviewError
            When nothing changes.
        """
        patch = Patch(
            nuclei={
                key: (self.state.nuclei.get(key), row)
                for key, row in self.nuclei.items()
                if self.state.nuclei.get(key) != row
            },
            signals={
                key: (self.state.signals.get(key), row)
                for key, row in self.signals.items()
                if self.state.signals.get(key) != row
            },
        )
        if not patch.nuclei and not patch.signals:
            raise ReviewError("this edit changes nothing")
        return patch


def _highest(name: str, found: int, *numbered: Iterable[Id]) -> int:
    return max([found, *(number for ids in numbered for of, number in ids if of == name)])
