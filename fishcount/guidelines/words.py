"""Categories as people say them."""

from __future__ import annotations

import re
from types import MappingProxyType

__all__ = ["category_words", "in_words", "small"]

_CATEGORY_WORDS = MappingProxyType(
    {
        "POSITIVE": "Positive",
        "EQUIVOCAL": "Equivocal",
        "NEGATIVE": "Negative",
        "AMPLIFIED": "Amplified",
        "NOT_AMPLIFIED": "Not amplified",
        "INDETERMINATE": "Indeterminate",
        "NOT_EVALUABLE": "Not evaluable",
        "NEEDS_IHC": "Needs IHC",
        "NEEDS_RECOUNT": "Needs a recount",
        "NEEDS_DUAL_PROBE": "Needs a dual-probe assay",
        "NEEDS_IHC_OR_DUAL_PROBE": "Needs IHC or a dual-probe assay",
        "ADJUDICATE": "To be adjudicated",
    }
)
_CODE = re.compile(rf"\b({'|'.join(sorted(_CATEGORY_WORDS, key=len, reverse=True))})\b")


def category_words(category: str) -> str:
    """A category as it is read aloud: "Needs IHC" for NEEDS_IHC.

    Examples
    --------
    >>> from fishcount.guidelines.words import category_words
    >>> category_words("NEEDS_RECOUNT"), category_words("OF_ANOTHER_SCHEME")
    ('Needs a recount', 'Of another scheme')
    """
    return _CATEGORY_WORDS.get(category, category.replace("_", " ").capitalize())


def in_words(text: str) -> str:
    """A sentence with its categories as words in quotes.

    Examples
    --------
    >>> from fishcount.guidelines.words import in_words
    >>> in_words("2 HER2 signals more would make it POSITIVE")
    '2 HER2 signals more would make it “positive”'
    """
    return _CODE.sub(lambda found: f"“{small(_CATEGORY_WORDS[found[1]])}”", text)


def small(words: str) -> str:
    """Words for the middle of a sentence: the first letter small, abbreviations as they are.

    Examples
    --------
    >>> from fishcount.guidelines.words import small
    >>> small("Needs IHC")
    'needs IHC'
    """
    return words[:1].lower() + words[1:]
