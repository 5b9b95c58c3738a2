"""Draw a field or a stack with everything in it, and the truth about it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fishcount.errors import SettingsError, check_kind
from fishcount.image import ROLES, FishImage
from fishcount.optics import diffraction_sigma_um
from fishcount.synthetic.bodies import Bodies, draw_bodies, label_outlines
from fishcount.synthetic.camera import (
    draw_haze,
    draw_hot_pixels,
    draw_illumination,
    expose,
    glow_of,
)
from fishcount.synthetic.granules import Granules, draw_granules
from fishcount.synthetic.optics import defocused_sigma_um, stamp_points
from fishcount.synthetic.outlines import Outlines, place_outlines
from fishcount.synthetic.points import (
    Points,
    draw_debris,
    draw_points,
    join_points,
    wavelength_um,
)
from fishcount.synthetic.population import NucleusCopies, draw_copies
from fishcount.synthetic.spec import FieldSpec
from fishcount.synthetic.truth import NucleiTruth, SpotsTruth, Truth

__all__ = ["draw_field", "draw_stack"]


def draw_field(
    spec: FieldSpec | None = None, *, rng: np.random.Generator, name: str = "field"
) -> tuple[FishImage, Truth]:
    """Draw a single plane: DAPI, HER2 and CEP17 with exact truth.

    Parameters
    ----------
    spec
        How it looks; defaults to `FieldSpec()`. Its number of planes must be 1.
    rng
        The same generator in the same state draws the same field.
    name
        Name of the field.

    Returns
    -------
    image : FishImage
        Channels DAPI, HER2, CEP17, uint16.
    truth : Truth
        Without rows when the field holds no nuclei.

    Raises
    ------
    SettingsError
        When `spec` asks for several planes.
    InputError
        When `rng` is no generator, such as a seed.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.synthetic import FieldSpec, draw_field
    >>> image, truth = draw_field(FieldSpec(shape=(256, 320)), rng=np.random.default_rng(7))
    >>> image.shape, image.channels, image.raw("HER2").dtype
    ((256, 320), ('DAPI', 'HER2', 'CEP17'), dtype('uint16'))
    >>> len(truth.nuclei) == int(truth.labels.max()) > 0
    True
    """
    spec = FieldSpec() if spec is None else spec
    check_kind("spec", spec, FieldSpec)
    if spec.n_planes != 1:
        raise SettingsError(
            "a field has one plane", field="n_planes", found=spec.n_planes, remedy="use draw_stack"
        )
    return draw_stack(spec, rng=rng, name=name)


def draw_stack(
    spec: FieldSpec, *, rng: np.random.Generator, name: str = "field"
) -> tuple[FishImage, Truth]:
    """Draw `spec.n_planes` planes around the focus; as `draw_field`, and `z` is in planes.

    Light out of focus is that of a widefield microscope: spread, not lost. The nuclei lie at
    the middle plane; `spec.nuclei.depth_um` says how deep their signals go.

    Parameters
    ----------
    spec
        What is drawn, `n_planes` included.
    rng
        Decides everything that is left to chance.
    name
        Name of the field.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.synthetic import FieldSpec, draw_stack
    >>> spec = FieldSpec(shape=(96, 96), n_planes=5)
    >>> image, truth = draw_stack(spec, rng=np.random.default_rng(7))
    >>> image.n_planes, image.raw("CEP17").shape
    (5, (5, 96, 96))
    """
    check_kind("spec", spec, FieldSpec)
    check_kind("rng", rng, np.random.Generator, remedy="numpy.random.default_rng makes one")
    outlines = place_outlines(spec, rng=rng)
    copies = draw_copies(spec.population, len(outlines), rng=rng)
    bodies = draw_bodies(spec, outlines, rng=rng)
    labels, inside_px, border = label_outlines(bodies, spec.shape)
    peak = _single_peak_electrons(spec)
    signals = draw_points(spec, outlines, copies=copies, peak_electrons=peak, rng=rng)
    debris = draw_debris(spec, labels > 0, peak_electrons=peak, rng=rng)
    points = join_points([signals, debris])
    granules = draw_granules(spec, peak_electrons=peak, rng=rng)
    pixels = _render(spec, bodies, points, granules, rng)
    image = FishImage.from_array(
        pixels,
        axes="CZYX",
        channels=ROLES,
        pixel_size_um=spec.pixel_size_um,
        z_step_um=spec.z_step_um if spec.n_planes > 1 else None,
        name=name,
    )
    return image, _truth(spec, labels, inside_px, border, outlines, copies, points)


def _single_peak_electrons(spec: FieldSpec) -> float:
    """Median peak of a signal: `snr` times the noise of the light under it."""
    under = spec.background.haze_electrons + spec.background.nucleus_electrons
    return float(spec.signals.snr * np.sqrt(under + spec.camera.read_noise**2))


def _plane_heights_um(spec: FieldSpec) -> NDArray[np.float64]:
    """Height of each plane over the middle of the stack."""
    return np.asarray((np.arange(spec.n_planes) - (spec.n_planes - 1) / 2) * spec.z_step_um)


def _render(
    spec: FieldSpec, bodies: Bodies, points: Points, granules: Granules, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """All planes of all channels, (channel, z, y, x)."""
    heights = _plane_heights_um(spec)
    pixels = np.zeros((3, spec.n_planes, *spec.shape), np.uint16)
    hazes = [draw_haze(spec, rng=rng) for _ in range(3)]
    lamps = [draw_illumination(spec, rng=rng) for _ in range(3)]
    hots = [draw_hot_pixels(spec, rng=rng) for _ in range(3)]
    for plane, z_um in enumerate(heights):
        own = [np.zeros(spec.shape), *(_shine(spec, points, c, z_um) for c in (0, 1))]
        seen = [own[0], *_with_bleed_through(spec, own[1], own[2])]
        for channel in range(3):
            light = np.zeros(spec.shape)
            bodies.add_to(light, channel=channel, z_um=z_um, spec=spec)
            light = gaussian_filter(light, _body_sigma_px(spec, channel))
            light += glow_of(light, spec=spec) + hazes[channel] + seen[channel]
            granules.add_to(light, channel=channel, z_um=z_um, spec=spec)
            light *= lamps[channel]
            pixels[channel, plane] = expose(light, camera=spec.camera, hot=hots[channel], rng=rng)
    return pixels


def _body_sigma_px(spec: FieldSpec, channel: int) -> float:
    wavelength = (spec.optics.dapi_um, spec.optics.her2_um, spec.optics.cep17_um)[channel]
    return diffraction_sigma_um(wavelength, na=spec.optics.na) * spec.px_per_um


def _shine(spec: FieldSpec, points: Points, channel: int, z_um: float) -> NDArray[np.float64]:
    """Light of the points of one probe in a plane, (y, x)."""
    image = np.zeros(spec.shape)
    rows = points.take(points.channel == channel)
    sharp_um = rows.sigma * spec.pixel_size_um
    wide = defocused_sigma_um(
        sharp_um, rows.z_um - z_um, wavelength_um=wavelength_um(spec, channel), optics=spec.optics
    )
    peak = rows.amp * (sharp_um / wide) ** 2
    halo = spec.optics.halo
    sigma_px = wide * spec.px_per_um
    stamp_points(image, rows.y, rows.x, peak=(1 - halo) * peak, sigma_px=sigma_px)
    stamp_points(image, rows.y, rows.x, peak=halo * peak, sigma_px=2 * sigma_px)
    return image


def _with_bleed_through(
    spec: FieldSpec, her2: NDArray[np.float64], cep17: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    artefacts = spec.artefacts
    return her2 + artefacts.cep17_into_her2 * cep17, cep17 + artefacts.her2_into_cep17 * her2


def _truth(
    spec: FieldSpec,
    labels: NDArray[np.int32],
    inside_px: NDArray[np.int64],
    border: NDArray[np.bool_],
    outlines: Outlines,
    copies: NucleusCopies,
    points: Points,
) -> Truth:
    """Tables of what can be seen; nuclei without a visible pixel are left out."""
    area = np.bincount(labels.ravel(), minlength=len(outlines) + 1)[1:]
    seen = area > 0
    number = np.where(seen, np.cumsum(seen), 0)
    rank = np.concatenate([[0], number]).astype(np.int32)
    nuclei = NucleiTruth(
        id=number[seen],
        y=outlines.y_px[seen],
        x=outlines.x_px[seen],
        area=area[seen],
        visible=area[seen] / inside_px[seen],
        border=border[seen],
        cls=copies.cls[seen],
        her2=copies.her2[seen],
        cep17=copies.cep17[seen],
        defocus_um=outlines.z_um[seen],
    )
    high, wide = spec.shape
    rows = (points.y > -0.5) & (points.y < high - 0.5) & (points.x > -0.5) & (points.x < wide - 0.5)
    kept = points.take(rows)
    z = kept.z_um / spec.z_step_um + (spec.n_planes - 1) / 2
    spots = SpotsTruth(
        channel=kept.channel,
        y=kept.y,
        x=kept.x,
        z=z if spec.n_planes > 1 else np.zeros(len(kept)),
        amp=kept.amp,
        sigma=kept.sigma,
        nucleus=rank[kept.nucleus + 1].astype(np.int64),
        kind=kept.kind,
        copy=kept.copy,
    )
    return Truth(labels=rank[labels], nuclei=nuclei, spots=spots)
