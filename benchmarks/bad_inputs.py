"""Table of the forty bad inputs: class, message, seconds and peak memory of each.

    python -m benchmarks.bad_inputs [--out FILE.md]

Each input is read in a process of its own; memory is the peak over that of an idle one. The inputs
are those of ``tests/io/bad_inputs.py``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common.report import RESULTS, made_by, markdown_table, write_report
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


def main(arguments: list[str] | None = None) -> None:
    """Read them all, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS / "bad_inputs.md")
    given = parser.parse_args(arguments)
    measured = [in_own_process(case) for case in CASES]
    numbers = {row["number"] for row in measured}
    wrong = {row["number"] for row in measured if not row["right"]}
    told = (
        f"{len(numbers - wrong)} of {len(numbers)} kinds are refused or flagged as they should be; "
        f"the slowest took {max(row['seconds'] for row in measured):.2f} s, the largest "
        f"{max(row['peak_mib'] for row in measured):.0f} MiB beyond an idle process."
    )
    table = markdown_table(
        [
            {
                "#": row["number"],
                "input": row["name"],
                "class": row["class"],
                "message": str(row["message"]).replace("|", r"\|"),
                "s": row["seconds"],
                "MiB": f"{row['peak_mib']:.0f}",
                "right": "yes" if row["right"] else "NO",
            }
            for row in measured
        ]
    )
    print(table, told, sep="\n\n")
    note = (
        'Some kinds come in several forms. "read" means that the run goes on with the flags that '
        f"stand in place of a message. {made_by('bad_inputs', arguments)}"
    )
    write_report(given.out, "# Bad inputs", told, note, table)


if __name__ == "__main__":
    main()
