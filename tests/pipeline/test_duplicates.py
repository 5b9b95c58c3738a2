"""A field that is there twice is an error, whatever it is called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fishcount import FishImage, score_case, score_field
from fishcount.errors import InputError
from fishcount.io import open_slide
from fishcount.slide import Slide
from fishcount.synthetic import simulate_case, write_case


@pytest.fixture(scope="module")
def fields():
    return simulate_case("negative", seed=1, n_fields=2, size=320, snr="easy")


def test_the_same_pixels_twice_are_refused(fields):
    image = fields[0][0]
    copy = replace(image, pixels=image.pixels.copy(), name="copy", sha256="of another file")
    with pytest.raises(InputError, match=r"copy: two fields are the same image .* name each field"):
        score_case([image, fields[1][0], copy])
    with pytest.raises(InputError, match="the same image"):
        score_case([score_field(image)] * 2)


def test_fields_that_differ_somewhere_are_two(fields):
    image = fields[0][0]
    pixels = image.pixels.copy()
    pixels[0, 0, 0, 0] += 1
    case = score_case([image, fields[1][0], replace(image, pixels=pixels, name="other")])
    assert case.score.areas == 3


def test_a_slide_is_told_by_its_file(fields, tmp_path):
    paths = write_case(tmp_path, fields)
    with pytest.raises(InputError, match=r"field_2\.ome\.tif: two fields are the same image"):
        score_case([open_slide(path) for path in [*paths, paths[1]]])


def test_empty_images_are_not_evaluable_rather_than_the_same():
    dark = FishImage.from_array(
        np.full((3, 64, 64), 100, np.uint16),
        axes="CYX",
        channels=["DAPI", "HER2", "CEP17"],
        pixel_size_um=0.1,
    )
    case = score_case([dark, dark])
    assert {category.category for category in case.categories} == {"NOT_EVALUABLE"}


def test_a_strip_ends_where_a_narrow_image_does(fields):
    """Readers of slides are asked for pixels that there are."""
    image, asked = fields[0][0], []
    slide = Slide.of(image)

    def read(role, window):
        asked.append(window)
        return slide.read(role, window)

    score_case([replace(score_field(image, threads=1), image=replace(slide, read=read))])
    assert asked
    assert all(columns.stop <= image.shape[1] for _, columns in asked)
