"""Points of one known width, and what two of them have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fishcount.spots.points.groups import close_pairs, groups_of_pairs

__all__ = ["AROUND_REACH", "COUPLED_REACH", "GROUP_REACH", "PointModel", "Points"]

# Points connected by steps of this many widths are one group: a change of one affects the others.
GROUP_REACH = 4.0
# Beyond this many widths two points do not affect each other.
COUPLED_REACH = 6.0
# Within this many widths others tell how crowded a place is. No larger reach is asked for, so pairs
# are found up to here, once.
AROUND_REACH = 8.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Points of a scene: position and height.

    Which of them are close is asked for again and again, and found once.
    """

    y_px: NDArray[np.float64]
    x_px: NDArray[np.float64]
    amplitude_counts: NDArray[np.float64]
    _found: dict[float, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __len__(self) -> int:
        return len(self.y_px)

    @property
    def yx_px(self) -> NDArray[np.float64]:
        """Positions (n, 2)."""
        return np.stack([self.y_px, self.x_px], axis=1)

    def pairs(self, reach_px: float, *, at_most_px: float) -> NDArray[np.int64]:
        """Pairs (m, 2) of points at most `reach_px` apart, as `close_pairs` gives them.

        `at_most_px` is the largest reach that will be asked for.
        """
        if at_most_px not in self._found:
            pairs = close_pairs(self.y_px, self.x_px, at_most_px)
            first, second = pairs.T
            dy, dx = self.y_px[first] - self.y_px[second], self.x_px[first] - self.x_px[second]
            self._found[at_most_px] = pairs, dy**2 + dx**2
        pairs, square = self._found[at_most_px]
        return pairs[square <= reach_px**2]

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Points:
        """Some of the points."""
        taken = Points(
            y_px=self.y_px[which],
            x_px=self.x_px[which],
            amplitude_counts=self.amplitude_counts[which],
        )
        if which.dtype == bool:
            # They lie where they lay: what was found holds for those that are left.
            number = np.cumsum(which, dtype=np.int64) - 1
            for at_most_px, (pairs, square) in self._found.items():
                both = which[pairs].all(axis=1)
                taken._found[at_most_px] = number[pairs[both]], square[both]
        return taken

    def placed(self, where: NDArray[np.bool_], others: Points) -> Points:
        """The same with `others` in place of those at `where`."""
        y, x, height = self.y_px.copy(), self.x_px.copy(), self.amplitude_counts.copy()
        y[where], x[where], height[where] = others.y_px, others.x_px, others.amplitude_counts
        return Points(y_px=y, x_px=x, amplitude_counts=height)

    def joined(self, more: Points) -> Points:
        """These points and then `more`."""
        return Points(
            y_px=np.concatenate([self.y_px, more.y_px]),
            x_px=np.concatenate([self.x_px, more.x_px]),
            amplitude_counts=np.concatenate([self.amplitude_counts, more.amplitude_counts]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointModel:
    """Gaussian points ``g`` of one width, seen by a filter ``H``; see `spots.crowds.scene`.

    Attributes
    ----------
    sigma_px : float
        Width of a point.
    background_sigma_px : float
        Width of the Gaussian whose share ``H`` takes away.
    """

    sigma_px: float
    background_sigma_px: float

    @property
    def norm(self) -> float:
        """Square root of ``<g, H g>``: what noise of 1 is to be compared with."""
        return float(np.sqrt(self.product(np.zeros(1), np.zeros(1))[0]))

    @property
    def _terms(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Weight and variance of the two Gaussians in the product of two points."""
        point = self.sigma_px**2
        blurred = point + self.background_sigma_px**2
        passed = point / blurred * 2 * np.pi * point * blurred / (point + blurred)
        return (np.pi * point, 2 * point), (-passed, point + blurred)

    def pairs(self, points: Points, widths: float) -> NDArray[np.int64]:
        """Pairs (m, 2) of points at most `widths` apart, each once, in rising order."""
        return points.pairs(widths * self.sigma_px, at_most_px=AROUND_REACH * self.sigma_px)

    def groups(self, points: Points, widths: float) -> NDArray[np.int64]:
        """Group of each point, from 0: points connected by steps of at most `widths`."""
        return groups_of_pairs(self.pairs(points, widths), len(points))

    def neighbours(
        self, points: Points, widths: float, *, among: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """How many others, or others `among` some, lie at most `widths` from each point."""
        pairs = self.pairs(points, widths)
        # Each pair twice, once from either side.
        place, other = np.concatenate([pairs, pairs[:, ::-1]]).T
        if among is not None:
            place = place[among[other]]
        return np.bincount(place, minlength=len(points))

    def product(self, dy: NDArray[np.float64], dx: NDArray[np.float64]) -> NDArray[np.float64]:
        """``<g_i, H g_j>`` for points (dy, dx) apart."""
        square = dy**2 + dx**2
        total = np.zeros_like(square)
        for weight, variance in self._terms:
            total += weight * np.exp(-square / (2 * variance))
        return total

    def products(
        self, dy: NDArray[np.float64], dx: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], ...]:
        """The product and its derivatives: p, p_y, p_x, p_yy, p_xx, p_xy."""
        square = dy**2 + dx**2
        # The product, and the same over the variance of each term once and twice.
        p, once, twice = (np.zeros_like(square) for _ in range(3))
        for weight, variance in self._terms:
            e = weight * np.exp(square / (-2 * variance))
            p += e
            once += e / variance
            twice += e / variance**2
        return (
            p,
            -dy * once,
            -dx * once,
            dy**2 * twice - once,
            dx**2 * twice - once,
            dy * dx * twice,
        )
