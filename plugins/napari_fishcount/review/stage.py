"""What the viewer shows of a case: the field, its contours, and the nucleus that is looked at.

It works on a viewer model, with a window or without. One field is shown at a time, and of a large
one the contours and marks around the present nucleus: so a jump costs the same in every field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import DirectLabelColormap

from fishcount.image import ROLES, FishImage
from fishcount.review import Box, Id, Outline
from napari_fishcount.case_images import CaseImages
from napari_fishcount.compat import camera_of, canvas_size_px, told_once
from napari_fishcount.layers import MARK_DEPTH_UM, LayerTuple, add_layers
from napari_fishcount.review.update import update_layer, what_it_shows

__all__ = ["Stage"]

# Side of the part of a field whose contours and marks are drawn; fields up to it are drawn whole.
_WINDOW_PX = 512
# What is seen of the sample at a jump, in the shorter direction of the canvas.
_VIEW_UM = 24.0
# Another zoom is kept within these factors: then a person has chosen it.
_ZOOM_KEPT = (0.4, 5.0)
# How much of the canvas a whole field takes.
_FIELD_SHARE = 0.95
_PRESENT_COLOUR = "#ffffff"
_PRESENT_CONTOUR_PX = 2


class Stage:
    """One field of a case in a viewer.

    Parameters
    ----------
    viewer
        A viewer, or a viewer model.
    images
        Where the pixels come from.
    shape, outline
        Size of a field; pixels of a nucleus.
    draw
        Layers of what was found in a part of a field; called anew after each edit.

    Attributes
    ----------
    field : str
        Which is shown; empty before the first.
    layers : dict of str to Layer
        By what they show.
    """

    def __init__(
        self,
        viewer: Any,
        *,
        images: CaseImages,
        shape: Callable[[str], tuple[int, int]],
        outline: Callable[[Id], Outline],
        draw: Callable[[str, Box], Iterable[LayerTuple]],
    ) -> None:
        self.viewer = viewer
        self.field = ""
        self.layers: dict[str, Layer] = {}
        # All planes at first: in one plane the signals of the others are neither seen nor missed.
        self.projected = True
        self.images = images
        self._shape, self._outline, self._draw = shape, outline, draw
        self._box: Box = (0, 0, 0, 0)
        self._whole = False
        # A zoom that nobody has chosen yet.
        self._zoomed = False
        self._shown = ROLES

    # --- what is shown ----------------------------------------------------------------------

    def show(self, nucleus: Id) -> None:
        """Go to a nucleus: its field, its surroundings, its contour, in the middle."""
        outline = self._outline(nucleus)
        name = nucleus[0]
        window = _window(outline.box, self._shape(name))
        if name != self.field:
            self._open_field(name, window)
        elif not self._well_within(outline.box):
            self._box = window
            self.refresh()
        self._whole = False
        self.mark_present(nucleus)
        self._look_at(outline)

    def show_field(self, name: str, present: Id | None = None) -> None:
        """Look at all of a field, with a nucleus of it marked, or none."""
        whole = (0, 0, *self._shape(name))
        if name != self.field:
            self._open_field(name, whole)
        elif self._box != whole:
            self._box = whole
            self.refresh()
        self._whole, self._zoomed = True, False
        self.mark_present(present)
        camera = camera_of(self.viewer)
        sides_um = np.array(whole[2:]) * self.pixel_size_um
        camera.center = (*camera.center[:-2], *(sides_um / 2).tolist())
        camera.zoom = float(np.min(np.array(canvas_size_px(self.viewer)) / sides_um)) * _FIELD_SHARE

    @property
    def shows_whole_field(self) -> bool:
        """Whether all of the field is looked at, not one nucleus."""
        return self._whole

    def refresh(self) -> None:
        """Draw what was found anew, after an edit or in another part of the field."""
        with told_once(self.viewer):
            for one in self._draw(self.field, self._box):
                self._put(one)

    def activate(self) -> None:
        """Make the nuclei the active layer: the status bar then tells of what is pointed at."""
        nuclei = self.layers["nuclei"]
        # The status bar would name the keys of napari's label tools; here they do other things.
        nuclei.help = ""
        self.viewer.layers.selection.active = nuclei

    def mark_present(self, nucleus: Id | None) -> None:
        """Put the thick contour on a nucleus, or on none."""
        layer = self.layers.get("present")
        if layer is None:
            return
        outline = None if nucleus is None else self._outline(nucleus)
        if outline is None or not outline.area_px:
            layer.visible = False
            return
        # Room around it, so that the contour has where to be.
        mask = np.pad(outline.mask.astype(np.uint8), 2)
        place = (np.array([outline.y0, outline.x0]) - 2) * self.pixel_size_um
        moved = not np.array_equal(layer.translate, place)
        other = not np.array_equal(layer.data, mask)
        if moved or other:
            with told_once(self.viewer):
                if moved:
                    layer.translate = place
                if other:
                    layer.data = mask
        if not layer.visible:
            layer.visible = True

    @property
    def pixel_size_um(self) -> float:
        """Edge of a pixel of the field."""
        return float(self.layers["nuclei"].scale[-1])

    @property
    def box(self) -> Box:
        """The part of the field whose contours and marks are drawn."""
        return self._box

    def clear(self) -> None:
        """Take all its layers out of the viewer."""
        for what in list(self.layers):
            self._remove(what)
        self.field = ""

    def image(self, name: str) -> FishImage | None:
        """The image of a field; None where it is not there."""
        return self.images[name]

    # --- how it is shown --------------------------------------------------------------------

    def show_channels(self, roles: Iterable[str]) -> None:
        """Show these channels alone."""
        self._shown = tuple(roles)
        for role in ROLES:
            # Setting it draws the layer anew, also where it was so before.
            if role in self.layers and self.layers[role].visible != (role in self._shown):
                self.layers[role].visible = role in self._shown

    def next_channel(self) -> None:
        """All channels, then each alone, then all again."""
        has = tuple(role for role in ROLES if role in self.layers)
        turns = [has, *((role,) for role in has)]
        now = tuple(role for role in self._shown if role in has)
        self.show_channels(turns[(turns.index(now) + 1) % len(turns)] if now in turns else has)

    def show_plane(self, z_px: float) -> None:
        """Move to a plane of a stack; nothing in a field of one plane."""
        if self.is_stack:
            self.viewer.dims.set_point(self.viewer.dims.ndim - 3, z_px * self._z_step_um)

    def project(self, *, whole: bool) -> None:
        """Show the brightest of all planes, or one plane with the marks of its light."""
        if not self.is_stack:
            return
        self.projected = whole
        image = next(layer for layer in self.layers.values() if isinstance(layer, Image))
        depth = image.data.shape[0] * self._z_step_um if whole else MARK_DEPTH_UM
        for layer in self.layers.values():
            if isinstance(layer, Image):
                layer.projection_mode = "max" if whole else "none"
        margins = [0.0] * self.viewer.dims.ndim
        margins[-3] = depth
        self.viewer.dims.margin_left = self.viewer.dims.margin_right = tuple(margins)

    @property
    def is_stack(self) -> bool:
        """Whether the field has several planes and is seen in one of them."""
        return any(isinstance(one, Image) and one.ndim > 2 for one in self.layers.values())

    # --- places -----------------------------------------------------------------------------

    def to_px(self, world: Iterable[float]) -> tuple[float, float, float]:
        """Plane, row and column of a place in the viewer."""
        *deep, y_um, x_um = (float(value) for value in world)
        z_px = deep[-1] / self._z_step_um if deep and self.is_stack else 0.0
        return z_px, y_um / self.pixel_size_um, x_um / self.pixel_size_um

    def brightest_plane(self, channel: str, yx_px: tuple[float, float]) -> float:
        """The plane in which a place of a stack is brightest; 0 without an image or planes."""
        image = self.images[self.field]
        if image is None or not self.is_stack or channel not in image.channels:
            return 0.0
        y, x = (max(round(value), 0) for value in yx_px)
        here = image.raw(channel)[:, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        return float(np.argmax(here.max(axis=(1, 2)))) if here.size else 0.0

    # --- within -----------------------------------------------------------------------------

    def _well_within(self, box: Box) -> bool:
        """Whether what is drawn will do for an object: around it, and no more of a large field."""
        shape = self._shape(self.field)
        if self._box == (0, 0, *shape):
            return max(shape) <= 2 * _WINDOW_PX
        return _well_within(box, self._box, shape)

    @property
    def _z_step_um(self) -> float:
        image = next((one for one in self.layers.values() if isinstance(one, Image)), None)
        return float(image.scale[0]) if image is not None and image.ndim > 2 else 1.0

    def _open_field(self, name: str, box: Box) -> None:
        self.field = name
        self._box = box
        layers = self.images.layers(name)
        with told_once(self.viewer):
            for one in layers:
                self._put(one)
        missing = {*ROLES} - {what_it_shows(one) for one in layers}
        for role in missing & {*self.layers}:
            self._remove(role)
        self.refresh()
        present, nuclei = self.layers.get("present"), self.layers["nuclei"]
        if present not in self.viewer.layers or not np.array_equal(present.scale, nuclei.scale):
            self._put(_present_layer(nuclei))
        self.show_channels(self._shown)
        self.project(whole=self.projected)
        self.activate()
        # What it says of the place that is pointed at, it says until the pointer moves.
        self.viewer.status = "Ready"

    def _put(self, one: LayerTuple) -> None:
        """Show a layer: its content goes into the layer that is there, where that fits.

        napari collects garbage whenever a layer is removed, which takes most of a second.
        """
        data, options, _ = one
        what = what_it_shows(one)
        layer = self.layers.get(what)
        gone = layer is not None and layer not in self.viewer.layers
        if layer is not None and (gone or layer.ndim != len(options["scale"])):
            self._remove(what)
            layer = None
        if layer is None:
            (self.layers[what],) = add_layers(self.viewer, [one])
        else:
            update_layer(layer, data, options)

    def _remove(self, what: str) -> None:
        layer = self.layers.pop(what)
        if layer in self.viewer.layers:
            self.viewer.layers.remove(layer)

    def _look_at(self, outline: Outline) -> None:
        camera = camera_of(self.viewer)
        y0, x0, y1, x1 = outline.box
        centre = np.array([y0 + y1 - 1, x0 + x1 - 1]) / 2 * self.pixel_size_um
        zoom = min(canvas_size_px(self.viewer)) / _VIEW_UM
        camera.center = (*camera.center[:-2], *centre.tolist())
        if not (self._zoomed and _ZOOM_KEPT[0] < camera.zoom / zoom < _ZOOM_KEPT[1]):
            camera.zoom = zoom
            self._zoomed = True


def _present_layer(nuclei: Labels) -> LayerTuple:
    return (
        np.zeros((5, 5), np.uint8),
        {
            "name": "this nucleus",
            "colormap": DirectLabelColormap(
                color_dict={None: "transparent", 0: "transparent", 1: _PRESENT_COLOUR}
            ),
            "opacity": 1.0,
            "scale": tuple(nuclei.scale),
            "translate": (0.0, 0.0),
            "units": nuclei.units,
            "axis_labels": nuclei.axis_labels,
            "metadata": {"fishcount": {"shows": "present", "contour": _PRESENT_CONTOUR_PX}},
        },
        "labels",
    )


def _window(box: Box, shape: tuple[int, int]) -> Box:
    """The part of a field around an object; all of a small field."""
    if max(shape) <= 2 * _WINDOW_PX:
        return (0, 0, *shape)
    starts = []
    for low, high, side in zip(box[:2], box[2:], shape, strict=True):
        start = (low + high - _WINDOW_PX) // 2
        starts.append(max(0, min(start, side - _WINDOW_PX)))
    y0, x0 = starts
    return y0, x0, min(y0 + _WINDOW_PX, shape[0]), min(x0 + _WINDOW_PX, shape[1])


def _well_within(box: Box, window: Box, shape: tuple[int, int]) -> bool:
    """Whether an object lies far enough inside a window that its neighbours are drawn as well."""
    if window == (0, 0, *shape):
        return True
    margin = _WINDOW_PX // 4
    return all(
        (low - start >= margin or start == 0) and (stop - high >= margin or stop == side)
        for low, high, start, stop, side in zip(
            box[:2], box[2:], window[:2], window[2:], shape, strict=True
        )
    )
