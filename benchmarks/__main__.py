"""All benchmarks that need nothing but this repository, and the outside phantoms where given.

    python -m benchmarks

Writes Markdown to ``benchmarks/results``. The variable FISHCOUNT_DATA may name a folder with
outside images; its ``phantoms`` are measured too.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks import (
    batch,
    counts,
    memory_and_file,
    nuclei,
    phantoms,
    report_page,
    saturation,
    scale,
    speed,
    spots,
)

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def main() -> None:
    """Run everything."""
    speed.main([])
    phantoms.main([str(HERE.parent / "sample_images"), "--out", str(RESULTS / "sample_images.md")])
    outside = Path(os.environ.get("FISHCOUNT_DATA", "")) / "phantoms"
    if os.environ.get("FISHCOUNT_DATA") and outside.is_dir():
        phantoms.main([str(outside), "--out", str(RESULTS / "phantoms.md")])
        nuclei.main([str(outside), "--speed", "--out", str(RESULTS / "nuclei.md")])
        counts.main([str(outside), "--out", str(RESULTS / "counts.md")])
        real = outside.parent / "real" / "spots"
        also = ["--real", str(real)] if real.is_dir() else []
        spots.main([str(outside), *also, "--speed", "--out", str(RESULTS / "spots.md")])
    saturation.main([])
    batch.main([])
    scale.main([])
    memory_and_file.main([])
    report_page.main([])


if __name__ == "__main__":
    main()
