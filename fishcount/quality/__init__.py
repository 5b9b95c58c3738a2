"""What is wrong with a field: with its image, with its channels, with what was found in it."""

from fishcount.quality.channels import inverted_channels, swapped_channels
from fishcount.quality.empty_areas import EmptyAreas, fill_empty_areas, find_empty_areas
from fishcount.quality.field import field_findings
from fishcount.quality.image import image_findings, saturated_pixels

__all__ = [
    "EmptyAreas",
    "field_findings",
    "fill_empty_areas",
    "find_empty_areas",
    "image_findings",
    "inverted_channels",
    "saturated_pixels",
    "swapped_channels",
]
