"""Chunks of a Zarr array, counted on the disk: every one must be there, also inside shards.

A chunk that is missing would be read as zeros, and a HER2 channel of zeros as a negative case.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from fishcount.errors import (
    CorruptFileError,
    FishcountError,
    MetadataError,
)
from fishcount.io.faults import too_large
from fishcount.io.text import read_json
from fishcount.settings import ReadingSettings

__all__ = ["ChunkGrid", "chunk_grid", "storage_faults"]

# What the index of a shard holds for a chunk without data.
_ABSENT = 2**64 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkGrid:
    """How an array is cut into files."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[np.generic]
    prefix: str
    separator: str
    inner: tuple[int, ...] | None = None
    index_at_end: bool = True


def chunk_grid(array: Path) -> ChunkGrid:
    """How an array is cut into chunks, from its metadata in version 2 or 3 of Zarr."""
    if (array / "zarr.json").is_file():
        return _grid_v3(read_json(array / "zarr.json"))
    if (array / ".zarray").is_file():
        record = read_json(array / ".zarray")
        return ChunkGrid(
            shape=_whole(record["shape"]),
            chunks=_whole(record["chunks"]),
            dtype=np.dtype(str(record["dtype"])),
            prefix="",
            separator=str(record.get("dimension_separator", ".")),
        )
    raise MetadataError("an array is missing", file=array, remedy="copy the whole folder again")


def _grid_v3(record: dict[str, Any]) -> ChunkGrid:
    keys = record.get("chunk_key_encoding", {"name": "default"})
    default = keys["name"] == "default"
    separator = keys.get("configuration", {}).get("separator", "/" if default else ".")
    sharding = next((c for c in record["codecs"] if c["name"] == "sharding_indexed"), None)
    options = sharding["configuration"] if sharding else {}
    return ChunkGrid(
        shape=_whole(record["shape"]),
        chunks=_whole(record["chunk_grid"]["configuration"]["chunk_shape"]),
        dtype=np.dtype(str(record["data_type"])),
        prefix="c" if default else "",
        separator=str(separator),
        inner=_whole(options["chunk_shape"]) if sharding else None,
        index_at_end=options.get("index_location", "end") == "end",
    )


def _whole(values: Any) -> tuple[int, ...]:
    numbers = tuple(int(value) for value in values)
    if not numbers or min(numbers) < 1:
        raise ValueError(f"sizes must be 1 or more; got {numbers}")
    return numbers


def storage_faults(
    array: Path, path: Path, *, n_bytes: int, limits: ReadingSettings
) -> Iterator[FishcountError]:
    """What is wrong with the chunks of an array: too large for the limits, or not all there.

    Parameters
    ----------
    array
        Folder of the array.
    path
        What the faults name.
    n_bytes
        Bytes of what is to be read of it.
    limits
        How much may be read.
    """
    grid = chunk_grid(array)
    chunk_bytes = math.prod(grid.chunks) * grid.dtype.itemsize
    n_chunks = math.prod(-(-n // c) for n, c in zip(grid.shape, grid.chunks, strict=True))
    if max(n_bytes, chunk_bytes) > limits.max_memory_bytes or n_chunks > 10**6:
        yield too_large(
            "too large",
            file=path,
            found=f"{n_bytes / 2**20:.0f} MiB in {n_chunks} chunks "
            f"of {chunk_bytes / 2**20:.1f} MiB",
            limits=limits,
        )
        return
    missing = list(_missing(array, grid))
    if missing:
        yield CorruptFileError(
            "chunks are missing",
            file=path,
            found=f"{len(missing)} of {n_chunks} without data, the first {missing[0]}",
            expected="every chunk; missing ones are not read as zeros",
            remedy="copy the whole folder again, or write it with write_empty_chunks=True",
        )


def _missing(array: Path, grid: ChunkGrid) -> Iterator[str]:
    counts = [-(-n // c) for n, c in zip(grid.shape, grid.chunks, strict=True)]
    for position in product(*(range(count) for count in counts)):
        parts = [grid.prefix] if grid.prefix else []
        key = grid.separator.join([*parts, *map(str, position)])
        file = array / key
        if not file.is_file() or file.stat().st_size == 0:
            yield key
        elif grid.inner is not None and not _shard_is_full(file, position, grid):
            yield f"{key} (inside the shard)"


def _shard_is_full(file: Path, position: tuple[int, ...], grid: ChunkGrid) -> bool:
    """Whether the index of a shard points to data for every inner chunk within the array."""
    inner = grid.inner or grid.chunks
    per_shard = [c // i for c, i in zip(grid.chunks, inner, strict=True)]
    n_index = 16 * math.prod(per_shard)
    with file.open("rb") as stream:
        if grid.index_at_end:
            stream.seek(max(file.stat().st_size - n_index - 4, 0))
        raw = stream.read(n_index)
    if len(raw) < n_index:
        return False
    index = np.frombuffer(raw, "<u8").reshape(*per_shard, 2)
    # A shard at the edge reaches beyond the array; what lies there may be absent.
    inside = tuple(
        slice(0, min(p, -(-(n - at * c) // i)))
        for p, n, at, c, i in zip(per_shard, grid.shape, position, grid.chunks, inner, strict=True)
    )
    return not (index[inside] == _ABSENT).any()
