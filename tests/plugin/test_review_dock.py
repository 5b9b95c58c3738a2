"""The review in a real window: keys from table and canvas, the links, the queue, the canvas."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QIcon
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox, QPushButton

from fishcount.errors import CalibrationError, ReviewError
from fishcount.review import Review, replay_folder, verify_review
from napari_fishcount.review import start
from napari_fishcount.review.cases import in_the_window
from napari_fishcount.review.dock import ReviewDock
from napari_fishcount.review.scores import scores_html
from napari_fishcount.review.start import open_review

pytestmark = pytest.mark.viewer

WAIT_MS = 20_000
KEY = Qt.Key


@pytest.fixture
def opened(make_napari_viewer: Any, qtbot: Any) -> Iterator[Callable[..., ReviewDock]]:
    """Opens cases in a window that has the keyboard, and closes them."""
    docks: list[ReviewDock] = []

    def open_cases(*cases: Path) -> ReviewDock:
        viewer = make_napari_viewer(show=True)
        dock = open_review(viewer, list(cases), reader="A. Reader")
        docks.append(dock)
        wait_for(qtbot, dock)
        window = viewer.window._qt_window
        window.activateWindow()
        qtbot.waitUntil(lambda: QApplication.activeWindow() is window, timeout=WAIT_MS)
        return dock

    yield open_cases
    for dock in docks:
        dock.close_case()
        dock.keys.close()


def wait_for(qtbot: Any, dock: ReviewDock) -> None:
    qtbot.waitUntil(lambda: dock._worker is None, timeout=WAIT_MS)


def press(dock: ReviewDock, key: Any, *, on: Any = None) -> None:
    """Press a key on a widget, the table where none is given, as a person does."""
    widget = on or dock.panel.worklist
    widget.setFocus()
    QTest.keyClick(widget, key)


def kinds(case: Path) -> list[str]:
    """What the log of a case tells of."""
    return [event.action["kind"] for event in replay_folder(case)[1].events]


def status(dock: ReviewDock, nucleus: Any) -> str:
    row = dock.panel.desk.state.nuclei.get(nucleus)
    return "unreviewed" if row is None else row.review


def test_a_case_is_reviewed_by_keys_alone(opened, review_case: Path) -> None:
    dock = opened(review_case)
    panel = dock.panel
    first, second, third = panel.desk.shown[:3]

    press(dock, KEY.Key_D)
    press(dock, KEY.Key_W)
    press(dock, KEY.Key_U)

    assert (status(dock, first), status(dock, second)) == ("accepted", "unreviewed")
    assert panel.desk.nucleus == second
    press(dock, KEY.Key_J)
    assert panel.desk.nucleus == third
    assert panel.progress.format() == f"1 of {len(panel.desk.table)} reviewed"
    assert kinds(review_case) == ["accept_nucleus", "reject_nucleus", "undo"]
    assert {event.reader for event in replay_folder(review_case)[1].events} == {"A. Reader"}

    # Not while typing, and from the canvas as from the table.
    press(dock, KEY.Key_D, on=panel.text_filter)
    assert panel.text_filter.text() == "d"
    # Escape gives the keys back, and takes what was typed away.
    press(dock, KEY.Key_Escape, on=panel.text_filter)
    assert panel.text_filter.text() == ""
    assert QApplication.focusWidget() is panel.worklist
    panel.note.setFocus()
    QTest.keyClicks(panel.note, "not this")
    QTest.keyClick(panel.note, KEY.Key_Escape)
    assert panel.note.text() == ""
    assert QApplication.focusWidget() is panel.worklist
    assert len(kinds(review_case)) == 3
    press(dock, KEY.Key_D, on=dock.viewer.window._qt_viewer.canvas.native)
    assert status(dock, third) == "accepted"
    assert len(kinds(review_case)) == 4

    # While something is drawn, the keys belong to napari's brush.
    press(dock, KEY.Key_O)
    assert panel.station.tool is not None
    press(dock, KEY.Key_D)
    assert len(kinds(review_case)) == 4
    press(dock, KEY.Key_Escape)
    assert panel.station.tool is None

    noted = panel.desk.nucleus
    press(dock, KEY.Key_E)
    QTest.keyClicks(panel.note, "odd")
    QTest.keyClick(panel.note, KEY.Key_Return)
    press(dock, KEY.Key_J)
    assert panel.note.text() == ""
    press(dock, KEY.Key_K)
    assert panel.desk.nucleus == noted
    assert panel.note.text() == "odd"
    keeps_notes_where_they_were_begun(dock)
    signs_with_the_present_reader(dock, review_case)


def keeps_notes_where_they_were_begun(dock: ReviewDock) -> None:
    """Without Return: by a button, by a click on a row, by a click on the canvas."""
    panel = dock.panel
    accept = next(
        button
        for button in panel.findChildren(QPushButton)
        if button.text().split() == ["Accept", "D"]
    )

    def click_on_row() -> None:
        row = (panel.desk.shown.index(panel.desk.nucleus) + 2) % len(panel.desk.shown)
        place = panel.worklist.visualRect(panel.model.index(row, 6)).center()
        QTest.mouseClick(panel.worklist.viewport(), Qt.MouseButton.LeftButton, pos=place)

    def go_by_the_canvas() -> None:
        # What a click on a nucleus of the canvas does, while the note has the keyboard.
        panel.desk.go_to(panel.desk.shown[0])

    ways = (accept.click, click_on_row, go_by_the_canvas)
    for text, leave in zip(("one", "two", "three"), ways, strict=True):
        panel.station.run("next_unreviewed")
        began = panel.desk.nucleus
        press(dock, KEY.Key_E)
        QTest.keyClicks(panel.note, text)
        leave()
        QApplication.processEvents()
        assert panel.desk.nucleus != began
        assert panel.desk.state.nuclei[began].note == text
        assert panel.note.text() != text


def signs_with_the_present_reader(dock: ReviewDock, case: Path) -> None:
    dock.reader.setText("B. Reader")
    press(dock, KEY.Key_U)
    dock.reader.setText("")
    press(dock, KEY.Key_U)
    assert "name of its reader" in dock.message.text()
    readers = [event.reader for event in replay_folder(case)[1].events]
    assert readers[-2:] == ["A. Reader", "B. Reader"]


def test_keys_sleep_while_the_case_is_out_of_sight(opened, review_case: Path) -> None:
    dock = opened(review_case)
    press(dock, KEY.Key_Period)
    dock.tabs.setCurrentIndex(1)
    box = dock.cases.new_case.ihc_box
    press(dock, KEY.Key_2, on=box)
    press(dock, KEY.Key_D, on=dock.cases.list)
    assert box.currentText() == "2+"
    assert kinds(review_case) == []
    dock.tabs.setCurrentIndex(0)
    press(dock, KEY.Key_D)
    assert kinds(review_case) == ["accept_nucleus"]


def test_the_cross_of_the_dock_closes_the_case(opened, review_case: Path, qtbot) -> None:
    dock = opened(review_case)
    canvas = dock.viewer.window._qt_viewer.canvas.native
    dock.viewer.window.remove_dock_widget(dock)
    assert dock.panel is None
    press(dock, KEY.Key_D, on=canvas)
    assert kinds(review_case) == []
    # The case can be opened again, in the same window.
    again = open_review(dock.viewer, [review_case], reader="B. Reader")
    wait_for(qtbot, again)
    assert again.panel is not None
    press(again, KEY.Key_D)
    assert kinds(review_case) == ["accept_nucleus"]
    # A dock that is closed while it opens a case keeps nobody from it either.
    again.open_case(review_case)
    dock.viewer.window.remove_dock_widget(again)
    wait_for(qtbot, again)
    Review.open(review_case, reader="C").close()
    again.keys.close()


def test_a_window_that_is_closed_frees_the_case(make_napari_viewer, review_case, qtbot) -> None:
    viewer = make_napari_viewer(show=True)
    dock = open_review(viewer, [review_case], reader="A. Reader")
    wait_for(qtbot, dock)
    with pytest.raises(ReviewError):
        Review.open(review_case, reader="C")
    dock.viewer.close()

    def is_free() -> bool:
        try:
            Review.open(review_case, reader="C").close()
        except ReviewError:
            return False
        return True

    qtbot.waitUntil(is_free, timeout=WAIT_MS)


def test_the_window_is_no_larger_than_the_screen(make_napari_viewer, monkeypatch) -> None:
    viewer = make_napari_viewer(show=True)
    monkeypatch.setattr(start, "WINDOW_PX", (9000, 9000))
    start.fit_to_screen(viewer)
    window = viewer.window._qt_window
    assert window.screen().availableGeometry().contains(window.frameGeometry())
    assert window.height() > 500


def test_the_panel_goes_with_the_desk(opened, review_case: Path) -> None:
    # In one window, because each takes seconds.
    dock = opened(review_case)
    shows_scores(dock)
    links_rows(dock.panel)
    sorts_and_filters(dock.panel)
    checks_settings(dock)


def links_rows(panel: Any) -> None:
    panel.worklist.selectRow(4)
    assert panel.desk.nucleus == panel.desk.shown[4]
    panel.gallery.clicked.emit(panel.gallery.model().index(2, 0))
    assert panel.desk.nucleus == panel.desk.shown[2]
    assert panel.worklist.currentIndex().row() == 2
    panel.station.run("next")
    assert panel.worklist.currentIndex().row() == 3
    assert panel.gallery.currentIndex().row() == 3
    icon = panel.model.icon(panel.desk.nucleus)
    size = panel.gallery.iconSize()
    chosen, plain = (icon.pixmap(size, mode) for mode in (QIcon.Mode.Selected, QIcon.Mode.Normal))
    assert chosen.toImage() == plain.toImage(), "the picture that is chosen is tinted"
    panel.gallery.right_clicked.emit(0)
    assert panel.desk.state.nuclei[panel.desk.shown[0]].review == "rejected"


def sorts_and_filters(panel: Any) -> None:
    by_doubt = panel.desk.shown
    copies = dict(zip(panel.desk.table.ids, panel.desk.table.her2.tolist(), strict=True))
    heading = panel.worklist.horizontalHeader()
    column = 3
    heading.sectionClicked.emit(column)
    listed = [copies[key] for key in panel.desk.shown]
    assert listed == sorted(listed)
    heading.sectionClicked.emit(column)
    assert [copies[key] for key in panel.desk.shown] == listed[::-1]
    shown = [panel.model.index(row, column).data() for row in range(panel.model.rowCount())]
    assert shown == [str(number) for number in listed[::-1]]
    heading.sectionClicked.emit(column)
    assert panel.desk.shown == by_doubt
    panel.text_filter.setText("field_2")
    assert {key[0] for key in panel.desk.shown} == {"field_2"}
    assert panel.model.rowCount() == len(panel.desk.shown) < len(by_doubt)
    panel.text_filter.clear()


def shows_scores(dock: ReviewDock) -> None:
    panel = dock.panel
    before = panel.scores.toPlainText()
    assert "●" not in before
    rows = zip(panel.desk.table.ids, panel.desk.table.scored, strict=True)
    scored = next(key for key, yes in rows if yes)
    panel.desk.go_to(scored)
    press(dock, KEY.Key_W)
    after = panel.scores.toPlainText()
    n_scored = panel.desk.state.automatic.folder.summary["n_scored"]
    assert f"{n_scored - 1} ●" in after
    # What is signed comes first, then what decides it.
    words = after.split()
    assert "ASCO/CAP" in words[: words.index("HER2/CEP17")]
    assert "HER2/CEP17" in words[: words.index("Scored")]
    # So do fields that are to be looked at before anything is used.
    summary = panel.desk.state.automatic.folder.summary
    weak = [{**one, "flags": ["WEAK_SIGNALS"]} for one in summary["fields"]]
    told = scores_html({**summary, "fields": weak}, panel.desk.scored)
    assert "Look at the images first" in told
    assert "(weak signals) may not be evaluable" in told
    counts, _ = panel.model.sentence(panel.desk.nucleus)
    assert counts in panel.heading.text()


def checks_settings(dock: ReviewDock) -> None:
    panel = dock.settings_panel
    panel.set_value("spots", "min_snr", "-1")
    assert "min_snr" in panel.problem.text()
    panel.set_value("spots", "min_snr", "6")
    assert panel.problem.text() == ""
    assert panel.settings().spots.min_snr == 6


def test_the_canvas_shows_the_nucleus_and_its_marks(opened, review_case: Path, qtbot) -> None:
    dock = opened(review_case)
    QApplication.processEvents()
    shown = dock.viewer.screenshot(canvas_only=True, flash=False)
    assert shown[..., :3].std() > 10
    white = (shown[..., :3] > 240).all(axis=-1)
    assert white.sum() > 50, "no contour around the present nucleus"
    red, green, blue = (shown[..., channel].astype(int) for channel in range(3))
    assert ((red > 150) & (blue > 150) & (green < red - 40)).any(), "no magenta"
    assert ((red > 200) & (green > 180) & (blue < 120)).any(), "no yellow contour"

    dock.panel.station.run("toggle_marks")
    QApplication.processEvents()
    bare = dock.viewer.screenshot(canvas_only=True, flash=False)
    red, green, blue = (bare[..., channel].astype(int) for channel in range(3))
    assert not ((red > 200) & (green > 180) & (blue < 120)).any()


def test_cases_come_one_after_another(
    opened, scored_case: Path, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [Path(shutil.copytree(scored_case, tmp_path / name)) for name in ("one", "two")]
    # One that is named twice is there once.
    dock = opened(*cases, cases[0])
    assert dock.cases.folders == cases
    monkeypatch.setattr(dock, "_worker", "an export")
    dock.open_case(cases[1])
    assert "try again" in dock.message.text()
    monkeypatch.setattr(dock, "_worker", None)
    exports(dock, cases[0], qtbot, monkeypatch)
    n_layers = len(dock.viewer.layers)
    dock.next_case()
    wait_for(qtbot, dock)
    assert dock.panel.desk.state.automatic.folder.path == cases[1]
    assert len(dock.viewer.layers) == n_layers
    assert "2 of" in dock.cases.list.item(0).text()
    assert dock.cases.list.item(0).text().endswith(", exported")
    press(dock, KEY.Key_D)
    assert dock.cases.list.item(1).text().endswith(" reviewed, not exported")
    dock.next_case()
    assert "last case" in dock.message.text()
    assert dock.message.text().endswith("edited and not exported: two")
    # The first is free for others.
    assert len(replay_folder(cases[0])[1].events) == 2

    # A cancelled dialog is no error, a folder that is no case is said.
    dock.say("")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([], ""))
    dock.cases.ask_for_cases()
    dock.cases.ask_for_images()
    assert dock.cases.folders == cases
    assert dock.message.text() == ""
    dock.open_case(tmp_path)
    wait_for(qtbot, dock)
    assert "cannot be read" in dock.message.text()
    assert dock.panel is None


def exports(dock: ReviewDock, case: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Export, and ask before an earlier one is replaced."""
    press(dock, KEY.Key_D)
    dock.export()
    wait_for(qtbot, dock)
    summary = case / "reviewed" / "summary.json"
    written = summary.read_bytes()
    assert (case / "reviewed" / "row.csv").is_file()
    assert f"Only 1 of {len(dock.panel.desk.table)} reviewed" in dock.message.text()
    assert "automatic" in (case / "reviewed" / "report.html").read_text()

    press(dock, KEY.Key_D)
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answers.pop(0))
    dock.export()
    assert dock._worker is None
    assert summary.read_bytes() == written
    dock.export()
    wait_for(qtbot, dock)
    assert summary.read_bytes() != written
    assert [check for check in verify_review(case) if check.status != "unchanged"] == []


