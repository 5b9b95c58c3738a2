"""The blinded second count: another reader counts nuclei without seeing any count before.

ASCO/CAP 2018 asks for it in groups 2 to 4 with IHC 2+: another observer, blinded to the first
count, at least 20 nuclei. The reader sees images and outlines. What they count is a log of its
own, chained as that of a review; neither the first count nor the automatic one is in it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from fishcount.errors import ReviewError
from fishcount.guidelines import Recount
from fishcount.io import CaseFolder, slug_of
from fishcount.recount import SKIPPED_FOR_SIGNALS
from fishcount.review.agreement import Agreement, compare_readers
from fishcount.review.automatic import Automatic, read_automatic
from fishcount.review.log import LOG_NAME, EditLog, Event, read_log
from fishcount.review.readers import named_reader, same_reader
from fishcount.review.rows import Id
from fishcount.review.second_count_log import (
    SECOND_COUNTS,
    ChooseNuclei,
    CountAction,
    CountNucleus,
    FinishCount,
    SkipNucleus,
    UndoCount,
    parse_count,
    replay_counts,
    standing_counts,
)
from fishcount.review.session import check_not_reviewed, replay_folder
from fishcount.review.tables import reviewed_nuclei

__all__ = ["SecondCount"]


@dataclass(slots=True)
class SecondCount:
    """A second reader at a case. Use it as a context manager, or close it.

    Attributes
    ----------
    reader : str
    fields : tuple of str
    dual : bool
        Whether CEP17 is counted, too.
    chosen : tuple of (field, number)
        Nuclei that chance chose; empty where the reader chooses.
    counted : dict of (field, number) to (HER2, CEP17 or None)
    skipped : set of (field, number)

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.batch import example_case
    >>> from fishcount.review import SecondCount
    >>> folder = example_case(size=384)
    >>> with SecondCount.open(folder, reader="B", n_nuclei=3, rng=np.random.default_rng(1)) as two:
    ...     for nucleus in two.chosen:
    ...         two.count(nucleus, her2=2, cep17=2)
    ...     two.recount().her2, two.agreement()[0].n <= 3
    (6, True)
    """

    reader: str
    log: EditLog
    _automatic: Automatic
    chosen: tuple[Id, ...]
    counted: dict[Id, tuple[int, int | None]]
    skipped: set[Id]

    @classmethod
    def open(
        cls,
        folder: str | Path | CaseFolder,
        *,
        reader: str,
        n_nuclei: int = 20,
        rng: np.random.Generator | None = None,
    ) -> Self:
        """Begin a second count, or go on where its log ends.

        Parameters
        ----------
        folder
            A case folder.
        reader
            Name or initials, of somebody who made none of the edits of the case.
        n_nuclei
            How many nuclei are chosen, by chance, among those whose outline is fit, whatever was
            counted in them; all of them where there are fewer. With 0 the reader chooses.
        rng
            What chooses; needed where the count begins and `n_nuclei` is not 0.

        Raises
        ------
        ReviewError
            When the reader is not named or is the first one, or `rng` is missing where chance is
            to choose; as `Review.open` else, which refuses the ``reviewed`` of a case as well.
        """
        reader = named_reader(reader, of="a second count")
        case = CaseFolder.of(folder)
        _check_other_reader(case, reader)
        automatic = read_automatic(case)
        path = case.path / SECOND_COUNTS / f"{slug_of(reader)}.jsonl"
        check_not_reviewed(case, path)
        if n_nuclei and rng is None and not read_log(path).events:
            raise ReviewError(
                "chance is to choose, and nothing draws",
                field="rng",
                remedy="give a generator, or n_nuclei=0 where the reader chooses",
            )
        log = EditLog.open(path, input_sha256=automatic.sha256)
        try:
            count = cls(reader, log, automatic, *replay_counts(log.content))
            if not log.content.events and n_nuclei and rng is not None:
                chosen = _chosen_by_chance(automatic, n_nuclei, rng)
                count._append(ChooseNuclei(nuclei=chosen))
        except BaseException:
            log.close()
            raise
        return count

    @property
    def folder(self) -> CaseFolder:
        """The case folder."""
        return self._automatic.folder

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields."""
        return self._automatic.fields

    @property
    def dual(self) -> bool:
        """Whether CEP17 is counted, too."""
        return len(self._automatic.probes) > 1

    @property
    def nuclei(self) -> tuple[Id, ...]:
        """What there is to be counted: the chosen nuclei, else all of the case."""
        return self.chosen or tuple(self._automatic.nucleus_at)

    @property
    def automatic(self) -> Automatic:
        """Outlines and fields of the case; a blinded face shows nothing else of it."""
        return self._automatic

    def count(self, nucleus: Id, *, her2: int, cep17: int | None = None) -> None:
        """Note the copies of a nucleus; when this returns, they are on the disk.

        Raises
        ------
        ReviewError
            For a nucleus that is not there, a figure that is not a count, CEP17 missing or given
            where the case has it or has it not, or a count that is finished.
        """
        self._check_nucleus(nucleus)
        if (cep17 is None) == self.dual:
            raise ReviewError(
                "count HER2 and CEP17" if self.dual else "count HER2 alone", field=nucleus[0]
            )
        self._append(
            parse_count(
                {
                    "kind": "count_nucleus",
                    "field": nucleus[0],
                    "nucleus": nucleus[1],
                    "her2": her2,
                    "cep17": cep17,
                }
            )
        )

    def skip(self, nucleus: Id) -> None:
        """Leave a nucleus out."""
        self._check_nucleus(nucleus)
        self._append(SkipNucleus(field=nucleus[0], nucleus=nucleus[1]))

    def replace_skipped(self, rng: np.random.Generator) -> tuple[Id, ...]:
        """Let chance choose others for chosen nuclei that were skipped, as long as there are any.

        A count that began with enough nuclei can so end with enough.

        Returns
        -------
        tuple of (field, number)
            Those that were added to the chosen ones; none where the reader chooses.
        """
        kinds = (event.action for event in self.log.content.events)
        began = next((a["nuclei"] for a in kinds if a["kind"] == "choose_nuclei"), ())
        missing = len(began) - len(set(self.chosen) - self.skipped)
        if missing <= 0:
            return ()
        others = _chosen_by_chance(self._automatic, missing, rng, but=self.chosen)
        if others:
            self._append(ChooseNuclei(nuclei=(*self.chosen, *others)))
        return others

    def undo(self) -> None:
        """Take the last count or skip back; ReviewError where there is none, or it is finished."""
        if not standing_counts(self.log.content):
            raise ReviewError("there is nothing to undo")
        self._append(UndoCount())

    def finish(self) -> None:
        """End the count, before the comparison is seen; a count that has ended stays as it is.

        Raises
        ------
        ReviewError
            When nothing was counted.
        """
        if not self.counted:
            raise ReviewError("nothing was counted yet", remedy="count at least one nucleus")
        if not self.finished:
            self._append(FinishCount())

    @property
    def finished(self) -> bool:
        """Whether the comparison may have been seen: nothing more is counted then."""
        events = self.log.content.events
        return bool(events) and events[-1].action["kind"] == "finish"

    def table(self) -> pd.DataFrame:
        """What was counted: ``field``, ``nucleus``, ``scored``, ``her2``, ``cep17``, ``ratio``."""
        rows = [
            (*key, True, her2, cep17, her2 / cep17 if cep17 else np.nan)
            for key, (her2, cep17) in sorted(self.counted.items())
        ]
        table = pd.DataFrame(rows, columns=["field", "nucleus", "scored", "her2", "cep17", "ratio"])
        return table.astype({"scored": np.bool_, "cep17": np.float64, "ratio": np.float64})

    def recount(self) -> Recount:
        """The sums, as the work-up takes them; ReviewError in a case of one probe."""
        if not self.dual:
            raise ReviewError("a case without CEP17 has no recount")
        return Recount(
            n_nuclei=len(self.counted),
            her2=sum(her2 for her2, _ in self.counted.values()),
            cep17=sum(cep17 or 0 for _, cep17 in self.counted.values()),
            reader=self.reader,
            source=f"{SECOND_COUNTS}/{self.log.path.name}",
        )

    def agreement(self) -> tuple[Agreement, ...]:
        """Agreement with the first count: the review where there is one, else the automatic."""
        return compare_readers(self.first_count(), self.table())

    def first_count(self) -> pd.DataFrame:
        """The nuclei as the first count has them; to be looked at when this one is finished."""
        return reviewed_nuclei(replay_folder(self.folder)[0])

    def close(self) -> None:
        """Let others open it; every count is on the disk already."""
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_nucleus(self, nucleus: Id) -> None:
        if nucleus not in self._automatic.nucleus_at:
            raise ReviewError("no such nucleus", field=nucleus[0], found=nucleus[1])

    def _append(self, action: CountAction) -> None:
        if self.finished:
            raise ReviewError(
                "the comparison with the first count was seen: what is counted now is not blinded",
                found=f"a count that {self.reader} has finished",
                remedy="let another observer count",
            )
        touched = (
            [f"{action.field}/{action.nucleus}"]
            if isinstance(action, CountNucleus | SkipNucleus)
            else []
        )
        changes = {
            "object": {"nuclei": touched, "signals": []},
            "old": _before(self.counted, touched),
            "new": {},
        }
        self.log.append(
            Event.of(
                action,
                reader=self.reader,
                input_sha256=self._automatic.sha256,
                changes=changes,
            )
        )
        self.chosen, self.counted, self.skipped = replay_counts(self.log.content)


