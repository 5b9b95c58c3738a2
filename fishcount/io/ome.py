"""OME-XML: what a file claims about its planes, channels and pixel size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree as SafeTree
from defusedxml import DefusedXmlException

from fishcount.errors import FishcountError, MetadataError, UnsafeFileError
from fishcount.io.optics import ChannelOptics, told_number

__all__ = ["MetadataElsewhere", "OmeImage", "TiffData", "parse_ome", "to_um"]

_OME_DTYPES = {
    "int8": "int8",
    "int16": "int16",
    "int32": "int32",
    "uint8": "uint8",
    "uint16": "uint16",
    "uint32": "uint32",
    "float": "float32",
    "double": "float64",
    "complex": "complex64",
    "double-complex": "complex128",
    "bit": "bool",
}
_NO_LENGTHS = ("pixel", "reference frame")
_UM_PER = {
    "m": 1e6,
    "dm": 1e5,
    "cm": 1e4,
    "centimeter": 1e4,
    "mm": 1e3,
    "millimeter": 1e3,
    "µm": 1.0,
    "μm": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "pm": 1e-6,
    "Å": 1e-4,
    "in": 25400.0,
    "inch": 25400.0,
}


@dataclass(frozen=True, slots=True)
class TiffData:
    """One TiffData element: which planes lie from which page on, and in which file."""

    ifd: int
    first: dict[str, int]
    count: int | None
    file_name: str | None
    uuid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OmeImage:
    """One Image of the OME-XML, as it claims to be."""

    name: str
    size: dict[str, int]
    dtype: str
    order: str
    channels: tuple[tuple[str, int], ...]
    pixel_um: tuple[float | None, float | None]
    z_step_um: float | None
    tiff_data: tuple[TiffData, ...]
    optics: tuple[ChannelOptics, ...] = ()
    file_uuid: str = ""
    faults: tuple[FishcountError, ...] = field(default=())

    @property
    def samples(self) -> int:
        """Samples in each page: 3 where a channel is a colour merge."""
        return self.channels[0][1] if self.channels else 1

    @property
    def page_sizes(self) -> dict[str, int]:
        """Pages along C, Z and T."""
        return {
            "C": self.size["C"] // self.samples,
            "Z": self.size["Z"],
            "T": self.size["T"],
        }


class MetadataElsewhere(Exception):
    """Raised where the metadata of a set lie in another file; caught where the set is opened."""

    def __init__(self, file_name: str, uuid: str) -> None:
        self.file_name = file_name
        self.uuid = uuid
        super().__init__(file_name)


def to_um(value: float, unit: str) -> float | None:
    """A length in micrometres; None when the unit is not a length ("pixel", "reference frame").

    Examples
    --------
    >>> from fishcount.io.ome import to_um
    >>> to_um(100.0, "nm"), to_um(1.0, "pixel")
    (0.1, None)
    """
    factor = _UM_PER.get(unit) or _UM_PER.get(unit.lower())
    return None if factor is None else value * factor


def parse_ome(text: str, *, file: str) -> tuple[OmeImage, ...]:
    """Images of an OME-XML block; what is wrong with one is in its `faults`.

    Raises
    ------
    UnsafeFileError
        When the XML declares entities or asks for outside resources.
    MetadataError
        When it is not well-formed or holds no Image.
    """
    try:
        root = SafeTree.fromstring(text, forbid_dtd=True)
    except DefusedXmlException as error:
        raise UnsafeFileError(
            "declares entities or a document type",
            file=file,
            field="OME-XML",
            found=type(error).__name__,
            expected="plain OME-XML",
            remedy="do not trust this file: export it again from its source",
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise MetadataError(
            "not well-formed",
            file=file,
            field="OME-XML",
            found=str(error),
            remedy="export the file again",
        ) from error
    own = root.get("UUID", "").strip()
    elsewhere = next(_children(root, "BinaryOnly"), None)
    if elsewhere is not None:
        raise MetadataElsewhere(elsewhere.get("MetadataFile", ""), own)
    apertures = {
        objective.get("ID", ""): told_number(objective.get("LensNA"))
        for instrument in _children(root, "Instrument")
        for objective in _children(instrument, "Objective")
    }
    images = tuple(
        replace(_image(element, file), file_uuid=own, optics=_optics(element, apertures))
        for element in _children(root, "Image")
    )
    if not images:
        raise MetadataError("holds no Image", file=file, field="OME-XML")
    return images


def _image(element: Element, file: str) -> OmeImage:
    pixels = next(_children(element, "Pixels"), None)
    if pixels is None:
        raise MetadataError("an Image without Pixels", file=file, field="OME-XML")
    faults: list[FishcountError] = []
    size = {axis: _int(pixels, f"Size{axis}", file, faults) for axis in "XYCZT"}
    order = pixels.get("DimensionOrder", "")
    if sorted(order) != sorted("XYCZT") or not order.startswith("XY"):
        faults.append(_fault(file, "DimensionOrder", order or None, "XYCZT or an order like it"))
        order = "XYCZT"
    dtype = pixels.get("Type", "")
    if dtype not in _OME_DTYPES:
        faults.append(_fault(file, "Type", dtype or None, "uint8, uint16 and the like"))
        dtype = "uint16"
    channels = tuple(
        (channel.get("Name", "").strip(), _int(channel, "SamplesPerPixel", file, faults, 1))
        for channel in _children(pixels, "Channel")
    )
    if not channels:
        channels = (("", 1),) * min(size["C"], 1000)
    if sum(samples for _, samples in channels) != size["C"]:
        faults.append(_fault(file, "Channel", len(channels), f"SizeC = {size['C']}"))
    if len({samples for _, samples in channels}) > 1:
        faults.append(_fault(file, "SamplesPerPixel", "different values", "one value"))
    tiff_data = tuple(_tiff_data(item, file, faults) for item in _children(pixels, "TiffData"))
    return OmeImage(
        name=element.get("Name", ""),
        size=size,
        dtype=_OME_DTYPES[dtype],
        order=order,
        channels=channels,
        pixel_um=(
            _length(pixels, "PhysicalSizeX"),
            _length(pixels, "PhysicalSizeY"),
        ),
        z_step_um=_length(pixels, "PhysicalSizeZ"),
        tiff_data=tiff_data,
        faults=tuple(faults),
    )


def _optics(image: Element, apertures: Mapping[str, float | None]) -> tuple[ChannelOptics, ...]:
    """Of each channel, under the objective that the image names, or the only one of the file."""
    named = next(_children(image, "ObjectiveSettings"), None)
    if named is not None:
        aperture = apertures.get(named.get("ID", ""))
    else:
        aperture = next(iter(apertures.values())) if len(apertures) == 1 else None
    optics = []
    for pixels in _children(image, "Pixels"):
        for channel in _children(pixels, "Channel"):
            emission_um = _length(channel, "EmissionWavelength", unit="nm")
            emission_nm = None if emission_um is None else round(1e3 * emission_um, 9)
            optics.append(ChannelOptics(aperture, emission_nm))
    return tuple(optics) if any(one != ChannelOptics() for one in optics) else ()


def _tiff_data(element: Element, file: str, faults: list[FishcountError]) -> TiffData:
    uuid = next(_children(element, "UUID"), None)
    count: int | None = None
    if element.get("PlaneCount") is not None:
        count = _int(element, "PlaneCount", file, faults)
    elif element.get("IFD") is not None:
        count = 1
    return TiffData(
        ifd=_int(element, "IFD", file, faults, 0),
        first={axis: _int(element, f"First{axis}", file, faults, 0) for axis in "CZT"},
        count=count,
        file_name=None if uuid is None else uuid.get("FileName"),
        uuid=None if uuid is None else (uuid.text or "").strip(),
    )


def _int(
    element: Element,
    name: str,
    file: str,
    faults: list[FishcountError],
    default: int | None = None,
) -> int:
    text = element.get(name)
    if text is None and default is not None:
        return default
    least = 1 if name.startswith(("Size", "Samples")) else 0
    if text is None or not text.isascii() or not text.isdecimal() or int(text[:18]) < least:
        faults.append(_fault(file, name, text, f"a whole number of at least {least}"))
        return least
    return int(text[:18])


def _length(element: Element, name: str, *, unit: str = "µm") -> float | None:
    """A length in micrometres; None where there is none, NaN where what stands there is none."""
    text = element.get(name)
    if text is None:
        return None
    unit = element.get(f"{name}Unit", unit)
    try:
        value = float(text)
    except ValueError:
        return math.nan
    if unit in _NO_LENGTHS:
        return None
    size = to_um(value, unit)
    return math.nan if size is None else size


def _fault(file: str, name: str, found: object, expected: object) -> MetadataError:
    return MetadataError(
        "missing" if found is None else "contradicts itself or is not such a value",
        file=file,
        field=f"OME-XML {name}",
        found=found,
        expected=expected,
    )


def _children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if child.tag.rpartition("}")[2] == name)
