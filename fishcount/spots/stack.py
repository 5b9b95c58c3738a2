"""Stacks: one plane in which every signal is seen at its best, and the height of each spot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fishcount.filters import block_means, enlarged, median3
from fishcount.image import project
from fishcount.spots.result import Spots

__all__ = ["place_in_stack", "project_signals"]

# Half the length (sigma) of a point along z: about 0.9 n wavelength / NA^2 in full width.
_AXIAL_SIGMA_UM = 0.3
# Planes that are closer would ask for more, and time grows with them.
_MOST_PASSES = 8
# Rows that are smoothed together.
_ROWS = 128
# Brightness is that of blocks of this edge, of which medians over 3 x 3 are wider than a heap of
# signals and narrower than a nucleus. Whole blocks make up the rows that are smoothed together.
_LEVEL_PX = 16


def project_signals(
    stack: NDArray[np.number], *, z_step_um: float | None = None
) -> NDArray[np.number]:
    """Maximum over planes of a stack (z, y, x) that is smoothed along z as a signal is long.

    The plain maximum takes the brightest noise of all planes; a mean over the planes of a signal
    has less noise and hardly less signal. It also takes the plane in which a nucleus glows most,
    which is the first where light bleaches, and signals of the others fade by the difference. So
    planes are brought to the same brightness before. Without a `z_step_um` it is the plain maximum.
    A plane comes back as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.spots.stack import project_signals
    >>> stack = np.zeros((5, 48, 48), np.float32)
    >>> stack[2, 20, 20] = 4
    >>> float(project_signals(stack, z_step_um=0.4).max()), float(project_signals(stack).max())
    (2.0, 4.0)
    """
    if stack.ndim == 2 or z_step_um is None:
        return project(stack)
    passes = min(2 * round(2 * (_AXIAL_SIGMA_UM / z_step_um) ** 2), _MOST_PASSES)
    plane = np.empty(stack.shape[1:], np.float32)
    level, share, rest = _brightness(stack)
    # Rows at a time: what is smoothed would be several times as large as the stack.
    for start in range(0, len(plane), _ROWS):
        rows = slice(start, start + _ROWS)
        part = stack[:, rows].astype(np.float32)
        for one, of_all, own in zip(part, share, rest, strict=True):
            one += (1 - of_all) * level[rows] - own
        plane[rows] = project(_smoothed_along_z(part, passes))
    return plane


def _brightness(
    stack: NDArray[np.number],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Mean brightness (y, x) over planes, and what each plane (z,) has: a share, and the rest.

    By a line through the brightness of blocks: bleaching takes a share of all light. What only one
    nucleus loses, because it is out of focus, stays as it is.
    """
    maps = np.stack([median3(block_means(plane, _LEVEL_PX)) for plane in stack])
    mean = maps.mean(axis=0)
    off = mean - mean.mean()
    spread = float(np.square(off).sum())
    share = (maps * off).sum(axis=(1, 2)) / spread if spread else np.ones(len(maps))
    rest = maps.mean(axis=(1, 2)) - share * mean.mean()
    height, width = stack.shape[1:]
    size = mean.shape[0] * _LEVEL_PX, mean.shape[1] * _LEVEL_PX
    level = enlarged(mean, size)[:height, :width]
    return level, share.astype(np.float32), rest.astype(np.float32)


def _smoothed_along_z(stack: NDArray[np.float32], passes: int) -> NDArray[np.float32]:
    """Neighbouring planes added pairwise, an even number of times; the end planes repeat."""
    half = np.float32(0.5)
    for _ in range(passes // 2):
        padded = np.concatenate([stack[:1], stack, stack[-1:]])
        pairs = half * (padded[1:] + padded[:-1])
        stack = half * (pairs[1:] + pairs[:-1])
    return stack


def place_in_stack(spots: Spots, stack: NDArray[np.number]) -> Spots:
    """The same spots with the height at which each is brightest, by a parabola over planes."""
    y = np.rint(spots.y_px).astype(np.int64).clip(1, stack.shape[1] - 2)
    x = np.rint(spots.x_px).astype(np.int64).clip(1, stack.shape[2] - 2)
    around = [stack[:, y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    column: NDArray[np.float64] = np.stack(around).sum(axis=0, dtype=np.float64)
    top = np.argmax(column, axis=0)
    inner = top.clip(1, max(stack.shape[0] - 2, 1))
    offset = np.zeros(len(spots))
    if stack.shape[0] > 2:
        before, here, after = (column[inner + k, np.arange(len(spots))] for k in (-1, 0, 1))
        bend = before - 2 * here + after
        vertex = 0.5 * (before - after) / np.where(bend < 0, bend, -np.inf)
        offset = np.where(inner == top, np.clip(vertex, -0.5, 0.5), 0.0)
    z = top + offset
    return replace(spots, z_px=z).sorted()
