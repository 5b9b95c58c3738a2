"""Results that cannot be changed: not their attributes, and not what is in their arrays."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

__all__ = ["ReadOnlyArrays"]


class ReadOnlyArrays:
    """Base of the frozen dataclasses that hold arrays.

    An instance holds read-only views, so the arrays that it was made from stay as they were:
    a caller may go on writing to its own.

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
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        own: Any = self
        for field in fields(own):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                view = value.view()
                view.flags.writeable = False
                object.__setattr__(self, field.name, view)
