"""A scored field as the layers need it, whether it was just scored or lies in a case folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.image import PROBES
from fishcount.io import CaseFolder
from fishcount.results import FieldResult
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
    """

    name: str
    probes: tuple[str, ...]
    pixel_size_um: float
    z_step_um: float | None
    n_planes: int
    labels: NDArray[np.int32]
    nuclei: Any
    signals: Any

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
