"""The summary of a case, as it stands in ``summary.json``. See docs/reference/case_folder.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

import fishcount
from fishcount.errors import check_kind
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

__all__ = ["SCHEMA_VERSION", "summary_record"]

SCHEMA_VERSION = 1


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
        "outlines_given": field.nuclei.outlines_given,
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
