"""HER2 FISH images to nuclei, signals, copies and arithmetic categories, with every reason kept.

For research use only. Not for use in diagnostic procedures.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fishcount.errors import FishcountError
    from fishcount.guidelines import classify
    from fishcount.image import FishImage
    from fishcount.io import read_image
    from fishcount.nuclei import Nuclei, dapi_plane, segment_nuclei
    from fishcount.pipeline import score_case, score_field
    from fishcount.results import CaseResult, Category, FieldResult
    from fishcount.settings import Settings
    from fishcount.signals import SignalCounts, Signals, count_signals
    from fishcount.spots import Spots, detect_spots

# Public name -> the module that defines it; imported at first use, so that
# `import fishcount` costs nothing.
_HOMES = {
    "CaseResult": "results",
    "Category": "results",
    "FieldResult": "results",
    "FishImage": "image",
    "FishcountError": "errors",
    "Nuclei": "nuclei",
    "Settings": "settings",
    "SignalCounts": "signals",
    "Signals": "signals",
    "Spots": "spots",
    "classify": "guidelines",
    "count_signals": "signals",
    "dapi_plane": "nuclei",
    "detect_spots": "spots",
    "read_image": "io",
    "score_case": "pipeline",
    "score_field": "pipeline",
    "segment_nuclei": "nuclei",
}

__all__ = [
    "CaseResult",
    "Category",
    "FieldResult",
    "FishImage",
    "FishcountError",
    "Nuclei",
    "Settings",
    "SignalCounts",
    "Signals",
    "Spots",
    "classify",
    "count_signals",
    "dapi_plane",
    "detect_spots",
    "read_image",
    "score_case",
    "score_field",
    "segment_nuclei",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'fishcount' has no attribute {name!r}")
    return getattr(import_module(f"fishcount.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
