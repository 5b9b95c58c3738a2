"""What fishcount notes in the layers that it makes, so that it finds them under any name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["shown_by"]


def shown_by(layer: Any) -> Mapping[str, Any]:
    """What fishcount noted in a layer that it made; empty for any other layer."""
    note = layer.metadata.get("fishcount")
    return note if isinstance(note, Mapping) else {}
