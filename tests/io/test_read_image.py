"""Reading what is well-formed: every dialect gives the pixels that were written, by role."""

from __future__ import annotations

import inspect
import itertools
import warnings
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from bad_inputs import OME, image_xml
from bad_inputs import write_ome as write_raw_ome

from fishcount import read_image
from fishcount.errors import (
    CalibrationError,
    ChannelError,
    FileFormatError,
    InputError,
    MetadataError,
)
from fishcount.io import guess_role, open_slide, read_field
from fishcount.io.options import OPTIONS
from fishcount.io.tiff.lossy import HEADER_BYTES, lossy_codec

ROLES = ["DAPI", "HER2", "CEP17"]


def stack(n_channels=3, n_planes=4, shape=(40, 48), dtype=np.uint16) -> np.ndarray:
    """Counts that differ everywhere, so that no mix-up of planes goes unseen; (c, z, y, x)."""
    rng = np.random.default_rng(1)
    return rng.integers(0, 250, (n_channels, n_planes, *shape)).astype(dtype)


def write_ome(path: Path, pixels: np.ndarray, axes: str, **options) -> None:
    metadata = {
        "axes": axes,
        "Channel": {"Name": ROLES[: pixels.shape[axes.index("C")]]},
        "PhysicalSizeX": 0.1,
        "PhysicalSizeY": 0.1,
        "PhysicalSizeZ": 0.4,
    }
    metadata.update(options.pop("metadata", {}))
    tifffile.imwrite(path, pixels, ome=True, photometric="minisblack", metadata=metadata, **options)


@pytest.mark.parametrize(
    ("compression", "how", "lossy"),
    [
        ("jpegxl", {"lossless": True}, []),
        ("jpegxl", {"lossless": False}, ["JPEG XL in TIFF"]),
        ("jpegxl", {"distance": 3.0}, ["JPEG XL in TIFF"]),
        ("jpeg_2000_lossy", {"level": 60, "reversible": False}, ["JPEG 2000 in TIFF"]),
        ("jpeg_2000_lossy", {"level": 0, "reversible": True}, []),
        ("zlib", {}, []),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_compression_that_loses_something_is_told(tmp_path, compression, how, lossy, dtype):
    pixels = stack(shape=(64, 80), dtype=dtype)[:, 0]
    write_ome(tmp_path / "a.tif", pixels, "CYX", compression=compression, compressionargs=how)
    image = read_image(tmp_path / "a.tif")
    assert np.array_equal(image.pixels[:, 0], pixels) == (not lossy)
    found = [one.detail for one in image.findings if one.code == "LOSSY_COMPRESSION"]
    assert found == lossy


def test_headers_that_are_damaged_say_nothing():
    whole = imagecodecs.jpegxl_encode(stack(shape=(64, 80))[0, 0], lossless=False)
    assert lossy_codec(50002, whole[:HEADER_BYTES]) == "JPEG XL"
    assert [lossy_codec(code, b"") for code in (33003, 34927, 50002, 8, 65000)] == [""] * 5
    assert lossy_codec(33003, b"\xff\x52\x00") == ""


@pytest.mark.parametrize("axes", ["CYX", "ZCYX", "CZYX", "TCYX", "TZCYX"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": True},
        {"compression": "lzw", "predictor": True},
        {"compression": "zstd"},
        {"tile": (16, 16), "compression": "zlib"},
        {"tile": (32, 16)},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"rowsperstrip": 7, "compression": "zlib"},
    ],
    ids=str,
)
def test_ome_tiff_gives_back_its_planes(tmp_path, axes, options):
    pixels = stack(n_planes=4 if "Z" in axes else 1)
    sizes = {"C": 3, "Z": pixels.shape[1], "T": 1, "Y": 40, "X": 48}
    order = ["CZYX".index(a) for a in axes if a != "T"]
    lacking = [i for i in range(4) if i not in order]
    stored = pixels.transpose(lacking + order).reshape([sizes[a] for a in axes])
    write_ome(tmp_path / "a.ome.tif", stored, axes, **options)
    image = read_image(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.channels == ("DAPI", "HER2", "CEP17")
    assert image.pixel_size_um == 0.1
    assert image.z_step_um == (0.4 if "Z" in axes else None)
    assert image.findings == ()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "uint32"])
def test_types_keep_their_values(tmp_path, dtype):
    pixels = stack(n_planes=1, dtype=dtype)
    write_ome(tmp_path / "a.ome.tif", pixels[:, 0], "CYX", compression="zlib", predictor=True)
    np.testing.assert_array_equal(read_image(tmp_path / "a.ome.tif").pixels, pixels)


