import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import distance_transform_edt

from fishcount.errors import InputError, OutputError, SettingsError
from fishcount.synthetic import (
    CASES,
    Artefacts,
    Background,
    Camera,
    FieldSpec,
    Kind,
    NucleusShapes,
    Optics,
    SignalShapes,
    SpotKind,
    draw_copies,
    draw_field,
    draw_stack,
    population_of,
    random_spec,
    read_truth,
    simulate_case,
    spec_of_case,
    write_phantom,
)
from fishcount.synthetic.optics import defocused_sigma_um, stamp_points

QUIET = {
    "camera": Camera(read_noise=0, gain=1, hot_pixels=0),
    "artefacts": Artefacts(granules_per_mm2=0, debris_per_mm2=0),
}


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def drawn():
    return draw_field(FieldSpec(shape=(512, 640), population=population_of("mixed")), rng=rng(4))


class TestTruth:
    def test_labels_are_without_gaps_and_have_the_area_of_the_table(self, drawn):
        _, truth = drawn
        assert_array_equal(truth.nuclei.id, np.arange(1, len(truth.nuclei) + 1))
        assert_array_equal(np.bincount(truth.labels.ravel())[1:], truth.nuclei.area)

    def test_every_copy_of_a_whole_nucleus_has_its_points(self, drawn):
        _, truth = drawn
        spots, nuclei = truth.spots, truth.nuclei
        for channel, copies in enumerate((nuclei.her2, nuclei.cep17)):
            rows = spots.channel == channel
            pairs = np.unique(np.stack([spots.nucleus[rows], spots.copy[rows]]), axis=1)
            found = np.bincount(pairs[0], minlength=len(nuclei) + 1)[nuclei.id]
            whole = ~nuclei.border
            assert whole.any()
            assert_array_equal(found[whole], copies[whole])

    def test_points_of_uncovered_nuclei_lie_in_their_labels(self, drawn):
        _, truth = drawn
        spots = truth.spots
        clear = np.flatnonzero(truth.nuclei.visible == 1) + 1
        rows = np.isin(spots.nucleus, clear) & (spots.kind != SpotKind.SPLIT)
        under = truth.labels[spots.y[rows].round().astype(int), spots.x[rows].round().astype(int)]
        assert rows.sum() > 20
        assert_array_equal(under, spots.nucleus[rows])

    def test_split_signals_are_two_points_at_the_set_distance(self):
        spec = FieldSpec(signals=SignalShapes(split=1.0, split_um=(0.4, 0.5)), shape=(400, 400))
        spots = draw_field(spec, rng=rng())[1].spots
        inside = spots.kind == SpotKind.SPLIT
        keys = np.stack([spots.channel, spots.nucleus, spots.copy])[:, inside]
        _, first, size = np.unique(keys, axis=1, return_index=True, return_counts=True)
        y, x = spots.y[inside], spots.x[inside]
        pair = first[size == 2]
        distance_um = 0.1 * np.hypot(y[pair] - y[pair + 1], x[pair] - x[pair + 1])
        assert pair.size > 10
        assert 0.4 <= distance_um.min() <= distance_um.max() <= 0.5

    def test_debris_lies_outside_nuclei(self):
        spec = FieldSpec(shape=(512, 512), artefacts=Artefacts(debris_per_mm2=20_000))
        _, truth = draw_field(spec, rng=rng())
        debris = truth.spots.kind == SpotKind.DEBRIS
        y, x = truth.spots.y[debris], truth.spots.x[debris]
        assert debris.sum() > 10
        assert not truth.labels[y.round().astype(int), x.round().astype(int)].any()
        assert_array_equal(truth.spots.nucleus[debris], 0)

    def test_nuclei_at_the_edge_are_marked(self, drawn):
        _, truth = drawn
        labels = truth.labels
        edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        assert set(np.unique(edge[edge > 0])) <= set(truth.nuclei.id[truth.nuclei.border])
        assert not truth.nuclei.scorable[truth.nuclei.border].any()

    def test_covered_nuclei_are_seen_in_part(self):
        look = NucleusShapes(overlapping=1.0, touching=0.0)
        nuclei = draw_field(FieldSpec(shape=(512, 512), nuclei=look), rng=rng())[1].nuclei
        assert (nuclei.visible < 0.95).sum() >= 3
        assert (nuclei.visible <= 1).all()

    def test_a_field_without_nuclei_has_empty_truth(self):
        spec = FieldSpec(shape=(64, 64), nuclei=NucleusShapes(per_mm2=0))
        image, truth = draw_field(spec, rng=rng())
        assert len(truth.nuclei) == 0
        assert truth.labels.max() == 0
        assert image.channel("DAPI").std() > 0


