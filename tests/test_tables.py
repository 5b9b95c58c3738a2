"""The columns of the case folder: their order, their types, also where there is nothing."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fishcount import FishImage, score_case
from fishcount.optics import KnownOptics
from fishcount.tables import (
    NUCLEI_COLUMNS,
    SIGNALS_COLUMNS,
    nuclei_table,
    signals_table,
    summary_record,
)

CONTRACT_NUCLEI = [
    "field",
    "nucleus",
    "y_px",
    "x_px",
    "area_um2",
    "scored",
    "reject_reason",
    "her2",
    "her2_low",
    "her2_high",
    "cep17",
    "cep17_low",
    "cep17_high",
    "ratio",
    "flags",
]
CONTRACT_SIGNALS = [
    "field",
    "signal",
    "channel",
    "nucleus",
    "z_px",
    "y_px",
    "x_px",
    "snr",
    "amplitude_counts",
    "background_counts",
    "copies",
    "status",
    "reason",
]
CONTRACT_SUMMARY = [
    "schema_version",
    "case",
    "fields",
    "n_scored",
    "her2_signals",
    "cep17_signals",
    "mean_her2_per_nucleus",
    "mean_cep17_per_nucleus",
    "her2_cep17_ratio",
    "intervals_95",
    "categories",
    "flags",
    "software",
    "settings_sha256",
    "ihc",
    "tags",
    "pixel_size_um",
    "channels",
]


def noise_field(channels, seed=0):
    rng = np.random.default_rng(seed)
    pixels = rng.poisson(100, (len(channels), 96, 96)).astype(np.uint16)
    return FishImage.from_array(pixels, axes="CYX", channels=channels, pixel_size_um=0.1)


@pytest.fixture(scope="module", params=[("DAPI", "HER2", "CEP17"), ("DAPI", "HER2")])
def empty_case(request):
    """A case whose field shows noise only."""
    return score_case([noise_field(request.param)], name="empty")


def test_columns_of_the_contract_come_first():
    assert list(NUCLEI_COLUMNS)[: len(CONTRACT_NUCLEI)] == CONTRACT_NUCLEI
    assert list(SIGNALS_COLUMNS)[: len(CONTRACT_SIGNALS)] == CONTRACT_SIGNALS


def test_empty_tables_have_every_column_and_type(empty_case):
    table = nuclei_table(empty_case.fields)
    assert len(table) == 0
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == dict(NUCLEI_COLUMNS)
    signals = signals_table([])
    assert {name: str(dtype) for name, dtype in signals.dtypes.items()} == dict(SIGNALS_COLUMNS)


def test_summary_of_an_empty_case_is_json_without_nan_and_never_negative(empty_case):
    summary = summary_record(empty_case)
    assert set(CONTRACT_SUMMARY) <= set(summary)
    json.dumps(summary, allow_nan=False)
    assert summary["n_scored"] == 0
    assert summary["her2_cep17_ratio"] is None
    assert summary["fields"][0]["flags"].count("NO_NUCLEI") == 1
    assert {entry["category"] for entry in summary["categories"]} == {"NOT_EVALUABLE"}


def test_signals_name_the_one_that_they_were_merged_into(two_nuclei_result):
    counts = two_nuclei_result.counts
    n = len(counts.signals)
    into = np.zeros(n, np.int64)
    into[1] = 3
    signals = replace(counts.signals, score=np.linspace(-2, 5, n), merged_into=into)
    table = signals_table([replace(two_nuclei_result, counts=replace(counts, signals=signals))])
    assert list(table.columns)[-3:] == ["score", "merged_into", "significance"]
    assert table["score"].tolist() == np.linspace(-2, 5, n).tolist()
    assert table["merged_into"].dropna().to_dict() == {1: 3}


def test_a_field_says_its_optics_and_how_wide_a_point_was(two_nuclei_result):
    optics = KnownOptics(numerical_aperture=1.3, emission_nm={"HER2": 588.0})
    field = replace(two_nuclei_result, image=replace(two_nuclei_result.image, optics=optics))
    (record,) = summary_record(score_case([field]))["fields"]
    assert record["numerical_aperture"] == 1.3
    assert record["emission_nm"] == {"HER2": 588.0}
    assert record["point_sigma_um"]["HER2"] == pytest.approx(0.15, rel=0.05)
    (unknown,) = summary_record(score_case([two_nuclei_result]))["fields"]
    assert (unknown["numerical_aperture"], unknown["emission_nm"]) == (None, {})


def test_tables_tell_places_in_pixels_and_areas_in_micrometres(two_nuclei_result):
    nuclei = nuclei_table([two_nuclei_result]).sort_values("x_px")
    assert nuclei[["y_px", "x_px"]].to_numpy() == pytest.approx(NUCLEI_YX, abs=1)
    assert nuclei["area_um2"].tolist() == pytest.approx(2 * [np.pi * 4.0**2], rel=0.15)
    signals = signals_table([two_nuclei_result])
    kept = signals[signals["status"] == "kept"].sort_values(["x_px", "y_px"])
    assert kept[["y_px", "x_px"]].to_numpy() == pytest.approx(np.array(SIGNALS_YX), abs=0.3)
    assert kept["nucleus"].map(nuclei.set_index("nucleus")["x_px"]).round().tolist() == [
        70,
        70,
        185,
        185,
        185,
    ]


def test_missing_probe_is_missing_not_zero(two_nuclei_result):
    table = nuclei_table([two_nuclei_result]).sort_values("x_px")
    assert table["her2"].tolist() == [2, 3]
    assert table["cep17"].isna().all()
    assert table["ratio"].isna().all()
    assert isinstance(table["her2"].dtype, pd.Int64Dtype)


NUCLEI_YX = np.array([(80, 70), (80, 185)])
SIGNALS_YX = [(60, 60), (95, 85), (60, 175), (105, 175), (80, 205)]


@pytest.fixture
def two_nuclei_result():
    """A single-probe field with two drawn nuclei of two and three signals."""
    from fishcount import score_field

    rng = np.random.default_rng(3)
    y, x = np.mgrid[:160, :260].astype(float)
    dapi = np.zeros((160, 260))
    for cy, cx in NUCLEI_YX:
        dapi += 600 / (1 + np.exp(np.hypot(y - cy, x - cx) - 40))
    her2 = 40 * dapi / 600
    for cy, cx in SIGNALS_YX:
        her2 += 800 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 1.5**2))
    pixels = rng.poisson(np.stack([dapi, her2]) + 100).astype(np.uint16)
    return score_field(
        FishImage.from_array(pixels, axes="CYX", channels=["DAPI", "HER2"], pixel_size_um=0.1)
    )


def test_fields_of_the_same_name_are_told_apart(tmp_path):
    from fishcount.batch import write_case
    from fishcount.io import read_case_folder
    from fishcount.synthetic import simulate_case

    images = [
        replace(image, name=name, pixel_size_um=size)
        for (image, _), name, size in zip(
            simulate_case("negative", seed=1, n_fields=3, size=256),
            ("field", "Field", "field_2"),
            (0.1, 0.12, 0.1),
            strict=True,
        )
    ]
    case = score_case(images)
    names = [field.image.name for field in case.fields]
    assert names == ["field", "Field_2", "field_2_2"]
    assert not nuclei_table(case).duplicated(["field", "nucleus"]).any()
    assert "PIXEL_SIZES_DIFFER" in {finding.code for finding in case.findings}
    write_case(tmp_path / "case", case)
    assert list(read_case_folder(tmp_path / "case").labels) == names
