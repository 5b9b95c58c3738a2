"""What was counted, the categories, why, and what is still needed: sentences for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fishcount.flags import FLAGS, VOID_FIELD, Finding
from fishcount.guidelines.words import in_words
from fishcount.results import Category
from fishcount.scoring import CaseScore

__all__ = [
    "COMMENTS",
    "GUIDELINE",
    "HEADLINE",
    "NEEDED",
    "RESEARCH_USE",
    "below_minimum",
    "comment_of",
    "doubted_fields",
    "explain",
    "explain_paragraphs",
    "headline",
]

# The guideline in force, of which one scheme fits the assay.
GUIDELINE = ("asco-cap-2018-dual", "asco-cap-2018-single")
# Evaluated whatever the settings list, and shown first, where they fit the assay.
HEADLINE = ("seed-copies", *GUIDELINE)

RESEARCH_USE = "For research use only. Not for use in diagnostic procedures."

# What a category waits for, in words. How many nuclei and areas are enough is a figure of each
# scheme, and stands in the reason of its category.
NEEDED = {
    "more_nuclei": "more scored nuclei",
    "more_areas": "more scored areas",
    "ihc": "an IHC score of the same specimen (0, 1+, 2+ or 3+)",
    "recount": "a second count by another observer who does not know the first, of at least "
    "20 nuclei that include the area of IHC 2+",
    "adjudication": "adjudication by people, because the two counts fall in different groups",
    "dual_probe": "a dual-probe assay",
    "ihc_or_dual_probe": "an IHC score or a dual-probe assay",
    "evaluable_counts": "counts that can be evaluated",
}
# Flags that are comments to a category.
COMMENTS = frozenset({"LIMITED_EVIDENCE", "INSUFFICIENT_DATA", "UNCERTAIN_BENEFIT"})
_SAID_BY_NEED = {"FEW_NUCLEI": "more_nuclei", "ONE_AREA": "more_areas"}
# Findings whose detail is a part of the sentence.
_WITH_DETAIL = (
    "HETEROGENEOUS",
    "SECOND_POPULATION",
    "HALF_OF_NUCLEI",
    "PIXEL_SIZES_DIFFER",
    "FIELDS_OVERLAP",
)
# Flags of fields that ASCO/CAP counts among the reasons not to evaluate.
_NOT_TO_EVALUATE = ("WEAK_SIGNALS", "SIGNALS_OUTSIDE", "AUTOFLUORESCENCE", "OUT_OF_FOCUS")
# How fields were stored or read that bears on every count in them: said beside the result.
_SAID_OF_FIELDS = (
    "LOSSY_COLOUR",
    "CHANNELS_UNUSED",
    "COARSE_PIXELS",
    "UNLIKE_PROBES",
    "UNLIKE_FIELDS",
    "DOUBTFUL_SIZE",
)
# A category this probable needs no sentence on its chances; a chance this small needs none.
_SURE = 0.99
_WORTH_SAYING = 0.01


def comment_of(category: Category) -> str:
    """What stands after a category that the guideline gives with a comment; else nothing.

    Examples
    --------
    >>> from fishcount.guidelines import classify, comment_of
    >>> category = classify(20, 100, 60, ihc="1+", areas=2).under("asco-cap-2018-dual")
    >>> category.category + comment_of(category)
    'NEGATIVE with comment'
    """
    return " with comment" if COMMENTS.intersection(category.flags) else ""


def headline(categories: Sequence[Category], *, also: Sequence[str] = ()) -> tuple[Category, ...]:
    """The categories that stand first.

    Parameters
    ----------
    categories
        Of `classify`.
    also
        Schemes beside `seed-copies` and ASCO/CAP 2018 for the assay that was done, which are always
        there, together: `ScoringSettings.headline`.
    """
    heads = [c for c in categories if c.scheme in HEADLINE]
    first = [category for category in heads if "SECONDARY" not in category.flags]
    more = [c for c in categories if c.scheme in also and c not in first]
    return (*first, *more)


def explain(
    score: CaseScore,
    categories: Sequence[Category],
    *,
    ihc: str | None = None,
    tags: Sequence[str] = (),
    findings: Sequence[Finding] = (),
    doubts: Mapping[str, Sequence[str]] | None = None,
    also: Sequence[str] = (),
) -> str:
    """One paragraph about a case, for people.

    Parameters
    ----------
    score
        Sums and intervals of the case.
    categories
        Of `classify`; those of the headline schemes are told, or all where none is among them.
    ihc, tags, findings
        Of `classify`.
    doubts
        Flags of each field, by its name: those that took it out are told, and those that ASCO/CAP
        counts among the reasons not to evaluate a field.
    also
        Further schemes of the headline, as in `headline`.

    Returns
    -------
    str
        Without line breaks; it ends in the sentence about research use and says nothing about
        therapy.

    Examples
    --------
    >>> from fishcount.guidelines import classify, explain
    >>> from fishcount.scoring import CaseScore
    >>> result = classify(20, 80, 40, ihc="2+", areas=2)
    >>> score = CaseScore(n_scored=20, her2_signals=80, cep17_signals=40, areas=2)
    >>> print(explain(score, result.categories, ihc="2+").split(". ")[1])
    The arithmetic category under scheme seed-copies, edition 2025-04-10, is “equivocal”: mean HER2
    80/20 >= 2 and <= 4
    """
    return " ".join(
        explain_paragraphs(
            score, categories, ihc=ihc, tags=tags, findings=findings, doubts=doubts, also=also
        )
    )


def explain_paragraphs(
    score: CaseScore,
    categories: Sequence[Category],
    *,
    ihc: str | None = None,
    tags: Sequence[str] = (),
    findings: Sequence[Finding] = (),
    doubts: Mapping[str, Sequence[str]] | None = None,
    also: Sequence[str] = (),
) -> tuple[str, ...]:
    """The sentences of `explain` in paragraphs: the counts, each category, what is needed.

    Parameters are those of `explain`.
    """
    shown = headline(categories, also=also) or tuple(categories)
    return (
        _counted(score, ihc),
        *(" ".join([_category(one), *_sureness(one)]) for one in shown),
        " ".join(
            [
                *(f"The tag {tag} stands beside the category." for tag in tags),
                _needed(shown),
                *_advice(shown, findings),
                *_doubted(doubts or {}),
                RESEARCH_USE,
            ]
        ),
    )


def _counted(score: CaseScore, ihc: str | None) -> str:
    if not score.n_scored:
        return "No nucleus could be scored, so nothing was counted. That is not a negative result."
    where = {None: "an unknown number of areas", 1: "1 area"}.get(
        score.areas, f"{score.areas} areas"
    )
    nuclei = "1 nucleus was" if score.n_scored == 1 else f"{score.n_scored} nuclei were"
    figures = [
        f"{score.her2_signals} HER2 signal{'' if score.her2_signals == 1 else 's'}"
        + _figure(score, "mean_her2_per_nucleus", "copies per nucleus")
    ]
    if score.cep17_signals is not None:
        figures.append(
            f"{score.cep17_signals} CEP17 signal{'' if score.cep17_signals == 1 else 's'}"
            + _figure(score, "mean_cep17_per_nucleus", "per nucleus")
        )
    text = f"{nuclei} scored in {where}: {' and '.join(figures)}"
    ratio = _figure(score, "her2_cep17_ratio", "").strip(", ")
    if ratio:
        text += f"; the HER2/CEP17 ratio of sums is {ratio}"
    return f"{text}; IHC {ihc}." if ihc else f"{text}; IHC is not known."


def _figure(score: CaseScore, name: str, unit: str) -> str:
    value = getattr(score, name)
    if value is None:
        return ""
    text = f", {value:.2f} {unit}".rstrip()
    if name in score.intervals_95:
        low, high = score.intervals_95[name]
        text += f" (95 % interval {low:.2f} to {high:.2f})"
    return text


def _category(category: Category) -> str:
    group = f", group {category.group}" if category.group else ""
    comment = comment_of(category)
    return in_words(
        f"The arithmetic category under scheme {category.scheme}, edition {category.edition}, is "
        f"{category.category}{comment}{group}: {category.reason}."
    )


def _sureness(category: Category) -> Iterator[str]:
    """What speaks for another category, and what would make it so."""
    likely = max(category.probability.values(), default=0.0)
    if category.probability and likely <= _SURE:
        shares = [
            f"{100 * share:.0f} % {name}"
            for name, share in category.probability.items()
            if share >= _WORTH_SAYING
        ]
        given = (
            "With enough nuclei and areas, the chances would be"
            if below_minimum(category)
            else "Allowing for the uncertainty of the count, the chances are"
        )
        yield in_words(f"{given} {_listed(shares)}{_more(category)}.")
    if category.change:
        yield in_words(f"{category.change}.")


def below_minimum(category: Category) -> bool:
    """Whether the scheme asks for more nuclei or areas before it decides.

    Examples
    --------
    >>> from fishcount.guidelines import below_minimum, classify
    >>> below_minimum(classify(19, 100, 60).under("asco-cap-2018-dual"))
    True
    """
    return bool({"more_nuclei", "more_areas"}.intersection(category.needs))


def _listed(parts: Sequence[str]) -> str:
    """The parts in a row: "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _more(category: Category) -> str:
    if category.more_nuclei is None:
        return "; even 500 further nuclei would not settle it"
    if not category.more_nuclei:
        return ""
    many = (
        "1 further nucleus"
        if category.more_nuclei == 1
        else f"{category.more_nuclei} further nuclei"
    )
    return f"; about {many} like these would bring that of another category under 5 %"


