"""Copies per nucleus on images that are not of this project: the bars of the whole chain."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount import read_image, score_field
from fishcount.image import PROBES
from fishcount.metrics import count_errors, match_labels
from fishcount.synthetic import read_truth

CHANNELS = {"HER2": "R", "CEP17": "G", "DAPI": "B"}


def provisional_counts(folder):
    """Columns x, y, red, green of the nuclei that a person counted."""
    lines = (folder / "provisional_counts.csv").read_text(encoding="utf-8").splitlines()[2:]
    # The last column is a remark, and holds commas.
    return np.array([line.split(",")[1:5] for line in lines if line.strip()], int)


@pytest.mark.outside
def test_interphase_counts_are_exact_in_30_of_31_nuclei(outside_data):
    folder = outside_data / "real" / "interphase_2r2g"
    files = {role: folder / f"SampleFISH_{colour}.jpg" for role, colour in CHANNELS.items()}
    result = score_field(read_image(files, pixel_size_um=0.1))
    x, y, red, green = provisional_counts(folder).T
    nucleus = result.nuclei.labels[y, x]
    assert (nucleus > 0).all()
    her2, cep17 = (result.counts.copies[probe].best[nucleus - 1] for probe in PROBES)
    assert np.count_nonzero((her2 == red) & (cep17 == green)) >= 30


@pytest.mark.outside
@pytest.mark.parametrize(
    ("case", "her2_mae", "cep17_mae"),
    [("negative_easy", 0.35, 0.25), ("negative_medium", 0.5, 0.45)],
)
def test_phantom_counts_stay_as_good_as_they_are(outside_data, case, her2_mae, cep17_mae):
    counted, true = {probe: [] for probe in PROBES}, {probe: [] for probe in PROBES}
    for path in sorted((outside_data / "phantoms" / case).glob("*.ome.tif")):
        truth, result = read_truth(path), score_field(read_image(path))
        found, matched = match_labels(result.nuclei.labels, truth.labels).pairs(0.5)
        row = np.searchsorted(truth.nuclei.id, matched)
        use = result.scored[found - 1] & truth.nuclei.scorable[row]
        for probe, column in zip(PROBES, (truth.nuclei.her2, truth.nuclei.cep17), strict=True):
            counted[probe] += result.counts.copies[probe].best[found[use] - 1].tolist()
            true[probe] += column[row[use]].tolist()
    assert len(true["HER2"]) >= 30
    assert count_errors(counted["HER2"], true["HER2"]).mae <= her2_mae
    assert count_errors(counted["CEP17"], true["CEP17"]).mae <= cep17_mae
