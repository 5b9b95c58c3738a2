"""`fishcount simulate`: draw a case with exact truth."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from fishcount.errors import OutputError

__all__ = ["command"]


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
@click.option("--overwrite", is_flag=True, help="Replace an existing folder.")
def command(
    out: Path,
    case: str,
    snr: str,
    n_fields: int,
    size: int,
    planes: int,
    seed: int,
    overwrite: bool,
) -> None:
    """Draw the fields of a case, with every copy, position and outline known.

    The folder holds field_N.ome.tif and truth/; the same options draw the same pixels.
    """
    from fishcount.synthetic import simulate_case, write_case

    if out.exists() and not overwrite:
        raise OutputError("exists already", file=out, remedy="give --overwrite to replace it")
    drawn = simulate_case(case, seed=seed, n_fields=n_fields, size=size, planes=planes, snr=snr)
    if out.is_dir():
        shutil.rmtree(out)
    try:
        paths = write_case(out, drawn)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", file=out) from error
    for path in paths:
        click.echo(path)
