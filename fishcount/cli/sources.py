"""Which files make up which field of a case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fishcount.batch import FieldJob
from fishcount.cli.options import parse_roles, roles_of_file
from fishcount.errors import ChannelError, InputError

__all__ = ["field_sources", "one_each"]


def field_sources(fields: Sequence[Path], channels: Sequence[str]) -> list[FieldJob]:
    """What is to be read: the named files, or one grey file for each role of each field."""
    if fields:
        mapping = roles_of_file(channels)
        return [FieldJob(files=path, channels=mapping) for path in fields]
    roles = parse_roles(channels)
    if not roles:
        raise InputError(
            "nothing to score", remedy="name at least one FIELD, or --channel ROLE=FILE"
        )
    files: dict[str, list[Path]] = {}
    for role, path in roles:
        files.setdefault(role, []).append(Path(path))
    numbers = {len(paths) for paths in files.values()}
    if len(numbers) > 1:
        raise ChannelError(
            "every role needs as many files as there are fields",
            field="--channel",
            found=", ".join(f"{role}: {len(paths)}" for role, paths in files.items()),
        )
    return [
        FieldJob(files=dict(zip(files, paths, strict=True)))
        for paths in zip(*files.values(), strict=True)
    ]


def one_each(
    files: Sequence[Path], n_fields: int, *, option: str, shared: bool = False
) -> list[Path | None]:
    """A file for each field: none at all, one for each, or one for all where it is shared."""
    if not files:
        return [None] * n_fields
    if shared and len(files) == 1:
        return [files[0]] * n_fields
    if len(files) != n_fields:
        raise InputError(
            "one file for each field is needed",
            field=option,
            found=len(files),
            expected=n_fields,
        )
    return list(files)
