"""Buttons and keys, both made from the one table of actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QGridLayout, QGroupBox, QPushButton, QShortcut, QVBoxLayout, QWidget

from napari_fishcount.review.actions import ACTIONS, GROUPS, ReviewAction

__all__ = ["Keys", "KeysPanel", "key_button"]

_COLUMNS = 3
# The comma parts keys in Qt's spelling, so it has to be named.
_NAMED_KEYS = {",": Qt.Key.Key_Comma, ".": Qt.Key.Key_Period}


class Keys:
    """The keys of a main window: they work from table and canvas, not while typing.

    Parameters
    ----------
    window
        The main window.
    run
        Called with the action.
    """

    def __init__(self, window: QWidget, run: Callable[[ReviewAction], object]) -> None:
        self._shortcuts: list[tuple[ReviewAction, QShortcut]] = []
        for action in ACTIONS:
            for key in action.keys:
                shortcut = QShortcut(QKeySequence(_NAMED_KEYS.get(key, key)), window)
                shortcut.setAutoRepeat(action.repeats)
                shortcut.activated.connect(lambda action=action: run(action))
                self._shortcuts.append((action, shortcut))
        self.listen(drawing=False)

    def listen(self, *, drawing: bool) -> None:
        """Answer to the keys for drawing, or to all others."""
        for action, shortcut in self._shortcuts:
            shortcut.setEnabled(action.while_drawing == drawing)

    def sleep(self) -> None:
        """Answer to no key."""
        for _, shortcut in self._shortcuts:
            shortcut.setEnabled(False)

    def close(self) -> None:
        """Give the keys back to napari."""
        for _, shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.setParent(None)
        self._shortcuts = []


class KeysPanel(QWidget):
    """A button for every action, with its key on it."""

    def __init__(self, run: Callable[[ReviewAction], object]) -> None:
        super().__init__()
        self.buttons: dict[tuple[str, tuple[int, ...]], QPushButton] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        for group in GROUPS:
            box = QGroupBox(group)
            grid = QGridLayout(box)
            grid.setSpacing(3)
            grid.setContentsMargins(4, 4, 4, 4)
            shown = [one for one in ACTIONS if one.group == group and not one.arguments]
            for place, action in enumerate(shown):
                button = self._button(action, run)
                grid.addWidget(button, place // _COLUMNS, place % _COLUMNS)
            layout.addWidget(box)
        layout.addStretch(1)

    def _button(self, action: ReviewAction, run: Callable[[ReviewAction], object]) -> QPushButton:
        button = key_button(action)
        button.clicked.connect(lambda _=False, action=action: run(action))
        self.buttons[action.name, action.arguments] = button
        return button


def key_button(action: ReviewAction) -> QPushButton:
    """A button of an action: its title and its key; its tip says more."""
    button: Any = QPushButton(f"{action.title}   {action.keys[0]}")
    button.setToolTip(f"{action.tip}  Key: {' or '.join(action.keys)}")
    # Keys go to the shortcuts, never to a button that was pressed last.
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
