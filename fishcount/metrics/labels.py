"""Label images against true label images: overlaps, hits, splits and merges."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from fishcount.errors import InputError, check_kind
from fishcount.metrics.assignment import assign_pairs
from fishcount.metrics.score import DetectionScore
from fishcount.read_only import ReadOnlyArrays

__all__ = ["LabelMatch", "match_labels"]

_DSB_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelMatch(ReadOnlyArrays):
    """Overlaps of found with true objects: one row for each pair that shares a pixel.

    Attributes
    ----------
    found_labels, true_labels : ndarray of int64, (n,) and (m,)
        The labels that occur, ascending, without 0.
    found_area_px, true_area_px : ndarray of int64, (n,) and (m,)
    pair_found, pair_true : ndarray of int64, (k,)
        Indices into `found_labels` and `true_labels`.
    intersection_px : ndarray of int64, (k,)
    iou : ndarray of float64, (k,)
        Intersection over union of each pair (Jaccard index).
    """

    found_labels: NDArray[np.int64]
    true_labels: NDArray[np.int64]
    found_area_px: NDArray[np.int64]
    true_area_px: NDArray[np.int64]
    pair_found: NDArray[np.int64]
    pair_true: NDArray[np.int64]
    intersection_px: NDArray[np.int64]
    iou: NDArray[np.float64]

    def pairs(self, min_iou: float = 0.5) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Labels of found and true objects that are one and the same, one to one.

        Parameters
        ----------
        min_iou
            Least overlap of a pair. Above 0.5 no object can have two partners; below, as many
            pairs as possible are made, and among those the ones that overlap most.

        Returns
        -------
        found, true : ndarray of int64, (p,)
            Labels, ascending in `true`; empty where nothing matches.
        """
        check_kind("min_iou", min_iou, Real)
        close = np.flatnonzero(self.iou >= min_iou)
        rows, cols = self.pair_found[close], self.pair_true[close]
        chosen = close[assign_pairs(rows, cols, cost=1.0 - self.iou[close])]
        chosen = chosen[np.argsort(self.pair_true[chosen], kind="stable")]
        return self.found_labels[self.pair_found[chosen]], self.true_labels[self.pair_true[chosen]]

    def score(
        self, min_iou: float = 0.5, *, ignored_labels: ArrayLike | None = None
    ) -> DetectionScore:
        """Hits, inventions and misses at a threshold of IoU.

        Parameters
        ----------
        min_iou
            See `pairs`.
        ignored_labels
            True objects that may be found or not. They are never missed, and a found object
            whose largest overlap is with one of them is not counted at all.

        Examples
        --------
        >>> import numpy as np
        >>> from fishcount.metrics import match_labels
        >>> truth = np.kron([[1, 2], [0, 3]], np.ones((4, 4), int))
        >>> match = match_labels(np.where(truth == 3, 0, truth), truth)
        >>> match.score(0.5)
        DetectionScore(true_positives=2, false_positives=0, false_negatives=1)
        >>> match.score(0.5, ignored_labels=[2, 3])
        DetectionScore(true_positives=1, false_positives=0, false_negatives=0)
        """
        found, true = self.pairs(min_iou)
        if ignored_labels is None:
            hits, n_found, n_true = found.size, self.found_labels.size, self.true_labels.size
        else:
            ignored = np.asarray(ignored_labels, np.int64)
            counted = self.found_labels[~np.isin(self.partner_of_found(), ignored)]
            hits = int((np.isin(found, counted) & ~np.isin(true, ignored)).sum())
            n_found = counted.size
            n_true = int((~np.isin(self.true_labels, ignored)).sum())
        return DetectionScore(
            true_positives=hits, false_positives=n_found - hits, false_negatives=n_true - hits
        )

    def mean_ap(
        self,
        min_ious: ArrayLike = _DSB_THRESHOLDS,
        *,
        ignored_labels: ArrayLike | None = None,
    ) -> float:
        """Mean of `DetectionScore.ap` over thresholds of IoU, 0.5 to 0.95 in steps of 0.05.

        Source: the measure of the 2018 Data Science Bowl (Caicedo et al., Nature Methods 2019).
        """
        thresholds = np.asarray(min_ious, np.float64).ravel()
        scores = [self.score(float(t), ignored_labels=ignored_labels).ap for t in thresholds]
        return float(np.mean(scores))

    def partner_of_found(self) -> NDArray[np.int64]:
        """For each found object the true label with which it shares most pixels; 0 for none."""
        partner = np.zeros(self.found_labels.size, np.int64)
        # Ties go to the smaller true label: it is written last.
        order = np.lexsort((-self.pair_true, self.intersection_px))
        partner[self.pair_found[order]] = self.true_labels[self.pair_true[order]]
        return partner

    @property
    def jaccard(self) -> NDArray[np.float64]:
        """For each true object the IoU of its best overlap; 0 where nothing overlaps, (m,)."""
        best = np.zeros(self.true_labels.size)
        np.maximum.at(best, self.pair_true, self.iou)
        return best

    @property
    def mean_jaccard(self) -> float:
        """Mean of `jaccard`: missed objects count as 0; NaN when there is nothing to find."""
        return float(self.jaccard.mean()) if self.true_labels.size else float("nan")

    def split_labels(self) -> NDArray[np.int64]:
        """True objects that were cut up: two or more found objects lie in each of them.

        A found object lies in a true one that holds more than half of its pixels.
        """
        inside = self.intersection_px > 0.5 * self.found_area_px[self.pair_found]
        pieces = np.bincount(self.pair_true[inside], minlength=self.true_labels.size)
        return self.true_labels[pieces > 1]

    def merged_labels(self) -> NDArray[np.int64]:
        """Found objects that swallowed two or more true ones, more than half of each."""
        inside = self.intersection_px > 0.5 * self.true_area_px[self.pair_true]
        swallowed = np.bincount(self.pair_found[inside], minlength=self.found_labels.size)
        return self.found_labels[swallowed > 1]

    @property
    def n_splits(self) -> int:
        """Number of true objects that were cut up; see `split_labels`."""
        return self.split_labels().size

    @property
    def n_merges(self) -> int:
        """Number of found objects that hold several true ones; see `merged_labels`."""
        return self.merged_labels().size