def test_imagej_hyperstack_with_labels_and_unit(tmp_path):
    pixels = stack()
    tifffile.imwrite(
        tmp_path / "a.tif",
        pixels.transpose(1, 0, 2, 3),
        imagej=True,
        resolution=(1 / 0.08, 1 / 0.08),
        metadata={"axes": "ZCYX", "unit": "um", "spacing": 0.3, "Labels": ROLES * 4},
    )
    image = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.z_step_um == 0.3
    np.testing.assert_allclose(image.pixel_size_um, 0.08, rtol=1e-6)


@pytest.mark.parametrize("axes", ["CZYX", "ZCYX"])
def test_plain_pages_need_their_axes(tmp_path, axes):
    pixels = stack()
    stored = pixels if axes == "CZYX" else pixels.transpose(1, 0, 2, 3)
    tifffile.imwrite(
        tmp_path / "a.tif", stored.reshape(-1, 40, 48), photometric="minisblack", metadata=None
    )
    options = {"pixel_size_um": 0.1, "z_step_um": 0.4}
    image = read_image(tmp_path / "a.tif", channels=ROLES, axes=axes, **options)
    np.testing.assert_array_equal(image.pixels, pixels)
    with pytest.raises(MetadataError, match="--axes"):
        read_image(tmp_path / "a.tif", channels={"DAPI": 0, "HER2": 1, "CEP17": 2}, **options)


def test_resolution_tags_count_only_when_a_microscope_can_have_them(tmp_path):
    pixels = stack(n_planes=1)[:, 0]
    options = {"photometric": "minisblack", "metadata": {"axes": "CYX"}}
    tifffile.imwrite(
        tmp_path / "a.tif", pixels, resolution=(1e5, 1e5), resolutionunit="CENTIMETER", **options
    )
    assert read_image(tmp_path / "a.tif", channels=ROLES).pixel_size_um == pytest.approx(0.1)
    tifffile.imwrite(
        tmp_path / "b.tif", pixels, resolution=(72, 72), resolutionunit="INCH", **options
    )
    with pytest.raises(CalibrationError, match="--pixel-size-um"):
        read_image(tmp_path / "b.tif", channels=ROLES)


def test_one_grey_file_for_each_channel(tmp_path):
    pixels = stack(n_planes=1, dtype=np.uint8)[:, 0]
    files = {}
    for role, plane in zip(ROLES, pixels, strict=True):
        files[role] = tmp_path / f"{role}.png"
        files[role].write_bytes(imagecodecs.png_encode(plane))
    image = read_image(files, pixel_size_um=0.1)
    np.testing.assert_array_equal(image.pixels[:, 0], pixels)
    assert len(image.files) == 3
    red_only = np.stack([pixels[1], 0 * pixels[1], 0 * pixels[1]], axis=-1)
    files["HER2"].write_bytes(imagecodecs.png_encode(red_only))
    again = read_image(files, pixel_size_um=0.1)
    np.testing.assert_array_equal(again.pixels, image.pixels)
    assert again.sha256 != image.sha256


def test_separate_z_stacks_for_each_channel(tmp_path):
    pixels = stack()
    files = {role: tmp_path / f"{role}.tif" for role in ROLES}
    for role, planes in zip(ROLES, pixels, strict=True):
        tifffile.imwrite(files[role], planes, photometric="minisblack", metadata=None)
    image = read_image(files, pixel_size_um=0.1, z_step_um=0.4)
    np.testing.assert_array_equal(image.pixels, pixels)


@pytest.mark.parametrize("kind", ["png", "jpg", "tif"])
def test_colour_merge_needs_a_map(tmp_path, kind):
    merge = stack(n_planes=1, dtype=np.uint8)[:, 0].transpose(1, 2, 0).copy()
    path = tmp_path / f"merge.{kind}"
    if kind == "tif":
        tifffile.imwrite(path, merge, photometric="rgb", metadata=None)
    else:
        encode = imagecodecs.png_encode if kind == "png" else imagecodecs.jpeg8_encode
        path.write_bytes(encode(merge))
    with pytest.raises(ChannelError, match="--rgb"):
        read_image(path, pixel_size_um=0.1)
    image = read_image(
        path, pixel_size_um=0.1, rgb={"red": "HER2", "green": "CEP17", "blue": "DAPI"}
    )
    codes = [finding.code for finding in image.findings]
    assert "COLOUR_MERGE" in codes
    assert ("LOSSY_COLOUR" in codes) == (kind == "jpg")
    if kind != "jpg":
        np.testing.assert_array_equal(image.raw("HER2"), merge[..., 0])
        np.testing.assert_array_equal(image.raw("DAPI"), merge[..., 2])


