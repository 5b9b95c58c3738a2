"""Every quality flag and reject reason, once: code, subject, name, and a sentence for people.

The registry feeds the tables, the report and the documentation. A nucleus carries its flags as
a bit mask (`mask_of`, `codes_of`; of many nuclei `raise_flag`, `has_flag`); fields, cases and
categories carry `Finding` objects, which add the figure that raised the flag; a signal carries at
most one reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FLAGS",
    "VOID_FIELD",
    "Finding",
    "Flag",
    "Subject",
    "codes_of",
    "flags_of",
    "has_flag",
    "mask_of",
    "raise_flag",
]


class Subject(StrEnum):
    """What a flag speaks about."""

    NUCLEUS = "nucleus"
    SIGNAL = "signal"
    FIELD = "field"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class Flag:
    """One entry of the registry.

    Attributes
    ----------
    code : str
        The stable identifier in files: ``"BORDER"``.
    subject : Subject
        What it speaks about.
    name : str
        A short name for tables and legends.
    sentence : str
        What it means, for a person who reads the report.
    bit : int
        Its place in the bit mask of its subject.
    """

    code: str
    subject: Subject
    name: str
    sentence: str
    bit: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A flag that was raised, with the figure that raised it.

    Attributes
    ----------
    code : str
        Code of a registered flag.
    figure : float or None
        The measured value, where there is one.
    detail : str
        Where or what, in words: ``"HER2"``, ``"field_1"``.
    """

    code: str
    figure: float | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        if self.code not in FLAGS:
            raise ValueError(f"code must be a registered flag; got {self.code!r}")


