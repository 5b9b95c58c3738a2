"""How stable a category is: settings, single nuclei and single fields that would change it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fishcount.guidelines import Scheme, category_names, find_scheme, leave_one_out, listed_schemes
from fishcount.recount import SKIPPED_FOR_SIGNALS, ScoredNuclei, recount_field, scored_nuclei
from fishcount.results import Category, FieldResult, LeftOut, Variation
from fishcount.scoring import CaseScore
from fishcount.settings import Settings

__all__ = ["left_out", "vary_settings"]

# What a step down and a step up of each setting mean.
_WORDS = {
    "spots.min_score": ("less sure signals count, too", "only surer signals count"),
    "signals.false_per_nucleus": (
        "only surer signals count: half the budget of false ones",
        "less sure signals count, too: twice the budget of false ones",
    ),
    "signals.min_share_of_typical": (
        "fainter signals count, too",
        "only brighter signals count",
    ),
    "signals.split_gap_diameters": (
        "only closer pairs are merged",
        "pairs farther apart are merged, too",
    ),
}


@dataclass(frozen=True, slots=True)
class _Change:
    """One setting that differs."""

    setting: str
    value: float | tuple[str, ...]
    words: str

    def of(self, settings: Settings) -> Settings:
        """`settings` with it."""
        section, key = self.setting.split(".")
        part = getattr(settings, section).model_copy(update={key: self.value})
        return settings.model_copy(update={section: part})


def vary_settings(
    fields: Sequence[FieldResult],
    *,
    settings: Settings,
    schemes: Iterable[str | Scheme] | None = None,
    ihc: str | None = None,
) -> tuple[Variation, ...]:
    """The case counted again, with one of the settings that matter changed at a time.

    The cut of the score, the least brightness and the merging gap go a step down and up; a budget
    of false signals, in place of the cut, to half and twice. Nuclei of doubtful outline are let in,
    out-of-focus and saturated ones left out, and those that were skipped for their signals are let
    in. `settings.stability` says how far. Nothing is searched anew: what never was a candidate
    stays out.

    Parameters
    ----------
    fields
        Results of `fishcount.score_field`, with the same probes; at least one.
    settings
        Those that the fields were scored with.
    schemes, ihc
        As for `fishcount.score_case`.

    Returns
    -------
    tuple of Variation
        In a fixed order.
    """
    schemes = listed_schemes(schemes)

    def varied(change: _Change) -> Variation:
        other = change.of(settings)
        nuclei = scored_nuclei([recount_field(one, was=settings, settings=other) for one in fields])
        score = _sums(nuclei)
        categories = category_names(
            score.n_scored,
            score.her2_signals,
            score.cep17_signals,
            ihc=ihc,
            areas=score.areas,
            nucleus_counts=nuclei.pair,
            schemes=schemes,
            settings=settings.scoring,
        )
        return Variation(
            setting=change.setting,
            value=change.value,
            words=change.words,
            score=score,
            categories=MappingProxyType(categories),
        )

    return tuple(varied(change) for change in _changes(settings))


def left_out(
    nuclei: ScoredNuclei,
    categories: Iterable[Category],
    *,
    settings: Settings,
    schemes: Iterable[str | Scheme] | None = None,
    ihc: str | None = None,
) -> tuple[LeftOut, ...]:
    """Single nuclei and fields that decide the category, for each scheme that reads sums.

    Parameters
    ----------
    nuclei
        The scored nuclei of the case.
    categories
        Of the case; secondary ones are passed over.
    settings, schemes, ihc
        As for `vary_settings`.

    Returns
    -------
    tuple of LeftOut
        One for each scheme, in the order of `categories`.
    """
    own = {one.id: one for one in schemes or () if isinstance(one, Scheme)}
    result = []
    for category in categories:
        scheme = own.get(category.scheme) or find_scheme(category.scheme)
        if "SECONDARY" in category.flags or scheme.reads_single_nuclei:
            continue
        result.append(_left_out(nuclei, scheme, settings=settings, ihc=ihc))
    return tuple(result)


def _left_out(
    nuclei: ScoredNuclei, scheme: Scheme, *, settings: Settings, ihc: str | None
) -> LeftOut:
    found = leave_one_out(
        nuclei.her2["best"],
        None if nuclei.cep17 is None else nuclei.cep17["best"],
        field=nuclei.field,
        scheme=scheme,
        ihc=ihc,
        settings=settings.scoring,
    )
    deciding, fields = found.deciding_nuclei, found.deciding_fields
    return LeftOut(
        scheme=scheme.id,
        category=found.category,
        nuclei=tuple(
            (nuclei.fields[field], int(nucleus), str(category))
            for field, nucleus, category in zip(
                nuclei.field[deciding],
                nuclei.nucleus[deciding],
                found.without_nucleus[deciding],
                strict=True,
            )
        ),
        fields=tuple(
            (nuclei.fields[int(field)], str(category))
            for field, category in zip(
                found.fields[fields], found.without_field[fields], strict=True
            )
        ),
    )


def _changes(settings: Settings) -> Iterator[_Change]:
    step, budget = settings.stability, settings.signals.false_per_nucleus
    steps: dict[str, tuple[float, float]] = {
        "spots.min_score": (settings.spots.min_score, step.min_score_step),
        "signals.min_share_of_typical": (
            settings.signals.min_share_of_typical,
            step.min_share_step,
        ),
        "signals.split_gap_diameters": (settings.signals.split_gap_diameters, step.split_gap_step),
    }
    if budget is not None:
        # With a budget, no fixed score decides.
        del steps["spots.min_score"]
        setting = "signals.false_per_nucleus"
        for factor, words in zip((0.5, 2.0), _WORDS[setting], strict=True):
            yield _Change(setting, budget * factor, words)
    for setting, (value, by) in steps.items():
        for sign, words in zip((-1, 1), _WORDS[setting], strict=True):
            # Rounded, so that the number in the files is the one that a person would write.
            moved = round(value + sign * by, 6)
            bounded = moved if setting == "spots.min_score" else max(moved, 0.0)
            if bounded != value:
                yield _Change(setting, bounded, words)
    yield from _selections(settings)


def _selections(settings: Settings) -> Iterator[_Change]:
    reject, step = settings.selection.reject, settings.stability

    def without(codes: Iterable[str]) -> tuple[str, ...]:
        return tuple(code for code in reject if code not in codes)

    more = tuple(code for code in step.stricter if code not in reject)
    selections: dict[str, tuple[str, ...]] = {
        "more nuclei are left out: a stricter selection": (*reject, *more),
        "more nuclei are scored: a laxer selection": without(step.laxer),
        "nuclei without signals, or of one colour, are scored, too": without(SKIPPED_FOR_SIGNALS),
    }
    for words, codes in selections.items():
        if codes != reject:
            yield _Change("selection.reject", codes, words)


def _sums(nuclei: ScoredNuclei) -> CaseScore:
    her2, cep17 = nuclei.her2["best"], nuclei.cep17
    return CaseScore(
        n_scored=len(nuclei),
        her2_signals=int(her2.sum()),
        cep17_signals=None if cep17 is None else int(cep17["best"].sum()),
        areas=nuclei.n_areas,
    )
