"""Detection on drawn images: positions, rejection, and inputs that hold nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fishcount.errors import PixelError
from fishcount.spots import Spots, detect_in_channels, detect_spots
from fishcount.synthetic import simulate_case


def drawn(points, *, sigma=1.6, amplitude=120.0, shape=(128, 128), noise=5.0, seed=3):
    """A flat field of 200 counts with Gaussian points and Gaussian noise."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.random.default_rng(seed).normal(200, noise, shape)
    for row, column in points:
        image += amplitude * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2))
    return image.astype(np.float32)


def kept_in_grid_order(spots):
    """Positions of the kept spots, ordered as `GRID` is: rows of 28 px, then x."""
    found = spots.yx_px[spots.kept]
    return found[np.lexsort((found[:, 1], found[:, 0] // 28))]


GRID = [(20.3 + 28 * r, 21.7 + 27 * c) for r, c in np.ndindex(4, 4)]


def test_isolated_points_are_found_where_they_are():
    spots = detect_spots(drawn(GRID))
    assert_allclose(kept_in_grid_order(spots), GRID, atol=0.15)
    assert_allclose(spots.psf_sigma_px, 1.6, atol=0.08)
    assert_allclose(spots.amplitude_counts[spots.kept], 120, rtol=0.12)
    assert_allclose(spots.background_counts[spots.kept], 200, atol=5)


@pytest.mark.parametrize("seed", range(4))
def test_points_in_corners_and_at_edges_are_found(seed):
    """What lies beyond the edge is not known, so their heights are less sure."""
    places = [(0, 0), (0, 64), (0, 127), (64, 0), (64, 64), (64, 127), (127, 0), (127, 64)]
    spots = detect_spots(drawn([*places, (127, 127)], seed=seed))
    found = spots.yx_px[spots.kept]
    distance = np.abs(found[:, None] - [*places, (127, 127)]).max(axis=2)
    assert np.count_nonzero(distance.min(axis=0) < 0.6) >= 8
    heights = spots.amplitude_counts[spots.kept][distance.min(axis=1) < 0.6]
    assert_allclose(heights, 120, rtol=0.25)


def test_flux_is_the_integral_of_the_point():
    spots = detect_spots(drawn(GRID))
    assert_allclose(np.median(spots.flux_counts[spots.kept]), 2 * np.pi * 120 * 1.6**2, rtol=0.05)


def test_granules_and_hot_pixels_are_rejected_with_their_reason():
    image = drawn(GRID[:8])
    image += drawn([(90, 30)], sigma=5.0, amplitude=150, noise=0) - 200
    image[90, 90] += 900
    spots = detect_spots(image)
    found = spots.yx_px
    assert_allclose(kept_in_grid_order(spots), GRID[:8], atol=0.15)
    reason_at = {
        place: spots.reason[np.hypot(*(found - place).T).argmin()] for place in [(90, 30), (90, 90)]
    }
    assert reason_at == {(90, 30): "TOO_WIDE", (90, 90): "TOO_NARROW"}


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((64, 64), np.float32),
        np.full((64, 64), 65535, np.float32),
        np.full((3, 64, 64), 100, np.float32),
        np.ones((1, 1), np.float32),
        np.zeros((0, 5), np.float32),
    ],
    ids=["zeros", "saturated", "constant stack", "one pixel", "no pixels"],
)
def test_blank_channels_have_no_spots(image):
    assert len(detect_spots(image)) == 0


def test_a_gradient_has_no_spots():
    assert not detect_spots(np.outer(np.arange(80.0), np.ones(90)).astype(np.float32)).kept.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_pixels_that_no_camera_writes_are_an_error(bad):
    image = drawn(GRID[:1])
    image[5, 7] = bad
    with pytest.raises(PixelError, match=r"\(5, 7\)"):
        detect_spots(image)


def test_a_line_of_pixels_is_an_error():
    with pytest.raises(PixelError, match="plane or stack"):
        detect_spots(np.zeros(9, np.float32))


def test_empty_has_every_column():
    assert len(Spots.empty()) == 0
    assert Spots.empty().reason.dtype.kind == "U"


def test_light_that_leaks_from_the_other_probe_is_told_apart():
    other = drawn(GRID, amplitude=2000)
    image = drawn(GRID[:3], amplitude=150, seed=9) + np.float32(0.08) * (other - 200)
    own = [(62.0, 35.0), (62.0, 90.0)]
    image += drawn(own, amplitude=150, noise=0) - 200
    spots = detect_spots(image, other=other)
    place = spots.yx_px

    def near(points):
        distance = np.hypot(*(place[:, None] - np.array(points)[None]).transpose(2, 0, 1))
        return distance.min(axis=1) < 2

    leaked = spots.reason[near(GRID[4:])]
    assert (leaked == "BLEED_THROUGH").sum() == len(GRID[4:])
    assert (leaked != "").all()
    assert spots.kept[near(own)].sum() == 2


def test_what_is_much_fainter_than_signals_is_too_weak():
    image = drawn(GRID[:12], amplitude=400, noise=3) + drawn(GRID[12:], amplitude=60, noise=0) - 200
    spots = detect_spots(image.astype(np.float32))
    assert spots.kept.sum() == 12
    faint = np.abs(spots.y_px - GRID[12][0]) < 2
    assert set(spots.reason[faint]) == {"LOW_SNR"}


def test_probes_of_different_size_are_an_error():
    with pytest.raises(PixelError, match="differ in size"):
        detect_spots(drawn(GRID[:1]), other=drawn(GRID[:1])[:-1])


def test_a_stack_gives_each_spot_once_and_its_height():
    z = np.arange(7)[:, None, None]
    flat = drawn(GRID, noise=0) - 200
    stack = 200 + flat * np.exp(-((z - 3.3) ** 2) / (2 * 1.2**2))
    stack += np.random.default_rng(8).normal(0, 4, stack.shape)
    spots = detect_spots(stack.astype(np.float32))
    assert spots.kept.sum() == len(GRID)
    assert_allclose(spots.z_px[spots.kept], 3.3, atol=0.3)
    order = np.lexsort((spots.x_px, spots.y_px, spots.z_px))
    assert (order == np.arange(len(spots))).all()


@pytest.mark.parametrize("kept_light", [1.0, 0.95, 0.9])
def test_signals_of_a_stack_that_bleaches_are_seen(kept_light):
    """Each plane has less light than the one before; without levelling 6 and 10 of 16 are seen."""
    z, rng = np.arange(9), np.random.default_rng(8)
    y, x = np.mgrid[:128, :128]
    glow = 150 / (1 + np.exp(np.hypot(y - 62, x - 62) - 60))
    left = (kept_light**z)[:, None, None]
    stack = 100 + left * np.broadcast_to(glow, (9, 128, 128))
    for number, (row, column) in enumerate(GRID):
        shape = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 1.6**2))
        depth = np.exp(-0.5 * ((z - 1 - number % 8) / 0.8) ** 2)[:, None, None]
        stack = stack + left * 90 * depth * shape
    stack = stack + rng.normal(0, 5, stack.shape)
    spots = detect_spots(stack.astype(np.float32), pixel_size_um=0.1, z_step_um=0.4)
    assert 14 <= spots.kept.sum() <= 16


