"""The command line: parse, call, print. Every command lives in a module of its own."""

from fishcount.cli.main import main

__all__ = ["main"]
