"""Builders of bad input files, by number; `CASES` says what each must get."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile

from fishcount import errors

ROLES = ["DAPI", "HER2", "CEP17"]
SHAPE = (48, 64)
SIZE = {"pixel_size_um": 0.1}
OME = """<?xml version="1.0" encoding="UTF-8"?>{doctype}
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"{uuid}>{images}</OME>"""
IMAGE = """<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="{order}" Type="{type}"
SizeX="{x}" SizeY="{y}" SizeC="{c}" SizeZ="{z}" SizeT="{t}" {physical}>{channels}{data}</Pixels>
</Image>"""
PHYSICAL = 'PhysicalSizeX="0.1" PhysicalSizeY="0.1"'


def pixels(n: int = 3, shape: tuple[int, int] = SHAPE, dtype: Any = np.uint16) -> np.ndarray:
    rng = np.random.default_rng(7)
    return rng.integers(1, 250, (n, *shape)).astype(dtype)


def image_xml(names: Sequence[str | None] = ROLES, **changes: Any) -> str:
    values: dict[str, Any] = {
        "order": "XYCZT",
        "type": "uint16",
        "x": SHAPE[1],
        "y": SHAPE[0],
        "c": len(names),
        "z": 1,
        "t": 1,
        "physical": PHYSICAL,
        "channels": "".join(
            f'<Channel ID="Channel:0:{i}"{"" if name is None else f" Name={name!r}"}/>'
            for i, name in enumerate(names)
        ),
        "data": "<TiffData/>",
    }
    return IMAGE.format(**{**values, **changes})


def write_ome(
    path: Path,
    planes: np.ndarray,
    images: str | None = None,
    *,
    doctype: str = "",
    uuid: str = "",
    xml: str | None = None,
    **options: Any,
) -> Path:
    xml = xml or OME.format(doctype=doctype, uuid=uuid, images=images or image_xml())
    tifffile.imwrite(
        path,
        planes,
        photometric="minisblack",
        metadata=None,
        description=xml.encode(),
        **options,
    )
    return path


Tags = dict[int, tuple[int, Sequence[int]]]
_FORMAT = {1: "B", 3: "H", 4: "I"}


def grey_tags(**changes: Any) -> Tags:
    """Tags of a grey 16-bit page; names as keywords change or remove them."""
    tags: Tags = {
        256: (4, [SHAPE[1]]),
        257: (4, [SHAPE[0]]),
        258: (3, [16]),
        259: (3, [1]),
        262: (3, [1]),
        277: (3, [1]),
        278: (4, [SHAPE[0]]),
    }
    codes = {
        "width": 256,
        "height": 257,
        "bits": 258,
        "compression": 259,
        "photometric": 262,
        "samples": 277,
        "rows": 278,
        "tile_width": 322,
        "tile_height": 323,
        "format": 339,
    }
    for name, value in changes.items():
        tags[codes[name]] = (tags.get(codes[name], (4, []))[0], [value])
    return tags


def raw_tiff(
    pages: Sequence[tuple[Tags, bytes]],
    *,
    links: Mapping[int, int] | None = None,
    offsets: Mapping[int, int] | None = None,
) -> bytes:
    """A little-endian TIFF, all directories first; `links` sends page i on to page links[i]."""
    n_entries = [len(tags) + 2 for tags, _ in pages]
    starts = [8]
    for count in n_entries:
        starts.append(starts[-1] + 2 + 12 * count + 4)
    data_at = [starts[-1]]
    for _, data in pages:
        data_at.append(data_at[-1] + len(data))
    out = bytearray(b"II*\x00" + struct.pack("<I", 8))
    for i, (tags, data) in enumerate(pages):
        tiled = 322 in tags
        position = (offsets or {}).get(i, data_at[i])
        full = {**tags, 324 if tiled else 273: (4, [position])}
        full[325 if tiled else 279] = (4, [len(data)])
        out += struct.pack("<H", len(full))
        for code in sorted(full):
            kind, values = full[code]
            packed = struct.pack(f"<{len(values)}{_FORMAT[kind]}", *values)
            out += struct.pack("<HHI", code, kind, len(values)) + packed.ljust(4, b"\x00")[:4]
        following = starts[i + 1] if i + 1 < len(pages) else 0
        if links and i in links:
            following = starts[links[i]]
        out += struct.pack("<I", following)
    return bytes(out) + b"".join(data for _, data in pages)


