"""Fields of a case beside each other: what one shows too little of is told by all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fishcount.flags import Finding, has_flag, mask_of, raise_flag
from fishcount.nuclei import flags_of_size, select_nuclei
from fishcount.recount.field import recount_field
from fishcount.results import FieldResult
from fishcount.settings import Settings
from fishcount.signals import SingleFlux, pooled_flux

__all__ = ["fields_together"]

# Fields with fewer whole nuclei than this do not tell by themselves how large a nucleus is. Those
# with more do, and tissue differs: in a field of tumour, no lymphocytes of another make it large.
_TELLING_NUCLEI = 10
_UNLIKE = "UNLIKE_FIELDS"


def fields_together(
    fields: Sequence[FieldResult], *, settings: Settings
) -> tuple[FieldResult, ...]:
    """The fields of a case, each counted and selected with what the others tell.

    Where a field has too few single signals to tell how much light one holds, its clusters are
    estimated with what the others show; one that shows far more or less than most is flagged
    UNLIKE_FIELDS. Nuclei of a field with few of them are too small or too large beside
    those of all fields.

    Parameters
    ----------
    fields
        Results of `fishcount.score_field` with the same probes; one comes back as it is.
    settings
        Those that the fields were scored with.
    """
    alike: defaultdict[tuple[float, float | None], list[int]] = defaultdict(list)
    for number, field in enumerate(fields):
        alike[field.image.pixel_size_um, field.image.z_step_um].append(number)
    together = list(fields)
    for numbers in alike.values():
        if len(numbers) > 1:
            shared = _with_shared_flux([fields[number] for number in numbers], settings)
            for number, field in zip(numbers, _with_shared_size(shared, settings), strict=True):
                together[number] = field
    return tuple(together)


def _with_shared_flux(fields: Sequence[FieldResult], settings: Settings) -> list[FieldResult]:
    """Fields of one pixel size; one without single signals is counted with those of the others."""
    probes = set.intersection(*(set(field.counts.single_flux) for field in fields))
    pooled = {
        probe: pooled_flux([field.counts.single_flux[probe] for field in fields])
        for probe in sorted(probes, reverse=True)
    }
    together = []
    for field in fields:
        own = {probe: field.counts.single_flux[probe] for probe in pooled}
        unknown = [probe for probe, flux in own.items() if math.isnan(flux.typical_counts)]
        if unknown:
            flux = own | {probe: pooled[probe] for probe in unknown}
            field = recount_field(field, was=settings, settings=settings, single_flux=flux)
        earlier = (one for one in field.findings if one.code != _UNLIKE)
        unlike = _unlike_fields(own, pooled, settings.quality.max_times_other_fields)
        together.append(replace(field, findings=(*earlier, *unlike)))
    return together


def _unlike_fields(
    own: Mapping[str, SingleFlux], pooled: Mapping[str, SingleFlux], limit: float
) -> Iterator[Finding]:
    """The finding that a field shows far more or less light of a single signal than most."""
    for probe, flux in own.items():
        times = flux.typical_counts / pooled[probe].typical_counts
        if abs(math.log(times)) > math.log(limit):
            yield Finding(_UNLIKE, times, f"{probe}: {times:.2g} times the light")


def _with_shared_size(fields: Sequence[FieldResult], settings: Settings) -> list[FieldResult]:
    """Fields of one pixel size; those with few nuclei are compared with the nuclei of all."""
    whole = [~has_flag(field.flags, "BORDER") for field in fields]
    areas = [field.nuclei.area_px[inside] for field, inside in zip(fields, whole, strict=True)]
    if sum(len(area) for area in areas) < _TELLING_NUCLEI:
        return list(fields)
    typical = float(np.median(np.concatenate(areas)))
    return [
        field
        if len(area) >= _TELLING_NUCLEI
        else _selected_by_size(field, inside, field.nuclei.area_px / typical, settings)
        for field, inside, area in zip(fields, whole, areas, strict=True)
    ]


def _selected_by_size(
    field: FieldResult,
    whole: NDArray[np.bool_],
    relative_area: NDArray[np.float64],
    settings: Settings,
) -> FieldResult:
    """A field with the flags of size of nuclei (n,) by their areas over a typical one."""
    by_size = flags_of_size(relative_area, whole=whole, settings=settings.nuclei)
    flags = field.flags & ~np.uint32(mask_of(by_size))
    for code, raised in by_size.items():
        raise_flag(flags, code, raised)
    scored, reason = select_nuclei(flags, settings=settings.selection)
    return replace(field, flags=flags, scored=scored, reject_reason=reason)
