"""What one scheme makes of one case: its category, what that waits for, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fishcount.guidelines.counts import NucleusCounts, Recount, reached_of
from fishcount.guidelines.evaluate import INDETERMINATE, Outcome, Setting, decide
from fishcount.guidelines.scheme import UNKNOWN_IHC, Scheme
from fishcount.guidelines.tally import Tally
from fishcount.settings import ScoringSettings

__all__ = ["Case", "Decision", "decide_case"]

# What is still needed where the category is not a final answer.
_NEEDS: dict[str, tuple[str, ...]] = {
    "NEEDS_IHC": ("ihc",),
    "NEEDS_RECOUNT": ("recount",),
    "NEEDS_DUAL_PROBE": ("dual_probe",),
    "NEEDS_IHC_OR_DUAL_PROBE": ("ihc_or_dual_probe",),
    "ADJUDICATE": ("adjudication",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The checked input of one classification."""

    tally: Tally
    ihc: str | None
    areas: int | None
    nuclei: NucleusCounts | None
    settings: ScoringSettings
    recount: Recount | None = None

    @property
    def dual(self) -> bool:
        """Whether CEP17 was counted."""
        return self.tally.cep17 is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A category, and what it rests on.

    Attributes
    ----------
    category : str
    needs : tuple of str
        What it waits for.
    why : str
        What is below the minimum; empty where nothing is.
    outcome : Outcome
        What the decision table gives, whatever the minimum of nuclei and areas.
    tally : Tally
        What was decided on, with the nuclei that the scheme reads one by one.
    setting : Setting
    """

    category: str
    needs: tuple[str, ...]
    why: str
    outcome: Outcome
    tally: Tally
    setting: Setting

    @property
    def below_minimum(self) -> bool:
        """Whether there are too few nuclei or areas for the category of the table."""
        return self.category != self.outcome.category


def decide_case(scheme: Scheme, case: Case) -> Decision:
    """The category of a case under one scheme, after its recount and the minimum of nuclei."""
    reached, paired = reached_of(case.nuclei, scheme.nucleus_ratio)
    tally = replace(case.tally, reached=reached, paired=paired)
    setting = Setting(
        ihc=case.ihc or UNKNOWN_IHC,
        variant=scheme.variant(case.settings),
        secondary=scheme.probes == "single" and case.dual,
    )
    setting = replace(setting, recount_group=_recount_group(scheme, case.recount, setting))
    outcome = _with_objection(decide(scheme, tally, setting=setting), case.recount)
    category, needs, why = _enough(scheme, outcome, case)
    return Decision(
        category=category, needs=needs, why=why, outcome=outcome, tally=tally, setting=setting
    )


def _recount_group(scheme: Scheme, recount: Recount | None, setting: Setting) -> int | None:
    """The group of the second count; None where there is none that counts."""
    if recount is None or recount.objection or scheme.probes != "dual":
        return None
    rule = decide(scheme, recount.tally, setting=setting).rule
    if rule is None:
        return None
    # A rule without a group never has the group of another.
    return rule.group or 0


def _with_objection(outcome: Outcome, recount: Recount | None) -> Outcome:
    """Say why a recount that is asked for, and given, does not count."""
    if recount is None or outcome.category != "NEEDS_RECOUNT" or not recount.objection:
        return outcome
    return replace(outcome, reason=f"{outcome.reason}; {recount.objection}")


def _enough(scheme: Scheme, outcome: Outcome, case: Case) -> tuple[str, tuple[str, ...], str]:
    """Category, what is needed, and why, once nuclei and areas are compared with the minimum."""
    if outcome.rule is None:
        return outcome.category, (), ""
    needs, why = [], []
    if case.tally.n < scheme.min_nuclei:
        needs.append("more_nuclei")
        why.append(f"{_were(case.tally.n, 'nucleus', 'nuclei')}, fewer than {scheme.min_nuclei}")
    if case.areas is not None and case.areas < scheme.min_areas:
        needs.append("more_areas")
        why.append(f"{_were(case.areas, 'area', 'areas')}, fewer than {scheme.min_areas}")
    if needs:
        return INDETERMINATE, tuple(needs), " and ".join(why)
    return outcome.category, _NEEDS.get(outcome.category, ()), ""


def _were(number: int, one: str, many: str) -> str:
    return f"{number} {one} was scored" if number == 1 else f"{number} {many} were scored"
