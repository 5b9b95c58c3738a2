"""Images that are none, or the same twice, or beyond the camera: found, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount import FishImage, read_image
from fishcount.quality.image import image_findings, is_blank, saturated_pixels

SHAPE = (128, 128)


def scene(seed: int, *, exposure: float = 40.0) -> np.ndarray:
    """Soft blobs and a few spots under camera noise; (y, x) of uint16."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(SHAPE)
    truth = np.full(SHAPE, 5.0)
    for _ in range(6):
        cy, cx = rng.uniform(20, 108, 2)
        truth += exposure * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 12.0**2))
        truth += 3 * exposure * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 1.3**2))
    return (100 + 2 * rng.poisson(truth) + rng.normal(0, 3, SHAPE)).clip(0).astype(np.uint16)


def noise(seed: int, shape: tuple[int, ...] = SHAPE, electrons: float = 5.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pixels = 100 + 2 * rng.poisson(electrons, shape) + rng.normal(0, 3, shape)
    pixels.reshape(-1)[rng.integers(0, pixels.size, 3)] += 3000  # hot pixels
    return pixels.clip(0).astype(np.uint16)


def field(*channels: np.ndarray) -> FishImage:
    return FishImage.from_array(
        np.stack(channels),
        axes="CYX",
        channels=["DAPI", "HER2", "CEP17"][: len(channels)],
        pixel_size_um=0.1,
    )


def test_a_good_field_has_no_findings():
    assert image_findings(field(scene(1), scene(2), scene(3))) == ()


@pytest.mark.parametrize("electrons", [0.0, 1.0, 20.0, 300.0])
@pytest.mark.parametrize("seed", range(5))
def test_camera_noise_without_an_image_is_blank(seed, electrons):
    findings = image_findings(field(scene(1), noise(seed, electrons=electrons), scene(3)))
    assert [(f.code, f.detail) for f in findings] == [("BLANK_CHANNEL", "HER2")]


@pytest.mark.parametrize("value", [0, 100, 65535])
def test_one_value_is_blank_and_not_called_saturated(value):
    findings = image_findings(field(scene(1), np.full(SHAPE, value, np.uint16), scene(3)))
    assert [(f.code, f.detail) for f in findings] == [("BLANK_CHANNEL", "HER2")]


def test_a_single_spot_on_noise_is_an_image():
    pixels = noise(1).astype(float)
    y, x = np.indices(SHAPE)
    pixels += 60 * np.exp(-((y - 64) ** 2 + (x - 64) ** 2) / (2 * 1.5**2))
    assert not is_blank(pixels.astype(np.uint16)[None])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("exposure", [1, 4, 40])
def test_a_short_look_never_says_otherwise_than_the_whole_plane(seed, exposure, monkeypatch):
    """Images that are faint or bright, in a part of a plane or all over it."""
    part = noise(seed, (512, 384))
    part[256:384, :128] = scene(seed, exposure=exposure)
    planes = [scene(seed, exposure=exposure), part, part[::-1], np.tile(part, (2, 2))]
    short = [is_blank(plane[None]) for plane in planes]
    monkeypatch.setattr("fishcount.quality.image._looks_structured", lambda plane: False)
    assert short == [is_blank(plane[None]) for plane in planes]


def test_one_plane_with_an_image_is_enough():
    stack = np.stack([noise(1), noise(2), scene(3), noise(4)])
    assert not is_blank(stack)
    assert is_blank(stack[[0, 1, 3]])


@pytest.mark.parametrize("change", [lambda a: a, lambda a: a + 50, lambda a: a * 2])
def test_a_copy_is_identical_also_when_rescaled(change):
    findings = image_findings(field(scene(1), scene(2), change(scene(2))))
    assert [(f.code, f.detail) for f in findings] == [("IDENTICAL_CHANNELS", "HER2, CEP17")]


def test_the_same_scene_exposed_twice_is_not_identical():
    rng = np.random.default_rng(9)
    again = (scene(2) + rng.normal(0, 8, SHAPE)).clip(0).astype(np.uint16)
    assert image_findings(field(scene(1), scene(2), again)) == ()


@pytest.mark.parametrize(
    ("limit", "dtype"),
    [(255, "uint8"), (1023, "uint16"), (4095, "uint16"), (65535, "uint16"), (3995, "uint16")],
)
def test_saturation_counts_pixels_at_the_limit(limit, dtype):
    bright = scene(1).astype(np.float64)
    level = np.quantile(bright, 0.99)
    clipped = np.minimum(bright / level * limit, limit).astype(dtype)
    others = [scene(s) * (200 / scene(s).max()) for s in (2, 3)]
    image = field(*(np.stack([clipped, *others]).astype(dtype)))
    (finding,) = [f for f in image_findings(image) if f.detail == "DAPI"]
    assert finding.code == "SATURATED_CHANNEL"
    assert finding.figure == pytest.approx((clipped == limit).mean())
    whole = (slice(0, image.shape[0]), slice(0, image.shape[1]))
    np.testing.assert_array_equal(
        saturated_pixels(image, whole, sample=image), (image.pixels == limit).any((0, 1))
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 200), (200, 7)])
def test_images_smaller_than_a_block_are_looked_at_too(shape):
    row, column = np.indices(shape)
    flat, slope = np.full(shape, 100, np.uint16), (100 + 9 * (row + column)).astype(np.uint16)
    assert [f.code for f in image_findings(field(flat, flat))] == ["BLANK_CHANNEL"] * 2
    assert all(f.code != "SATURATED_CHANNEL" for f in image_findings(field(slope, flat)))


@pytest.mark.outside
def test_real_channels_are_neither_blank_nor_identical(outside_data):
    folder = outside_data / "real" / "interphase_2r2g"
    files = {
        role: folder / f"SampleFISH_{c}.jpg"
        for role, c in zip(["DAPI", "HER2", "CEP17"], "BRG", strict=True)
    }
    assert image_findings(read_image(files, pixel_size_um=0.1)) == ()


def test_a_plane_that_is_there_twice_is_told():
    planes = [scene(seed).astype(np.uint16) for seed in (1, 2, 3)]

    def stack(*numbers):
        return FishImage.from_array(
            np.stack([[planes[n] for n in numbers], [planes[n][::-1] for n in numbers]]),
            axes="CZYX",
            channels=["DAPI", "HER2"],
            pixel_size_um=0.1,
            z_step_um=0.5,
        )

    def told(image):
        return [f.detail for f in image_findings(image) if f.code == "IDENTICAL_PLANES"]

    assert told(stack(0, 1, 2)) == []
    assert told(stack(0, 1, 1)) == ["DAPI", "HER2"]
