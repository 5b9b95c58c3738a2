"""The queue of cases: add, open, score new ones with progress and cancel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from napari.qt.threading import create_worker
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fishcount.batch import CaseJob, FieldJob, score_job
from fishcount.errors import FishcountError, InputError
from fishcount.settings import Settings
from napari_fishcount.review.new_case import NewCaseForm

__all__ = ["CasesPanel", "case_folders_in", "in_the_window"]

# Qt.UserRole: where a row of the list keeps its folder.
_ROLE = 0x0100
_IMAGE_FILES = "Images (*.tif *.tiff);;All files (*)"


class CasesPanel(QWidget):
    """The cases of a sitting, in order.

    Attributes
    ----------
    chosen : Signal
        A case was chosen; carries its folder.
    """

    chosen = Signal(object)
    said = Signal(str)
    _scored_fields = Signal(int)

    def __init__(self, settings: Callable[[], Settings]) -> None:
        super().__init__()
        self._settings = settings
        self._worker: Any = None
        self._cancelled = threading.Event()
        self.list = QListWidget()
        self.list.itemDoubleClicked.connect(lambda item: self.chosen.emit(_folder_of(item)))
        self.add_button = QPushButton("Add case folders ...")
        self.add_button.clicked.connect(self.ask_for_cases)
        self.score_button = QPushButton("Score images ...")
        self.score_button.clicked.connect(self.ask_for_images)
        self.open_button = QPushButton("Open")
        self.open_button.clicked.connect(self._open_selected)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.clicked.connect(self._cancelled.set)
        self.cancel_button.setEnabled(False)
        self.new_case = NewCaseForm()
        self.bar = QProgressBar()
        self.bar.setFormat("%v of %m fields scored")
        self.bar.setVisible(False)
        self._scored_fields.connect(self.bar.setValue)
        grid = QGridLayout()
        buttons = (self.open_button, self.add_button, self.score_button, self.cancel_button)
        for place, button in enumerate(buttons):
            grid.addWidget(button, place // 2, place % 2)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel("Cases of this sitting, a double click opens one:"))
        layout.addWidget(self.list)
        layout.addLayout(grid)
        layout.addWidget(self.new_case)
        layout.addWidget(self.bar)

    # --- the queue --------------------------------------------------------------------------

    def add(self, folders: Iterable[Path]) -> None:
        """Add cases at the end, each once."""
        known = set(self.folders)
        for folder in folders:
            if folder not in known:
                known.add(folder)
                item = QListWidgetItem(folder.name)
                item.setToolTip(str(folder))
                item.setData(_ROLE, folder)
                self.list.addItem(item)

    @property
    def folders(self) -> list[Path]:
        """All cases, in order."""
        return [_folder_of(self.list.item(row)) for row in range(self.list.count())]

    def mark(self, folder: Path, words: str) -> None:
        """Write beside a case how far it is."""
        for row, known in enumerate(self.folders):
            if known == folder:
                self.list.item(row).setText(f"{folder.name}   {words}")

    def select(self, folder: Path) -> None:
        """Make a case the one that *Open* means."""
        if folder in self.folders:
            self.list.setCurrentRow(self.folders.index(folder))

    def after(self, folder: Path | None) -> Path | None:
        """The case after this one; None at the end."""
        folders = self.folders
        place = folders.index(folder) + 1 if folder in folders else 0
        return folders[place] if place < len(folders) else None

    def ask_for_cases(self) -> None:
        """Ask for a case folder, or a folder of them; a cancelled dialog changes nothing."""
        chosen = QFileDialog.getExistingDirectory(self, "Case folder, or a folder of case folders")
        if not chosen:
            return
        found = case_folders_in(Path(chosen))
        if not found:
            self.said.emit(f"{chosen} is not a case folder and holds none")
            return
        first = not self.folders
        self.add(found)
        if first:
            self.chosen.emit(found[0])

    def _open_selected(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.chosen.emit(_folder_of(item))

    # --- scoring ----------------------------------------------------------------------------

    def ask_for_images(self) -> None:
        """Ask for the fields of a case and for its folder; a cancelled dialog changes nothing."""
        files, _ = QFileDialog.getOpenFileNames(self, "Fields of one case", "", _IMAGE_FILES)
        if not files:
            return
        out, _ = QFileDialog.getSaveFileName(
            self, "Case folder to be written", str(Path(files[0]).parent / "case"), ""
        )
        if out:
            self.score([Path(file) for file in files], Path(out))

    def score(self, files: list[Path], out: Path) -> None:
        """Score fields into a new case folder in a thread; the case is then added and chosen.

        An existing folder is never replaced: `fishcount.io.write_case_folder` refuses it.
        """
        if self._worker is not None:
            self.said.emit("a case is being scored already")
            return
        try:
            settings = self._settings()
        except FishcountError as error:
            self.said.emit(f"⚠ {error}")
            return
        options = self.new_case.options()
        job = CaseJob(
            name=out.name,
            fields=tuple(FieldJob(files=file, **options) for file in files),
            ihc=self.new_case.ihc,
            settings=settings,
        )
        self._cancelled.clear()
        self.bar.setRange(0, len(files))
        self.bar.setValue(0)
        self._busy(True)
        self._worker = create_worker(
            self._score, job, out, _start_thread=False, _ignore_errors=True
        )
        self._worker.returned.connect(self._on_scored)
        self._worker.errored.connect(self._on_failed)
        self._worker.finished.connect(self._on_finished)
        self._worker.start()

    def _score(self, job: CaseJob, out: Path) -> Path:
        """Runs in a thread: touches no widget but through signals."""
        done = 0

        def on_field(n_fields: int) -> None:
            nonlocal done
            done += n_fields
            self._scored_fields.emit(done)
            if self._cancelled.is_set():
                raise InputError("cancelled, nothing was written", field=job.name)

        score_job(job, out, on_field=on_field)
        return out

    def _on_scored(self, out: Path) -> None:
        self.add([out])
        self.chosen.emit(out)

    def _on_failed(self, error: Exception) -> None:
        self.said.emit(f"⚠ {in_the_window(error)}")
        if not isinstance(error, FishcountError):
            raise error

    def _on_finished(self) -> None:
        self._worker = None
        self._busy(False)

    def _busy(self, busy: bool) -> None:
        self.bar.setVisible(busy)
        self.cancel_button.setEnabled(busy)
        self.score_button.setEnabled(not busy)


def in_the_window(error: Exception) -> str:
    """The message of an error; where it names an option of the command line, also whose it is."""
    message = str(error)
    if isinstance(error, FishcountError) and " --" in message:
        return f"{message} (options are those of the command: fishcount score)"
    return message


def case_folders_in(folder: Path) -> list[Path]:
    """The folder itself where it is a case folder, else the case folders in it, by name."""
    if (folder / "summary.json").is_file():
        return [folder]
    return sorted(path.parent for path in folder.glob("*/summary.json"))


def _folder_of(item: QListWidgetItem) -> Path:
    folder: Path = item.data(_ROLE)
    return folder
