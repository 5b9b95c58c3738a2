"""Schemes as data, one exact evaluator, and the categories of a case under each."""

from fishcount.guidelines.choice import listed_schemes, with_own
from fishcount.guidelines.classify import Classification, category_names, classify
from fishcount.guidelines.counts import RECOUNT_MIN_NUCLEI, Recount
from fishcount.guidelines.explain import (
    COMMENTS,
    GUIDELINE,
    HEADLINE,
    NEEDED,
    RESEARCH_USE,
    below_minimum,
    comment_of,
    doubted_fields,
    explain,
    explain_paragraphs,
    headline,
)
from fishcount.guidelines.library import builtin_schemes, find_scheme, read_scheme
from fishcount.guidelines.scheme import IHC_SCORES, Rule, Scheme
from fishcount.guidelines.stability import Stability, leave_one_out
from fishcount.guidelines.workup import add_ihc, add_nuclei, add_recount, start_workup
from fishcount.guidelines.workup_record import Count, WorkUp

__all__ = [
    "COMMENTS",
    "GUIDELINE",
    "HEADLINE",
    "IHC_SCORES",
    "NEEDED",
    "RECOUNT_MIN_NUCLEI",
    "RESEARCH_USE",
    "Classification",
    "Count",
    "Recount",
    "Rule",
    "Scheme",
    "Stability",
    "WorkUp",
    "add_ihc",
    "add_nuclei",
    "add_recount",
    "below_minimum",
    "builtin_schemes",
    "category_names",
    "classify",
    "comment_of",
    "doubted_fields",
    "explain",
    "explain_paragraphs",
    "find_scheme",
    "headline",
    "leave_one_out",
    "listed_schemes",
    "read_scheme",
    "start_workup",
    "with_own",
]
