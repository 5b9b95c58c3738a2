"""A review on a viewer model: what is shown, and what the actions do. No display is needed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from numpy.testing import assert_allclose, assert_array_equal

from fishcount.batch import CaseJob, FieldJob, score_job
from fishcount.image import FishImage
from fishcount.io import put_file
from fishcount.review import Desk, replay_folder, signal_place, signals_of
from fishcount.synthetic import write_image
from napari_fishcount.compat import camera_of
from napari_fishcount.review import stage as stage_module
from napari_fishcount.review.actions import ACTIONS, REASONS
from napari_fishcount.review.marks import MARK_SIZE_UM
from napari_fishcount.review.station import Station
from napari_fishcount.review.tools import Brush, Knife


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Station]]:
    """Opens reviews on viewer models and closes them."""
    stations: list[Station] = []

    def open_station(case: Path) -> Station:
        said: list[str] = []
        station = Station(ViewerModel(), Desk.open(case, reader="A"), say=said.append)
        station.said = said
        stations.append(station)
        return station

    yield open_station
    for station in stations:
        station.close()


@pytest.fixture
def station(opened, review_case: Path) -> Station:
    return opened(review_case)


def point_at(station: Station, y_px: float, x_px: float) -> None:
    """Move the pointer as the canvas would."""
    viewer, pixel_um = station.viewer, station.stage.pixel_size_um
    deep = (0.0,) * (viewer.dims.ndim - 2)
    viewer.cursor.position = (*deep, y_px * pixel_um, x_px * pixel_um)
    viewer.mouse_over_canvas = True
    for callback in viewer.mouse_move_callbacks:
        callback(viewer, None)


def drag(station: Station, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press, move and let go, for every tool that listens."""
    viewer, pixel_um = station.viewer, station.stage.pixel_size_um
    event = SimpleNamespace(type="mouse_press", button=1, position=np.array(start) * pixel_um)
    running = [callback(viewer, event) for callback in ours(viewer.mouse_drag_callbacks)]
    for generator in running:
        next(generator)
    for kind, at in (("mouse_move", end), ("mouse_release", end)):
        event.type, event.position = kind, np.array(at) * pixel_um
        for generator in running:
            next(generator, None)


def ours(callbacks: list) -> list:
    """Without those that napari has for itself."""
    return [one for one in callbacks if "napari_fishcount" in getattr(one, "__module__", "")]


def centre_of(station: Station, nucleus) -> tuple[float, float]:
    y, x = np.argwhere(station.desk.state.labels(nucleus[0]) == nucleus[1]).mean(axis=0)
    return float(y), float(x)


def neighbours(station: Station):
    """The present nucleus and another of its field."""
    here = station.desk.nucleus
    other = next(key for key in station.desk.shown if key[0] == here[0] and key != here)
    return here, other


def test_opening_shows_the_field_of_the_first_nucleus(station) -> None:
    layers = station.stage.layers
    assert {"DAPI", "HER2", "CEP17", "nuclei", "HER2 signals", "CEP17 signals", "left out"} <= set(
        layers
    )
    assert layers["HER2"].colormap.name == "magenta"
    assert layers["CEP17"].colormap.name == "green"
    assert {str(symbol) for symbol in layers["HER2 signals"].symbol} == {"ring"}
    assert {str(symbol) for symbol in layers["CEP17 signals"].symbol} == {"cross"}
    assert layers["nuclei"].contour == 1
    assert not layers["left out"].visible
    assert station.viewer.help == "", "the keys of napari are not those of a review"
    field = station.desk.nucleus[0]
    assert (
        len(layers["nuclei"].features)
        == (station.desk.state.automatic.folder.nuclei["field"] == field).sum()
    )


def test_a_jump_centres_and_marks_the_nucleus(station) -> None:
    station.next()
    nucleus = station.desk.nucleus
    y_px, x_px = centre_of(station, nucleus)
    pixel_um = station.stage.pixel_size_um
    assert_allclose(
        camera_of(station.viewer).center[-2:], (y_px * pixel_um, x_px * pixel_um), atol=1.5
    )
    present = station.stage.layers["present"]
    outline = station.desk.state.outline(nucleus)
    assert present.data.sum() == outline.area_px
    assert_allclose(present.translate, (np.array([outline.y0, outline.x0]) - 2) * pixel_um)


