"""A reader's desk: where they are in a case, which signal they have picked, what an edit does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Self

from fishcount.errors import ReviewError
from fishcount.io import CaseFolder
from fishcount.review.actions import AcceptNucleus, Edit, MergeSignals, SplitSignal
from fishcount.review.log import Event
from fishcount.review.places import nearest_alike, side_by_side, signals_of
from fishcount.review.result import Reviewed, score_review
from fishcount.review.rows import Id
from fishcount.review.session import Review
from fishcount.review.state import ReviewState
from fishcount.review.worktable import Order, Worktable

__all__ = ["Change", "Desk"]

# What has changed: an edit was made; another nucleus, another signal, other rows are shown.
Change = Literal["edited", "moved", "picked", "listed"]


@dataclass(frozen=True, slots=True)
class _View:
    """How the worklist is shown."""

    show: str = "all"
    text: str = ""
    by: str = ""
    descending: bool = False


@dataclass(slots=True, eq=False)
class Desk:
    """One reader at work on one case, without a window.

    Attributes
    ----------
    review : Review
        The durable log behind it.
    order : Order
    table : Worktable
        Every nucleus that stands.
    scored : Reviewed
        Score and categories as they stand.
    nucleus : (field, number) or None
        Where the reader is; None where the case has no nucleus, or none is looked at.
    signal : (field, number) or None
        The signal that the next action on signals means.
    listeners : list of callables
        Called with a `Change` after each.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.review import Desk
    >>> folder = example_case()
    >>> desk = Desk.open(folder, reader="A")
    >>> desk.accept_and_go_on()
    >>> desk.scored.n_reviewed, desk.nucleus == desk.shown[1]
    (1, True)
    >>> desk.close()
    """

    review: Review
    order: Order
    table: Worktable
    scored: Reviewed
    nucleus: Id | None = None
    signal: Id | None = None
    listeners: list[Callable[[Change], object]] = field(default_factory=list)
    _left: Id | None = None
    _view: _View = field(default_factory=_View)
    _shown: tuple[Id, ...] = ()

    @classmethod
    def open(cls, folder: str | CaseFolder, *, reader: str) -> Self:
        """Begin or go on with a review; see `Review.open` for what it raises.

        The reader starts at the first nucleus of the list that nobody has reviewed.
        """
        review = Review.open(folder, reader=reader)
        try:
            order = Order.by_doubt(review.state)
            table = Worktable.of(review.state, order)
            desk = cls(review, order, table, score_review(review.state))
        except BaseException:
            review.close()
            raise
        desk._list()
        desk.nucleus = desk.shown[0] if desk.shown else None
        if desk.nucleus and desk._status(desk.nucleus) != "unreviewed":
            desk.next_unreviewed()
        return desk

    @property
    def state(self) -> ReviewState:
        """The case as it stands."""
        return self.review.state

    @property
    def shown(self) -> tuple[Id, ...]:
        """The nuclei of the list, filtered and sorted."""
        return self._shown

    def close(self) -> None:
        """Let others open the case; every edit is on the disk already."""
        self.review.close()

    # --- where the reader is ----------------------------------------------------------------

    def arrange(
        self, *, show: str = "all", text: str = "", by: str = "", descending: bool = False
    ) -> None:
        """Filter and sort the list; see `Worktable.rows`."""
        self._view = _View(show, text, by, descending)
        self._list()
        self._tell("listed")

    def go_to(self, nucleus: Id) -> None:
        """Go to a nucleus; ReviewError where there is none."""
        self.state.nucleus(nucleus)
        self.nucleus = nucleus
        self.signal = None
        self._tell("moved")

    def leave(self) -> None:
        """Look at the field as a whole, at no nucleus; a step leads back to the last one."""
        self._left = self.nucleus or self._left
        self.nucleus = self.signal = None
        self._tell("moved")

    def step(self, by: int) -> None:
        """Go `by` nuclei down the list, or up where it is negative; stop at its ends."""
        if not self.shown:
            return
        if self.nucleus is None and self._left in self.shown:
            self.go_to(self._left)
            return
        place = self._place()
        if place is None:
            self.go_to(self.shown[0])
            return
        target = self.shown[min(max(place + by, 0), len(self.shown) - 1)]
        if target != self.nucleus:
            self.go_to(target)

    def next_unreviewed(self) -> None:
        """Go to the next nucleus of the list that nobody has reviewed; from its end to the top."""
        start = self._place()
        start = -1 if start is None else start
        for key in (*self.shown[start + 1 :], *self.shown[: start + 1]):
            if self._status(key) == "unreviewed":
                self.go_to(key)
                return

    # --- signals ----------------------------------------------------------------------------

    def pick(self, signal: Id | None) -> None:
        """Pick this signal."""
        if signal != self.signal:
            self.signal = signal
            self._tell("picked")

    def step_signal(self, by: int) -> None:
        """Pick the next signal of the nucleus, or the one before; the first follows the last."""
        own = signals_of(self.state, self.nucleus) if self.nucleus else ()
        if not own:
            return
        if self.signal in own:
            self.pick(own[(own.index(self.signal) + by) % len(own)])
        else:
            self.pick(own[0 if by > 0 else -1])

    def picked(self) -> Id:
        """The picked signal; ReviewError where none is."""
        if self.signal is None:
            raise ReviewError("no signal is picked", remedy="point at one, or step to one")
        return self.signal

    def here(self) -> Id:
        """The present nucleus; ReviewError where there is none."""
        if self.nucleus is None:
            raise ReviewError("no nucleus is chosen")
        return self.nucleus

    # --- edits ------------------------------------------------------------------------------

    def do(self, action: Edit, *, reason: str = "") -> Event:
        """Make an edit, count anew, and stay where the nuclei it left behind are."""
        event = self.review.do(action, reason=reason)
        self._after(event.object, target=self.nucleus)
        return event

    def accept_and_go_on(self) -> None:
        """Accept the present nucleus, where it is not yet, and go to the next of the list."""
        self.do_and_go_on(AcceptNucleus(field=self.here()[0], nucleus=self.here()[1]))

    def do_and_go_on(self, action: Edit) -> None:
        """Make an edit and go to the next nucleus of the list as it was before."""
        following = self._following()
        if isinstance(action, AcceptNucleus) and self._status(self.here()) == "accepted":
            if following is not None:
                self.go_to(following)
            return
        event = self.review.do(action)
        self._after(event.object, target=following or self.nucleus)

    def merge_with_nearest(self) -> None:
        """Count the picked signal and the nearest one of its colour in its nucleus as one."""
        name, number = self.picked()
        nearest = nearest_alike(self.state, (name, number))
        if nearest is None:
            raise ReviewError("no other signal of its colour is in the nucleus", field=name)
        self.do(MergeSignals(field=name, signals=(number, nearest[1])))

    def split_in_two(self) -> None:
        """Count the picked signal as two, side by side."""
        name, number = self.picked()
        sides = side_by_side(self.state, (name, number))
        self.do(SplitSignal(field=name, signal=number, into_yx_px=sides))

    def undo(self) -> Event:
        """Take the last edit back, go to where it was made, and return what was taken back."""
        last = self.review.last_done
        taken = self.review.undo()
        self._after(taken.object)
        return last or taken

    def redo(self) -> Event:
        """Let what was taken back stand again, go to where it is, and return what stands again."""
        last = self.review.last_undone
        made = self.review.redo()
        self._after(made.object)
        return last or made

    # --- within -----------------------------------------------------------------------------

    def _after(self, changed: dict[str, list[str]], *, target: Id | None = None) -> None:
        """Count anew and go to `target`; to what the edit left, where that is gone or not said.

        Listeners hear of the move first: then nothing is drawn at a place that is left.
        """
        self.table = Worktable.of(self.state, self.order)
        self.scored = score_review(self.state)
        before, following = self.nucleus, self._following()
        self._list()
        standing = set(self.table.ids)
        touched = [key for key in map(_id_of, changed["nuclei"]) if key in standing]
        first = self.table.ids[0] if self.table.ids else None
        wishes = (target, *reversed(touched))
        # A reader who looks at no nucleus is only sent to one that the edit touched.
        wishes += () if before is None else (before, following, first)
        self.nucleus = next((key for key in wishes if key in standing), None)
        if self.nucleus != before:
            self.signal = None
        self._repick(changed["signals"] if self.nucleus == before else [])
        if self.nucleus != before:
            self._tell("moved")
        self._tell("edited")

    def _repick(self, changed: list[str]) -> None:
        """Keep a picked signal that still counts; take one that the edit has made."""
        kept = [key for key in map(_id_of, changed) if self._counts(key)]
        if self.signal is not None and not self._counts(self.signal):
            self.signal = None
        if self.signal is None and kept:
            self.signal = kept[-1]

    def _counts(self, signal: Id) -> bool:
        row = self.state.signals.get(signal)
        if row is None and signal not in self.state.automatic.signal_at:
            return False
        return self.state.signal(signal).verdict == "kept"

    def _list(self) -> None:
        view = self._view
        rows = self.table.rows(
            show=view.show, text=view.text, by=view.by, descending=view.descending
        )
        self._shown = tuple(self.table.ids[row] for row in rows.tolist())

    def _place(self) -> int | None:
        here = self.nucleus or self._left
        return self.shown.index(here) if here in self.shown else None

    def _following(self) -> Id | None:
        place = self._place()
        if place is None:
            return self.shown[0] if self.shown else None
        return self.shown[place + 1] if place + 1 < len(self.shown) else None

    def _status(self, nucleus: Id) -> str:
        row = self.state.nuclei.get(nucleus)
        return "unreviewed" if row is None else row.review

    def _tell(self, change: Change) -> None:
        for listener in tuple(self.listeners):
            listener(change)


def _id_of(text: str) -> Id:
    field_name, number = text.rsplit("/", 1)
    return field_name, int(number)
