"""The blinded second count on a viewer model, and in one window."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QMessageBox

from fishcount.errors import ReviewError
from fishcount.guidelines import classify
from fishcount.records import category_record
from fishcount.review import SecondCount, second_count_logs
from napari_fishcount.layers import add_layers
from napari_fishcount.reader import read_case
from napari_fishcount.review.scores import outcome_html
from napari_fishcount.review.second_view import SecondView, parse_counts
from napari_fishcount.review.start import open_review

WAIT_MS = 20_000


@pytest.fixture
def view(review_case: Path) -> Iterator[SecondView]:
    count = SecondCount.open(review_case, reader="B", n_nuclei=5, rng=np.random.default_rng(2))
    viewer = ViewerModel()
    # Somebody had looked at the scored case before.
    add_layers(viewer, read_case(str(review_case)))
    view = SecondView(viewer, count)
    yield view
    view.close()


def test_no_count_is_to_be_seen(view: SecondView) -> None:
    viewer = view.stage.viewer
    kinds = {type(layer).__name__ for layer in viewer.layers}
    assert kinds == {"Image", "Labels"}
    for layer in viewer.layers:
        assert len(layer.features.columns) == 0 if hasattr(layer, "features") else True
    nuclei = view.stage.layers["nuclei"]
    present = np.unique(nuclei.data)[1:]
    colours = nuclei.colormap.map(present)
    assert (colours == colours[0]).all(), "whether a nucleus was scored can be seen"


def test_typing_counts_and_goes_on(view: SecondView) -> None:
    chosen = view.count.chosen
    assert view.nucleus == chosen[0]
    view.enter("6 2")
    view.enter("-")
    assert view.count.counted == {chosen[0]: (6, 2)}
    assert view.count.skipped == {chosen[1]}
    assert view.nucleus == chosen[2]
    with pytest.raises(ReviewError, match="HER2 and CEP17"):
        view.enter("6")
    # Chance has chosen another in place of the one that was skipped.
    assert view.count.chosen[:5] == chosen
    assert len(set(view.count.chosen)) == 6
    view.undo()
    assert view.nucleus == chosen[1]
    view.enter("-")
    assert len(view.count.chosen) == 6, "one skip, one other"


def test_another_field_takes_away_what_was_said_of_the_one_before(view: SecondView) -> None:
    """A viewer tells of what is pointed at, and tells anew only when the pointer moves."""
    names = [record["name"] for record in view.count.folder.summary["fields"]]
    other = next(name for name in names if name != view.stage.field)
    view.stage.viewer.status = f"{view.stage.field} outlines"
    view.stage.show_field(other)
    assert view.stage.viewer.status == "Ready"


def test_typed_counts() -> None:
    assert parse_counts("6,2", dual=True) == parse_counts(" 6:2 ", dual=True) == (6, 2)
    assert parse_counts("6", dual=False) == (6, None)
    for text in ("", "6 2 1", "six two", "-1 2"):
        with pytest.raises(ReviewError):
            parse_counts(text, dual=True)


@pytest.mark.viewer
def test_a_second_count_by_keys_alone(
    make_napari_viewer: Any,
    qtbot: Any,
    review_case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = Path(shutil.copytree(review_case, tmp_path / "other"))
    viewer = make_napari_viewer(show=True)
    dock = open_review(viewer, [review_case, other], reader="B", second_count=True)
    qtbot.waitUntil(lambda: dock._worker is None, timeout=WAIT_MS)
    n_nuclei = len(dock.view.count.nuclei)
    for _ in range(n_nuclei):
        QTest.keyClicks(dock.entry, "5 3")
        QTest.keyClick(dock.entry, Qt.Key.Key_Return)
    assert dock.progress.value() == n_nuclei
    dock.finish()
    assert "kappa" in dock.outcome.toPlainText()
    dock.next_case()
    qtbot.waitUntil(lambda: dock._worker is None, timeout=WAIT_MS)
    assert dock.view.count.folder.path == other
    assert dock.outcome.isHidden()
    assert dock.next_button.isHidden()
    asks_before_too_few_are_compared(dock, other, qtbot, monkeypatch)
    # The cross of the dock closes the count: another may open it.
    viewer.window.remove_dock_widget(dock)
    assert dock.view is None
    (log,) = second_count_logs(review_case)
    assert log.with_suffix(".png").is_file()


def asks_before_too_few_are_compared(dock: Any, case: Path, qtbot: Any, monkeypatch: Any) -> None:
    """Where the reader chooses: what is counted after the comparison is not blinded."""
    asked: list[str] = []

    def no(*arguments: Any) -> Any:
        asked.append(arguments[-1])
        return QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", no)
    dock.reader.setText("C")
    dock.n_nuclei.setValue(0)
    dock.open_case(case)
    qtbot.waitUntil(lambda: dock._worker is None, timeout=WAIT_MS)
    QTest.keyClicks(dock.entry, "5 3")
    QTest.keyClick(dock.entry, Qt.Key.Key_Return)
    dock.finish()
    assert asked[0].startswith("1 of at least 20 nuclei were counted")
    assert not dock.view.count.finished


def test_a_count_of_one_probe_tells_of_one_and_a_comment_stays_with_its_category() -> None:
    record = {
        "n_nuclei": 3,
        "her2_signals": 9,
        "cep17_signals": None,
        "agreement": [],
        "workup": None,
        "refused": "a case without CEP17 has no recount",
    }
    assert "3 nuclei, HER2 9<" in outcome_html(record)
    outcome = classify(20, 100, 60, ihc="1+", areas=2).under("asco-cap-2018-dual")
    record |= {"cep17_signals": 3, "workup": {"outcome": category_record(outcome)}}
    assert "<b>Negative with comment, group 4</b>" in outcome_html(record)
