"""Counts of nuclei to means, ratio and their uncertainty."""

from fishcount.scoring.calibration import calibration_findings
from fishcount.scoring.clustering import Clustering
from fishcount.scoring.counts import score_counts
from fishcount.scoring.heterogeneity import Heterogeneity, Pattern, Population, heterogeneity
from fishcount.scoring.overlap import overlap_findings
from fishcount.scoring.pooled import CaseScore
from fishcount.scoring.replicates import Replicates
from fishcount.scoring.selection import SelectionCheck, check_selection, selection_findings

__all__ = [
    "CaseScore",
    "Clustering",
    "Heterogeneity",
    "Pattern",
    "Population",
    "Replicates",
    "SelectionCheck",
    "calibration_findings",
    "check_selection",
    "heterogeneity",
    "overlap_findings",
    "score_counts",
    "selection_findings",
]
