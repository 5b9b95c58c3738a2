"""The same answer for any number of threads, and every time."""

import numpy as np

from fishcount import score_field
from fishcount.synthetic import simulate_case

COLUMNS = ("channel", "nucleus", "y_px", "x_px", "snr", "copies", "status", "reason")


def test_threads_and_repeats_change_nothing():
    image, _ = simulate_case("mixed", seed=2, n_fields=1, size=384)[0]
    one, *others = (score_field(image, threads=threads) for threads in (1, 1, 2, 4))
    for other in others:
        np.testing.assert_array_equal(one.nuclei.labels, other.nuclei.labels)
        np.testing.assert_array_equal(one.flags, other.flags)
        for column in COLUMNS:
            np.testing.assert_array_equal(
                getattr(one.counts.signals, column), getattr(other.counts.signals, column)
            )
