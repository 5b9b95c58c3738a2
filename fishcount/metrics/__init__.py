"""How good a result is against truth: nuclei, points and counts.

Nothing in here is used to compute a result; it measures one.
"""

from fishcount.metrics.counts import CountErrors, count_errors
from fishcount.metrics.labels import LabelMatch, match_labels
from fishcount.metrics.points import PointMatch, match_points
from fishcount.metrics.score import DetectionScore

__all__ = [
    "CountErrors",
    "DetectionScore",
    "LabelMatch",
    "PointMatch",
    "count_errors",
    "match_labels",
    "match_points",
]
