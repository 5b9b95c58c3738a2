"""Fields and results as layers: pure functions that return napari's layer tuples, no window.

A layer tuple is ``(data, options, kind)``. Every layer is scaled to micrometres, and says in
``metadata["fishcount"]`` what it shows, so that the widget finds it again under any name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray

from fishcount.flags import FLAGS
from fishcount.image import DAPI, ROLES, FishImage
from napari_fishcount.notes import shown_by
from napari_fishcount.scored import ScoredField

__all__ = [
    "DARK_SHARE",
    "MARK_DEPTH_UM",
    "LayerTuple",
    "add_layers",
    "contrast_limits",
    "count_text",
    "image_layers",
    "nuclei_layer",
    "result_layers",
    "signal_layers",
    "text_places",
]

LayerTuple = tuple[Any, dict[str, Any], str]

# Magenta and green are told apart by nearly everybody; the marks differ in shape as well.
_CHANNEL_COLOURS = {DAPI: "gray", "HER2": "magenta", "CEP17": "green"}
# Of a probe all but the brightest tenth is black: haze and nuclei must not veil the signals.
DARK_SHARE = {DAPI: 0.05, "HER2": 0.9, "CEP17": 0.9}
# A signal lies in one plane of a stack; its mark is seen in planes up to this far from it.
MARK_DEPTH_UM = 0.6
# Symbol, colour, and the width of a black border in sizes of the mark.
_MARKS = {"HER2": ("ring", "#ff9cf5", 0.0), "CEP17": ("cross", "#9dff9d", 0.1)}
_LEFT_OUT_MARK = ("x", "#ffb000", 0.1)
_SCORED_COLOUR = "#ffe14d"
_LEFT_OUT_COLOUR = "#9a9a9a"
_CONTOUR_PX = 1

# Wider than a signal, which is about 0.3 um, so that the mark does not hide it.
_MARK_SIZE_UM = 0.9
# Distance of the middle of a text from its nucleus: a line of text, half of a count.
_TEXT_LIFT_UM = 0.9
_TEXT_ASIDE_UM = 1.2


def add_layers(viewer: Any, layers: Iterable[LayerTuple]) -> list[Layer]:
    """Create layers and add them to a viewer, or to a viewer model without a window.

    Nuclei become contours here, because that is not an option that a layer can be created with.
    """
    added = []
    for layer in (Layer.create(*one) for one in layers):
        if isinstance(layer, Labels):
            layer.contour = shown_by(layer).get("contour", _CONTOUR_PX)
        added.append(viewer.add_layer(layer))
    return added


def image_layers(image: FishImage) -> list[LayerTuple]:
    """One image layer for each channel: DAPI grey, HER2 magenta, CEP17 green.

    Parameters
    ----------
    image
        A plane or a stack; the layers are (y, x) or (z, y, x) and share its pixels.

    Returns
    -------
    list of layer tuples
        In the order DAPI, HER2, CEP17, whatever the order of the file.
    """
    return [
        (
            image.raw(role),
            {
                "name": f"{image.name} {role}",
                "colormap": _CHANNEL_COLOURS[role],
                "blending": "additive",
                "contrast_limits": contrast_limits(image.raw(role), dark_share=DARK_SHARE[role]),
                "opacity": 0.5 if role == DAPI else 1.0,
                "metadata": {"fishcount": {"shows": role, "image": image}},
                **_calibration(image, image.raw(role).ndim),
            },
            "image",
        )
        for role in ROLES
        if role in image.channels
    ]


def result_layers(field: ScoredField) -> list[LayerTuple]:
    """Candidates that were left out (hidden), nuclei, kept signals of each probe, counts."""
    *kept, left_out = signal_layers(field)
    return [left_out, nuclei_layer(field), *kept, _counts_layer(field)]


def nuclei_layer(field: ScoredField) -> LayerTuple:
    """Contours of all nuclei, yellow where scored and grey where not, with their table.

    The labels are a copy: painting must not change the result.
    """
    colours = {None: "transparent", 0: "transparent"}
    colours |= dict(zip(field.nuclei["nucleus"], _colours(field), strict=True))
    features = field.nuclei.drop(columns="field")
    features.insert(0, "index", features["nucleus"])
    return (
        field.labels.copy(),
        {
            "name": f"{field.name} nuclei",
            "colormap": DirectLabelColormap(color_dict=colours),
            "features": features,
            "opacity": 1.0,
            "metadata": _shows("nuclei", field),
            "translate": np.array(field.origin_px) * field.pixel_size_um,
            **_calibration(field, 2),
        },
        "labels",
    )


def _counts_layer(field: ScoredField) -> LayerTuple:
    """A text beside every nucleus: its copies, or why it is not scored."""
    nuclei = field.nuclei
    return (
        text_places(field),
        {
            "name": f"{field.name} counts",
            "features": nuclei[["nucleus"]].assign(
                says=np.array(count_text(field), dtype=object), colour=_colours(field)
            ),
            "text": {
                "string": "{says}",
                "color": {"feature": "colour"},
                "size": 9,
                "anchor": "center",
            },
            "size": 1,
            "opacity": 1.0,
            "face_color": "transparent",
            "border_color": "transparent",
            "metadata": _shows("counts", field),
            **_calibration(field, 2),
        },
        "points",
    )


def text_places(field: ScoredField) -> NDArray[np.float64]:
    """Where the text of each nucleus stands: outside of it, and of others where there is room.

    A count that is written across a neighbour is read as the neighbour's.

    Returns
    -------
    ndarray of float64, (n, 2)
        y, x of its middle in pixels of the field: above the nucleus, else below, right or left of
        it; above where all of these lie on other nuclei.
    """
    numbers = field.nuclei["nucleus"].to_numpy(np.int64)
    y_px, x_px = (field.nuclei[axis].to_numpy(np.float64) for axis in ("y_px", "x_px"))
    # In pixels of the label image, which may be a part of the field.
    middle = np.column_stack([y_px, x_px]) - field.origin_px
    low, high = _extents(field.labels, numbers, middle)
    lift, aside = _TEXT_LIFT_UM / field.pixel_size_um, _TEXT_ASIDE_UM / field.pixel_size_um
    y, x = middle.T
    places = np.stack(
        [
            np.column_stack([low[:, 0] - lift, x]),
            np.column_stack([high[:, 0] + lift, x]),
            np.column_stack([y, high[:, 1] + aside]),
            np.column_stack([y, low[:, 1] - aside]),
        ],
        axis=1,
    )
    hidden = _share_on_nuclei(field.labels, places, half_px=(lift / 3, aside / 2))
    best: NDArray[np.float64] = places[np.arange(len(numbers)), np.argmin(hidden, axis=1)]
    return best + field.origin_px


def _extents(
    labels: NDArray[np.int32], numbers: NDArray[np.int64], middle: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and last row and column of each nucleus; its middle where it has no pixel here."""
    n_labels = max(int(labels.max(initial=0)), int(numbers.max(initial=0))) + 1
    low, high = np.full((n_labels, 2), np.inf), np.full((n_labels, 2), -np.inf)
    for axis, turned in enumerate((labels, labels.T)):
        # Pixels come row by row, and of several values for one number the last stays.
        at = np.nonzero(turned)
        high[turned[at], axis] = at[0]
        low[turned[at][::-1], axis] = at[0][::-1]
    low, high = low[numbers], high[numbers]
    return np.where(np.isfinite(low), low, middle), np.where(np.isfinite(high), high, middle)


