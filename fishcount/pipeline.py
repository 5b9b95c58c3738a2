"""Composition of the steps, nothing else: a field to its result, fields to a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import CountError
from fishcount.field_quality import field_findings
from fishcount.flags import Finding, mask_of
from fishcount.guidelines import Scheme, classify
from fishcount.image import DAPI, FishImage
from fishcount.nuclei import Nuclei, nuclei_from_labels, segment_nuclei, select_nuclei
from fishcount.quality import image_findings, saturated_pixels
from fishcount.results import CaseResult, FieldResult
from fishcount.scoring import (
    CaseScore,
    SelectionCheck,
    check_selection,
    score_counts,
    selection_findings,
)
from fishcount.settings import Settings
from fishcount.signals import Copies, count_signals, signal_findings
from fishcount.spots import Spots, detect_spots

__all__ = ["score_case", "score_field"]

# A field with one of these cannot be measured: none of its nuclei is scored.
NOT_EVALUABLE = frozenset({"BLANK_CHANNEL", "IDENTICAL_CHANNELS"})
# Reasons of nuclei whose outline is fit: the kit skips them for their signals.
SKIPPED = ("NO_SIGNAL", "ONE_COLOUR")


def score_field(
    image: FishImage,
    *,
    labels: NDArray[np.integer] | None = None,
    settings: Settings | None = None,
    threads: int = 2,
) -> FieldResult:
    """Find nuclei and signals of one field and count copies.

    Parameters
    ----------
    image
        DAPI and at least one probe; a plane or a stack.
    labels
        Your own segmentation (y, x), 0 for background, in place of ours.
    settings
        Defaults where not given.
    threads
        How many probes are searched at the same time; the result is the same for any number.

    Returns
    -------
    FieldResult
        Every nucleus and every candidate signal with what became of it. A field without nuclei
        has empty tables and the finding NO_NUCLEI; where a channel is blank, or two are the
        same, no nucleus is scored.

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
    findings = [*image.findings, *image_findings(image)]
    nuclei = _nuclei(image, labels, settings)
    spots = _spots(image, nuclei, settings, threads=threads)
    counts = count_signals(
        spots,
        nuclei,
        pixel_size_um=image.pixel_size_um,
        z_step_um=image.z_step_um,
        settings=settings.signals,
    )
    findings += signal_findings(counts, settings=settings.signals)
    findings += field_findings(image, nuclei, counts, settings=settings.quality)
    if not len(nuclei):
        findings.append(Finding("NO_NUCLEI"))
    flags = nuclei.flags | _signal_flags(counts.copies, len(nuclei))
    if any(finding.code == "SATURATED_CHANNEL" for finding in findings):
        flags = flags | _saturated_flags(image, nuclei)
    if any(finding.code in NOT_EVALUABLE for finding in findings):
        flags = flags | np.uint32(mask_of(["FIELD_NOT_EVALUABLE"]))
    scored, reject_reason = select_nuclei(flags, settings=settings.selection)
    return FieldResult(
        image=image,
        nuclei=nuclei,
        spots=spots,
        counts=counts,
        flags=flags,
        scored=scored,
        reject_reason=reject_reason,
        findings=tuple(findings),
    )


def score_case(
    fields: Iterable[FishImage | FieldResult],
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
    results = tuple(
        field if isinstance(field, FieldResult) else score_field(field, settings=settings)
        for field in fields
    )
    if not results:
        raise CountError("a case needs at least one field", field=name)
    probes = {result.image.probes for result in results}
    if len(probes) > 1:
        raise CountError(
            "the fields of a case must have the same probes",
            field=name,
            found=" and ".join("+".join(names) for names in sorted(probes)),
        )
    score = _pooled(results, settings)
    classification = classify(
        score.n_scored,
        score.her2_signals,
        score.cep17_signals,
        ihc=ihc,
        faint_staining=faint_staining,
        areas=score.areas,
        nucleus_counts=_nucleus_counts(results),
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
            *selection_findings(_selection(results), settings=settings.scoring),
        ),
        settings=settings,
    )


