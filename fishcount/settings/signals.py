"""How spots become signals and copies: `signals` of the settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from fishcount.settings.section import Fraction, Positive, Section

__all__ = ["SignalSettings"]


class SignalSettings(Section):
    """How spots become signals and copies (`fishcount.signals`)."""

    border_tolerance_um: Annotated[float, Field(ge=0)] = Field(
        0.3, description="A spot this far outside an outline still belongs to that nucleus."
    )
    min_share_of_typical: Fraction = Field(
        0.3,
        description="A spot fainter than this share of the typical signal of its channel is "
        "none: grain of the nucleus, or of a lossy file.",
    )
    false_per_nucleus: Positive | None = Field(
        None,
        description="A budget of false signals of each probe, for each nucleus of a field. Signals "
        "then count from the lowest score on at which no more are expected, in place of "
        "`spots.min_score`. None sets no budget.",
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
        "most this many signal diameters (probe-kit rule), and chance does not explain them "
        "(`split_max_chance_neighbours`); a diameter is the full width at half maximum.",
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
        1.5,
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
