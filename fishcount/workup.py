"""The work-up of a case folder: its records in ``workup.json``, read, added to and checked."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from fishcount.errors import CountError, FishcountError, MetadataError
from fishcount.guidelines import (
    Count,
    Recount,
    WorkUp,
    add_ihc,
    add_nuclei,
    add_recount,
    start_workup,
)
from fishcount.io import CaseFolder, Check, check_as_written, read_case_folder, replace_file
from fishcount.io.text import read_json
from fishcount.settings import COUNTING_SECTIONS

__all__ = [
    "WORKUP_FILE",
    "further_nuclei",
    "resume",
    "second_count",
    "verify_workup",
    "write_workup",
]

WORKUP_FILE = "workup.json"


def resume(case: CaseFolder) -> WorkUp:
    """The work-up as it stands in the folder, made again from its records.

    Raises
    ------
    InputError, MetadataError
        When ``workup.json`` cannot be read, is not a record of this case, or its result is not as
        it was written.
    CountError
        When a record in it would be refused if it were added today.
    """
    path = case.path / WORKUP_FILE
    kept = read_json(path) if path.exists() else {}
    settings = case.settings()
    first = _count_of(case)
    if path.exists() and not kept.get("counts"):
        raise MetadataError("not a record of a work-up", file=path, found="no first count in it")
    try:
        counts = [_record_of(Count, record) for record in kept.get("counts", [])]
        if counts and _sums(counts[0]) != _sums(first):
            raise MetadataError(
                "the first count is another one",
                file=path,
                found=_sums(counts[0]),
                expected=_sums(first),
                remedy="the case was scored anew: start a new work-up",
            )
        state = start_workup(
            counts[0] if counts else first,
            ihc=case.summary["ihc"],
            faint_staining="HER2-ultralow" in case.summary.get("tags", ()),
            settings=settings.scoring,
        )
        if kept.get("ihc") is not None:
            state = add_ihc(state, kept["ihc"], faint_staining=bool(kept["faint_staining"]))
        for more in counts[1:]:
            state = add_nuclei(state, more)
        if kept.get("recount"):
            state = add_recount(state, _record_of(Recount, kept["recount"]))
    except (TypeError, KeyError, AttributeError) as error:
        raise MetadataError("not a record of a work-up", file=path, found=str(error)) from error
    return state


def further_nuclei(state: WorkUp, more: CaseFolder, *, case: CaseFolder) -> Count:
    """The count of `more` as further nuclei of the first reading of `case`, for `add_nuclei`.

    Raises
    ------
    CountError
        When an image of it was counted already, it was scored with another IHC score, or was
        counted otherwise: under other settings, by another version, in outlines of another program,
        or only one was reviewed.
    """
    count = _count_of(more)
    _check_same_reading(case, more)
    ihc = more.summary["ihc"]
    if state.ihc is not None and ihc not in (None, state.ihc):
        raise CountError(
            "the further nuclei were scored with another IHC score",
            file=more.path,
            field="IHC",
            found=ihc,
            expected=state.ihc,
            remedy="are they of this case? if so, score them again with its IHC score, or without",
        )
    known = {image for earlier in state.counts for image in earlier.images}
    if known & set(count.images):
        raise CountError(
            "an image was counted already",
            file=more.path,
            field="counts",
            remedy="further nuclei come from fields that were not in an earlier folder",
        )
    together = [state.pooled.areas, count.areas]
    areas = None if None in together else sum(area for area in together if area is not None)
    return replace(count, areas=areas)


def second_count(case: CaseFolder, other: CaseFolder, *, reader: str) -> Recount:
    """The count of `other` as a recount of `case`, for `add_recount`.

    The program is deterministic, so its own count of the same images is not a second observer, and
    a review of the first count was not blinded to it.

    Raises
    ------
    CountError
        When `other` is not a second count.
    """
    first, second = _count_of(case), _count_of(other)
    review = other.summary.get("review")
    if other.path.resolve().is_relative_to(case.path.resolve()):
        why = "the recount lies in the folder of the first count, so it is not blind to it"
    elif not review and set(second.images) <= set(first.images):
        why = "an automatic count of the same images is not a second observer"
    else:
        return Recount(
            n_nuclei=second.n_nuclei,
            her2=second.her2,
            cep17=second.cep17 or 0,
            reader=reader,
            source=second.source,
        )
    raise CountError(
        why,
        file=other.path,
        field="recount",
        remedy="give the case folder of another observer who did not know the first count",
    )


def write_workup(state: WorkUp, case: CaseFolder) -> dict[str, Any]:
    """Write the records into the folder, whole or not at all; they come back."""
    record = state.record()
    text = json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False)
    replace_file(case.path / WORKUP_FILE, text.encode("utf-8", "backslashreplace"))
    return record


def verify_workup(path: str | Path) -> tuple[Check, ...]:
    """Whether ``workup.json`` still follows from its own records and the first count.

    Returns
    -------
    tuple of Check
        None where there is no work-up.
    """
    case = read_case_folder(path)
    file = case.path / WORKUP_FILE
    if not file.exists():
        return ()
    try:
        same = resume(case).record() == read_json(file)
    except FishcountError:
        same = False
    return (Check("work-up", WORKUP_FILE, "unchanged" if same else "changed"),)


def _check_same_reading(case: CaseFolder, more: CaseFolder) -> None:
    """Refuse to pool counts that were not made in the same way."""
    first, other = case.summary["software"], more.summary["software"]
    if first != other:
        raise CountError(
            "the further nuclei were counted by another version of the program",
            file=more.path,
            field="software",
            found=other,
            expected=first,
            remedy="score both folders with the same version",
        )
    if differing := _differing_settings(case, more):
        raise CountError(
            "the further nuclei were counted under other settings",
            file=more.path,
            field="settings.toml",
            found=", ".join(differing),
            remedy=f"score them again with --settings {case.path / 'settings.toml'}",
        )
    if _outlines(case).isdisjoint(_outlines(more)):
        raise CountError(
            "of the two counts only one has outlines of another program",
            file=more.path,
            field="outlines_given",
            remedy="score both folders with --labels, or both without",
        )
    reviewed, also = bool(case.summary.get("review")), bool(more.summary.get("review"))
    if reviewed != also:
        raise CountError(
            "of the two counts only one was reviewed",
            file=more.path if also else case.path,
            field="review",
            remedy="pool automatic counts with each other, or reviewed ones",
        )


def _outlines(case: CaseFolder) -> set[bool]:
    """Whether outlines of nuclei were given; both where the folder does not say."""
    told = {
        field["outlines_given"]
        for field in case.summary["fields"]
        if field["n_nuclei"] and "outlines_given" in field
    }
    return told or {False, True}


def _differing_settings(case: CaseFolder, more: CaseFolder) -> list[str]:
    """What was set otherwise of all that counts depend on, as ``section.key=value`` of `more`."""
    one, other = (folder.settings().model_dump() for folder in (case, more))
    return [
        f"{section}.{key}={value}, not {one[section][key]}"
        for section in COUNTING_SECTIONS
        for key, value in other[section].items()
        if value != one[section][key]
    ]


def _count_of(case: CaseFolder) -> Count:
    check_as_written(case)
    summary = case.summary
    counted = [field for field in summary["fields"] if field["n_scored"] > 0]
    return Count(
        n_nuclei=summary["n_scored"],
        her2=summary["her2_signals"],
        cep17=summary["cep17_signals"],
        areas=len(counted),
        images=tuple(str(field["sha256"]) for field in summary["fields"]),
        source=str(case.path),
    )


def _record_of(kind: type[Any], record: dict[str, Any]) -> Any:
    """A `Count` or `Recount` from its plain record."""
    known = {field.name for field in fields(kind)}
    strangers = set(record) - known
    if strangers:
        raise KeyError(f"unknown keys: {', '.join(sorted(strangers))}")
    images = {"images": tuple(record["images"])} if "images" in record else {}
    return kind(**{**record, **images})


def _sums(count: Count) -> tuple[int | None, ...]:
    return count.n_nuclei, count.her2, count.cep17, count.areas