def test_channels_by_name_number_and_order_agree(tmp_path):
    pixels = stack(n_planes=1)[:, 0]
    names = ["Texas Red", "Cy5", "Hoechst 33342", "FITC"]
    both = np.concatenate([pixels, pixels[:1] + 1])
    write_ome(tmp_path / "a.ome.tif", both, "CYX", metadata={"Channel": {"Name": names}})
    guessed = read_image(tmp_path / "a.ome.tif")
    by_name = read_image(
        tmp_path / "a.ome.tif",
        channels={"DAPI": "hoechst 33342", "HER2": "texas red", "CEP17": "fitc"},
    )
    by_number = read_image(tmp_path / "a.ome.tif", channels={"DAPI": 2, "HER2": "0", "CEP17": 3})
    by_order = read_image(tmp_path / "a.ome.tif", channels=["HER2", "-", "DAPI", "CEP17"])
    for one, other in itertools.pairwise([guessed, by_name, by_number, by_order]):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    assert [finding.code for finding in guessed.findings] == ["ROLES_GUESSED"]
    assert "HER2 = 'Texas Red'" in guessed.findings[0].detail
    assert by_name.findings == ()


def test_an_unusual_name_is_not_taken_for_a_single_probe_case(tmp_path):
    pixels = stack(n_planes=1)[:, 0]
    names = {"Channel": {"Name": ["DAPI", "HER2", "Cy5"]}}
    write_ome(tmp_path / "a.ome.tif", pixels, "CYX", metadata=names)
    with pytest.raises(ChannelError, match="CEP17"):
        read_image(tmp_path / "a.ome.tif")
    single = read_image(tmp_path / "a.ome.tif", channels={"DAPI": 0, "HER2": 1})
    assert single.probes == ("HER2",)
    assert [(one.code, one.detail) for one in single.findings] == [("CHANNELS_UNUSED", "Cy5")]
    by_order = read_image(tmp_path / "a.ome.tif", channels=["DAPI", "HER2", "-"])
    assert by_order.findings == ()


def test_a_forgotten_cep17_is_told(tmp_path):
    """Each remedy names all three roles: who follows one is not led to a single-probe case."""
    pixels = stack(n_planes=1)[:, 0]
    names = {"Channel": {"Name": ["noyaux", "HER2", "CEN 17"]}}
    write_ome(tmp_path / "a.ome.tif", pixels, "CYX", metadata=names)
    all_roles = "--channel DAPI=NAME --channel HER2=1 --channel CEP17=2"
    with pytest.raises(ChannelError, match=all_roles):
        read_image(tmp_path / "a.ome.tif")
    with pytest.raises(ChannelError, match="each of DAPI, HER2 and CEP17"):
        read_image(tmp_path / "a.ome.tif", channels={"DAPI": "noyaux"})
    single = read_image(tmp_path / "a.ome.tif", channels={"DAPI": "noyaux", "HER2": "HER2"})
    assert [(one.code, one.detail) for one in single.findings] == [("CHANNELS_UNUSED", "CEN 17")]


@pytest.mark.parametrize("key", [1.5, None, True, "7", -1])
def test_what_names_no_channel_is_refused(tmp_path, key):
    write_ome(tmp_path / "a.ome.tif", stack(n_planes=1)[:, 0], "CYX")
    with pytest.raises(ChannelError):
        read_image(tmp_path / "a.ome.tif", channels={"DAPI": 0, "HER2": key, "CEP17": 2})


@pytest.mark.parametrize("path", [None, 5, ["a.tif"], b"a.tif"])
def test_what_is_no_path_is_not_called_corrupt(path):
    with pytest.raises(InputError, match="from its path") as caught:
        read_image(path)
    assert type(caught.value) is InputError


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("pixel_size_um", "0.1"),
        ("z_step_um", "0.1"),
        ("offset_counts", np.nan),
        ("offset_counts", np.inf),
        ("series", 0.0),
    ],
)
def test_options_that_are_no_numbers_are_named(tmp_path, option, value):
    write_ome(tmp_path / "a.ome.tif", stack(n_planes=1)[:, 0], "CYX")
    with pytest.raises(MetadataError, match=r"not? .*number"):
        read_image(tmp_path / "a.ome.tif", **{option: value})