_ENTRIES: dict[Subject, tuple[tuple[str, str, str], ...]] = {
    Subject.NUCLEUS: (
        ("BORDER", "cut by the edge", "The nucleus touches the edge of the field."),
        ("OVERLAPPED", "overlapped", "Its outline, DAPI dose or depth speaks for two nuclei."),
        ("TOO_SMALL", "too small", "Much smaller than the other nuclei."),
        ("TOO_LARGE", "too large", "Much larger than the other nuclei."),
        ("IRREGULAR", "irregular outline", "Its outline is not that of one whole nucleus."),
        ("BLURRED", "out of focus", "Its DAPI is much less sharp than that of its neighbours."),
        ("DIM", "dim DAPI", "Its DAPI signal hardly rises above the background."),
        ("SATURATED", "saturated", "Some of its pixels are at the camera's limit."),
        ("MITOTIC", "mitotic", "Condensed and very bright: a dividing nucleus."),
        ("DEBRIS", "debris", "Too small and too bright or too faint for a nucleus."),
        ("DIGESTED", "necrotic or over-digested", "Its texture is hollow or ragged."),
        ("OUTSIDE_ROI", "outside the region", "It lies outside the region to be scored."),
        ("NO_SIGNAL", "no signal", "It shows no signal of any probe, so it is skipped."),
        ("ONE_COLOUR", "one colour only", "It shows signals of one probe only, so it is skipped."),
        ("HER2_ESTIMATED", "HER2 estimated", "HER2 lies in clusters: copies are estimated."),
        ("CEP17_ESTIMATED", "CEP17 estimated", "CEP17 lies in clusters: copies are estimated."),
        ("ESTIMATES_DISAGREE", "estimates disagree", "Intensity and area give other copies."),
        (
            "FIELD_NOT_EVALUABLE",
            "field not evaluable",
            "A channel of its field could not be measured.",
        ),
        ("READER_REJECTED", "rejected by a reader", "A reader left it out."),
        (
            "UNSURE_CUT",
            "unsure cut",
            "A cut as long as it is wide parts it from a neighbour: both may be one nucleus, "
            "or one lies over the other.",
        ),
        (
            "SHARED_AREA",
            "shares its area",
            "It lies in part over or under a neighbour: signals there may belong to either.",
        ),
    ),
    Subject.SIGNAL: (
        ("LOW_SNR", "too weak", "Below the threshold of its channel."),
        ("TOO_WIDE", "too wide", "Broader than the optics make a signal: a granule."),
        ("TOO_NARROW", "too narrow", "Sharper than the optics allow: a hot pixel."),
        ("POOR_FIT", "not spot-shaped", "The pixels do not look like a signal: texture."),
        ("BLEED_THROUGH", "bleed-through", "Explained by the other probe's signal here."),
        (
            "SAME_SIGNAL",
            "part of a signal",
            "Closer to the signal beside it than the optics resolve, with few others around.",
        ),
        ("SPLIT_SIGNAL", "split signal", "One of a close pair of equals that counts as one."),
        ("NOT_IN_NUCLEUS", "outside nuclei", "It lies in no nucleus."),
        ("TOO_FAINT", "too faint", "Much fainter than the other signals of its channel."),
        ("READER_DELETED", "deleted by a reader", "A reader says that it is not a signal."),
        ("READER_MERGED", "merged by a reader", "A reader says that it is part of another."),
        ("READER_SPLIT", "split by a reader", "A reader put several signals in its place."),
    ),
    Subject.FIELD: (
        ("NO_NUCLEI", "no nuclei", "No nucleus was found in this field."),
        ("BLANK_CHANNEL", "blank channel", "A channel holds no image: not evaluable."),
        ("IDENTICAL_CHANNELS", "identical channels", "Two channels are the same: not evaluable."),
        (
            "INVERTED_CHANNEL",
            "inverted channel",
            "Nuclei or signals are dark on a bright ground: not evaluable. Export the channel "
            "uninverted, as fluorescence.",
        ),
        (
            "SWAPPED_CHANNELS",
            "swapped channels",
            "DAPI shows points and a probe shows none: not evaluable. Say which channel is which.",
        ),
        ("SATURATED_CHANNEL", "saturated channel", "More than 0.1 % of pixels are saturated."),
        ("HOT_PIXELS", "hot pixels", "Many pixels are hot: their neighbours stand for them."),
        ("LOSSY_COLOUR", "lossy colour", "Stored with halved colour: unfit for counting red."),
        (
            "LOSSY_COMPRESSION",
            "lossy compression",
            "Stored with loss, as JPEG does: positions only.",
        ),
        ("WEAK_SIGNALS", "weak signals", "Too many signals are weak; ASCO/CAP allows a quarter."),
        (
            "SIGNALS_OUTSIDE",
            "signals outside nuclei",
            "Too many signals lie outside nuclei; ASCO/CAP allows 10 %.",
        ),
        ("AUTOFLUORESCENCE", "autofluorescence", "Nuclei glow more brightly than their signals."),
        ("CROSS_TALK", "bleed-through", "One probe shines into the channel of the other."),
        ("OUT_OF_FOCUS", "out of focus", "Most nuclei of the field are blurred."),
        ("COLOUR_MERGE", "colour merge", "Read from an RGB merge: made for looking at."),
        (
            "OPTICS_IGNORED",
            "optics not used",
            "What the file says of aperture or wavelength cannot be, and is not used.",
        ),
        ("ROLES_GUESSED", "roles guessed", "Channel roles were guessed from usual names."),
        (
            "CHANNELS_UNUSED",
            "channels not used",
            "Scored with one probe, though the file holds further channels: is one of them CEP17?",
        ),
        (
            "CALIBRATION_OVERRULED",
            "calibration overruled",
            "The pixel size or plane distance that was given is not what the file says.",
        ),
        (
            "EMPTY_AREA",
            "empty area",
            "A part of the image holds zeros alone, as beside the tiles of a scan. Nothing was "
            "looked for in it, and nuclei at its edge count as cut.",
        ),
        (
            "LABELS_IN_PIECES",
            "labels in pieces",
            "In the labels that were given, one number stands for separate pieces: two nuclei, or "
            "stray pixels. Such nuclei may be left out as irregular or overlapped: number each "
            "piece, or remove the small ones.",
        ),
        (
            "COARSE_PIXELS",
            "coarse pixels",
            "Pixels are coarse for what is to be counted: signals beside one another run together, "
            "and copies are missed.",
        ),
        (
            "PIXELS_TOO_LARGE",
            "pixels too large",
            "A pixel is as wide as a signal: not evaluable. Take the image at a higher "
            "magnification, or give the pixel size where the file has it wrong.",
        ),
        (
            "IN_MICROMETRES",
            "in micrometres",
            "The outlines or the region that were given all lie in the corner where they would lie "
            "if their numbers were micrometres: give them in pixels.",
        ),
        (
            "UNLIKE_PROBES",
            "unlike probes",
            "A single signal of one probe is far wider or brighter than one of the other: it is "
            "out of focus, or whole clusters were taken for single signals. Look at the image.",
        ),
        (
            "UNLIKE_FIELDS",
            "unlike other fields",
            "A single signal holds far more or far less light than in the other fields of the "
            "case: it was exposed differently, or what was taken for single signals is none.",
        ),
        (
            "DOUBTFUL_SIZE",
            "doubtful size",
            "Nuclei are too small or too large to be nuclei: is the pixel size right?",
        ),
        (
            "COARSE_PLANES",
            "coarse planes",
            "Planes of the stack are farther apart than a signal is long: signals between them are "
            "missed. Is the distance right?",
        ),
        (
            "IDENTICAL_PLANES",
            "identical planes",
            "Two planes of the stack are the same: it is not a stack, or a plane is in it twice.",
        ),
    ),
    Subject.CASE: (
        ("FEW_NUCLEI", "few nuclei", "Fewer than 20 nuclei were scored."),
        ("ONE_AREA", "one area", "Fewer than two areas were scored."),
        ("AREAS_UNKNOWN", "areas not stated", "The number of areas is not known."),
        ("NO_CEP17", "no CEP17", "No CEP17 signal was counted, so there is no ratio."),
        ("HER2_ABSENT", "HER2 absent", "No HER2 signal at all: did the probe fail?"),
        (
            "BORDERLINE_RATIO",
            "borderline ratio",
            "The ratio is from 1.80 to 2.20: the probe kit asks for 20 more nuclei, pooled.",
        ),
        ("SHOWN_ACROSS_CUTOFF", "rounding", "The rounded figure lies across a cut-off."),
        ("POLYSOMY", "CEP17 raised", "Mean CEP17 is 3.0 or more."),
        (
            "MONOSOMY",
            "CEP17 low",
            "Ratio 2 or more with under 4 HER2 and under 2 CEP17 per nucleus.",
        ),
        ("COAMPLIFICATION", "co-amplification", "Ratio under 2 with 6 or more HER2 per nucleus."),
        (
            "CEP17_EXCEEDS",
            "far more CEP17",
            "Ratio under 0.5: HER2 is lost or CEP17 gained, unless the two probes were swapped.",
        ),
        (
            "HETEROGENEOUS",
            "heterogeneous",
            "More than 5 % and less than 50 % of nuclei are amplified on their own.",
        ),
        (
            "SECOND_POPULATION",
            "second population",
            "More than 10 % of nuclei form a second population of HER2 copies, counted apart.",
        ),
        ("DISCORDANT", "discordant", "IHC and ISH contradict each other."),
        ("LIMITED_EVIDENCE", "comment group 2", "Ratio 2 or more, few copies: little evidence."),
        (
            "INSUFFICIENT_DATA",
            "comment group 3",
            "Many copies, ratio under 2: data lack without overexpression.",
        ),
        (
            "UNCERTAIN_BENEFIT",
            "comment group 4",
            "Near a threshold: benefit uncertain, and a repeat may differ by chance alone.",
        ),
        ("HALF_OF_NUCLEI", "exactly half", "Exactly half of the nuclei reach the cut-off."),
        ("MANY_SKIPPED", "many skipped", "Skipping nuclei with few signals raises the mean."),
        ("SECONDARY", "secondary", "A single-probe scheme on dual-probe data."),
        (
            "PIXEL_SIZES_DIFFER",
            "pixel sizes differ",
            "Fields were read with different pixel sizes, one of which may be wrong.",
        ),
        (
            "FIELDS_OVERLAP",
            "fields overlap",
            "Two fields show the same nuclei, which are counted twice.",
        ),
    ),
}

