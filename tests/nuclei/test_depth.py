"""Nuclei above one another in a stack are told by the depth at which they are sharp."""

import numpy as np
import pytest
from scipy import ndimage as ndi

from fishcount.flags import codes_of
from fishcount.nuclei import nuclei_from_labels, segment_nuclei
from fishcount.nuclei.depth import cut_by_depth
from fishcount.settings import NucleiSettings
from fishcount.slide.sample import SMALL_PX
from fishcount.synthetic import FieldSpec, draw_stack

STEP_UM, PIXEL_UM, N_PLANES = 0.5, 0.1, 15
SETTINGS = NucleiSettings(separate_depths=True)
DEEP, HIGH = 2.0, 5.0
# Semi-axes and centres (y, x, z) of ellipsoids, in micrometres; the first two overlap by a third.
LONG, ROUND = (3.2, 4.4), (3.6, 3.6)
PAIR = [(LONG, (9.0, 6.0, DEEP)), (LONG, (9.0, 10.6, HIGH))]
STACKED = [(ROUND, (9.0, 8.0, DEEP)), (ROUND, (9.4, 8.3, HIGH))]
FLAT = [(LONG, (9.0, 6.0, 3.5)), (LONG, (9.0, 10.6, 3.5))]
ALONE = (ROUND, (8.0, 21.0, DEEP))


def textured(shape, rng):
    """Chromatin: structure finer than a depth of focus of a few tenths of a micrometre."""
    noise = ndi.gaussian_filter(rng.standard_normal(shape), 3.0)
    return 1 + 0.25 * noise / noise.std()


def draw(ellipsoids, *, shape=(180, 280), counts=600.0, seed=2):
    """Ellipsoids with soft edges, each blurred by its distance from the plane; DAPI adds."""
    rng = np.random.default_rng(seed)
    y, x = (PIXEL_UM * axis for axis in np.mgrid[: shape[0], : shape[1]])
    stack = np.full((N_PLANES, *shape), 100.0)
    for (long_y, long_x), (cy, cx, cz) in ellipsoids:
        rim = np.hypot((y - cy) / long_y, (x - cx) / long_x)
        body = counts * np.sqrt(np.clip(1 - rim**4, 0, None)) * textured(shape, rng)
        for plane in range(N_PLANES):
            away_um = max(abs(plane * STEP_UM - cz) - 0.4, 0.0)
            stack[plane] += ndi.gaussian_filter(body, (1.2 + 0.5 * away_um / PIXEL_UM))
    return rng.poisson(stack).astype(np.uint16)


def found_in(stack, settings=SETTINGS, **options):
    return segment_nuclei(
        stack, pixel_size_um=PIXEL_UM, z_step_um=STEP_UM, settings=settings, **options
    )


def row_at(nuclei, y_um, x_um):
    return int(nuclei.labels[round(y_um / PIXEL_UM), round(x_um / PIXEL_UM)]) - 1


def one_outline(ellipsoids, shape=(180, 280)):
    """The outlines that a projection shows: what overlaps is one."""
    y, x = (PIXEL_UM * axis for axis in np.mgrid[: shape[0], : shape[1]])
    inside = [np.hypot((y - c[0]) / a[0], (x - c[1]) / a[1]) < 1 for a, c in ellipsoids]
    return ndi.label(np.any(inside, axis=0))[0]


def test_each_nucleus_names_the_plane_in_which_it_is_sharpest():
    apart = [(ROUND, (9.0, 6.0, DEEP)), (ROUND, (9.0, 20.0, HIGH))]
    nuclei = found_in(draw(apart), NucleiSettings())
    at = [nuclei.plane[row_at(nuclei, *centre[:2])] * STEP_UM for _, centre in apart]
    np.testing.assert_allclose(at, [DEEP, HIGH], atol=STEP_UM)


@pytest.mark.parametrize("ellipsoids", [PAIR, FLAT, STACKED])
def test_a_distance_is_told_where_there_are_two_depths_and_nowhere_else(ellipsoids):
    drawn = [*ellipsoids, ALONE]
    nuclei = nuclei_from_labels(
        one_outline(drawn), draw(drawn), z_step_um=STEP_UM, settings=SETTINGS
    )
    both, alone = row_at(nuclei, 9.0, 8.2), row_at(nuclei, *ALONE[1][:2])
    assert nuclei.depth_distance_um[alone] == 0
    if ellipsoids is FLAT:
        assert nuclei.depth_distance_um[both] == 0
        return
    assert abs(nuclei.depth_distance_um[both] - (HIGH - DEEP)) <= 1.0
    assert "OVERLAPPED" in codes_of(nuclei.flags[both])


def test_an_overlap_in_part_is_cut_between_the_depths():
    """Drawn so that a projection shows one smooth outline, which no dent of it would cut."""
    stack = draw([*PAIR, ALONE]).astype(np.float32)
    labels = one_outline([*PAIR, ALONE]).astype(np.int32)
    cut = cut_by_depth(labels, stack, z_step_um=STEP_UM, diameter_px=74, settings=SETTINGS)
    assert cut.max() == labels.max() + 1
    np.testing.assert_array_equal(cut > 0, labels > 0)
    one, other = (one_outline([ellipsoid]) for ellipsoid in PAIR)
    overlap = (one & other).astype(bool)
    assert 0.2 < overlap.sum() / one.sum() < 0.45
    for mask in (one, other):
        own = mask.astype(bool) & ~overlap
        share = np.bincount(cut[own]) / own.sum()
        assert share.max() > 0.9
    assert cut[90, 40] != cut[90, 130]
    alone = labels == labels[80, 210]
    assert len(np.unique(cut[alone])) == 1