def test_a_series_beyond_the_only_one_is_named(tmp_path):
    write_ome(tmp_path / "a.ome.tif", stack(n_planes=1)[:, 0], "CYX")
    with pytest.raises(MetadataError, match=r"--series: no such series .*found 1, expected 0 to 0"):
        read_image(tmp_path / "a.ome.tif", series=1)


def overruled(image) -> list[str]:
    return [one.detail for one in image.findings if one.code == "CALIBRATION_OVERRULED"]


def test_sizes_that_contradict_the_file_are_told(tmp_path):
    write_ome(tmp_path / "a.ome.tif", stack(), "CZYX")
    assert overruled(read_image(tmp_path / "a.ome.tif")) == []
    assert overruled(read_image(tmp_path / "a.ome.tif", pixel_size_um=0.1005, z_step_um=0.4)) == []
    other = read_image(tmp_path / "a.ome.tif", pixel_size_um=0.2, z_step_um=0.3)
    assert other.pixel_size_um == 0.2
    assert overruled(other) == [
        "pixel size 0.2 um, not 0.1 um of OME-XML PhysicalSizeX",
        "plane distance 0.3 um, not 0.4 um of OME-XML PhysicalSizeZ",
    ]
    write_ome(tmp_path / "b.ome.tif", stack(), "CZYX", metadata={"PhysicalSizeX": 50})
    assert overruled(read_image(tmp_path / "b.ome.tif", pixel_size_um=0.1)) == []


def test_stretched_pixels_are_not_silently_taken_for_squares(tmp_path):
    write_ome(
        tmp_path / "a.ome.tif", stack(n_planes=1)[:, 0], "CYX", metadata={"PhysicalSizeY": 0.2}
    )
    with pytest.raises(CalibrationError, match=r"found 0\.1 x 0\.2 um.*resample"):
        read_image(tmp_path / "a.ome.tif")
    given = read_image(tmp_path / "a.ome.tif", pixel_size_um=0.1)
    assert overruled(given) == ["pixel size 0.1 um, not 0.1 x 0.2 um of OME-XML PhysicalSizeX"]


def test_a_unit_that_is_not_known_is_told(tmp_path):
    units = {"PhysicalSizeXUnit": "thou", "PhysicalSizeYUnit": "thou"}
    write_ome(tmp_path / "a.ome.tif", stack(n_planes=1)[:, 0], "CYX", metadata=units)
    with pytest.raises(CalibrationError, match="no length in a known unit"):
        read_image(tmp_path / "a.ome.tif")


def test_pyramid_levels_are_not_planes(tmp_path):
    pixels = stack(n_planes=1, shape=(128, 128))[:, 0]
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as tif:
        tif.write(
            pixels,
            subifds=1,
            tile=(64, 64),
            photometric="minisblack",
            metadata={
                "axes": "CYX",
                "Channel": {"Name": ROLES},
                "PhysicalSizeX": 100.0,
                "PhysicalSizeXUnit": "nm",
                "PhysicalSizeY": 100.0,
                "PhysicalSizeYUnit": "nm",
            },
        )
        tif.write(pixels[:, ::2, ::2], subfiletype=1, tile=(64, 64), photometric="minisblack")
    image = read_image(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(image.pixels[:, 0], pixels)
    assert image.pixel_size_um == pytest.approx(0.1)


@pytest.mark.outside
def test_real_stack_agrees_with_tifffile(outside_data):
    path = outside_data / "real" / "stacks" / "nuc-spot-spot-spot.tif"
    image = read_image(path, channels=["DAPI", "HER2", "CEP17", "-"])
    expected = tifffile.imread(path).transpose(1, 0, 2, 3)[:3]
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.z_step_um == pytest.approx(0.199795)
    assert image.pixel_size_um == pytest.approx(0.0835, abs=1e-3)


def write_set(folder: Path, pixels: np.ndarray, *, metadata_apart: bool = False) -> list[Path]:
    """A set of three OME-TIFFs with a channel in each, as Bio-Formats writes it."""
    names = [f"set_{role}.ome.tif" for role in ROLES]
    data = "".join(
        f'<TiffData IFD="0" FirstC="{c}" PlaneCount="1">'
        f'<UUID FileName="{name}">urn:uuid:{c}</UUID></TiffData>'
        for c, name in enumerate(names)
    )
    images = image_xml(data=data, x=48, y=40)
    for c, name in enumerate(names):
        xml = OME.format(doctype="", uuid=f' UUID="urn:uuid:{c}"', images=images)
        if metadata_apart:
            (folder / "set.companion.ome").write_text(
                OME.format(doctype="", uuid=' UUID="urn:uuid:9"', images=images)
            )
            apart = '<BinaryOnly MetadataFile="set.companion.ome" UUID="urn:uuid:9"/>'
            xml = OME.format(doctype="", uuid=f' UUID="urn:uuid:{c}"', images=apart)
        write_raw_ome(folder / name, pixels[c], xml=xml)
    return [folder / name for name in names]


@pytest.mark.parametrize("metadata_apart", [False, True])
def test_a_set_of_files_is_read_from_any_of_them(tmp_path, metadata_apart):
    pixels = stack(n_planes=1)[:, 0]
    files = write_set(tmp_path, pixels, metadata_apart=metadata_apart)
    for file in files:
        image = read_image(file)
        np.testing.assert_array_equal(image.pixels[:, 0], pixels)
        assert set(image.files) == {str(one) for one in files}
    renamed = files[0].rename(tmp_path / "renamed.ome.tif")
    np.testing.assert_array_equal(read_image(renamed).pixels[:, 0], pixels)
    files[2].unlink()
    with pytest.raises(MetadataError, match=r"set_CEP17.ome.tif"):
        read_image(renamed)
    if metadata_apart:
        (tmp_path / "set.companion.ome").unlink()
        with pytest.raises(MetadataError, match=r"set.companion.ome"):
            read_image(renamed)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("HER2 (SpectrumOrange)", "HER2"),
        ("DAPI-405", "DAPI"),
        ("CEP 17", "CEP17"),
        ("CEP17_FITC", "CEP17"),
        ("CEN17 SpectrumGreen", "CEP17"),
        ("HER2 Spectrum Orange 561", "HER2"),
        ("SpOrange", "HER2"),
        ("HER2 CEP17", None),
        ("HER3 SpectrumOrange", None),
        ("HER2/FITC", None),
        ("HER3", None),
        ("CEP11", None),
        ("488", None),
        ("", None),
    ],
)
def test_roles_are_guessed_from_whole_names_only(name, role):
    assert guess_role(name) == role


