"""CZI, ND2 and LIF: files as written come back; what is missing is an error, never zeros."""

from __future__ import annotations

import struct
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fishcount import read_image
from fishcount.errors import (
    ChannelError,
    CorruptFileError,
    FileFormatError,
    FishcountError,
    MetadataError,
)
from fishcount.io import inspect_file
from fishcount.io.vendor.czi import read_metadata
from fishcount.io.vendor.lif import read_optics

ROLES = ["DAPI", "HER2", "CEP17"]


def pixels(shape=(3, 2, 40, 50)) -> np.ndarray:
    return np.random.default_rng(1).integers(1, 4000, shape).astype(np.uint16)


# --- CZI: written by the maker's own library --------------------------------------------------


def write_czi(path: Path, scenes: list[np.ndarray], *, leave_out=None) -> Path:
    czi = pytest.importorskip("pylibCZIrw.czi", reason="needs the extra 'vendor'")
    with czi.create_czi(str(path)) as document:
        for number, array in enumerate(scenes):
            for c, planes in enumerate(array):
                for z, plane in enumerate(planes):
                    if (c, z) != leave_out:
                        document.write(
                            plane[..., None],
                            plane={"C": c, "Z": z, "T": 0},
                            scene=number,
                            location=(1000 * number, 0),
                        )
        document.write_metadata(
            "field", dict(enumerate(ROLES)), scale_x=1e-7, scale_y=1e-7, scale_z=4e-7
        )
    return path


def test_czi_gives_back_its_pixels(tmp_path):
    truth = pixels()
    path = write_czi(tmp_path / "f.czi", [truth])
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, truth)
    assert image.channels == ("DAPI", "HER2", "CEP17")
    assert image.pixel_size_um == pytest.approx(0.1)
    assert image.z_step_um == pytest.approx(0.4)
    assert inspect_file(path).exit_code == 0


def test_czi_scenes_are_chosen(tmp_path):
    truth = [pixels(), pixels() + 1]
    path = write_czi(tmp_path / "f.czi", truth)
    with pytest.raises(MetadataError, match="--series"):
        read_image(path)
    for number, array in enumerate(truth):
        np.testing.assert_array_equal(read_image(path, series=number).pixels, array)


def test_czi_planes_that_are_missing_are_an_error(tmp_path):
    path = write_czi(tmp_path / "f.czi", [pixels()], leave_out=(1, 1))
    with pytest.raises(CorruptFileError, match=r"channel 1, plane 1.*tiles are missing"):
        read_image(path)


@pytest.mark.parametrize(
    ("named", "aperture"),
    [("", None), ("Objective:2", 1.4), ("Objective:9", None)],
)
def test_czi_says_objective_and_dyes(named, aperture):
    reference = f'<ObjectiveSettings><ObjectiveRef Id="{named}"/></ObjectiveSettings>'
    channels = "".join(
        f'<Channel Name="{role}">{told}</Channel>'
        for role, told in zip(
            ROLES,
            ("", "<EmissionWavelength>588</EmissionWavelength>", "<EmissionWavelength/>"),
            strict=True,
        )
    )
    objectives = "".join(
        f'<Objective Id="Objective:{number}"><LensNA>{na}</LensNA></Objective>'
        for number, na in ((1, 0.4), (2, 1.4))
    )
    xml = (
        "<ImageDocument><Metadata><Information><Instrument>"
        f"<Objectives>{objectives}</Objectives></Instrument><Image>{reference if named else ''}"
        f"<Dimensions><Channels>{channels}</Channels></Dimensions></Image></Information>"
        "</Metadata></ImageDocument>"
    )
    names, _, optics = read_metadata(xml, 3)
    assert names == tuple(ROLES)
    assert {one.numerical_aperture for one in optics} == {aperture}
    assert optics[1].emission_nm == 588
    assert optics[0].emission_nm is optics[2].emission_nm is None


def test_a_cut_czi_is_an_error_of_ours(tmp_path):
    path = write_czi(tmp_path / "f.czi", [pixels()])
    data = path.read_bytes()
    for share in (0.05, 0.3, 0.6, 0.95):
        path.write_bytes(data[: int(share * len(data))])
        with pytest.raises(FishcountError):
            read_image(path)


# --- LIF: written here after the published layout ---------------------------------------------