def grey_pages(n: int = 3) -> list[tuple[Tags, bytes]]:
    return [(grey_tags(), plane.tobytes()) for plane in pixels(n)]


def deflate_bomb(gib: int = 6) -> bytes:
    """A stream that inflates to this many GiB of zeros."""
    encoder = zlib.compressobj(9)
    head = encoder.compress(bytes(2**20)) + encoder.flush(zlib.Z_FULL_FLUSH)
    block = encoder.compress(bytes(2**20)) + encoder.flush(zlib.Z_FULL_FLUSH)
    return head + block * (1024 * gib - 1) + b"\x03\x00" + b"\x00" * 4


@dataclass(frozen=True, slots=True)
class Case:
    """One bad input: how it is made, how it is read, and the answer that it must get."""

    number: int
    name: str
    build: Callable[[Path], Any]
    error: type[errors.FishcountError] | None
    match: str
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.number}-{self.name}"


CASES: list[Case] = []


def case(
    number: int,
    name: str,
    error: type[errors.FishcountError] | None,
    match: str = "",
    **options: Any,
) -> Callable[[Callable[[Path], Any]], Callable[[Path], Any]]:
    def register(build: Callable[[Path], Any]) -> Callable[[Path], Any]:
        CASES.append(Case(number, name, build, error, match, options))
        return build

    return register


def file(folder: Path, data: bytes, name: str = "field.tif") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@case(1, "empty", errors.FileFormatError, "empty.*interrupted")
def _(folder):
    return file(folder, b"")


@case(2, "header only", errors.TruncatedFileError, "header")
def _(folder):
    return file(folder, b"II*\x00\x08\x00\x00\x00")


@case(2, "half a header", errors.TruncatedFileError, "header")
def _(folder):
    return file(folder, b"MM\x00*\x00")


@case(3, "HTML named .tif", errors.FileFormatError, "HTML page that starts with b'<!DOCTYPE html>")
def _(folder):
    return file(folder, b"<!DOCTYPE html><html><body>Log in</body></html>")


@case(3, "text named .tif", errors.FileFormatError, "starts with b'DAPI HER2 CEP17'")
def _(folder):
    return file(folder, b"DAPI HER2 CEP17")


@case(4, "cut in the pixels", errors.TruncatedFileError, r"\d+ bytes.*expected \d+ bytes")
def _(folder):
    data = raw_tiff(grey_pages())
    return file(folder, data[: -SHAPE[0] * SHAPE[1]])


@case(4, "cut in the pixels of an OME-TIFF", errors.TruncatedFileError, r"found \d+ bytes, expec")
def _(folder):
    path = write_ome(folder / "a.ome.tif", pixels())
    return file(folder, path.read_bytes()[:10_000], "a.ome.tif")


@case(5, "cut before later pages", errors.TruncatedFileError, "ends after 1 page.* 3 planes decl")
def _(folder):
    path = folder / "field.ome.tif"
    with tifffile.TiffWriter(path) as tif:
        for i, plane in enumerate(pixels()):
            xml = OME.format(doctype="", uuid="", images=image_xml()).encode()
            tif.write(
                plane,
                description=xml if i == 0 else None,
                metadata=None,
                contiguous=False,
                photometric="minisblack",
            )
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tif:
        cut = tif.pages[1].offset
    return file(folder, data[:cut], "field.ome.tif")


@case(6, "directory that points to itself", errors.FileFormatError, "structure.*points back")
def _(folder):
    return file(folder, raw_tiff(grey_pages(1), links={0: 0}))


