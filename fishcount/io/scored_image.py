"""The image that a field of a case folder was scored from, found again and read the same way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fishcount.errors import InputError, check_kind
from fishcount.image import FishImage
from fishcount.io.case_folder import CaseFolder
from fishcount.io.options import OPTIONS
from fishcount.io.pattern import is_pattern
from fishcount.io.read import read_image

__all__ = ["READING", "read_scored_image"]

READING = "reading"
"""Entry of ``provenance.json``: how each field was read, by its name."""


def read_scored_image(folder: CaseFolder, field: str) -> FishImage:
    """Read the image of a field again, with the options of the run.

    Paths are as they were given: they are looked for from the current folder, then from each
    folder above the case folder, until the image is the one that was scored.

    Parameters
    ----------
    folder
        A case folder, or the ``reviewed`` of one.
    field
        Name of the field.

    Returns
    -------
    FishImage

    Raises
    ------
    InputError
        When `folder` is no case folder that was read, there is no such field, it was scored from
        memory, its file is not there, or the file is not the one that was scored.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount.batch import CaseJob, FieldJob, score_job
    >>> from fishcount.io import read_case_folder, read_scored_image
    >>> from fishcount.synthetic import simulate_case, write_case
    >>> here = Path(tempfile.mkdtemp())
    >>> (file,) = write_case(here, simulate_case("negative", seed=1, n_fields=1, size=256))
    >>> _ = score_job(CaseJob(name="a", fields=(FieldJob(files=file),)), here / "case")
    >>> read_scored_image(read_case_folder(here / "case"), "field_1").channels
    ('DAPI', 'HER2', 'CEP17')
    """
    check_kind("folder", folder, CaseFolder, remedy="read it with fishcount.io.read_case_folder")
    record = next((one for one in folder.summary["fields"] if one["name"] == field), None)
    if record is None:
        raise InputError(f"no field {field!r}", file=folder.path)
    if record["path"] is None:
        raise InputError("it was scored from memory", file=folder.path, field=field)
    # Case folders of other programs may not say how they read; then the file has to.
    reading = (folder.provenance.get(READING) or {}).get(field) or {"files": record["path"]}
    files, roi = reading["files"], reading.get("roi")
    paths = list(files.values()) if isinstance(files, Mapping) else [files]
    settings = folder.settings().reading
    places = _places([*paths, roi] if roi else paths, folder)
    for place in places:
        try:
            image = read_image(
                {role: place / path for role, path in files.items()}
                if isinstance(files, Mapping)
                else place / files,
                **_options(reading, record),
                roi=place / roi if roi else None,
                name=field,
                settings=settings,
            )
        except InputError:
            if place == places[-1]:
                raise
            continue
        if image.sha256 == record["sha256"]:
            return image
    raise InputError(
        "the file has changed since it was scored",
        file=places[0] / paths[0],
        remedy="put the earlier file back, or score the case anew",
    )


def _options(reading: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    calibration = {name: record.get(name) for name in ("pixel_size_um", "z_step_um")}
    return calibration | {name: reading[name] for name in OPTIONS if reading.get(name) is not None}


def _places(paths: list[str], folder: CaseFolder) -> list[Path]:
    """Folders from which all of the paths lead to files; at least one."""
    places = [
        place
        for place in (Path(), *folder.path.resolve().parents)
        if all(_is_there(place / path) for path in paths)
    ]
    absolute = all(Path(path).is_absolute() for path in paths)
    if not places:
        start = "" if absolute else ", start from the folder where the case was scored"
        raise InputError(
            "the image is not there",
            file=paths[0],
            remedy=f"put it back{start}, or score the case anew",
        )
    return places[:1] if absolute else places


def _is_there(file: Path) -> bool:
    return file.exists() or (is_pattern(file) and file.parent.is_dir())
