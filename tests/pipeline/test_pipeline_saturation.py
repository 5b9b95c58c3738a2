"""Nuclei that a saturated probe channel touches say so; the others do not."""

import dataclasses

import numpy as np

from fishcount import score_field
from fishcount.flags import codes_of
from fishcount.synthetic import simulate_case


def test_nuclei_with_pixels_at_the_limit_are_flagged():
    image, _ = simulate_case("negative", seed=1, n_fields=1, size=384)[0]
    plain = score_field(image, threads=1)
    assert not any("SATURATED" in codes_of(mask) for mask in plain.flags)

    chosen = plain.nuclei.labels == 3
    pixels = image.pixels.astype(np.uint16)
    pixels[image.channels.index("HER2"), :, chosen] = 65535
    bright = score_field(
        dataclasses.replace(image, pixels=pixels), labels=plain.nuclei.labels, threads=1
    )

    assert [f.detail for f in bright.findings if f.code == "SATURATED_CHANNEL"] == ["HER2"]
    flagged = [i for i, mask in enumerate(bright.flags, 1) if "SATURATED" in codes_of(mask)]
    assert flagged == [3]
