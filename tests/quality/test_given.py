"""Regions and labels that a caller gave in another unit than pixels."""

import json

import numpy as np
import pytest
from scipy import ndimage as ndi

from fishcount import FishImage, score_field
from fishcount.image import DAPI
from fishcount.io import read_labels
from fishcount.quality import label_findings, region_findings
from fishcount.slide import Slide
from fishcount.synthetic import simulate_case


def codes(findings) -> list[tuple[str, str]]:
    return [(one.code, one.detail) for one in findings if one.code == "IN_MICROMETRES"]


def slide(region, pixel_size_um: float = 0.1, side: int = 100) -> Slide:
    roi = np.zeros((side, side), bool)
    roi[region] = True
    return Slide.of(
        FishImage.from_array(
            np.full((2, side, side), 9, np.uint16),
            axes="CYX",
            channels=[DAPI, "HER2"],
            pixel_size_um=pixel_size_um,
            roi=roi,
        )
    )


def test_a_region_is_looked_at_in_the_corner_only():
    assert codes(region_findings(slide(np.s_[2:10, 3:9]))) == [("IN_MICROMETRES", "region")]
    for elsewhere in (np.s_[2:30, 3:9], np.s_[2:10, 3:12], np.s_[50:60, 50:60], np.s_[:, :]):
        assert region_findings(slide(elsewhere)) == ()


def test_a_region_of_several_blocks_is_looked_at_whole():
    for region, expected in ((np.s_[5:200, 5:280], 1), (np.s_[5:4000, 5:280], 0)):
        assert len(region_findings(slide(region, side=4096))) == expected


def test_coarse_pixels_and_no_region_say_nothing():
    assert region_findings(slide(np.s_[2:10, 3:9], pixel_size_um=0.6)) == ()
    image, _ = simulate_case("negative", seed=2, n_fields=1, size=256)[0]
    assert region_findings(Slide.of(image)) == ()
    assert label_findings(np.zeros((40, 40), int), pixel_size_um=0.1) == ()


@pytest.mark.parametrize("unit", ["px", "um"])
def test_outlines_in_micrometres_say_why_nothing_is_scored(tmp_path, unit):
    image, truth = simulate_case("negative", seed=2, n_fields=1, size=320)[0]
    scale = image.pixel_size_um if unit == "um" else 1.0
    numbers = np.arange(1, len(truth.nuclei.her2) + 1)
    y, x = np.transpose(ndi.center_of_mass(truth.labels > 0, truth.labels, numbers))
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 40))
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    (scale * np.c_[column + 30 * circle.real, row + 30 * circle.imag]).tolist()
                ],
            },
        }
        for row, column in zip(y, x, strict=True)
    ]
    path = tmp_path / "nuclei.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    result = score_field(image, labels=read_labels(path, shape=image.shape), threads=1)
    assert bool(codes(result.findings)) == (unit == "um")
    assert result.scored.any() == (unit == "px")
