"""All benchmarks that need nothing but this repository, and the outside phantoms where given.

    python -m benchmarks

Writes Markdown and plots to ``benchmarks/results``. The variable FISHCOUNT_DATA may name a folder
with outside images: its ``phantoms``, and the nuclei and spots in ``real``, are measured. Without
them nuclei, signals and counts are measured on fields of our own simulator, on pages of their own.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from benchmarks import (
    bad_inputs,
    batch,
    counts,
    draw_phantoms,
    false_signals,
    memory_and_file,
    nuclei,
    phantoms,
    report_page,
    review,
    saturation,
    scale,
    speed,
    spots,
)
from benchmarks.common.report import RESULTS

HERE = Path(__file__).parent


def main() -> None:
    """Run everything."""
    speed.main([])
    phantoms.main([str(HERE.parent / "sample_images"), "--out", str(RESULTS / "sample_images.md")])
    outside = Path(os.environ.get("FISHCOUNT_DATA", "")) / "phantoms"
    if os.environ.get("FISHCOUNT_DATA") and outside.is_dir():
        phantoms.main([str(outside), "--out", str(RESULTS / "phantoms.md")])
        measure_accuracy(outside, outside.parent / "real")
    else:
        with tempfile.TemporaryDirectory() as folder:
            drawn = Path(folder) / "drawn"
            draw_phantoms.main([str(drawn), "--fields", "1", "--size", "512"])
            measure_accuracy(drawn, Path(folder) / "real", page="drawn_{}.md")
    saturation.main([])
    false_signals.main([])
    batch.main([])
    scale.main([])
    memory_and_file.main([])
    report_page.main([])
    bad_inputs.main([])
    review.main([])


def measure_accuracy(fields: Path, real: Path, *, page: str = "{}.md") -> None:
    """Nuclei, counts and signals of a folder of phantoms, and of real images where they are."""
    nuclei_sets = [str(one) for one in sorted((real / "nuclei").glob("*")) if one.is_dir()]
    spot_sets = ["--real", str(real / "spots")] if (real / "spots").is_dir() else []
    written = {name: str(RESULTS / page.format(name)) for name in ("nuclei", "counts", "spots")}
    nuclei.main([str(fields), *nuclei_sets, "--speed", "--out", written["nuclei"]])
    counts.main([str(fields), "--out", written["counts"]])
    spots.main([str(fields), *spot_sets, "--speed", "--out", written["spots"]])


if __name__ == "__main__":
    main()
