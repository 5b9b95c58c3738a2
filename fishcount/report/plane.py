"""The plane of HER2 copies and ratio with the five groups, as geometry for the templates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fishcount.report.histogram import Tick
from fishcount.report.wording import number
from fishcount.scoring import CaseScore

__all__ = ["Plane", "PlanePoint", "Region", "draw_plane", "draw_plane_of_cases"]

# ASCO/CAP 2018: the borders of the five groups, for the picture only; the decision is made
# with integers in `fishcount.guidelines`.
_RATIO_BORDER = 2.0
_MEAN_BORDERS = (4.0, 6.0)

_WIDTH = 520.0
_HEIGHT = 340.0
_CLOUD_POINTS = 400

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Region:
    """The rectangle of one group in drawing units."""

    group: int
    x: float
    y: float
    width: float
    height: float
    here: bool


@dataclass(frozen=True, slots=True)
class PlanePoint:
    """One case in drawing units, with its 95 % intervals and what is written beside it."""

    x: float
    y: float
    x_span: Span | None
    y_span: Span | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Plane:
    """Mean HER2 against ratio, the five groups, and where cases lie."""

    width: float
    height: float
    regions: tuple[Region, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    rays: tuple[tuple[float, float, str], ...]
    points: tuple[PlanePoint, ...]
    cloud: str
    alt: str

    @property
    def has_spans(self) -> bool:
        """Whether any interval is drawn."""
        return any(point.x_span or point.y_span for point in self.points)


@dataclass(frozen=True, slots=True)
class _Axes:
    """Data units to drawing units; what lies beyond an axis is put on its end."""

    x_top: float
    y_top: float

    def x(self, mean: float) -> float:
        return round(_WIDTH * min(mean, self.x_top) / self.x_top, 2)

    def y(self, ratio: float) -> float:
        return round(_HEIGHT * (1 - min(ratio, self.y_top) / self.y_top), 2)

    def point(
        self, mean: float, ratio: float, spans: Mapping[str, Sequence[float]], text: str = ""
    ) -> PlanePoint:
        across, up = spans.get("mean_her2_per_nucleus"), spans.get("her2_cep17_ratio")
        return PlanePoint(
            x=self.x(mean),
            y=self.y(ratio),
            x_span=(self.x(across[0]), self.x(across[1])) if across else None,
            y_span=(self.y(up[0]), self.y(up[1])) if up else None,
            text=text,
        )


def draw_plane(score: CaseScore, *, group: int | None) -> Plane:
    """Where one case lies among the five groups of ASCO/CAP 2018 (dual probe).

    The slanted lines join equal mean CEP17, for the ratio is mean HER2 over mean CEP17. A case
    without a ratio has no point.
    """
    mean, ratio, spans = (
        score.mean_her2_per_nucleus,
        score.her2_cep17_ratio,
        score.intervals_95,
    )
    axes = _Axes(
        _axis_top([mean, *spans.get("mean_her2_per_nucleus", ())], least=8.0),
        _axis_top([ratio, *spans.get("her2_cep17_ratio", ())], least=4.0),
    )
    points = () if mean is None or ratio is None else (axes.point(mean, ratio, spans),)
    return _plane(
        axes, points, here=group, cloud=_cloud(score, axes), alt=_words(mean, ratio, group)
    )


def draw_plane_of_cases(
    cases: Iterable[tuple[str, float | None, float | None, Mapping[str, Sequence[float]]]],
) -> Plane:
    """Where several cases lie: (text, mean HER2, ratio, 95 % intervals) of each.

    Cases without a ratio have no point.
    """
    known = [
        (text, mean, ratio, spans)
        for text, mean, ratio, spans in cases
        if mean is not None and ratio is not None
    ]
    axes = _Axes(
        _axis_top([mean for _, mean, _, _ in known], least=8.0),
        _axis_top([ratio for _, _, ratio, _ in known], least=4.0),
    )
    points = tuple(axes.point(mean, ratio, spans, text) for text, mean, ratio, spans in known)
    words = f"HER2 copies against ratio with the five groups, and {len(points)} cases in it."
    return _plane(axes, points, here=None, cloud="", alt=words)


def _plane(
    axes: _Axes, points: tuple[PlanePoint, ...], *, here: int | None, cloud: str, alt: str
) -> Plane:
    return Plane(
        width=_WIDTH,
        height=_HEIGHT,
        regions=_regions(axes, here),
        x_ticks=tuple(Tick(axes.x(at), f"{at:g}") for at in _round_steps(axes.x_top)),
        y_ticks=tuple(Tick(axes.y(at), f"{at:g}") for at in _round_steps(axes.y_top)),
        rays=tuple(_ray(copies, axes) for copies in (1, 2, 4)),
        points=points,
        cloud=cloud,
        alt=alt,
    )


def _regions(axes: _Axes, here: int | None) -> tuple[Region, ...]:
    low, high = _MEAN_BORDERS
    edges = {
        1: (low, axes.x_top, _RATIO_BORDER, axes.y_top),
        2: (0.0, low, _RATIO_BORDER, axes.y_top),
        3: (high, axes.x_top, 0.0, _RATIO_BORDER),
        4: (low, high, 0.0, _RATIO_BORDER),
        5: (0.0, low, 0.0, _RATIO_BORDER),
    }
    return tuple(
        Region(
            group=group,
            x=axes.x(x0),
            y=axes.y(y1),
            width=round(axes.x(x1) - axes.x(x0), 2),
            height=round(axes.y(y0) - axes.y(y1), 2),
            here=group == here,
        )
        for group, (x0, x1, y0, y1) in edges.items()
    )


def _cloud(score: CaseScore, axes: _Axes) -> str:
    """Replicates as the dots of one path; those beyond the axes are left out."""
    if not score.replicates.has_cep17:
        return ""
    return "".join(
        f"M{axes.x(her2)} {axes.y(her2 / cep17)}h0"
        for her2, cep17 in score.replicates.means()[:_CLOUD_POINTS].tolist()
        if cep17 > 0 and her2 <= axes.x_top and her2 / cep17 <= axes.y_top
    )


def _ray(cep17: int, axes: _Axes) -> tuple[float, float, str]:
    """End of the line from the origin on which the mean CEP17 is `cep17`."""
    end = min(axes.x_top, cep17 * axes.y_top)
    return axes.x(end), axes.y(end / cep17), f"{cep17}"


def _words(mean: float | None, ratio: float | None, group: int | None) -> str:
    if mean is None or ratio is None:
        return "HER2 copies against ratio with the five groups; this case has no ratio to place."
    where = f"in group {group}" if group else "in no group"
    return (
        f"HER2 copies against ratio with the five groups: this case lies at {number(mean)} "
        f"copies and ratio {number(ratio)}, {where}."
    )


def _axis_top(values: Iterable[float | None], *, least: float) -> float:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return max(least, math.ceil(1.1 * max(known, default=0.0)))


def _round_steps(top: float) -> list[float]:
    step = next(step for step in (1, 2, 4, 5, 10, 20, 50, 100, 1e9) if top / step <= 9)
    return [i * float(step) for i in range(int(top / step) + 1)]
