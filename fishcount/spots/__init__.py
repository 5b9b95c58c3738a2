"""Probe image to spots: detected, fitted, kept or rejected with a reason."""

from fishcount.spots.result import Spots

__all__ = ["Spots"]