def _selection(results: Sequence[FieldResult]) -> SelectionCheck:
    """The scored nuclei beside all that were skipped for nothing but their signals."""
    reasons = np.concatenate([result.reject_reason for result in results])
    scored = np.concatenate([result.scored for result in results])
    copies = {
        probe: np.concatenate([result.counts.copies[probe].best for result in results])
        for probe in results[0].image.probes
    }
    return check_selection(
        copies["HER2"],
        copies.get("CEP17"),
        scored=scored,
        eligible=scored | np.isin(reasons, SKIPPED),
    )


def _nuclei(image: FishImage, labels: NDArray[np.integer] | None, settings: Settings) -> Nuclei:
    dapi = image.channel(DAPI)
    if labels is None:
        return segment_nuclei(
            dapi, pixel_size_um=image.pixel_size_um, roi=image.roi, settings=settings.nuclei
        )
    return nuclei_from_labels(labels, dapi, roi=image.roi, settings=settings.nuclei)


def _spots(
    image: FishImage, nuclei: Nuclei, settings: Settings, *, threads: int
) -> dict[str, Spots]:
    channels = {probe: image.channel(probe) for probe in image.probes}

    def detect(probe: str) -> Spots:
        return detect_spots(
            channels[probe],
            pixel_size_um=image.pixel_size_um,
            z_step_um=image.z_step_um,
            labels=nuclei.labels,
            other=next((other for role, other in channels.items() if role != probe), None),
            settings=settings.spots,
        )

    # Most of the time is spent in numpy, which lets go of the interpreter's lock.
    with ThreadPoolExecutor(max(1, threads)) as pool:
        return dict(zip(channels, pool.map(detect, channels), strict=True))


def _saturated_flags(image: FishImage, nuclei: Nuclei) -> NDArray[np.uint32]:
    """SATURATED (n,) for nuclei with a pixel at the camera's limit in any channel."""
    touched = np.bincount(
        nuclei.labels[saturated_pixels(image)].ravel(), minlength=len(nuclei) + 1
    )[1:]
    return np.where(touched > 0, np.uint32(mask_of(["SATURATED"])), np.uint32(0))


def _signal_flags(copies: Mapping[str, Copies], n_nuclei: int) -> NDArray[np.uint32]:
    """Flags that only counting can raise: missing colours, estimates."""
    flags = np.zeros(n_nuclei, np.uint32)
    present = np.stack([probe.best > 0 for probe in copies.values()])
    flags[~present.any(axis=0)] |= np.uint32(mask_of(["NO_SIGNAL"]))
    flags[present.any(axis=0) & ~present.all(axis=0)] |= np.uint32(mask_of(["ONE_COLOUR"]))
    for probe, values in copies.items():
        flags[values.estimated] |= np.uint32(mask_of([f"{probe}_ESTIMATED"]))
        flags[values.disagree] |= np.uint32(mask_of(["ESTIMATES_DISAGREE"]))
    return flags


def _pooled(results: Sequence[FieldResult], settings: Settings) -> CaseScore:
    """Sums and intervals over the scored nuclei, each estimated count with its range."""
    her2 = _scored(results, "HER2")
    cep17 = _scored(results, "CEP17") if "CEP17" in results[0].image.probes else {}
    return score_counts(
        her2["best"],
        cep17.get("best"),
        field=np.repeat(np.arange(len(results)), [int(r.scored.sum()) for r in results]),
        her2_low=her2["low"],
        her2_high=her2["high"],
        cep17_low=cep17.get("low"),
        cep17_high=cep17.get("high"),
        settings=settings.scoring,
    )


def _scored(results: Sequence[FieldResult], probe: str) -> dict[str, NDArray[np.int64]]:
    """Best, low and high copies of a probe in each scored nucleus, field after field."""
    return {
        name: np.concatenate(
            [getattr(result.counts.copies[probe], name)[result.scored] for result in results]
        )
        for name in ("best", "low", "high")
    }


def _nucleus_counts(
    results: Sequence[FieldResult],
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """HER2 and CEP17 of each scored nucleus; None in a single-probe case."""
    if "CEP17" not in results[0].image.probes:
        return None
    return _scored(results, "HER2")["best"], _scored(results, "CEP17")["best"]
