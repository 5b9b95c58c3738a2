"""A field and its result, made by hand, so that these tests know what is to be seen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from fishcount.batch import CaseJob, FieldJob, score_job
from fishcount.flags import Finding, mask_of
from fishcount.image import FishImage
from fishcount.nuclei import Nuclei
from fishcount.results import CaseResult, Category, FieldResult
from fishcount.scoring import CaseScore
from fishcount.settings import Settings
from fishcount.signals import Copies, SignalCounts, Signals, SingleFlux
from fishcount.synthetic import simulate_case, write_case

SHAPE = (60, 90)
PIXEL_UM = 0.1
CENTRES = np.array([[20, 20], [30, 60], [55, 5]])


def disc(centre: np.ndarray, radius: float) -> np.ndarray:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


@pytest.fixture
def labels() -> np.ndarray:
    """Two whole nuclei, and one that is cut by the edge."""
    labels = np.zeros(SHAPE, np.int32)
    for label, centre in enumerate(CENTRES, start=1):
        labels[disc(centre, 12)] = label
    return labels


@pytest.fixture
def image(labels: np.ndarray) -> FishImage:
    """A plane with bright nuclei and one point of each probe in the first nucleus."""
    rng = np.random.default_rng(3)
    pixels = rng.poisson(100, (3, *SHAPE)).astype(np.uint16)
    pixels[0][labels > 0] += 800
    pixels[1][disc(np.array([18, 16]), 2)] += 900
    pixels[2][disc(np.array([22, 24]), 2)] += 700
    return FishImage.from_array(
        pixels, axes="CYX", channels=["DAPI", "HER2", "CEP17"], pixel_size_um=PIXEL_UM, name="one"
    )


@pytest.fixture
def stack(image: FishImage) -> FishImage:
    """The same field in four planes."""
    return FishImage.from_array(
        np.repeat(image.pixels, 4, axis=1),
        axes="CZYX",
        channels=image.channels,
        pixel_size_um=PIXEL_UM,
        z_step_um=0.3,
        name="deep",
    )


@pytest.fixture
def signals() -> Signals:
    """Two HER2 signals and one CEP17 signal are kept, one HER2 candidate is rejected."""
    return Signals(
        channel=np.array(["HER2", "HER2", "HER2", "CEP17"]),
        nucleus=np.array([1, 2, 2, 1]),
        z_px=np.array([0.0, 1.0, 2.0, 3.0]),
        y_px=np.array([18.0, 28.0, 33.0, 22.0]),
        x_px=np.array([16.0, 58.0, 63.5, 24.0]),
        snr=np.array([30.0, 12.0, 5.2, 22.0]),
        amplitude_counts=np.array([900.0, 300.0, 90.0, 700.0]),
        background_counts=np.full(4, 100.0),
        copies=np.array([1.0, 7.0, 0.0, 1.0]),
        status=np.array(["kept", "kept", "rejected", "kept"]),
        reason=np.array(["", "", "TOO_WIDE", ""]),
        score=np.array([4.5, 2.0, -1.5, 3.0]),
    )


@pytest.fixture
def as_scored(labels: np.ndarray, signals: Signals) -> Callable[[FishImage], FieldResult]:
    """The result that belongs to a field, plane or stack."""
    return lambda image: field_result(image, labels, signals)


@pytest.fixture
def result(image: FishImage, as_scored: Callable[[FishImage], FieldResult]) -> FieldResult:
    return as_scored(image)


def field_result(image: FishImage, labels: np.ndarray, signals: Signals) -> FieldResult:
    """Nuclei of (1, 1), (about 7, 0) copies that are scored, and one at the border."""
    flags = np.array([0, mask_of(["HER2_ESTIMATED"]), mask_of(["BORDER"])], np.uint32)
    nuclei = replace(
        Nuclei.empty(SHAPE),
        # Columns of which these tests say nothing are zero.
        **dict(blank_columns(Nuclei.empty(SHAPE), n=3)),
        labels=labels.copy(),
        y_px=CENTRES[:, 0].astype(float),
        x_px=CENTRES[:, 1].astype(float),
        area_px=np.bincount(labels.ravel(), minlength=4)[1:].astype(np.int64),
        flags=flags & np.uint32(mask_of(["BORDER"])),
    )
    return FieldResult(
        image=image,
        nuclei=nuclei,
        spots={},
        counts=SignalCounts(
            signals=signals,
            copies={"HER2": copies([1, 7, 0], spread=[0, 2, 0]), "CEP17": copies([1, 0, 0])},
            single_flux={
                probe: SingleFlux(typical_counts=counts, spread=0.3, n=20)
                for probe, counts in (("HER2", 5000.0), ("CEP17", 4000.0))
            },
        ),
        flags=flags,
        scored=np.array([True, True, False]),
        reject_reason=np.array(["", "", "BORDER"]),
    )


def blank_columns(empty: Nuclei, *, n: int) -> Iterator[tuple[str, np.ndarray]]:
    given = {"labels", "y_px", "x_px", "area_px", "flags"}
    for column in fields(empty):
        value = getattr(empty, column.name)
        if isinstance(value, np.ndarray) and column.name not in given:
            yield column.name, np.zeros((n, *value.shape[1:]), value.dtype)


def copies(best: list[int], spread: list[int] | None = None) -> Copies:
    values = np.array(best, np.int64)
    margin = np.zeros_like(values) if spread is None else np.array(spread, np.int64)
    return Copies(
        best=values,
        low=values - margin,
        high=values + margin,
        estimated=margin > 0,
        disagree=np.zeros(len(values), np.bool_),
    )


@pytest.fixture
def case(result: FieldResult) -> CaseResult:
    return CaseResult(
        name="case <7>",
        fields=(result,),
        score=CaseScore(
            n_scored=2,
            her2_signals=8,
            cep17_signals=1,
            intervals_95={"mean_her2_per_nucleus": (1.0, 7.0)},
        ),
        categories=(
            Category(
                scheme="asco-cap-2018-dual",
                edition="2018",
                category="NEEDS_IHC",
                group=4,
                needs=("ihc",),
                reason="ratio 8/1",
            ),
        ),
        settings=Settings(),
        findings=(Finding("FEW_NUCLEI", 2.0),),
    )


@pytest.fixture(scope="session")
def scored_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn case of two fields with their images, as `fishcount score` leaves it."""
    folder = tmp_path_factory.mktemp("scored")
    images = write_case(
        folder / "images", simulate_case("equivocal", seed=4, n_fields=2, size=320, snr=12.0)
    )
    job = CaseJob(name="drawn", fields=tuple(FieldJob(files=path) for path in images), ihc="2+")
    score_job(job, folder / "case")
    return folder / "case"


@pytest.fixture(scope="session")
def scored_stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn case of one stack."""
    folder = tmp_path_factory.mktemp("scored_stack")
    drawn = simulate_case("equivocal", seed=4, n_fields=1, size=256, n_planes=5, snr=12.0)
    (image,) = write_case(folder / "images", drawn)
    score_job(CaseJob(name="deep", fields=(FieldJob(files=image),)), folder / "case")
    return folder / "case"


@pytest.fixture
def review_case(scored_case: Path, tmp_path: Path) -> Path:
    """A copy of the drawn case that a test may review."""
    return Path(shutil.copytree(scored_case, tmp_path / "case"))
