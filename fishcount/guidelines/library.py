"""Reading scheme files, and refusing those whose table has a gap or an overlap."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from importlib import resources
from itertools import pairwise, product
from pathlib import Path

from pydantic import ValidationError

from fishcount.errors import SchemeError
from fishcount.guidelines.scheme import IHC_SCORES, UNKNOWN_IHC, Rule, Scheme
from fishcount.guidelines.tally import Measure
from fishcount.models import read_toml_text

__all__ = ["builtin_schemes", "find_scheme", "parse_scheme", "read_scheme"]

_ALL_IHC = (UNKNOWN_IHC, *IHC_SCORES)
# Only the first faults of a file are named; the others are mostly the same fault again.
_FAULTS_SHOWN = 3


def builtin_schemes() -> dict[str, Scheme]:
    """The schemes that come with fishcount, by identifier, in the order they are shown.

    Examples
    --------
    >>> from fishcount.guidelines import builtin_schemes
    >>> list(builtin_schemes())[:2]
    ['seed-copies', 'asco-cap-2018-dual']
    """
    # A caller may change what it was given.
    return dict(_builtin_schemes())


@cache
def _builtin_schemes() -> dict[str, Scheme]:
    folder = resources.files("fishcount.guidelines") / "schemes"
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    schemes = [parse_scheme(file.read_text(encoding="utf-8"), file=file.name) for file in files]
    return {scheme.id: scheme for scheme in sorted(schemes, key=lambda scheme: scheme.order)}


def find_scheme(name: str) -> Scheme:
    """The built-in scheme with this identifier.

    Raises
    ------
    SchemeError
        When there is none; the message lists those that there are.

    Examples
    --------
    >>> from fishcount.guidelines import find_scheme
    >>> scheme = find_scheme("asco-cap-2018-dual")
    >>> scheme.min_nuclei, scheme.min_areas
    (20, 2)
    """
    schemes = _builtin_schemes()
    if not isinstance(name, str) or name not in schemes:
        raise SchemeError("unknown scheme", found=repr(name), expected=", ".join(schemes))
    return schemes[name]


def read_scheme(path: str | Path) -> Scheme:
    '''Read a scheme of your own from a TOML file.

    Raises
    ------
    SchemeError
        When the file cannot be read, is malformed, or its table has a gap or an overlap; the
        message names points that fall in no category or in two.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fishcount.guidelines import read_scheme
    >>> file = Path(tempfile.mkdtemp()) / "mine.toml"
    >>> _ = file.write_text("""
    ... id = "mine"
    ... name = "Six copies"
    ... edition = "1"
    ... citation = "our laboratory"
    ... probes = "any"
    ... rule = [
    ...     {category = "POSITIVE", mean_her2_per_nucleus = ">= 6"},
    ...     {category = "NEGATIVE", mean_her2_per_nucleus = "< 6"},
    ... ]
    ... """)
    >>> read_scheme(file).id
    'mine'
    '''
    text = read_toml_text(path, what="a scheme", error=SchemeError)
    return parse_scheme(text, file=str(path))


def parse_scheme(text: str, *, file: str) -> Scheme:
    """A scheme from TOML text; `file` is what errors call it. Raises as `read_scheme`."""
    try:
        scheme = Scheme.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SchemeError(f"is not TOML: {error}", file=file) from error
    except ValidationError as error:
        faults = "; ".join(
            f"{_place(fault['loc'])}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        )
        raise SchemeError(faults, file=file) from error
    faults_found = list(_faults(scheme))
    if faults_found:
        shown = "; ".join(faults_found[:_FAULTS_SHOWN])
        more = len(faults_found) - _FAULTS_SHOWN
        raise SchemeError(shown + (f"; and {more} more" if more > 0 else ""), file=file)
    return scheme


def _place(keys: tuple[int | str, ...]) -> str:
    """Where a fault of a file is; rules are numbered from 1, as people count them."""
    return " ".join(str(key + 1) if isinstance(key, int) else key for key in keys) or "scheme"


def _faults(scheme: Scheme) -> Iterator[str]:
    """Points that do not fall under exactly one rule, each with the IHC scores that it concerns.

    All comparisons are with constants, so the table is the same everywhere between two
    neighbouring thresholds: testing each threshold and one point of each stretch between them
    is a proof, not a sample.
    """
    variants: tuple[str | None, ...] = scheme.variants or (None,)
    for variant in variants:
        rules = scheme.rules(variant)
        axes = [_points(rules, measure) for measure in scheme.measures]
        for values in product(*axes):
            point = dict(zip(scheme.measures, values, strict=True))
            wrong: dict[tuple[int, ...], list[str]] = {}
            for ihc in _ALL_IHC:
                numbers = _falls_under(scheme, rules, point, ihc)
                if len(numbers) != 1:
                    wrong.setdefault(numbers, []).append(ihc)
            for numbers, scores in wrong.items():
                yield _fault(point, scores, variant, numbers)


def _falls_under(
    scheme: Scheme, rules: tuple[Rule, ...], point: dict[Measure, Fraction], ihc: str
) -> tuple[int, ...]:
    """Numbers of the rules that hold at a point."""
    return tuple(
        scheme.rule.index(rule) + 1
        for rule in rules
        if ihc in rule.ihc
        and all(
            interval.holds(point[measure].numerator, point[measure].denominator)
            for measure, interval in rule.intervals.items()
        )
    )


def _fault(
    point: dict[Measure, Fraction],
    scores: list[str],
    variant: str | None,
    numbers: tuple[int, ...],
) -> str:
    where = ", ".join(f"{measure.words} {float(value):g}" for measure, value in point.items())
    if len(scores) < len(_ALL_IHC):
        where += f", IHC {' or '.join(scores)}"
    where += f", variant {variant}" if variant else ""
    if not numbers:
        return f"gap: {where} falls in no category"
    return f"overlap: {where} falls under rules {' and '.join(map(str, numbers))}"


def _points(rules: tuple[Rule, ...], measure: Measure) -> list[Fraction]:
    """Zero, every threshold of `measure`, and a point in each stretch between and beyond them."""
    found = {
        bound.value
        for rule in rules
        for bound in (rule.intervals[measure].bounds if measure in rule.intervals else ())
    }
    edges = sorted(found | {Fraction(0)})
    between = [(low + high) / 2 for low, high in pairwise(edges)]
    return sorted([*edges, *between, edges[-1] + 1])
