"""From the pixels of a field to its nuclei, signals and counts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fishcount.errors import MetadataError, check_kind
from fishcount.flags import VOID_FIELD, Finding, raise_flag
from fishcount.image import DAPI, FishImage, Window
from fishcount.nuclei import (
    Nuclei,
    OutlinedNuclei,
    nuclei_from_labels,
    segment_nuclei,
    select_nuclei,
)
from fishcount.pipeline.by_block import OnBlock, find_nuclei, find_spots
from fishcount.quality import (
    EmptyAreas,
    field_findings,
    fill_empty_areas,
    find_empty_areas,
    image_findings,
    inverted_channels,
    label_findings,
    region_findings,
    saturated_pixels,
    swapped_channels,
    unlike_signals,
)
from fishcount.recount import signal_flags
from fishcount.results import FieldResult
from fishcount.settings import Settings
from fishcount.signals import SignalCounts, count_signals, signal_findings
from fishcount.slide import Slide, blocks_of

__all__ = ["score_field"]


def score_field(
    image: FishImage | Slide,
    *,
    labels: NDArray[np.integer] | None = None,
    settings: Settings | None = None,
    threads: int = 2,
    on_block: OnBlock = lambda done, n_blocks: None,
) -> FieldResult:
    """Find nuclei and signals of one field and count copies.

    Parameters
    ----------
    image
        DAPI, HER2 and, in a dual-probe case, CEP17; a plane or a stack. A slide
        (`fishcount.io.open_slide`) is read block by block, and gives what the same pixels in memory
        give.
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
        When `image` is not a field, such as a path, or `threads` is not a whole number.
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
    settings = Settings.of(settings)
    check_kind("threads", threads, int)
    field = _SearchedField.of(image)
    given = None if labels is None else _labelled(field.image, labels, settings)
    # The search for spots takes the most memory: it is done before there is a label image.
    spots = find_spots(
        field.slide, sample=field.sample, settings=settings, threads=threads, on_block=on_block
    )
    nuclei, findings = _nuclei_and_findings(field, given, settings=settings, threads=threads)
    counts = count_signals(
        spots,
        nuclei,
        pixel_size_um=image.pixel_size_um,
        z_step_um=image.z_step_um,
        settings=settings.signals,
    )
    if labels is not None:
        findings += label_findings(np.asarray(labels), pixel_size_um=image.pixel_size_um)
    findings += region_findings(field.slide)
    findings += _findings_once_counted(field, nuclei, counts, settings)
    findings += unlike_signals(spots, counts.single_flux_counts, settings=settings.quality)
    at_empty_area, empty_area = field.cut(nuclei)
    findings += empty_area
    flags = nuclei.flags | signal_flags(counts.copies, len(nuclei)) | at_empty_area
    flags = flags | _field_flags(field, nuclei, findings)
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
        settings=settings,
    )


def _findings_once_counted(
    field: _SearchedField,
    nuclei: Nuclei | OutlinedNuclei,
    counts: SignalCounts,
    settings: Settings,
) -> list[Finding]:
    """What signals say of themselves and of the field, and that there are no nuclei."""
    findings = [
        *signal_findings(counts, settings=settings.signals),
        *field_findings(
            field.image, nuclei, counts, windows=field.windows, settings=settings.quality
        ),
    ]
    return findings if len(nuclei) else [*findings, Finding("NO_NUCLEI")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _SearchedField:
    """A field as it is searched, with what stands for it.

    Attributes
    ----------
    image : FishImage or Slide
        With background where the field is empty.
    slide : Slide
        The same, to be read by windows.
    windows : tuple of windows
        Where figures that hold for all of it are measured.
    sample : FishImage
        The mosaic of these.
    areas : EmptyAreas or None
        What may be empty.
    """

    image: FishImage | Slide
    slide: Slide
    windows: tuple[Window, ...]
    sample: FishImage
    areas: EmptyAreas | None

    @classmethod
    def of(cls, image: FishImage | Slide) -> _SearchedField:
        slide = Slide.of(image)
        windows = slide.sample_windows()
        areas = find_empty_areas(image, windows)
        if areas is not None:
            image = fill_empty_areas(image, areas)
            # Light ends at the edge of an empty area, which is not what a sample is to show.
            slide = Slide.of(image)
            windows = slide.sample_windows()
        sample = slide.sample(windows)
        return cls(image=image, slide=slide, windows=windows, sample=sample, areas=areas)

    def cut(
        self, nuclei: Nuclei | OutlinedNuclei
    ) -> tuple[NDArray[np.uint32], tuple[Finding, ...]]:
        """Flags (n,) of nuclei at empty areas, and the finding that there are any."""
        if self.areas is None:
            return np.zeros(len(nuclei), np.uint32), ()
        return self.areas.cut(nuclei)


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
    field: _SearchedField, given: Nuclei | None, *, settings: Settings, threads: int
) -> tuple[Nuclei | OutlinedNuclei, list[Finding]]:
    """Nuclei, searched where none are given, and what is wrong with the image and its channels.

    What is asked of the image alone is asked while nuclei are searched.
    """

    def search() -> Nuclei | OutlinedNuclei:
        return _segmented(field, settings) if given is None else given

    with ThreadPoolExecutor(max(1, threads)) as pool:
        searched = pool.submit(search)
        of_image = pool.submit(image_findings, field.sample)
        inversions = pool.submit(inverted_channels, field.sample, settings=settings.quality)
    nuclei, inverted = searched.result(), inversions.result()
    findings = [*field.image.findings, *of_image.result(), *inverted]
    # In inverted DAPI the gaps are taken for nuclei, and points in them say nothing.
    if not any(finding.detail == DAPI for finding in inverted):
        findings += swapped_channels(
            field.image, nuclei, windows=field.windows, settings=settings.quality
        )
    return nuclei, findings


def _segmented(field: _SearchedField, settings: Settings) -> Nuclei | OutlinedNuclei:
    image = field.image
    if isinstance(image, Slide):
        return find_nuclei(image, sample=field.sample, settings=settings)
    return segment_nuclei(
        image.raw(DAPI),
        pixel_size_um=image.pixel_size_um,
        z_step_um=image.z_step_um,
        roi=image.roi,
        settings=settings.nuclei,
    )


def _field_flags(
    field: _SearchedField, nuclei: Nuclei | OutlinedNuclei, findings: Sequence[Finding]
) -> NDArray[np.uint32]:
    """Flags (n,) that nuclei have because of what was found of their field."""
    flags = np.zeros(len(nuclei), np.uint32)
    codes = {finding.code for finding in findings}
    if "SATURATED_CHANNEL" in codes:
        raise_flag(flags, "SATURATED", _are_saturated(field, nuclei))
    if codes.intersection(VOID_FIELD):
        raise_flag(flags, "FIELD_NOT_EVALUABLE", np.s_[:])
    return flags


def _are_saturated(field: _SearchedField, nuclei: Nuclei | OutlinedNuclei) -> NDArray[np.bool_]:
    """Which nuclei have a pixel at the camera's limit in any channel, (n,)."""
    touched = np.zeros(len(nuclei) + 1, np.int64)
    for block in blocks_of(field.slide.shape):
        full = saturated_pixels(field.image, block.core, sample=field.sample)
        touched += np.bincount(nuclei.labels_in(block.core)[full], minlength=len(touched))
    return np.asarray(touched[1:] > 0, np.bool_)
