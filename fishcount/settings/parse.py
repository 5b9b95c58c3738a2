"""Settings from files and from single assignments; every fault is told at once, with its key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fishcount.errors import SettingsError, check_kind
from fishcount.models import read_toml_text
from fishcount.settings.whole import Settings

__all__ = ["parse_settings", "read_settings", "with_overrides"]


def read_settings(path: str | Path) -> Settings:
    r"""Settings from a TOML file; what it leaves out keeps its default.

    Raises
    ------
    SettingsError
        When the file cannot be read, is not TOML, or holds an unknown key or a bad value.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount.settings import read_settings
    >>> file = Path(tempfile.mkdtemp()) / "study.toml"
    >>> _ = file.write_text("[nuclei]\ndiameter_um = 12.0")
    >>> read_settings(file).nuclei.diameter_um
    12.0
    """
    text = read_toml_text(path, what="settings", error=SettingsError)
    return parse_settings(text, source=str(path))


def parse_settings(text: str, *, source: str = "settings") -> Settings:
    r"""Settings from TOML text; `source` is what errors call it. Raises as `read_settings`.

    Parameters
    ----------
    text
        TOML; what it leaves out keeps its default.
    source
        What errors call it.

    Examples
    --------
    >>> from fishcount.settings import parse_settings
    >>> parse_settings("[spots]\nmin_snr = 5.0").spots.min_snr
    5.0
    """
    check_kind("text", text, str)
    try:
        return _validated(tomllib.loads(text), source=source)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"cannot be read as settings: {error}", file=source) from error


def with_overrides(settings: Settings, assignments: Iterable[str]) -> Settings:
    """`settings` with ``"section.key=value"`` assignments applied, the values written as TOML.

    A value that is not TOML is taken as a string, so ``scoring.two_copies=negative`` works.

    Parameters
    ----------
    settings
        What holds where nothing is assigned.
    assignments
        Each for one key; a later one wins. One by itself need not stand in a list.

    Raises
    ------
    SettingsError
        When an assignment is malformed, its key unknown, or its value out of range.

    Examples
    --------
    >>> from fishcount.settings import Settings, with_overrides
    >>> with_overrides(Settings(), ["spots.min_snr=5", "scoring.two_copies=negative"])
    Settings(spots=SpotSettings(min_snr=5.0), scoring=ScoringSettings(two_copies='negative'))
    """
    check_kind("settings", settings, Settings)
    check_kind("assignments", assignments, Iterable)
    tree = settings.model_dump(mode="json", exclude_none=True)
    # A single assignment is a string, and would be taken for a sequence of letters.
    assignments = [assignments] if isinstance(assignments, str) else assignments
    for assignment in assignments:
        check_kind("assignment", assignment, str)
        path, equals, text = assignment.partition("=")
        keys = path.strip().split(".")
        if not equals or len(keys) != 2 or not all(keys):
            raise SettingsError("not an assignment", field=assignment, expected="section.key=value")
        section, key = keys
        if not isinstance(tree.get(section), dict):
            raise SettingsError("unknown section", field=assignment, expected=", ".join(tree))
        tree[section][key] = _toml_value(text.strip())
    return _validated(tree, source="--set")


def _toml_value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    # A further line would be dropped in silence.
    return parsed["value"] if len(parsed) == 1 else text


def _validated(tree: Mapping[str, Any], *, source: str) -> Settings:
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        faults = "; ".join(_in_words(fault) for fault in error.errors())
        raise SettingsError(faults, file=source) from error


def _in_words(fault: ErrorDetails) -> str:
    key = ".".join(map(str, fault["loc"]))
    if fault["type"] == "model_type":
        return f"{key}: is a section: write [{key}] and its settings in the lines below"
    if fault["type"] == "tuple_type":
        return f"{key}: is a list, such as [{fault['input']!r}] (found {fault['input']!r})"
    if fault["type"] != "extra_forbidden":
        return f"{key}: {fault['msg']} (found {fault['input']!r})"
    meant = get_close_matches(key, _known_keys(), n=1)
    return f"{key}: no such setting" + (f"; is {meant[0]} meant?" if meant else "")


def _known_keys() -> Iterator[str]:
    for section, field in Settings.model_fields.items():
        yield section
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from (f"{section}.{key}" for key in field.annotation.model_fields)
