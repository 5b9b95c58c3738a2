"""Results as tables and as the summary of the case folder: the columns that other programs read.

The only computing module that knows pandas. Every table has the same columns and types,
also when it is empty; columns may be added, those that are here stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import fishcount
from fishcount.errors import check_kind
from fishcount.flags import codes_of
from fishcount.image import PROBES
from fishcount.records import (
    category_record,
    expected_false_record,
    findings_record,
    heterogeneity_record,
    score_record,
    selection_record,
    stability_record,
)
from fishcount.results import CaseResult, FieldResult

__all__ = [
    "NUCLEI_COLUMNS",
    "NUCLEUS_FIGURES",
    "SCHEMA_VERSION",
    "SIGNALS_COLUMNS",
    "SIGNAL_FIGURES",
    "copy_ratios",
    "nuclei_table",
    "signals_table",
    "summary_record",
]

SCHEMA_VERSION = 1

NUCLEUS_FIGURES = (
    "dapi_dose_counts",
    "texture",
    "edge_width_px",
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

SIGNAL_FIGURES = ("score", "merged_into")
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
        When `fields` are no results.

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

    `fields` and errors as for `nuclei_table`. ``signal`` counts from 1 within a field. ``score`` is
    missing where none was computed, ``merged_into`` where a signal was not merged into another of
    its field.

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


def summary_record(case: CaseResult) -> dict[str, Any]:
    """The content of ``summary.json``: plain numbers, strings, lists; None where nothing exists.

    Examples
    --------
    >>> from fishcount import score_case
    >>> from fishcount.synthetic import simulate_case
    >>> from fishcount.tables import summary_record
    >>> images = [image for image, truth in simulate_case("negative", seed=1, n_fields=1, size=256)]
    >>> summary = summary_record(score_case(images, name="example"))
    >>> summary["case"], summary["fields"][0]["name"]
    ('example', 'field_1')
    """
    check_kind("case", case, CaseResult, remedy="give what fishcount.score_case returned")
    pixel_sizes = {field.image.pixel_size_um for field in case.fields}
    return {
        "schema_version": SCHEMA_VERSION,
        "case": case.name,
        "fields": [_field_record(field) for field in case.fields],
        **score_record(case.score),
        "categories": [category_record(category) for category in case.categories],
        **findings_record(case.findings),
        "expected_false_per_nucleus": _expected_false(case.fields),
        "ihc": case.ihc,
        "tags": list(case.tags),
        "stability": stability_record(case.categories, case.variations, case.left_out),
        "selection": None if case.selection is None else selection_record(case.selection),
        "heterogeneity": None
        if case.heterogeneity is None
        else heterogeneity_record(case.heterogeneity, _scored_names(case.fields)),
        "pixel_size_um": pixel_sizes.pop() if len(pixel_sizes) == 1 else None,
        "channels": list(case.fields[0].image.channels) if case.fields else [],
        "software": f"fishcount {fishcount.__version__}",
        "settings_sha256": case.settings.sha256(),
    }


def _scored_names(fields: Iterable[FieldResult]) -> list[tuple[str, int]]:
    """Field and number of each scored nucleus."""
    return [
        (field.image.name, nucleus)
        for field in fields
        for nucleus in (np.flatnonzero(field.scored) + 1).tolist()
    ]


def _field_record(field: FieldResult) -> dict[str, Any]:
    return {
        "name": field.image.name,
        "path": field.image.path,
        "sha256": field.image.sha256,
        "n_nuclei": len(field.nuclei),
        "n_scored": int(field.scored.sum()),
        **findings_record(field.findings),
        "pixel_size_um": field.image.pixel_size_um,
        "z_step_um": field.image.z_step_um,
        "n_planes": field.image.n_planes,
        "numerical_aperture": field.image.optics.numerical_aperture,
        "emission_nm": dict(field.image.optics.emission_nm),
        "point_sigma_um": {
            probe: spots.psf_sigma_px * field.image.pixel_size_um
            if np.isfinite(spots.psf_sigma_px)
            else None
            for probe, spots in field.spots.items()
        },
        "min_score": {
            probe: score if np.isfinite(score) else None
            for probe, score in field.counts.min_score.items()
        },
        "expected_false_per_nucleus": _expected_false([field]),
    }


def _expected_false(fields: Sequence[FieldResult]) -> dict[str, float | None]:
    """Of all fields together, for each nucleus that was found."""
    probes = fields[0].image.probes if fields else ()
    sums = {
        probe: sum(field.counts.expected_false.get(probe, np.nan) for field in fields)
        for probe in probes
    }
    return expected_false_record(sums, sum(len(field.nuclei) for field in fields))


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
