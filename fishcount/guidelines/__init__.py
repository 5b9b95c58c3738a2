"""Schemes as data, one exact evaluator, and the categories of a case under each."""

from fishcount.guidelines.classify import Classification, classify
from fishcount.guidelines.counts import Recount
from fishcount.guidelines.library import builtin_schemes, find_scheme, read_scheme
from fishcount.guidelines.scheme import IHC_SCORES, Rule, Scheme
from fishcount.guidelines.stability import Stability, leave_one_out

__all__ = [
    "IHC_SCORES",
    "RESEARCH_USE",
    "Classification",
    "Recount",
    "Rule",
    "Scheme",
    "Stability",
    "builtin_schemes",
    "classify",
    "find_scheme",
    "leave_one_out",
    "read_scheme",
]

RESEARCH_USE = "For research use only. Not for use in diagnostic procedures."
