"""The settings of a run as a form, made from the models that the command line uses."""

from __future__ import annotations

import json
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from fishcount.errors import SettingsError
from fishcount.settings import Settings, with_overrides

__all__ = ["SettingsPanel"]

_VALUE = 1


class SettingsPanel(QWidget):
    """Every setting with its value; a double click changes it, what is not allowed is said."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["Setting", "Value"])
        self.tree.setColumnWidth(0, 220)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        for section, values in Settings().model_dump(mode="json").items():
            self.tree.addTopLevelItem(_section_item(section, values))
        self.tree.itemChanged.connect(lambda: self._check())
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel("For cases that are scored from here; what differs is bold."))
        layout.addWidget(self.tree)
        layout.addWidget(self.problem)

    def settings(self) -> Settings:
        """The settings as they stand; SettingsError where one is not allowed."""
        return with_overrides(Settings(), self._assignments())

    def set_value(self, section: str, key: str, text: str) -> None:
        """Write a value, as the keyboard would."""
        for item in self._items():
            if (item.parent().text(0), item.text(0)) == (section, key):
                item.setText(_VALUE, text)
                return
        raise KeyError(f"{section}.{key}")

    def _assignments(self) -> list[str]:
        return [
            f"{item.parent().text(0)}.{item.text(0)}={item.text(_VALUE)}"
            for item in self._items()
            if item.text(_VALUE) != item.data(_VALUE, Qt.ItemDataRole.UserRole)
        ]

    def _items(self) -> list[QTreeWidgetItem]:
        sections = [self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount())]
        return [section.child(row) for section in sections for row in range(section.childCount())]

    def _check(self) -> None:
        self.tree.blockSignals(True)
        for item in self._items():
            font = item.font(_VALUE)
            font.setBold(item.text(_VALUE) != item.data(_VALUE, Qt.ItemDataRole.UserRole))
            item.setFont(_VALUE, font)
        self.tree.blockSignals(False)
        try:
            self.settings()
        except SettingsError as error:
            self.problem.setText(f"⚠ {error}")
        else:
            self.problem.setText("")


def _section_item(section: str, values: dict[str, Any]) -> QTreeWidgetItem:
    fields = type(getattr(Settings(), section)).model_fields
    item = QTreeWidgetItem([section])
    for key, value in values.items():
        text = "" if value is None else json.dumps(value, ensure_ascii=False)
        child = QTreeWidgetItem([key, text])
        child.setData(_VALUE, Qt.ItemDataRole.UserRole, text)
        child.setToolTip(0, fields[key].description or "")
        child.setFlags(child.flags() | Qt.ItemFlag.ItemIsEditable)
        item.addChild(child)
    return item
