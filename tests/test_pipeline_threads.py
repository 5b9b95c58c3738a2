"""The same answer for any number of threads."""

import numpy as np

from fishcount import score_field
from fishcount.synthetic import simulate_case


def test_threads_change_nothing():
    image, _ = simulate_case("mixed", seed=2, n_fields=1, size=384)[0]
    one, two = (score_field(image, threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(one.nuclei.labels, two.nuclei.labels)
    for column in ("channel", "nucleus", "y_px", "x_px", "snr", "copies", "status", "reason"):
        np.testing.assert_array_equal(
            getattr(one.counts.signals, column), getattr(two.counts.signals, column)
        )
