"""The steps put together: from a field to its result, and from fields to a case."""

from fishcount.pipeline.case import score_case
from fishcount.pipeline.field import score_field

__all__ = ["score_case", "score_field"]
