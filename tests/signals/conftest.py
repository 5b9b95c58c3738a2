"""Spots and nuclei made by hand, so that counting is tested without detection."""

from __future__ import annotations

import numpy as np
import pytest

from fishcount.nuclei import nuclei_from_labels
from fishcount.spots import Spots

SIGMA_PX = 2.2


@pytest.fixture(scope="session")
def make_spots():
    def make(yx_px, *, z_px=None, amplitude=100.0, kept=True, reason="", cluster=0, snr=20.0):
        yx = np.asarray(yx_px, np.float64).reshape(-1, 2)
        n = len(yx)
        height = np.broadcast_to(np.asarray(amplitude, np.float64), n).copy()
        return Spots(
            z_px=np.zeros(n) if z_px is None else np.asarray(z_px, np.float64),
            y_px=yx[:, 0].copy(),
            x_px=yx[:, 1].copy(),
            amplitude_counts=height,
            background_counts=np.full(n, 10.0),
            sigma_px=np.full(n, SIGMA_PX),
            flux_counts=height * 2 * np.pi * SIGMA_PX**2,
            snr=np.broadcast_to(np.asarray(snr, np.float64), n).copy(),
            kept=np.broadcast_to(np.asarray(kept, bool), n).copy(),
            reason=np.broadcast_to(np.asarray(reason, "U16"), n).copy(),
            cluster=np.broadcast_to(np.asarray(cluster, np.int64), n).copy(),
            psf_sigma_px=SIGMA_PX,
            min_snr=4.0,
        )

    return make


@pytest.fixture(scope="session")
def two_nuclei():
    """Disks of radius 40 px at (50, 50) and (50, 150) in a field of 100 x 200."""
    y, x = np.mgrid[:100, :200]
    labels = np.zeros((100, 200), np.int32)
    labels[np.hypot(y - 50, x - 50) <= 40] = 1
    labels[np.hypot(y - 50, x - 150) <= 40] = 2
    return nuclei_from_labels(labels, 100.0 * (labels > 0))