def write_lif(path: Path, array: np.ndarray, *, cut: int = 0, settings: str = "") -> Path:
    """One image (c, z, y, x), channel by channel in each plane."""
    stored = np.ascontiguousarray(array.transpose(1, 0, 2, 3))
    n_z, n_c, height, width = stored.shape
    plane = height * width * 2
    sizes = [(1, width, 2, 1e-7), (2, height, 2 * width, 1e-7), (3, n_z, plane * n_c, 4e-7)]
    channels = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="16" NameOfMeasuredQuantity=""'
        f' Min="0" Max="65535" Unit="" LUTName="Gray" IsLUTInverted="0" BytesInc="{c * plane}"'
        ' BitInc="0"/>'
        for c in range(n_c)
    )
    dimensions = "".join(
        f'<DimensionDescription DimID="{i}" NumberOfElements="{n}" Origin="0" '
        f'Length="{step * (n - 1)}" Unit="m" BitInc="0" BytesInc="{inc}"/>'
        for i, n, inc, step in sizes
    )
    xml = (
        '<LMSDataContainerHeader Version="2"><Element Name="root" UniqueID="0"><Data/>'
        '<Memory Size="0" MemoryBlockID="MemBlock_0"/><Children>'
        '<Element Name="field" UniqueID="1"><Data><Image><ImageDescription>'
        f"<Channels>{channels}</Channels><Dimensions>{dimensions}</Dimensions>"
        f'</ImageDescription>{settings}</Image></Data><Memory Size="{stored.nbytes}" '
        'MemoryBlockID="MemBlock_1"/><Children/></Element></Children></Element>'
        "</LMSDataContainerHeader>"
    )
    text = xml.encode("utf-16-le")
    data = struct.pack("<IIBI", 0x70, len(text) + 5, 0x2A, len(xml)) + text
    for name, block in (("MemBlock_0", b""), ("MemBlock_1", stored.astype("<u2").tobytes())):
        tag = name.encode("utf-16-le")
        head = struct.pack("<BQBI", 0x2A, len(block), 0x2A, len(name)) + tag
        data += struct.pack("<II", 0x70, len(head)) + head + block
    path.write_bytes(data[: len(data) - cut])
    return path


def test_lif_gives_back_its_pixels(tmp_path):
    pytest.importorskip("liffile", reason="needs the extra 'vendor'")
    truth = pixels()
    path = write_lif(tmp_path / "f.lif", truth)
    with pytest.raises(ChannelError, match="no names"):
        read_image(path)
    image = read_image(path, channels=ROLES)
    np.testing.assert_array_equal(image.pixels, truth)
    assert image.pixel_size_um == pytest.approx(0.1)
    assert image.z_step_um == pytest.approx(0.4)


@pytest.mark.parametrize("cut", [10, 5000, 16000, 20000])
def test_a_cut_lif_is_an_error_of_ours(tmp_path, cut):
    pytest.importorskip("liffile", reason="needs the extra 'vendor'")
    path = write_lif(tmp_path / "f.lif", pixels(), cut=cut)
    with pytest.raises(FishcountError):
        read_image(path, channels=ROLES)


def lif_settings(inside: str, *, name: str = "HardwareSetting") -> str:
    return f'<Attachment Name="{name}">{inside}</Attachment>'


def lif_camera(*emissions: str, na: str = "1.4") -> str:
    infos = "".join(f'<WideFieldChannelInfo EmissionWavelength="{one}"/>' for one in emissions)
    return (
        f'<ATLCameraSettingDefinition NumericalAperture="{na}"><WideFieldChannelConfigurator>'
        f"{infos}</WideFieldChannelConfigurator></ATLCameraSettingDefinition>"
    )


LIF_SEQUENCE = (
    lif_camera("600")
    + "<LDM_Block_Widefield_Sequential><LDM_Block_Sequential_List>"
    + "".join(lif_camera(one) for one in ("461", "588", "525"))
    + "</LDM_Block_Sequential_List></LDM_Block_Widefield_Sequential>"
)
LIF_CONFOCAL = (
    '<ATLConfocalSettingDefinition NumericalAperture="1.3"><Spectro><MultiBand Channel="1" '
    'TargetWaveLengthBegin="500" TargetWaveLengthEnd="550"/></Spectro>'
    "</ATLConfocalSettingDefinition>"
)


@pytest.mark.parametrize(
    ("settings", "aperture", "emission"),
    [
        (lif_settings(lif_camera("461", "588", "525")), 1.4, (461, 588, 525)),
        (lif_settings(lif_camera("461", "", "525")), 1.4, (461, None, 525)),
        (lif_settings(LIF_SEQUENCE), 1.4, (461, 588, 525)),
        (lif_settings(lif_camera("461", "588")), 1.4, (None, None, None)),
        (lif_settings(LIF_CONFOCAL), 1.3, (None, None, None)),
    ],
)
def test_lif_says_objective_and_dyes(settings, aperture, emission):
    element = ET.fromstring(f"<Element><Data><Image>{settings}</Image></Data></Element>")
    optics = read_optics(element, 3)
    assert [one.numerical_aperture for one in optics] == [aperture] * 3
    assert tuple(one.emission_nm for one in optics) == emission


@pytest.mark.parametrize(
    "settings", ["", lif_settings(""), lif_settings(lif_camera("461"), name="Other")]
)
def test_lif_without_settings_says_nothing(settings):
    element = ET.fromstring(f"<Element><Data><Image>{settings}</Image></Data></Element>")
    assert read_optics(element, 3) == ()


