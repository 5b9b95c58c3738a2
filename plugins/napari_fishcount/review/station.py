"""A review in a viewer: the desk, the stage, its marks, the pointer and the tool, without a window.

Every action of `napari_fishcount.review.actions` is a method here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fishcount.errors import FishcountError, ReviewError
from fishcount.review import (
    AddSignal,
    Box,
    Change,
    DeleteNucleus,
    DeleteSignal,
    Desk,
    Edit,
    Event,
    Id,
    MergeNuclei,
    NoteNucleus,
    ReassignSignal,
    RejectNucleus,
    RestoreNucleus,
    ReviewState,
    SetCopies,
    edit_details,
    edit_words,
    objects_words,
    signal_place,
)
from napari_fishcount.case_images import CaseImages
from napari_fishcount.layers import LayerTuple
from napari_fishcount.review.actions import REASONS
from napari_fishcount.review.marks import Marks
from napari_fishcount.review.pointing import Pointing
from napari_fishcount.review.stage import Stage
from napari_fishcount.review.tools import Brush, Knife, Tool

__all__ = ["Station"]

# A message is a line or two above the list.
_MOST_SIGNALS_NAMED = 3


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
    marks : Marks
    pointing : Pointing
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
        # The state of the case of which the marks are.
        self._drawn: ReviewState | None = None
        self.reject_reason = REASONS[0]
        self.on_tool: Callable[[], object] = lambda: None
        self.stage = Stage(
            viewer,
            images=images or CaseImages(desk.state.automatic.folder),
            shape=lambda name: desk.state.shape(name),
            outline=lambda nucleus: desk.state.outline(nucleus),
            draw=self._draw,
        )
        self.marks = Marks(desk, self.stage.layers)
        self.pointing = Pointing(
            viewer,
            desk=desk,
            stage=self.stage,
            marks=self.marks,
            idle=lambda: self.tool is None,
        )
        desk.listeners.append(self._on_change)
        if desk.nucleus is not None:
            self.stage.show(desk.nucleus)
        else:
            self.stage.show_field(desk.state.automatic.fields[0])

    def close(self) -> None:
        """Take the case out of the viewer; all its edits are on the disk."""
        self.cancel()
        self.pointing.close()
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
        self._say_what_is_left()

    def next_signal(self) -> None:
        """Pick the next signal of the nucleus."""
        self.desk.step_signal(1)
        self._show_picked_plane()

    def previous_signal(self) -> None:
        """Pick the signal before."""
        self.desk.step_signal(-1)
        self._show_picked_plane()

    def whole_field(self) -> None:
        """Look at all of the field; again, at the next one, also where it has no nucleus."""
        here, fields = self.stage.field, self.desk.state.automatic.fields
        if not self.stage.shows_whole_field:
            self.stage.show_field(here, self.desk.nucleus)
        elif len(fields) > 1:
            following = fields[(fields.index(here) + 1) % len(fields)]
            self.stage.show_field(following)
            # A nucleus that is out of sight is not to be accepted.
            self.desk.leave()
            self.say(self.problem)

    # --- nuclei -----------------------------------------------------------------------------

    def accept(self) -> None:
        """Accept and go on."""
        self.desk.accept_and_go_on()
        self._say_what_is_left()

    def reject(self, reason: str = "") -> None:
        """Reject for the reason that is set, or for another, and go on."""
        name, number = self.desk.here()
        if reason:
            self.reject_reason = reason
        self.desk.do_and_go_on(
            RejectNucleus(field=name, nucleus=number, reject_reason=self.reject_reason)
        )
        self._say_what_is_left()

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
        other = self.pointing.nucleus()
        if other in (None, (name, number)):
            raise ReviewError("point at the nucleus to merge this one with")
        self.desk.do(MergeNuclei(field=name, nuclei=(number, other[1])))

    def note(self, text: str, nucleus: Id | None = None) -> None:
        """Write a note on the nucleus, or on another."""
        name, number = nucleus or self.desk.here()
        self.desk.do(NoteNucleus(field=name, nucleus=number, text=text))

    def split_nucleus(self) -> None:
        """Take up the knife; a second time, cut at the waist."""
        if isinstance(self.tool, Knife):
            self.finish()
            return
        nucleus = self.desk.here()
        outline = self.desk.state.outline(nucleus)
        self._take_up(Knife(self.stage, outline, nucleus, drawn=lambda: self.run("finish")))

    def redraw_nucleus(self) -> None:
        """Paint the outline of the nucleus anew."""
        self._take_up(self._brush(self.desk.here()))

    def draw_nucleus(self) -> None:
        """Paint a nucleus that was missed, around the pointer or the middle of the view."""
        self._take_up(self._brush(None))

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
        self._edit_signal(DeleteSignal(field=name, signal=number))

    def assign_signal(self) -> None:
        """Give the picked signal to the nucleus under the pointer, or to this one."""
        name, number = self.desk.picked()
        target = self.pointing.nucleus() or self.desk.here()
        self.desk.do(ReassignSignal(field=name, signal=number, nucleus=target[1]))

    def set_copies(self, copies: int) -> None:
        """The picked signal stands for this many copies."""
        name, number = self.desk.picked()
        self._edit_signal(SetCopies(field=name, signal=number, copies=copies))

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
        self.say(f"taken back: {_edit_in_words(self.desk.undo())}")

    def redo(self) -> None:
        """Let the edit that was taken back stand again."""
        self.say(f"stands again: {_edit_in_words(self.desk.redo())}")

    # --- view -------------------------------------------------------------------------------

    def next_channel(self) -> None:
        """All channels, or one alone."""
        self.stage.next_channel()

    def only_this_nucleus(self) -> None:
        """Hide the contours, counts and marks of all other nuclei, or show them again."""
        self.marks.only = not self.marks.only
        self.stage.refresh()

    def toggle_marks(self) -> None:
        """Hide all marks to see the bare image, or show them again."""
        self.marks.toggle()

    def toggle_left_out(self) -> None:
        """Show the candidates that were left out, or hide them."""
        self.marks.toggle_left_out()

    def toggle_projection(self) -> None:
        """Show the brightest of all planes, or one plane."""
        if not self.stage.is_stack:
            raise ReviewError("this field has one plane")
        self.stage.project(whole=not self.stage.projected)
        if not self.stage.projected:
            self.say("One plane: signals of the other planes are hidden. Y shows all again.")

    def set_mark_size_um(self, size_um: float) -> None:
        """Size of the marks of signals."""
        self.marks.resize(size_um, pixel_size_um=self.stage.pixel_size_um)

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

    def _say_what_is_left(self) -> None:
        """At the end of the work, or of the list, say so: nothing moves there."""
        left = self.desk.scored.n_nuclei - self.desk.scored.n_reviewed
        if not self.desk.scored.n_nuclei:
            self.say("There is no nucleus. Shift+O draws one that was missed.")
        elif not left:
            self.say("Every nucleus is reviewed. Shift+E writes the reviewed result.")
        elif not self.desk.shown:
            self.say(f"The filter leaves no nucleus in the list. {_left_words(left)}.")
        elif self.desk.nucleus == self.desk.shown[-1]:
            self.say(f"The end of the list. {_left_words(left)}: N goes to the next of them.")

    def _on_change(self, change: Change) -> None:
        if change == "moved" and self.desk.nucleus is None:
            self.cancel()
            self.stage.mark_present(None)
            self.marks.mark_picked(self.stage.field)
        elif change == "moved" and self.desk.nucleus is not None:
            self.cancel()
            self.stage.show(self.desk.nucleus)
            if self.marks.only:
                self.stage.refresh()
            self.marks.mark_picked(self.stage.field)
            self.say(self.problem)
        elif change == "edited" and self.stage.field:
            # Where the edit led to another place, all was drawn there already.
            if self._drawn is not self.desk.state:
                self.stage.refresh()
            self.stage.mark_present(self.desk.nucleus)
        elif change == "picked":
            self.marks.mark_picked(self.stage.field)

    def _draw(self, name: str, box: Box) -> Iterator[LayerTuple]:
        self._drawn = self.desk.state
        yield from self.marks.draw(name, box)

    def _show_picked_plane(self) -> None:
        if self.desk.signal is not None:
            self.stage.show_plane(signal_place(self.desk.state, self.desk.signal)[0])

    def _add_signal(self, channel: str) -> None:
        z_px, y_px, x_px = self.pointing.place_px()
        if self.stage.projected:
            # The slider stands anywhere then.
            z_px = self.stage.brightest_plane(channel, (y_px, x_px))
        name = self.stage.field
        self._edit_signal(AddSignal(field=name, channel=channel, z_px=z_px, y_px=y_px, x_px=x_px))

    def _edit_signal(self, action: Edit) -> None:
        """Edit a signal, and say so where it is not of the nucleus that is looked at."""
        here = self.desk.nucleus
        event = self.desk.do(action)
        name, number = event.object["signals"][-1].rsplit("/", 1)
        owner = self.desk.state.signal((name, int(number))).nucleus
        what = ", ".join(filter(None, (edit_words(event.action), edit_details(event.action))))
        if not owner:
            self.say(f"{what}, in no nucleus: it is in no count")
        elif here is not None and (name, owner) != here:
            self.say(f"{what}, in nucleus {owner}")

    def _brush(self, nucleus: Id | None) -> Brush:
        return Brush(self.stage, self.desk.state, nucleus, around=self.pointing.world)

    def _take_up(self, tool: Tool) -> None:
        self.cancel()
        tool.take_up()
        self.tool = tool
        self.say(tool.waits_for)
        self.on_tool()


def _left_words(left: int) -> str:
    return f"{left} {'is' if left == 1 else 'are'} not reviewed"


def _edit_in_words(event: Event) -> str:
    """An edit with what it was done to, and by whom: it may have been another reader."""
    what = ", ".join(filter(None, (edit_words(event.action), edit_details(event.action))))
    on = objects_words(event, most_signals=_MOST_SIGNALS_NAMED)
    return f"{what} ({on}; {event.reader})"
