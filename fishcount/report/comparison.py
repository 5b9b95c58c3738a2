"""A batch of cases on one page: a row for each, sortable, with links to the reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

import fishcount
from fishcount.errors import InputError
from fishcount.guidelines import GUIDELINE, RESEARCH_USE
from fishcount.records import category_of
from fishcount.report.content import CategoryRow, headline, needs_of
from fishcount.report.page import asset, csp_hash, environment
from fishcount.report.pixels import data_uri
from fishcount.report.plane import draw_plane_of_cases
from fishcount.report.wording import flag_name, flag_sentence, interval

__all__ = ["CaseRow", "render_comparison"]

# The ratio strip runs from 0 to this ratio; what lies beyond is put on its end.
_STRIP_TOP = 6.0


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case in words; what does not exist is None."""

    number: int
    name: str
    link: str
    thumbnail: str
    seed: CategoryRow | None
    guideline: CategoryRow | None
    needs: tuple[str, ...]
    n_scored: int | None
    n_found: int
    n_fields: int
    mean_her2: float | None
    mean_cep17: float | None
    ratio: float | None
    ratio_low: float | str
    ratio_interval: str
    strip: tuple[float, ...]
    flags: tuple[tuple[str, str], ...]
    settings_sha256: str
    problem: str = ""

    @property
    def verdicts(self) -> tuple[CategoryRow, ...]:
        """The headline categories that it has."""
        return tuple(verdict for verdict in (self.seed, self.guideline) if verdict is not None)


def render_comparison(
    cases: Sequence[Mapping[str, Any]],
    *,
    links: Sequence[str] = (),
    thumbnails: Sequence[bytes] = (),
    title: str = "Cases",
) -> str:
    """One page for a batch of cases, without any outside reference but the links.

    Parameters
    ----------
    cases
        The content of each ``summary.json``; a key that is absent leaves its cell empty. Of a
        case without a result, ``problem`` says why; it is shown in its row.
    links
        Path of each report from this page, such as ``"case_1/report.html"``; none leaves the
        names without links. Anything but a path becomes one.
    thumbnails
        A small JPEG of each case, as ``thumbnail.jpg`` of its folder; empty where there is none.
    title
        Heading of the page.

    Returns
    -------
    str
        HTML; a page without rows when there are no cases.

    Raises
    ------
    InputError
        When there are links or thumbnails, but not one for each case.

    Examples
    --------
    >>> from fishcount.report import render_comparison
    >>> page = render_comparison(
    ...     [{"case": "a", "n_scored": 20, "her2_cep17_ratio": 2.5}], links=["a/report.html"])
    >>> '<a href="a/report.html">a</a>' in page
    True
    """
    for name, given in (("links", links), ("thumbnails", thumbnails)):
        if given and len(given) != len(cases):
            found = f"{len(given)} for {len(cases)} cases"
            raise InputError("one for each case", field=name, found=found)
    rows = [
        _row(number, case, link, thumbnail)
        for number, (case, link, thumbnail) in enumerate(
            zip(cases, links or [""] * len(cases), thumbnails or [b""] * len(cases), strict=True),
            start=1,
        )
    ]
    plane = draw_plane_of_cases((str(row.number), row.mean_her2, row.ratio, {}) for row in rows)
    script = asset("comparison.js")
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            title=title,
            rows=rows,
            tallies=_tallies(rows),
            plane=plane if plane.points else None,
            one_setting=len({row.settings_sha256 for row in rows if row.settings_sha256}) <= 1,
            research_use=RESEARCH_USE,
            version=fishcount.__version__,
            style=Markup(asset("report.css")),
            script=Markup(script),
            script_hash=csp_hash(script),
        )
    )


def _row(number: int, case: Mapping[str, Any], link: str, thumbnail: bytes) -> CaseRow:
    verdicts = headline(category_of(record) for record in case.get("categories", ()))
    seed, guideline = _of(verdicts, ("seed-copies",)), _of(verdicts, GUIDELINE)
    fields = case.get("fields", ())
    ratio = case.get("her2_cep17_ratio")
    span = case.get("intervals_95", {}).get("her2_cep17_ratio")
    codes = dict.fromkeys(
        [*case.get("flags", ()), *(code for field in fields for code in field.get("flags", ()))]
    )
    return CaseRow(
        number=number,
        name=str(case.get("case", "")),
        link=quote(link),
        thumbnail=data_uri(thumbnail, "image/jpeg") if thumbnail else "",
        seed=seed,
        guideline=guideline,
        needs=needs_of(verdict for verdict in (seed, guideline) if verdict is not None),
        n_scored=case.get("n_scored"),
        n_found=sum(field.get("n_nuclei", 0) for field in fields),
        n_fields=len(fields),
        mean_her2=case.get("mean_her2_per_nucleus"),
        mean_cep17=case.get("mean_cep17_per_nucleus"),
        ratio=ratio,
        ratio_low=span[0] if span else "",
        ratio_interval=interval(span),
        strip=() if ratio is None else tuple(map(_on_strip, (ratio, *(span or ())))),
        flags=tuple((flag_name(code), flag_sentence(code)) for code in codes),
        settings_sha256=str(case.get("settings_sha256", "")),
        problem=str(case.get("problem", "")),
    )


def _of(verdicts: Iterable[CategoryRow], schemes: Sequence[str]) -> CategoryRow | None:
    return next((verdict for verdict in verdicts if verdict.scheme in schemes), None)


def _on_strip(ratio: float) -> float:
    return round(100 * min(ratio, _STRIP_TOP) / _STRIP_TOP, 1)


def _tallies(rows: Sequence[CaseRow]) -> list[tuple[str, list[tuple[CategoryRow, int]]]]:
    """How many cases are in each category, for each headline scheme."""
    seen: dict[str, dict[str, CategoryRow]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for verdict in (verdict for row in rows for verdict in row.verdicts):
        seen.setdefault(verdict.name, {}).setdefault(verdict.code, verdict)
        counts[verdict.name, verdict.code] += 1
    return [
        (name, sorted(((v, counts[name, code]) for code, v in found.items()), key=lambda t: -t[1]))
        for name, found in seen.items()
    ]
