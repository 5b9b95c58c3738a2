"""What a call costs, measured alike by all benchmarks."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

__all__ = ["peak_mib", "processor_seconds"]


def processor_seconds(call: Callable[[], object]) -> float:
    """Processor time of a call, in which other work on the machine does not show."""
    start = time.process_time()
    call()
    return time.process_time() - start


def peak_mib(call: Callable[[], object]) -> float:
    """Peak of what a call allocates on top of what is there."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (peak - before) / 2**20