def test_arrays_as_tifffile_writes_them_by_default(tmp_path):
    pixels = stack()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tifffile would like to be told the photometric
        tifffile.imwrite(tmp_path / "a.tif", pixels[:, 0], metadata={"axes": "CYX"})
        tifffile.imwrite(tmp_path / "b.tif", pixels, metadata={"axes": "CZYX"})
        tifffile.imwrite(
            tmp_path / "c.tif", pixels.transpose(1, 0, 2, 3), metadata={"axes": "ZCYX"}
        )
    options = {"channels": ROLES, "pixel_size_um": 0.1, "z_step_um": 0.4}
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", **options).pixels, pixels[:, :1])
    np.testing.assert_array_equal(read_image(tmp_path / "b.tif", **options).pixels, pixels)
    np.testing.assert_array_equal(read_image(tmp_path / "c.tif", **options).pixels, pixels)


def test_the_options_that_faces_share_are_those_of_read_image():
    own = {"path", "roi", "name", "settings"}
    assert set(inspect.signature(read_image).parameters) - own == set(OPTIONS)


@pytest.mark.parametrize("opens", [open_slide, read_field])
def test_an_option_that_does_not_exist_is_a_type_error(tmp_path, opens):
    with pytest.raises(TypeError, match="'pixel_size'"):
        opens(tmp_path / "f.tif", pixel_size=0.1)


@pytest.mark.parametrize(
    ("rgb", "said"),
    [
        ({"HER2": "red", "CEP17": "green", "DAPI": "blue"}, "unknown colour (found HER2"),
        ({"red": "HER2"}, "no channel was given for DAPI (found HER2=red)"),
    ],
)
def test_what_is_wrong_with_a_map_of_colours_is_told_in_its_own_terms(tmp_path, rgb, said):
    path = tmp_path / "merge.tif"
    tifffile.imwrite(path, np.ones((32, 32, 3), np.uint8), photometric="rgb", metadata=None)
    with pytest.raises(ChannelError) as error:
        read_image(path, pixel_size_um=0.1, rgb=rgb)
    assert said in str(error.value)
    assert error.value.remedy == "give --rgb red=HER2,green=CEP17,blue=DAPI"


@pytest.mark.parametrize("head", [b"BM6\x00", b"GIF89a", b"RIFF\x081\x00\x00WEBPVP8 "])
def test_other_pictures_are_to_be_exported(tmp_path, head):
    path = tmp_path / "merge"
    path.write_bytes(head.ljust(64, b"\x01"))
    with pytest.raises(FileFormatError, match="export the image as TIFF"):
        read_image(path)
