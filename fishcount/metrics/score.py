"""Precision, recall and their relatives, from three integers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DetectionScore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionScore:
    """Hits, inventions and misses.

    What does not exist is NaN: the precision of nothing found, the recall of nothing to be
    found. Nothing found where nothing was is right, so its `f1` and `ap` are 1.

    Attributes
    ----------
    true_positives, false_positives, false_negatives : int

    Examples
    --------
    >>> from fishcount.metrics import DetectionScore
    >>> score = DetectionScore(true_positives=8, false_positives=2, false_negatives=0)
    >>> score.precision, score.recall, round(score.f1, 3), score.ap
    (0.8, 1.0, 0.889, 0.8)
    >>> DetectionScore(true_positives=0, false_positives=0, false_negatives=0).f1
    1.0
    """

    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def precision(self) -> float:
        """Share of what was found that is true; NaN when nothing was found."""
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the truth that was found; NaN when there was nothing to find."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 for nothing against nothing."""
        wrong = self.false_positives + self.false_negatives
        return _share(2 * self.true_positives, 2 * self.true_positives + wrong, nothing=1.0)

    @property
    def ap(self) -> float:
        """Hits over hits, inventions and misses: the "average precision" of label images.

        It is what the 2018 Data Science Bowl and StarDist report at one threshold of IoU; 1 for
        nothing against nothing.
        """
        wrong = self.false_positives + self.false_negatives
        return _share(self.true_positives, self.true_positives + wrong, nothing=1.0)


def _share(part: int, whole: int, *, nothing: float = float("nan")) -> float:
    return part / whole if whole else nothing
