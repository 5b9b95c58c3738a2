"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fishcount.errors import ChannelError
from fishcount.image import ROLES

if TYPE_CHECKING:
    from fishcount.settings import Settings

__all__ = [
    "IHC",
    "image_fields",
    "image_options",
    "on_terminal",
    "parse_assignments",
    "parse_roles",
    "print_json",
    "roles_of_file",
    "settings_of",
    "settings_options",
]

Command = TypeVar("Command", bound=Callable[..., Any])

IHC = click.Choice(["0", "1+", "2+", "3+"])

_IMAGE_OPTIONS = (
    click.option(
        "--channel",
        "channels",
        multiple=True,
        metavar="ROLE=WHAT",
        help="Which channel is DAPI, HER2 or CEP17: its name or number (from 0) in the "
        "file; or, without FIELD, a grey file of its own. Repeat for each role, and for "
        "each field in order.",
    ),
    click.option(
        "--rgb",
        metavar="COLOUR=ROLE,...",
        help="What the colours of a merged picture show: red=HER2,green=CEP17,blue=DAPI.",
    ),
    click.option(
        "--pixel-size-um",
        type=float,
        metavar="UM",
        help="Edge of a pixel in the sample, where the file does not say.",
    ),
    click.option(
        "--z-step-um",
        type=float,
        metavar="UM",
        help="Distance of planes, where the file does not say.",
    ),
    click.option(
        "--axes",
        metavar="AXES",
        help="Order of the axes, such as ZCYX, where the file does not say.",
    ),
    click.option(
        "--offset-counts",
        type=float,
        metavar="N",
        help="Added to signed pixels, so that none is negative.",
    ),
    click.option(
        "--series",
        type=int,
        metavar="N",
        help="Which image of a file that holds several (from 0).",
    ),
)

_SETTINGS_OPTIONS = (
    click.option(
        "--scheme-file",
        "scheme_files",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A scheme of your own, as TOML, beside the built-in ones; repeat for more.",
    ),
    click.option(
        "--settings",
        "settings_file",
        type=click.Path(path_type=Path),
        help="Settings as TOML.",
    ),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="SECTION.KEY=VALUE",
        help="One setting, such as spots.min_snr=6; repeat for more.",
    ),
)


def image_options(command: Command) -> Command:
    """Options that say what the pixels of a file are."""
    return _with(command, _IMAGE_OPTIONS)


def settings_options(command: Command) -> Command:
    """Options that say how a case is scored: settings, and schemes of one's own."""
    return _with(command, _SETTINGS_OPTIONS)


def _with(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    """A command with options, which its help shows in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def parse_assignments(texts: Iterable[str], *, option: str) -> list[tuple[str, str]]:
    """``["DAPI=a.tif"]`` to ``[("DAPI", "a.tif")]``."""
    pairs = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key or not value:
            raise ChannelError("not an assignment", field=option, found=text, expected="KEY=VALUE")
        pairs.append((key.strip(), value.strip()))
    return pairs


def parse_roles(texts: Iterable[str]) -> list[tuple[str, str]]:
    """``--channel`` values as (role, what) pairs; roles in any case."""
    pairs = []
    for key, value in parse_assignments(texts, option="--channel"):
        role = key.upper()
        if role not in ROLES:
            raise ChannelError(
                "unknown role", field="--channel", found=key, expected=" or ".join(ROLES)
            )
        pairs.append((role, value))
    return pairs


def roles_of_file(texts: Iterable[str]) -> dict[str, str] | None:
    """``--channel`` values as role -> channel of a file; None where there are none."""
    return _mapping(parse_roles(texts), option="--channel", what="a role") or None


def image_fields(options: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `image_options`, all but ``--channel``, as `fishcount.read_image` takes them.

    ``red=HER2,green=CEP17`` of ``--rgb`` becomes colour -> role; None stays None.
    """
    rgb = options["rgb"]
    if rgb:
        pairs = parse_assignments(rgb.split(","), option="--rgb")
        rgb = _mapping(pairs, option="--rgb", what="a colour")
    return {**options, "rgb": rgb or None}


def _mapping(pairs: list[tuple[str, str]], *, option: str, what: str) -> dict[str, str]:
    """Pairs as a mapping; a key that is there twice is an error, not the last one."""
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ChannelError(
            f"{what} is given twice",
            field=option,
            found=", ".join(f"{key}={value}" for key, value in pairs),
            remedy="give each once",
        )
    return mapping


def settings_of(file: Path | None, assignments: Iterable[str]) -> Settings:
    """Settings of ``--settings`` and ``--set``; the defaults where there are none."""
    from fishcount.settings import Settings, read_settings, with_overrides

    return with_overrides(read_settings(file) if file else Settings(), assignments)


def on_terminal() -> bool:
    """Whether a person may be watching standard error; it can be closed, as under a scheduler."""
    return sys.stderr is not None and sys.stderr.isatty()


def print_json(record: Any) -> None:
    """Print a record for a program: JSON without NaN, indented."""
    import json

    click.echo(json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False))