def test_optics_of_a_lif_are_those_of_its_image(tmp_path):
    pytest.importorskip("liffile", reason="needs the extra 'vendor'")
    settings = lif_settings(lif_camera("461", "588", "5.25e-07"))
    image = read_image(write_lif(tmp_path / "f.lif", pixels(), settings=settings), channels=ROLES)
    assert image.optics.numerical_aperture == 1.4
    assert dict(image.optics.emission_nm) == {"DAPI": 461, "HER2": 588}
    ignored = [one.detail for one in image.findings if one.code == "OPTICS_IGNORED"]
    assert ignored == ["emission wavelength of CEP17: 5.25e-07 nm"]


# --- ND2: no file can be made here, so its package is stood in for ----------------------------


class Nd2Stand:
    """The part of `nd2.ND2File` that is used, over an array (p, z, c, y, x)."""

    def __init__(self, array: np.ndarray, missing: tuple[int, ...] = ()) -> None:
        self.array = array
        n_p, n_z, n_c, height, width = array.shape
        self.sizes = {"P": n_p, "Z": n_z, "C": n_c, "Y": height, "X": width}
        self.dtype = array.dtype
        self.is_rgb = False
        volume = SimpleNamespace(axesCalibrated=(True, True, True), axesCalibration=(0.1, 0.1, 0.4))
        self.metadata = SimpleNamespace(
            channels=[
                SimpleNamespace(
                    channel=SimpleNamespace(name=role, emissionLambdaNm=emission_nm),
                    microscope=SimpleNamespace(objectiveNumericalAperture=1.4),
                    volume=volume,
                )
                for role, emission_nm in zip(ROLES[:n_c], (461.0, 588.0, None), strict=False)
            ]
        )
        self.loop_indices = tuple({"P": p, "Z": z} for p in range(n_p) for z in range(n_z))
        self._rdr = SimpleNamespace(
            _frame_offsets={i: 0 for i in range(n_p * n_z) if i not in missing}
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def read_frame(self, number: int) -> np.ndarray:
        return self.array.reshape(-1, *self.array.shape[2:])[number]


def stand_in(monkeypatch, tmp_path, stand: Nd2Stand) -> Path:
    monkeypatch.setitem(sys.modules, "nd2", SimpleNamespace(ND2File=lambda _: stand))
    path = tmp_path / "f.nd2"
    path.write_bytes(b"\xda\xce\xbe\x0a" + bytes(100))
    return path


def test_nd2_positions_and_planes_go_to_their_places(tmp_path, monkeypatch):
    truth = pixels((2, 4, 3, 40, 50))
    path = stand_in(monkeypatch, tmp_path, Nd2Stand(truth))
    with pytest.raises(MetadataError, match="--series"):
        read_image(path)
    image = read_image(path, series=1)
    np.testing.assert_array_equal(image.pixels, truth[1].transpose(1, 0, 2, 3))
    assert (image.pixel_size_um, image.z_step_um) == (0.1, 0.4)
    assert image.optics.numerical_aperture == 1.4
    assert dict(image.optics.emission_nm) == {"DAPI": 461, "HER2": 588}


def test_nd2_frames_that_are_missing_are_an_error(tmp_path, monkeypatch):
    path = stand_in(monkeypatch, tmp_path, Nd2Stand(pixels((1, 4, 3, 40, 50)), missing=(2,)))
    with pytest.raises(CorruptFileError, match=r"frames are missing.*1 of 4"):
        read_image(path)


# --- all ----------------------------------------------------------------------------------------

HEADS = {"CZI": b"ZISRAWFILE", "ND2": b"\xda\xce\xbe\x0a", "LIF": b"\x70\x00\x00\x00"}
PACKAGES = {"CZI": "pylibCZIrw.czi", "ND2": "nd2", "LIF": "liffile"}


@pytest.mark.parametrize("kind", HEADS)
def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch, kind):
    path = tmp_path / "f.img"
    path.write_bytes(HEADS[kind] + bytes(100))
    monkeypatch.setitem(sys.modules, PACKAGES[kind], None)
    with pytest.raises(FileFormatError, match=r"fishcount\[vendor\]"):
        read_image(path)


@pytest.mark.parametrize("kind", HEADS)
def test_a_head_without_a_body_is_an_error_of_ours(tmp_path, kind):
    pytest.importorskip(PACKAGES[kind], reason="needs the extra 'vendor'")
    path = tmp_path / "f.img"
    for body in (b"", bytes(50), bytes(5000), b"\xff" * 5000):
        path.write_bytes(HEADS[kind] + body)
        with pytest.raises(FishcountError):
            read_image(path)
        assert inspect_file(path).exit_code == 2
