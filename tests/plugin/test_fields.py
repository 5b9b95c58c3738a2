"""From layers back to a field."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Layer, Points
from numpy.testing import assert_array_equal

from fishcount.errors import CalibrationError, ChannelError
from fishcount.image import FishImage
from napari_fishcount.fields import calibration_of, field_from_layers, guess_layers
from napari_fishcount.layers import image_layers

ROLES = ("DAPI", "HER2", "CEP17")


def opened(image: FishImage) -> dict[str, Image]:
    return {
        role: Layer.create(*layer) for role, layer in zip(ROLES, image_layers(image), strict=True)
    }


def plain(shape: tuple[int, ...] = (40, 50), **options: object) -> Image:
    return Image(np.full(shape, 7, np.uint16), **options)


def test_layers_that_were_opened_are_the_field_itself(image: FishImage) -> None:
    assert field_from_layers(opened(image), pixel_size_um=0.1) is image


def test_another_pixel_size_makes_another_field_of_the_same_pixels(image: FishImage) -> None:
    field = field_from_layers(opened(image), pixel_size_um=0.2)

    assert field.pixel_size_um == 0.2
    assert field.name == image.name
    assert_array_equal(field.pixels, image.pixels)


def test_swapped_layers_are_swapped_channels(image: FishImage) -> None:
    layers = opened(image)

    field = field_from_layers(
        {"DAPI": layers["DAPI"], "HER2": layers["CEP17"], "CEP17": layers["HER2"]},
        pixel_size_um=0.1,
    )

    assert_array_equal(field.raw("HER2"), image.raw("CEP17"))


def test_single_probe_is_two_layers(image: FishImage) -> None:
    layers = opened(image)

    field = field_from_layers({r: layers[r] for r in ("DAPI", "HER2")}, pixel_size_um=0.1)

    assert field.probes == ("HER2",)


def test_layers_of_any_origin_make_a_stack() -> None:
    layers = {role: plain((5, 40, 50), name=role) for role in ROLES}

    field = field_from_layers(layers, pixel_size_um=0.1, z_step_um=0.3)

    assert (field.n_planes, field.shape) == (5, (40, 50))
    assert field.raw("HER2").dtype == np.uint16


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"DAPI": plain(), "HER2": plain((40, 51))}, "differ in shape"),
        ({"DAPI": plain((2, 2, 40, 50)), "HER2": plain((2, 2, 40, 50))}, "neither"),
        ({"DAPI": plain((40, 50, 3), rgb=True), "HER2": plain()}, "colour picture"),
        ({"DAPI": plain()}, "no HER2 channel"),
        ({}, "no layer"),
    ],
)
def test_what_is_no_field_is_said(layers: dict[str, Image], message: str) -> None:
    with pytest.raises(ChannelError, match=message):
        field_from_layers(layers, pixel_size_um=0.1)


def test_one_layer_cannot_be_two_channels() -> None:
    layer = plain()
    with pytest.raises(ChannelError, match="two channels"):
        field_from_layers({"DAPI": layer, "HER2": layer}, pixel_size_um=0.1)


def test_a_pyramid_is_no_channel() -> None:
    pyramid = Image([np.zeros((40, 50)), np.zeros((20, 25))], multiscale=True)
    with pytest.raises(ChannelError, match="pyramid"):
        field_from_layers({"DAPI": pyramid, "HER2": plain()}, pixel_size_um=0.1)


def test_a_stack_needs_its_plane_distance() -> None:
    with pytest.raises(CalibrationError, match="plane distance"):
        field_from_layers({r: plain((5, 40, 50)) for r in ROLES}, pixel_size_um=0.1)


def test_roles_are_guessed_from_what_was_opened_then_from_names(image: FishImage) -> None:
    layers = opened(image)
    stray = plain(name="old dapi")

    assert guess_layers([*layers.values(), stray]) == layers
    assert guess_layers([stray, plain(name="x"), Points(name="HER2")]) == {"DAPI": stray}


def test_calibration_is_believed_only_with_units(image: FishImage, stack: FishImage) -> None:
    assert calibration_of(opened(image)["DAPI"]) == (0.1, None)
    assert calibration_of(opened(stack)["DAPI"]) == (0.1, 0.3)
    assert calibration_of(plain(scale=(2, 2))) == (None, None)