FLAGS: MappingProxyType[str, Flag] = MappingProxyType(
    {
        code: Flag(code, subject, name, sentence, bit)
        for subject, entries in _ENTRIES.items()
        for bit, (code, name, sentence) in enumerate(entries)
    }
)

# A field with one of these cannot be measured: none of its nuclei is scored.
VOID_FIELD = (
    "BLANK_CHANNEL",
    "IDENTICAL_CHANNELS",
    "INVERTED_CHANNEL",
    "SWAPPED_CHANNELS",
    "PIXELS_TOO_LARGE",
)


def flags_of(subject: Subject) -> tuple[Flag, ...]:
    """All flags that speak about `subject`, in the order of their bits.

    Examples
    --------
    >>> from fishcount.flags import Subject, flags_of
    >>> flags_of(Subject.NUCLEUS)[0].code
    'BORDER'
    """
    return tuple(flag for flag in FLAGS.values() if flag.subject is subject)


def mask_of(codes: Iterable[str]) -> int:
    """Bit mask of nucleus flags; ValueError for what is none.

    Examples
    --------
    >>> from fishcount.flags import codes_of, mask_of
    >>> mask_of(["BORDER", "TOO_SMALL"])
    5
    >>> codes_of(5)
    ('BORDER', 'TOO_SMALL')
    """
    if isinstance(codes, str) or not isinstance(codes, Iterable):
        raise ValueError(f"codes must be a list of flags of nuclei; got {codes!r}")
    mask = 0
    for code in codes:
        flag = FLAGS.get(code) if isinstance(code, str) else None
        if flag is None or flag.subject is not Subject.NUCLEUS:
            raise ValueError(f"codes must be flags of nuclei; got {code!r}")
        mask |= 1 << flag.bit
    return mask


def codes_of(mask: int) -> tuple[str, ...]:
    """Codes of a bit mask of nucleus flags, in the order of the registry; see `mask_of`."""
    return tuple(flag.code for flag in flags_of(Subject.NUCLEUS) if mask >> flag.bit & 1)


def has_flag(masks: NDArray[np.uint32], code: str) -> NDArray[np.bool_]:
    """Which of the nuclei with these bit masks (n,) carry a flag.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.flags import has_flag, mask_of
    >>> has_flag(np.array([mask_of(["BORDER", "DIM"]), 0], np.uint32), "DIM").tolist()
    [True, False]
    """
    return np.asarray((masks & np.uint32(mask_of([code]))) > 0, np.bool_)


def raise_flag(masks: NDArray[np.uint32], code: str, where: NDArray[np.bool_] | slice) -> None:
    """Raise a flag of some nuclei, in place; their other flags stay.

    Parameters
    ----------
    masks : ndarray of uint32, (n,)
    code : str
        A flag of nuclei.
    where : ndarray of bool, (n,), or slice

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.flags import codes_of, raise_flag
    >>> masks = np.zeros(2, np.uint32)
    >>> raise_flag(masks, "DIM", np.array([False, True]))
    >>> [codes_of(mask) for mask in masks.tolist()]
    [(), ('DIM',)]
    """
    masks[where] |= np.uint32(mask_of([code]))
