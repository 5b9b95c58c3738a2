"""Input boxes that more than one widget shows."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QDoubleSpinBox

from fishcount.guidelines import IHC_SCORES

__all__ = ["ihc_box", "ihc_of", "um_box", "um_of"]

_NOT_KNOWN = "not known"


def um_box(tip: str) -> QDoubleSpinBox:
    """A box for a length; zero stands for "not known"."""
    box = QDoubleSpinBox()
    box.setDecimals(4)
    box.setRange(0.0, 50.0)
    box.setSingleStep(0.01)
    box.setSuffix(" µm")
    box.setSpecialValueText(_NOT_KNOWN)
    box.setToolTip(tip)
    return box


def um_of(box: QDoubleSpinBox) -> float | None:
    """The length in a box of `um_box`; None where it is not known."""
    return float(box.value()) or None


def ihc_box() -> QComboBox:
    """A box for the IHC score of a case."""
    box = QComboBox()
    box.addItems([_NOT_KNOWN, *IHC_SCORES])
    box.setToolTip("IHC score of the same specimen: some categories need it.")
    return box


def ihc_of(box: QComboBox) -> str | None:
    """The score in a box of `ihc_box`; None where it is not known."""
    score = str(box.currentText())
    return None if score == _NOT_KNOWN else score
