"""Everything a person can set: the only home of defaults.

Sizes are in micrometres, so one set of defaults serves every magnification. Models are frozen,
and an unknown key is an error: a typo must never fall back to a default in silence.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from fishcount.errors import SettingsError

__all__ = [
    "NucleiSettings",
    "QualitySettings",
    "ReadingSettings",
    "ScoringSettings",
    "SelectionSettings",
    "Settings",
    "SignalSettings",
    "SpotSettings",
    "StabilitySettings",
    "parse_settings",
    "read_settings",
    "with_overrides",
]

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show only what differs from the defaults."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.get_default(call_default_factory=True):
                yield name, value


class ReadingSettings(_Model):
    """What a file may ask for (`fishcount.io`)."""

    max_memory_mib: Annotated[int, Field(ge=1)] = Field(
        4096, description="Largest image that is read, in MiB of decoded pixels."
    )
    max_planes: Annotated[int, Field(ge=1)] = Field(
        4096, description="Most pages that a file may hold."
    )

    tiles_above_px: Annotated[int, Field(ge=64)] = Field(
        4096,
        description="Fields wider or higher than this are read tile by tile as they are scored, "
        "to bound the memory; the result is the same.",
    )

    @property
    def max_memory_bytes(self) -> int:
        """The limit of memory in bytes."""
        return self.max_memory_mib * 2**20


class NucleiSettings(_Model):
    """How nuclei are found (`fishcount.nuclei`)."""

    diameter_um: Positive = Field(
        8.0, description="Expected nuclear diameter: a prior only, the image decides."
    )
    working_diameter_px: Annotated[float, Field(ge=10, le=200)] = Field(
        27.0, description="Nuclei are found on an image reduced until they are about this wide."
    )
    min_snr: Positive = Field(
        5.0, description="Least height of a nucleus above background, in sigmas of the noise."
    )
    too_small: Fraction = Field(
        0.35, description="TOO_SMALL: area under this part of the typical area of the field."
    )
    debris: Fraction = Field(
        0.12, description="DEBRIS: area under this part of the typical area of the field."
    )
    too_large: Annotated[float, Field(gt=1)] = Field(
        2.6, description="TOO_LARGE: area over this multiple of the typical area of the field."
    )
    min_solidity: Fraction = Field(
        0.87, description="IRREGULAR: area over that of the convex hull below this."
    )
    overlap_area: Annotated[float, Field(gt=1)] = Field(
        1.4, description="OVERLAPPED: area over this multiple of the typical one, and more."
    )
    overlap_dose: Annotated[float, Field(gt=1)] = Field(
        1.7, description="OVERLAPPED: also DAPI dose over this multiple of the typical one."
    )
    overlap_solidity: Fraction = Field(
        0.94, description="OVERLAPPED: also area over convex hull below this."
    )
    max_dose: Annotated[float, Field(gt=1)] = Field(
        2.9, description="OVERLAPPED whatever its shape: DAPI dose over this multiple."
    )
    min_neck: float = Field(
        0.85,
        description="OVERLAPPED whatever its size: the best cut from dent to dent is shorter than "
        "this part of the width of what it cuts off; deep dents count, also below zero.",
    )
    max_contact_width: Positive = Field(
        1.0,
        description="UNSURE_CUT: a contact longer than this multiple of the width of the smaller "
        "of both nuclei. Two that touch have a waist there.",
    )
    dim: Fraction = Field(
        0.15, description="DIM: mean DAPI above background under this part of the typical."
    )
    blurred: Annotated[float, Field(gt=1)] = Field(
        1.6, description="BLURRED: edge wider than this multiple of the typical edge."
    )
    digested: Annotated[float, Field(gt=1)] = Field(
        1.9, description="DIGESTED: texture over this multiple of the typical texture."
    )
    saturated: Fraction = Field(
        0.01, description="SATURATED: more than this share of pixels at the camera's limit."
    )
    separate_depths: bool = Field(
        False,
        description="In stacks, nuclei above one another are told by the depth at which they are "
        "sharp: overlaps in part are cut, others are OVERLAPPED.",
    )
    min_depth_um: Positive = Field(
        1.5, description="With separate_depths: least distance of two depths in one outline."
    )


class QualitySettings(_Model):
    """When a field is doubtful as a whole (`fishcount.field_quality`)."""

    max_share_blurred: Fraction = Field(
        0.5, description="OUT_OF_FOCUS: more than this share of the nuclei is blurred."
    )
    max_edge_width: Fraction = Field(
        0.3,
        description="OUT_OF_FOCUS: a nucleus is blurred whose edge takes up more than this share "
        "of its diameter, however blurred the others are.",
    )
    max_cross_talk: Fraction = Field(
        0.25,
        description="CROSS_TALK: more than this share of a signal's light shows in the channel "
        "of the other probe.",
    )
    max_tissue_glow: Positive = Field(
        2.5,
        description="AUTOFLUORESCENCE: nuclei themselves shine more than this many times as "
        "bright as the median signal.",
    )


class SelectionSettings(_Model):
    """Which nuclei are scored: a rule over flags."""

    reject: tuple[str, ...] = Field(
        (
            "FIELD_NOT_EVALUABLE",
            "OUTSIDE_ROI",
            "BORDER",
            "DEBRIS",
            "TOO_SMALL",
            "TOO_LARGE",
            "OVERLAPPED",
            "UNSURE_CUT",
            "IRREGULAR",
            "MITOTIC",
            "DIGESTED",
            "DIM",
            "NO_SIGNAL",
            "ONE_COLOUR",
        ),
        description="Flags that keep a nucleus from being scored; the first that applies "
        "is its reason.",
    )


class SpotSettings(_Model):
    """How spots are detected in one probe channel (`fishcount.spots`)."""

    min_snr: Positive = Field(
        3.0,
        description="Least height of the filtered spot in sigmas of the filtered noise; what "
        "passes is then judged by how it looks.",
    )
    min_share: Fraction = Field(
        0.33,
        description="Least height of a spot as a share of a typical signal of its channel: "
        "signals of one probe look alike, what is much fainter is grain.",
    )
    min_score: float = Field(
        0.0,
        description="Least log odds, from how it looks, that a spot is a signal. 0 keeps what "
        "is more likely one than not; lower finds more of the faint ones, and more grain.",
    )


class SignalSettings(_Model):
    """How spots become signals and copies (`fishcount.signals`)."""

    border_tolerance_um: Annotated[float, Field(ge=0)] = Field(
        0.3, description="A spot this far outside an outline still belongs to that nucleus."
    )
    min_share_of_typical: Fraction = Field(
        0.3,
        description="A spot fainter than this share of the typical signal of its channel is "
        "none: grain of the nucleus, or of a lossy file.",
    )
    stringy_overlap_diameters: Fraction = Field(
        0.25,
        description="Points whose edges overlap by at least this many signal diameters are one "
        "diffuse or stringy signal, of whatever brightness (probe-kit rule), as long as they have "
        "less light than `cluster_least_signals` single signals together.",
    )
    split_gap_diameters: Annotated[float, Field(ge=0)] = Field(
        1.0,
        description="Two equal signals count as one when the gap between their edges is at "
        "most this many signal diameters (probe-kit rule); a diameter is the full width at "
        "half maximum.",
    )
    min_diameter_um: Annotated[float, Field(ge=0)] = Field(
        0.5,
        description="Diameter of a signal where the image shows it sharper than this.",
    )
    split_min_similarity: Fraction = Field(
        0.5,
        description="Two signals are equal when the weaker has at least this share of the "
        "brightness of the stronger, within the error of measurement.",
    )
    split_max_chance_neighbours: Annotated[float, Field(ge=0)] = Field(
        0.1,
        description="Two signals are merged only where fewer neighbours than this are expected "
        "by chance within their distance: in crowded nuclei only the closest pairs.",
    )
    axial_elongation: Annotated[float, Field(ge=1)] = Field(
        3.0, description="How much longer than wide a signal is along z, in a stack."
    )
    cluster_gap_diameters: Annotated[float, Field(ge=0)] = Field(
        1.0,
        description="Signals whose edges are at most this many diameters apart are of one "
        "crowded group.",
    )
    cluster_least_signals: Annotated[int, Field(ge=2)] = Field(
        5,
        description="Crowded groups with fewer resolved signals, or with less light than that "
        "of as many, are counted, not estimated.",
    )
    cluster_least_area: Annotated[float, Field(ge=1)] = Field(
        2.0,
        description="Crowded groups that cover less than this many times the area of one signal "
        "are one bright or diffuse signal, no cluster.",
    )
    least_single_signals: Annotated[int, Field(ge=1)] = Field(
        5,
        description="Fewer isolated signals than this do not tell the intensity of a single "
        "one: clusters then count as what was resolved.",
    )
    max_share_outside: Fraction = Field(
        0.10, description="More signals than this outside nuclei raise SIGNALS_OUTSIDE."
    )
    max_share_weak: Fraction = Field(
        0.25, description="More weak signals than this raise WEAK_SIGNALS."
    )
    weak_snr: Positive = Field(
        5.0,
        description="A kept signal of less than this SNR is weak: others like it were missed, and "
        "may be as many.",
    )


class ScoringSettings(_Model):
    """How counts become means, intervals and categories (`fishcount.scoring`)."""

    bootstrap_replicates: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        2000, description="Replicates of the nested bootstrap over fields and nuclei."
    )
    seed: Annotated[int, Field(ge=0)] = Field(17, description="Seed of the bootstrap.")
    field_sd: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1,
        description="Prior relative difference of the means between fields, used as far as "
        "fewer than five fields cannot tell it.",
    )
    estimate_correlation: Fraction = Field(
        0.5,
        description="Share of the variance of estimated copies that all nuclei have in common, "
        "because they rest on the same single-signal intensity.",
    )
    detection_sd: Annotated[float, Field(ge=0, le=1)] = Field(
        0.12,
        description="Relative error that finding nuclei and signals makes in the mean copies of a "
        "case, all nuclei alike, so that counting more does not lessen it. It widens the "
        "intervals and the probabilities of automatic counts.",
    )
    detection_correlation: Fraction = Field(
        0.38,
        description="Share of the variance of that error which both probes have in common.",
    )
    many_skipped: Fraction = Field(
        0.25,
        description="Largest share of eligible nuclei skipped for their signals before it is "
        "flagged that this raises the mean.",
    )
    two_copies: Literal["equivocal", "negative"] = Field(
        "equivocal",
        description="What exactly 2 copies are under seed-copies: its page says both.",
    )
    schemes: tuple[str, ...] = Field(
        (
            "seed-copies",
            "asco-cap-2018-dual",
            "asco-cap-2018-single",
            "asco-cap-2013-dual",
            "asco-cap-2013-single",
            "asco-cap-2007-dual",
            "asco-cap-2007-single",
        ),
        description="Schemes that are evaluated as far as the data allow, in this order; "
        "`fishcount schemes` lists all. seed-copies and ASCO/CAP 2018 are evaluated in any case.",
    )
    headline: tuple[str, ...] = Field(
        (),
        description="Schemes that stand first beside seed-copies and ASCO/CAP 2018, which always "
        "do.",
    )


class StabilitySettings(_Model):
    """Under which other settings a case is counted again (`fishcount.stability`)."""

    min_score_step: Positive = Field(
        1.0, description="`spots.min_score` is tried this much lower and higher."
    )
    min_share_step: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="`signals.min_share_of_typical` is tried this much lower and higher."
    )
    split_gap_step: Positive = Field(
        0.5, description="`signals.split_gap_diameters` is tried this much lower and higher."
    )
    stricter: tuple[str, ...] = Field(
        ("BLURRED", "SATURATED"),
        description="Flags of nuclei that are left out too: what a stricter selection gives.",
    )
    laxer: tuple[str, ...] = Field(
        ("TOO_SMALL", "TOO_LARGE", "IRREGULAR", "OVERLAPPED", "UNSURE_CUT"),
        description="Flags of nuclei that are let in: what a laxer selection gives.",
    )


class Settings(_Model):
    """All settings of a run.

    Examples
    --------
    >>> from fishcount.settings import Settings, with_overrides
    >>> settings = with_overrides(Settings(), ["spots.min_snr=6"])
    >>> settings.spots.min_snr
    6.0
    >>> Settings()
    Settings()
    """

    reading: ReadingSettings = ReadingSettings()
    nuclei: NucleiSettings = NucleiSettings()
    quality: QualitySettings = QualitySettings()
    selection: SelectionSettings = SelectionSettings()
    spots: SpotSettings = SpotSettings()
    signals: SignalSettings = SignalSettings()
    scoring: ScoringSettings = ScoringSettings()
    stability: StabilitySettings = StabilitySettings()

    def to_toml(self) -> str:
        """All settings, defaults included, as TOML text that `read_settings` reads back."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    def sha256(self) -> str:
        """Hash of the TOML text: equal settings have equal hashes."""
        return hashlib.sha256(self.to_toml().encode()).hexdigest()


