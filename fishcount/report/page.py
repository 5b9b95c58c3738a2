"""The report of one case as a single HTML page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

import fishcount
from fishcount.guidelines import RESEARCH_USE
from fishcount.image import PROBES
from fishcount.io import CaseFolder
from fishcount.records import CASE_FIGURES
from fishcount.report import content, quality, wording
from fishcount.report.fields import FieldPicture, field_pictures
from fishcount.report.gallery import draw_cards
from fishcount.report.histogram import Histogram, draw_histogram
from fishcount.report.plane import draw_plane
from fishcount.report.review import ReviewNote, review_note, unwritten_lines
from fishcount.report.saturation import draw_saturation
from fishcount.report.second_reading import SecondReading, second_reading
from fishcount.report.shown import ShownCase
from fishcount.report.sources import show_folder, show_result
from fishcount.report.stability import stability_of
from fishcount.report.thresholds import group_rows, scheme_note
from fishcount.results import CaseResult

__all__ = [
    "asset",
    "csp_hash",
    "css_string",
    "draw_pictures",
    "environment",
    "fingerprint",
    "render_folder",
    "render_report",
    "render_reviewed",
    "render_shown",
]

# All channels of all fields together, as text in the page; thumbnails come on top.
_PICTURE_BUDGET_BYTES = 4_500_000


def render_report(case: CaseResult, *, provenance: Mapping[str, Any] | None = None) -> str:
    """The report of a case as one HTML page without any outside reference.

    Parameters
    ----------
    case
        The result to show. Cases without nuclei, without scored nuclei, without CEP17 and
        z-stacks (shown as maximum over planes) are all drawn.
    provenance
        What made the result, as it stands in ``provenance.json``; nested mappings become rows.

    Returns
    -------
    str
        HTML. Pictures, styles and the script are inside; the page forbids itself every
        request. All text that comes from files is escaped.

    Examples
    --------
    >>> from fishcount import score_case
    >>> from fishcount.report import render_report
    >>> from fishcount.synthetic import simulate_case
    >>> images = [image for image, truth in simulate_case("negative", seed=1, n_fields=1, size=256)]
    >>> page = render_report(score_case(images, name="example"))
    >>> "<title>" in page, "http://" in page.split("<body")[0]
    (True, False)
    """
    return render_shown(show_result(case, provenance=provenance))


def render_folder(folder: str | Path | CaseFolder) -> str:
    """The report of a case folder, made again from its files.

    Parameters
    ----------
    folder
        A case folder, or where it lies, automatic or reviewed. Where readers have worked in it,
        the page says who did what, and puts the automatic beside the reviewed result.

    Returns
    -------
    str
        As `render_report`. A field whose image is no longer there is drawn without it, and the
        page says so.

    Raises
    ------
    InputError, MetadataError
        As `fishcount.io.read_case_folder`.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> from fishcount.report import render_folder
    >>> page = render_folder(example_case())
    >>> "For research use only" in page
    True
    """
    folder = CaseFolder.of(folder)
    return render_reviewed(show_folder(folder), folder)


def render_reviewed(case: ShownCase, folder: CaseFolder) -> str:
    """The page of a case folder that was made ready for it, with what readers did in it."""
    return render_shown(
        case,
        review=review_note(folder),
        n_unwritten=unwritten_lines(folder),
        second=second_reading(folder),
    )


def draw_pictures(case: ShownCase) -> tuple[FieldPicture, ...]:
    """The pictures of all fields, as small as a page of them must be."""
    return field_pictures(case.fields, budget_bytes=_PICTURE_BUDGET_BYTES)


def render_shown(
    case: ShownCase,
    *,
    review: ReviewNote | None = None,
    n_unwritten: int = 0,
    second: SecondReading | None = None,
    pictures: Sequence[FieldPicture] | None = None,
) -> str:
    """The page of a case that was made ready for it; `pictures` where they were drawn already.

    `n_unwritten` lines of its log are not in the reviewed result yet.
    """
    pictures = draw_pictures(case) if pictures is None else pictures
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            case=case,
            roles=case.roles,
            measures=content.measures(case),
            doubted=content.doubted(case),
            paragraphs=content.paragraphs(case),
            histograms=_histograms(case, case.roles),
            pictures=pictures,
            findings=quality.finding_rows(case),
            fields=quality.field_rows(case, case.roles),
            expected_false=quality.expected_false(case.summary),
            saturation=draw_saturation(case),
            stability=stability_of(case),
            review=review,
            n_unwritten=n_unwritten,
            second=second,
            provenance=content.provenance_rows(case.provenance),
            **_frame(case),
            **_verdicts(case),
            **_nuclei(case, pictures),
        )
    )


def _frame(case: ShownCase) -> dict[str, Any]:
    """The parts around the content: style, script, and of which case and settings the page is."""
    script = asset("report.js")
    return {
        "research_use": RESEARCH_USE,
        "version": fishcount.__version__,
        "fingerprint": fingerprint(case),
        "settings_sha256": case.settings.sha256(),
        "settings_toml": case.settings.to_toml(),
        "style": Markup(asset("report.css")),
        "script": Markup(script),
        "script_hash": csp_hash(script),
    }


def _verdicts(case: ShownCase) -> dict[str, Any]:
    """The categories, what they rest on, and where the case lies between their borders."""
    rows = content.category_rows(case.categories)
    head = content.headline(case.categories, also=case.settings.scoring.headline)
    group = next((row.group for row in rows if row.scheme == "asco-cap-2018-dual"), None)
    return {
        "head": head,
        "rows": rows,
        "notes": {row.scheme: scheme_note(row.scheme, case.settings.scoring) for row in rows},
        "groups": group_rows("asco-cap-2018-dual"),
        "group": group,
        "likely": any(row.probability for row in rows),
        "needs": content.needs_of(head),
        "plane": draw_plane(case.score, group=group) if "CEP17" in case.roles else None,
    }


def _nuclei(case: ShownCase, pictures: Sequence[FieldPicture]) -> dict[str, Any]:
    """A card for each nucleus, by what cards can be chosen, and what was left out."""
    cards = draw_cards(case.fields, pictures)
    return {
        "cards": cards,
        "flags": sorted({flag for card in cards for flag in card.flags}),
        "reasons": sorted({(card.reason, card.reason_name) for card in cards if card.reason}),
        "reviews": [
            status
            for status in ("accepted", "rejected", "edited")
            if any(card.review == status for card in cards)
        ],
        "excluded_nuclei": quality.excluded_nuclei(case.fields),
        "excluded_signals": quality.excluded_signals(case.fields, case.roles),
    }


@cache
def environment() -> jinja2.Environment:
    """Templates of the package; everything that is put into them is escaped."""
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("fishcount.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    env.globals["figures"] = CASE_FIGURES
    env.filters["number"] = wording.number
    env.filters["css_string"] = css_string
    env.filters["small"] = wording.small
    return env


def fingerprint(case: ShownCase) -> str:
    """One hash for a case: over the hashes of its images, in order, its settings and its review.

    Equal images, settings and edits have equal fingerprints; it stands on every printed page.
    """
    parts = [*(str(field.record["sha256"]) for field in case.fields), case.settings.sha256()]
    parts += [str(case.summary["review"]["log_sha256"])] if "review" in case.summary else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def css_string(text: str) -> Markup:
    r"""Text as a CSS string in quotes; every character that could end it is escaped.

    Examples
    --------
    >>> from fishcount.report.page import css_string
    >>> print(css_string('a"</style>'))
    "a\22 \3c \2f style\3e "
    """
    safe = (
        char if char.isascii() and (char.isalnum() or char in " .-_") else f"\\{ord(char):x} "
        for char in text
    )
    return Markup('"' + "".join(safe) + '"')


def _histograms(case: ShownCase, roles: tuple[str, ...]) -> list[Histogram]:
    score = case.score
    copies = {role: case.scored_copies(role).astype(np.float64) for role in roles}
    means = {"HER2": score.mean_her2_per_nucleus, "CEP17": score.mean_cep17_per_nucleus}
    drawn = [
        draw_histogram(
            values,
            title=f"{role} copies per nucleus",
            x_label=f"{role} copies",
            role=role.lower(),
            whole=True,
            mean=means[role],
            mean_text=f"mean {wording.number(means[role])}",
        )
        for role, values in copies.items()
    ]
    if len(copies) == len(PROBES):
        countable = copies["CEP17"] > 0
        ratio = score.her2_cep17_ratio
        drawn.append(
            draw_histogram(
                copies["HER2"][countable] / copies["CEP17"][countable],
                title="HER2/CEP17 ratio of each nucleus",
                x_label="ratio",
                role="ratio",
                whole=False,
                mean=ratio,
                mean_text=f"ratio of sums {wording.number(ratio)}",
            )
        )
    return drawn


def asset(name: str) -> str:
    """Text of a file of the package, to be put into a page."""
    return (files("fishcount.report") / "templates" / name).read_text(encoding="utf-8")


def csp_hash(script: str) -> str:
    """What a page must say to let this script run, and no other."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