def match_labels(found: ArrayLike, truth: ArrayLike) -> LabelMatch:
    """Overlaps of two label images, from one sparse table of contingency.

    Parameters
    ----------
    found, truth : ndarray of int, (y, x) or (z, y, x)
        Label images of the same shape; 0 is background, labels need not be without gaps.

    Returns
    -------
    LabelMatch
        Two images without labels give one without rows, whose F1 is 1.

    Raises
    ------
    InputError
        When the shapes differ, or a label is negative or no integer.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.metrics import match_labels
    >>> truth = np.zeros((8, 8), int)
    >>> truth[:4] = 1
    >>> found = np.zeros((8, 8), int)
    >>> found[:3], found[6:] = 5, 6
    >>> match = match_labels(found, truth)
    >>> match.pairs(0.5), match.mean_jaccard
    ((array([5]), array([1])), 0.75)
    >>> match.score(0.5).f1, match.score(0.8).f1
    (0.6666666666666666, 0.0)
    """
    found_image, true_image = _as_labels(found, "found"), _as_labels(truth, "truth")
    if found_image.shape != true_image.shape:
        raise InputError("shapes differ", found=f"{found_image.shape} and {true_image.shape}")
    found_runs, true_runs, length = _runs(found_image, true_image)
    found_labels, found_area, row = _numbered(found_runs, length)
    true_labels, true_area, col = _numbered(true_runs, length)
    both = (row >= 0) & (col >= 0)
    table = csr_array(
        (length[both], (row[both], col[both])), shape=(found_labels.size, true_labels.size)
    )
    table.sum_duplicates()
    pairs = table.tocoo()
    pair_found, pair_true = pairs.row.astype(np.int64), pairs.col.astype(np.int64)
    shared = pairs.data
    union = found_area[pair_found] + true_area[pair_true] - shared
    return LabelMatch(
        found_labels=found_labels,
        true_labels=true_labels,
        found_area_px=found_area,
        true_area_px=true_area,
        pair_found=pair_found,
        pair_true=pair_true,
        intersection_px=shared,
        iou=shared / union,
    )


def _as_labels(image: ArrayLike, name: str) -> NDArray[np.integer]:
    labels = np.asarray(image)
    if labels.dtype.kind not in "biu":
        raise InputError("must be a label image of integers", field=name, found=labels.dtype)
    if labels.size and labels.min() < 0:
        raise InputError("must have no negative labels", field=name, found=labels.min())
    if labels.size and labels.max() > np.iinfo(np.int64).max:
        raise InputError("labels beyond 64 bits with a sign", field=name, found=labels.max())
    return labels


def _runs(
    found: NDArray[np.integer], truth: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Both labels and the length of every run of pixels in which neither changes.

    Objects are hundreds of pixels wide, so there are far fewer runs than pixels.
    """
    one, other = found.ravel(), truth.ravel()
    if one.size == 0:
        none = np.zeros(0, np.int64)
        return none, none, none
    changes = np.flatnonzero((one[1:] != one[:-1]) | (other[1:] != other[:-1])) + 1
    starts = np.concatenate([[0], changes])
    length = np.diff(np.append(starts, one.size))
    return one[starts].astype(np.int64), other[starts].astype(np.int64), length


def _numbered(
    runs: NDArray[np.int64], length: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Labels that occur, their areas, and for each run the place of its label; -1 for none."""
    values, place = np.unique(runs, return_inverse=True)
    area = np.zeros(values.size, np.int64)
    np.add.at(area, place, length)
    skip = int(values.size > 0 and values[0] == 0)
    return values[skip:], area[skip:], place - skip
