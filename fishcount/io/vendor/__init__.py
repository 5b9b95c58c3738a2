"""Files of microscope makers: CZI, ND2 and LIF, through packages of the extra "vendor"."""

from __future__ import annotations

from fishcount.io.vendor.source import VendorSource, open_vendor

__all__ = ["VendorSource", "open_vendor"]