@case(7, "loop of two directories", errors.FileFormatError, "structure.*points back")
def _(folder):
    return file(folder, raw_tiff(grey_pages(2), links={1: 0}))


@case(8, "huge raw dimensions", errors.TooLargeError, "MiB declared, 100 bytes stored")
def _(folder):
    tags = grey_tags(width=200_000, height=200_000, rows=200_000)
    return file(folder, raw_tiff([(tags, bytes(100))]))


@case(9, "decompression bomb", errors.TooLargeError, "declared")
def _(folder):
    tags = grey_tags(width=65_536, height=49_152, rows=49_152, compression=8)
    return file(folder, raw_tiff([(tags, deflate_bomb())]))


@case(9, "bomb under the memory limit", errors.TooLargeError, "inflates")
def _(folder):
    tags = grey_tags(width=32_768, height=32_768, rows=32_768, compression=8)
    return file(folder, raw_tiff([(tags, deflate_bomb(2))]))


@case(
    9,
    "bomb in a small page",
    errors.CorruptFileError,
    "page 0, strip 0",
    **SIZE,
    channels=["DAPI", "HER2"],
)
def _(folder):
    page = (grey_tags(compression=8), deflate_bomb())
    return file(folder, raw_tiff([page, page]))


@case(10, "giant tile in a tiny image", errors.TooLargeError, "tiles? of 65520 x 65520")
def _(folder):
    tags = grey_tags(tile_width=65_520, tile_height=65_520, compression=8)
    return file(folder, raw_tiff([(tags, zlib.compress(bytes(100)))]))


@case(10, "large tile in a tiny image", errors.TooLargeError, "tile of 8192 x 8192")
def _(folder):
    tags = grey_tags(tile_width=8192, tile_height=8192, compression=8)
    return file(folder, raw_tiff([(tags, zlib.compress(bytes(100)))]))


@case(11, "50,000 pages", errors.TooLargeError, "too many pages.*reading.max_planes")
def _(folder):
    return file(folder, raw_tiff([(grey_tags(), bytes(8))] * 50_000))


@case(12, "absurd number of tags", errors.FileFormatError, "structure: number of tags")
def _(folder):
    data = bytearray(raw_tiff(grey_pages()))
    data[8:10] = b"\xff\xff"
    return file(folder, bytes(data))


@case(12, "absurd number of values", errors.FileFormatError, "structure.*number of values")
def _(folder):
    data = bytearray(raw_tiff(grey_pages()))
    data[8 + 2 + 4 : 8 + 2 + 8] = b"\xff\xff\xff\xff"
    return file(folder, bytes(data))


@case(12, "absurd offset of values", errors.FileFormatError, "structure.*offset")
def _(folder):
    data = bytearray(raw_tiff(grey_pages()))
    data[8 + 2 + 4 : 8 + 2 + 12] = struct.pack("<II", 4, 0xFFFFFF00)
    return file(folder, bytes(data))


@case(
    13, "pixel offset past the end", errors.TruncatedFileError, "past the end.*page 1|page 1.*past"
)
def _(folder):
    return file(folder, raw_tiff(grey_pages(), offsets={1: 10_000_000}))


@case(14, "corrupt tile", errors.CorruptFileError, r"page 1, tile \d", **SIZE)
def _(folder):
    path = write_ome(folder / "a.ome.tif", pixels(), compression="zlib", tile=(16, 16))
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[1]
        middle = page.dataoffsets[5] + page.databytecounts[5] // 2
    data = bytearray(path.read_bytes())
    data[middle : middle + 8] = b"\xff" * 8
    return file(folder, bytes(data), "a.ome.tif")


