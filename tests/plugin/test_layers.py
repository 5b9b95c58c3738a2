"""Fields and results as layers, without a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer, Points
from numpy.testing import assert_allclose, assert_array_equal

from fishcount.image import FishImage
from fishcount.results import FieldResult
from napari_fishcount.layers import (
    contrast_limits,
    count_text,
    image_layers,
    nuclei_layer,
    result_layers,
    text_places,
)
from napari_fishcount.scored import ScoredField


@pytest.fixture
def scored(result: FieldResult) -> ScoredField:
    return ScoredField.from_result(result)


def shown(tuples: list[tuple]) -> ViewerModel:
    viewer = ViewerModel()
    for layer in tuples:
        viewer.add_layer(Layer.create(*layer))
    return viewer


def test_channels_are_layers_in_their_colours_scaled_to_um(image: FishImage) -> None:
    viewer = shown(image_layers(image))

    assert [layer.name for layer in viewer.layers] == ["one DAPI", "one HER2", "one CEP17"]
    assert [layer.colormap.name for layer in viewer.layers] == ["gray", "magenta", "green"]
    for layer in viewer.layers:
        assert_allclose(layer.scale, (0.1, 0.1))
        assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]
        assert layer.blending == "additive"
    assert_array_equal(viewer.layers["one HER2"].data, image.raw("HER2"))


def test_a_stack_keeps_its_planes(stack: FishImage) -> None:
    viewer = shown(image_layers(stack))

    assert viewer.dims.ndim == 3
    assert_allclose(viewer.layers["deep DAPI"].scale, (0.3, 0.1, 0.1))
    assert viewer.layers["deep DAPI"].data.shape == (4, 60, 90)


def test_result_layers_lie_on_the_image(image: FishImage, scored: ScoredField) -> None:
    viewer = shown([*image_layers(image), *result_layers(scored)])

    assert [layer.name for layer in viewer.layers][3:] == [
        "one left out",
        "one nuclei",
        "one HER2 signals",
        "one CEP17 signals",
        "one counts",
    ]
    # A signal covers the very pixel it was found in: same scale, same origin.
    signal = viewer.layers["one HER2 signals"]
    world = signal.data_to_world(signal.data[0])
    assert_allclose(viewer.layers["one HER2"].world_to_data(world), (18, 16))
    assert viewer.layers["one HER2"].get_value(world, world=True) > 800
    assert viewer.layers["one nuclei"].get_value(world, world=True) == 1


def test_nuclei_carry_their_table(scored: ScoredField) -> None:
    data, options, kind = nuclei_layer(scored)
    layer = Layer.create(data, options, kind)

    assert_array_equal(layer.features["index"], [1, 2, 3])
    assert_array_equal(layer.features["her2"].astype(int), [1, 7, 0])
    assert_array_equal(layer.features["her2_high"].astype(int), [1, 9, 0])
    assert list(layer.features["reject_reason"]) == ["", "", "BORDER"]
    # What the status bar says over the second nucleus.
    assert any("her2: 7" in text for text in layer._get_properties((30, 60), world=False))


def test_painting_does_not_change_the_result(scored: ScoredField) -> None:
    layer = Layer.create(*nuclei_layer(scored))

    layer.fill((20, 20), 9)

    assert layer.data[20, 20] == 9
    assert scored.labels[20, 20] == 1


def test_probes_differ_in_shape_not_only_in_colour(scored: ScoredField) -> None:
    viewer = shown(result_layers(scored))
    her2, cep17 = viewer.layers["one HER2 signals"], viewer.layers["one CEP17 signals"]

    assert {str(symbol) for symbol in her2.symbol} == {"ring"}
    assert {str(symbol) for symbol in cep17.symbol} == {"cross"}
    assert not np.array_equal(her2.face_color[0], cep17.face_color[0])


def test_scored_and_left_out_nuclei_differ_in_text_not_only_in_colour(scored: ScoredField) -> None:
    assert count_text(scored) == ["1 : 1", "~7 : 0", "cut by the edge"]


def test_signals_carry_their_table_and_left_out_ones_their_reason(scored: ScoredField) -> None:
    viewer = shown(result_layers(scored))

    kept = viewer.layers["one HER2 signals"]
    assert_array_equal(kept.features["nucleus"], [1, 2])
    assert_allclose(kept.features["copies"], [1, 7])
    assert_allclose(kept.features["score"], [4.5, 2.0])
    # What the status bar says over a signal: its score, and nothing of a merging that was not.
    told = kept._get_properties((18, 16), world=False)
    assert "score: 4.5" in told
    assert not [text for text in told if text.startswith("merged_into")]
    left_out = viewer.layers["one left out"]
    assert not left_out.visible
    assert list(left_out.features["reason"]) == ["TOO_WIDE"]
    assert_allclose(left_out.data, [[33.0, 63.5]])


def test_signals_of_a_stack_lie_in_their_planes(
    stack: FishImage, as_scored: Callable[[FishImage], FieldResult]
) -> None:
    viewer = shown(
        [*image_layers(stack), *result_layers(ScoredField.from_result(as_scored(stack)))]
    )

    assert viewer.dims.ndim == 3
    assert_allclose(viewer.layers["deep CEP17 signals"].data, [[3, 22, 24]])
    assert_allclose(viewer.layers["deep CEP17 signals"].scale, (0.3, 0.1, 0.1))


def test_a_field_without_anything_gives_empty_layers(image: FishImage) -> None:
    from fishcount.nuclei import Nuclei
    from fishcount.signals import Copies, SignalCounts, Signals

    none = np.zeros(0, np.int64)
    nothing = Copies(best=none, low=none, high=none, estimated=none > 0, disagree=none > 0)
    empty = FieldResult(
        image=image,
        nuclei=Nuclei.empty(image.shape),
        spots={},
        counts=SignalCounts(
            signals=Signals.empty(),
            copies={"HER2": nothing, "CEP17": nothing},
            single_flux={},
        ),
        flags=none.astype(np.uint32),
        scored=none > 0,
        reject_reason=none.astype("U8"),
    )

    viewer = shown(result_layers(ScoredField.from_result(empty)))

    assert not viewer.layers["one nuclei"].data.any()
    points = [layer for layer in viewer.layers if isinstance(layer, Points)]
    assert [len(layer.data) for layer in points] == [0, 0, 0, 0]
    assert "snr" in viewer.layers["one HER2 signals"].features


def test_contrast_limits_are_never_empty() -> None:
    ramp = np.arange(10_000, dtype=np.uint16).reshape(100, 100)

    assert contrast_limits(np.zeros((8, 8), np.uint16), dark_share=0.8) == (0.0, 1.0)
    assert_allclose(contrast_limits(ramp, dark_share=0.8), (8000, 9994), atol=1)


def test_a_count_stands_on_no_nucleus_where_there_is_room(scored: ScoredField) -> None:
    # One below the other: above the lower one is the upper one, so its count stands below it.
    labels = np.zeros((80, 90), np.int32)
    labels[20:40, 30:50], labels[40:60, 30:50] = 1, 2
    y_px, x_px = np.array([29.5, 49.5, 70.0]), np.array([39.5, 39.5, 70.0])
    field = replace(scored, labels=labels, nuclei=scored.nuclei.assign(y_px=y_px, x_px=x_px))
    upper, lower, gone = text_places(field)
    assert_allclose(upper, (20 - 9, 39.5))
    assert_allclose(lower, (59 + 9, 39.5))
    # A nucleus without a pixel here is taken for a point.
    assert_allclose(gone, (70 - 9, 70))
    # In a part of a field the places are those of the field.
    part = replace(
        field,
        labels=labels[5:, 20:],
        origin_px=(5, 20),
    )
    assert_allclose(text_places(part), text_places(field))


def test_a_count_amid_others_stands_beside_or_above(scored: ScoredField) -> None:
    labels = np.full((80, 90), 2, np.int32)
    labels[30:50, 30:50] = 1
    labels[:, 52:] = 0
    y_px, x_px = np.array([39.5, 39.5, 5.0]), np.array([39.5, 39.5, 5.0])
    field = replace(scored, labels=labels, nuclei=scored.nuclei.assign(y_px=y_px, x_px=x_px))
    assert_allclose(text_places(field)[0], (39.5, 49 + 12))
    assert text_places(replace(field, labels=np.where(labels == 0, 2, labels)))[0][0] == 30 - 9
