"""The one evaluator: counts and IHC to the category of a scheme, with integers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishcount.guidelines.scheme import IHC_SCORES, UNKNOWN_IHC, Rule, Scheme
from fishcount.guidelines.tally import Tally

__all__ = ["INDETERMINATE", "Outcome", "Setting", "categorise", "coded_categories", "decide"]

_NOT_EVALUABLE = "NOT_EVALUABLE"
INDETERMINATE = "INDETERMINATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a scheme takes into account besides the counts.

    Attributes
    ----------
    ihc : str
        "0", "1+", "2+", "3+" or "unknown".
    variant : str or None
        The variant of the scheme.
    secondary : bool
        A single-probe scheme on dual-probe data: it decides on copies alone, or not at all.
    recount_group : int or None
        The group of a recount that counts; None when there is none.
    """

    ihc: str = UNKNOWN_IHC
    variant: str | None = None
    secondary: bool = False
    recount_group: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a decision table: the rule that applies, and the category that it gives."""

    category: str
    rule: Rule | None = None
    flags: tuple[str, ...] = ()
    reason: str = ""


def decide(scheme: Scheme, tally: Tally, *, setting: Setting) -> Outcome:
    """The outcome of `scheme` for one case.

    Parameters
    ----------
    scheme
        A checked scheme.
    tally
        Python integers.
    setting
        IHC and what else stands beside the counts.

    Returns
    -------
    Outcome
        NOT_EVALUABLE, with the reason, where a denominator is zero, a needed count is absent,
        or no HER2 signal was counted at all.
    """
    lacking = _lacking(scheme, tally)
    if lacking:
        return Outcome(category=_NOT_EVALUABLE, reason=lacking)
    rule = next(
        rule
        for rule in scheme.rules(setting.variant)
        if setting.ihc in rule.ihc and rule.holds(tally)
    )
    category, flags, why = _resolve(rule, setting)
    reason = "; ".join(part for part in (_comparison(rule, tally, setting), why, rule.note) if part)
    return Outcome(category=category, rule=rule, flags=flags, reason=reason)


def categorise(scheme: Scheme, tally: Tally, *, setting: Setting) -> NDArray[np.str_]:
    """The category of each of many counts, without a loop over them.

    Parameters
    ----------
    scheme
        A checked scheme.
    tally
        int64 arrays of one length.
    setting
        As for `decide`, the same for all.

    Returns
    -------
    ndarray of str, (n,)
        What `decide` gives for each.
    """
    names, code = coded_categories(scheme, tally, setting=setting)
    return np.array(names, "U24")[code]


def coded_categories(
    scheme: Scheme, tally: Tally, *, setting: Setting
) -> tuple[list[str], NDArray[np.int8]]:
    """The categories of many counts as codes, which are cheaper to tally than names.

    Parameters are those of `categorise`.

    Returns
    -------
    names : list of str
        Each once.
    code : ndarray of int8, (n,)
        Index of the category of each in `names`.
    """
    names = [_NOT_EVALUABLE]
    code = np.zeros(len(tally.n), np.int8)
    evaluable = _evaluable(scheme, tally)
    for rule in scheme.rules(setting.variant):
        if setting.ihc in rule.ihc:
            name = _resolve(rule, setting)[0]
            if name not in names:
                names.append(name)
            code[evaluable & rule.holds(tally)] = names.index(name)
    return names, code


def _resolve(rule: Rule, setting: Setting) -> tuple[str, tuple[str, ...], str]:
    """Category, flags and the reason beyond the comparison."""
    if setting.secondary and set(rule.ihc) != {UNKNOWN_IHC, *IHC_SCORES}:
        return INDETERMINATE, (), "copies alone do not decide here; the dual-probe scheme does"
    if not rule.recount:
        return rule.category, rule.flags, ""
    if setting.recount_group is None:
        return "NEEDS_RECOUNT", (), "a second, blinded count is needed"
    if setting.recount_group != rule.group:
        why = f"the recount gives group {setting.recount_group}: for people to adjudicate"
        return "ADJUDICATE", (), why
    return rule.category, rule.flags, "the recount gives the same group"


def _lacking(scheme: Scheme, tally: Tally) -> str:
    """Why the scheme cannot decide, or nothing."""
    if tally.n == 0:
        return "no nucleus was scored"
    if tally.her2 == 0:
        return "no HER2 signal was counted: did the probe fail?"
    if scheme.probes == "dual" and tally.cep17 is None:
        return "the scheme needs CEP17 counts"
    if scheme.probes == "dual" and tally.cep17 == 0:
        return "no CEP17 signal was counted, so there is no ratio"
    if scheme.reads_single_nuclei and tally.reached is None:
        return "the scheme needs the counts of each nucleus"
    if scheme.reads_single_nuclei and tally.paired == 0:
        return "no nucleus has a ratio of its own"
    return ""


def _evaluable(scheme: Scheme, tally: Tally) -> NDArray[np.bool_]:
    needed: Sequence[Any] = [tally.n, tally.her2]
    if scheme.probes == "dual":
        needed = [*needed, tally.cep17]
    if scheme.reads_single_nuclei:
        needed = [*needed, tally.paired]
    result = np.ones(len(tally.n), np.bool_)
    for column in needed:
        result &= np.zeros_like(result) if column is None else np.asarray(column) > 0
    return result


def _comparison(rule: Rule, tally: Tally, setting: Setting) -> str:
    parts = []
    for measure, interval in rule.intervals.items():
        top, bottom = tally.quotient(measure) or (0, 0)
        parts.append(f"{measure.words} {top}/{bottom} {interval}")
    if set(rule.ihc) != {UNKNOWN_IHC, *IHC_SCORES} and not setting.secondary:
        parts.append(f"IHC {setting.ihc}")
    return " and ".join(parts[:2]) + "".join(f", {part}" for part in parts[2:])