def _before(counted: dict[Id, tuple[int, int | None]], touched: list[str]) -> dict[str, Any]:
    was = {f"{name}/{number}": list(copies) for (name, number), copies in counted.items()}
    return {name: was.get(name) for name in touched}


def _chosen_by_chance(
    automatic: Automatic, n_nuclei: int, rng: np.random.Generator, *, but: Collection[Id] = ()
) -> tuple[Id, ...]:
    """Nuclei whose outline is fit, in the order of the case; their counts have no say."""
    table = automatic.folder.nuclei
    fit = table["scored"] | table["reject_reason"].isin(SKIPPED_FOR_SIGNALS)
    ids = list(automatic.nucleus_at)
    taken_before = set(but)
    rows = [row for row in np.flatnonzero(fit.to_numpy()) if ids[row] not in taken_before]
    taken = np.sort(rng.choice(np.array(rows, np.int64), min(n_nuclei, len(rows)), replace=False))
    return tuple(ids[row] for row in taken.tolist())


def _check_other_reader(case: CaseFolder, reader: str) -> None:
    readers = {event.reader for event in read_log(case.path / LOG_NAME).events}
    if any(same_reader(reader, known) for known in readers):
        raise ReviewError(
            "the second count is made by another observer",
            field="reader",
            found=repr(reader),
            expected="nobody who reviewed the case",
        )
