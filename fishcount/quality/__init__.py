"""What is wrong with a field: its image, its channels, what was given and what was found in it."""

from fishcount.quality.channels import inverted_channels, swapped_channels
from fishcount.quality.empty_areas import EmptyAreas, fill_empty_areas, find_empty_areas
from fishcount.quality.field import field_findings
from fishcount.quality.given import label_findings, region_findings
from fishcount.quality.image import image_findings, saturated_pixels
from fishcount.quality.single_signals import unlike_signals

__all__ = [
    "EmptyAreas",
    "field_findings",
    "fill_empty_areas",
    "find_empty_areas",
    "image_findings",
    "inverted_channels",
    "label_findings",
    "region_findings",
    "saturated_pixels",
    "swapped_channels",
    "unlike_signals",
]