def _share_on_nuclei(
    labels: NDArray[np.int32], places: NDArray[np.float64], *, half_px: tuple[float, float]
) -> NDArray[np.float64]:
    """Which share of the spots of a text at each place (..., 2) lies on nuclei or off the image."""
    spots = np.array([(0, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)]) * np.array(half_px)
    at = np.rint(places[..., None, :] + spots).astype(np.int64)
    inside = ((at >= 0) & (at < labels.shape)).all(axis=-1)
    y, x = np.moveaxis(np.clip(at, 0, np.array(labels.shape) - 1), -1, 0)
    share: NDArray[np.float64] = (~inside | (labels[y, x] > 0)).mean(axis=-1)
    return share


def count_text(field: ScoredField) -> list[str]:
    """What is written on each nucleus.

    Returns
    -------
    list of str
        ``"6 : 2"`` for 6 copies of HER2 and 2 of CEP17, a tilde before a number that was
        estimated, and the name of the reason where the nucleus is not scored.
    """
    nuclei = field.nuclei
    columns = []
    for probe in field.probes:
        estimated = nuclei["flags"].str.contains(f"{probe}_ESTIMATED", regex=False)
        copies = nuclei[probe.lower()].astype(str)
        columns.append(copies.where(~estimated, "~" + copies))
    return [
        " : ".join(numbers) if scored else FLAGS[reason].name
        for numbers, scored, reason in zip(
            zip(*columns, strict=True), nuclei["scored"], nuclei["reject_reason"], strict=True
        )
    ]