@case(14, "corrupt LZW strip", errors.CorruptFileError, r"page 0, strip \d", **SIZE)
def _(folder):
    path = write_ome(folder / "a.ome.tif", pixels(), compression="lzw", rowsperstrip=8)
    with tifffile.TiffFile(path) as tif:
        at, count = tif.pages[0].dataoffsets[2], tif.pages[0].databytecounts[2]
    data = bytearray(path.read_bytes())
    data[at : at + count] = b"\xa5" * count
    return file(folder, bytes(data), "a.ome.tif")


@case(15, "unknown codec", errors.FileFormatError, "unsupported compression.*SGILOG")
def _(folder):
    return file(folder, raw_tiff([(grey_tags(compression=34676), bytes(100))]))


@case(15, "codec of no name", errors.FileFormatError, "unsupported compression.*65123")
def _(folder):
    return file(folder, raw_tiff([(grey_tags(compression=65123), bytes(100))]))


@case(16, "0-bit samples", errors.FileFormatError, "structure: bits of a sample")
def _(folder):
    return file(folder, raw_tiff([(grey_tags(bits=0), bytes(100))]))


@case(16, "255-bit samples", errors.FileFormatError, "structure: bits of a sample")
def _(folder):
    return file(folder, raw_tiff([(grey_tags(bits=255), bytes(100))]))


@case(17, "zero width", errors.FileFormatError, "structure: image width")
def _(folder):
    return file(folder, raw_tiff([(grey_tags(width=0), bytes(100))]))


@case(18, "XML declares more planes", errors.MetadataError, "9 planes declared.*3 stored", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(), image_xml(z=3))


@case(18, "a plane is left out of the list", errors.MetadataError, "3 planes declared.*2", **SIZE)
def _(folder):
    data = '<TiffData IFD="0" FirstC="0"/><TiffData IFD="1" FirstC="2"/>'
    return write_ome(folder / "a.ome.tif", pixels(2), image_xml(data=data))


@case(19, "XML declares fewer planes", errors.MetadataError, "3 planes declared.*4 stored", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(4))


@case(20, "OME size differs", errors.MetadataError, r"size differs.*48, 60.*48, 64", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(), image_xml(x=60))


@case(20, "OME type differs", errors.MetadataError, r"type differs.*uint8.*uint16", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(), image_xml(type="uint8"))


@case(21, "malformed XML", errors.MetadataError, "OME-XML: not well-formed", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(), image_xml() + "<Image>")


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {chr(98 + i)} '{f'&{chr(97 + i)};' * 10}'>" for i in range(9)
)


@case(22, "entity bomb", errors.UnsafeFileError, "entities", **SIZE)
def _(folder):
    images = image_xml(names=["&j;", "HER2", "CEP17"])
    return write_ome(folder / "a.ome.tif", pixels(), images, doctype=BOMB + "]>")


@case(22, "external entity", errors.UnsafeFileError, "entities", **SIZE)
def _(folder):
    doctype = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    images = image_xml() + "<Description>&e;</Description>"
    return write_ome(folder / "a.ome.tif", pixels(), images, doctype=doctype)


def companion_xml(other: str) -> str:
    own = '<TiffData IFD="0" FirstC="0" PlaneCount="2"/>'
    uuid = f'<UUID FileName="{other}">urn:uuid:2</UUID>'
    return image_xml(data=f'{own}<TiffData IFD="0" FirstC="2" PlaneCount="1">{uuid}</TiffData>')


@case(23, "companion missing", errors.MetadataError, "companion.*expected rest.ome.tif", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(2), companion_xml("rest.ome.tif"))


@case(24, "companion in another folder", errors.UnsafeFileError, "outside its folder", **SIZE)
def _(folder):
    inner = folder / "inner"
    inner.mkdir()
    write_ome(folder / "rest.ome.tif", pixels(1), image_xml(names=["CEP17"]))
    return write_ome(inner / "a.ome.tif", pixels(2), companion_xml("../rest.ome.tif"))