class TestLight:
    def test_a_point_has_its_peak_width_and_place(self):
        image = np.zeros((41, 41))
        one = np.array([1.0])
        stamp_points(image, 20.3 * one, 19.6 * one, peak=100 * one, sigma_px=2.5 * one)
        y, x = np.mgrid[:41, :41]
        total = image.sum()
        assert_allclose(total, 100 * 2 * np.pi * 2.5**2, rtol=2e-3)
        assert_allclose(
            [(y * image).sum() / total, (x * image).sum() / total], [20.3, 19.6], atol=1e-3
        )
        variance = ((y - 20.3) ** 2 * image).sum() / total
        # Four sigma of a Gaussian, seen through pixels of one.
        assert_allclose(variance, 2.5**2 + 1 / 12, rtol=0.01)

    def test_a_point_at_the_edge_loses_what_lies_outside(self):
        image = np.zeros((20, 20))
        one = np.array([1.0])
        stamp_points(image, -0.5 * one, 10 * one, peak=one, sigma_px=2 * one)
        assert_allclose(image.sum(), 0.5 * 2 * np.pi * 4, rtol=2e-3)

    def test_defocus_spreads_light(self):
        optics = Optics()
        wide = defocused_sigma_um(0.15, np.array([0.0, 1.0]), wavelength_um=0.55, optics=optics)
        assert_allclose(wide[0], 0.15)
        range_um = np.pi * 0.3**2 * optics.refractive_index / 0.55
        assert_allclose(wide[1], 0.15 * np.sqrt(1 + range_um**-2))

    def test_background_is_that_of_the_specification(self):
        spec = FieldSpec(
            shape=(256, 256),
            nuclei=NucleusShapes(per_mm2=0),
            background=Background(haze_electrons=50, haze_spread=0, vignetting=0),
            **QUIET,
        )
        counts = draw_field(spec, rng=rng())[0].channel("HER2")
        assert_allclose(counts.mean(), 100 + 50, atol=0.2)
        assert_allclose(counts.var(), 50, rtol=0.03)

    def test_nuclei_thin_out_to_the_rim_as_asked(self):
        def rim_over_middle(thinning):
            spec = FieldSpec(
                shape=(400, 400),
                nuclei=NucleusShapes(thinning=thinning, texture=0, nucleoli=0, out_of_focus=0),
                background=Background(haze_electrons=0, glow=0, vignetting=0),
                **QUIET,
            )
            image, truth = draw_field(spec, rng=rng(3))
            depth = distance_transform_edt(truth.labels > 0)
            dapi = image.raw("DAPI") - 100.0
            return np.median(dapi[(depth > 4) & (depth < 6)]) / np.median(dapi[depth > 20])

        assert rim_over_middle(0.0) > 0.95
        assert rim_over_middle(1.0) < 0.8

    def test_edges_of_nuclei_are_as_soft_as_asked_and_all_light_stays(self):
        def dapi(blur_um):
            spec = FieldSpec(
                shape=(400, 400),
                nuclei=NucleusShapes(
                    blur_um=blur_um, thinning=0, texture=0, nucleoli=0, out_of_focus=0
                ),
                background=Background(haze_electrons=0, glow=0, vignetting=0),
                **QUIET,
            )
            return draw_field(spec, rng=rng(3))[0]

        sharp, soft = dapi(0.0), dapi(0.8)
        steepest = [np.hypot(*np.gradient(image.raw("DAPI"))).max() for image in (sharp, soft)]
        assert steepest[1] < 0.3 * steepest[0]
        # Some goes over the edge of the field.
        light = [(image.raw("DAPI") - 100.0).sum() for image in (sharp, soft)]
        assert_allclose(light[1], light[0], rtol=0.03)

    def test_nuclei_that_press_add_no_light_where_they_overlap(self):
        def brightest(pressed):
            spec = FieldSpec(
                shape=(400, 400),
                nuclei=NucleusShapes(
                    thinning=0, texture=0, nucleoli=0, out_of_focus=0, dapi_spread=0,
                    overlapping=0.9, pressed=pressed,
                ),
                background=Background(haze_electrons=0, glow=0, vignetting=0),
                **QUIET,
            )  # fmt: skip
            return np.percentile(draw_field(spec, rng=rng(3))[0].raw("DAPI") - 100.0, 99.9)

        assert brightest(0.0) > 1.6 * brightest(1.0)

    def test_gain_scales_what_lies_over_the_offset(self):
        spec = FieldSpec(
            shape=(256, 256),
            nuclei=NucleusShapes(per_mm2=0),
            background=Background(haze_electrons=50, haze_spread=0, vignetting=0),
            artefacts=QUIET["artefacts"],
            camera=Camera(gain=3, read_noise=4, hot_pixels=0),
        )
        counts = draw_field(spec, rng=rng())[0].channel("CEP17")
        assert_allclose(counts.mean(), 100 + 150, atol=0.5)
        assert_allclose(counts.var(), 9 * (50 + 16) + 1 / 12, rtol=0.03)

    def test_signals_rise_over_the_noise_of_their_nucleus_as_asked(self):
        spec = FieldSpec(signals=SignalShapes(snr=9.0), shape=(1024, 1024))
        spots = draw_field(spec, rng=rng())[1].spots
        under = spec.background.haze_electrons + spec.background.nucleus_electrons
        noise = np.sqrt(under + spec.camera.read_noise**2)
        single = spots.kind == SpotKind.SINGLE
        assert_allclose(np.median(spots.amp[single]) / noise, 9.0, rtol=0.1)

    def test_bleed_through_shows_one_probe_in_the_other(self):
        only_her2 = ((1.0, Kind(cls=0, her2={3: 1.0}, cep17={0: 1.0})),)
        image, truth = draw_field(
            FieldSpec(
                shape=(512, 512),
                population=only_her2,
                signals=SignalShapes(snr=60, split=0),
                artefacts=Artefacts(granules_per_mm2=0, debris_per_mm2=0, her2_into_cep17=0.5),
            ),
            rng=rng(),
        )
        spots = truth.spots
        assert_array_equal(spots.channel, 0)
        y, x = spots.y.round().astype(int), spots.x.round().astype(int)
        seen = image.channel("CEP17")[y, x] - np.median(image.channel("CEP17"))
        there = image.channel("HER2")[y, x] - np.median(image.channel("HER2"))
        assert_allclose(np.median(seen / there), 0.5, atol=0.1)

    def test_saturation_clips(self):
        spec = FieldSpec(shape=(256, 256), camera=Camera(full_scale_counts=400))
        assert draw_field(spec, rng=rng())[0].channel("DAPI").max() == 400


