"""The steps put together: from a field to its result, and from fields to a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fishcount.blocks import blocks_of
from fishcount.by_block import find_nuclei, find_spots
from fishcount.channel_checks import inverted_channels, swapped_channels
from fishcount.duplicates import check_different
from fishcount.empty_areas import fill_empty_areas, find_empty_areas
from fishcount.errors import CountError, InputError, MetadataError
from fishcount.field_quality import field_findings
from fishcount.flags import VOID_FIELD, Finding, raise_flag
from fishcount.guidelines import Scheme, classify
from fishcount.image import DAPI, FishImage, Window
from fishcount.image_quality import image_findings, saturated_pixels
from fishcount.nuclei import (
    Nuclei,
    OutlinedNuclei,
    labels_in_pieces,
    nuclei_from_labels,
    segment_nuclei,
    select_nuclei,
)
from fishcount.recount import score_nuclei, scored_nuclei, selection_of, signal_flags
from fishcount.results import CaseResult, FieldResult
from fishcount.scoring import calibration_findings, heterogeneity, selection_findings
from fishcount.settings import Settings
from fishcount.signals import count_signals, signal_findings
from fishcount.slide import Slide
from fishcount.stability import left_out, vary_settings

__all__ = ["score_case", "score_field"]


def score_field(
    image: FishImage | Slide,
    *,
    labels: NDArray[np.integer] | None = None,
    settings: Settings | None = None,
    threads: int = 2,
    on_block: Callable[[int, int], object] = lambda done, n_blocks: None,
) -> FieldResult:
    """Find nuclei and signals of one field and count copies.

    Parameters
    ----------
    image
        DAPI and at least one probe; a plane or a stack. A slide (`fishcount.io.open_slide`) is
        read block by block, and gives what the same pixels in memory give.
    labels
        Your own segmentation (y, x), 0 for background, in place of ours.
    settings
        Defaults where not given.
    threads
        How many steps are done at the same time, such as the search of two probes; the result is
        the same for any number.
    on_block
        Called after each block of a large image with how many are done, and how many there are.

    Returns
    -------
    FieldResult
        Every nucleus and every candidate signal with what became of it. A field without nuclei
        has empty tables and the finding NO_NUCLEI; where a channel is blank or inverted, or two
        are the same or swapped, no nucleus is scored. Nuclei of a slide have outlines in place of
        a label image.

    Raises
    ------
    InputError
        When `image` is no field, such as a path.
    MetadataError
        When `labels` are given for a slide, or have another size than the image.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount import score_field
    >>> from fishcount.synthetic import simulate_case
    >>> image, truth = simulate_case("negative", seed=1, n_fields=1, size=384)[0]
    >>> result = score_field(image)
    >>> bool(result.scored.any())
    True
    >>> result.counts.copies["HER2"].best.shape == (len(result.nuclei),)
    True
    """
    settings = settings or Settings()
    acquired = image
    windows = Slide.of(image).sample_windows()
    areas = find_empty_areas(image, windows)
    if areas is not None:
        image = fill_empty_areas(image, areas)
        # Light ends at the edge of an empty area, which is not what a sample is to show.
        windows = Slide.of(image).sample_windows()
    slide = Slide.of(image)
    sample = slide.sample(windows)
    given = None if labels is None else _labelled(image, labels, settings)
    # The search for spots takes the most memory: it is done before there is a label image.
    spots = find_spots(slide, sample=sample, settings=settings, threads=threads, on_block=on_block)
    nuclei, findings = _nuclei_and_findings(
        image, given, sample=sample, windows=windows, settings=settings, threads=threads
    )
    counts = count_signals(
        spots,
        nuclei,
        pixel_size_um=image.pixel_size_um,
        z_step_um=image.z_step_um,
        settings=settings.signals,
    )
    in_pieces = 0 if labels is None else labels_in_pieces(np.asarray(labels))
    if in_pieces:
        detail = f"{in_pieces} of {len(nuclei)} labels"
        findings.append(Finding("LABELS_IN_PIECES", in_pieces, detail))
    findings += signal_findings(counts, settings=settings.signals)
    findings += field_findings(image, nuclei, counts, windows=windows, settings=settings.quality)
    if not len(nuclei):
        findings.append(Finding("NO_NUCLEI"))
    flags = nuclei.flags | signal_flags(counts.copies, len(nuclei))
    flags = flags | _field_flags(image, nuclei, findings, sample=sample)
    if areas is not None:
        cut, found = areas.cut(nuclei)
        flags = flags | cut
        findings += found
    scored, reject_reason = select_nuclei(flags, settings=settings.selection)
    return FieldResult(
        image=acquired,
        nuclei=nuclei,
        spots=spots,
        counts=counts,
        flags=flags,
        scored=scored,
        reject_reason=reject_reason,
        findings=tuple(findings),
    )


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

    Parameters
    ----------
    fields
        Images, or results of `score_field` where it has been called already.
    name
        Name of the case.
    ihc
        IHC score where it is known: "0", "1+", "2+" or "3+".
    faint_staining
        IHC 0 with faint membrane staining in at most 10 % of cells: the HER2-ultralow tag.
    schemes
        Schemes to evaluate, as for `fishcount.classify`; those of the settings when left out.
    settings
        Defaults where not given.

    Returns
    -------
    CaseResult
        With no scored nucleus every category is NOT_EVALUABLE, never NEGATIVE.

    Raises
    ------
    CountError
        When there is no field, or the fields do not have the same probes.
    InputError
        When something is no field, or two fields are the same image: its nuclei would be counted
        twice.

    Examples
    --------
    >>> from fishcount import score_case
    >>> from fishcount.synthetic import simulate_case
    >>> images = [image for image, truth in simulate_case("negative", seed=1, n_fields=2, size=384)]
    >>> case = score_case(images, name="example")
    >>> [category.scheme for category in case.categories][:2]
    ['seed-copies', 'asco-cap-2018-dual']
    """
    settings = settings or Settings()
    results = _scored_fields(fields, case=name, settings=settings)
    if schemes is not None:
        schemes = (schemes,) if isinstance(schemes, str) else tuple(schemes)
    nuclei, selection = scored_nuclei(results), selection_of(results)
    score = score_nuclei(nuclei, settings=settings.scoring)
    classification = classify(
        score.n_scored,
        score.her2_signals,
        score.cep17_signals,
        ihc=ihc,
        faint_staining=faint_staining,
        areas=score.areas,
        nucleus_counts=nuclei.pair,
        replicates=score.replicates,
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
        findings=(
            *classification.findings,
            *selection_findings(selection, settings=settings.scoring),
            *calibration_findings({one.image.name: one.image.pixel_size_um for one in results}),
        ),
        settings=settings,
        variations=vary_settings(results, settings=settings, schemes=schemes, ihc=ihc),
        left_out=left_out(
            nuclei, classification.categories, settings=settings, schemes=schemes, ihc=ihc
        ),
        selection=selection,
        heterogeneity=heterogeneity(*nuclei.pair, field=nuclei.field, yx_px=nuclei.yx_px),
    )