@case(24, "companion by absolute path", errors.UnsafeFileError, "outside its folder", **SIZE)
def _(folder):
    write_ome(folder / "rest.ome.tif", pixels(1), image_xml(names=["CEP17"]))
    xml = companion_xml(str(folder / "rest.ome.tif"))
    return write_ome(folder / "a.ome.tif", pixels(2), xml)


@case(24, "companion through a link", errors.UnsafeFileError, "link to another folder", **SIZE)
def _(folder):
    inner = folder / "inner"
    inner.mkdir()
    write_ome(folder / "rest.ome.tif", pixels(1), image_xml(names=["CEP17"]))
    os.symlink(folder / "rest.ome.tif", inner / "rest.ome.tif")
    return write_ome(inner / "a.ome.tif", pixels(2), companion_xml("rest.ome.tif"))


@case(25, "ImageJ counts differ", errors.MetadataError, "9 images.*expected 3 pages", **SIZE)
def _(folder):
    path = folder / "a.tif"
    text = "ImageJ=1.54f\nimages=9\nchannels=3\nslices=3\nhyperstack=true\nunit=um\nspacing=0.4\n"
    tifffile.imwrite(
        path, pixels(), photometric="minisblack", metadata=None, description=text.encode()
    )
    return path


@case(26, "no channel names", errors.ChannelError, "no names.*--channel DAPI=0", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(), image_xml(names=[None, None, None]))


@case(26, "plain pages", errors.ChannelError, "no names.*--channel DAPI=0", **SIZE)
def _(folder):
    return file(folder, raw_tiff(grey_pages()))


@case(27, "a name twice", errors.ChannelError, "two channels may be HER2.*DAPI, HER2, HER2", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(), image_xml(names=["DAPI", "HER2", "HER2"]))


@case(27, "unknown names", errors.ChannelError, "found Ch1, Ch2, Ch3", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(), image_xml(names=["Ch1", "Ch2", "Ch3"]))


@case(
    27,
    "a name that is not there",
    errors.ChannelError,
    "no channel is named 'Cy5'.*DAPI, HER2",
    channels={"DAPI": "DAPI", "HER2": "Cy5"},
)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels())


@case(28, "no HER2", errors.ChannelError, "no channel is known to be HER2", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(2), image_xml(names=["DAPI", "CEP17"]))


@case(28, "no CEP17, but a third channel", errors.ChannelError, "CEP17.*--channel CEP17=", **SIZE)
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels(), image_xml(names=["DAPI", "HER2", "Cy5"]))


@case(
    29,
    "z differs between channels",
    errors.MetadataError,
    r"differ in shape.*\(4, .*\(3, ",
    **SIZE,
    z_step_um=0.3,
)
def _(folder):
    files = {}
    for role, n_planes in zip(ROLES, (4, 3, 4), strict=True):
        files[role] = folder / f"{role}.tif"
        tifffile.imwrite(files[role], pixels(n_planes), photometric="minisblack", metadata=None)
    return files


@case(30, "mixed page sizes", errors.MetadataError, "2 images in one file.*--series", **SIZE)
def _(folder):
    small = grey_tags(width=32, height=24, rows=24)
    return file(folder, raw_tiff([*grey_pages(), (small, bytes(32 * 24 * 2))]))


@case(30, "several series", errors.MetadataError, "2 images in one file.*--series", **SIZE)
def _(folder):
    second = image_xml(data='<TiffData IFD="3" PlaneCount="3"/>')
    first = image_xml(data='<TiffData IFD="0" PlaneCount="3"/>')
    return write_ome(folder / "a.ome.tif", pixels(6), first + second)


def float_file(folder: Path, value: float, dtype: str = "float32") -> Path:
    planes = pixels().astype(dtype)
    planes[1, 3, 5] = planes[1, 7, 9] = value
    kind = {"float32": "float", "float64": "double"}[dtype]
    return write_ome(folder / "a.ome.tif", planes, image_xml(type=kind))


@case(31, "NaN", errors.PixelError, r"HER2: NaN.*found 2, the first at \(z, y, x\) = \(0, 3, 5\)")
def _(folder):
    return float_file(folder, np.nan)


