"""Spots and nuclei to signals and copies per nucleus."""

from fishcount.signals.assign import assign_to_nuclei
from fishcount.signals.budget import expected_false
from fishcount.signals.clusters import estimate_clusters, footprint_signals
from fishcount.signals.counting import count_signals
from fishcount.signals.flux import SingleFlux, pooled_flux, single_flux
from fishcount.signals.neighbours import Neighbours
from fishcount.signals.quality import ChannelQuality, channel_quality, signal_findings
from fishcount.signals.result import Clusters, Copies, SignalCounts, Signals, Status
from fishcount.signals.split import chance_distance_px, split_partners, stringy_partners

__all__ = [
    "ChannelQuality",
    "Clusters",
    "Copies",
    "Neighbours",
    "SignalCounts",
    "Signals",
    "SingleFlux",
    "Status",
    "assign_to_nuclei",
    "chance_distance_px",
    "channel_quality",
    "count_signals",
    "estimate_clusters",
    "expected_false",
    "footprint_signals",
    "pooled_flux",
    "signal_findings",
    "single_flux",
    "split_partners",
    "stringy_partners",
]
