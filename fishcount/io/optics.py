"""Objective and dyes from the metadata of files: implausible values become findings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fishcount.flags import Finding
from fishcount.optics import PLAUSIBLE_EMISSION_NM, PLAUSIBLE_NA, KnownOptics

__all__ = ["ChannelOptics", "settled_optics", "told_number"]

# Apertures that differ by less are equal, written with other precision.
_AGREE = 0.005


@dataclass(frozen=True, slots=True)
class ChannelOptics:
    """Optics of one channel as the file states them, plausible or not; None where it does not.

    Attributes
    ----------
    numerical_aperture, emission_nm : float or None
        Not-a-number where what stands there is none.
    """

    numerical_aperture: float | None = None
    emission_nm: float | None = None


def told_number(text: str | None) -> float | None:
    """The number in a text; None for an empty text, NaN for one that is not a number.

    Examples
    --------
    >>> from fishcount.io.optics import told_number
    >>> told_number("1.3"), told_number(None), told_number("oil")
    (1.3, None, nan)
    """
    if text is None or not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        return math.nan


def settled_optics(
    channels: Mapping[str, ChannelOptics],
) -> tuple[KnownOptics, tuple[Finding, ...]]:
    """The optics that the files of a field agree on, and findings about implausible values.

    Parameters
    ----------
    channels
        By role, or by what else a channel is called.

    Returns
    -------
    optics, findings
        Nothing is made up: what is not said or not plausible, or an aperture on which the channels
        differ, stays unknown. Each such thing is in the detail of a finding OPTICS_IGNORED.

    Examples
    --------
    >>> from fishcount.io.optics import ChannelOptics, settled_optics
    >>> optics, findings = settled_optics(
    ...     {"HER2": ChannelOptics(1.3, 588.0), "CEP17": ChannelOptics(1.3, 5.3e-7)})
    >>> optics.numerical_aperture, dict(optics.emission_nm), findings[0].detail
    (1.3, {'HER2': 588.0}, 'emission wavelength of CEP17: 5.3e-07 nm')
    """
    apertures = {one.numerical_aperture for one in channels.values()} - {None}
    faults = list(_implausible(channels))
    plausible = sorted(na for na in apertures if na is not None and _within(na, PLAUSIBLE_NA))
    agree = bool(plausible) and plausible[-1] - plausible[0] <= _AGREE
    if plausible and not agree:
        found = ", ".join(f"{na:g}" for na in plausible)
        faults.append(f"numerical aperture: {found} in different channels")
    optics = KnownOptics(
        numerical_aperture=plausible[0] if agree else None,
        emission_nm=MappingProxyType(
            {
                name: one.emission_nm
                for name, one in channels.items()
                if one.emission_nm is not None and _within(one.emission_nm, PLAUSIBLE_EMISSION_NM)
            }
        ),
    )
    return optics, tuple(Finding("OPTICS_IGNORED", detail=fault) for fault in faults)


def _implausible(channels: Mapping[str, ChannelOptics]) -> Iterator[str]:
    yield from dict.fromkeys(
        f"numerical aperture: {_shown(one.numerical_aperture)}"
        for one in channels.values()
        if one.numerical_aperture is not None and not _within(one.numerical_aperture, PLAUSIBLE_NA)
    )
    for name, one in channels.items():
        if one.emission_nm is not None and not _within(one.emission_nm, PLAUSIBLE_EMISSION_NM):
            yield f"emission wavelength of {name}: {_shown(one.emission_nm)} nm"


def _shown(value: float) -> str:
    return "no number" if math.isnan(value) else f"{value:g}"


def _within(value: float, bounds: Iterable[float]) -> bool:
    low, high = bounds
    return low <= value <= high
