"""New content for layers that are there: napari takes most of a second to remove one."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer, Points

from napari_fishcount.layers import LayerTuple

__all__ = ["update_layer", "what_it_shows"]


def what_it_shows(one: LayerTuple) -> str:
    """What a layer is to show."""
    what: str = one[1]["metadata"]["fishcount"]["shows"]
    return what


def update_layer(layer: Layer, data: Any, options: dict[str, Any]) -> None:
    """Put new content into a layer and leave what a person has set of its look."""
    layer.name, layer.metadata = options["name"], options["metadata"]
    if not np.array_equal(layer.scale, options["scale"]):
        # Another field, with pixels of another size.
        layer.scale = options["scale"]
        if isinstance(layer, Points):
            layer.size = layer.current_size = options["size"]
    if isinstance(layer, Image):
        layer.data = data
        layer.contrast_limits_range = _range(data, options["contrast_limits"])
        layer.contrast_limits = options["contrast_limits"]
        return
    # Each assignment draws the layer anew: only what differs is worth it.
    if not np.array_equal(layer.data, data):
        layer.data = data
    if isinstance(layer, Labels):
        if not np.array_equal(layer.translate, options["translate"]):
            layer.translate = options["translate"]
        if not _same_colours(layer.colormap.color_dict, options["colormap"].color_dict):
            layer.colormap = options["colormap"]
    features = options.get("features")
    if features is not None and not layer.features.equals(features):
        layer.features = features


def _same_colours(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """Whether two tables give every label the same colour."""
    return one.keys() == other.keys() and all(
        np.array_equal(colour, other[label]) for label, colour in one.items()
    )


def _range(data: Any, limits: tuple[float, float]) -> tuple[float, float]:
    """From black to the brightest pixel, and never less than what is shown."""
    return 0.0, max(float(data.max()), limits[1])
