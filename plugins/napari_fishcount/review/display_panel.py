"""How things look, in one place: channels, contrast, the size of the marks."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QWidget
from superqt import QRangeSlider

from fishcount.image import ROLES
from napari_fishcount.review.marks import MARK_SIZE_UM
from napari_fishcount.review.station import Station

__all__ = ["DisplayPanel"]

_STEPS = 1000


class DisplayPanel(QWidget):
    """Channels with their contrast, and the size of marks, of one review."""

    def __init__(self, station: Station) -> None:
        super().__init__()
        self._station = station
        self._loading = False
        self._contrast: dict[str, tuple[float, float]] = {}
        self.boxes: dict[str, QCheckBox] = {}
        self.sliders: dict[str, Any] = {}
        form = QFormLayout(self)
        for role in ROLES:
            self.boxes[role] = QCheckBox(role)
            self.boxes[role].setChecked(True)
            self.boxes[role].toggled.connect(self._on_channels)
            slider = QRangeSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, _STEPS)
            slider.setToolTip("What is shown black, and what white.")
            slider.valueChanged.connect(lambda value, role=role: self._on_contrast(role, value))
            self.sliders[role] = slider
            row = QHBoxLayout()
            row.addWidget(slider)
            form.addRow(self.boxes[role], row)
        self.size_box = QDoubleSpinBox()
        self.size_box.setRange(0.2, 5.0)
        self.size_box.setSingleStep(0.1)
        self.size_box.setDecimals(1)
        self.size_box.setSuffix(" µm")
        self.size_box.setValue(MARK_SIZE_UM)
        self.size_box.valueChanged.connect(self._on_size)
        form.addRow("Marks", self.size_box)
        legend = QLabel(
            "○ HER2   + CEP17   × left out\nyellow: scored, grey: not, white: this nucleus"
        )
        legend.setWordWrap(True)
        form.addRow(legend)
        self.refresh()

    def refresh(self) -> None:
        """Show how things look now, in a field that may be another one."""
        self._loading = True
        layers = self._station.stage.layers
        for role in ROLES:
            present = role in layers
            self.boxes[role].setEnabled(present)
            self.sliders[role].setEnabled(present)
            if not present:
                continue
            self.boxes[role].setChecked(layers[role].visible)
            if role in self._contrast:
                layers[role].contrast_limits = self._contrast[role]
            low, high = layers[role].contrast_limits
            top = self._top(role)
            self.sliders[role].setValue(
                (round(low / top * _STEPS), min(round(high / top * _STEPS), _STEPS))
            )
        self._loading = False

    def _top(self, role: str) -> float:
        """The brightest that the slider reaches: well above what is shown white at first."""
        return float(max(self._station.stage.layers[role].contrast_limits_range[1], 1.0))

    def _on_channels(self) -> None:
        if not self._loading:
            self._station.stage.show_channels(
                [role for role, box in self.boxes.items() if box.isChecked()]
            )

    def _on_contrast(self, role: str, value: tuple[int, int]) -> None:
        if self._loading or role not in self._station.stage.layers:
            return
        low, high = (step / _STEPS * self._top(role) for step in value)
        self._contrast[role] = (low, max(high, low + 1.0))
        self._station.stage.layers[role].contrast_limits = self._contrast[role]

    def _on_size(self, size_um: float) -> None:
        if self._station.stage.field:
            self._station.set_mark_size_um(size_um)