class TestDrawing:
    def test_the_same_seed_draws_the_same_pixels(self):
        one, two = (simulate_case("mixed", seed=3, n_fields=2, size=128) for _ in range(2))
        assert [image.sha256 for image, _ in one] == [image.sha256 for image, _ in two]
        assert one[0][0].sha256 != one[1][0].sha256

    def test_a_field_does_not_depend_on_how_many_follow(self):
        first = simulate_case("negative", seed=3, n_fields=1, size=128)[0][0]
        assert simulate_case("negative", seed=3, n_fields=2, size=128)[0][0].sha256 == first.sha256

    def test_no_fields_is_an_empty_case(self):
        assert simulate_case("negative", seed=1, n_fields=0) == []

    def test_stacks_are_sharpest_where_the_signals_are(self):
        spec = FieldSpec(
            shape=(256, 256), n_planes=9, nuclei=NucleusShapes(depth_um=0.0, out_of_focus=0)
        )
        image, truth = draw_stack(spec, rng=rng(2))
        stack = image.channel("HER2")
        signal = truth.spots.kind != SpotKind.DEBRIS
        assert abs(truth.spots.z[signal].mean() - 4) < 0.3
        peaks = np.percentile(stack.reshape(9, -1), 99.95, axis=1)
        assert 3 <= peaks.argmax() <= 5

    def test_one_plane_only_for_a_field(self):
        with pytest.raises(SettingsError, match="use draw_stack"):
            draw_field(FieldSpec(n_planes=3), rng=rng())

    @pytest.mark.parametrize("case", CASES)
    def test_every_case_makes_the_group_that_it_promises(self, case):
        copies = draw_copies(population_of(case), 20_000, rng=rng())
        mean = copies.her2.mean()
        ratio = copies.her2.sum() / copies.cep17.sum()
        group = {
            (True, True): 1, (True, False): 2, (False, False): 5,
        }.get((ratio >= 2, mean >= 4), 3 if mean >= 6 else 4)  # fmt: skip
        expected = {
            "equivocal": 4,
            "amplified": 1,
            "scattered": 1,
            "monosomy": 2,
            "coamplified": 3,
            "heterogeneous": 1,
        }
        if case != "mixed":
            assert group == expected.get(case, 5)

    @pytest.mark.parametrize("seed", range(3))
    def test_random_conditions_draw(self, seed):
        spec = random_spec("mixed", rng=rng(seed), size=256)
        image, truth = draw_field(spec, rng=rng(seed))
        assert image.shape == truth.labels.shape == (256, 256)

    @pytest.mark.parametrize(
        "changes",
        [
            {"shape": (16, 200)},
            {"background": {"haze_electrons": 0, "nucleus_electrons": 0, "glow": 0}},
            {"nuclei": {"per_mm2": 60_000, "roughness": 0, "elongation": 0, "nucleoli": 0}},
            {"nuclei": {"overlapping": 1.0, "out_of_focus": 1.0, "diameter_cv": 0}},
            {"camera": {"offset_counts": 0, "read_noise": 0, "hot_pixels": 0.01}},
            {"pixel_size_um": 0.5, "optics": {"na": 0.4}},
            {"population": ((1.0, Kind(cls=0, her2={0: 1.0}, cep17={0: 1.0})),)},
            {"artefacts": {"granules_per_mm2": 50_000, "granule_um": (0.1, 3.0)}},
        ],
    )
    def test_extreme_conditions_draw_and_stay_consistent(self, changes):
        spec = FieldSpec(shape=(128, 128), population=population_of("amplified")).changed(**changes)
        image, truth = draw_field(spec, rng=rng(1))
        assert image.shape == truth.labels.shape == spec.shape
        assert_array_equal(np.unique(truth.labels[truth.labels > 0]), truth.nuclei.id)
        assert (truth.nuclei.visible > 0).all()
        assert set(truth.spots.nucleus) <= {0, *truth.nuclei.id}

    def test_unknown_names_are_errors(self):
        with pytest.raises(SettingsError, match="unknown case"):
            spec_of_case("negativ")
        with pytest.raises(SettingsError, match="unknown level"):
            spec_of_case("negative", snr="simple")
        with pytest.raises(SettingsError, match="n_planes"):
            spec_of_case("negative", n_planes=0)
        with pytest.raises(SettingsError, match="gian"):
            Camera(gian=2)


