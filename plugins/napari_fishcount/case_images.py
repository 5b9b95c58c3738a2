"""The images that a case was scored from, found again and checked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from fishcount.errors import FishcountError
from fishcount.image import FishImage
from fishcount.io import CaseFolder, read_scored_image
from napari_fishcount.layers import LayerTuple, image_layers

__all__ = ["CaseImages"]

# This many fields are kept in memory; the others are read again when they are shown.
_KEPT_FIELDS = 4


class CaseImages:
    """The fields of a case folder, read when they are asked for.

    Attributes
    ----------
    problems : dict of str to str
        Why a field has no image, in a sentence, for those that were asked for.
    """

    def __init__(self, folder: CaseFolder) -> None:
        self.folder = folder
        self.problems: dict[str, str] = {}
        self._read: OrderedDict[str, FishImage | None] = OrderedDict()
        self._layers: dict[str, list[LayerTuple]] = {}

    def __getitem__(self, name: str) -> FishImage | None:
        """The image of a field; None where it is not there or is not the one that was scored."""
        if name not in self._read:
            self._read[name] = self._read_field(name)
        self._read.move_to_end(name)
        held = [key for key, image in self._read.items() if image is not None]
        for key in held[:-_KEPT_FIELDS]:
            del self._read[key]
            self._layers.pop(key, None)
        return self._read[name]

    def layers(self, name: str) -> list[LayerTuple]:
        """Its layers, of a field without an image none; the display range takes time to find."""
        image = self[name]
        if image is None:
            return []
        if name not in self._layers:
            self._layers[name] = image_layers(image)
        return self._layers[name]

    def read_ahead(self, first: Iterable[str]) -> None:
        """Read as many fields as are kept, these among them."""
        names = [str(record["name"]) for record in self.folder.summary["fields"]]
        for name in [*dict.fromkeys((*first, *names))][:_KEPT_FIELDS]:
            self.layers(name)

    def _read_field(self, name: str) -> FishImage | None:
        try:
            return read_scored_image(self.folder, name)
        except FishcountError as error:
            self.problems[name] = f"{name} is shown without its image: {error}"
            return None