def test_a_nucleus_of_another_field_brings_its_field(station) -> None:
    other = next(key for key in station.desk.shown if key[0] != station.desk.nucleus[0])
    n_layers = len(station.viewer.layers)
    station.desk.go_to(other)
    assert station.stage.field == other[0]
    assert len(station.viewer.layers) == n_layers
    assert_array_equal(station.stage.layers["nuclei"].data, station.desk.state.labels(other[0]))


def test_accept_goes_on_and_reject_gives_the_reason(station) -> None:
    first, second = station.desk.shown[:2]
    assert station.run("accept")
    assert station.desk.nucleus == second
    assert station.run("reject", "OVERLAPPED")
    state = station.desk.state
    assert state.nuclei[first].review == "accepted"
    assert state.nuclei[second].reject_reason == "OVERLAPPED"


def test_a_rejected_nucleus_turns_grey_and_says_why(station) -> None:
    name, number = station.desk.nucleus
    station.run("reject", "BLURRED")
    station.desk.go_to((name, number))
    nuclei, counts = station.stage.layers["nuclei"], station.stage.layers["counts"]
    grey = nuclei.colormap.map(np.array([number]))[0]
    assert_allclose(grey[:3], np.array([0x9A] * 3) / 255, atol=0.01)
    row = counts.features[counts.features["nucleus"] == number]
    assert row["says"].tolist() == ["out of focus"]


def test_signals_are_added_at_the_pointer_and_taken_back(station) -> None:
    nucleus = station.desk.nucleus
    y_px, x_px = centre_of(station, nucleus)
    layers = station.stage.layers
    for channel in ("HER2", "CEP17"):
        n_marks = len(layers[f"{channel} signals"].data)
        point_at(station, y_px, x_px)
        assert station.run(f"add_{channel.lower()}")
        marks = layers[f"{channel} signals"]
        assert len(marks.data) == len(marks.features) == n_marks + 1
        assert len({str(symbol) for symbol in marks.symbol}) == 1
        assert np.ptp(marks.size) == 0
    assert station.run("undo")
    assert station.run("undo")
    assert station.desk.state.signals == {}


def test_without_the_pointer_nothing_is_added_and_that_is_said(station) -> None:
    assert not station.run("add_her2")
    assert "point at the place" in station.said[-1]
    assert station.desk.review.log.content.events == ()


def test_what_is_pointed_at_is_what_the_next_key_means(station) -> None:
    signal = next(key for key in signals_of(station.desk.state, station.desk.nucleus))
    _, y_px, x_px = signal_place(station.desk.state, signal)
    point_at(station, y_px + 0.4, x_px)
    assert station.desk.signal == signal
    assert_allclose(station.stage.layers["picked"].data, [[y_px, x_px]])

    assert station.run("set_copies", 4)
    assert station.desk.state.signal(signal).copies == 4
    assert station.run("delete_signal")
    assert station.desk.signal is None
    assert not station.run("delete_signal")


def test_a_signal_goes_to_the_nucleus_under_the_pointer(station) -> None:
    here, other = neighbours(station)
    signal = signals_of(station.desk.state, here)[0]
    point_at(station, *centre_of(station, other))
    station.desk.pick(signal)
    assert station.run("assign_signal")
    assert station.desk.state.signal(signal).nucleus == other[1]


def test_a_click_takes_the_nucleus_and_a_drag_does_not(station) -> None:
    _, other = neighbours(station)
    point_at(station, *centre_of(station, other))
    viewer = station.viewer
    event = SimpleNamespace(type="mouse_press", button=1, position=(0, 0))
    for moves in (True, False):
        (callback,) = ours(viewer.mouse_drag_callbacks)
        generator = callback(viewer, event)
        next(generator)
        if moves:
            event.type = "mouse_move"
            next(generator)
        event.type = "mouse_release"
        next(generator, None)
        assert (station.desk.nucleus == other) is not moves


