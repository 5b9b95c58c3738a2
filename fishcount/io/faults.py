"""Faults that files of any format may have: more pixels than the limits allow, several times."""

from __future__ import annotations

from pathlib import Path

from fishcount.errors import FishcountError, MetadataError, TooLargeError
from fishcount.settings import ReadingSettings

__all__ = ["time_series_faults", "too_large"]


def too_large(
    problem: str,
    *,
    file: str | Path,
    found: str,
    limits: ReadingSettings,
    field: str | None = None,
) -> TooLargeError:
    """The error for pixels that need more memory than `limits` allow, with the setting to raise.

    Parameters
    ----------
    problem, file, found, field
        As for `fishcount.errors.FishcountError`.
    limits
        How much memory may be used.
    """
    return TooLargeError(
        problem,
        file=file,
        field=field,
        found=found,
        expected=f"at most {limits.max_memory_mib} MiB",
        remedy="raise it with --set reading.max_memory_mib=...",
    )


def time_series_faults(n_times: int, file: str | Path) -> list[FishcountError]:
    """The fault of an image with more than one time point; empty for a single one."""
    if n_times <= 1:
        return []
    return [
        MetadataError(
            "a time series",
            file=file,
            found=f"{n_times} time points",
            expected="one",
            remedy="export one time point",
        )
    ]
