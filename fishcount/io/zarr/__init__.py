"""OME-Zarr folders: their metadata, their chunks and their pixels."""

from fishcount.io.zarr.metadata import is_zarr
from fishcount.io.zarr.source import ZarrSource, open_zarr

__all__ = ["ZarrSource", "is_zarr", "open_zarr"]
