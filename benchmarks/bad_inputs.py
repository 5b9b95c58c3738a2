"""Table of the forty bad inputs: class, message, seconds and peak memory of each.

Each input is read in a process of its own; memory is the peak over that of an idle one.
Run: ``python benchmarks/bad_inputs.py [--json FILE]``.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from fishcount import read_image
from fishcount.errors import FishcountError
from fishcount.quality import image_findings

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "io"))

from bad_inputs import CASES, Case

FORK = multiprocessing.get_context("fork")


def measure(case: Case, path: object, folder: str) -> dict[str, object]:
    """Read one input; called in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    try:
        image = read_image(path, **case.options)
        findings = [*image.findings, *image_findings(image)]
        kind, message = "read", "; ".join(f.code for f in findings) or "exact values"
        right = case.error is None and (not case.match or case.match in message)
    except FishcountError as error:
        kind = type(error).__name__
        message = str(error).replace(f"{folder}/", "").replace(folder, "FOLDER")
        right = case.error is not None and isinstance(error, case.error)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "number": case.number,
        "name": case.name,
        "class": kind,
        "message": message,
        "seconds": round(seconds, 3),
        "peak_mib": round((after - before) / 1024, 1),
        "right": right,
    }


def in_own_process(case: Case) -> dict[str, object]:
    """Build one input here, read it in a fork, whose peak of memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = case.build(Path(folder))
        receiver, sender = FORK.Pipe(duplex=False)
        child = FORK.Process(target=lambda: sender.send(measure(case, path, folder)))
        child.start()
        child.join(60)
        return receiver.recv()


def main() -> None:
    rows = []
    for case in CASES:
        row = in_own_process(case)
        rows.append(row)
        print(
            f"| {row['number']} | {row['name']} | {row['class']} | {row['message']} "
            f"| {row['seconds']:.2f} | {row['peak_mib']:.0f} | {'yes' if row['right'] else 'NO'} |",
            flush=True,
        )
    numbers = {row["number"] for row in rows}
    wrong = {row["number"] for row in rows if not row["right"]}
    print(
        f"{len(numbers - wrong)} of {len(numbers)} right, slowest "
        f"{max(row['seconds'] for row in rows):.2f} s, most memory "
        f"{max(row['peak_mib'] for row in rows):.0f} MiB"
    )
    if "--json" in sys.argv:
        Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
