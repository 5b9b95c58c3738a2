"""One drawn field that is wider than a block, in memory and in files."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount import score_field
from fishcount.slide.sample import SMALL_PX
from fishcount.synthetic import draw_field, spec_of_case, write_image


@pytest.fixture(scope="session")
def image():
    spec = spec_of_case("mixed", snr="medium")
    spec = spec.model_copy(update={"shape": (300, SMALL_PX + 328)})
    return draw_field(spec, rng=np.random.default_rng(4), name="slide")[0]


@pytest.fixture(scope="session")
def whole(image):
    """The result of the image in memory."""
    return score_field(image)


@pytest.fixture(scope="session")
def write_tiff(image):
    """Write the image as an OME-TIFF, stored as told."""

    def write(file, **stored):
        return write_image(file, image, **stored)

    return write


@pytest.fixture(scope="session")
def tiled_file(write_tiff, tmp_path_factory):
    file = tmp_path_factory.mktemp("slide") / "slide.ome.tif"
    return write_tiff(file, tile=(128, 128), compression="zlib")
