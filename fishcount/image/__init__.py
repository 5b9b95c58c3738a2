"""A field in memory: its channels by role, and what an image must be."""

from fishcount.image.checks import DAPI, PROBES, ROLES
from fishcount.image.fish_image import Counts, FishImage, Window, project, window_shape

__all__ = ["DAPI", "PROBES", "ROLES", "Counts", "FishImage", "Window", "project", "window_shape"]