def signal_layers(field: ScoredField) -> list[LayerTuple]:
    """Kept signals of each probe as rings and crosses, and the others as hidden diagonal crosses.

    Every layer carries its rows of the signal table as features, copies and reasons among them.
    """
    table = field.signals
    kept = (table["status"] == "kept").to_numpy(bool)
    channel = table["channel"].to_numpy(str)
    layers = [
        _points(
            field,
            table[kept & (channel == probe)],
            shows=f"{probe} signals",
            mark=_MARKS[probe],
        )
        for probe in field.probes
    ]
    left_out = _points(field, table[~kept], shows="left out", mark=_LEFT_OUT_MARK)
    left_out[1]["visible"] = False
    return [*layers, left_out]


def contrast_limits(pixels: NDArray[np.generic], *, dark_share: float) -> tuple[float, float]:
    """Display range: black for the darker share of the field, white for its brightest pixels.

    A blank channel gets a range of one count, because napari needs one that is not empty.
    """
    step = max(1, int(np.sqrt(pixels.size / 2**20)))
    sample = pixels[..., ::step, ::step]
    low, high = (float(value) for value in np.quantile(sample, (dark_share, 0.9995)))
    return low, max(high, low + 1.0)


def _points(
    field: ScoredField, table: Any, *, shows: str, mark: tuple[str, str, float]
) -> LayerTuple:
    symbol, colour, border = mark
    axes = ["y_px", "x_px"] if field.n_planes == 1 else ["z_px", "y_px", "x_px"]
    return (
        table[axes].to_numpy(np.float64),
        {
            "name": f"{field.name} {shows}",
            # What is not a number is not shown in the status bar; a missing integer would be.
            "features": table.drop(columns="field")
            .astype({"merged_into": np.float64})
            .reset_index(drop=True),
            "symbol": symbol,
            "size": _MARK_SIZE_UM / field.pixel_size_um,
            "face_color": colour,
            "border_color": "black",
            "border_width": border,
            "opacity": 1.0,
            # A signal lies in one plane; in a thick slice its mark is seen beside it as well.
            "projection_mode": "all",
            "metadata": _shows(shows, field),
            **_calibration(field, len(axes)),
        },
        "points",
    )


def _colours(field: ScoredField) -> NDArray[np.object_]:
    return np.where(field.nuclei["scored"], _SCORED_COLOUR, _LEFT_OUT_COLOUR).astype(object)


def _shows(what: str, field: ScoredField) -> dict[str, Any]:
    return {"fishcount": {"shows": what, "result_of": field.name}}


def _calibration(field: FishImage | ScoredField, ndim: int) -> dict[str, Any]:
    scale = (field.z_step_um or 1.0, field.pixel_size_um, field.pixel_size_um)
    return {
        "scale": scale[-ndim:],
        "units": ("um",) * ndim,
        "axis_labels": ("z", "y", "x")[-ndim:],
    }
