"""Everything a person can set: the only home of defaults, a module for each section.

Sizes are in micrometres, so one set of defaults serves every magnification. Models are frozen,
and an unknown key is an error: a typo must never fall back to a default in silence.
"""

from fishcount.settings.nuclei import NucleiSettings
from fishcount.settings.parse import parse_settings, read_settings, with_overrides
from fishcount.settings.quality import QualitySettings
from fishcount.settings.reading import ReadingSettings
from fishcount.settings.scoring import ScoringSettings
from fishcount.settings.selection import SelectionSettings
from fishcount.settings.signals import SignalSettings
from fishcount.settings.spots import SpotSettings
from fishcount.settings.stability import StabilitySettings
from fishcount.settings.whole import COUNTING_SECTIONS, Settings

__all__ = [
    "COUNTING_SECTIONS",
    "NucleiSettings",
    "QualitySettings",
    "ReadingSettings",
    "ScoringSettings",
    "SelectionSettings",
    "Settings",
    "SignalSettings",
    "SpotSettings",
    "StabilitySettings",
    "parse_settings",
    "read_settings",
    "with_overrides",
]