@case(31, "infinity", errors.PixelError, r"HER2: NaN or infinite.*found 2")
def _(folder):
    return float_file(folder, np.inf)


@case(32, "negative", errors.PixelError, "HER2: negative.*-4.*--offset-counts")
def _(folder):
    return float_file(folder, -4)


@case(32, "signed", errors.PixelError, "negative.*-32000.*--offset-counts")
def _(folder):
    planes = pixels().astype(np.int16)
    planes[2] -= 32001
    planes[2, 0, 0] = -32000 - 0
    planes[2] = np.maximum(planes[2], -32000)
    return write_ome(folder / "a.ome.tif", planes, image_xml(type="int16"))


@case(33, "float64 that is exact", None)
def _(folder):
    return float_file(folder, 12.5, "float64")


@case(33, "float64 that is not", errors.PixelError, "not exact in float32")
def _(folder):
    return float_file(folder, 0.1, "float64")


@case(33, "float64 from 0 to 1", errors.PixelError, "pixels from 0 to 1 are not camera counts")
def _(folder):
    return write_ome(folder / "a.ome.tif", pixels() / 65535, image_xml(type="double"))


@case(33, "uint64 that is exact", None, **SIZE, channels=ROLES)
def _(folder):
    path = folder / "a.tif"
    tifffile.imwrite(path, pixels().astype(np.uint64), photometric="minisblack", metadata=None)
    return path


@case(33, "uint64 that is not", errors.PixelError, "not exact in float32", **SIZE, channels=ROLES)
def _(folder):
    path = folder / "a.tif"
    planes = pixels().astype(np.uint64)
    planes[0, 0, 0] = 2**40 + 1
    tifffile.imwrite(path, planes, photometric="minisblack", metadata=None)
    return path


@case(34, "complex", errors.PixelError, "complex.*mask, not an image", **SIZE, channels=ROLES)
def _(folder):
    path = folder / "a.tif"
    planes = pixels().astype(np.complex64)
    tifffile.imwrite(path, planes, photometric="minisblack", metadata=None)
    return path


@case(34, "1-bit", errors.PixelError, "1-bit.*mask, not an image", **SIZE, channels=ROLES)
def _(folder):
    path = folder / "a.tif"
    tifffile.imwrite(path, pixels() > 100, photometric="minisblack", metadata=None)
    return path


def merge() -> np.ndarray:
    return np.moveaxis(pixels(dtype=np.uint8), 0, -1).copy()


RGB = {"red": "HER2", "green": "CEP17", "blue": "DAPI"}


@case(35, "PNG merge without a map", errors.ChannelError, "--rgb red=HER2", **SIZE)
def _(folder):
    return file(folder, imagecodecs.png_encode(merge()), "a.png")


@case(35, "PNG merge", None, "COLOUR_MERGE", **SIZE, rgb=RGB)
def _(folder):
    return file(folder, imagecodecs.png_encode(merge()), "a.png")


@case(35, "PNG merge with alpha", None, "COLOUR_MERGE", **SIZE, rgb=RGB)
def _(folder):
    alpha = np.dstack([merge(), np.full(SHAPE, 255, np.uint8)])
    return file(folder, imagecodecs.png_encode(alpha), "a.png")


@case(35, "TIFF merge", None, "COLOUR_MERGE", **SIZE, rgb=RGB)
def _(folder):
    tifffile.imwrite(folder / "a.tif", merge(), photometric="rgb", metadata=None)
    return folder / "a.tif"


@case(35, "JPEG merge with halved colour", None, "LOSSY_COLOUR", **SIZE, rgb=RGB)
def _(folder):
    return file(folder, imagecodecs.jpeg8_encode(merge(), subsampling="420"), "a.jpg")


@case(35, "JPEG merge with full colour", None, "LOSSY_COMPRESSION", **SIZE, rgb=RGB)
def _(folder):
    return file(folder, imagecodecs.jpeg8_encode(merge(), subsampling="444"), "a.jpg")


