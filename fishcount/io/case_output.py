"""The case folder, written: whole or not at all, with the hashes of all that is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fishcount.errors import OutputError
from fishcount.io.atomic import WritesFile, atomic_folder, replace_file
from fishcount.io.case_folder import REPORT, THUMBNAIL, is_field_name
from fishcount.io.files import sha256_of
from fishcount.io.label_image import LabelSource, label_bytes, write_label_tiles
from fishcount.io.text import csv_bytes, json_bytes, read_json

__all__ = ["put_file", "put_report", "write_case_folder"]


def write_case_folder(
    out: str | Path,
    *,
    summary: Mapping[str, Any],
    nuclei: pd.DataFrame,
    signals: pd.DataFrame,
    labels: Mapping[str, NDArray[np.integer] | LabelSource],
    settings_toml: str,
    provenance: Mapping[str, Any],
    report_html: str | None = None,
    thumbnail_jpeg: bytes | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a case folder whole or not at all.

    Parameters
    ----------
    out
        Folder that is absent or empty; with `overwrite`, an earlier case folder.
    summary, nuclei, signals
        As `fishcount.tables` makes them. Text cells that a spreadsheet would run are made inert.
    labels
        Label image (y, x) of each field of the summary, by its name; or what paints windows
        of one, which is then written tile by tile.
    settings_toml
        The settings of the run, complete.
    provenance
        As `fishcount.io.provenance` makes it; hashes of the written files are added.
    report_html
        The report, where there is one.
    thumbnail_jpeg
        A small picture of a few nuclei, for pages of many cases.
    overwrite
        Whether an earlier case folder may be replaced. It is removed only when the new one is
        on the disk, and never when a reviewer has worked in it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputError
        When the folder exists or cannot be written, or a name is not a file name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount import Settings, score_case
    >>> from fishcount.io import provenance, read_case_folder, write_case_folder
    >>> from fishcount.synthetic import simulate_case
    >>> from fishcount.tables import nuclei_table, signals_table, summary_record
    >>> images = [image for image, truth in simulate_case("negative", seed=1, n_fields=1, size=256)]
    >>> case = score_case(images, name="example")
    >>> out = write_case_folder(
    ...     Path(tempfile.mkdtemp()) / "example", summary=summary_record(case),
    ...     nuclei=nuclei_table(case.fields), signals=signals_table(case.fields),
    ...     labels={field.image.name: field.nuclei.labels for field in case.fields},
    ...     settings_toml=Settings().to_toml(), provenance=provenance({}, Settings()))
    >>> read_case_folder(out).summary["case"]
    'example'
    """
    names = [field["name"] for field in summary.get("fields", [])]
    if sorted(names) != sorted(labels):
        raise OutputError(
            "label images and fields differ", file=out, found=", ".join(labels), expected=names
        )
    files = {
        "summary.json": json_bytes(summary),
        "nuclei.csv": csv_bytes(nuclei),
        "signals.csv": csv_bytes(signals),
        "settings.toml": settings_toml.encode(),
    }
    if report_html is not None:
        files[REPORT] = _page_bytes(report_html)
    if thumbnail_jpeg is not None:
        files[THUMBNAIL] = thumbnail_jpeg
    label_files = {f"labels/{_safe(name, out)}.tif": labels[name] for name in names}
    with atomic_folder(out, overwrite=overwrite) as write:
        hashes = {}
        for name, data in files.items():
            write(name, data)
            hashes[name] = hashlib.sha256(data).hexdigest()
        for name, image in label_files.items():
            hashes[name] = sha256_of(write(name, _written(image)))
        write("provenance.json", json_bytes({**provenance, "outputs": hashes}))
    return Path(out)


def put_report(path: str | Path, report_html: str) -> Path:
    """Put a report into a case folder, as `put_file` does."""
    return put_file(path, REPORT, data=_page_bytes(report_html))


def put_file(path: str | Path, name: str, *, data: bytes) -> Path:
    """Put a file into a case folder, in the place of an earlier one, and note its hash.

    Parameters
    ----------
    path
        The case folder.
    name
        The file, right in it.
    data
        What it holds.

    Raises
    ------
    InputError, MetadataError
        When there is no readable ``provenance.json``.
    OutputError
        When it cannot be written.
    """
    file, provenance_file = Path(path) / name, Path(path) / "provenance.json"
    record = read_json(provenance_file, remedy="is this a case folder of fishcount score?")
    outputs = {**(record.get("outputs") or {}), name: hashlib.sha256(data).hexdigest()}
    replace_file(file, data)
    replace_file(provenance_file, json_bytes({**record, "outputs": outputs}))
    return file


def _written(labels: NDArray[np.integer] | LabelSource) -> bytes | WritesFile:
    """The bytes of a label image, or what writes them to a file."""
    if isinstance(labels, np.ndarray):
        return label_bytes(labels)
    source = labels
    return lambda path: write_label_tiles(path, source)


def _safe(name: str, out: str | Path) -> str:
    if not is_field_name(name) or name != name.strip():
        raise OutputError(
            "the name of a field is not a file name",
            file=out,
            found=repr(name),
            remedy="name fields with fishcount.io.slug_of",
        )
    return name


def _page_bytes(html: str) -> bytes:
    return html.encode("utf-8", "backslashreplace")
