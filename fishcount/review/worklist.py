"""Which nuclei a reader should look at first, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fishcount.errors import InputError
from fishcount.recount import SKIPPED_FOR_SIGNALS
from fishcount.settings import Settings

__all__ = ["DOUBTS", "Doubt", "touching_nuclei", "worklist"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to look at a nucleus.

    Attributes
    ----------
    code : str
    name : str
        Short, for a table.
    sentence : str
        For the reader.
    weight : float
        How much of a doubt it is; the doubts of a nucleus add up (our choice).
    """

    code: str
    name: str
    sentence: str
    weight: float


# In the order in which they are shown. What may change a count by much weighs most.
DOUBTS: tuple[Doubt, ...] = (
    Doubt(
        "ESTIMATES_DISAGREE",
        "estimates disagree",
        "Intensity and area of a cluster give other copies.",
        4.0,
    ),
    Doubt(
        "NEAR_DECISION",
        "near a decision",
        "Its ratio is from 1.8 to 2.2, or its range reaches across 2.",
        3.0,
    ),
    Doubt("ESTIMATED", "estimated cluster", "Copies in a cluster are estimated.", 2.0),
    Doubt(
        "CUT_OR_TOUCHING",
        "cut or touching",
        "It touches another nucleus, or its outline is doubtful.",
        2.0,
    ),
    Doubt(
        "SHARED_AREA",
        "over another",
        "It lies in part over or under a neighbour: signals there may belong to either.",
        2.0,
    ),
    Doubt("LOW_SNR", "weak signal", "A signal stands only just above the threshold.", 1.5),
    Doubt(
        "SKIPPED_FOR_SIGNALS",
        "colour missing",
        "It is skipped because signals of a colour are missing.",
        1.5,
    ),
    Doubt(
        "NEAR_MISS", "near miss", "A candidate in it was rejected as too weak or too faint.", 0.5
    ),
)

_DOUBTFUL_OUTLINES = (
    "OVERLAPPED",
    "UNSURE_CUT",
    "IRREGULAR",
    "TOO_SMALL",
    "TOO_LARGE",
    "BLURRED",
)
_WEAK = ("LOW_SNR", "TOO_FAINT")


def worklist(
    nuclei: pd.DataFrame,
    signals: pd.DataFrame,
    *,
    touching: Mapping[str, NDArray[np.int64]] | None = None,
    settings: Settings | None = None,
) -> pd.DataFrame:
    """Order the nuclei of a case by how doubtful they are.

    Nuclei that are scored, or were skipped for their signals alone, come before those that were
    left out for their outline: these change a count only when the reader restores them.

    Parameters
    ----------
    nuclei, signals
        Tables of a case folder, or as `reviewed_nuclei` and `reviewed_signals` give them.
    touching
        Numbers of the nuclei of each field that touch another, of `touching_nuclei`.
    settings
        Those of the run: they say what a weak signal is.

    Returns
    -------
    DataFrame
        A row for each nucleus, the most doubtful first, equals by field and number: ``field``,
        ``nucleus``, ``doubt`` (sum of the weights), ``why`` (codes of `DOUBTS`, joined by
        semicolons). Empty tables give an empty one with these columns.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.io import read_case_folder
    >>> from fishcount.review import worklist
    >>> folder = example_case()
    >>> case = read_case_folder(folder)
    >>> doubtful = worklist(case.nuclei, case.signals)
    >>> list(doubtful.columns), len(doubtful) == len(case.nuclei)
    (['field', 'nucleus', 'doubt', 'why'], True)
    """
    settings = Settings.of(settings)
    doubts = {
        "ESTIMATES_DISAGREE": _flagged(nuclei, ("ESTIMATES_DISAGREE",)),
        "NEAR_DECISION": _near_decision(nuclei),
        "ESTIMATED": _flagged(nuclei, ("HER2_ESTIMATED", "CEP17_ESTIMATED")),
        "CUT_OR_TOUCHING": _flagged(nuclei, _DOUBTFUL_OUTLINES) | _among(nuclei, touching or {}),
        "SHARED_AREA": _flagged(nuclei, ("SHARED_AREA",)),
        "LOW_SNR": _with_weak_signal(nuclei, signals, settings),
        "SKIPPED_FOR_SIGNALS": nuclei["reject_reason"].isin(SKIPPED_FOR_SIGNALS).to_numpy(np.bool_),
        "NEAR_MISS": _with_near_miss(nuclei, signals),
    }
    marks = np.stack([doubts[doubt.code] for doubt in DOUBTS], axis=1)
    weight = marks @ np.array([doubt.weight for doubt in DOUBTS])
    codes = np.array([doubt.code for doubt in DOUBTS], dtype=object)
    matters = nuclei["scored"].to_numpy(np.bool_) | doubts["SKIPPED_FOR_SIGNALS"]
    table = pd.DataFrame(
        {
            "field": nuclei["field"].astype(object),
            "nucleus": nuclei["nucleus"].astype(np.int64),
            "doubt": weight.astype(np.float64),
            "why": pd.Series([";".join(codes[row]) for row in marks], nuclei.index, dtype=object),
        }
    )
    order = np.lexsort(
        (table["nucleus"], pd.factorize(table["field"])[0], -table["doubt"], ~matters)
    )
    return table.iloc[order].reset_index(drop=True)


