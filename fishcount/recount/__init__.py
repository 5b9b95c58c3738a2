"""Count again what was found, without its pixels, and pool the nuclei that are scored.

Counting is cheap compared to finding, so a case can be counted under another cut, another merging
rule or another selection, or as readers have left it.
"""

from fishcount.recount.field import FLAGS_OF_SIGNALS, recount_field, signal_flags
from fishcount.recount.scored import (
    SKIPPED_FOR_SIGNALS,
    ScoredNuclei,
    case_findings,
    classify_nuclei,
    score_nuclei,
    scored_nuclei,
    selection_of,
)
from fishcount.recount.together import fields_together

__all__ = [
    "FLAGS_OF_SIGNALS",
    "SKIPPED_FOR_SIGNALS",
    "ScoredNuclei",
    "case_findings",
    "classify_nuclei",
    "fields_together",
    "recount_field",
    "score_nuclei",
    "scored_nuclei",
    "selection_of",
    "signal_flags",
]
