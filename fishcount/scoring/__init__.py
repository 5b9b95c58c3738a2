"""Counts of nuclei to means, ratio and their uncertainty."""

from fishcount.scoring.counts import score_counts
from fishcount.scoring.pooled import CaseScore
from fishcount.scoring.replicates import Replicates

__all__ = ["CaseScore", "Replicates", "score_counts"]
