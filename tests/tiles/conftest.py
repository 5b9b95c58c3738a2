"""One drawn field, in memory and as a tiled file."""

from __future__ import annotations

import pytest
import tifffile

from fishcount.synthetic import simulate_case


@pytest.fixture(scope="session")
def image():
    return simulate_case("mixed", seed=4, n_fields=1, size=640, snr="medium")[0][0]


@pytest.fixture(scope="session")
def tiled_file(image, tmp_path_factory):
    file = tmp_path_factory.mktemp("slide") / "slide.ome.tif"
    tifffile.imwrite(
        file,
        image.pixels[:, 0],
        photometric="minisblack",
        tile=(128, 128),
        compression="zlib",
        metadata={
            "axes": "CYX",
            "Channel": {"Name": list(image.channels)},
            "PhysicalSizeX": image.pixel_size_um,
            "PhysicalSizeY": image.pixel_size_um,
        },
    )
    return file
