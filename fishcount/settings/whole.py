"""All sections together, and how they are written."""

from __future__ import annotations

import hashlib

import tomli_w

from fishcount.settings.nuclei import NucleiSettings
from fishcount.settings.quality import QualitySettings
from fishcount.settings.reading import ReadingSettings
from fishcount.settings.scoring import ScoringSettings
from fishcount.settings.section import Section
from fishcount.settings.selection import SelectionSettings
from fishcount.settings.signals import SignalSettings
from fishcount.settings.spots import SpotSettings
from fishcount.settings.stability import StabilitySettings

__all__ = ["COUNTING_SECTIONS", "Settings"]


# Sections that counts depend on; the others say how files are read, and what is made of counts.
COUNTING_SECTIONS = ("nuclei", "quality", "selection", "spots", "signals")


class Settings(Section):
    """All settings of a run.

    Examples
    --------
    >>> from fishcount.settings import Settings, with_overrides
    >>> settings = with_overrides(Settings(), ["spots.min_snr=6"])
    >>> settings.spots.min_snr
    6.0
    >>> Settings()
    Settings()
    """

    reading: ReadingSettings = ReadingSettings()
    nuclei: NucleiSettings = NucleiSettings()
    quality: QualitySettings = QualitySettings()
    selection: SelectionSettings = SelectionSettings()
    spots: SpotSettings = SpotSettings()
    signals: SignalSettings = SignalSettings()
    scoring: ScoringSettings = ScoringSettings()
    stability: StabilitySettings = StabilitySettings()

    def to_toml(self) -> str:
        """All settings, defaults included, as TOML text that `read_settings` reads back."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    def sha256(self) -> str:
        """Hash of the TOML text: equal settings have equal hashes."""
        return hashlib.sha256(self.to_toml().encode()).hexdigest()
