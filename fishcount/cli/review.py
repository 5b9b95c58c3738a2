"""`fishcount review`: napari, with cases open for review."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import click

__all__ = ["command"]


@click.command("review")
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR...")
@click.option("--reader", help="Who reads. Default: the user's name.")
@click.option(
    "--second-count",
    is_flag=True,
    help="Count blinded: no first and no automatic counts, a record of its own.",
)
def command(cases: tuple[Path, ...], reader: str | None, second_count: bool) -> None:
    """Open the case folders DIR in napari to review them, one after another.

    Needs the extra fishcount[napari].
    """
    from fishcount.errors import ViewerError, install_remedy
    from fishcount.io import read_case_folder

    for case in cases:
        read_case_folder(case)
    try:
        # The viewer is an extra that the library never imports; this command asks for it by name.
        start = import_module("napari_fishcount.review.start")
    except ImportError as error:
        raise ViewerError(
            "the viewer is not installed",
            found=f"no {error.name or 'napari'}",
            remedy=install_remedy("napari"),
        ) from error
    if not _has_screen():
        raise ViewerError(
            "there is no screen to open a window on",
            found="neither DISPLAY nor WAYLAND_DISPLAY",
            remedy="review on a desktop, or over ssh -X",
        )
    start.run(list(cases), reader=reader, second_count=second_count)


def _has_screen() -> bool:
    """Whether a window can open; without a screen Qt would end the process in the middle."""
    elsewhere = not sys.platform.startswith("linux")
    return elsewhere or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )
