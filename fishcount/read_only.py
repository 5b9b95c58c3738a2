"""Results that cannot be changed: not their attributes, nor what their arrays and mappings hold."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["ColumnTable", "ReadOnlyArrays", "ReadOnlyDict", "stacked_columns"]

# What is longer is told by its size where a result is printed.
_MOST_ITEMS, _MOST_LETTERS = 4, 120


class ReadOnlyDict(dict[Any, Any]):
    """A dict that stays as it was made; unlike a mapping proxy it can be pickled and copied.

    Examples
    --------
    >>> from fishcount.read_only import ReadOnlyDict
    >>> ReadOnlyDict(HER2=4)["HER2"] = 5
    Traceback (most recent call last):
    ...
    TypeError: results are read-only
    """

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("results are read-only")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    # So that results which hold one can stand in sets, and be keys.
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[Self], tuple[dict[Any, Any]]]:
        return type(self), (dict(self),)


class ReadOnlyArrays:
    """Base of the frozen dataclasses that hold arrays or mappings.

    An instance holds read-only views of arrays and read-only copies of dicts, so what it was made
    from stays as it was: a caller may go on writing to its own.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> @dataclass(frozen=True, slots=True)
    ... class Positions(ReadOnlyArrays):
    ...     y_px: np.ndarray
    >>> mine = np.zeros(2)
    >>> Positions(mine).y_px.flags.writeable, mine.flags.writeable
    (False, True)
    >>> Positions(mine)
    Positions(y_px=<float64 (2,)>)
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        # Before a dataclass gives itself one that prints all that its arrays hold.
        if "__repr__" not in vars(cls):
            cls.__repr__ = _with_contents_in_short  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        own: Any = self
        for field in fields(own):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                view = value.view()
                view.flags.writeable = False
                object.__setattr__(self, field.name, view)
            elif isinstance(value, dict | MappingProxyType):
                object.__setattr__(self, field.name, ReadOnlyDict(value))

    def __reduce__(self) -> tuple[Any, ...]:
        # Arrays come writeable out of a pickle, so a copy is made as the first one was.
        own: Any = self
        return _made_again, (type(self), {f.name: getattr(self, f.name) for f in fields(own)})


def _with_contents_in_short(self: Any) -> str:
    shown = (f"{f.name}={_in_short(getattr(self, f.name))}" for f in fields(self) if f.repr)
    return f"{type(self).__name__}({', '.join(shown)})"


def _in_short(value: Any) -> str:
    """What is small as it is; of what is large its kind and size."""
    if isinstance(value, np.ndarray):
        return f"<{value.dtype} {value.shape}>"
    if isinstance(value, ReadOnlyArrays):
        size = f" of {len(value)}" if isinstance(value, Sized) else ""
        return f"<{type(value).__name__}{size}>"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_in_short(of)}" for key, of in value.items()) + "}"
    if isinstance(value, tuple) and len(value) > _MOST_ITEMS:
        return f"<{len(value)} items>"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_in_short, value)) + ("," if len(value) == 1 else "") + ")"
    text = repr(value)
    return text if len(text) <= _MOST_LETTERS else text[:_MOST_LETTERS] + "..."


def _made_again(kind: type[Any], values: dict[str, Any]) -> Any:
    return kind(**values)


class ColumnTable(ReadOnlyArrays):
    """Base of the results that are tables: each array is a column, with one row per object.

    Attributes that are not arrays hold for the table as a whole.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> @dataclass(frozen=True, slots=True)
    ... class Positions(ColumnTable):
    ...     y_px: np.ndarray
    ...     x_px: np.ndarray
    >>> Positions(np.arange(3), np.zeros(3)).take(np.array([2, 0])).y_px.tolist()
    [2, 0]
    >>> Positions(np.arange(3), np.zeros(2))
    Traceback (most recent call last):
    ...
    ValueError: the columns of Positions must have one length; got y_px 3, x_px 2
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.columns().items()}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise ValueError(
                f"the columns of {type(self).__name__} must have one length; got {found}"
            )
        ReadOnlyArrays.__post_init__(self)

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns (n, ...) by name."""
        own: Any = self
        values = {field.name: getattr(self, field.name) for field in fields(own)}
        return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """The table with these rows only, in this order."""
        own: Any = self
        taken: Self = replace(own, **{name: value[rows] for name, value in self.columns().items()})
        return taken


def stacked_columns(parts: Sequence[ColumnTable]) -> dict[str, Any]:
    """The columns of one or more tables of the same kind, one table after the other."""
    return {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in parts[0].columns()
    }