def test_nuclei_merge_with_the_one_under_the_pointer(station) -> None:
    here, other = neighbours(station)
    assert not station.run("merge_nuclei")
    point_at(station, *centre_of(station, other))
    assert station.run("merge_nuclei")
    merged = station.desk.nucleus
    assert station.desk.state.nuclei[merged].parents == (here[1], other[1])
    assert (station.stage.layers["nuclei"].data == merged[1]).any()
    # A merged nucleus takes all of its signals with it: their number is said.
    station.run("undo")
    assert re.search(r", \d+ signals; A\)$", station.said[-1])
    assert "signal " not in station.said[-1]


def test_the_knife_cuts_along_a_drag(station) -> None:
    nucleus = station.desk.nucleus
    y_px, x_px = centre_of(station, nucleus)
    assert station.run("split_nucleus")
    assert isinstance(station.tool, Knife)
    assert not camera_of(station.viewer).mouse_pan

    drag(station, (y_px, x_px - 100), (y_px, x_px + 100))

    assert station.tool is None
    assert camera_of(station.viewer).mouse_pan
    halves = [key for key, row in station.desk.state.nuclei.items() if row.parents]
    assert len(halves) == 2
    assert "cut" not in [layer.name for layer in station.viewer.layers]


def test_the_knife_cuts_at_the_waist_without_a_drag(station) -> None:
    area = station.desk.state.outline(station.desk.nucleus).area_px
    station.run("split_nucleus")
    station.run("split_nucleus")
    halves = [key for key, row in station.desk.state.nuclei.items() if row.parents]
    areas = [station.desk.state.outline(key).area_px for key in halves]
    assert sum(areas) == area
    assert min(areas) > 0.35 * area


