"""Cases from folders, whose images are the fields of a case, or from images, a case each."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path

from fishcount.batch.job import CaseJob, FieldJob
from fishcount.errors import InputError, check_kind, reason_of
from fishcount.io import unique_names
from fishcount.settings import Settings

__all__ = ["cases_in_folder", "cases_of_folders", "cases_of_images"]

_IMAGE = re.compile(r"\.(tiff?|tf[28]|btf|png|jpe?g|zarr|czi|nd2|lif)$", re.IGNORECASE)


def cases_in_folder(
    path: str | Path,
    *,
    out: str | Path | None = None,
    like: FieldJob | None = None,
    settings: Settings | None = None,
) -> tuple[CaseJob, ...]:
    """One case for each folder in a folder; in the order of their names, 2 before 10.

    Parameters
    ----------
    path
        Folder of case folders.
    out
        Folder of the batch, which is not taken for a case where it lies in here.
    like
        What is true of every image: its channels, its pixel size.
    settings
        Defaults where not given.

    Returns
    -------
    tuple of CaseJob
        Images are those right in a case's folder. A folder without any is a case without
        fields, which fails: it may have been forgotten. Hidden folders are left out.

    Raises
    ------
    InputError
        When it is not a folder, has none in it, or has images beside them.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount.batch import cases_in_folder
    >>> from fishcount.synthetic import simulate_case, write_case
    >>> study = Path(tempfile.mkdtemp())
    >>> for case in ("case_10", "case_2"):
    ...     _ = write_case(study / case, simulate_case("negative", seed=1, n_fields=1, size=64))
    >>> [(job.name, len(job.fields)) for job in cases_in_folder(study)]
    [('case_2', 1), ('case_10', 1)]
    """
    check_kind("folder of cases", path, str, PathLike)
    path = Path(path)
    entries = _entries(path)
    images = [entry for entry in entries if _is_image(entry)]
    if images:
        raise InputError(
            "images beside the case folders",
            file=path,
            found=images[0].name,
            remedy="put each case into a folder of its own, or use fishcount score for one case",
        )
    skip = None if out is None else Path(out).resolve()
    folders = [entry for entry in entries if entry.is_dir() and entry.resolve() != skip]
    if not folders:
        raise InputError(
            "no case folders in it",
            file=path,
            remedy="put the images of each case into a folder of its own",
        )
    return cases_of_folders(folders, like=like, settings=settings)


def cases_of_folders(
    folders: Iterable[str | Path],
    *,
    like: FieldJob | None = None,
    settings: Settings | None = None,
) -> tuple[CaseJob, ...]:
    """One case for each folder, in order, named after it; as `cases_in_folder`.

    Raises
    ------
    InputError
        When one is not a folder, or is there twice.
    """
    paths = [Path(folder) for folder in folders]
    absolute = [os.path.abspath(path) for path in paths]
    _check_once(paths, remedy="name each folder once")
    return tuple(
        CaseJob(
            name=name,
            fields=tuple(_field(image, like) for image in _entries(folder) if _is_image(image)),
            settings=Settings.of(settings),
        )
        for name, folder in zip(unique_names(absolute), paths, strict=True)
    )


def cases_of_images(
    images: Iterable[str | Path],
    *,
    like: FieldJob | None = None,
    settings: Settings | None = None,
) -> tuple[CaseJob, ...]:
    """One case for each image, its only field, named after it; in order.

    Raises
    ------
    InputError
        When one is not an image file, or is there twice.
    """
    paths = [Path(image) for image in images]
    for path in paths:
        if not _is_image(path):
            raise InputError(
                "is neither a folder nor an image",
                file=path,
                expected="case folders, or images that are a case each",
            )
    _check_once(paths, remedy="name each image once")
    return tuple(
        CaseJob(name=name, fields=(_field(path, like),), settings=Settings.of(settings))
        for name, path in zip(unique_names(paths), paths, strict=True)
    )


def _check_once(paths: list[Path], *, remedy: str) -> None:
    seen = set()
    for path in paths:
        absolute = os.path.abspath(path)
        if absolute in seen:
            raise InputError("is there twice", file=path, remedy=remedy)
        seen.add(absolute)


def _entries(folder: Path) -> list[Path]:
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except (OSError, ValueError) as error:  # The latter for a path with a NUL in it.
        raise InputError(
            "is not a folder that can be read", file=folder, found=reason_of(error)
        ) from error
    return sorted(entries, key=_natural)


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name


def _is_image(path: Path) -> bool:
    return bool(_IMAGE.search(path.name)) and (path.is_file() or path.suffix.lower() == ".zarr")


def _field(image: Path, like: FieldJob | None) -> FieldJob:
    return replace(like, files=image) if like else FieldJob(files=image)
