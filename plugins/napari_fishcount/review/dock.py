"""The review dock: the queue of cases, the case that is open, its keys."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from napari.qt.threading import create_worker
from napari.viewer import Viewer
from qtpy.QtCore import QEvent, Signal
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from fishcount.errors import FishcountError
from fishcount.flags import FLAGS
from fishcount.io import read_case_folder
from fishcount.review import Change, Desk, reviewed_lines
from fishcount.review.write import REVIEWED_FOLDER
from napari_fishcount.case_images import CaseImages
from napari_fishcount.review.actions import REASONS, ReviewAction
from napari_fishcount.review.case_panel import CasePanel
from napari_fishcount.review.cases import CasesPanel
from napari_fishcount.review.export import export_review
from napari_fishcount.review.keys_panel import Keys
from napari_fishcount.review.reader import reader_name
from napari_fishcount.review.scores import progress_text
from napari_fishcount.review.settings_panel import SettingsPanel
from napari_fishcount.review.station import Station

__all__ = ["ReviewDock"]

_DOCK_WIDTH_PX = 470


class ReviewDock(QWidget):
    """Reviews cases one after another.

    Parameters
    ----------
    napari_viewer
        The viewer it is docked in; napari passes it.

    Attributes
    ----------
    panel : CasePanel or None
        The case that is open.
    opened, exported : Signal
        A case is open, or could not be opened; the export is done, or could not be made.
    """

    opened = Signal()
    exported = Signal()

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.panel: CasePanel | None = None
        self._worker: Any = None
        self._folder: Path | None = None
        # Lines of the log of the open case that its last export holds, and cases left without one.
        self._exported = 0
        self._not_exported: list[str] = []
        self.reader = QLineEdit(reader_name())
        self.reader.setToolTip("Who reads: written on every edit.")
        self.reader.textChanged.connect(self._set_reader)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.settings_panel = SettingsPanel()
        self.cases = CasesPanel(self.settings_panel.settings)
        self.cases.chosen.connect(self.open_case)
        self.cases.said.connect(self.say)
        self.tabs = QTabWidget()
        self.tabs.addTab(QWidget(), "Review")
        self.tabs.addTab(self.cases, "Cases")
        self.tabs.addTab(self.settings_panel, "Settings")
        self.tabs.setTabEnabled(0, False)
        self.tabs.setCurrentIndex(1)
        self.tabs.currentChanged.connect(self._listen)
        top = QHBoxLayout()
        top.addWidget(QLabel("Reader"))
        top.addWidget(self.reader)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(top)
        layout.addWidget(self.message)
        layout.addWidget(self.tabs, stretch=1)
        self.setMinimumWidth(_DOCK_WIDTH_PX)
        napari_viewer.window._qt_window.destroyed.connect(lambda: self.release())
        self.keys = Keys(napari_viewer.window._qt_window, self.run)
        self._listen()

    def say(self, text: str) -> None:
        """Tell the reader something; an empty text takes it away."""
        self.message.setText(text)
        self.message.setVisible(bool(text))

    def _set_reader(self, name: str) -> None:
        """Who takes the seat signs from now on, also in the case that is open."""
        if self.panel is not None:
            self.panel.desk.review.reader = name

    # --- cases ------------------------------------------------------------------------------

    def add_cases(self, folders: Iterable[Path]) -> None:
        """Put cases into the queue."""
        self.cases.add(folders)

    def open_case(self, folder: Path) -> None:
        """Open a case in a thread, in place of the one that is open; `opened` tells when."""
        if self._worker is not None:
            self.say("⚠ a case is being opened or exported: try again when that is done")
            return
        self.close_case()
        self.cases.add([folder])
        self.say("")
        self.cases.mark(folder, "opening ...")
        self.cases.select(folder)
        self._folder = folder
        self._worker = create_worker(
            _open, folder, self.reader.text(), _start_thread=False, _ignore_errors=True
        )
        self._worker.returned.connect(self._on_opened)
        self._worker.errored.connect(self._on_failed)
        self._worker.finished.connect(self._on_finished)
        self._worker.start()

    def next_case(self) -> None:
        """Open the next case of the queue."""
        following = self.cases.after(self._folder)
        if following is None:
            left = [*self._not_exported, *self._left_behind()]
            rest = f"; edited and not exported: {', '.join(left)}" if left else ""
            self.say(f"this was the last case of the queue{rest}")
        else:
            self.open_case(following)

    def close_case(self) -> None:
        """Close the case that is open: every edit is on the disk."""
        if self.panel is None:
            return
        self.keys.sleep()
        panel, self.panel = self.panel, None
        panel.keep_note()
        panel.desk.listeners.remove(self._on_change)
        self._note_progress(panel)
        self._not_exported += [
            name for name in self._left_behind(panel) if name not in self._not_exported
        ]
        panel.close_case()
        self._put_tab(QWidget(), enabled=False)
        panel.deleteLater()

    def release(self) -> None:
        """Let others open the case; touches no widget, so it may come after the window."""
        if self.panel is not None:
            self.panel.desk.close()

    def closeEvent(self, event: Any) -> None:
        """Let others open the case when the dock goes."""
        self.close_case()
        self.keys.close()
        super().closeEvent(event)

    def changeEvent(self, event: Any) -> None:
        """So also when napari takes it out of its dock, as the cross in its title does."""
        if event.type() == QEvent.Type.ParentChange and self.parentWidget() is None:
            self.close_case()
        super().changeEvent(event)

    def _on_opened(self, found: tuple[Desk, CaseImages, int]) -> None:
        desk, images, self._exported = found
        if self.parentWidget() is None:
            # The dock was closed in the meantime.
            desk.close()
            return
        station = Station(self.viewer, desk, images=images, say=self.say)
        station.on_tool = self._listen
        # It may have been written while the case was being opened.
        desk.review.reader = self.reader.text()
        self.panel = CasePanel(station, self.run)
        self._put_tab(self.panel, enabled=True)
        desk.listeners.append(self._on_change)
        self._note_progress(self.panel)
        self._listen()
        self.panel.worklist.setFocus()
        name = self._folder.name if self._folder is not None else ""
        before = [other for other in self._not_exported if other != name]
        words = f"Edited and not exported: {', '.join(before)}" if before else ""
        self.say(" ".join(filter(None, (station.problem, words))))

    def _on_failed(self, error: Exception) -> None:
        if self._folder is not None:
            self.cases.mark(self._folder, "cannot be opened")
        self.say(f"⚠ {error}")
        if not isinstance(error, FishcountError):
            # A fault of ours, not of the case: napari shows it with its traceback.
            raise error

    def _on_finished(self) -> None:
        self._worker = None
        self.opened.emit()

    def _listen(self, *_: Any) -> None:
        """Answer to keys while the case is in front: a box of another tab takes them for itself."""
        if self.panel is None or self.tabs.currentIndex() != 0:
            self.keys.sleep()
        else:
            self.keys.listen(drawing=self.panel.station.tool is not None)

    def _put_tab(self, widget: QWidget, *, enabled: bool) -> None:
        self.tabs.removeTab(0)
        self.tabs.insertTab(0, widget, "Review")
        self.tabs.setTabEnabled(0, enabled)
        self.tabs.setCurrentIndex(0 if enabled else 1)

    def _on_change(self, change: Change) -> None:
        if change == "edited" and self.panel is not None:
            self._note_progress(self.panel)

    def _note_progress(self, panel: CasePanel) -> None:
        if self._folder is None:
            return
        n_lines = len(panel.desk.review.log.content.events)
        words = "exported" if n_lines == self._exported else "not exported"
        self.cases.mark(
            self._folder,
            progress_text(panel.desk.scored) + (f", {words}" if n_lines else ""),
        )

    def _left_behind(self, panel: CasePanel | None = None) -> list[str]:
        """The name of the open case where it has edits that no export holds."""
        panel = panel or self.panel
        if panel is None or self._folder is None:
            return []
        n_lines = len(panel.desk.review.log.content.events)
        return [self._folder.name] if n_lines != self._exported else []

    # --- actions ----------------------------------------------------------------------------

    def run(self, action: ReviewAction) -> None:
        """Do what a key or a button asks for."""
        if self.panel is None:
            return
        self.panel.keep_note()
        if hasattr(self, action.name):
            getattr(self, action.name)()
        elif hasattr(self.panel, action.name):
            getattr(self.panel, action.name)()
        else:
            self.panel.station.run(action.name, *action.arguments)

    def reject_because(self) -> None:
        """Ask for the reason, then reject."""
        if self.panel is None:
            return
        menu = QMenu(self)
        for number, code in enumerate(REASONS):
            # One more key chooses: a digit, then letters.
            key = "1234567890abcdefgh"[number]
            menu.addAction(f"&{key}  {FLAGS[code].name}").setData(code)
        chosen = menu.exec(QCursor.pos())
        if chosen is not None:
            self.panel.choose_reason(chosen.data())
            self.panel.station.run("reject")

    def ask_copies(self) -> None:
        """Ask how many copies the picked signal stands for."""
        if self.panel is None:
            return
        number, ok = QInputDialog.getInt(self, "Copies", "Copies of the picked signal", 10, 1, 1000)
        if ok:
            self.panel.station.run("set_copies", number)

    def export(self) -> None:
        """Write the reviewed result in a thread; ask before an earlier one is replaced."""
        folder = self._folder
        if folder is None or self._worker is not None:
            return
        reviewed = folder / REVIEWED_FOLDER
        if reviewed.exists() and not self._may_replace(reviewed):
            return
        self._worker = create_worker(
            export_review, folder, _start_thread=False, _ignore_errors=True
        )
        self._worker.returned.connect(self._on_written)
        self._worker.errored.connect(self._on_export_failed)
        self._worker.finished.connect(self._on_exported)
        self._worker.start()

    def _on_written(self, written: tuple[Path, ...]) -> None:
        words = "written: " + ", ".join(map(str, written))
        if self.panel is not None and self._folder is not None:
            self._exported = reviewed_lines(self.panel.desk.state.automatic.folder)
            self._note_progress(self.panel)
            self._not_exported = [one for one in self._not_exported if one != self._folder.name]
            reviewed = self.panel.desk.scored
            if reviewed.n_reviewed < reviewed.n_nuclei:
                words += f". Only {progress_text(reviewed)}."
        self.say(words)

    def _on_export_failed(self, error: Exception) -> None:
        self.say(f"⚠ {error}")
        if not isinstance(error, FishcountError):
            raise error

    def _on_exported(self) -> None:
        self._worker = None
        self.exported.emit()

    def _may_replace(self, path: Path) -> bool:
        answer = QMessageBox.question(
            self,
            "Replace the export?",
            f"{path} was written before. Replace it by the review as it stands?",
        )
        return bool(answer == QMessageBox.StandardButton.Yes)


def _open(folder: Path, reader: str) -> tuple[Desk, CaseImages, int]:
    """Runs in a thread: the desk, the images that are seen first, how much was exported."""
    case = read_case_folder(folder)
    desk = Desk.open(case, reader=reader)
    images = CaseImages(case)
    images.read_ahead((desk.nucleus[0],) if desk.nucleus else ())
    return desk, images, reviewed_lines(case)
