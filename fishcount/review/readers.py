"""Who reads: names of readers, and when two of them are one person."""

from __future__ import annotations

from fishcount.errors import ReviewError

__all__ = ["named_reader", "same_reader"]


def named_reader(name: str, *, of: str) -> str:
    """The name of a reader without the blanks around it.

    Parameters
    ----------
    name
        As it was given.
    of
        What needs it, for the error.

    Raises
    ------
    ReviewError
        When nothing is left.
    """
    if not name.strip():
        raise ReviewError(
            f"{of} needs the name of its reader",
            field="reader",
            remedy="name one with --reader, or in the field Reader of the window",
        )
    return name.strip()


def same_reader(one: str, other: str) -> bool:
    """Whether two names are spelt alike but for capitals, blanks and points.

    Examples
    --------
    >>> from fishcount.review.readers import same_reader
    >>> same_reader("A. Reader", "a reader"), same_reader("A. Reader", "B. Reader")
    (True, False)
    """
    return _letters(one) == _letters(other)


def _letters(name: str) -> str:
    return "".join(one for one in name.casefold() if one.isalnum()) or name.strip()
