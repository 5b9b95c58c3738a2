"""The group of commands, and how an error reaches a person: one line, exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

import fishcount
from fishcount.cli.say import say_error
from fishcount.errors import FishcountError, reason_of

__all__ = ["cli", "main"]

# Command -> module below fishcount.cli; imported when it is called, so that --help is quick.
_COMMANDS = {
    "batch": "Score many cases; resume where it stopped.",
    "classify": "Categories from counts, without images.",
    "info": "What a file holds, and what is wrong with it.",
    "replay": "The reviewed result of a case, from its edit log.",
    "report": "The report as PDF, the tables for a spreadsheet.",
    "review": "Check scored cases in napari; every edit is kept.",
    "schemes": "The schemes that turn counts into categories.",
    "score": "Score the fields of a case into a case folder.",
    "simulate": "Draw a case with exact truth.",
    "verify": "Whether a case folder and its inputs are as they were.",
    "workup": "What a scored case still needs, and what has come in.",
}

# Probes are searched in threads that need the interpreter for short moments only. With Python's own
# turns of 5 ms they wait for each other, which loses half of what a second core could save. This
# holds for the whole process, so a program may set it, and a library should not.
_TURN_S = 2e-4
# Exit code where the reader of the output has gone, as a shell gives it for a broken pipe.
_READER_GONE = 141


class _LazyGroup(click.Group):
    """A group that imports a command when it is called, not when the group is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"fishcount.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(fishcount.__version__, prog_name="fishcount")
def cli() -> None:
    """HER2 FISH images to signals, copies and arithmetic categories.

    For research use only. Not for use in diagnostic procedures.

    Exit code 0 when it is done, 2 for an error, told in one line, 130 when interrupted, 141
    when the reader of the output has gone; `verify` gives 1 where something changed, `batch` 3
    where some cases failed.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what a person did wrong ends in one line and exit code 2."""
    sys.setswitchinterval(_TURN_S)
    try:
        code: Any = cli.main(args=arguments, prog_name="fishcount", standalone_mode=False)
    except click.exceptions.Abort:
        _fail("interrupted", code=130)
    except click.exceptions.NoArgsIsHelpError as error:
        # The message of this exception is the whole help text, so it is printed as it is.
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        see = f"; see {error.ctx.command_path} --help" if error.ctx else ""
        _fail(error.format_message().rstrip(".") + see, code=error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message(), code=error.exit_code if error.exit_code != 1 else 2)
    except FishcountError as error:
        _fail(str(error), code=2)
    except SystemExit as error:
        # At a broken pipe click exits with 1, by which `verify` says that something changed.
        sys.exit(_READER_GONE if error.code == 1 else error.code)
    except BrokenPipeError:
        sys.exit(_READER_GONE)
    except OSError as error:
        # Mostly a full disk behind standard output: files of commands raise an OutputError.
        what = error.filename or "standard output"
        _fail(f"{what}: cannot be written or read: {reason_of(error)}", code=2)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, *, code: int) -> None:
    say_error(message)
    sys.exit(code)
