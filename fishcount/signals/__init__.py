"""Spots and nuclei to signals and copies per nucleus."""

from fishcount.signals.assign import assign_to_nuclei
from fishcount.signals.clusters import SingleFlux, estimate_clusters, single_flux
from fishcount.signals.counting import count_signals
from fishcount.signals.quality import ChannelQuality, channel_quality, signal_findings
from fishcount.signals.result import Clusters, Copies, SignalCounts, Signals, Status
from fishcount.signals.split import expected_chance_neighbours, split_partners

__all__ = [
    "ChannelQuality",
    "Clusters",
    "Copies",
    "SignalCounts",
    "Signals",
    "SingleFlux",
    "Status",
    "assign_to_nuclei",
    "channel_quality",
    "count_signals",
    "estimate_clusters",
    "expected_chance_neighbours",
    "signal_findings",
    "single_flux",
    "split_partners",
]