def read_settings(path: str | Path) -> Settings:
    """Settings from a TOML file; what it leaves out keeps its default.

    Raises
    ------
    SettingsError
        When the file cannot be read, is no TOML, or holds an unknown key or a bad value.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot be read as settings: {error}", file=path) from error
    return parse_settings(text, source=str(path))


def parse_settings(text: str, *, source: str = "settings") -> Settings:
    """Settings from TOML text; `source` is what errors call it. Raises as `read_settings`."""
    try:
        return _validated(tomllib.loads(text), source=source)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"cannot be read as settings: {error}", file=source) from error


def with_overrides(settings: Settings, assignments: Iterable[str]) -> Settings:
    """`settings` with ``"section.key=value"`` assignments applied, the values written as TOML.

    A value that is no TOML is taken as a string, so ``scoring.two_copies=negative`` works.

    Raises
    ------
    SettingsError
        When an assignment is malformed, its key unknown, or its value out of range.
    """
    tree = settings.model_dump(mode="json", exclude_none=True)
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        keys = path.strip().split(".")
        if not equals or len(keys) != 2 or not all(keys):
            raise SettingsError("not an assignment", field=assignment, expected="section.key=value")
        section, key = keys
        if not isinstance(tree.get(section), dict):
            raise SettingsError("unknown section", field=assignment, expected=", ".join(tree))
        tree[section][key] = _toml_value(text.strip())
    return _validated(tree, source="--set")


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _validated(tree: Mapping[str, Any], *, source: str) -> Settings:
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        faults = "; ".join(_in_words(fault) for fault in error.errors())
        raise SettingsError(faults, file=source) from error


def _in_words(fault: ErrorDetails) -> str:
    key = ".".join(map(str, fault["loc"]))
    if fault["type"] != "extra_forbidden":
        return f"{key}: {fault['msg']}"
    meant = get_close_matches(key, _known_keys(), n=1)
    return f"{key}: no such setting" + (f"; is {meant[0]} meant?" if meant else "")


def _known_keys() -> Iterator[str]:
    for section, field in Settings.model_fields.items():
        yield section
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from (f"{section}.{key}" for key in field.annotation.model_fields)
