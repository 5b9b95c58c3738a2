"""The blinded second count in a viewer, without a window: images and outlines, no count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from napari.utils.colormaps import DirectLabelColormap

from fishcount.errors import ReviewError
from fishcount.review import Box, Id, SecondCount
from napari_fishcount.case_images import CaseImages
from napari_fishcount.layers import LayerTuple
from napari_fishcount.notes import shown_by
from napari_fishcount.review.pointer import Pointer
from napari_fishcount.review.stage import Stage

__all__ = ["SecondView", "parse_counts"]

# One colour for all: whether a nucleus was scored is a part of the first count.
_OUTLINE_COLOUR = "#ffe14d"


class SecondView:
    """One second count in one viewer.

    Parameters
    ----------
    viewer
        A viewer, or a viewer model; whatever fishcount showed in it is taken out first.
    count
        The second count.
    images
        Those of the case, where some were read already.
    rng
        What chooses another nucleus in place of one that is skipped.

    Attributes
    ----------
    nucleus : (field, number) or None
        Which is to be counted.
    """

    def __init__(
        self,
        viewer: Any,
        count: SecondCount,
        *,
        images: CaseImages | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        for layer in [one for one in viewer.layers if shown_by(one)]:
            viewer.layers.remove(layer)
        self.count = count
        self._rng = np.random.default_rng() if rng is None else rng
        self.nucleus: Id | None = None
        self.on_moved: Any = lambda: None
        automatic = count.automatic
        self.stage = Stage(
            viewer,
            images=images or CaseImages(count.folder),
            shape=lambda name: automatic.labels(name).shape,
            outline=automatic.outline,
            draw=self._draw,
        )
        self.pointer = Pointer(viewer, moved=lambda: None, clicked=self._on_clicked)
        self.next()

    def close(self) -> None:
        """Take the case out of the viewer; every count is on the disk."""
        self.pointer.close()
        self.stage.clear()
        self.count.close()

    def go_to(self, nucleus: Id) -> None:
        """Look at a nucleus."""
        self.nucleus = nucleus
        self.stage.show(nucleus)
        self.on_moved()

    def next(self) -> None:
        """Go to the next nucleus that was neither counted nor skipped; stay at the end."""
        done = {*self.count.counted, *self.count.skipped}
        nuclei = self.count.nuclei
        start = nuclei.index(self.nucleus) + 1 if self.nucleus in nuclei else 0
        for key in (*nuclei[start:], *nuclei[:start]):
            if key not in done:
                self.go_to(key)
                return
        if self.nucleus is None and nuclei:
            self.go_to(nuclei[0])

    def enter(self, text: str) -> None:
        """Take what was typed: "6 2" counts, "-" skips; then go on.

        In place of one that is skipped chance chooses another.

        Raises
        ------
        ReviewError
            When it is neither.
        """
        if self.nucleus is None:
            raise ReviewError("there is no nucleus to count")
        if text.strip() == "-":
            self.count.skip(self.nucleus)
            self.count.replace_skipped(self._rng)
        else:
            her2, cep17 = parse_counts(text, dual=self.count.dual)
            self.count.count(self.nucleus, her2=her2, cep17=cep17)
        self.next()

    def undo(self) -> None:
        """Take the last count back and go there."""
        before = {**self.count.counted, **dict.fromkeys(self.count.skipped)}
        self.count.undo()
        after = {**self.count.counted, **dict.fromkeys(self.count.skipped)}
        changed = [key for key in before if key not in after or after[key] != before[key]]
        if changed:
            self.go_to(changed[0])

    def _draw(self, name: str, box: Box) -> Iterator[LayerTuple]:
        """Outlines alone, without a table: the status bar would tell of it."""
        automatic = self.count.automatic
        y0, x0, y1, x1 = box
        pixel_um = automatic.pixel_size_of(name)
        yield (
            automatic.labels(name)[y0:y1, x0:x1].copy(),
            {
                "name": f"{name} outlines",
                "colormap": DirectLabelColormap(
                    color_dict={None: _OUTLINE_COLOUR, 0: "transparent"}
                ),
                "opacity": 0.7,
                "scale": (pixel_um, pixel_um),
                "translate": (y0 * pixel_um, x0 * pixel_um),
                "units": ("um", "um"),
                "axis_labels": ("y", "x"),
                "metadata": {"fishcount": {"shows": "nuclei"}},
            },
            "labels",
        )

    def _on_clicked(self) -> None:
        """A click takes a nucleus, where chance has not chosen."""
        place = self.pointer.place
        if place is None or not self.stage.field:
            return
        _, y_px, x_px = self.stage.to_px(place)
        labels = self.count.automatic.labels(self.stage.field)
        row, column = round(y_px), round(x_px)
        if 0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]:
            key = self.stage.field, int(labels[row, column])
            if key in self.count.nuclei:
                self.go_to(key)


def parse_counts(text: str, *, dual: bool) -> tuple[int, int | None]:
    """Copies as they were typed: "6 2", "6,2", "6:2", and "6" in a case of one probe.

    Raises
    ------
    ReviewError
        When they are none.

    Examples
    --------
    >>> from napari_fishcount.review.second_view import parse_counts
    >>> parse_counts("6 2", dual=True)
    (6, 2)
    """
    words = text.replace(",", " ").replace(":", " ").split()
    if len(words) != 1 + dual or not all(word.isdecimal() for word in words):
        expected = "HER2 and CEP17, as in 6 2" if dual else "HER2, as in 6"
        raise ReviewError("not a count", found=repr(text), expected=expected)
    return int(words[0]), int(words[1]) if dual else None
