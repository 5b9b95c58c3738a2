"""What a drawn field looks like: every knob of the generator, in physical units.

These are settings of drawings, not of the analysis, so they live here and not in
`fishcount.settings`: they must not change the fingerprint of a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from fishcount.models import CheckedModel
from fishcount.settings.section import Fraction, Positive
from fishcount.synthetic.population import Population, population_of

__all__ = [
    "Artefacts",
    "Background",
    "Camera",
    "FieldSpec",
    "NucleusShapes",
    "Optics",
    "SignalShapes",
]

NonNegative = Annotated[float, Field(ge=0)]


class _Spec(CheckedModel):
    model_config = ConfigDict(validate_default=True)


class Optics(_Spec):
    """Objective and dyes; they give the width of a point."""

    na: Annotated[float, Field(gt=0, lt=1.6)] = Field(1.3, description="Numerical aperture.")
    refractive_index: Positive = Field(1.515, description="Of the immersion medium.")
    dapi_um: Positive = Field(0.461, description="Emission wavelength of DAPI.")
    her2_um: Positive = Field(0.588, description="Emission wavelength of the HER2 probe.")
    cep17_um: Positive = Field(0.530, description="Emission wavelength of the CEP17 probe.")
    halo: Fraction = Field(
        0.12, description="Share of a point's peak in a halo twice as wide as its core."
    )


class Camera(_Spec):
    """From electrons to stored counts."""

    offset_counts: NonNegative = Field(100.0, description="Counts without light.")
    gain: Positive = Field(0.6, description="Counts per electron.")
    read_noise: NonNegative = Field(2.5, description="Read noise, electrons (1 sigma).")
    full_scale_counts: Annotated[int, Field(gt=0, le=65535)] = Field(
        65535, description="Highest count that is stored: brighter pixels saturate."
    )
    hot_pixels: Fraction = Field(1e-5, description="Share of pixels that are hot.")


class NucleusShapes(_Spec):
    """How many nuclei, how large, how crowded."""

    per_mm2: NonNegative = Field(4000.0, description="Nuclei per square millimetre.")
    diameter_um: Positive = Field(7.6, description="Median diameter.")
    diameter_cv: NonNegative = Field(0.14, description="Relative spread of diameters.")
    elongation: NonNegative = Field(0.22, description="Typical relative excess of the long axis.")
    roughness: NonNegative = Field(0.045, description="Size of the outline's low harmonics.")
    touching: Fraction = Field(0.25, description="Share of nuclei that touch another.")
    overlapping: Fraction = Field(0.08, description="Share of nuclei that overlap another.")
    overlap_um: tuple[Positive, Positive] = Field(
        (0.8, 2.4), description="How deep such a nucleus reaches into the other, seen from above."
    )
    pressed: Fraction = Field(
        0.0, description="Share of nuclei that press those they overlap flat, and cover none."
    )
    out_of_focus: Fraction = Field(0.06, description="Share of nuclei beside the focal plane.")
    defocus_um: NonNegative = Field(0.8, description="How far beside it, at least.")
    depth_um: NonNegative = Field(
        0.9, description="Depth in z over which the signals of a nucleus lie."
    )
    blur_um: NonNegative = Field(
        0.0,
        description="Blur of their DAPI in focus, 1 sigma: thick tissue has soft edges.",
    )
    thinning: Fraction = Field(
        1.0, description="How nuclei thin out to the rim: 1 as flattened balls do, 0 not at all."
    )
    dapi_electrons: Positive = Field(700.0, description="Median DAPI level.")
    dapi_spread: NonNegative = Field(0.25, description="Spread of levels among nuclei (log).")
    texture: Fraction = Field(0.22, description="Contrast of the chromatin texture.")
    nucleoli: NonNegative = Field(2.0, description="Mean number of nucleoli, dark in DAPI.")


class SignalShapes(_Spec):
    """How signals look."""

    snr: Positive = Field(
        8.0, description="Median peak of a signal over the noise of its own nucleus."
    )
    size_um: NonNegative = Field(
        0.11, description="Size of the hybridised target and of aberrations (1 sigma)."
    )
    size_spread: NonNegative = Field(0.05, description="Spread of widths (log).")
    peak_spread: NonNegative = Field(0.25, description="Spread of peaks inside a nucleus (log).")
    nucleus_spread: NonNegative = Field(0.15, description="Spread of peaks among nuclei (log).")
    split: Fraction = Field(0.07, description="Share of copies that show as two points.")
    split_um: tuple[Positive, Positive] = Field(
        (0.28, 0.60), description="Distance of the two points of a split signal."
    )
    ragged_um: NonNegative = Field(
        0.0,
        description="Size of the unevenness of a signal, which then is several points; 0: even.",
    )
    coincident: Fraction = Field(
        0.0, description="Share of CEP17 copies that lie on a HER2 copy of their nucleus."
    )
    separation_um: NonNegative = Field(
        0.9, description="Distance that copies keep where there is room."
    )
    cluster_pitch_um: Positive = Field(
        0.34, description="Typical pitch of copies inside a cluster; each cluster has its own."
    )


class Background(_Spec):
    """Light that is not a signal."""

    haze_electrons: NonNegative = Field(30.0, description="Even background of every channel.")
    haze_spread: NonNegative = Field(0.20, description="Slow variation of the haze.")
    nucleus_electrons: NonNegative = Field(
        70.0, description="Level of a nucleus in the probe channels, above the haze."
    )
    nucleus_spread: NonNegative = Field(0.22, description="Spread of that level (log).")
    nucleus_texture: Fraction = Field(0.14, description="Contrast of its texture.")
    nucleus_texture_um: tuple[Positive, Positive] = Field(
        (0.3, 1.1), description="Fine and coarse scale of its texture (1 sigma)."
    )
    glow: Fraction = Field(0.05, description="Share of nuclear light that spreads over microns.")
    vignetting: Fraction = Field(0.15, description="Loss of light in the darkest corner.")


class Artefacts(_Spec):
    """What is mistaken for signals."""

    granules_per_mm2: NonNegative = Field(2400.0, description="Autofluorescent granules.")
    granule_um: tuple[Positive, Positive] = Field(
        (0.28, 0.75), description="Range of their widths (1 sigma)."
    )
    granule_peak: NonNegative = Field(1.5, description="Median peak over that of a signal.")
    granule_pieces: Annotated[int, Field(ge=1, le=9)] = Field(
        3, description="Round pieces of a granule: one makes it smooth, more irregular."
    )
    granule_shared: Fraction = Field(
        1.0, description="Share of granules that glow in every channel; the others in one probe."
    )
    debris_per_mm2: NonNegative = Field(800.0, description="Probe debris outside nuclei.")
    her2_into_cep17: Fraction = Field(0.04, description="Share of HER2 light seen by CEP17.")
    cep17_into_her2: Fraction = Field(0.03, description="Share of CEP17 light seen by HER2.")


class FieldSpec(_Spec):
    """Everything that decides how a field is drawn; the generator adds only chance.

    Examples
    --------
    >>> from fishcount.synthetic import Camera, FieldSpec
    >>> spec = FieldSpec(shape=(512, 512), camera=Camera(gain=2))
    >>> spec.camera.gain, spec.signals.snr
    (2.0, 8.0)
    >>> FieldSpec(shap=(512, 512))
    Traceback (most recent call last):
    ...
    fishcount.errors.SettingsError: FieldSpec: shap: Extra inputs are not permitted
    """

    shape: tuple[Annotated[int, Field(ge=16)], Annotated[int, Field(ge=16)]] = Field(
        (1024, 1024), description="Height and width in pixels."
    )
    pixel_size_um: Annotated[float, Field(ge=0.02, le=2)] = Field(0.1, description="Pixel edge.")
    n_planes: Annotated[int, Field(ge=1, le=200)] = Field(1, description="Planes of the stack.")
    z_step_um: Positive = Field(0.4, description="Distance of planes.")
    population: Population = Field(
        default_factory=lambda: population_of("negative"),
        description="Kinds of nuclei and the copies they hold.",
    )
    optics: Optics = Optics()
    camera: Camera = Camera()
    nuclei: NucleusShapes = NucleusShapes()
    signals: SignalShapes = SignalShapes()
    background: Background = Background()
    artefacts: Artefacts = Artefacts()

    def changed(self, **changes: Any) -> FieldSpec:
        """The same with some values changed, checked again; a section takes a mapping.

        Examples
        --------
        >>> from fishcount.synthetic import FieldSpec
        >>> FieldSpec().changed(n_planes=5, nuclei={"per_mm2": 6000}).nuclei.per_mm2
        6000.0
        """
        tree = self.model_dump()
        for name, value in changes.items():
            nested = isinstance(value, Mapping) and isinstance(tree.get(name), dict)
            tree[name] = {**tree[name], **value} if nested else value
        return FieldSpec(**tree)

    @property
    def px_per_um(self) -> float:
        """Pixels in a micrometre."""
        return 1.0 / self.pixel_size_um

    @property
    def area_mm2(self) -> float:
        """Area of the field."""
        return self.shape[0] * self.shape[1] * self.pixel_size_um**2 * 1e-6
