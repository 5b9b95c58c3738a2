"""What a scheme file holds: who published it, what it needs, and its rules as intervals."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from fishcount.flags import FLAGS, Subject
from fishcount.guidelines.interval import Interval
from fishcount.guidelines.tally import Measure, Tally
from fishcount.settings import ScoringSettings

__all__ = ["IHC_SCORES", "UNKNOWN_IHC", "Rule", "Scheme"]

IHC_SCORES = ("0", "1+", "2+", "3+")
UNKNOWN_IHC = "unknown"

CategoryName = Literal[
    "POSITIVE",
    "EQUIVOCAL",
    "NEGATIVE",
    "AMPLIFIED",
    "NOT_AMPLIFIED",
    "NEEDS_IHC",
    "NEEDS_DUAL_PROBE",
    "NEEDS_IHC_OR_DUAL_PROBE",
]
Ihc = Literal["unknown", "0", "1+", "2+", "3+"]


def _as_interval(value: object) -> Interval:
    if isinstance(value, Interval):
        return value
    if isinstance(value, str):
        return Interval.parse(value)
    raise ValueError("must be text like '>= 4.0, < 6.0'")


IntervalField = Annotated[Interval, BeforeValidator(_as_interval)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Rule(_Model):
    """One line of a decision table: where it applies, and the category it gives."""

    category: CategoryName = Field(description="The category it gives.")
    group: Annotated[int, Field(ge=1)] | None = Field(None, description="Group of the guideline.")
    her2_cep17_ratio: IntervalField | None = Field(None, description="Sum of HER2 / sum of CEP17.")
    mean_her2_per_nucleus: IntervalField | None = Field(None, description="HER2 per nucleus.")
    mean_cep17_per_nucleus: IntervalField | None = Field(None, description="CEP17 per nucleus.")
    share_of_nuclei: IntervalField | None = Field(
        None, description="Share of nuclei whose own ratio fulfils `nucleus_ratio`."
    )
    ihc: tuple[Ihc, ...] = Field(
        (UNKNOWN_IHC, *IHC_SCORES),  # type: ignore[arg-type]
        description="IHC scores for which it applies; all when left out.",
        min_length=1,
    )
    variant: str | None = Field(None, description="The variant of the scheme it belongs to.")
    recount: bool = Field(
        False, description="It stands only when a blinded recount gives the same group."
    )
    flags: tuple[str, ...] = Field((), description="Case flags that go with the category.")
    note: str = Field("", description="Added to the reason.")

    @field_validator("flags")
    @classmethod
    def _known_flags(cls, flags: tuple[str, ...]) -> tuple[str, ...]:
        for code in flags:
            if code not in FLAGS or FLAGS[code].subject is not Subject.CASE:
                raise ValueError(f"not a flag of cases: {code!r}")
        return flags

    @model_validator(mode="after")
    def _compares_something(self) -> Self:
        if not self.intervals:
            raise ValueError("a rule must compare at least one figure")
        if self.recount and self.group is None:
            raise ValueError("a rule with a recount needs a group to compare")
        return self

    @cached_property
    def intervals(self) -> dict[Measure, Interval]:
        """The intervals that all have to hold, by measure."""
        found = {measure: getattr(self, measure.value) for measure in Measure}
        return {measure: interval for measure, interval in found.items() if interval is not None}

    @property
    def needs_cep17(self) -> bool:
        """Whether it compares anything that exists in a dual-probe assay only."""
        return any(measure is not Measure.MEAN_HER2 for measure in self.intervals)

    def holds(self, tally: Tally) -> Any:
        """Whether the counts fall under this rule, whatever the IHC; a bool or a bool array."""
        result: Any = True
        for measure, interval in self.intervals.items():
            quotient = tally.quotient(measure)
            if quotient is None:
                return False
            result = result & interval.holds(*quotient)
        return result


class Scheme(_Model):
    """A scheme: a decision table with its source.

    Read one with `read_scheme` or `builtin_schemes`, which also refuse gaps and overlaps.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")] = Field(
        description="Identifier, as in results."
    )
    name: str = Field(description="Name for people.")
    edition: str = Field(description="Edition or year.")
    citation: str = Field(description="Where it was published.")
    source: str = Field("", description="What the source says, in one line of our own words.")
    probes: Literal["any", "single", "dual"] = Field(
        description="The assay it is for: 'any' needs HER2 only and is never secondary."
    )
    order: int = Field(1000, description="Place in the list of results.")
    min_nuclei: Annotated[int, Field(ge=0)] = Field(
        0, description="With fewer scored nuclei the category is INDETERMINATE."
    )
    min_areas: Annotated[int, Field(ge=0)] = Field(
        0, description="With a known, smaller number of areas the category is INDETERMINATE."
    )
    her2_low: bool = Field(False, description="Whether its NEGATIVE carries the HER2-low tag.")
    nucleus_ratio: IntervalField | None = Field(
        None, description="Which nuclei `share_of_nuclei` counts, by their own ratio."
    )
    option: Literal["two_copies"] | None = Field(
        None, description="The scoring setting that chooses the variant."
    )
    variants: tuple[str, ...] = Field((), description="Values of that setting.")
    comments: tuple[str, ...] = Field((), description="What a reader should know.")
    defects: tuple[str, ...] = Field((), description="Known defects of the scheme.")
    rule: tuple[Rule, ...] = Field(min_length=1, description="The decision table.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.option is None) != (not self.variants):
            raise ValueError("option and variants go together")
        for rule in self.rule:
            if rule.variant is not None and rule.variant not in self.variants:
                raise ValueError(f"unknown variant {rule.variant!r}")
            if rule.share_of_nuclei is not None and self.nucleus_ratio is None:
                raise ValueError("share_of_nuclei needs nucleus_ratio")
            if self.probes != "dual" and rule.needs_cep17:
                raise ValueError(f"a scheme with probes = {self.probes!r} cannot use CEP17")
        return self

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """The figures that its rules compare."""
        return tuple(m for m in Measure if any(m in rule.intervals for rule in self.rule))

    @property
    def reads_single_nuclei(self) -> bool:
        """Whether a rule reads the nuclei one by one, so that sums do not decide."""
        return Measure.SHARE in self.measures

    def variant(self, settings: ScoringSettings) -> str | None:
        """The variant that `settings` choose; None for a scheme that has none."""
        return None if self.option is None else str(getattr(settings, self.option))

    def rules(self, variant: str | None) -> tuple[Rule, ...]:
        """The decision table of one variant."""
        return tuple(rule for rule in self.rule if rule.variant in (None, variant))
