"""Fields with exact truth, and what perfect detection or perfect outlines would give on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from fishcount import FishImage, read_image
from fishcount.image import PROBES
from fishcount.nuclei import Nuclei, nuclei_from_labels
from fishcount.spots import Spots
from fishcount.synthetic import Truth, read_truth
from fishcount.synthetic.truth import SpotKind, SpotsTruth

# Neighbours within this many sigmas form one crowded group.
GROUP_SIGMAS = 4.0


@dataclass(frozen=True)
class TrueField:
    """One field with its truth."""

    case: str
    difficulty: str
    image: FishImage
    truth: Truth

    @property
    def scorable(self) -> NDArray[np.bool_]:
        """Rows of nuclei that should be scored."""
        return self.truth.nuclei.scorable

    def copies(self, probe: str) -> NDArray[np.int64]:
        """True copies of each nucleus."""
        return {"HER2": self.truth.nuclei.her2, "CEP17": self.truth.nuclei.cep17}[probe]

    def true_points(self, probe: str) -> NDArray[np.bool_]:
        """Rows of true points of a probe, debris included."""
        return self.truth.spots.channel == PROBES.index(probe)

    def points_of(self, probe: str) -> SpotsTruth:
        """The true points of a probe, debris included."""
        spots, mine = self.truth.spots, self.true_points(probe)
        return replace(spots, **{one.name: getattr(spots, one.name)[mine] for one in fields(spots)})

    def outlines(self) -> tuple[Nuclei, NDArray[np.bool_]]:
        """True outlines as if they had been segmented, and which of them should be scored."""
        nuclei = nuclei_from_labels(self.truth.labels, self.image.channel("DAPI"))
        # Labels are renumbered: the true label is what lies under the first pixel of each.
        labels, first = np.unique(nuclei.labels, return_index=True)
        ids = self.truth.labels.ravel()[first[labels > 0]]
        return nuclei, np.isin(ids, self.truth.nuclei.id[self.scorable])


def read_folder(folder: Path, *, most_fields: int | None = None) -> Iterator[TrueField]:
    """All fields of a folder of cases; ``cases.json``, where it is there, tells how difficult."""
    about = folder / "cases.json"
    known = json.loads(about.read_text(encoding="utf-8")) if about.exists() else {}
    cases = [folder / name for name in known if (folder / name).is_dir()] or sorted(
        path.parent for path in folder.glob("*/truth")
    )
    for case in cases:
        facts = known.get(case.name, {})
        for path in sorted(case.glob("*.ome.tif"))[:most_fields]:
            image = read_image(path)
            stack = " stack" if image.n_planes > 1 else ""
            difficulty = str(facts.get("snr", case.name)) + stack
            yield TrueField(case.name, difficulty, image, read_truth(path))


def perfect_spots(field: TrueField, probe: str) -> Spots:
    """The true points of signals; the weaker of two within one sigma is not to be seen."""
    spots = field.truth.spots
    rows = np.flatnonzero(field.true_points(probe) & (spots.kind != SpotKind.DEBRIS))
    rows = rows[np.argsort(-spots.amp[rows], kind="stable")]
    gap = _gaps(spots.y[rows], spots.x[rows])
    hidden = np.tril(gap < spots.sigma[rows][:, None], -1).any(axis=1)
    return spots_at(field, rows[~hidden])


def spots_at(field: TrueField, rows: NDArray[np.int64]) -> Spots:
    """Rows of the true points as if they had been detected, in their order in the image."""
    spots = field.truth.spots
    rows = rows[np.lexsort((spots.x[rows], spots.y[rows]))]
    sigma, amplitude = spots.sigma[rows], spots.amp[rows]
    typical = float(np.median(sigma)) if len(rows) else float("nan")
    return Spots(
        z_px=np.zeros(len(rows)),
        y_px=spots.y[rows],
        x_px=spots.x[rows],
        amplitude_counts=amplitude,
        background_counts=np.zeros(len(rows)),
        sigma_px=sigma,
        flux_counts=2 * np.pi * amplitude * sigma**2,
        snr=np.full(len(rows), 1e3),
        kept=np.ones(len(rows), bool),
        reason=np.full(len(rows), "", "U16"),
        cluster=_groups(_gaps(spots.y[rows], spots.x[rows]) < GROUP_SIGMAS * typical),
        psf_sigma_px=typical,
        min_snr=4.0,
    )


def _gaps(y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hypot(y[:, None] - y, x[:, None] - x)


def _groups(close: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the connected group of each point; 0 for a point alone."""
    if not len(close):
        return np.zeros(0, np.int64)
    _, group = connected_components(csr_matrix(close), directed=False)
    return np.where(np.bincount(group)[group] > 1, group + 1, 0).astype(np.int64)
