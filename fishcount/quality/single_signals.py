"""Whether the single signals of two probes can both be single, and in focus."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

from fishcount.flags import Finding
from fishcount.settings import QualitySettings
from fishcount.spots import Spots

__all__ = ["unlike_signals"]

# HER2 comes in clusters, of which one may be taken for a single signal; CEP17 does not.
_CLUSTERED = "HER2"


def unlike_signals(
    spots: Mapping[str, Spots],
    single_flux_counts: Mapping[str, float],
    *,
    settings: QualitySettings | None = None,
) -> tuple[Finding, ...]:
    """UNLIKE_PROBES, where signals of a probe are far wider than those of the other, or brighter.

    Both are seen through one objective, so points of both are about as wide: those of a probe that
    is out of focus are wider, and so are clusters where no single signal is left to compare them
    with. A cluster that is taken for a single signal also holds the light of many.

    Parameters
    ----------
    spots
        What was found of each probe, by role.
    single_flux_counts
        Light of a single signal, by role, as of `fishcount.SignalCounts`.
    settings
        Limits; the defaults where not given.

    Returns
    -------
    tuple of Finding
        One for each probe that is wider, and for HER2 where it is brighter, with how many times.
        Empty with one probe, or where one has no signals.

    Examples
    --------
    >>> from fishcount.quality.single_signals import unlike_signals
    >>> unlike_signals({}, {})
    ()
    """
    settings = QualitySettings.of(settings)
    findings = []
    for one, other in permutations(spots, 2):
        if not (spots[one].kept.any() and spots[other].kept.any()):
            continue
        wider = spots[one].psf_sigma_px / spots[other].psf_sigma_px
        brighter = single_flux_counts[one] / single_flux_counts[other]
        if wider > settings.max_times_as_wide:
            words = f"{one}: {wider:.1f} times as wide as {other}"
            findings.append(Finding("UNLIKE_PROBES", wider, words))
        elif one == _CLUSTERED and brighter > settings.max_times_as_bright:
            words = f"{one}: {brighter:.1f} times the light of {other}"
            findings.append(Finding("UNLIKE_PROBES", brighter, words))
    return tuple(findings)
