"""What is known of the next case that is scored, where its files do not say it."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QFormLayout, QGroupBox, QLineEdit

from fishcount.image import ROLES
from napari_fishcount.boxes import ihc_box, ihc_of, um_box, um_of

__all__ = ["NewCaseForm"]


class NewCaseForm(QGroupBox):
    """Channels, sizes and IHC, as the options of `fishcount score`; empty, the files decide."""

    def __init__(self) -> None:
        super().__init__("The next case to be scored")
        self.channel_edits = {role: _channel_edit(role) for role in ROLES}
        self.pixel_size_box = um_box("Edge of a pixel in the sample, if the files do not say it.")
        self.z_step_box = um_box("Distance of the planes of a stack, likewise.")
        self.ihc_box = ihc_box()
        form = QFormLayout(self)
        for role, edit in self.channel_edits.items():
            form.addRow(role, edit)
        form.addRow("Pixel size", self.pixel_size_box)
        form.addRow("Plane distance", self.z_step_box)
        form.addRow("IHC", self.ihc_box)

    def options(self) -> dict[str, Any]:
        """What was filled in, as keywords of `fishcount.batch.FieldJob`."""
        texts = {role: edit.text().strip() for role, edit in self.channel_edits.items()}
        return {
            "channels": {role: text for role, text in texts.items() if text} or None,
            "pixel_size_um": um_of(self.pixel_size_box),
            "z_step_um": um_of(self.z_step_box),
        }

    @property
    def ihc(self) -> str | None:
        """IHC score of the case; None where it is not known."""
        return ihc_of(self.ihc_box)


def _channel_edit(role: str) -> QLineEdit:
    edit = QLineEdit()
    edit.setPlaceholderText("as the files name it")
    edit.setToolTip(f"Name or number (from 0) of the channel of the files that is {role}.")
    return edit
