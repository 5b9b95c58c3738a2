"""Check a case folder against its inputs and its own hashes: what changed since it was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fishcount.errors import InputError, MetadataError
from fishcount.io.atomic import HUMAN_WORK
from fishcount.io.case_folder import CaseFolder, read_case_folder
from fishcount.io.files import sha256_of

__all__ = ["Check", "Verification", "check_as_written", "verify_case_folder"]

# Endings of the files that hold the result; a report is made from them.
_RESULT = (".json", ".csv", ".tif", ".toml")
Status = Literal["unchanged", "changed", "missing", "added"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was compared.

    Attributes
    ----------
    what : str
        "input", "output", "settings", "review" or "work-up".
    name : str
        Path as it was given, or name inside the folder.
    status : str
        "unchanged", "changed", "missing" or "added".
    """

    what: str
    name: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What `verify_case_folder` found.

    Attributes
    ----------
    path : Path
    checks : tuple of Check
        Everything that was compared.
    """

    path: Path
    checks: tuple[Check, ...]

    @property
    def changes(self) -> tuple[Check, ...]:
        """What has changed."""
        return tuple(check for check in self.checks if check.status != "unchanged")

    @property
    def ok(self) -> bool:
        """Nothing has changed."""
        return not self.changes

    def to_record(self) -> dict[str, Any]:
        """The result as plain data, for JSON."""
        return {
            "path": str(self.path),
            "ok": self.ok,
            "checks": [
                {"what": check.what, "name": check.name, "status": check.status}
                for check in self.checks
            ],
        }

    def to_text(self) -> str:
        """The result for a person: what changed, in a line each."""
        if self.ok:
            return f"{self.path}: {len(self.checks)} inputs and files are as they were"
        lines = [f"  {check.status:<8} {check.what} {check.name}" for check in self.changes]
        return "\n".join([f"{self.path}: {len(lines)} of {len(self.checks)} differ", *lines])


def verify_case_folder(path: str | Path, *, inputs_from: str | Path | None = None) -> Verification:
    """Compare a case folder and its inputs with the hashes in its ``provenance.json``.

    Parameters
    ----------
    path
        The case folder.
    inputs_from
        Folder from which relative paths of inputs start. When not given they are looked for from
        the current folder, then from each folder above the case folder.

    Returns
    -------
    Verification
        A check for each input, each file of the folder, and the settings. What a review or
        a work-up has added is none of its business.

    Raises
    ------
    InputError, MetadataError
        When it is not a whole case folder, or has no provenance to compare with.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.io import verify_case_folder
    >>> folder = example_case()
    >>> verify_case_folder(folder).ok
    True
    >>> _ = (folder / "report.html").write_text("")
    >>> [check.name for check in verify_case_folder(folder).checks if check.status != "unchanged"]
    ['report.html']
    """
    folder = read_case_folder(path)
    record = folder.provenance
    inputs, outputs = record.get("inputs"), record.get("outputs")
    if not isinstance(inputs, list) or not isinstance(outputs, Mapping):
        raise MetadataError(
            "no hashes to compare with",
            file=folder.path / "provenance.json",
            remedy="score the case again",
        )
    places = [Path(), *folder.path.resolve().parents] if inputs_from is None else [inputs_from]
    starts = [Path(place) for place in places]
    checks = [*_inputs(inputs, starts, folder), *_outputs(outputs, folder), _settings(folder)]
    return Verification(path=folder.path, checks=tuple(checks))


def check_as_written(folder: CaseFolder) -> None:
    """Check that the result in a case folder is unchanged, before anything is built on it.

    Summary, tables, label images and settings; a folder without hashes is taken as it is.

    Raises
    ------
    MetadataError
        When one of them is not, as after a table was saved by a spreadsheet.
    """
    outputs = folder.provenance.get("outputs")
    for name, expected in outputs.items() if isinstance(outputs, Mapping) else ():
        if not name.endswith(_RESULT):
            continue
        if _status(folder.path / name, str(expected)) != "unchanged":
            raise MetadataError(
                "is not as it was written",
                file=folder.path / name,
                remedy="put the earlier file back, or score the case anew",
            )


def _inputs(inputs: list[Any], starts: list[Path], folder: CaseFolder) -> Iterator[Check]:
    for item in inputs:
        if not isinstance(item, Mapping) or not {"path", "sha256"} <= set(item):
            raise MetadataError("malformed", file=folder.path / "provenance.json", field="inputs")
        name = str(item["path"])
        found = [start / name for start in starts if (start / name).exists()]
        # A file of the same name in a nearer folder must not hide the one that was scored.
        status = [_status(file, str(item["sha256"])) for file in found or [starts[0] / name]]
        yield Check("input", name, "unchanged" if "unchanged" in status else status[0])


def _outputs(outputs: Mapping[str, Any], folder: CaseFolder) -> Iterator[Check]:
    for name, expected in outputs.items():
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise MetadataError(
                "names a file outside the folder",
                file=folder.path / "provenance.json",
                field="outputs",
                found=repr(name),
            )
        yield Check("output", name, _status(folder.path / name, str(expected)))
    known = {*outputs, "provenance.json"}
    for file in sorted(folder.path.rglob("*")):
        place = file.relative_to(folder.path)
        name = place.as_posix()
        if file.is_file() and name not in known and place.parts[0] not in HUMAN_WORK:
            yield Check("output", name, "added")


def _settings(folder: CaseFolder) -> Check:
    found = hashlib.sha256((folder.path / "settings.toml").read_bytes()).hexdigest()
    expected = folder.summary["settings_sha256"]
    return Check("settings", "settings.toml", "unchanged" if found == expected else "changed")


def _status(file: Path, expected: str) -> Status:
    try:
        return "unchanged" if sha256_of(file) == expected else "changed"
    except InputError as error:
        return "missing" if error.problem == "no such file" else "changed"
