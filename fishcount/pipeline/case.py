"""From the fields of a case to its score and its categories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from fishcount.errors import CountError, InputError, SettingsError, check_kind
from fishcount.guidelines import Scheme, listed_schemes
from fishcount.image import FishImage
from fishcount.pipeline.duplicates import check_different
from fishcount.pipeline.field import score_field
from fishcount.recount import (
    case_findings,
    classify_nuclei,
    fields_together,
    score_nuclei,
    scored_nuclei,
    selection_of,
)
from fishcount.results import CaseResult, FieldResult
from fishcount.scoring import heterogeneity
from fishcount.settings import COUNTING_SECTIONS, Settings
from fishcount.slide import Slide
from fishcount.stability import left_out, vary_settings

__all__ = ["score_case"]


def score_case(
    fields: Iterable[FishImage | Slide | FieldResult],
    *,
    name: str = "case",
    ihc: str | None = None,
    faint_staining: bool = False,
    schemes: Iterable[str | Scheme] | None = None,
    settings: Settings | None = None,
) -> CaseResult:
    """Pool the scored nuclei of all fields and classify the case under every scheme.

    Fields tell each other what each shows too little of: clusters of a field without single
    signals are estimated with those of the others, and nuclei of fields with fewer than ten are
    too small or too large beside those of all.

    Parameters
    ----------
    fields
        Images, or results of `score_field` where it has been called already. Of fields with the
        same name the later ones get a number, so that tables tell them apart.
    name
        Name of the case.
    ihc
        IHC score where it is known: "0", "1+", "2+" or "3+".
    faint_staining
        IHC 0 with faint membrane staining in at most 10 % of cells: the HER2-ultralow tag.
    schemes
        Schemes to evaluate, as for `fishcount.classify`; those of the settings when left out.
    settings
        Those with which the results were made, or the defaults, where not given.

    Returns
    -------
    CaseResult
        With no scored nucleus every category is NOT_EVALUABLE, never NEGATIVE.

    Raises
    ------
    CountError
        When there is no field, or the fields do not have the same probes.
    InputError
        When something is not a field, or two fields are the same image: its nuclei would be counted
        twice.
    SchemeError
        For an unknown scheme, or none.
    SettingsError
        When a result was made with other settings of nuclei, signals, quality or selection.

    Examples
    --------
    >>> from fishcount import score_case
    >>> from fishcount.synthetic import simulate_case
    >>> images = [image for image, truth in simulate_case("negative", seed=1, n_fields=2, size=384)]
    >>> case = score_case(images, name="example")
    >>> [category.scheme for category in case.categories][:2]
    ['seed-copies', 'asco-cap-2018-dual']
    """
    check_kind("name", name, str)
    schemes = listed_schemes(schemes)
    fields = _listed(fields)
    settings = _settings_of(fields, settings)
    results = fields_together(
        _scored_fields(fields, case=name, settings=settings), settings=settings
    )
    nuclei, selection = scored_nuclei(results), selection_of(results)
    score = score_nuclei(nuclei, settings=settings.scoring)
    classification = classify_nuclei(
        nuclei,
        score,
        ihc=ihc,
        faint_staining=faint_staining,
        schemes=schemes,
        settings=settings.scoring,
    )
    return CaseResult(
        name=name,
        fields=results,
        score=score,
        categories=classification.categories,
        tags=classification.tags,
        ihc=classification.ihc,
        findings=case_findings(
            classification,
            selection,
            nuclei=nuclei,
            pixel_size_um={one.image.name: one.image.pixel_size_um for one in results},
            settings=settings.scoring,
        ),
        settings=settings,
        variations=vary_settings(results, settings=settings, schemes=schemes, ihc=ihc),
        left_out=left_out(
            nuclei, classification.categories, settings=settings, schemes=schemes, ihc=ihc
        ),
        selection=selection,
        heterogeneity=heterogeneity(*nuclei.pair, field=nuclei.field, yx_px=nuclei.yx_px),
    )


def _listed(
    fields: Iterable[FishImage | Slide | FieldResult],
) -> tuple[FishImage | Slide | FieldResult, ...]:
    if isinstance(fields, FishImage | Slide | FieldResult) or not isinstance(fields, Iterable):
        raise InputError("the fields of a case come in a list", remedy="score_case([field])")
    return tuple(fields)


def _settings_of(
    fields: Sequence[FishImage | Slide | FieldResult], settings: Settings | None
) -> Settings:
    """The settings of a case: what its record says of them must be true of every field."""
    made_with = [
        field.settings
        for field in fields
        if isinstance(field, FieldResult) and field.settings is not None
    ]
    settings = Settings.of(next(iter(made_with), None) if settings is None else settings)
    for other in made_with:
        for section in COUNTING_SECTIONS:
            if getattr(other, section) != getattr(settings, section):
                raise SettingsError(
                    "a field was scored with other settings",
                    field=section,
                    found=repr(getattr(other, section)),
                    expected=repr(getattr(settings, section)),
                    remedy="score it again with those of the case, or leave settings out",
                )
    return settings


def _scored_fields(
    fields: Iterable[FishImage | Slide | FieldResult], *, case: str, settings: Settings
) -> tuple[FieldResult, ...]:
    """Results of all fields, which must have the same probes; at least one."""
    results = tuple(
        field if isinstance(field, FieldResult) else score_field(field, settings=settings)
        for field in fields
    )
    if not results:
        raise CountError("a case needs at least one field", field=case)
    probes = {result.image.probes for result in results}
    if len(probes) > 1:
        raise CountError(
            "the fields of a case must have the same probes",
            field=case,
            found=" and ".join("+".join(names) for names in sorted(probes)),
            remedy="score single-probe and dual-probe fields as cases of their own",
        )
    check_different(results)
    return tuple(_named_apart(results))


def _named_apart(results: Iterable[FieldResult]) -> Iterator[FieldResult]:
    """The same fields, each with a name of its own: a later one of the same name gets a number.

    Names that differ in case only are told apart too, since some file systems do not.
    """
    taken: set[str] = set()
    for result in results:
        base = name = result.image.name
        number = 2
        while name.lower() in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name.lower())
        if name != base:
            result = replace(result, image=replace(result.image, name=name))
        yield result
