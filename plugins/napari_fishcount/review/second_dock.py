"""The dock of the blinded second count: a figure for each nucleus, nothing else in sight."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from napari.qt.threading import create_worker
from napari.viewer import Viewer
from qtpy.QtCore import QEvent, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from fishcount.errors import FishcountError, ReviewError
from fishcount.guidelines import RECOUNT_MIN_NUCLEI
from fishcount.report.agreement import write_second_count
from fishcount.review import SecondCount, same_reader
from napari_fishcount.case_images import CaseImages
from napari_fishcount.review.reader import reader_name
from napari_fishcount.review.scores import outcome_html
from napari_fishcount.review.second_view import SecondView

__all__ = ["SecondCountDock"]

# What is typed, in a case of two probes and of one.
_TYPED = {True: "HER2 CEP17", False: "HER2"}
_HOW = {
    True: "Type the copies of HER2 and of CEP17, as in <b>6 2</b>, and press Return. ",
    False: "Type the copies of HER2, as in <b>6</b>, and press Return. ",
}
_HOW_ELSE = (
    "A minus skips the nucleus, and chance chooses another. "
    "Neither the first counts nor the automatic ones are shown."
)

# The table of agreement fits into it.
_DOCK_WIDTH_PX = 380
_FINISH = "Finish: compare with the first count"


class SecondCountDock(QWidget):
    """Counts one case blinded.

    Attributes
    ----------
    view : SecondView or None
        The count that is open.
    opened : Signal
        A case is open, or could not be opened.
    """

    opened = Signal()

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.view: SecondView | None = None
        self._worker: Any = None
        self._queue: list[Path] = []
        self.setMinimumWidth(_DOCK_WIDTH_PX)
        napari_viewer.window._qt_window.destroyed.connect(lambda: self.release())
        self.reader = QLineEdit(reader_name())
        self.n_nuclei = QSpinBox()
        self.n_nuclei.setRange(0, 1000)
        self.n_nuclei.setValue(RECOUNT_MIN_NUCLEI)
        self.n_nuclei.setSpecialValueText("the reader chooses")
        self.n_nuclei.setToolTip("Nuclei that chance chooses, whatever was counted in them.")
        self.planes = QCheckBox("All planes at once")
        self.planes.setChecked(True)
        self.planes.setToolTip("Of a stack: the brightest of all planes, or the one of the slider.")
        self.planes.toggled.connect(self._show_planes)
        self.open_button = QPushButton("Open a case ...")
        self.open_button.clicked.connect(self.ask_for_case)
        self.how = QLabel()
        self.heading = QLabel()
        self.progress = QProgressBar()
        self.progress.setFormat("%v of %m")
        self.entry = QLineEdit()
        self.entry.returnPressed.connect(self.enter)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.list = QListWidget()
        self.list.itemClicked.connect(lambda item: self._go_to_row(self.list.row(item)))
        self.undo_button = QPushButton("Undo")
        self.undo_button.clicked.connect(self.undo)
        self.finish_button = QPushButton(_FINISH)
        self.finish_button.clicked.connect(self.finish)
        self.next_button = QPushButton("Next case")
        self.next_button.clicked.connect(self.next_case)
        self.outcome = QTextBrowser()
        self.outcome.setVisible(False)
        self._lay_out()
        self._refresh()

    def _lay_out(self) -> None:
        self.how.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Second reader", self.reader)
        form.addRow("Nuclei", self.n_nuclei)
        buttons = QHBoxLayout()
        buttons.addWidget(self.undo_button)
        buttons.addWidget(self.finish_button, stretch=1)
        buttons.addWidget(self.next_button)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.open_button)
        layout.addWidget(self.how)
        layout.addWidget(self.heading)
        layout.addWidget(self.progress)
        layout.addWidget(self.planes)
        layout.addWidget(self.entry)
        layout.addWidget(self.message)
        layout.addWidget(self.list, stretch=1)
        layout.addLayout(buttons)
        layout.addWidget(self.outcome, stretch=1)

    # --- cases ------------------------------------------------------------------------------

    def add_cases(self, folders: Iterable[Path]) -> None:
        """Cases of this sitting, in order."""
        self._queue = list(folders)

    def next_case(self) -> None:
        """Open the next case of the queue."""
        if self._queue:
            self.open_case(self._queue[0])

    def ask_for_case(self) -> None:
        """Ask for a case folder; a cancelled dialog changes nothing."""
        chosen = QFileDialog.getExistingDirectory(self, "Case folder")
        if chosen:
            self.open_case(Path(chosen))

    def open_case(self, folder: Path) -> None:
        """Open a case in a thread; `opened` tells when."""
        if self._worker is not None:
            return
        self.close_case()
        if folder in self._queue:
            self._queue = self._queue[self._queue.index(folder) + 1 :]
        self.outcome.setVisible(False)
        self._worker = create_worker(
            _open,
            folder,
            self.reader.text(),
            self.n_nuclei.value(),
            _start_thread=False,
            _ignore_errors=True,
        )
        self._worker.returned.connect(self._on_opened)
        self._worker.errored.connect(self._on_failed)
        self._worker.finished.connect(self._on_finished)
        self._worker.start()

    def close_case(self) -> None:
        """Close the count that is open; every figure is on the disk."""
        if self.view is not None:
            self.view.close()
            self.view = None
            self._refresh()

    def release(self) -> None:
        """Let others open the count; touches no widget, so it may come after the window."""
        if self.view is not None:
            self.view.count.close()

    def closeEvent(self, event: Any) -> None:
        """Let others open the case when the dock goes."""
        self.close_case()
        super().closeEvent(event)

    def changeEvent(self, event: Any) -> None:
        """So also when napari takes it out of its dock, as the cross in its title does."""
        if event.type() == QEvent.Type.ParentChange and self.parentWidget() is None:
            self.close_case()
        super().changeEvent(event)

    def _on_opened(self, found: tuple[SecondCount, CaseImages]) -> None:
        count, images = found
        if self.parentWidget() is None:
            # The dock was closed in the meantime.
            count.close()
            return
        self.view = SecondView(self.viewer, count, images=images)
        self.view.on_moved = self._refresh
        self._show_planes(self.planes.isChecked())
        self.say(
            images.problems.get(self.view.stage.field, "")
            if count.nuclei
            else "there is no nucleus to count"
        )
        self._refresh()
        self.entry.setFocus()

    def _on_failed(self, error: Exception) -> None:
        self.say(str(error))
        if not isinstance(error, FishcountError):
            raise error

    def _on_finished(self) -> None:
        self._worker = None
        self.opened.emit()

    # --- counting ---------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Tell the reader what is wrong; an empty text takes it away."""
        self.message.setText(f"⚠ {text}" if text else "")

    def enter(self) -> None:
        """Take what was typed and go on."""
        if self._try("enter", self.entry.text()):
            self.entry.clear()

    def undo(self) -> None:
        """Take the last figure back."""
        self._try("undo")
        self.entry.setFocus()

    def finish(self) -> None:
        """Write the count, and show how far it agrees; only now the first one is seen."""
        view = self.view
        if view is None or not self._may_finish(view.count):
            return
        try:
            record = write_second_count(view.count)
        except FishcountError as error:
            self.say(str(error))
            return
        self.outcome.setHtml(outcome_html(record))
        self.outcome.setVisible(True)
        self._refresh()

    def _may_finish(self, count: SecondCount) -> bool:
        """Ask where too few are counted: who has seen the first count is no longer blinded."""
        n_counted = len(count.counted)
        if count.finished or not n_counted:
            return True
        left = [key for key in count.chosen if key not in {*count.counted, *count.skipped}]
        if left:
            words = f"{len(left)} of {len(count.chosen)} nuclei were not counted"
        elif not count.chosen and n_counted < RECOUNT_MIN_NUCLEI:
            words = f"{n_counted} of at least {RECOUNT_MIN_NUCLEI} nuclei were counted"
        else:
            return True
        answer = QMessageBox.question(
            self,
            "Finish the second count?",
            f"{words}, and nothing can be counted once the comparison was seen. Finish now?",
        )
        return bool(answer == QMessageBox.StandardButton.Yes)

    def _try(self, name: str, *arguments: Any) -> bool:
        self.say("")
        if self.view is None:
            return False
        try:
            _check_seat(self.view.count, self.reader.text())
            getattr(self.view, name)(*arguments)
        except FishcountError as error:
            self.say(str(error))
            return False
        self._refresh()
        return True

    def _go_to_row(self, row: int) -> None:
        if self.view is not None:
            self.view.go_to(self.view.count.nuclei[row])
            self.entry.setFocus()

    def _show_planes(self, whole: bool) -> None:
        if self.view is not None:
            self.view.stage.project(whole=whole)
            self.entry.setFocus()

    def _refresh(self) -> None:
        view = self.view
        self.planes.setVisible(view is not None and view.stage.is_stack)
        counting = view is not None and not view.count.finished
        for widget in (self.entry, self.undo_button):
            widget.setEnabled(counting)
        dual = view is None or view.count.dual
        self.entry.setPlaceholderText(_TYPED[dual])
        self.how.setText(_HOW[dual] + _HOW_ELSE)
        self.progress.setVisible(view is not None and bool(view.count.nuclei))
        self.finish_button.setEnabled(view is not None)
        self.finish_button.setText(_FINISH if counting else "Show the comparison again")
        self.next_button.setVisible(bool(self._queue))
        self.list.clear()
        if view is None or view.nucleus is None:
            self.heading.setText("")
            self.progress.setValue(0)
            return
        count = view.count
        self.heading.setText(f"{view.nucleus[0]} · <b>nucleus {view.nucleus[1]}</b>")
        self.progress.setMaximum(len(count.nuclei))
        self.progress.setValue(len(count.counted) + len(count.skipped))
        self.list.addItems([_line(count, key) for key in count.nuclei])
        if view.nucleus in count.nuclei:
            self.list.setCurrentRow(count.nuclei.index(view.nucleus))


def _check_seat(count: SecondCount, name: str) -> None:
    """A count is of one reader; ReviewError where another has written a name in the meantime."""
    if not same_reader(name, count.reader):
        raise ReviewError(
            f"this is the count of {count.reader}",
            field="reader",
            found=repr(name),
            remedy="open the case again as another reader",
        )


def _line(count: SecondCount, key: tuple[str, int]) -> str:
    if key in count.counted:
        her2, cep17 = count.counted[key]
        return f"✓ {key[0]} · {key[1]}   {her2}" + ("" if cep17 is None else f" : {cep17}")
    return f"{'–' if key in count.skipped else '·'} {key[0]} · {key[1]}"


def _open(folder: Path, reader: str, n_nuclei: int) -> tuple[SecondCount, CaseImages]:
    """Runs in a thread."""
    count = SecondCount.open(folder, reader=reader, n_nuclei=n_nuclei, rng=np.random.default_rng())
    images = CaseImages(count.folder)
    images.read_ahead([count.nuclei[0][0]] if count.nuclei else [])
    return count, images
