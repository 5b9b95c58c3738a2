"""Takes the pictures of the report that the README and the documentation show.

It scores a sample case, makes copies of its report that show one section each, and lets Chromium
draw them without a window::

    python docs/take_report_screenshots.py [--browser chromium]
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fishcount.cli.main import main as fishcount

ROOT = Path(__file__).resolve().parent.parent
IMAGES = Path(__file__).parent / "images"
CASE = sorted((ROOT / "sample_images" / "group4").glob("*.ome.tif"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
COLOURS = 128


@dataclass(frozen=True)
class Shot:
    """A picture: which part of the report, and how much of it."""

    name: str
    shown: str
    width: int = 1100
    height: int = 700


# A selector of what is left standing; everything beside the way to it is hidden.
SHOTS = (
    Shot("report", "header.top, nav, #result", height=622),
    Shot("report_groups", "#categories .plane, #categories .groups", width=1360, height=560),
    Shot("report_field", "#fields", height=900),
    Shot("report_nuclei", "#nuclei", height=736),
)

# Hides every sibling of what is shown and of its ancestors.
SHOW_ONLY = """
const kept = new Set();
for (const one of document.querySelectorAll(%r)) {
  for (let node = one; node; node = node.parentElement) kept.add(node);
  for (const inner of one.querySelectorAll("*")) kept.add(inner);
}
for (const node of document.body.querySelectorAll("*"))
  if (!kept.has(node) && kept.has(node.parentElement)) node.style.display = "none";
for (const node of document.querySelectorAll("section"))
  Object.assign(node.style, {marginTop: 0, paddingTop: "8px", borderTop: 0});
"""


def browser_of(named: str | None) -> str:
    """The browser that was named, or the first that is installed."""
    for name in [named] if named else BROWSERS:
        if path := shutil.which(name):
            return path
    raise SystemExit(f"no browser: {named or ', '.join(BROWSERS)}")


def score(folder: Path) -> str:
    """Score the sample case; its report as text."""
    out = folder / "group4"
    try:
        fishcount(["score", *map(str, CASE), "--out", str(out), "--ihc", "2+"])
    except SystemExit as ended:
        if ended.code:
            raise
    return (out / "report.html").read_text(encoding="utf-8")


def only(report: str, shown: str) -> str:
    """The report with nothing but what is to be shown."""
    # The page allows its own script only, and this one is not its own.
    report = re.sub(r"<meta[^>]*Content-Security-Policy[^>]*>", "", report, flags=re.IGNORECASE)
    script = f"<script>{SHOW_ONLY % shown}</script>"
    return report.replace("</body>", f"{script}</body>")


def take(browser: str, page: Path, shot: Shot) -> None:
    """Let the browser draw a page, cut off what is empty, and save it small."""
    target = page.with_suffix(".png")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--no-first-run", "--disable-background-networking", "--disable-sync",
                "--disable-component-update", f"--user-data-dir={profile}",
                f"--screenshot={target}", f"--window-size={shot.width},{shot.height}",
                page.as_uri(),
            ],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    image = Image.open(target).convert("RGB")
    image = image.crop((0, 0, image.width, min(last_drawn_row(image) + 16, image.height)))
    # A palette holds what there is to see, in a third of the bytes.
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(
        IMAGES / f"{shot.name}.png", optimize=True
    )


def last_drawn_row(image: Image.Image) -> int:
    """The last row that is not of one colour."""
    pixels = np.asarray(image)
    drawn = (pixels != pixels[:, :1]).any(axis=(1, 2))
    return int(np.flatnonzero(drawn)[-1]) if drawn.any() else image.height - 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser")
    chosen = browser_of(parser.parse_args().browser)
    with tempfile.TemporaryDirectory() as folder:
        report = score(Path(folder))
        for shot in SHOTS:
            page = Path(folder) / f"{shot.name}.html"
            page.write_text(only(report, shot.shown), encoding="utf-8")
            take(chosen, page, shot)
