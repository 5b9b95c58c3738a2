"""The widget that scores what is open: choose layers, press Score, look at layers and figures."""

from __future__ import annotations

from typing import Any

from napari.layers import Image, Labels
from napari.qt.threading import create_worker
from napari.viewer import Viewer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

import fishcount
from fishcount.errors import FishcountError
from fishcount.image import DAPI, ROLES, FishImage
from fishcount.results import CaseResult
from napari_fishcount.boxes import ihc_box, ihc_of, um_box, um_of
from napari_fishcount.fields import calibration_of, field_from_layers, guess_layers
from napari_fishcount.layers import MARK_DEPTH_UM, add_layers, result_layers
from napari_fishcount.notes import shown_by
from napari_fishcount.scored import ScoredField
from napari_fishcount.summary import error_html, summary_html, welcome_html

__all__ = ["ScoreWidget", "score_image"]

_NO_LAYER = "none"


def score_image(image: FishImage, *, ihc: str | None) -> CaseResult:
    """The case of one field; runs in a thread of its own and touches no widget."""
    return fishcount.score_case([image], name=image.name, ihc=ihc)


class ScoreWidget(QWidget):
    """Scores the chosen layers as one field and adds the result as layers.

    Parameters
    ----------
    napari_viewer
        The viewer it is docked in; napari passes it.

    Attributes
    ----------
    case : CaseResult or None
        What was scored last.
    finished : Signal
        Emitted when a run has ended, also when it has failed.
    """

    finished = Signal()

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.case: CaseResult | None = None
        self._worker: Any = None
        self._images: list[Image] = []
        # What a person chose, None for "none"; roles that are not here are guessed.
        self._picked: dict[str, Image | None] = {}
        self._build()
        events = napari_viewer.layers.events
        events.inserted.connect(self._on_inserted)
        events.removed.connect(self._refresh)
        events.reordered.connect(self._refresh)
        self._refresh()

    # --- the panel --------------------------------------------------------------------------

    def _build(self) -> None:
        self.channel_boxes = {role: self._channel_box(role) for role in ROLES}
        self.pixel_size_box = um_box("Edge of a pixel in the sample.")
        self.z_step_box = um_box("Distance of the planes of a stack.")
        self.ihc_box = ihc_box()
        self.score_button = QPushButton("Score")
        self.score_button.clicked.connect(self.score)
        self.progress_bar = QProgressBar()
        self.progress_bar.setRange(0, 0)
        self.progress_bar.setVisible(False)
        self.text = QTextBrowser()
        self.text.setHtml(welcome_html())
        self.pixel_size_box.valueChanged.connect(self._enable)
        self.z_step_box.valueChanged.connect(self._enable)

        form = QFormLayout()
        for role, box in self.channel_boxes.items():
            form.addRow(role, box)
        form.addRow("Pixel size", self.pixel_size_box)
        form.addRow("Plane distance", self.z_step_box)
        form.addRow("IHC", self.ihc_box)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.score_button)
        layout.addWidget(self.progress_bar)
        layout.addWidget(self.text, stretch=1)

    def _channel_box(self, role: str) -> QComboBox:
        box = QComboBox()
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(12)
        box.activated.connect(lambda index: self._pick(role, index))
        return box

    # --- which layers -----------------------------------------------------------------------

    def chosen_layers(self) -> dict[str, Image]:
        """Role to layer, without the roles that were left at "none"."""
        positions = {role: box.currentIndex() - 1 for role, box in self.channel_boxes.items()}
        return {role: self._images[at] for role, at in positions.items() if at >= 0}

    def choose(self, role: str, layer: Image | None) -> None:
        """Choose a layer, as the box of its channel would."""
        index = 0 if layer is None else self._images.index(layer) + 1
        self.channel_boxes[role].setCurrentIndex(index)
        self._pick(role, index)

    def _pick(self, role: str, index: int) -> None:
        self._picked[role] = self._images[index - 1] if index > 0 else None
        if role == DAPI:
            self._calibrate()
        self._enable()

    def _on_inserted(self, event: Any) -> None:
        # A field that was just opened is the one that is meant.
        if "image" in shown_by(event.value):
            self._picked.clear()
        event.value.events.name.connect(self._refresh)
        self._refresh()

    def _refresh(self, event: Any = None) -> None:
        before = self.chosen_layers().get(DAPI)
        self._images = [layer for layer in self.viewer.layers if isinstance(layer, Image)]
        self._picked = {
            role: layer
            for role, layer in self._picked.items()
            if layer is None or layer in self._images
        }
        chosen = {**guess_layers(self._images), **self._picked}
        for role, box in self.channel_boxes.items():
            box.clear()
            box.addItems([_NO_LAYER, *(layer.name for layer in self._images)])
            layer = chosen.get(role)
            box.setCurrentIndex(0 if layer is None else self._images.index(layer) + 1)
        if self.chosen_layers().get(DAPI) is not before:
            self._calibrate()
        self._enable()

    def _calibrate(self) -> None:
        layer = self.chosen_layers().get(DAPI)
        pixel_size, z_step = (None, None) if layer is None else calibration_of(layer)
        self.pixel_size_box.setValue(pixel_size or 0.0)
        self.z_step_box.setValue(z_step or 0.0)

    def _enable(self) -> None:
        chosen = self.chosen_layers()
        is_stack = DAPI in chosen and chosen[DAPI].ndim > 2
        self.z_step_box.setEnabled(is_stack)
        lacking = [role for role in (DAPI, "HER2") if role not in chosen]
        if lacking:
            why = f"Choose the layer of {lacking[0]}."
        elif not self.pixel_size_box.value():
            why = "Give the pixel size."
        elif is_stack and not self.z_step_box.value():
            why = "Give the plane distance."
        else:
            why = ""
        self.score_button.setEnabled(not why and self._worker is None)
        self.score_button.setToolTip(why or "Find nuclei and signals, count, classify.")

    # --- scoring ----------------------------------------------------------------------------

    def score(self) -> None:
        """Score the chosen layers in a thread; `finished` tells when it is done."""
        try:
            image = field_from_layers(
                self.chosen_layers(),
                pixel_size_um=self.pixel_size_box.value(),
                z_step_um=um_of(self.z_step_box),
            )
        except FishcountError as error:
            self.text.setHtml(error_html(str(error)))
            self.finished.emit()
            return
        self._worker = create_worker(
            score_image,
            image,
            ihc=ihc_of(self.ihc_box),
            _start_thread=False,
            _ignore_errors=True,
        )
        self._worker.returned.connect(self.show_case)
        self._worker.errored.connect(self._fail)
        self._worker.finished.connect(self._rest)
        self.progress_bar.setVisible(True)
        self.score_button.setText("Scoring ...")
        self._enable()
        self._worker.start()

    def show_case(self, case: CaseResult) -> None:
        """Show a result as layers and figures, in place of an earlier one of the same field."""
        self.case = case
        for field in case.fields:
            self._remove_results_of(field.image.name)
            added = add_layers(self.viewer, result_layers(ScoredField.from_result(field)))
            # The status bar then shows the row of the nucleus under the pointer.
            self.viewer.layers.selection.active = next(
                layer for layer in added if isinstance(layer, Labels)
            )
            if field.image.n_planes > 1:
                # Marks, which are projected, are seen as deep as the light of their signal.
                margins = (MARK_DEPTH_UM, *([0.0] * (self.viewer.dims.ndim - 1)))
                self.viewer.dims.margin_left = self.viewer.dims.margin_right = margins
        self.text.setHtml(summary_html(case))

    def _remove_results_of(self, name: str) -> None:
        for layer in list(self.viewer.layers):
            if shown_by(layer).get("result_of") == name:
                self.viewer.layers.remove(layer)

    def _fail(self, error: Exception) -> None:
        self.text.setHtml(error_html(str(error)))
        if not isinstance(error, FishcountError):
            # A fault of ours, not of the image: napari shows it with its traceback.
            raise error

    def _rest(self) -> None:
        self._worker = None
        self.progress_bar.setVisible(False)
        self.score_button.setText("Score")
        self._enable()
        self.finished.emit()