def touching_nuclei(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Numbers of the nuclei of a label image (y, x) that share an edge of pixels with another.

    Raises InputError for what is no label image.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.review import touching_nuclei
    >>> touching_nuclei(np.array([[1, 1, 2], [0, 0, 0], [3, 3, 0]]))
    array([1, 2])
    """
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.dtype.kind not in "iu":
        raise InputError(
            "no label image",
            field="labels",
            found=f"{labels.dtype} of shape {labels.shape}",
            expected="integers (y, x)",
        )
    found = []
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        meet = (one != other) & (one > 0) & (other > 0)
        found += [one[meet], other[meet]]
    return np.unique(np.concatenate(found)).astype(np.int64)


def _flagged(nuclei: pd.DataFrame, codes: tuple[str, ...]) -> NDArray[np.bool_]:
    sets = {
        text: not set(codes).isdisjoint(str(text).split(";")) for text in nuclei["flags"].unique()
    }
    return np.array([sets[text] for text in nuclei["flags"]], np.bool_)


def _near_decision(nuclei: pd.DataFrame) -> NDArray[np.bool_]:
    """Ratio within the band in which probe kits ask for more nuclei, in whole numbers."""
    her2, low, high, cep17 = (
        nuclei[name].fillna(0).to_numpy(np.int64)
        for name in ("her2", "her2_low", "her2_high", "cep17")
    )
    in_band = (10 * her2 >= 18 * cep17) & (10 * her2 <= 22 * cep17)
    across = (low < 2 * cep17) & (high >= 2 * cep17)
    near: NDArray[np.bool_] = (cep17 > 0) & (in_band | across)
    return near


def _among(nuclei: pd.DataFrame, numbers: Mapping[str, NDArray[np.int64]]) -> NDArray[np.bool_]:
    found = np.zeros(len(nuclei), np.bool_)
    for field, of_field in numbers.items():
        here = (nuclei["field"] == field).to_numpy(np.bool_)
        found |= here & np.isin(nuclei["nucleus"].to_numpy(np.int64), of_field)
    return found


def _with_weak_signal(
    nuclei: pd.DataFrame, signals: pd.DataFrame, settings: Settings
) -> NDArray[np.bool_]:
    weak = settings.signals.weak_snr
    # A signal that a reader added has no SNR, and is not in doubt.
    rows = (signals["status"] == "kept") & (signals["snr"] < weak)
    return _owning(nuclei, signals[rows])


def _with_near_miss(nuclei: pd.DataFrame, signals: pd.DataFrame) -> NDArray[np.bool_]:
    rows = (signals["status"] == "rejected") & signals["reason"].isin(_WEAK)
    return _owning(nuclei, signals[rows])


def _owning(nuclei: pd.DataFrame, signals: pd.DataFrame) -> NDArray[np.bool_]:
    owners = set(zip(signals["field"], signals["nucleus"], strict=True))
    ids = zip(nuclei["field"], nuclei["nucleus"], strict=True)
    return np.array([key in owners for key in ids], np.bool_)
