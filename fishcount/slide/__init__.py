"""A field of any size, read by windows: its sample to measure on, blocks to search it in."""

from fishcount.slide.blocks import Block, blocks_of
from fishcount.slide.sample import is_small, mosaic, sample_windows
from fishcount.slide.slide import Slide

__all__ = ["Block", "Slide", "blocks_of", "is_small", "mosaic", "sample_windows"]
