"""Figures of a field that speak against counting it: signals outside nuclei, weak signals.

ASCO/CAP call a specimen not evaluable when more than 10 % of the signals lie outside nuclei, or
when more than 25 % are too weak to be counted. What a program does not see it cannot count, so
"weak" is said of signals that it sees, and that are so faint that it would miss as many (our
choice).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fishcount.flags import Finding
from fishcount.settings import SignalSettings
from fishcount.signals.result import SignalCounts, Status

__all__ = ["ChannelQuality", "channel_quality", "signal_findings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelQuality:
    """Quality of the signals of one probe in one field.

    Attributes
    ----------
    n_signals : int
        Signals that detection kept, in nuclei or not; a merged pair is two.
    share_outside : float
        Share of them outside nuclei; NaN where there are none.
    share_weak : float
        Share of those in nuclei that are weak (`signals.weak_snr`); NaN where there are none.
    """

    n_signals: int
    share_outside: float
    share_weak: float


def channel_quality(
    counts: SignalCounts,
    *,
    settings: SignalSettings | None = None,
) -> dict[str, ChannelQuality]:
    """Quality figures of each probe.

    Parameters
    ----------
    counts : SignalCounts
    settings
        Defaults where it is None.

    Returns
    -------
    dict of str to ChannelQuality
        By role. Shares of a probe without signals are NaN, not 0.

    Examples
    --------
    >>> from fishcount.nuclei import Nuclei
    >>> from fishcount.signals import channel_quality, count_signals
    >>> from fishcount.spots import Spots
    >>> nuclei = Nuclei.empty((64, 64))
    >>> counts = count_signals({"HER2": Spots.empty()}, nuclei, pixel_size_um=0.1)
    >>> channel_quality(counts)["HER2"].n_signals
    0
    """
    settings = SignalSettings.of(settings)
    signals = counts.signals
    quality = {}
    for role in counts.copies:
        of_role = signals.channel == role
        inside = of_role & np.isin(signals.status, [Status.KEPT.value, Status.MERGED.value])
        n_outside = int(np.count_nonzero(of_role & (signals.status == Status.OUTSIDE.value)))
        n_inside = int(np.count_nonzero(inside))
        weak = signals.snr[inside] < settings.weak_snr
        n = n_inside + n_outside
        quality[role] = ChannelQuality(
            n_signals=n,
            share_outside=n_outside / n if n else float("nan"),
            share_weak=float(weak.mean()) if n_inside else float("nan"),
        )
    return quality


def signal_findings(
    counts: SignalCounts,
    *,
    settings: SignalSettings | None = None,
) -> tuple[Finding, ...]:
    """Findings SIGNALS_OUTSIDE and WEAK_SIGNALS of a field, each with its figure and probe.

    Both are among the reasons of ASCO/CAP 2018 (Wolff et al.) not to evaluate a specimen.

    Parameters
    ----------
    counts : SignalCounts
    settings
        Limits; the defaults where not given.

    Returns
    -------
    tuple of Finding
        Empty when all is well, and where there are no signals.

    Examples
    --------
    >>> from fishcount.nuclei import Nuclei
    >>> from fishcount.signals import count_signals, signal_findings
    >>> from fishcount.spots import Spots
    >>> nuclei = Nuclei.empty((64, 64))
    >>> counts = count_signals({"HER2": Spots.empty()}, nuclei, pixel_size_um=0.1)
    >>> signal_findings(counts)
    ()
    """
    settings = SignalSettings.of(settings)
    findings = []
    for role, figures in channel_quality(counts, settings=settings).items():
        if figures.share_outside > settings.max_share_outside:
            findings.append(Finding("SIGNALS_OUTSIDE", figures.share_outside, role))
        if figures.share_weak > settings.max_share_weak:
            findings.append(Finding("WEAK_SIGNALS", figures.share_weak, role))
    return tuple(findings)
