"""Spots and nuclei to signals and copies per nucleus."""

from fishcount.signals.result import Copies, SignalCounts, Signals, Status

__all__ = ["Copies", "SignalCounts", "Signals", "Status"]
