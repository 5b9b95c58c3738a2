"""Counts of nuclei to means, ratio and their uncertainty."""

from fishcount.scoring.pooled import CaseScore

__all__ = ["CaseScore"]
