"""Fields with true label images: phantoms, and images of any folder with their labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray
from skimage import io

__all__ = ["Field", "Labels", "labelled_folder", "phantom_folder", "truth_of"]

Labels = NDArray[np.integer]
LABELS_END = ("_label", "_labels", "_mask", "_masks", "_cp_masks")
SUFFIXES = (".tif", ".tiff", ".png")


@dataclass(frozen=True)
class Field:
    """One image with truth."""

    group: str
    name: str
    image: NDArray[np.generic]
    truth: Labels
    ignored: tuple[int, ...] = ()
    pixel_size_um: float | None = None


def labelled_folder(folder: Path, pixel_size_um: float | None) -> Iterator[Field]:
    """Images with label images beside them, or in a folder beside theirs, by name."""
    images = folder / "images"
    for path in sorted((images if images.is_dir() else folder).iterdir()):
        truth = truth_of(path)
        if truth is not None:
            yield Field(
                group=folder.name,
                name=path.stem,
                image=_grey(path),
                truth=np.asarray(_read(truth)),
                pixel_size_um=pixel_size_um,
            )


def truth_of(path: Path) -> Path | None:
    """The label image of an image; None where there is none, as of a label image."""
    if path.parent.name == "images":
        places = [path.parents[1] / name / path.name for name in ("masks", "labels")]
    else:
        places = [path.with_name(f"{path.stem}{ending}{path.suffix}") for ending in LABELS_END]
        if path.stem.startswith("img"):
            places.append(path.with_name(path.name.replace("img", "mask", 1)))
    anyhow = (place.with_suffix(suffix) for place in places for suffix in (path.suffix, *SUFFIXES))
    return next((place for place in anyhow if place.is_file()), None)


def phantom_folder(folder: Path) -> Iterator[Field]:
    """DAPI of phantoms; a nucleus counts when it is whole, mostly visible and has both signals."""
    cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    for case, about in cases.items():
        level = "stack" if about["planes"] > 1 else about["snr"]
        for path in sorted((folder / case).glob("*.ome.tif")):
            name = path.name.removesuffix(".ome.tif")
            table = pd.read_csv(folder / case / "truth" / f"{name}_nuclei.csv")
            scorable = (
                (table["border"] == 0)
                & (table["visible"] > 0.9)
                & (table["her2"] > 0)
                & (table["cep17"] > 0)
            )
            image = tifffile.imread(path)
            yield Field(
                group=f"phantoms {level}",
                name=f"{case}/{name}",
                image=image[..., 0, :, :] if image.ndim == 4 else image[0],
                truth=tifffile.imread(folder / case / "truth" / f"{name}_labels.tif"),
                ignored=tuple(int(i) for i in table["id"][~scorable]),
                pixel_size_um=about.get("pixel_size_um", 0.1),
            )


def _read(path: Path) -> NDArray[np.generic]:
    return tifffile.imread(path) if path.suffix in (".tif", ".tiff") else io.imread(path)


def _grey(path: Path) -> NDArray[np.generic]:
    image = _read(path)
    return image if image.ndim == 2 else image[..., :3].max(axis=-1)
