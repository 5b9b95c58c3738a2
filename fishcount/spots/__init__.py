"""Probe image to spots: detected, fitted, kept or rejected with a reason."""

from fishcount.spots.detect import detect_spots
from fishcount.spots.psf import estimate_psf_sigma
from fishcount.spots.result import Spots

__all__ = ["Spots", "detect_spots", "estimate_psf_sigma"]
