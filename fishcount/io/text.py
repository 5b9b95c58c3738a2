"""Tables and records as text that other programs read: exact, stable, and never a live formula."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from fishcount.errors import InputError, MetadataError, reason_of

__all__ = ["csv_bytes", "inert", "json_bytes", "live", "read_csv", "read_json"]

# A spreadsheet runs a cell that starts so; the apostrophe itself is doubled to keep the way back.
_LIVE_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")


def inert(text: str) -> str:
    """Text that a spreadsheet shows instead of running it; `live` is the way back.

    Examples
    --------
    >>> from fishcount.io.text import inert, live
    >>> inert("=1+1"), inert("field_1"), live(inert("=1+1"))
    ("'=1+1", 'field_1', '=1+1')
    """
    return f"'{text}" if text.startswith(_LIVE_STARTS) else text


def live(text: str) -> str:
    """The text that `inert` was given."""
    return text[1:] if text.startswith("'") else text


def csv_bytes(table: pd.DataFrame) -> bytes:
    """A table as UTF-8 CSV: text cells made inert, numbers with up to nine digits, gaps empty.

    NUL, at which some readers end a cell, becomes U+FFFD.
    """
    shown = table.copy()
    text = [column for column in shown.columns if _is_text(shown[column])]
    for column in text:
        shown[column] = [
            inert(v.replace("\0", "\ufffd")) if isinstance(v, str) else v for v in shown[column]
        ]
    # The csv module leaves a lone carriage return unquoted; a reader would start a new row there.
    returns = any("\r" in v for c in text for v in shown[c] if isinstance(v, str))
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    shown.columns = pd.Index([inert(str(column)) for column in shown.columns])
    lines = shown.to_csv(index=False, lineterminator="\n", float_format="%.9g", quoting=quoting)
    return lines.encode("utf-8", "backslashreplace")


def read_csv(
    data: bytes,
    *,
    schema: Mapping[str, str],
    optional: Collection[str] = (),
    words: Collection[str] = (),
) -> pd.DataFrame:
    """A table that `csv_bytes` has written, with the types of `schema`; other columns are kept.

    A column of `optional`, numbers all of them, may be missing: then it holds none. A column of
    `words` that is there is text, also where it is empty or reads like a number.

    Raises
    ------
    ValueError
        When the text is not such a table, or a column of the schema is missing.
    """
    header = pd.read_csv(io.BytesIO(data), nrows=0)
    absent = {column: schema[column] for column in optional if column not in header.columns}
    schema = {column: kind for column, kind in schema.items() if column not in absent}
    missing = [column for column in schema if column not in header.columns]
    if missing:
        raise ValueError(f"columns are missing: {', '.join(missing)}")
    text = [c for c in header.columns if c in words or schema.get(c, "float64") == "object"]
    types = {c: str if c in text else schema[c] for c in header.columns if c in {*text, *schema}}
    table = pd.read_csv(
        io.BytesIO(data),
        dtype=types,
        keep_default_na=False,
        na_values={c: [""] for c in header.columns if c not in text},
    )
    for column in text:
        table[column] = pd.Series([live(value) for value in table[column]], dtype=object)
    return table.assign(**dict.fromkeys(absent, np.nan)).astype(absent)


def json_bytes(record: Any) -> bytes:
    """A record as UTF-8 JSON with null for what is NaN, infinite or missing."""
    text = json.dumps(_plain(record), indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def read_json(path: Path, *, remedy: str | None = None) -> dict[str, Any]:
    """A record of a JSON file.

    Raises
    ------
    InputError
        When the file cannot be read; with the remedy.
    MetadataError
        When it holds no JSON, or another value than a record.
    """
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(
            "cannot be read", file=path, found=reason_of(error), remedy=remedy
        ) from error
    except (ValueError, RecursionError) as error:
        raise MetadataError(
            "not JSON", file=path, found=str(error), remedy="put back the file as it was written"
        ) from error
    if not isinstance(found, dict):
        raise MetadataError("not a record", file=path, found=type(found).__name__)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _is_text(column: pd.Series[Any]) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))
