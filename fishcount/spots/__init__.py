"""Probe image to spots: detected, fitted, kept or rejected with a reason."""

from fishcount.spots.channel.hot_pixels import hot_pixel_share
from fishcount.spots.channel.measure import measure_channel, measure_channels
from fishcount.spots.channel.polarity import coarse_response, dark_over_bright
from fishcount.spots.channel.scale import ChannelScale
from fishcount.spots.cut import cut_at, kept_or_too_unsure
from fishcount.spots.detect import detect_in_channels, detect_spots
from fishcount.spots.judgement.score import false_probability
from fishcount.spots.result import Spots
from fishcount.spots.stack import project_signals

__all__ = [
    "ChannelScale",
    "Spots",
    "coarse_response",
    "cut_at",
    "dark_over_bright",
    "detect_in_channels",
    "detect_spots",
    "false_probability",
    "hot_pixel_share",
    "kept_or_too_unsure",
    "measure_channel",
    "measure_channels",
    "project_signals",
]
