"""TIFF files of every dialect: OME, ImageJ, and all the others."""

from fishcount.io.tiff.source import TiffSource, open_tiff

__all__ = ["TiffSource", "open_tiff"]