def _needed(shown: Sequence[Category]) -> str:
    """What the categories wait for, each once."""
    needs = dict.fromkeys(need for category in shown for need in category.needs)
    if any(category.category == "NOT_EVALUABLE" for category in shown):
        return f"Still needed: {NEEDED['evaluable_counts']}."
    if not needs:
        return "By their own rules, these categories need nothing further."
    return f"Still needed: {'; '.join(NEEDED[need] for need in needs)}."


def _advice(shown: Sequence[Category], findings: Sequence[Finding]) -> Iterator[str]:
    """What was noticed beside the categories, except where a need says the same."""
    needs = {need for category in shown for need in category.needs}
    for finding in findings:
        if _SAID_BY_NEED.get(finding.code) in needs:
            continue
        sentence = FLAGS[finding.code].sentence
        told_apart = finding.detail and finding.code in _WITH_DETAIL
        yield f"{sentence[:-1]}: {finding.detail}." if told_apart else sentence


def doubted_fields(fields: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Fields that were left out, or that a person may have to leave out, as sentences.

    Parameters
    ----------
    fields
        Codes of the flags of each field.

    Examples
    --------
    >>> from fishcount.guidelines import doubted_fields
    >>> for sentence in doubted_fields({"a": ["WEAK_SIGNALS"], "b": []}):
    ...     print(sentence)
    By the criteria of ASCO/CAP, a (weak signals) may not be evaluable: look at it before the
    categories are used.
    """
    void, reasons = (
        {
            name: ", ".join(FLAGS[code].name for code in codes if code in flags)
            for name, flags in fields.items()
        }
        for codes in (VOID_FIELD, _NOT_TO_EVALUATE)
    )
    left_out = [f"{name} ({why})" for name, why in void.items() if why]
    if left_out:
        yield (
            f"{_listed(left_out)} could not be measured: nothing in "
            f"{'it' if len(left_out) == 1 else 'them'} was scored."
        )
    doubtful = [f"{name} ({why})" for name, why in reasons.items() if why and not void[name]]
    if doubtful:
        yield (
            f"By the criteria of ASCO/CAP, {_listed(doubtful)} may not be evaluable: look at "
            f"{'it' if len(doubtful) == 1 else 'them'} before the categories are used."
        )


def _doubted(fields: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The same, and what else is said of single fields."""
    yield from doubted_fields(fields)
    for code in _SAID_OF_FIELDS:
        named = [name for name, flags in fields.items() if code in flags]
        if named:
            yield f"{_listed(named)}: {FLAGS[code].sentence}"
