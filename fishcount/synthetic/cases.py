"""Whole cases in one call, and fields whose conditions are left to chance."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from pydantic import ValidationError

from fishcount.errors import InputError, SettingsError, check_kind
from fishcount.image import FishImage
from fishcount.models import faults_in_words
from fishcount.synthetic.field import draw_stack
from fishcount.synthetic.population import population_of
from fishcount.synthetic.spec import FieldSpec
from fishcount.synthetic.truth import Truth

__all__ = ["SNR_LEVELS", "random_spec", "simulate_case", "spec_of_case"]

SNR_LEVELS = {"easy": 15.0, "medium": 6.0, "hard": 3.5}
"""Median peak of a signal over the noise of its own nucleus, by name."""

# In a stack, signals lie as deep as a nucleus is thick.
_STACK_DEPTH_UM = 2.2


Draw = Callable[[np.random.Generator], float]


def _evenly(low: float, high: float) -> Draw:
    """A number between two, each as likely as the other."""
    return lambda rng: rng.uniform(low, high)


def _by_ratio(low: float, high: float) -> Draw:
    """A number between two, where twice as much is as likely as half as much."""
    return lambda rng: float(np.exp(rng.uniform(np.log(low), np.log(high))))


# What laboratories differ in. The order is that of the draws: a change of it draws other fields.
_CONDITIONS: dict[str, dict[str, Draw]] = {
    "optics": {"na": _evenly(0.95, 1.4), "halo": _evenly(0.0, 0.25)},
    "camera": {
        "offset_counts": _evenly(0, 400),
        "gain": _by_ratio(0.3, 4.0),
        "read_noise": _by_ratio(1.0, 6.0),
        "hot_pixels": _by_ratio(1e-6, 1e-4),
    },
    "nuclei": {
        "per_mm2": _by_ratio(1500, 6500),
        "diameter_um": _evenly(5.5, 10.5),
        "diameter_cv": _evenly(0.08, 0.28),
        "elongation": _evenly(0.1, 0.35),
        "roughness": _evenly(0.02, 0.055),
        "touching": _evenly(0.1, 0.5),
        "overlapping": _evenly(0.02, 0.2),
        "out_of_focus": _evenly(0.0, 0.15),
        "dapi_electrons": _by_ratio(150, 2000),
        "dapi_spread": _evenly(0.15, 0.5),
        "texture": _evenly(0.1, 0.35),
    },
    "signals": {
        "size_um": _evenly(0.08, 0.15),
        "peak_spread": _evenly(0.15, 0.4),
        "nucleus_spread": _evenly(0.05, 0.3),
        "split": _evenly(0.02, 0.15),
        "cluster_pitch_um": _evenly(0.2, 0.6),
    },
    "background": {
        "haze_electrons": _by_ratio(10, 90),
        "haze_spread": _evenly(0.05, 0.35),
        "nucleus_electrons": _by_ratio(25, 160),
        "nucleus_texture": _evenly(0.06, 0.24),
        "glow": _evenly(0.02, 0.15),
        "vignetting": _evenly(0.0, 0.35),
    },
    "artefacts": {
        "granules_per_mm2": _by_ratio(100, 4000),
        "granule_peak": _by_ratio(0.5, 4.0),
        "debris_per_mm2": _by_ratio(100, 1500),
        "her2_into_cep17": _evenly(0, 0.1),
        "cep17_into_her2": _evenly(0, 0.1),
    },
}


def spec_of_case(
    case: str, *, size: int = 1024, n_planes: int = 1, snr: str | float = "medium"
) -> FieldSpec:
    """The specification of a named case.

    Parameters
    ----------
    case
        A key of `CASES`: "negative", "equivocal", "amplified", "scattered", "polysomy",
        "monosomy", "coamplified", "heterogeneous", "mixed".
    size
        Height and width in pixels.
    n_planes
        Number of planes.
    snr
        "easy", "medium", "hard", or a number: median peak of a signal over the noise of its
        own nucleus.

    Raises
    ------
    SettingsError
        When the case or the level is unknown.

    Examples
    --------
    >>> from fishcount.synthetic import spec_of_case
    >>> spec = spec_of_case("amplified", size=512, snr="easy")
    >>> spec.shape, spec.signals.snr
    ((512, 512), 15.0)
    """
    tree: dict[str, Any] = {
        "shape": (size, size),
        "n_planes": n_planes,
        "population": population_of(case),
        "signals": {"snr": _snr_of(snr)},
        "nuclei": {"depth_um": _STACK_DEPTH_UM} if n_planes > 1 else {},
    }
    try:
        return FieldSpec.model_validate(tree)
    except ValidationError as error:
        raise SettingsError(faults_in_words(error), field=f"case {case}") from error


def simulate_case(
    case: str,
    *,
    seed: int,
    n_fields: int = 2,
    size: int = 768,
    n_planes: int = 1,
    snr: str | float = "medium",
    spec: FieldSpec | None = None,
) -> list[tuple[FishImage, Truth]]:
    """Draw all fields of a case; the same arguments draw the same pixels.

    Parameters
    ----------
    case, size, n_planes, snr
        See `spec_of_case`.
    seed
        Chooses the case; field ``i`` is the same however many fields are drawn.
    n_fields
        Number of fields, named field_1, field_2, ...
    spec
        Used instead of `spec_of_case(case, ...)` when given; `case` is then only a name.

    Returns
    -------
    list of (FishImage, Truth)
        Empty for `n_fields=0`.

    Raises
    ------
    InputError
        When `seed` or `n_fields` is not a whole number from 0.
    SettingsError
        As for `spec_of_case`.

    Examples
    --------
    >>> from fishcount.synthetic import simulate_case
    >>> fields = simulate_case("negative", seed=1, n_fields=2, size=128)
    >>> [image.name for image, truth in fields]
    ['field_1', 'field_2']
    """
    for what, number in (("seed", seed), ("n_fields", n_fields)):
        check_kind(what, number, Integral)
        if number < 0:
            raise InputError("must be 0 or more", field=what, found=number)
    if spec is None:
        spec = spec_of_case(case, size=size, n_planes=n_planes, snr=snr)
    streams = np.random.SeedSequence(seed).spawn(n_fields)
    return [
        draw_stack(spec, rng=np.random.default_rng(stream), name=f"field_{number}")
        for number, stream in enumerate(streams, start=1)
    ]


def random_spec(
    case: str, *, rng: np.random.Generator, size: int = 768, n_planes: int = 1
) -> FieldSpec:
    """A specification whose optics, camera, stain and artefacts are drawn at random.

    It covers what laboratories differ in, for training and for tests of robustness: no two
    cases look alike, so nothing can be tuned to one.

    Parameters
    ----------
    case
        A key of `CASES`.
    rng
        Draws the conditions.
    size, n_planes
        As for `spec_of_case`.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.synthetic import random_spec
    >>> spec = random_spec("mixed", rng=np.random.default_rng(3), size=256)
    >>> 2.5 <= spec.signals.snr <= 25, spec.shape
    (True, (256, 256))
    """
    check_kind("rng", rng, np.random.Generator, remedy="numpy.random.default_rng makes one")
    spec = spec_of_case(case, size=size, n_planes=n_planes, snr=_by_ratio(3.0, 20.0)(rng))
    changes: dict[str, dict[str, float]] = {
        section: {name: draw(rng) for name, draw in conditions.items()}
        for section, conditions in _CONDITIONS.items()
    }
    pixel_size_um = rng.uniform(0.07, 0.13)
    changes["artefacts"] |= {
        "granule_pieces": int(rng.integers(1, 5)),
        "granule_shared": rng.uniform(0.2, 1.0),
    }
    changes["signals"]["coincident"] = rng.uniform(0.0, 0.15)
    return spec.changed(**changes, pixel_size_um=pixel_size_um)


def _snr_of(snr: str | float) -> float:
    if isinstance(snr, str) and snr in SNR_LEVELS:
        return SNR_LEVELS[snr]
    try:
        return float(snr)
    except (TypeError, ValueError):
        raise SettingsError(
            "unknown level", field="snr", found=repr(snr),
            expected=", ".join(SNR_LEVELS) + " or a number",
        ) from None  # fmt: skip