def test_images_are_scored_with_progress_and_can_be_cancelled(
    opened, review_case: Path, scored_case: Path, tmp_path: Path, qtbot
) -> None:
    dock = opened(review_case)
    images = sorted((scored_case.parent / "images").glob("*.tif"))
    out = tmp_path / "new"
    dock.cases._cancelled.clear()
    dock.cases.score(images, out)
    dock.cases.cancel_button.click()
    qtbot.waitUntil(lambda: dock.cases._worker is None, timeout=WAIT_MS)
    assert not out.exists()
    assert "cancelled" in dock.message.text()

    dock.settings_panel.set_value("spots", "min_snr", "4.5")
    with qtbot.waitSignal(dock.opened, timeout=60_000):
        dock.cases.score(images, out)
    assert dock.cases.bar.value() == len(images)
    assert "min_snr = 4.5" in (out / "settings.toml").read_text()
    assert dock.panel.desk.state.automatic.folder.path == out


def test_what_the_files_do_not_say_of_a_case_is_filled_in(
    opened, review_case: Path, scored_case: Path, tmp_path: Path, qtbot
) -> None:
    dock = opened(review_case)
    image = sorted((scored_case.parent / "images").glob("*.tif"))[0]
    form, out = dock.cases.new_case, tmp_path / "new"
    assert form.options() == {"channels": None, "pixel_size_um": None, "z_step_um": None}
    assert form.ihc is None
    for number, edit in enumerate(form.channel_edits.values()):
        edit.setText(f" {number} ")
    form.pixel_size_box.setValue(0.11)
    form.ihc_box.setCurrentText("2+")
    with qtbot.waitSignal(dock.opened, timeout=60_000):
        dock.cases.score([image], out)
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["ihc"], summary["pixel_size_um"]) == ("2+", 0.11)
    (reading,) = json.loads((out / "provenance.json").read_text())["reading"].values()
    assert reading["channels"] == {"DAPI": "0", "HER2": "1", "CEP17": "2"}

    form.channel_edits["HER2"].setText("none such")
    dock.cases.score([image], tmp_path / "another")
    qtbot.waitUntil(lambda: dock.cases._worker is None, timeout=WAIT_MS)
    assert "none such" in dock.message.text()
    assert not (tmp_path / "another").exists()


def test_an_option_that_the_window_does_not_have_is_said_to_be_of_the_command() -> None:
    missing = CalibrationError("no pixel size", file="a.tif", remedy="give it with --pixel-size-um")
    assert in_the_window(missing).endswith("(options are those of the command: fishcount score)")
    assert in_the_window(CalibrationError("no pixel size")) == "no pixel size"
