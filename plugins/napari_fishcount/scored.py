"""A scored field as the layers need it, whether it was just scored or lies in a case folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.image import PROBES
from fishcount.io import CaseFolder
from fishcount.results import FieldResult
from fishcount.review import Box, ReviewState, reviewed_nuclei, reviewed_signals
from fishcount.tables import nuclei_table, signals_table

__all__ = ["ScoredField"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredField:
    """Labels and tables of one field.

    Attributes
    ----------
    name : str
    probes : tuple of str
        HER2, and CEP17 where the field has it.
    pixel_size_um : float
    z_step_um : float or None
    n_planes : int
    labels : ndarray of int32, (y, x)
    nuclei, signals : DataFrame
        Rows of this field, with the columns of `fishcount.tables`.
    origin_px : (int, int)
        Row and column of the first pixel of `labels`, where they are a part of the field.
    """

    name: str
    probes: tuple[str, ...]
    pixel_size_um: float
    z_step_um: float | None
    n_planes: int
    labels: NDArray[np.int32]
    nuclei: Any
    signals: Any
    origin_px: tuple[int, int] = (0, 0)

    @classmethod
    def from_result(cls, result: FieldResult) -> ScoredField:
        """A field that was just scored."""
        return cls(
            name=result.image.name,
            probes=result.image.probes,
            pixel_size_um=result.image.pixel_size_um,
            z_step_um=result.image.z_step_um,
            n_planes=result.image.n_planes,
            labels=result.nuclei.labels,
            nuclei=nuclei_table([result]),
            signals=signals_table([result]),
        )

    @classmethod
    def from_case_folder(cls, folder: CaseFolder, name: str) -> ScoredField:
        """A field of a case folder.

        Raises
        ------
        InputError
            When the folder has no such field or its label image does not decode.
        """
        labels = folder.label_image(name)
        record = next(field for field in folder.summary["fields"] if field["name"] == name)
        return cls(
            name=name,
            probes=tuple(probe for probe in PROBES if probe in folder.summary["channels"]),
            pixel_size_um=record.get("pixel_size_um") or folder.summary["pixel_size_um"],
            z_step_um=record.get("z_step_um"),
            n_planes=record.get("n_planes") or 1,
            labels=labels,
            nuclei=folder.nuclei[folder.nuclei["field"] == name].reset_index(drop=True),
            signals=folder.signals[folder.signals["field"] == name].reset_index(drop=True),
        )

    @classmethod
    def from_review(cls, state: ReviewState, name: str, box: Box) -> ScoredField:
        """A part of a field as it stands in a review: the nuclei and signals within `box`."""
        folder = state.automatic.folder
        record = next(field for field in folder.summary["fields"] if field["name"] == name)
        return cls(
            name=name,
            probes=state.automatic.probes,
            pixel_size_um=state.automatic.pixel_size_of(name),
            z_step_um=record.get("z_step_um"),
            n_planes=record.get("n_planes") or 1,
            labels=state.crop(name, box),
            nuclei=_within(reviewed_nuclei(state), name, box),
            signals=_within(reviewed_signals(state), name, box),
            origin_px=box[:2],
        )

    def only(self, nucleus: int) -> ScoredField:
        """The same field with one nucleus and its signals alone."""
        return replace(
            self,
            labels=np.where(self.labels == nucleus, self.labels, 0),
            nuclei=self.nuclei[self.nuclei["nucleus"] == nucleus].reset_index(drop=True),
            signals=self.signals[self.signals["nucleus"] == nucleus].reset_index(drop=True),
        )


def _within(table: Any, name: str, box: Box) -> Any:
    y0, x0, y1, x1 = box
    near = table[table["y_px"].between(y0, y1) & table["x_px"].between(x0, x1)]
    # Names are compared one by one, places all at once.
    return near[near["field"] == name].reset_index(drop=True)
