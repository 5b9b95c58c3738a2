"""What must hold on outside images: clumps are never scored as one, counted nuclei are one each."""

import csv
import json

import numpy as np
import pytest
import tifffile
from skimage import io

from fishcount.metrics import match_labels
from fishcount.nuclei import segment_nuclei, select_nuclei

pytestmark = pytest.mark.outside


def phantom_fields(folder):
    for case, about in json.loads((folder / "cases.json").read_text()).items():
        for path in sorted((folder / case).glob("*.ome.tif")):
            image = tifffile.imread(path)
            truth = folder / case / "truth" / path.name.replace(".ome.tif", "_labels.tif")
            dapi = image[:, 0] if about["planes"] > 1 else image[0]
            yield path, dapi, tifffile.imread(truth)


def test_no_merged_pair_is_scored_and_few_scored_are_wrong(outside_data):
    n_scored = n_wrong = 0
    for path, dapi, truth in phantom_fields(outside_data / "phantoms"):
        nuclei = segment_nuclei(dapi, pixel_size_um=0.1)
        scored = np.flatnonzero(select_nuclei(nuclei.flags)[0]) + 1
        match = match_labels(nuclei.labels, truth)
        assert not np.isin(match.merged_labels(), scored).any(), path
        n_scored += len(scored)
        n_wrong += np.isin(scored, match.pairs(0.5)[0], invert=True).sum()
    assert n_scored > 150
    assert n_wrong <= 0.02 * n_scored


def test_every_counted_interphase_nucleus_is_one(outside_data):
    folder = outside_data / "real" / "interphase_2r2g"
    image = io.imread(folder / "SampleFISH_B.jpg")
    nuclei = segment_nuclei(image, pixel_size_um=0.1)
    lines = [x for x in (folder / "provisional_counts.csv").open() if not x.startswith("#")]
    at = [nuclei.labels[int(row["y"]), int(row["x"])] for row in csv.DictReader(lines)]
    assert min(at) > 0
    assert len(set(at)) == len(at)


@pytest.mark.parametrize(
    ("name", "least"),
    [("dsb2018_256x256", 0.82), ("dsb2018_360x360", 0.85), ("dsb2018_520x696", 0.88)],
)
def test_nuclei_of_unknown_size_are_found(outside_data, name, least):
    hits = others = 0
    for path in sorted((outside_data / "real" / "nuclei" / name).glob("*_label.png"))[::3]:
        image = io.imread(path.with_name(path.name.replace("_label", "")))
        score = match_labels(segment_nuclei(image).labels, io.imread(path)).score(0.5)
        hits += score.true_positives
        others += score.false_positives + score.false_negatives
    assert 2 * hits / (2 * hits + others) >= least
