"""Processor time of one probe channel of 2048 x 2048 pixels: our steps, and other detectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.common.cost import processor_seconds
from benchmarks.common.spot_peers import AUTOMATIC, SIGMA_PX, Image, installed_peers
from fishcount.background import background_map, noise_by_brightness
from fishcount.spots import detect_spots
from fishcount.spots.points.maxima import local_maxima
from fishcount.spots.points.response import blob_response, passes_for

N_ROUNDS = 5


def time_speed(planes: list[Image], *, with_peers: bool) -> pd.DataFrame:
    """Milliseconds of each step, and of each peer, on one image made of these planes."""
    size = min(plane.shape[0] for plane in planes)
    across = -(-2048 // size)
    tiles = [planes[(2 * i) % len(planes)][:size, :size] for i in range(across**2)]
    rows = [np.concatenate(tiles[i : i + across], axis=1) for i in range(0, across**2, across)]
    image = np.ascontiguousarray(np.concatenate(rows)[:2048, :2048])

    def response_noise_and_maxima() -> None:
        response = blob_response(image, passes_for(SIGMA_PX))
        floor = noise_by_brightness(response, background_map(image)).floor_counts
        local_maxima(response, 4 * floor)

    def response_and_maxima() -> None:
        local_maxima(blob_response(image, passes_for(SIGMA_PX)), 5.0)

    jobs: dict[str, Callable[[], object]] = {
        "fishcount: response and maxima": response_and_maxima,
        "fishcount: response, noise and maxima": response_noise_and_maxima,
        "fishcount: the whole detector": lambda: detect_spots(image, pixel_size_um=0.1),
    }
    for name, (_, peer, steps, _) in installed_peers().items() if with_peers else ():
        threshold = np.nan if name in AUTOMATIC else float(steps[6])
        jobs[name] = lambda peer=peer, threshold=threshold: peer(image, threshold)
    for job in jobs.values():
        job()
    # By turns, as the machine is not as fast at all times: what is compared is of one round.
    rounds = [
        {name: 1000 * processor_seconds(job) for name, job in jobs.items()} for _ in range(N_ROUNDS)
    ]
    taken = pd.DataFrame(rounds)
    table = pd.DataFrame({"step": list(jobs), "ms": taken.median().to_numpy()})
    if "blob_log" in taken:
        faster = taken.rdiv(taken["blob_log"], axis=0).median()
        table["times faster than blob_log"] = faster.to_numpy()
    return table
