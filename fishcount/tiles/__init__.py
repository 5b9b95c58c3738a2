"""The same pipeline over images that are larger than memory, tile by tile."""

from fishcount.tiles.grid import Tile, tiles_of
from fishcount.tiles.score import score_slide

__all__ = ["Tile", "score_slide", "tiles_of"]
