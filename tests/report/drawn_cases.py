"""Small results drawn by hand, so that the report is tested apart from the algorithms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from skimage.measure import regionprops

from fishcount.flags import Finding, mask_of
from fishcount.image import PROBES, FishImage
from fishcount.nuclei import Nuclei
from fishcount.results import CaseResult, Category, FieldResult
from fishcount.scoring import CaseScore
from fishcount.settings import Settings
from fishcount.signals import Copies, SignalCounts, Signals

SIDE_PX = 128
RADIUS_PX = 13


def draw_field_result(
    *,
    name: str = "field_1",
    her2: Sequence[int] = (4, 5, 6, 3),
    cep17: Sequence[int] | None = (2, 2, 3, 0),
    planes: int = 1,
    reject_reason: Sequence[str] = ("", "", "", "ONE_COLOUR"),
    findings: tuple[Finding, ...] = (),
    side_px: int = SIDE_PX,
    seed: int = 1,
) -> FieldResult:
    """A field of round nuclei on a grid, with as many signals as it is told."""
    rng = np.random.default_rng(seed)
    n = len(her2)
    probes = PROBES if cep17 is not None else PROBES[:1]
    copies = {"HER2": np.array(her2, np.int64)}
    if cep17 is not None:
        copies["CEP17"] = np.array(cep17, np.int64)
    labels, centres = _disks(n, side_px)
    rows = []
    for role in probes:
        for row, count in enumerate(copies[role]):
            offsets = rng.uniform(-8, 8, (int(count), 2))
            rows += [(role, row + 1, y, x) for y, x in centres[row] + offsets]
    pixels = rng.poisson(100, (1 + len(probes), planes, side_px, side_px)).astype(np.uint16)
    pixels[0] += (800 * (labels > 0)).astype(np.uint16)
    for role, _, y, x in rows:
        at = (1 + probes.index(role), 0, int(np.clip(y, 0, side_px - 1)), int(x))
        pixels[at] += 500
    image = FishImage.from_array(
        pixels,
        axes="CZYX",
        channels=["DAPI", *probes],
        pixel_size_um=0.2,
        z_step_um=0.4 if planes > 1 else None,
        name=name,
    )
    reasons = np.array(list(reject_reason)[:n], dtype="U32")
    flags = np.array([mask_of([code] if code else []) for code in reasons], np.uint32)
    return FieldResult(
        image=image,
        nuclei=_nuclei(labels, flags),
        spots={},
        counts=SignalCounts(
            signals=_signals(rows),
            copies={role: _exact(count) for role, count in copies.items()},
            single_flux={},
        ),
        flags=flags,
        scored=reasons == "",
        reject_reason=reasons,
        findings=findings,
    )


def _disks(n: int, side_px: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:side_px, :side_px]
    labels = np.zeros((side_px, side_px), np.int32)
    per_row = max((side_px - 4) // (2 * RADIUS_PX + 4), 1)
    pitch = 2 * RADIUS_PX + 4
    centres = np.array(
        [((i // per_row + 0.5) * pitch, (i % per_row + 0.5) * pitch) for i in range(n)]
    )
    for label, (cy, cx) in enumerate(centres, start=1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= RADIUS_PX**2] = label
    return labels, centres.reshape(-1, 2)


def _nuclei(labels: np.ndarray, flags: np.ndarray) -> Nuclei:
    regions = regionprops(labels)
    if not regions:
        return Nuclei.empty((labels.shape[0], labels.shape[1]))
    n = len(regions)
    none = Nuclei.empty((1, 1))
    # Columns that the report does not read are zero.
    columns = {
        column.name: np.zeros(
            (n, *getattr(none, column.name).shape[1:]), getattr(none, column.name).dtype
        )
        for column in fields(Nuclei)
        if isinstance(getattr(none, column.name), np.ndarray)
    }
    columns |= {
        "labels": labels,
        "y_px": np.array([region.centroid[0] for region in regions]),
        "x_px": np.array([region.centroid[1] for region in regions]),
        "area_px": np.array([region.area for region in regions], np.int64),
        "bbox_px": np.array([region.bbox for region in regions], np.int64),
        "flags": flags,
    }
    return Nuclei(**columns, diameter_px=2.0 * RADIUS_PX, threshold_counts=200.0)


def _signals(rows: Sequence[tuple[str, int, float, float]]) -> Signals:
    n = len(rows)
    if not n:
        return Signals.empty()
    return Signals(
        channel=np.array([row[0] for row in rows]),
        nucleus=np.array([row[1] for row in rows], np.int64),
        z_px=np.zeros(n),
        y_px=np.array([row[2] for row in rows]),
        x_px=np.array([row[3] for row in rows]),
        snr=np.full(n, 9.0),
        amplitude_counts=np.full(n, 400.0),
        background_counts=np.full(n, 100.0),
        copies=np.ones(n),
        status=np.full(n, "kept", "U16"),
        reason=np.full(n, "", "U16"),
    )


def _exact(count: np.ndarray) -> Copies:
    no = np.zeros(len(count), np.bool_)
    return Copies(best=count, low=count.copy(), high=count.copy(), estimated=no, disagree=no.copy())


def make_case(
    fields: Sequence[FieldResult], *, name: str = "case_1", categories: Sequence[Category] = ()
) -> CaseResult:
    """A case with sums over the scored nuclei of its fields."""
    sums = {
        role: sum(int(f.counts.copies[role].best[f.scored].sum()) for f in fields)
        for role in PROBES
        if all(role in f.counts.copies for f in fields)
    }
    return CaseResult(
        name=name,
        fields=tuple(fields),
        score=CaseScore(
            n_scored=sum(int(f.scored.sum()) for f in fields),
            her2_signals=sums.get("HER2", 0),
            cep17_signals=sums.get("CEP17"),
            areas=len(fields),
            intervals_95={"mean_her2_per_nucleus": (4.1, 5.9)},
        ),
        categories=tuple(categories) or CATEGORIES,
        settings=Settings(),
    )


CATEGORIES = (
    Category(
        scheme="seed-copies",
        edition="2025-04-10",
        category="POSITIVE",
        reason="mean 15/3 > 4",
        flags=("FEW_NUCLEI",),
        probability={"POSITIVE": 0.97, "EQUIVOCAL": 0.03},
    ),
    Category(
        scheme="asco-cap-2018-dual",
        edition="2018, affirmed 2023",
        category="NEEDS_IHC",
        group=2,
        needs=("ihc",),
        reason="ratio 15/7 >= 2 and mean 15/3 < 4",
    ),
    Category(scheme="asco-cap-2007-dual", edition="2007", category="EQUIVOCAL"),
    Category(scheme="asco-cap-2007-single", edition="2007", category="NEGATIVE"),
)
