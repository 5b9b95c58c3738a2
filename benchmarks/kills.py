"""Kill `fishcount score` at random moments, and fill its disk: what is left is whole or absent.

Run: ``python benchmarks/kills.py [N_KILLS]``; 200 where not given. The disk is a file system of
a fixed small size where this machine allows mounting one, else a limit on the size of files.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fishcount.cli import main
from fishcount.errors import FishcountError
from fishcount.io import read_case_folder, verify_case_folder
from fishcount.synthetic import simulate_case, write_image

FORK = multiprocessing.get_context("fork")


def draw_field(folder: Path) -> Path:
    image, _ = simulate_case("negative", seed=1, n_fields=1, size=256)[0]
    return write_image(folder / "field_1.ome.tif", image)


def score(field: Path, out: Path, limit: int | None = None) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    sys.argv = ["fishcount"]
    if limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    main(["score", str(field), "--out", str(out), "--overwrite"])


def run(field: Path, out: Path, *, kill_after_s: float | None = None, limit: int | None = None):
    child = FORK.Process(target=score, args=(field, out, limit))
    start = time.perf_counter()
    child.start()
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    return child.exitcode, time.perf_counter() - start


def contents(out: Path) -> dict[str, bytes]:
    """Bytes of all files, with the times and what follows from them left out."""
    files = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    record = json.loads(files.pop("provenance.json"))
    times = record.pop("times")
    record["outputs"].pop("report.html", None)
    report = files.pop("report.html").decode()
    for moment in times.values():
        report = report.replace(moment, "TIME")
    return {**files, "report.html": report.encode(), "provenance": json.dumps(record).encode()}


def is_whole(out: Path) -> bool:
    try:
        return verify_case_folder(out).ok and bool(read_case_folder(out).summary)
    except FishcountError:
        return False


def fate_of(out: Path) -> str:
    """What a kill has left; an earlier folder that was put away comes back with the next run."""
    if out.exists():
        return "whole" if is_whole(out) else "partial or unreadable"
    return "put away" if out.with_name(f".{out.name}.old").exists() else "absent"


def kills(folder: Path, field: Path, n_kills: int) -> None:
    out = folder / "case"
    run(field, out)
    undisturbed = contents(out)
    seconds = run(field, out)[1]
    rng = np.random.default_rng(0)
    fates = {"absent": 0, "whole": 0, "put away": 0, "partial or unreadable": 0}
    for number in range(n_kills):
        if number % 4 < 2:  # half of the runs start without an earlier folder
            shutil.rmtree(out, ignore_errors=True)
        elif not out.exists():
            run(field, out)
        # Half of the kills fall at any time, half towards the end, where files are written.
        moment = rng.uniform(0, 1.2) if number % 2 else rng.uniform(0.75, 1.15)
        run(field, out, kill_after_s=moment * seconds)
        fates[fate_of(out)] += 1
    code, _ = run(field, out)
    same = contents(out) == undisturbed
    left = sorted(set(os.listdir(folder)) - {"case", "field_1.ome.tif"})
    print(
        f"{n_kills} kills within {1.2 * seconds:.2f} s: {fates}; left beside: {left or 'nothing'}"
    )
    print(f"the run after them: exit code {code}, the same bytes as undisturbed: {same}")


def full_disk(folder: Path, field: Path) -> None:
    small = folder / "small"
    small.mkdir()
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1400k", "tmpfs", str(small)],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
    try:
        out = small / "case"
        run(field, out)
        before = contents(out)
        used = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
        if mounted:
            free = shutil.disk_usage(small).free
            (small / "other").write_bytes(bytes(max(free - used // 2, 0)))
            code, _ = run(field, out)
        else:
            code, _ = run(field, out, limit=max(p.stat().st_size for p in out.rglob("*")) // 2)
        kind = "a small file system" if mounted else "limited files"
        print(
            f"full disk ({kind}): exit code {code}, old folder as it was: "
            f"{contents(out) == before}, left beside: "
            f"{sorted(set(os.listdir(small)) - {'case', 'other'}) or 'nothing'}"
        )
    finally:
        if mounted:
            subprocess.run(["umount", str(small)], check=False)


def run_all() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        field = draw_field(folder)
        kills(folder, field, int(sys.argv[1]) if len(sys.argv) > 1 else 200)
        full_disk(folder, field)


if __name__ == "__main__":
    run_all()
