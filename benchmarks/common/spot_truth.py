"""Drawn probe channels with their true points, and how far found points are from these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as default
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from benchmarks.common.ideal import ideal_spots
from benchmarks.common.localisation import least_errors_px, patches_of_ground
from benchmarks.common.spot_peers import Image, Points
from benchmarks.common.truth_fields import TrueField, read_folder
from fishcount.image import PROBES
from fishcount.metrics import match_points
from fishcount.synthetic.truth import SpotKind, SpotsTruth

# A point is found within this of it; crowded with another copy within that; and a false point
# within the last of a crowded one is charged to the crowd.
REACH_PX, CROWDED_PX, NEAR_CROWD_PX = 3.0, 5.0, 8.0


@dataclass(frozen=True, eq=False)
class Channel:
    """One probe channel of a field, with its true points."""

    field: TrueField
    probe: str

    @property
    def difficulty(self) -> str:
        """Of its field."""
        return self.field.difficulty

    @cached_property
    def image(self) -> Image:
        """Counts as they are stored."""
        return self.field.image.channel(self.probe)

    @cached_property
    def truth(self) -> SpotsTruth:
        """The true points, debris included."""
        return self.field.points_of(self.probe)

    @property
    def other(self) -> Channel:
        """That of the other probe."""
        (probe,) = (probe for probe in PROBES if probe != self.probe)
        return Channel(self.field, probe)

    @property
    def z_step_um(self) -> float | None:
        """Distance of planes; None of a plane."""
        return self.field.image.z_step_um if self.image.ndim == 3 else None

    @property
    def plane(self) -> Image:
        """The plane, or the maximum over planes."""
        return self.image if self.image.ndim == 2 else self.image.max(axis=0)

    @cached_property
    def least_errors_px(self) -> NDArray[np.float64]:
        """How well each true point can be placed at all; in a stack by its middle plane."""
        truth = self.truth
        return least_errors_px(
            self.image if self.image.ndim == 2 else self.image[len(self.image) // 2],
            truth.y,
            truth.x,
            sigma_px=truth.sigma,
            electrons=truth.amp,
        )

    def seen_by_ideal(self) -> Points:
        """What `benchmarks.common.ideal` sees, at the true places."""
        return ideal_spots(self.field, self.probe).yx_px

    def ground(self) -> NDArray[np.float64]:
        """Patches (n, pixels) of nuclei in which neither probe has a point, in electrons."""
        truths = self.truth, self.other.truth
        y, x = (np.concatenate([getattr(truth, axis) for truth in truths]) for axis in "yx")
        return patches_of_ground(self.plane, self.field.truth.labels > 0, y, x)


@dataclass
class Tally:
    """Sums over fields."""

    hits: int = 0
    false: int = 0
    missed: int = 0
    crowded: int = 0
    crowded_hits: int = 0
    crowded_false: int = 0
    squares: list[float] = default(default_factory=list)
    least_squares: list[float] = default(default_factory=list)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.hits / max(2 * self.hits + self.false + self.missed, 1)

    def row(self) -> dict[str, float]:
        """The figures of the table."""
        crowded = self.crowded_hits + self.crowded_false if self.crowded else 0
        return {
            "F1": self.f1,
            "precision": self.hits / max(self.hits + self.false, 1),
            "recall": self.hits / max(self.hits + self.missed, 1),
            "crowded recall": self.crowded_hits / self.crowded if self.crowded else np.nan,
            "crowded precision": self.crowded_hits / crowded if crowded else np.nan,
            "RMSE px": _root_mean(self.squares),
            "bound px": _root_mean(self.least_squares),
        }


def _root_mean(squares: list[float]) -> float:
    return float(np.sqrt(np.mean(squares))) if squares else np.nan


def read_channels(folder: Path, limit: int | None) -> Iterator[Channel]:
    """Both probes of at most so many fields of each case of a folder; all where it is None."""
    for field in read_folder(folder, most_fields=limit):
        for probe in PROBES:
            yield Channel(field, probe)


def by_kind(folder: Path, limit: int | None) -> dict[tuple[str, str], list[Channel]]:
    """The channels of a folder by difficulty and probe, in this order."""
    kinds: dict[tuple[str, str], list[Channel]] = {}
    for channel in read_channels(folder, limit):
        kinds.setdefault((channel.difficulty, channel.probe), []).append(channel)
    return dict(sorted(kinds.items()))


def add_to(tally: Tally, found: Points, channel: Channel) -> None:
    """Count one field."""
    truth = channel.truth
    true = np.stack([truth.y, truth.x], axis=1)
    # Copies may be numbered from one in each nucleus.
    copy = truth.copy + truth.nucleus * 100_000
    debris = truth.kind == SpotKind.DEBRIS
    match = match_points(found, true, max_distance_px=REACH_PX, group=copy, ignored=debris)
    tally.hits += match.true.size
    tally.false += match.false.size
    tally.missed += match.missed.size
    crowded = crowded_points(true, copy, debris)
    in_crowd = np.unique(copy[crowded])
    tally.crowded += in_crowd.size
    tally.crowded_hits += int(np.isin(in_crowd, copy[match.true]).sum())
    if crowded.any() and match.false.size:
        distance, _ = KDTree(true[crowded]).query(found[match.false])
        tally.crowded_false += int((distance < NEAR_CROWD_PX).sum())
    alone = ~crowded[match.true] & (truth.kind[match.true] != SpotKind.SPLIT)
    tally.squares += list(np.square(match.distance_px[alone]))
    tally.least_squares += list(np.square(channel.least_errors_px[match.true[alone]]))


def crowded_points(
    true: Points, copy: NDArray[np.int64], debris: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    crowded = np.zeros(len(true), bool)
    if len(true) > 1:
        for first, second in KDTree(true).query_pairs(CROWDED_PX):
            if copy[first] != copy[second] and not (debris[first] or debris[second]):
                crowded[[first, second]] = True
    return crowded