def test_a_projection_makes_one_nucleus_of_an_overlap_that_depth_cuts():
    stack = draw([*PAIR, ALONE])
    plain, deep = found_in(stack, NucleiSettings()), found_in(stack)
    assert (len(plain), len(deep)) == (2, 3)
    left, right = (row_at(deep, 9.0, x_um) for x_um in (4.0, 13.0))
    heights_um = deep.plane[[left, right]] * STEP_UM
    np.testing.assert_allclose(heights_um, [DEEP, HIGH], atol=STEP_UM)


def test_wholly_above_one_another_is_not_scored_though_its_outline_is_round():
    stack = draw([*STACKED, ALONE, (ROUND, (9.0, 0.0, DEEP))])
    plain, deep = found_in(stack, NucleiSettings()), found_in(stack)
    np.testing.assert_array_equal(plain.labels, deep.labels)
    assert np.isnan(plain.depth_distance_um).all()
    row = row_at(deep, 9.0, 8.0)
    assert abs(deep.depth_distance_um[row] - (HIGH - DEEP)) <= 1.0
    assert "OVERLAPPED" in codes_of(deep.flags[row])
    assert "OVERLAPPED" not in codes_of(deep.flags[row_at(deep, *ALONE[1][:2])])


def test_nothing_is_told_of_a_plane_without_a_step_or_of_too_few_planes():
    stack = draw(STACKED)
    for dapi, step_um in ((stack[7], STEP_UM), (stack[4:6], STEP_UM), (stack, None)):
        nuclei = segment_nuclei(dapi, pixel_size_um=PIXEL_UM, z_step_um=step_um, settings=SETTINGS)
        assert len(nuclei)
        assert np.isnan(nuclei.depth_distance_um).all()


def test_a_large_stack_is_looked_at_block_by_block():
    flat, stacked = draw([FLAT[0], ALONE]), draw([*STACKED, ALONE], seed=5)
    wide = SMALL_PX + 200
    stack = np.random.default_rng(1).poisson(100, (N_PLANES, 180, wide)).astype(np.uint16)
    middle, last = wide // 2 - 140, wide - 280
    stack[:, :, :280], stack[:, :, middle : middle + 280] = flat, stacked
    stack[:, :, last:] = stacked
    nuclei = found_in(stack)
    told = np.flatnonzero(nuclei.depth_distance_um > 0)
    at = np.sort(nuclei.x_px[told])
    np.testing.assert_allclose(at, [middle + 81, last + 81], atol=10)
    assert all("OVERLAPPED" in codes_of(nuclei.flags[row]) for row in told)
    assert len(nuclei) == 6


def test_a_slope_and_noise_are_no_two_depths():
    y, x = (PIXEL_UM * axis for axis in np.mgrid[:180, :280])
    rng = np.random.default_rng(8)
    tilted, smooth = (np.hypot(y - 9, x - cx) < 4 for cx in (6, 20))
    chromatin = textured((180, 280), rng)
    stack = np.full((N_PLANES, 180, 280), 100.0)
    for plane in range(N_PLANES):
        # Its left end lies 3 micrometres under its right end.
        away = np.abs(plane * STEP_UM - (2.0 + 3.0 * (x - 2) / 8))
        blurred = [ndi.gaussian_filter(tilted * chromatin, 1.2 + 5 * step) for step in range(8)]
        level = np.clip(np.rint(away), 0, 7).astype(int)
        stack[plane] += 600 * np.take_along_axis(np.stack(blurred), level[None], axis=0)[0]
        stack[plane] += 600 * ndi.gaussian_filter(smooth.astype(float), 6)
    nuclei = found_in(rng.poisson(stack).astype(np.uint16))
    assert len(nuclei) == 2
    assert (nuclei.depth_distance_um == 0).all()


def doubles(nuclei, truth):
    """Outlines that hold most of what is seen of two nuclei at different depths."""
    depth_um, area_px = truth.nuclei.defocus_um, truth.nuclei.area
    double = np.zeros(len(nuclei), bool)
    for row in range(len(nuclei)):
        pixels = np.bincount(truth.labels[nuclei.labels == row + 1], minlength=len(area_px) + 1)
        held = depth_um[pixels[1:] > 0.5 * area_px]
        double[row] = (np.ptp(held) if len(held) else 0) > SETTINGS.min_depth_um
    return double


@pytest.mark.parametrize("two_depths", [False, True])
def test_in_a_drawn_stack_those_above_one_another_are_told(two_depths):
    spec = FieldSpec(shape=(400, 400), pixel_size_um=0.15, n_planes=13, z_step_um=STEP_UM)
    look = {"per_mm2": 6000, "overlapping": 0.4, "overlap_um": (5.0, 7.0), "touching": 0}
    spec = spec.changed(nuclei={**look, "out_of_focus": float(two_depths), "defocus_um": 1.5})
    told, double = [], []
    for seed in (20, 21):
        image, truth = draw_stack(spec, rng=np.random.default_rng(seed))
        nuclei = segment_nuclei(
            image.channel("DAPI"), pixel_size_um=0.15, z_step_um=STEP_UM, settings=SETTINGS
        )
        told += (nuclei.depth_distance_um > 0).tolist()
        double += doubles(nuclei, truth).tolist()
    if not two_depths:
        assert len(told) > 20
        assert not any(told)
        return
    # Some that are told hide the other altogether: truth does not know it any more.
    assert sum(double) >= 4
    assert np.mean(np.array(told)[double]) >= 0.7
    assert np.mean(told) < 0.5
