"""A window of a file is the same pixels as in the whole, whatever they are stored as."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import tifffile

from fishcount.io.channels import open_channels
from fishcount.io.options import ReadingOptions
from fishcount.io.source import open_source
from fishcount.settings import ReadingSettings

WINDOWS = [
    (slice(0, 1), slice(0, 1)),
    (slice(0, 150), slice(0, 203)),
    (slice(17, 81), slice(60, 203)),
    (slice(64, 128), slice(64, 128)),
    (slice(149, 150), slice(200, 203)),
]
WAYS = {
    "one strip": {"rowsperstrip": 150},
    "strips": {"rowsperstrip": 7},
    "tiles": {"tile": (64, 48)},
    "deflated tiles": {"tile": (64, 48), "compression": "zlib", "predictor": True},
    "lzw strips": {"rowsperstrip": 11, "compression": "lzw"},
    "zstd tiles": {"tile": (32, 32), "compression": "zstd"},
}


def pixels():
    return np.random.default_rng(2).integers(0, 4000, (3, 150, 203)).astype(np.uint16)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_of_a_tiff(tmp_path, way, byteorder):
    file = tmp_path / "field.ome.tif"
    tifffile.imwrite(
        file,
        pixels(),
        photometric="minisblack",
        byteorder=byteorder,
        metadata={"axes": "CYX"},
        **WAYS[way],
    )
    source = open_source(file, ReadingSettings())
    assert source.reads_windows
    for window in WINDOWS:
        read = source.read(0, channels=[2, 0], window=window)
        np.testing.assert_array_equal(read, pixels()[[2, 0]][:, None, *window])


@pytest.mark.parametrize("compression", ["zlib", None])
def test_of_tiles_that_are_stored_alike(tmp_path, compression):
    """What was not scanned is one tile again and again; then comes another one."""
    plane = np.full((96, 208), 7, np.uint16)
    plane[40:60, 70:100] = np.arange(600).reshape(20, 30)
    file = tmp_path / "slide.tif"
    tifffile.imwrite(file, plane, tile=(32, 32), compression=compression, photometric="minisblack")
    source = open_source(file, ReadingSettings())
    for window in ((slice(0, 96), slice(0, 208)), (slice(30, 90), slice(5, 200))):
        read = source.read(0, channels=[0], window=window)
        np.testing.assert_array_equal(read[0, 0], plane[window])


def test_of_a_slide_that_was_hardly_scanned(tmp_path):
    """Many empty tiles are no decompression bomb: each is inflated alone."""
    side, tile = 24576, 512
    scanned = np.arange(tile * tile, dtype=np.uint16).reshape(tile, tile)
    empty, full = (zlib.compress(one.tobytes()) for one in (np.full_like(scanned, 100), scanned))
    file = tmp_path / "slide.tif"
    tifffile.imwrite(
        file,
        iter([full] + [empty] * ((side // tile) ** 2 - 1)),
        shape=(side, side),
        dtype=np.uint16,
        tile=(tile, tile),
        compression="zlib",
        photometric="minisblack",
    )
    assert file.stat().st_size < side * side / 300
    source = open_source(file, ReadingSettings())
    assert not source.faults
    read = source.read(0, channels=[0], window=(slice(0, 600), slice(0, 600)))[0, 0]
    np.testing.assert_array_equal(read[:tile, :tile], scanned)
    assert (read[tile:] == 100).all()


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_of_samples_beside_each_other_or_in_planes(tmp_path, planar):
    file = tmp_path / "merge.tif"
    stored = pixels() if planar == "separate" else np.moveaxis(pixels(), 0, -1)
    tifffile.imwrite(file, stored, photometric="rgb", planarconfig=planar, rowsperstrip=13)
    source = open_source(file, ReadingSettings())
    for window in WINDOWS:
        read = source.read(0, channels=[1], window=window)
        np.testing.assert_array_equal(read[0, 0], pixels()[1][window])


def test_of_the_first_level_of_a_pyramid(tmp_path):
    file = tmp_path / "pyramid.ome.tif"
    with tifffile.TiffWriter(file, bigtiff=True, ome=True) as writer:
        options = {"photometric": "minisblack", "tile": (64, 64), "compression": "zlib"}
        writer.write(
            pixels(),
            subifds=2,
            metadata={
                "axes": "CYX",
                "Channel": {"Name": ["DAPI", "HER2", "CEP17"]},
                "PhysicalSizeX": 0.1,
                "PhysicalSizeY": 0.1,
            },
            **options,
        )
        for step in (2, 4):
            writer.write(pixels()[:, ::step, ::step], subfiletype=1, **options)
    opened = open_channels(file, ReadingOptions(), limits=ReadingSettings())
    assert opened.sizes == (1, 150, 203)
    for role, plane in zip(opened.roles, pixels(), strict=True):
        np.testing.assert_array_equal(opened.read(role, WINDOWS[2])[0], plane[WINDOWS[2]])


def test_of_a_pattern_of_files(tmp_path):
    for channel, plane in enumerate(pixels()):
        tifffile.imwrite(tmp_path / f"a_c{channel}.tif", plane, photometric="minisblack")
    source = open_source(tmp_path / "a_c{c}.tif", ReadingSettings())
    np.testing.assert_array_equal(
        source.read(0, channels=[1], window=WINDOWS[2])[0, 0], pixels()[1][WINDOWS[2]]
    )


def test_only_what_it_touches_is_decoded(tmp_path):
    file = tmp_path / "field.tif"
    tifffile.imwrite(file, pixels(), photometric="minisblack", tile=(64, 64), compression="zlib")
    with tifffile.TiffFile(file) as tif:
        offset = tif.pages[0].dataoffsets[-1]
    damaged = bytearray(file.read_bytes())
    damaged[offset + 40 : offset + 60] = bytes(20)
    file.write_bytes(damaged)
    source = open_source(file, ReadingSettings())
    window = (slice(0, 128), slice(0, 192))
    read = source.read(0, channels=[0], window=window)
    np.testing.assert_array_equal(read[0, 0], pixels()[0][window])
    with pytest.raises(Exception, match="do not decode"):
        source.read(0, channels=[0], window=(slice(100, 150), slice(190, 203)))
