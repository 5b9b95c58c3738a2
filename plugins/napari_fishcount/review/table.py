"""The worklist as a table, and the same rows as a gallery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QImage, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QListView, QTableView

from fishcount.review import DOUBTS, Desk, Id
from napari_fishcount.review.thumbnails import SIDE_PX

__all__ = ["COLUMNS", "Gallery", "Worklist", "WorklistModel"]

# Heading, column of `fishcount.review.Worktable`.
COLUMNS = (
    ("", "review"),
    ("Field", "field"),
    ("No", "nucleus"),
    ("HER2", "her2"),
    ("CEP17", "cep17"),
    ("Ratio", "ratio"),
    ("Why", "why"),
)
_WIDTHS = (22, 66, 38, 46, 50, 48)
# A sign for each status, so that nothing rests on colour alone.
_SIGNS = {"unreviewed": "·", "accepted": "✓", "rejected": "✗", "edited": "✎"}
_NOT_SCORED_COLOUR = QColor("#9a9a9a")
_THUMBNAILS_KEPT = 2000


class WorklistModel(QAbstractTableModel):
    """The rows of a desk that are shown; sorting and filtering is the desk's."""

    def __init__(self, desk: Desk, picture: Callable[[Id], Any]) -> None:
        super().__init__()
        self.desk = desk
        self._picture = picture
        self._icons: dict[Any, QIcon] = {}
        self._listed = desk.shown
        self._rows = self._places()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Rows of the list; none below a row."""
        return 0 if parent is not None and parent.isValid() else len(self._listed)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Columns; none below a row."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Headings; the tip of the first says what the signs mean."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole and section == 0:
            return "Status: " + ", ".join(f"{sign} {word}" for word, sign in _SIGNS.items())
        return COLUMNS[section][0] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, tip and colour of a cell."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = int(self._rows[index.row()]), COLUMNS[index.column()][1]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row)
        if role == Qt.ItemDataRole.ForegroundRole and not self.desk.table.scored[row]:
            return _NOT_SCORED_COLOUR
        if role == Qt.ItemDataRole.TextAlignmentRole and column in ("her2", "cep17", "ratio"):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def text(self, row: int, column: str) -> str:
        """What stands in a cell."""
        table = self.desk.table
        if column in ("field", "nucleus"):
            return str(table.ids[row][column == "nucleus"])
        if column == "review":
            return _SIGNS[str(table.review[row])]
        if column == "why":
            return table.why[row] + (f" [{table.notes[row]}]" if table.notes[row] else "")
        value = getattr(table, column)[row]
        if column == "ratio":
            return "–" if np.isnan(value) else f"{value:.2f}"
        estimated = table.estimated.get(column.upper())
        about = "~" if estimated is not None and estimated[row] else ""
        return "–" if value < 0 else f"{about}{value}"

    def sentence(self, nucleus: Id) -> tuple[str, str]:
        """Counts of a nucleus by name, and why it is to be looked at; empty where it is gone."""
        if nucleus not in self.desk.table.ids:
            return "", ""
        row = self.desk.table.ids.index(nucleus)
        names = {"her2": "HER2", "cep17": "CEP17", "ratio": "ratio"}
        figures = ((name, self.text(row, column)) for column, name in names.items())
        counts = ", ".join(f"{name} {text}" for name, text in figures if text != "–")
        return counts, self.desk.table.why[row]

    def icon(self, nucleus: Id) -> QIcon:
        """Picture of a nucleus; drawn when it is first seen."""
        key = (nucleus, self.desk.state.nuclei.get(nucleus))
        if key not in self._icons:
            if len(self._icons) > _THUMBNAILS_KEPT:
                self._icons.clear()
            self._icons[key] = _icon(self._picture(nucleus))
        return self._icons[key]

    def refresh(self) -> None:
        """Show the desk as it is now."""
        if self._listed != self.desk.shown:
            self.beginResetModel()
            self._listed = self.desk.shown
            self._rows = self._places()
            self.endResetModel()
            return
        self._rows = self._places()
        if len(self._rows):
            last = self.index(len(self._rows) - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def _places(self) -> list[int]:
        place = {key: row for row, key in enumerate(self.desk.table.ids)}
        return [place[key] for key in self._listed]

    def _tip(self, row: int) -> str:
        names = self.desk.table.why[row]
        return "\n".join(doubt.sentence for doubt in DOUBTS if doubt.name in names) or names


class _GalleryModel(QAbstractTableModel):
    """The same rows, one column, with pictures."""

    def __init__(self, rows: WorklistModel) -> None:
        super().__init__()
        self._of = rows
        rows.modelAboutToBeReset.connect(self.beginResetModel)
        rows.modelReset.connect(self.endResetModel)
        rows.dataChanged.connect(self._on_changed)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Rows of the list; none below a row."""
        return self._of.rowCount(parent)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Columns; none below a row."""
        return 0 if parent is not None and parent.isValid() else 1

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= self._of.rowCount():
            return None
        row = self._of._rows[index.row()]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._of.icon(self._of.desk.table.ids[row])
        if role == Qt.ItemDataRole.DisplayRole:
            sign, her2, cep17 = (
                self._of.text(row, column) for column in ("review", "her2", "cep17")
            )
            return f"{sign} {her2} : {cep17}"
        return self._of.data(self._of.index(index.row(), 0), role)

    def _on_changed(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, 0))


class Worklist(QTableView):
    """The rows in columns; a heading sorts, a row goes to its nucleus."""

    def __init__(self, model: WorklistModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(22)
        heading = self.horizontalHeader()
        heading.setStretchLastSection(True)
        heading.setHighlightSections(False)
        heading.setSectionsClickable(True)
        for section, width in enumerate(_WIDTHS):
            self.setColumnWidth(section, width)


class Gallery(QListView):
    """The rows as pictures: a click goes there, the right button rejects."""

    right_clicked = Signal(int)

    def __init__(self, model: WorklistModel) -> None:
        super().__init__()
        self._model = _GalleryModel(model)
        self.setModel(self._model)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setIconSize(QSize(SIDE_PX, SIDE_PX))
        self.setGridSize(QSize(SIDE_PX + 12, SIDE_PX + 26))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    def mousePressEvent(self, event: Any) -> None:
        """Tell the row of a right click; leave the others to Qt."""
        if event.button() == Qt.MouseButton.RightButton:
            index = self.indexAt(event.position().toPoint())
            if index.isValid():
                self.right_clicked.emit(index.row())
            return
        super().mousePressEvent(event)


def _icon(picture: Any) -> QIcon:
    height, width = picture.shape[:2]
    image = QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    smooth = Qt.TransformationMode.SmoothTransformation
    keep = Qt.AspectRatioMode.KeepAspectRatio
    pixmap = QPixmap.fromImage(image).scaled(SIDE_PX, SIDE_PX, keep, smooth)
    icon = QIcon(pixmap)
    # Qt would tint the selected one, and its colours are what is looked at.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
