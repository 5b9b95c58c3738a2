"""Medians and quantiles are those of numpy."""

import numpy as np
import pytest

from fishcount.robust import middle, quantile

rng = np.random.default_rng(4)
# Fewer and more values than are narrowed down before they are ordered.
VALUES = {
    f"{name}, {n}": values.astype(np.float32)
    for n in (1, 2, 5, 2049, 4096, 70_001)
    for name, values in {
        "noise": rng.normal(0, 1, n),
        "few different": rng.poisson(2, n),
        "all equal": np.full(n, 7.5),
        "rising": np.linspace(-1, 1, n),
        "two kinds": np.where(np.arange(n) % 2, 1.0, rng.normal(9, 1, n)),
        "long tail": rng.lognormal(0, 3, n),
    }.items()
}


@pytest.mark.parametrize("name", VALUES)
def test_as_numpy(name: str) -> None:
    values = VALUES[name]
    assert middle(values) == np.median(values)
    for share in (0.0, 0.002, 0.5, 0.98, 0.998, 1.0):
        assert quantile(values, share) == pytest.approx(np.quantile(values, share), rel=1e-6)


def test_counts_do_not_overflow() -> None:
    counts = rng.integers(65_000, 65_536, 5000).astype(np.uint16)
    assert middle(counts) == np.median(counts)


def test_of_a_plane() -> None:
    plane = rng.normal(0, 1, (60, 70)).astype(np.float32)
    assert middle(plane[::2, ::3]) == np.median(plane[::2, ::3])
