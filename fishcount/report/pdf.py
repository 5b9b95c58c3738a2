"""A report as PDF: printed by a browser that is on the machine, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from fishcount.errors import InputError, OutputError
from fishcount.io import replace_file

__all__ = ["find_browser", "print_pdf"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "microsoft-edge")
# Only these print what the style sheet puts at the edge of each page: case, hash, page number.
_REMEDY = "install Chromium, Chrome or Edge, or print report.html from any browser"
_SWITCHES = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)


def find_browser() -> str:
    """Path of a browser that prints pages; the first of Chromium, Chrome and Edge.

    Raises
    ------
    OutputError
        When there is none; says what to do.
    """
    for name in _BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return path
    raise OutputError(
        "no browser to print it with", field="--pdf", expected=", ".join(_BROWSERS), remedy=_REMEDY
    )


def print_pdf(html: str | Path, out: str | Path, *, timeout_s: float = 300.0) -> None:
    """Print a page to a PDF file, which is written whole or not at all.

    Parameters
    ----------
    html
        The page, such as ``report.html`` of a case folder.
    out
        The PDF; an earlier one is replaced.
    timeout_s
        The browser is stopped after this many seconds.

    Raises
    ------
    InputError
        When there is no such page.
    OutputError
        When there is no browser, it fails or takes too long, or `out` cannot be written.
    """
    page = Path(html).resolve()
    if not page.is_file():
        raise InputError("no such page", file=page)
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="fishcount_pdf_") as scratch:
        printed = Path(scratch) / "report.pdf"
        command = [
            browser,
            *_SWITCHES,
            f"--user-data-dir={scratch}/profile",
            f"--print-to-pdf={printed}",
            page.as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium does not start for root otherwise
        try:
            done = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OutputError("cannot be printed", file=page, found=str(error)) from error
        data = printed.read_bytes() if printed.is_file() else b""
        if done.returncode or not data.startswith(b"%PDF"):
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise OutputError(
                "cannot be printed",
                file=page,
                found=f"{browser} ended with {done.returncode}: {said[-1] if said else 'no PDF'}",
                remedy=_REMEDY,
            )
    replace_file(out, data)