@case(36, "palette", errors.FileFormatError, "photometric.*a palette", **SIZE)
def _(folder):
    return file(folder, raw_tiff([(grey_tags(photometric=3), bytes(SHAPE[0] * SHAPE[1] * 2))]))


@case(36, "inverted grey", errors.FileFormatError, "photometric.*inverted grey", **SIZE)
def _(folder):
    path = folder / "a.tif"
    tifffile.imwrite(path, pixels(), photometric="miniswhite", metadata=None)
    return path


def sized(folder: Path, text: str) -> Path:
    return write_ome(folder / "a.ome.tif", pixels(), image_xml(physical=text))


@case(37, "pixel size zero", errors.CalibrationError, "not plausible.*0 um.*--pixel-size-um")
def _(folder):
    return sized(folder, 'PhysicalSizeX="0" PhysicalSizeY="0"')


@case(37, "pixel size negative", errors.CalibrationError, "not plausible.*--pixel-size-um")
def _(folder):
    return sized(folder, 'PhysicalSizeX="-0.1" PhysicalSizeY="-0.1"')


@case(37, "pixel size absent", errors.CalibrationError, "no pixel size; give it with --pixel-size")
def _(folder):
    return sized(folder, "")


@case(37, "pixel size implausible", errors.CalibrationError, "not plausible.*352.8 um")
def _(folder):
    return sized(folder, 'PhysicalSizeX="352.8" PhysicalSizeY="352.8"')


@case(37, "pixel size no number", errors.CalibrationError, "not plausible.*--pixel-size-um")
def _(folder):
    return sized(folder, 'PhysicalSizeX="x" PhysicalSizeY="0.1"')


@case(37, "pixels not square", errors.CalibrationError, "not square.*0.1 x 0.2 um.*--pixel-size-um")
def _(folder):
    return sized(folder, 'PhysicalSizeX="0.1" PhysicalSizeY="0.2"')


def scene(seed: int) -> np.ndarray:
    """Counts of a soft scene with grain, (y, x)."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((96, 96))
    cy, cx = rng.uniform(20, 76, 2)
    truth = 20 + 300 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 10.0**2))
    return rng.poisson(truth).astype(np.uint16)


def scene_file(folder: Path, *planes: np.ndarray) -> Path:
    return write_ome(folder / "a.ome.tif", np.stack(planes), image_xml(x=96, y=96))


@case(38, "saturated pixels", None, "SATURATED_CHANNEL")
def _(folder):
    bright = scene(1)
    bright[:8, :8] = 65535
    return scene_file(folder, bright, scene(2), scene(3))


@case(39, "blank channel", None, "BLANK_CHANNEL")
def _(folder):
    return scene_file(folder, scene(1), np.full((96, 96), 100, np.uint16), scene(3))


@case(39, "identical channels", None, "IDENTICAL_CHANNELS")
def _(folder):
    return scene_file(folder, scene(1), scene(2), scene(2))


@case(40, "a directory", errors.InputError, "is a directory.*fishcount batch")
def _(folder):
    return folder


@case(40, "a pipe", errors.InputError, "pipe or a device")
def _(folder):
    os.mkfifo(folder / "pipe.tif")
    return folder / "pipe.tif"


@case(40, "not there", errors.InputError, "no such file")
def _(folder):
    return folder / "nothing.tif"


@case(13, "offset beyond all files", errors.TruncatedFileError, "past the end", **SIZE)
def _(folder):
    path = write_ome(folder / "a.ome.tif", pixels(), bigtiff=True, compression="zlib")
    with tifffile.TiffFile(path) as tif:
        at = tif.pages[1].tags["StripOffsets"].valueoffset
    data = bytearray(path.read_bytes())
    data[at : at + 8] = b"\xff" * 8
    return file(folder, bytes(data), "a.ome.tif")
