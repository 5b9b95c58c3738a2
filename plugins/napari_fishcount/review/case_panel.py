"""One case under review as a panel: worklist and gallery, scores, keys, display, notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from fishcount.flags import FLAGS
from fishcount.review import SHOW, Change, Id
from napari_fishcount.review.actions import REASONS, ReviewAction, action
from napari_fishcount.review.display_panel import DisplayPanel
from napari_fishcount.review.keys_panel import KeysPanel, key_button
from napari_fishcount.review.scores import progress_text, scores_html
from napari_fishcount.review.station import Station
from napari_fishcount.review.table import COLUMNS, Gallery, Worklist, WorklistModel
from napari_fishcount.review.thumbnails import Thumbnails

__all__ = ["CasePanel"]

_MAIN_ACTIONS = ("previous", "accept", "reject", "undo")


class CasePanel(QWidget):
    """The review of one case.

    Parameters
    ----------
    station
        The review in its viewer.
    run
        Called with an action that a button or a picture asks for.
    """

    def __init__(self, station: Station, run: Callable[[ReviewAction], object]) -> None:
        super().__init__()
        self.station, self.desk = station, station.desk
        self._run = run
        self._linking = False
        self._thumbnails: dict[str, Thumbnails | None] = {}
        self._sorting = ("", False)
        # Which nucleus the note is of that is being written.
        self._noted: Id | None = None
        self.model = WorklistModel(self.desk, self._picture)
        self._build()
        self.desk.listeners.append(self._on_change)
        self._on_change("edited")
        self._on_change("moved")

    def close_case(self) -> None:
        """Take the case out of the viewer and let others open it."""
        self.desk.listeners.remove(self._on_change)
        self.station.close()

    # --- the panel --------------------------------------------------------------------------

    def _build(self) -> None:
        self.heading = QLabel()
        self.heading.setTextFormat(Qt.TextFormat.RichText)
        self.heading.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setMaximumHeight(16)
        upper, lower = QTabWidget(), QTabWidget()
        upper.addTab(self._list_tab(), "List")
        upper.addTab(self._gallery_tab(), "Gallery")
        self.scores = QTextBrowser()
        self.display = DisplayPanel(self.station)
        lower.addTab(self.scores, "Scores")
        lower.addTab(_scrolled(KeysPanel(self._run)), "Keys")
        lower.addTab(self.display, "Display")
        for tabs in (upper, lower):
            tabs.setDocumentMode(True)
        self.upper, self.lower = upper, lower
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(upper)
        split.addWidget(lower)
        split.setSizes([420, 360])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.heading)
        layout.addWidget(self.progress)
        layout.addWidget(split, stretch=1)
        layout.addLayout(self._note_row())
        layout.addLayout(self._main_row())

    def _list_tab(self) -> QWidget:
        self.worklist = Worklist(self.model)
        self.worklist.selectionModel().currentRowChanged.connect(
            lambda index, _: self._go_to_row(index.row())
        )
        self.worklist.horizontalHeader().sectionClicked.connect(self._sort_by)
        self.text_filter = _Line(self._leave_filter)
        self.text_filter.setPlaceholderText("Filter: words, a number, a field ...")
        self.text_filter.setClearButtonEnabled(True)
        self.text_filter.textChanged.connect(self._arrange)
        self.text_filter.returnPressed.connect(self.worklist.setFocus)
        self.show_filter = QComboBox()
        self.show_filter.addItems(SHOW)
        self.show_filter.currentTextChanged.connect(self._arrange)
        filters = QHBoxLayout()
        filters.addWidget(self.text_filter, stretch=1)
        filters.addWidget(self.show_filter)
        tab = QWidget()
        layout = QVBoxLayout(tab)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.addLayout(filters)
        layout.addWidget(self.worklist)
        return tab

    def _gallery_tab(self) -> QWidget:
        self.gallery = Gallery(self.model)
        self.gallery.clicked.connect(lambda index: self._go_to_row(index.row()))
        self.gallery.right_clicked.connect(self._reject_row)
        self.sort_box = QComboBox()
        self.sort_box.addItem("most doubtful first", "")
        for heading, column in COLUMNS:
            self.sort_box.addItem((heading or "status").lower(), column)
        self.sort_box.currentIndexChanged.connect(
            lambda: self._set_sorting(self.sort_box.currentData(), descending=False)
        )
        row = QHBoxLayout()
        row.addWidget(QLabel("Sorted by"))
        row.addWidget(self.sort_box, stretch=1)
        hint = QLabel("A click goes there, the right button rejects.")
        tab = QWidget()
        layout = QVBoxLayout(tab)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.gallery)
        layout.addWidget(hint)
        return tab

    def _note_row(self) -> QHBoxLayout:
        self.note = _Line(self._leave_note)
        self.note.setPlaceholderText("Note on this nucleus")
        self.note.setMaxLength(1000)
        self.note.returnPressed.connect(self.worklist.setFocus)
        self.note.editingFinished.connect(self.keep_note)
        self.reason_box = QComboBox()
        for code in REASONS:
            self.reason_box.addItem(FLAGS[code].name, code)
        self.reason_box.setToolTip("The reason that Reject gives.")
        self.reason_box.activated.connect(self._set_reason)
        row = QHBoxLayout()
        row.addWidget(self.note, stretch=1)
        row.addWidget(QLabel("Reject for"))
        row.addWidget(self.reason_box)
        return row

    def _main_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for name in _MAIN_ACTIONS:
            button = key_button(action(name))
            button.clicked.connect(lambda _=False, name=name: self._run(action(name)))
            row.addWidget(button)
        return row

    # --- what a person does -----------------------------------------------------------------

    def write_note(self) -> None:
        """Let the next keys write the note."""
        self.note.setFocus()
        self.note.selectAll()

    def choose_reason(self, code: str) -> None:
        """Set the reason that a rejection gives."""
        self.reason_box.setCurrentIndex(REASONS.index(code))
        self._set_reason()

    def keep_note(self) -> None:
        """Keep what was written of a nucleus, before another is looked at or anything is done."""
        if self.note.isModified():
            self.note.setModified(False)
            if self._noted is not None and self.note.text() != self._stored_note():
                self.station.run("note", self.note.text(), self._noted)

    def _leave_note(self) -> None:
        """Escape: what was written is not kept, and the keys are those of the review again."""
        self.note.setText(self._stored_note())
        self.worklist.setFocus()

    def _leave_filter(self) -> None:
        self.text_filter.clear()
        self.worklist.setFocus()

    def _stored_note(self) -> str:
        row = self.desk.state.nuclei.get(self._noted) if self._noted else None
        return "" if row is None else row.note

    def _set_reason(self) -> None:
        self.station.reject_reason = self.reason_box.currentData()

    def _go_to_row(self, row: int) -> None:
        if not self._linking and 0 <= row < len(self.desk.shown):
            target = self.desk.shown[row]
            self.keep_note()
            if target != self.desk.nucleus:
                self.desk.go_to(target)

    def _reject_row(self, row: int) -> None:
        self._go_to_row(row)
        self._run(action("reject"))

    def _sort_by(self, section: int) -> None:
        """A heading sorts upwards, then downwards, then gives the order of the work back."""
        column, descending = self._sorting
        clicked = COLUMNS[section][1]
        if column != clicked:
            self._set_sorting(clicked, descending=False)
        elif not descending:
            self._set_sorting(clicked, descending=True)
        else:
            self._set_sorting("", descending=False)

    def _set_sorting(self, column: str, *, descending: bool) -> None:
        self._sorting = (column, descending)
        heading = self.worklist.horizontalHeader()
        heading.setSortIndicatorShown(bool(column))
        if column:
            order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            heading.setSortIndicator([one[1] for one in COLUMNS].index(column), order)
        self.sort_box.blockSignals(True)
        self.sort_box.setCurrentIndex(self.sort_box.findData(column))
        self.sort_box.blockSignals(False)
        self._arrange()

    def _arrange(self) -> None:
        column, descending = self._sorting
        self.desk.arrange(
            show=self.show_filter.currentText(),
            text=self.text_filter.text(),
            by=column,
            descending=descending,
        )

    # --- what has changed -------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        if change == "edited":
            self._refresh_rows()
            summary = self.desk.state.automatic.folder.summary
            # New content begins at the top, and a reader may have gone down to a category.
            bar = self.scores.verticalScrollBar()
            place = bar.value()
            self.scores.setHtml(scores_html(summary, self.desk.scored))
            bar.setValue(place)
            self.progress.setMaximum(max(self.desk.scored.n_nuclei, 1))
            self.progress.setValue(self.desk.scored.n_reviewed)
            self.progress.setFormat(progress_text(self.desk.scored))
        elif change == "listed":
            self._refresh_rows()
        if change != "picked":
            self._link()

    def _refresh_rows(self) -> None:
        with self._link_off():
            self.model.refresh()

    def _link(self) -> None:
        """Show the present nucleus in the table, the heading and the note."""
        nucleus = self.desk.nucleus
        case = str(self.desk.state.automatic.folder.summary["case"])
        with self._link_off():
            if nucleus in self.desk.shown:
                row = self.desk.shown.index(nucleus)
                self.worklist.setCurrentIndex(self.model.index(row, 0))
                self.gallery.setCurrentIndex(self.gallery.model().index(row, 0))
            else:
                self.worklist.clearSelection()
        if nucleus is None:
            self.heading.setText(
                f"{escape(case)} · {escape(self.station.stage.field)} · "
                "<b>no nucleus is chosen</b><br>&nbsp;"
            )
            self.display.refresh()
            return
        counts, why = self.model.sentence(nucleus)
        self.heading.setText(
            f"{escape(case)} · {escape(nucleus[0])} · <b>nucleus {nucleus[1]}: {counts}</b>"
            f"<br><small>{escape(why) or '&nbsp;'}</small>"
        )
        if self.note.isModified():
            # The canvas moved on while the note had the keyboard; this change is told to its end
            # before the note makes another.
            QTimer.singleShot(0, self.keep_note)
        else:
            self._noted = nucleus
            self.note.setText(self._stored_note())
        self.display.refresh()

    @contextmanager
    def _link_off(self) -> Iterator[None]:
        """Rows that move below the selection are not a choice of the reader."""
        before, self._linking = self._linking, True
        try:
            yield
        finally:
            self._linking = before

    def _picture(self, nucleus: Id) -> Any:
        name = nucleus[0]
        if name not in self._thumbnails:
            image = self.station.stage.image(name)
            self._thumbnails[name] = None if image is None else Thumbnails(image)
        draw = self._thumbnails[name]
        outline = self.desk.state.outline(nucleus)
        return Thumbnails.blank() if draw is None else draw(outline)


class _Line(QLineEdit):
    """A line to write in that Escape leaves: while it has the keyboard, no key of the review works.

    Parameters
    ----------
    leave
        Called when Escape was pressed.
    """

    def __init__(self, leave: Callable[[], object]) -> None:
        super().__init__()
        self._leave = leave

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    return area