class TestFiles:
    @pytest.mark.parametrize(("planes", "axes"), [(1, "CYX"), (3, "ZCYX")])
    def test_image_and_truth_come_back(self, tmp_path, planes, axes):
        image, truth = simulate_case("mixed", seed=2, n_fields=1, size=128, n_planes=planes)[0]
        path = write_phantom(tmp_path / "case", image, truth=truth)
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            assert series.axes == axes
            stored = series.asarray()
            assert 'PhysicalSizeX="0.1"' in file.ome_metadata
            assert 'Name="CEP17"' in file.ome_metadata
        her2 = stored[:, 1] if planes > 1 else stored[1]
        assert_array_equal(her2, image.raw("HER2"))
        again = read_truth(path)
        assert_array_equal(again.labels, truth.labels)
        assert_array_equal(again.nuclei.her2, truth.nuclei.her2)
        assert_array_equal(again.nuclei.scorable, truth.nuclei.scorable)
        assert_allclose(again.spots.y, truth.spots.y, atol=6e-4)
        assert_array_equal(again.spots.kind, truth.spots.kind)

    def test_lacking_truth_is_an_error_with_the_file(self, tmp_path):
        with pytest.raises(InputError, match=r"no\.ome\.tif: its truth cannot be read"):
            read_truth(tmp_path / "no.ome.tif")

    def test_unwritable_folder_is_an_error(self, tmp_path):
        (tmp_path / "file").write_text("in the way")
        image, truth = simulate_case("negative", seed=1, n_fields=1, size=64)[0]
        with pytest.raises(OutputError, match="cannot be written"):
            write_phantom(tmp_path / "file", image, truth=truth)

    @pytest.mark.outside
    def test_truth_of_other_origin_can_be_read(self, outside_data):
        for path in sorted((outside_data / "phantoms").glob("*/field_*.ome.tif")):
            truth = read_truth(path)
            assert len(truth.nuclei) > 0
            assert set(truth.spots.nucleus) <= {0, *truth.nuclei.id}
