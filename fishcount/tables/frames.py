"""Nuclei and signals as data frames: the columns that other programs read.

The only computing module that knows pandas. Every table has the same columns and types,
also when it is empty; columns may be added, those that are here stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fishcount.errors import check_kind
from fishcount.flags import codes_of
from fishcount.image import PROBES
from fishcount.results import CaseResult, FieldResult

__all__ = [
    "NUCLEI_COLUMNS",
    "NUCLEUS_FIGURES",
    "SIGNALS_COLUMNS",
    "SIGNAL_FIGURES",
    "copy_ratios",
    "nuclei_table",
    "signals_table",
]

NUCLEUS_FIGURES = (
    "dapi_dose_counts",
    "texture",
    "edge_width_px",
    "dapi_detail",
    "saturated_fraction",
    "neck",
    "contact_width",
    "overlap",
    "depth_distance_um",
)
"""Figures behind the flags of nuclei: folders of earlier versions do not have them."""

NUCLEI_COLUMNS: Mapping[str, str] = {
    "field": "object",
    "nucleus": "int64",
    "y_px": "float64",
    "x_px": "float64",
    "area_um2": "float64",
    "scored": "bool",
    "reject_reason": "object",
    "her2": "Int64",
    "her2_low": "Int64",
    "her2_high": "Int64",
    "cep17": "Int64",
    "cep17_low": "Int64",
    "cep17_high": "Int64",
    "ratio": "float64",
    "flags": "object",
    "plane": "int64",
    "eccentricity": "float64",
    "solidity": "float64",
    "mean_dapi_counts": "float64",
    **dict.fromkeys(NUCLEUS_FIGURES, "float64"),
}

SIGNAL_FIGURES = ("score", "merged_into", "significance")
"""What else is known of signals: folders of earlier versions do not have these columns."""

SIGNALS_COLUMNS: Mapping[str, str] = {
    "field": "object",
    "signal": "int64",
    "channel": "object",
    "nucleus": "int64",
    "z_px": "float64",
    "y_px": "float64",
    "x_px": "float64",
    "snr": "float64",
    "amplitude_counts": "float64",
    "background_counts": "float64",
    "copies": "float64",
    "status": "object",
    "reason": "object",
    "score": "float64",
    "merged_into": "Int64",
    "significance": "float64",
}


def nuclei_table(fields: CaseResult | FieldResult | Iterable[FieldResult]) -> pd.DataFrame:
    """One row for each nucleus of each field, scored or not.

    Parameters
    ----------
    fields
        Results of `fishcount.score_field`, or that of `fishcount.score_case`.

    Returns
    -------
    DataFrame
        Columns and types of `NUCLEI_COLUMNS`. Copies are integers; those of a probe that the
        field does not have are missing. ``ratio`` is missing without CEP17 copies; ``flags``
        are codes joined by semicolons.

    Raises
    ------
    InputError
        When `fields` are not results.

    Examples
    --------
    >>> from fishcount import score_field
    >>> from fishcount.synthetic import simulate_case
    >>> from fishcount.tables import nuclei_table
    >>> fields = [score_field(simulate_case("negative", seed=1, n_fields=1, size=256)[0][0])]
    >>> list(nuclei_table(fields).columns[:5])
    ['field', 'nucleus', 'y_px', 'x_px', 'area_um2']
    """
    return _stacked([_nuclei_of(field) for field in _field_results(fields)], NUCLEI_COLUMNS)


def signals_table(fields: CaseResult | FieldResult | Iterable[FieldResult]) -> pd.DataFrame:
    """One row for each candidate of each field, kept or not; columns of `SIGNALS_COLUMNS`.

    `fields` and errors as for `nuclei_table`. ``signal`` counts from 1 within a field. ``score``
    and ``significance`` are missing where they were not computed, ``merged_into`` where a signal
    was not merged into another of its field.

    Examples
    --------
    >>> from fishcount import score_field
    >>> from fishcount.synthetic import simulate_case
    >>> from fishcount.tables import signals_table
    >>> fields = [score_field(simulate_case("negative", seed=1, n_fields=1, size=256)[0][0])]
    >>> list(signals_table(fields).columns[:4])
    ['field', 'signal', 'channel', 'nucleus']
    """
    return _stacked([_signals_of(field) for field in _field_results(fields)], SIGNALS_COLUMNS)


def _field_results(
    given: CaseResult | FieldResult | Iterable[FieldResult],
) -> tuple[FieldResult, ...]:
    """The fields of a case, one field, or several, as they come."""
    if isinstance(given, CaseResult):
        return given.fields
    fields = (
        (given,) if isinstance(given, FieldResult) or not isinstance(given, Iterable) else given
    )
    fields = tuple(fields)
    for field in fields:
        check_kind(
            "fields",
            field,
            FieldResult,
            CaseResult,
            remedy="give what fishcount.score_field or fishcount.score_case returned",
        )
    return fields


def copy_ratios(her2: NDArray[Any], cep17: NDArray[Any]) -> NDArray[np.float64]:
    """HER2 over CEP17 copies of each nucleus, (n,); NaN for a nucleus without CEP17."""
    ratio: NDArray[np.float64] = np.full(len(her2), np.nan)
    np.divide(her2, cep17, out=ratio, where=cep17 > 0)
    return ratio


def _nuclei_of(field: FieldResult) -> dict[str, Any]:
    nuclei = field.nuclei
    columns: dict[str, Any] = {
        "field": [field.image.name] * len(nuclei),
        "nucleus": np.arange(1, len(nuclei) + 1),
        "y_px": nuclei.y_px,
        "x_px": nuclei.x_px,
        "area_um2": nuclei.area_px * field.image.pixel_size_um**2,
        "scored": field.scored,
        "reject_reason": field.reject_reason,
        "flags": [";".join(codes_of(int(mask))) for mask in field.flags],
        "plane": nuclei.plane,
        "eccentricity": nuclei.eccentricity,
        "solidity": nuclei.solidity,
        "mean_dapi_counts": nuclei.mean_dapi_counts,
        "dapi_dose_counts": nuclei.dose_counts,
        "texture": nuclei.texture,
        "edge_width_px": nuclei.edge_width_px,
        "dapi_detail": nuclei.detail,
        "saturated_fraction": nuclei.saturated_fraction,
        "neck": nuclei.neck,
        "contact_width": nuclei.contact_width,
        "overlap": nuclei.overlap,
        "depth_distance_um": nuclei.depth_distance_um,
    }
    for probe in PROBES:
        copies = field.counts.copies.get(probe)
        for suffix, value in (("", "best"), ("_low", "low"), ("_high", "high")):
            missing = pd.array([pd.NA] * len(nuclei), dtype="Int64")
            columns[probe.lower() + suffix] = missing if copies is None else getattr(copies, value)
    columns["ratio"] = copy_ratios(_floats(columns["her2"]), _floats(columns["cep17"]))
    return columns


def _floats(copies: Any) -> NDArray[np.float64]:
    """Copies as numbers; NaN where they are missing."""
    floats: NDArray[np.float64] = pd.array(copies, dtype="Int64").to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    return floats


def _signals_of(field: FieldResult) -> dict[str, Any]:
    signals = field.counts.signals
    into = pd.array(signals.merged_into, dtype="Int64")
    into[signals.merged_into == 0] = pd.NA
    return {
        "field": [field.image.name] * len(signals),
        "signal": np.arange(1, len(signals) + 1),
        **{
            name: _shared(getattr(signals, name))
            for name in SIGNALS_COLUMNS
            if name not in ("field", "signal", "merged_into")
        },
        "merged_into": into,
    }


def _shared(column: NDArray[Any]) -> NDArray[Any]:
    """Text with one object for each word, not for each row: a slide has a million signals."""
    if column.dtype.kind != "U":
        return column
    words, which = np.unique(column, return_inverse=True)
    shared: NDArray[Any] = words.astype(object)[which.reshape(-1)]
    return shared


def _stacked(parts: list[dict[str, Any]], schema: Mapping[str, str]) -> pd.DataFrame:
    frames = [pd.DataFrame(part) for part in parts if len(part["field"])]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(schema))
    return table[list(schema)].astype(dict(schema))