def test_the_brush_paints_an_outline_anew_on_a_sheet_of_its_own(station) -> None:
    nucleus = station.desk.nucleus
    before = station.desk.state.labels(nucleus[0])
    station.run("redraw_nucleus")
    assert isinstance(station.tool, Brush)
    sheet = station.viewer.layers["outline that is drawn"]
    assert sheet.data.sum() == (before == nucleus[1]).sum()
    rows, _ = np.nonzero(sheet.data)
    sheet.data[rows.min() : (rows.min() + rows.max()) // 2] = 0
    assert_array_equal(station.desk.state.labels(nucleus[0]), before)

    assert station.run("finish")

    after = station.desk.state.outline(nucleus).area_px
    assert 0.3 < after / (before == nucleus[1]).sum() < 0.7
    assert "outline that is drawn" not in [layer.name for layer in station.viewer.layers]


def test_a_nucleus_is_drawn_where_none_was(station) -> None:
    name = station.stage.field
    free = np.argwhere(station.desk.state.labels(name) == 0)
    y_px, x_px = free[np.argmin(np.abs(free - free.mean(axis=0)).sum(axis=1))]
    point_at(station, y_px, x_px)
    station.run("draw_nucleus")
    sheet = station.viewer.layers["outline that is drawn"]
    sheet.data[...] = 1
    n_nuclei = len(station.desk.table)
    assert station.run("finish")
    assert len(station.desk.table) == n_nuclei + 1


def test_a_tool_is_put_down_by_undo_by_going_on_and_by_an_empty_sheet(station) -> None:
    for leave in ("undo", "next"):
        station.run("redraw_nucleus")
        assert station.run(leave)
        assert station.tool is None
    station.run("draw_nucleus")
    station.viewer.layers["outline that is drawn"].data[...] = 0
    assert not station.run("finish")
    assert station.desk.review.log.content.events == ()


def test_channels_marks_and_others_can_be_hidden(station) -> None:
    layers = station.stage.layers
    station.run("next_channel")
    assert [layers[role].visible for role in ("DAPI", "HER2", "CEP17")] == [True, False, False]
    for _ in range(3):
        station.run("next_channel")
    assert all(layers[role].visible for role in ("DAPI", "HER2", "CEP17"))

    station.run("toggle_marks")
    assert not layers["nuclei"].visible
    assert not layers["HER2 signals"].visible
    station.run("toggle_marks")
    station.run("toggle_left_out")
    assert layers["left out"].visible

    station.run("only_this_nucleus")
    assert set(np.unique(layers["nuclei"].data)) == {0, station.desk.nucleus[1]}
    assert set(layers["HER2 signals"].features["nucleus"]) <= {station.desk.nucleus[1]}
    station.run("only_this_nucleus")
    assert len(np.unique(layers["nuclei"].data)) > 2


def test_the_size_of_marks_stays_through_edits(station) -> None:
    station.set_mark_size_um(1.5)
    point_at(station, *centre_of(station, station.desk.nucleus))
    station.run("add_her2")
    sizes = station.stage.layers["HER2 signals"].size * station.stage.pixel_size_um
    assert_allclose(sizes, 1.5)


def test_painting_a_layer_changes_no_result(station) -> None:
    before = station.desk.state.labels(station.stage.field)
    station.stage.layers["nuclei"].data[:] = 0
    assert_array_equal(station.desk.state.labels(station.stage.field), before)


def test_a_large_field_is_drawn_around_the_nucleus(
    opened, review_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_module, "_WINDOW_PX", 128)
    station = opened(review_case)
    for nucleus in station.desk.shown:
        station.desk.go_to(nucleus)
        y0, x0, y1, x1 = station.stage.box
        assert (y1 - y0, x1 - x0) == (128, 128)
        layer = station.stage.layers["nuclei"]
        labels = station.desk.state.labels(nucleus[0])
        assert_array_equal(layer.data, labels[y0:y1, x0:x1])
        assert_allclose(layer.translate, np.array([y0, x0]) * station.stage.pixel_size_um)
        assert (layer.data == nucleus[1]).any()


def test_a_stack_goes_to_the_plane_of_a_signal_and_projects(
    opened, scored_stack: Path, tmp_path: Path
) -> None:
    station = opened(scored_stack)
    viewer = station.viewer
    nucleus = next(key for key in station.desk.shown if signals_of(station.desk.state, key))
    station.desk.go_to(nucleus)
    station.run("next_signal")
    z_px = signal_place(station.desk.state, station.desk.signal)[0]
    step_um = station.stage.layers["DAPI"].scale[0]
    assert abs(viewer.dims.point[0] / step_um - z_px) <= 0.5

    # All planes at first: no signal of the nucleus is out of sight.
    assert str(station.stage.layers["DAPI"].projection_mode) == "max"
    assert viewer.dims.margin_left[0] >= step_um * 4
    station.run("toggle_projection")
    assert str(station.stage.layers["DAPI"].projection_mode) == "none"
    station.run("toggle_projection")
    assert str(station.stage.layers["DAPI"].projection_mode) == "max"


def test_without_its_image_a_case_is_reviewed_all_the_same(opened, review_case: Path) -> None:
    text = (review_case / "summary.json").read_text().replace('"sha256": "', '"sha256": "0')
    put_file(review_case, "summary.json", data=text.encode())
    station = opened(review_case)
    assert "DAPI" not in station.stage.layers
    assert "changed since it was scored" in station.problem
    assert station.run("accept")


def test_fields_with_pixels_of_another_size_share_the_layers(opened, review_case: Path) -> None:
    summary = json.loads((review_case / "summary.json").read_text())
    summary["fields"][1] |= {"pixel_size_um": 0.2, "path": None}
    put_file(review_case, "summary.json", data=json.dumps(summary).encode())
    station = opened(review_case)
    for nucleus in ("field_1", "field_2", "field_1"):
        key = next(key for key in station.desk.shown if key[0] == nucleus)
        station.desk.go_to(key)
        pixel_um = station.desk.state.automatic.pixel_size_of(nucleus)
        for what in ("nuclei", "present", "HER2 signals", "counts"):
            assert_allclose(station.stage.layers[what].scale[-1], pixel_um)
        assert_allclose(station.stage.layers["HER2 signals"].size * pixel_um, MARK_SIZE_UM)
        y_px, x_px = centre_of(station, key)
        centre = camera_of(station.viewer).center[-2:]
        assert_allclose(centre, (y_px * pixel_um, x_px * pixel_um), atol=2.5)


def test_a_layer_that_was_deleted_by_hand_comes_back(station) -> None:
    layers = station.viewer.layers
    layers.remove(station.stage.layers["HER2 signals"])
    point_at(station, *centre_of(station, station.desk.nucleus))
    assert station.run("add_her2")
    assert station.stage.layers["HER2 signals"] in layers


def test_closing_takes_everything_out_and_frees_the_case(station, review_case: Path) -> None:
    viewer = station.viewer
    station.run("accept")
    station.stage.clear()
    assert len(viewer.layers) == 0
    state, log = replay_folder(review_case)
    assert len(log.events) == 1
    assert state == station.desk.state


def test_every_action_is_done_by_somebody_and_no_key_is_given_twice() -> None:
    from napari_fishcount.review.case_panel import CasePanel
    from napari_fishcount.review.dock import ReviewDock

    for action in ACTIONS:
        assert any(hasattr(one, action.name) for one in (Station, CasePanel, ReviewDock)), action
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    assert REASONS[0] == "READER_REJECTED"


def test_the_guide_names_every_key() -> None:
    guide = Path(__file__).parents[2] / "docs" / "howto" / "review.md"
    rows = re.findall(r"^\| (\S+) \| (.+?) \|$", guide.read_text(encoding="utf-8"), re.MULTILINE)
    told = [row for row in rows if row[0] not in ("key", "---")]
    assert told == [(action.keys[0], action.title) for action in ACTIONS if not action.arguments]


def test_a_key_that_is_held_down_decides_nothing_twice() -> None:
    repeated = {action.name for action in ACTIONS if action.repeats}
    assert repeated == {"next", "previous", "next_unreviewed", "next_signal", "previous_signal"}


def test_undo_says_what_it_took_back_and_whose_it_was(station) -> None:
    station.run("reject", "BLURRED")
    name, number = station.desk.shown[0]
    station.desk.review.reader = "B"
    station.run("undo")
    assert station.said[-1] == (
        f"taken back: nucleus left out, out of focus (nucleus {name}/{number}; A)"
    )
    station.run("redo")
    assert station.said[-1].startswith("stands again: nucleus left out")


def test_the_end_of_the_work_is_said(station) -> None:
    *_, last = station.desk.shown
    station.desk.go_to(last)
    station.run("accept")
    assert "The end of the list" in station.said[-1]
    for _ in range(len(station.desk.shown) - 1):
        assert "Every nucleus" not in station.said[-1]
        station.run("next_unreviewed")
        station.run("accept")
    assert "Every nucleus is reviewed" in station.said[-1]


def test_the_whole_field_and_the_next_one_can_be_looked_over(station) -> None:
    nucleus, zoom = station.desk.nucleus, camera_of(station.viewer).zoom
    station.run("whole_field")
    assert station.desk.nucleus == nucleus
    assert camera_of(station.viewer).zoom < zoom
    other = next(
        name for name in station.desk.state.automatic.fields if name != station.stage.field
    )
    station.run("whole_field")
    assert station.stage.field == other
    assert not station.stage.layers["present"].visible
    # What is out of sight is not accepted.
    assert not station.run("accept")
    assert station.desk.scored.n_reviewed == 0
    station.run("next")
    assert (station.desk.nucleus, station.stage.field) == (nucleus, nucleus[0])
    assert_allclose(camera_of(station.viewer).zoom, zoom)


def test_a_large_field_is_drawn_whole_only_while_it_is_looked_over(
    station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_module, "_WINDOW_PX", 100)
    shape = station.desk.state.shape(station.stage.field)
    station.run("whole_field")
    assert station.stage.layers["nuclei"].data.shape == shape
    station.desk.go_to(station.desk.nucleus)
    assert max(station.stage.layers["nuclei"].data.shape) <= 100


def test_a_case_without_a_nucleus_is_seen_and_one_can_be_drawn(opened, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).poisson(100, (3, 128, 128)).astype(np.uint16)
    image = FishImage.from_array(
        pixels, axes="CYX", channels=["DAPI", "HER2", "CEP17"], pixel_size_um=0.1, name="dark"
    )
    file = tmp_path / "dark.ome.tif"
    write_image(file, image)
    score_job(CaseJob(name="none", fields=(FieldJob(files=file),)), tmp_path / "case")
    station = opened(tmp_path / "case")
    assert station.desk.nucleus is None
    assert station.stage.layers["DAPI"].visible
    point_at(station, 64.0, 64.0)
    assert station.run("add_her2")
    assert "in no count" in station.said[-1]
    assert station.run("draw_nucleus")
    station.tool._layer.data[40:90, 40:90] = 1
    assert station.run("finish")
    assert station.desk.nucleus is not None
    assert station.run("accept")
    assert station.desk.scored.n_reviewed == 1


def test_a_signal_that_is_added_elsewhere_is_said_to_be_elsewhere(station) -> None:
    here, other = neighbours(station)
    point_at(station, *centre_of(station, other))
    station.run("add_cep17")
    assert station.desk.nucleus == here
    assert station.said[-1] == f"signal added, CEP17, in nucleus {other[1]}"


def test_in_a_projection_a_signal_is_added_where_it_is_brightest(
    opened, scored_stack: Path, tmp_path: Path
) -> None:
    station = opened(Path(shutil.copytree(scored_stack, tmp_path / "stack")))
    assert station.stage.projected
    signal = signals_of(station.desk.state, station.desk.nucleus)[0]
    z_px, y_px, x_px = signal_place(station.desk.state, signal)
    channel = station.desk.state.signal(signal).channel
    station.stage.show_plane(0 if z_px > 2 else 4)
    point_at(station, y_px, x_px)
    station.run("add_her2" if channel == "HER2" else "add_cep17")
    added = max(station.desk.state.signals, key=lambda key: key[1])
    assert signal_place(station.desk.state, added)[0] == pytest.approx(z_px, abs=1.0)
    assert station.run("toggle_projection")
    assert "One plane" in station.said[-1]


def test_a_step_draws_once_and_lets_the_viewer_measure_seldom(
    station, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, measured = [], []
    draw, measure = type(station.marks).draw, type(station.viewer)._on_layers_change
    monkeypatch.setattr(
        type(station.marks), "draw", lambda *args: drawn.append(args[1]) or draw(*args)
    )
    monkeypatch.setattr(
        type(station.viewer), "_on_layers_change", lambda self: measured.append(1) or measure(self)
    )
    for _ in range(6):
        station.run("accept")
    # The move and the edit are two changes of what is seen, of one state.
    assert len(drawn) == 6
    # Drawing, the mark of the present nucleus, and once more where the field is another one.
    assert len(measured) <= 6 * 3
    # Nothing is left unmeasured.
    extent = station.viewer.layers.extent.world
    assert_allclose(station.viewer.dims.range[-1].stop, extent[1][-1], atol=0.2)


def test_the_display_range_of_a_field_is_found_once(station, monkeypatch) -> None:
    names = station.desk.state.automatic.fields
    found = [station.stage.images.layers(name) for name in names]
    for name, layers in zip(names, found, strict=True):
        assert station.stage.images.layers(name) is layers
        assert [one[1]["name"] for one in layers] == [
            f"{name} {role}" for role in ("DAPI", "HER2", "CEP17")
        ]


def test_a_filter_that_leaves_nothing_says_so(station) -> None:
    station.desk.arrange(text="no such word")
    station.run("accept")
    assert "The filter leaves no nucleus" in station.said[-1]
    assert station.desk.scored.n_reviewed == 1
