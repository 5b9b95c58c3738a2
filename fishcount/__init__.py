"""HER2 FISH images to nuclei, signals, copies and arithmetic categories, with every reason kept.

For research use only. Not for use in diagnostic procedures.

- `read_image` reads a field from its files: DAPI, HER2 and CEP17 in camera counts, with its pixel
  size. `FishImage.from_array` makes one of pixels that are in memory.
- `score_field` finds the nuclei and signals of a field and counts copies; `score_case` pools fields
  and says in which arithmetic category the case falls under each scheme.
- `classify` does the last step alone, from counts.
- `segment_nuclei`, `detect_spots` and `count_signals` are the steps within a field.

Results are read-only. What goes wrong is a `FishcountError` of `fishcount.errors`, whose message
says what was found and what to do. `fishcount.io` has case folders and slides of any size,
`fishcount.settings` everything that can be set, `fishcount.synthetic` drawn fields with exact
truth.

Examples
--------
>>> import fishcount
>>> from fishcount.synthetic import simulate_case
>>> fields = [image for image, truth in simulate_case("amplified", seed=1, n_fields=2, size=384)]
>>> case = fishcount.score_case(fields, ihc="3+")
>>> case.score.her2_cep17_ratio > 2, case.categories[0].scheme
(True, 'seed-copies')
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