def _scored_fields(
    fields: Iterable[FishImage | Slide | FieldResult], *, case: str, settings: Settings
) -> tuple[FieldResult, ...]:
    """Results of all fields, which must have the same probes; at least one."""
    if isinstance(fields, FishImage | Slide | FieldResult):
        raise InputError("the fields of a case come in a list", remedy="score_case([field])")
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
    return results


def _labelled(image: FishImage | Slide, labels: NDArray[np.integer], settings: Settings) -> Nuclei:
    if isinstance(image, Slide):
        raise MetadataError(
            "labels cannot be given for a slide",
            file=image.name,
            remedy="read it whole, with fishcount.read_image",
        )
    return nuclei_from_labels(
        labels,
        image.raw(DAPI),
        z_step_um=image.z_step_um,
        roi=image.roi,
        settings=settings.nuclei,
    )


def _nuclei_and_findings(
    image: FishImage | Slide,
    given: Nuclei | None,
    *,
    sample: FishImage,
    windows: Sequence[Window],
    settings: Settings,
    threads: int,
) -> tuple[Nuclei | OutlinedNuclei, list[Finding]]:
    """Nuclei, searched where none are given, and what is wrong with the image and its channels.

    What is asked of the image alone is asked while nuclei are searched.
    """

    def search() -> Nuclei | OutlinedNuclei:
        return _segmented(image, sample, settings) if given is None else given

    with ThreadPoolExecutor(max(1, threads)) as pool:
        searched = pool.submit(search)
        of_image = pool.submit(image_findings, sample)
        inversions = pool.submit(inverted_channels, sample, settings=settings.quality)
    nuclei, inverted = searched.result(), inversions.result()
    findings = [*image.findings, *of_image.result(), *inverted]
    # In inverted DAPI the gaps are taken for nuclei, and points in them say nothing.
    if not any(finding.detail == DAPI for finding in inverted):
        findings += swapped_channels(image, nuclei, windows=windows, settings=settings.quality)
    return nuclei, findings


def _segmented(
    image: FishImage | Slide, sample: FishImage, settings: Settings
) -> Nuclei | OutlinedNuclei:
    if isinstance(image, Slide):
        return find_nuclei(image, sample=sample, settings=settings)
    return segment_nuclei(
        image.raw(DAPI),
        pixel_size_um=image.pixel_size_um,
        z_step_um=image.z_step_um,
        roi=image.roi,
        settings=settings.nuclei,
    )


def _field_flags(
    image: FishImage | Slide,
    nuclei: Nuclei | OutlinedNuclei,
    findings: Sequence[Finding],
    *,
    sample: FishImage,
) -> NDArray[np.uint32]:
    """Flags (n,) that nuclei have because of what was found of their field."""
    flags = np.zeros(len(nuclei), np.uint32)
    codes = {finding.code for finding in findings}
    if "SATURATED_CHANNEL" in codes:
        raise_flag(flags, "SATURATED", _are_saturated(image, nuclei, sample))
    if codes.intersection(VOID_FIELD):
        raise_flag(flags, "FIELD_NOT_EVALUABLE", np.s_[:])
    return flags


def _are_saturated(
    image: FishImage | Slide, nuclei: Nuclei | OutlinedNuclei, sample: FishImage
) -> NDArray[np.bool_]:
    """Which nuclei have a pixel at the camera's limit in any channel, (n,)."""
    touched = np.zeros(len(nuclei) + 1, np.int64)
    for block in blocks_of(image.shape):
        full = saturated_pixels(image, block.core, sample=sample)
        touched += np.bincount(nuclei.labels_in(block.core)[full], minlength=len(touched))
    return np.asarray(touched[1:] > 0, np.bool_)
