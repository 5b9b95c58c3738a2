"""A review in a viewer: the desk, the stage, the pointer and the tool in hand, without a window.

Every action of `napari_fishcount.review.actions` is a method here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.layers import Points

from fishcount.errors import FishcountError, ReviewError
from fishcount.flags import Subject, flags_of
from fishcount.review import (
    AddSignal,
    Change,
    DeleteNucleus,
    DeleteSignal,
    Desk,
    MergeNuclei,
    NoteNucleus,
    ReassignSignal,
    RejectNucleus,
    RestoreNucleus,
    SetCopies,
)
from fishcount.review.outline import Box
from fishcount.review.rows import Id
from napari_fishcount.case_images import CaseImages
from napari_fishcount.layers import LayerTuple, result_layers
from napari_fishcount.review.pointer import Pointer
from napari_fishcount.review.stage import Stage
from napari_fishcount.review.tools import Brush, Knife, Tool
from napari_fishcount.scored import ScoredField

__all__ = ["MARK_SIZE_UM", "REASONS", "Station"]

# Reasons that a reader can give: what is wrong with the nucleus itself, not with its counts.
_OF_COUNTS = ("HER2_ESTIMATED", "CEP17_ESTIMATED", "ESTIMATES_DISAGREE", "FIELD_NOT_EVALUABLE")
REASONS = tuple(
    flag.code
    for flag in sorted(flags_of(Subject.NUCLEUS), key=lambda flag: flag.code != "READER_REJECTED")
    if flag.code not in _OF_COUNTS
)
# Smaller than in an overview: a nucleus fills the view, and its signals must be seen.
MARK_SIZE_UM = 0.6
PICKED_COLOUR = "#ffffff"
PICKED_SIZE_UM = 1.4


class Station:
    """One reader at one case in one viewer.

    Parameters
    ----------
    viewer
        A viewer, or a viewer model.
    desk
        The review.
    images
        Those of the case, where some were read already.
    say
        Called with a sentence for the reader: what cannot be done, and what a tool waits for.

    Attributes
    ----------
    stage : Stage
    tool : Tool or None
        What is being drawn.
    reject_reason : str
        Code of a flag of nuclei: what `reject` gives as the reason.
    on_tool : callable
        Called when a tool is taken up or put down.
    """

    def __init__(
        self,
        viewer: Any,
        desk: Desk,
        *,
        images: CaseImages | None = None,
        say: Callable[[str], object] = lambda text: None,
    ) -> None:
        self.viewer, self.desk, self.say = viewer, desk, say
        self.tool: Tool | None = None
        self.reject_reason = REASONS[0]
        self.on_tool: Callable[[], object] = lambda: None
        self.mark_size_um = MARK_SIZE_UM
        self.only = False
        self.stage = Stage(
            viewer,
            images=images or CaseImages(desk.state.automatic.folder),
            shape=lambda name: desk.state.shape(name),
            outline=lambda nucleus: desk.state.outline(nucleus),
            draw=self._draw,
        )
        self.pointer = Pointer(viewer, moved=self._on_pointed, clicked=self._on_clicked)
        desk.listeners.append(self._on_change)
        if desk.nucleus is not None:
            self.stage.show(desk.nucleus)

    def close(self) -> None:
        """Take the case out of the viewer; all its edits are on the disk."""
        self.cancel()
        self.pointer.close()
        self.desk.listeners.remove(self._on_change)
        self.stage.clear()
        self.desk.close()

    def run(self, name: str, *arguments: Any) -> bool:
        """Run an action by its name; what cannot be done is said, not raised.

        Returns
        -------
        bool
            Whether it could be done.
        """
        self.say("")
        try:
            getattr(self, name)(*arguments)
        except FishcountError as error:
            self.say(f"⚠ {error}")
            return False
        return True

    @property
    def problem(self) -> str:
        """What is wrong with the field that is shown; empty where nothing is."""
        problem = self.stage.images.problems.get(self.stage.field)
        return f"⚠ {problem}" if problem else ""

    # --- where the reader is ----------------------------------------------------------------

    def next(self) -> None:
        """Go down the list."""
        self.desk.step(1)

    def previous(self) -> None:
        """Go up the list."""
        self.desk.step(-1)

    def next_unreviewed(self) -> None:
        """Go to what nobody has reviewed."""
        self.desk.next_unreviewed()

    def next_signal(self) -> None:
        """Pick the next signal of the nucleus."""
        self.desk.step_signal(1)
        self._show_picked_plane()

    def previous_signal(self) -> None:
        """Pick the signal before."""
        self.desk.step_signal(-1)
        self._show_picked_plane()

    # --- nuclei -----------------------------------------------------------------------------

    def accept(self) -> None:
        """Accept and go on."""
        self.desk.accept_and_go_on()

    def reject(self, reason: str = "") -> None:
        """Reject for the reason that is set, or for another, and go on."""
        name, number = self.desk.here()
        if reason:
            self.reject_reason = reason
        self.desk.do_and_go_on(
            RejectNucleus(field=name, nucleus=number, reject_reason=self.reject_reason)
        )

    def restore(self) -> None:
        """Score the nucleus, whatever speaks against it."""
        name, number = self.desk.here()
        self.desk.do(RestoreNucleus(field=name, nucleus=number))

    def delete_nucleus(self) -> None:
        """There is no nucleus."""
        name, number = self.desk.here()
        self.desk.do(DeleteNucleus(field=name, nucleus=number))

    def merge_nuclei(self) -> None:
        """Merge the nucleus with the one under the pointer."""
        name, number = self.desk.here()
        other = self._nucleus_under_pointer()
        if other in (None, (name, number)):
            raise ReviewError("point at the nucleus to merge this one with")
        self.desk.do(MergeNuclei(field=name, nuclei=(number, other[1])))

    def note(self, text: str) -> None:
        """Write a note on the nucleus."""
        name, number = self.desk.here()
        self.desk.do(NoteNucleus(field=name, nucleus=number, text=text))

    def split_nucleus(self) -> None:
        """Take up the knife; a second time, cut at the waist."""
        if isinstance(self.tool, Knife):
            self.finish()
            return
        self._take_up(Knife(self, self.desk.here()))

    def redraw_nucleus(self) -> None:
        """Paint the outline of the nucleus anew."""
        self._take_up(Brush(self, self.desk.here()))

    def draw_nucleus(self) -> None:
        """Paint a nucleus that was missed, around the pointer or the middle of the view."""
        self._take_up(Brush(self, None))

    # --- signals ----------------------------------------------------------------------------

    def add_her2(self) -> None:
        """Add a HER2 signal at the pointer."""
        self._add_signal("HER2")

    def add_cep17(self) -> None:
        """Add a CEP17 signal at the pointer."""
        self._add_signal("CEP17")

    def delete_signal(self) -> None:
        """The picked signal is none."""
        name, number = self.desk.picked()
        self.desk.do(DeleteSignal(field=name, signal=number))

    def assign_signal(self) -> None:
        """Give the picked signal to the nucleus under the pointer, or to this one."""
        name, number = self.desk.picked()
        target = self._nucleus_under_pointer() or self.desk.here()
        self.desk.do(ReassignSignal(field=name, signal=number, nucleus=target[1]))

    def set_copies(self, copies: int) -> None:
        """The picked signal stands for so many copies."""
        name, number = self.desk.picked()
        self.desk.do(SetCopies(field=name, signal=number, copies=copies))

    def merge_signals(self) -> None:
        """Count the picked signal and its nearest neighbour as one."""
        self.desk.merge_with_nearest()

    def split_signal(self) -> None:
        """Count the picked signal as two."""
        self.desk.split_in_two()

    # --- history ----------------------------------------------------------------------------

    def undo(self) -> None:
        """Put down the tool, or take the last edit back."""
        if self.tool is not None:
            self.cancel()
            return
        self.desk.undo()

    def redo(self) -> None:
        """Let the edit that was taken back stand again."""
        self.desk.redo()

    # --- view -------------------------------------------------------------------------------

    def next_channel(self) -> None:
        """All channels, or one alone."""
        self.stage.next_channel()

    def only_this_nucleus(self) -> None:
        """Hide the contours, counts and marks of all other nuclei, or show them again."""
        self.only = not self.only
        self.stage.refresh()

    def toggle_marks(self) -> None:
        """Hide all marks to see the bare image, or show them again."""
        marks = [self.stage.layers[what] for what in self._mark_names()]
        visible = not any(layer.visible for layer in marks)
        for layer in marks:
            layer.visible = visible

    def toggle_left_out(self) -> None:
        """Show the candidates that were left out, or hide them."""
        layer = self.stage.layers["left out"]
        layer.visible = not layer.visible

    def toggle_projection(self) -> None:
        """Show the brightest of all planes, or one plane."""
        self.stage.project(whole=not self.stage.projected)

    def set_mark_size_um(self, size_um: float) -> None:
        """Size of the marks of signals."""
        self.mark_size_um = size_um
        for what in self._mark_names():
            layer = self.stage.layers[what]
            if isinstance(layer, Points) and what != "counts":
                _set_size(layer, size_um / self.stage.pixel_size_um)

    # --- tools ------------------------------------------------------------------------------

    def finish(self) -> None:
        """Make the edit that was drawn."""
        tool = self.tool
        if tool is None:
            return
        action = tool.action()
        self.cancel()
        self.desk.do(action)

    def cancel(self) -> None:
        """Put the tool down; nothing is changed."""
        tool, self.tool = self.tool, None
        if tool is not None:
            tool.put_down()
            self.stage.activate()
            self.on_tool()

    # --- within -----------------------------------------------------------------------------

    def _draw(self, name: str, box: Box) -> Iterator[LayerTuple]:
        field = ScoredField.from_review(self.desk.state, name, box)
        if self.only and self.desk.nucleus is not None:
            field = field.only(self.desk.nucleus[1])
        for data, options, kind in result_layers(field):
            if kind == "points" and "text" not in options:
                options["size"] = self.mark_size_um / field.pixel_size_um
            yield data, options, kind
        yield self._picked_layer(field)

    def _picked_layer(self, field: ScoredField) -> LayerTuple:
        signal = self.desk.signal
        place = (
            np.zeros((0, 2))
            if signal is None or signal[0] != field.name
            else np.array([self.desk.signal_place(signal)[1:]])
        )
        options = {
            "name": "picked signal",
            "symbol": "square",
            "size": PICKED_SIZE_UM / field.pixel_size_um,
            "face_color": "transparent",
            "border_color": PICKED_COLOUR,
            "border_width": 0.08,
            "opacity": 1.0,
            "scale": (field.pixel_size_um,) * 2,
            "units": ("um", "um"),
            "axis_labels": ("y", "x"),
            "metadata": {"fishcount": {"shows": "picked"}},
        }
        return place, options, "points"

    def _on_change(self, change: Change) -> None:
        if change == "moved" and self.desk.nucleus is not None:
            self.cancel()
            self.stage.show(self.desk.nucleus)
            if self.only:
                self.stage.refresh()
            self._mark_picked()
            self.say(self.problem)
        elif change == "edited" and self.stage.field:
            self.stage.refresh()
            self.stage.mark_present(self.desk.nucleus)
        elif change == "picked":
            self._mark_picked()

    def _mark_picked(self) -> None:
        layer = self.stage.layers.get("picked")
        if layer is not None:
            signal = self.desk.signal
            shown = signal is not None and signal[0] == self.stage.field
            layer.data = (
                np.array([self.desk.signal_place(signal)[1:]]) if shown else np.zeros((0, 2))
            )

    def _show_picked_plane(self) -> None:
        if self.desk.signal is not None:
            self.stage.show_plane(self.desk.signal_place(self.desk.signal)[0])

    def _mark_names(self) -> list[str]:
        return [what for what in self.stage.layers if what in MARKS_SHOWN]

    def _add_signal(self, channel: str) -> None:
        z_px, y_px, x_px = self._place()
        self.desk.do(
            AddSignal(field=self.stage.field, channel=channel, z_px=z_px, y_px=y_px, x_px=x_px)
        )

    def _place(self) -> tuple[float, float, float]:
        place = self.pointer.place
        if place is None:
            raise ReviewError("point at the place first")
        return self.stage.to_px(place)

    def _nucleus_under_pointer(self) -> Id | None:
        if self.pointer.place is None:
            return None
        _, y_px, x_px = self.stage.to_px(self.pointer.place)
        return self.desk.nucleus_at(self.stage.field, (y_px, x_px))

    def _on_pointed(self) -> None:
        """What the pointer comes near is what the next action on signals means."""
        if self.tool is not None or not self.stage.field or self.pointer.place is None:
            return
        _, y_px, x_px = self.stage.to_px(self.pointer.place)
        left_out = self.stage.layers["left out"].visible
        near = self.desk.signal_near(self.stage.field, (y_px, x_px), left_out=left_out)
        if near is not None:
            self.desk.pick(near)

    def _on_clicked(self) -> None:
        """A click takes the nucleus under the pointer."""
        if self.tool is not None or not self.stage.field:
            return
        under = self._nucleus_under_pointer()
        if under is not None and under != self.desk.nucleus:
            self.desk.go_to(under)

    def _take_up(self, tool: Tool) -> None:
        self.cancel()
        self.tool = tool
        tool.take_up()
        self.say(tool.waits_for)
        self.on_tool()


MARKS_SHOWN = ("nuclei", "present", "picked", "counts", "HER2 signals", "CEP17 signals")


def _set_size(layer: Points, size_px: float) -> None:
    layer.size = size_px
    layer.current_size = size_px
