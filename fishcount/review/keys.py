"""Field and number of an object as one integer, so that whole columns can be looked up at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["field_of", "indices_of", "key_of", "keys_of", "number_of"]

# More objects than any field holds.
_BITS = 40


def key_of(field_index: int, number: int) -> int:
    """The key of one object; keys are in the order of fields, then of numbers."""
    return (field_index << _BITS) + number


def keys_of(field_index: NDArray[np.int64], number: NDArray[np.int64]) -> NDArray[np.int64]:
    """The keys of columns of objects.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.review.keys import field_of, keys_of, number_of
    >>> keys = keys_of(np.array([0, 2]), np.array([7, 1]))
    >>> field_of(keys), number_of(keys)
    (array([0, 2]), array([7, 1]))
    """
    return (field_index << _BITS) + number


def field_of(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of the field of each key."""
    return keys >> _BITS


def number_of(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the object of each key."""
    return keys & ((1 << _BITS) - 1)


def indices_of(names: Iterable[str], index: Mapping[str, int]) -> NDArray[np.int64]:
    """Names as their indices."""
    return np.array([index[name] for name in names], np.int64)
