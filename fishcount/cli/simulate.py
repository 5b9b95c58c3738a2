"""`fishcount simulate`: draw a case with exact truth."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import click

from fishcount.errors import OutputError, reason_of

__all__ = ["command"]

# Files that this command writes; it replaces no others.
_OWN = re.compile(r"field_\d+\.ome\.tif|truth/field_\d+_(labels\.tif|nuclei\.csv|spots\.csv)")


@click.command("simulate")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to be written.")
@click.option(
    "--case",
    default="negative",
    show_default=True,
    help="Kind of case: negative, equivocal, amplified, scattered, polysomy, monosomy, "
    "coamplified, heterogeneous or mixed.",
)
@click.option(
    "--snr",
    default="medium",
    show_default=True,
    help="Signal over noise: easy, medium, hard, or a number.",
)
@click.option(
    "--fields",
    "n_fields",
    type=click.IntRange(1, 1000),
    default=2,
    show_default=True,
    help="Number of fields.",
)
@click.option(
    "--size",
    type=click.IntRange(64, 16384),
    default=768,
    show_default=True,
    help="Height and width of a field in pixels.",
)
@click.option(
    "--planes",
    "n_planes",
    type=click.IntRange(1, 200),
    default=1,
    show_default=True,
    help="Number of z planes.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Another number draws another case of the same kind.",
)
@click.option("--overwrite", is_flag=True, help="Replace the drawn fields of an earlier call.")
def command(
    out: Path,
    case: str,
    snr: str,
    n_fields: int,
    size: int,
    n_planes: int,
    seed: int,
    overwrite: bool,
) -> None:
    """Draw the fields of a case, with every copy, position and outline known.

    The folder holds field_N.ome.tif and truth/; the same options draw the same pixels.
    """
    from fishcount.synthetic import simulate_case, write_case

    earlier = _earlier(out, overwrite=overwrite)
    drawn = simulate_case(case, seed=seed, n_fields=n_fields, size=size, n_planes=n_planes, snr=snr)
    was_there = out.exists()
    try:
        for path in earlier:
            path.unlink()
        paths = write_case(out, drawn)
    except BaseException as error:
        _remove_part(out, keep_folder=was_there)
        if isinstance(error, OSError):
            raise OutputError(f"cannot be written: {reason_of(error)}", file=out) from error
        raise
    for path in paths:
        click.echo(path)


def _remove_part(out: Path, *, keep_folder: bool) -> None:
    """Remove what was written of a case: half of it would be scored as all of it."""
    folders = [out / "truth", *([] if keep_folder else [out])]
    with suppress(OSError):
        for path in _earlier(out, overwrite=True):
            path.unlink()
        for folder in folders:
            folder.rmdir()


def _earlier(out: Path, *, overwrite: bool) -> list[Path]:
    """Files of an earlier call that are to be replaced; a folder that holds others is not."""
    if not out.exists():
        return []
    if not out.is_dir():
        raise OutputError("is a file", file=out, expected="a folder that is not there yet")
    try:
        # Not recursively: the folder may be the root of a disk.
        inside = sorted(out.iterdir())
        truth = sorted((out / "truth").iterdir()) if (out / "truth").is_dir() else []
    except OSError as error:
        raise OutputError(f"cannot be read: {reason_of(error)}", file=out) from error
    files = [path for path in (*inside, *truth) if path != out / "truth" or not path.is_dir()]
    names = [path.relative_to(out).as_posix() for path in files]
    strangers = [name for name in names if not _OWN.fullmatch(name)]
    if strangers:
        raise OutputError(
            "holds more than drawn fields, so it is not replaced",
            file=out,
            found=", ".join(strangers[:3]),
            remedy="choose another folder with --out",
        )
    if files and not overwrite:
        raise OutputError("exists already", file=out, remedy="give --overwrite to replace it")
    return files
