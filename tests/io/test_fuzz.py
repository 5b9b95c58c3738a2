"""Mutated files: an error of ours or the same image, never anything else, and never a hang.

A few hundred mutants run with the tests, twenty thousand with ``make fuzz``.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import tempfile
import time
from collections import Counter
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from bad_inputs import RGB, ROLES, pixels
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fishcount import FishImage, read_image
from fishcount.errors import FishcountError
from fishcount.io import inspect_file

HANG_S = 5.0
SHAPE = (24, 32)
METADATA = {
    "UUID": "urn:uuid:00000000-0000-0000-0000-000000000001",
    "Channel": {"Name": ROLES},
    "unit": "um",
    "spacing": 0.4,
    "Labels": ROLES * 2,
    "PhysicalSizeX": 0.1,
    "PhysicalSizeY": 0.1,
    "PhysicalSizeZ": 0.4,
}


def tiff(planes: np.ndarray, axes: str, **options) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(
        stream, planes, photometric="minisblack", metadata={"axes": axes, **METADATA}, **options
    )
    return stream.getvalue()


def stack() -> np.ndarray:
    return pixels(6, SHAPE).reshape(2, 3, *SHAPE)


# Deflated OME-TIFFs carry a checksum for every strip and tile: here nothing may change unseen.
GUARDED = {
    "strips": lambda: tiff(pixels(3, SHAPE), "CYX", ome=True, compression="zlib"),
    "tiles": lambda: tiff(
        pixels(3, SHAPE), "CYX", ome=True, compression="zlib", tile=(16, 16), predictor=True
    ),
    "stack": lambda: tiff(stack(), "ZCYX", ome=True, compression="zlib", rowsperstrip=10),
    "BigTIFF": lambda: tiff(
        stack(), "ZCYX", ome=True, compression="zlib", bigtiff=True, byteorder=">"
    ),
}
# The others have no checksum: here only errors and time are judged.
UNGUARDED = {
    "ImageJ": lambda: tiff(stack(), "ZCYX", imagej=True, resolution=(10, 10)),
    "LZW": lambda: tiff(pixels(3, SHAPE), "CYX", ome=True, compression="lzw"),
    "JPEG in TIFF": lambda: tiff(
        pixels(3, SHAPE, np.uint8), "CYX", ome=True, compression="jpeg", tile=(16, 16)
    ),
    "PNG": lambda: imagecodecs.png_encode(np.moveaxis(pixels(3, SHAPE, np.uint8), 0, -1).copy()),
    "JPEG": lambda: imagecodecs.jpeg8_encode(np.moveaxis(pixels(3, SHAPE, np.uint8), 0, -1).copy()),
}


@functools.cache
def good(kind: str) -> bytes:
    return {**GUARDED, **UNGUARDED}[kind]()


def read(data: bytes) -> FishImage:
    """Read a mutant; one that hangs does so each time, a machine that pauses does not."""
    start = time.perf_counter()
    try:
        return read_once(data)
    finally:
        if time.perf_counter() - start >= HANG_S:
            start = time.perf_counter()
            with contextlib.suppress(FishcountError):
                read_once(data)
            assert time.perf_counter() - start < HANG_S


def read_once(data: bytes) -> FishImage:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "field.img"
        path.write_bytes(data)
        inspect_file(path)
        try:
            return read_image(path, z_step_um=0.4)
        except FishcountError:
            if data[:2] not in (b"\x89P", b"\xff\xd8"):
                raise
            return read_image(path, rgb=RGB, pixel_size_um=0.1)


@functools.cache
def expected(kind: str) -> FishImage:
    return read(good(kind))


KINDS = ["byte", "byte", "bit", "bit", "bit", "run", "copy", "word", "cut", "grow", "end"]


@st.composite
def mutants(draw, kind: str) -> bytes:
    """A good file with one to three changes, most of them where its structure and names are."""
    data = bytearray(good(kind))
    for _ in range(draw(st.integers(1, 3))):
        head = draw(st.booleans())
        limit = min(len(data), 2500) if head else len(data)
        at = draw(st.integers(0, max(limit - 1, 0)))
        change = draw(st.sampled_from(KINDS))
        if change == "byte":
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif change == "bit" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif change == "run":
            data[at : at + draw(st.integers(1, 64))] = bytes([draw(st.sampled_from([0, 255, 32]))])
        elif change == "cut":
            del data[at : at + draw(st.integers(1, 64))]
        elif change == "grow":
            data[at:at] = draw(st.binary(min_size=1, max_size=16))
        elif change == "copy":
            source = draw(st.integers(0, max(len(data) - 1, 0)))
            length = draw(st.integers(1, 64))
            data[at : at + length] = data[source : source + length]
        elif change == "word":
            word = draw(st.sampled_from([0, 1, 2, 0x7FFFFFFF, 0xFFFFFFFF, 8, len(data)]))
            data[at : at + 4] = word.to_bytes(4, draw(st.sampled_from(["little", "big"])))
        else:
            del data[at:]
        if not data:
            break
    return bytes(data)


class Unforeseen(logging.Handler):
    """Notes the errors that no reader foresaw, which are only turned into ours at the end."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(self.format(record))


@pytest.fixture(autouse=True, scope="module")
def nothing_unforeseen():
    handler, logger = Unforeseen(), logging.getLogger("fishcount.io.source")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    assert not handler.seen, handler.seen[0]


def check(kind: str, mutant: bytes) -> str:
    """What became of a mutant: "refused" or "same"; anything else is an AssertionError."""
    try:
        image = read(mutant)
    except FishcountError as error:
        return "refused" if "\n" not in str(error) else "in several lines"
    truth = expected(kind)
    if kind in GUARDED:
        np.testing.assert_array_equal(image.pixels, truth.pixels)
        assert image.channels == truth.channels
        assert image.pixel_size_um == truth.pixel_size_um
    return "same"


@pytest.mark.parametrize("kind", [*GUARDED, *UNGUARDED])
def test_the_file_itself_is_read(kind):
    assert check(kind, good(kind)) == "same"


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.parametrize("kind", [*GUARDED, *UNGUARDED])
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(data=st.data())
def test_a_mutant_is_refused_or_the_same(kind, data):
    assert check(kind, data.draw(mutants(kind))) in ("refused", "same")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*GUARDED, *UNGUARDED])
def test_twenty_thousand_mutants(kind, capsys):
    n_examples = -(-20_000 // len({**GUARDED, **UNGUARDED}))
    fates: Counter[str] = Counter()

    @settings(max_examples=n_examples, deadline=None, database=None, suppress_health_check=QUIET)
    @given(data=st.data())
    def run(data):
        fates[check(kind, data.draw(mutants(kind)))] += 1

    run()
    with capsys.disabled():
        print(f"\n{kind}: {fates.total()} mutants, {dict(fates)}")
    assert fates.total() >= n_examples
    assert set(fates) <= {"refused", "same"}
