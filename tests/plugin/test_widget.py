"""The widget in a real window, and what its canvas shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from napari.layers import Image, Layer
from numpy.testing import assert_allclose

from fishcount.errors import CountError
from fishcount.image import FishImage
from fishcount.results import CaseResult, FieldResult
from napari_fishcount import widget as widget_module
from napari_fishcount.layers import image_layers
from napari_fishcount.widget import ScoreWidget

pytestmark = pytest.mark.viewer

WAIT_MS = 20_000


def show_field(viewer: Any, image: FishImage) -> list[Layer]:
    return [viewer.add_layer(Layer.create(*layer)) for layer in image_layers(image)]


@pytest.fixture
def by_hand(
    monkeypatch: pytest.MonkeyPatch,
    case: CaseResult,
    as_scored: Callable[[FishImage], FieldResult],
) -> list[tuple[FishImage, str | None]]:
    """Scoring gives the result that was made by hand; returns what it was called with."""
    calls: list[tuple[FishImage, str | None]] = []

    def score(image: FishImage, *, ihc: str | None) -> CaseResult:
        calls.append((image, ihc))
        return replace(case, fields=(as_scored(image),))

    monkeypatch.setattr(widget_module, "score_image", score)
    return calls


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def test_scoring_adds_layers_and_figures(
    make_napari_viewer: Any, qtbot: Any, image: FishImage, by_hand: list[Any]
) -> None:
    viewer = make_napari_viewer()
    show_field(viewer, image)
    widget = ScoreWidget(viewer)
    viewer.window.add_dock_widget(widget)
    widget.ihc_box.setCurrentText("2+")
    assert widget.score_button.isEnabled()

    with qtbot.waitSignal(widget.finished, timeout=WAIT_MS):
        widget.score_button.click()
        assert not widget.score_button.isEnabled()
        assert not widget.progress_bar.isHidden()

    assert by_hand == [(image, "2+")]
    assert names(viewer)[3:] == [
        "one left out",
        "one nuclei",
        "one HER2 signals",
        "one CEP17 signals",
        "one counts",
    ]
    assert "Needs IHC" in widget.text.toPlainText()
    assert "For research use only" in widget.text.toPlainText()
    assert widget.score_button.isEnabled()
    assert widget.progress_bar.isHidden()


def test_scoring_again_replaces_the_layers(
    make_napari_viewer: Any, qtbot: Any, image: FishImage, by_hand: list[Any]
) -> None:
    viewer = make_napari_viewer()
    show_field(viewer, image)
    widget = ScoreWidget(viewer)
    viewer.window.add_dock_widget(widget)

    for _ in range(2):
        with qtbot.waitSignal(widget.finished, timeout=WAIT_MS):
            widget.score()

    assert len(viewer.layers) == 8
    assert len(set(names(viewer))) == 8


def test_an_error_is_read_in_the_panel(
    make_napari_viewer: Any, qtbot: Any, image: FishImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(image: FishImage, *, ihc: str | None) -> CaseResult:
        raise CountError("too few", file=image.name)

    monkeypatch.setattr(widget_module, "score_image", fail)
    viewer = make_napari_viewer()
    show_field(viewer, image)
    widget = ScoreWidget(viewer)
    viewer.window.add_dock_widget(widget)

    with qtbot.waitSignal(widget.finished, timeout=WAIT_MS):
        widget.score()

    assert "one: too few" in widget.text.toPlainText()
    assert widget.score_button.isEnabled()
    assert len(viewer.layers) == 3


def test_channels_and_calibration_follow_what_is_open(
    make_napari_viewer: Any, image: FishImage, stack: FishImage
) -> None:
    viewer = make_napari_viewer()
    widget = ScoreWidget(viewer)
    viewer.window.add_dock_widget(widget)
    assert widget.chosen_layers() == {}
    assert not widget.score_button.isEnabled()
    assert "DAPI" in widget.score_button.toolTip()

    first = show_field(viewer, image)
    assert list(widget.chosen_layers().values()) == first
    assert_allclose(widget.pixel_size_box.value(), 0.1)
    assert not widget.z_step_box.isEnabled()

    second = show_field(viewer, stack)
    assert list(widget.chosen_layers().values()) == second
    assert_allclose(widget.z_step_box.value(), 0.3)

    for layer in second:
        viewer.layers.remove(layer)
    assert list(widget.chosen_layers().values()) == first


def test_a_choice_is_kept_while_its_layer_is_there(
    make_napari_viewer: Any, image: FishImage
) -> None:
    viewer = make_napari_viewer()
    dapi, her2, cep17 = show_field(viewer, image)
    widget = ScoreWidget(viewer)
    viewer.window.add_dock_widget(widget)

    widget.choose("HER2", cep17)
    widget.choose("CEP17", None)
    viewer.add_layer(Image(np.zeros((60, 90)), name="another"))

    assert widget.chosen_layers() == {"DAPI": dapi, "HER2": cep17}
    viewer.layers.remove(cep17)
    assert widget.chosen_layers() == {"DAPI": dapi, "HER2": her2}


def test_a_layer_without_units_needs_a_pixel_size(make_napari_viewer: Any) -> None:
    viewer = make_napari_viewer()
    widget = ScoreWidget(viewer)
    viewer.window.add_dock_widget(widget)
    for name in ("dapi", "her2"):
        viewer.add_layer(Image(np.ones((60, 90), np.uint16), name=name))

    assert not widget.score_button.isEnabled()
    assert widget.score_button.toolTip() == "Give the pixel size."
    widget.pixel_size_box.setValue(0.1)
    assert widget.score_button.isEnabled()


def test_the_canvas_shows_the_field_and_its_marks(
    make_napari_viewer: Any, qtbot: Any, image: FishImage, by_hand: list[Any]
) -> None:
    viewer = make_napari_viewer(show=True)
    show_field(viewer, image)
    viewer.reset_view()
    before = viewer.screenshot(canvas_only=True, flash=False)
    widget = ScoreWidget(viewer)
    viewer.window.add_dock_widget(widget)
    with qtbot.waitSignal(widget.finished, timeout=WAIT_MS):
        widget.score()
    viewer.reset_view()

    after = viewer.screenshot(canvas_only=True, flash=False)

    # Not blank: nuclei and background differ, and both probes are seen in their colours.
    assert before[..., :3].std() > 10
    red, green, blue = (after[..., channel].astype(int) for channel in range(3))
    assert ((red > 150) & (blue > 150) & (green < red - 40)).any(), "no magenta"
    assert ((green > 150) & (red < green - 40) & (blue < green - 40)).any(), "no green"
    assert ((red > 200) & (green > 180) & (blue < 120)).any(), "no yellow contour"