def test_noise_alone_holds_hardly_any_spots():
    kept = [
        detect_spots(np.random.default_rng(s).poisson(100, (512, 512)).astype(np.float32)).kept
        for s in range(4)
    ]
    assert sum(k.sum() for k in kept) <= 4


def test_an_inverted_image_holds_no_spots_at_its_points():
    spots = detect_spots((400 - drawn(GRID)).astype(np.float32))
    found = spots.yx_px[spots.kept]
    distance = np.hypot(*(found[:, None] - np.array(GRID)[None]).transpose(2, 0, 1))
    assert distance.size == 0 or distance.min() > 2


def test_the_same_image_gives_the_same_spots():
    first, second = detect_spots(drawn(GRID)), detect_spots(drawn(GRID))
    np.testing.assert_array_equal(first.y_px, second.y_px)
    np.testing.assert_array_equal(first.kept, second.kept)


def test_nuclear_glow_with_sharp_edges_hides_no_signal():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:384, :384].astype(float)
    image = np.full((384, 384), 100.0)
    true = []
    for centre_y in (70, 190, 310):
        for centre_x in (70, 190, 310):
            image[np.hypot(y - centre_y, x - centre_x) < 40] += 200
            true += [(centre_y + dy, centre_x + dx) for dy, dx in rng.uniform(-20, 20, (2, 2))]
    for spot_y, spot_x in true:
        image += 400 * np.exp(-((y - spot_y) ** 2 + (x - spot_x) ** 2) / (2 * 1.5**2))
    spots = detect_spots(rng.poisson(image).astype(np.float32), pixel_size_um=0.1)
    kept = spots.yx_px[spots.kept]
    distance = np.linalg.norm(np.array(true)[:, None] - kept[None], axis=2).min(axis=1)
    assert (distance < 2).all()


@pytest.mark.parametrize("shape", [(32, 32), (3, 64, 64)])
def test_probes_of_different_sizes_are_refused_also_where_one_is_blank(shape):
    image = 100 + np.random.default_rng(0).normal(0, 3, (64, 64)).astype(np.float32)
    other = np.full(shape, 100, np.float32)
    with pytest.raises(PixelError, match="differ in size"):
        detect_spots(image, other=other)
    with pytest.raises(PixelError, match="differ in size"):
        detect_in_channels({"HER2": image, "CEP17": other})


def test_the_order_of_pixels_in_memory_changes_nothing():
    image = simulate_case("equivocal", seed=2, n_fields=1, size=256)[0][0].raw("HER2")
    one, other = detect_spots(image), detect_spots(np.asfortranarray(image))
    assert one.reason.tolist() == other.reason.tolist()
    np.testing.assert_array_equal(one.yx_px, other.yx_px)
