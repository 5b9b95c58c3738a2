"""The nuclei of a review as a person works through them: in one order, filtered, with words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import FLAGS
from fishcount.review.rows import Id
from fishcount.review.state import ReviewState
from fishcount.review.tables import reviewed_nuclei, reviewed_signals
from fishcount.review.worklist import DOUBTS, touching_nuclei, worklist
from fishcount.tables import copy_ratios

__all__ = ["SHOW", "Order", "Worktable"]

SHOW = ("all", "unreviewed", "scored", "accepted", "rejected", "edited")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Order:
    """Who comes first, as it was when the review was opened.

    It does not move while a reader works: a nucleus that becomes less doubtful by an edit keeps
    its place, and what is merged, split or drawn comes where its parents were, or last.

    Attributes
    ----------
    rank : mapping of (field, number) to float
        Small first.
    doubt : mapping of (field, number) to float
        Sum of the weights of the reasons.
    why : mapping of (field, number) to str
        The reasons, in the words of `DOUBTS`.
    """

    rank: Mapping[Id, float]
    doubt: Mapping[Id, float]
    why: Mapping[Id, str]

    @classmethod
    def by_doubt(cls, state: ReviewState) -> Order:
        """The most doubtful first; see `fishcount.review.worklist`."""
        table = worklist(
            reviewed_nuclei(state),
            reviewed_signals(state),
            touching={name: touching_nuclei(state.labels(name)) for name in state.automatic.fields},
            settings=state.automatic.settings,
        )
        ids = list(zip(table["field"].tolist(), table["nucleus"].tolist(), strict=True))
        words = {doubt.code: doubt.name for doubt in DOUBTS}
        why = [", ".join(words[code] for code in text.split(";") if code) for text in table["why"]]
        return cls(
            rank={key: float(place) for place, key in enumerate(ids)},
            doubt=dict(zip(ids, table["doubt"].tolist(), strict=True)),
            why=dict(zip(ids, why, strict=True)),
        )

    def ranked(self, state: ReviewState, nucleus: Id) -> float:
        """Rank of a nucleus, of its first parent where it was made by a reader."""
        if nucleus in self.rank:
            return self.rank[nucleus]
        row = state.nuclei.get(nucleus)
        parents = () if row is None else row.parents
        return min((self.ranked(state, (nucleus[0], parent)) for parent in parents), default=np.inf)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worktable:
    """The nuclei that stand, as columns for the eye, in the order of the work.

    Attributes
    ----------
    ids : tuple of (field, number)
    review : ndarray of str, (n,)
        "unreviewed", "accepted", "rejected" or "edited".
    scored : ndarray of bool, (n,)
    her2, cep17 : ndarray of int64, (n,)
        Copies; -1 where the case has no CEP17.
    estimated : dict of str to ndarray of bool, (n,)
        For each probe, whether copies in clusters were estimated and no reader has set them.
    ratio : ndarray of float64, (n,)
        NaN where there is none.
    doubt : ndarray of float64, (n,)
    why : tuple of str
        Reasons to look at it, then why it is not scored, in words.
    notes : tuple of str
        What readers wrote of it.
    """

    ids: tuple[Id, ...]
    review: NDArray[np.str_]
    scored: NDArray[np.bool_]
    her2: NDArray[np.int64]
    cep17: NDArray[np.int64]
    estimated: Mapping[str, NDArray[np.bool_]]
    ratio: NDArray[np.float64]
    doubt: NDArray[np.float64]
    why: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, state: ReviewState, order: Order) -> Worktable:
        """The table of a state.

        Examples
        --------
        See `fishcount.review.Desk`.
        """
        counts, fields = state.counts, state.automatic.fields
        ids = [
            (fields[field], number)
            for field, number in zip(counts.field.tolist(), counts.number.tolist(), strict=True)
        ]
        known = order.rank
        ranks = [known[key] if key in known else order.ranked(state, key) for key in ids]
        at = np.argsort(np.array(ranks, np.float64), kind="stable")
        ids = [ids[place] for place in at.tolist()]
        her2 = counts.copies["HER2"].best[at]
        dual = "CEP17" in counts.copies
        cep17 = counts.copies["CEP17"].best[at] if dual else np.full(len(ids), -1, np.int64)
        edited = [state.nuclei.get(key) for key in ids]
        reasons = zip(ids, counts.reject_reason[at].tolist(), strict=True)
        return cls(
            ids=tuple(ids),
            review=counts.review[at],
            scored=counts.scored[at],
            her2=her2,
            cep17=cep17,
            estimated={probe: copies.estimated[at] for probe, copies in counts.copies.items()},
            ratio=copy_ratios(her2, cep17),
            doubt=np.array([order.doubt.get(key, 0.0) for key in ids], np.float64),
            why=tuple(_words(order.why.get(key, ""), reason) for key, reason in reasons),
            notes=tuple("" if row is None else row.note for row in edited),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def rows(
        self, *, show: str = "all", text: str = "", by: str = "", descending: bool = False
    ) -> NDArray[np.int64]:
        """Rows to be shown, in order.

        Parameters
        ----------
        show
            One of `SHOW`.
        text
            Words that must all occur in the field, the number, the status, the reasons or the
            note.
        by
            Name of a column to sort by; the order of the work where empty.
        descending
            Whether the largest comes first.
        """
        rows = np.flatnonzero(self._shown(show) & self._with_words(text))
        if not by:
            return rows
        values = self._sortable(by)[rows]
        # Rows without a value come last in either direction.
        missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(rows), np.bool_)
        _, place = np.unique(values, return_inverse=True)
        return rows[np.lexsort((-place if descending else place, missing))]

    def _shown(self, show: str) -> NDArray[np.bool_]:
        if show == "all":
            return np.ones(len(self), np.bool_)
        return self.scored if show == "scored" else np.asarray(self.review == show, np.bool_)

    def _with_words(self, text: str) -> NDArray[np.bool_]:
        words = text.lower().split()
        if not words:
            return np.ones(len(self), np.bool_)
        said = zip(self.ids, self.review.tolist(), self.why, self.notes, strict=True)
        lines = (
            f"{field} {number} {review} {why} {note}".lower()
            for (field, number), review, why, note in said
        )
        return np.array([all(word in line for word in words) for line in lines], np.bool_)

    def _sortable(self, column: str) -> NDArray[np.generic]:
        if column in ("field", "nucleus"):
            return np.array([key[column == "nucleus"] for key in self.ids])
        return np.array(getattr(self, column))


def _words(doubts: str, reject_reason: str) -> str:
    if not reject_reason:
        return doubts
    return ", ".join(filter(None, (f"not scored: {FLAGS[reject_reason].name}", doubts)))
