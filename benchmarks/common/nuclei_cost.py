"""What nuclei cost: peak memory of the segmentation, and the table against `regionprops_table`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage import measure

from benchmarks.common.cost import peak_mib, processor_seconds
from fishcount.nuclei import segment_nuclei
from fishcount.nuclei.figures.measure import in_centroid_order
from fishcount.nuclei.geometry.shape import measure_shapes

PROPERTIES = ("area", "centroid", "bbox", "eccentricity", "solidity", "mean_intensity")
# Edge of the field and number of nuclei.
TABLES = ((2048, 250), (2048, 1000), (2048, 5000), (8192, 250), (8192, 5000))


def measure_memory(image: NDArray[np.generic], pixel_size_um: float) -> dict[str, object]:
    """Most memory that arrays take during a segmentation, the image itself not counted."""

    def segment() -> None:
        segment_nuclei(image, pixel_size_um=pixel_size_um)

    # What is made once in a process is not counted.
    segment()
    peak = peak_mib(segment)
    return {"peak MiB": peak, "as float32 images": peak * 2**20 / (4 * image.size)}


def measure_tables() -> list[dict[str, object]]:
    """Seconds of processor time of the table of nuclei, ours and that of scikit-image."""
    rng = np.random.default_rng(3)
    rows: list[dict[str, object]] = []
    for size, n in TABLES:
        labels = _disks(size, n)
        plane = rng.random(labels.shape, np.float32)

        def ours(labels: NDArray[np.int32] = labels, plane: NDArray[np.float32] = plane) -> None:
            _, runs = in_centroid_order(labels)
            measure_shapes(runs)
            runs.sum_of(plane)

        def theirs(labels: NDArray[np.int32] = labels, plane: NDArray[np.float32] = plane) -> None:
            measure.regionprops_table(labels, intensity_image=plane, properties=PROPERTIES)

        our_s, their_s = (min(processor_seconds(way) for _ in range(2)) for way in (ours, theirs))
        rows.append(
            {
                "field": size,
                "nuclei": int(labels.max()),
                "fishcount s": our_s,
                "regionprops_table s": their_s,
                "ratio": their_s / our_s,
            }
        )
    return rows


def _disks(size: int, n: int) -> NDArray[np.int32]:
    """A field of about n disks on a square grid, each a third of its cell's area."""
    n_side = round(n**0.5)
    step = size // n_side
    y, x = np.mgrid[:step, :step] - 0.5 * step
    disk = np.hypot(y, x) < 0.33 * step
    labels = np.zeros((size, size), np.int32)
    for k in range(n_side * n_side):
        i, j = divmod(k, n_side)
        labels[i * step : (i + 1) * step, j * step : (j + 1) * step][disk] = k + 1
    return labels
