"""How an error is told: in one line, on standard error."""

from __future__ import annotations

import click

__all__ = ["say_error"]


def say_error(message: str) -> None:
    """Print what went wrong in one line, whatever names of files or foreign texts hold."""
    click.echo(f"fishcount: error: {' '.join(message.split())}", err=True)
