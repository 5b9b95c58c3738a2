"""A folder with the files that the documentation names, drawn small."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage.measure import find_contours

from fishcount.synthetic import Truth, simulate_case, write_case

ROOT = Path(__file__).resolve().parents[2]
SIZE = 288


@pytest.fixture(scope="session")
def named_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """field_1.ome.tif and its company, as the pages call them."""
    folder = tmp_path_factory.mktemp("named")
    fields = simulate_case("equivocal", seed=3, n_fields=2, size=SIZE, snr="easy")
    write_case(folder, fields)
    image, truth = fields[0]
    planes = {role: np.squeeze(image.channel(role)).astype(np.uint16) for role in image.channels}
    for role, plane in planes.items():
        tifffile.imwrite(folder / f"{role.lower()}.tif", plane)
        tifffile.imwrite(folder / f"plane_{role}.tif", plane)
    bright = [np.clip(planes[role] / planes[role].max() * 255, 0, 255) for role in RGB]
    Image.fromarray(np.stack(bright, axis=-1).astype(np.uint8)).save(folder / "merge.png")
    for number, (_, one) in enumerate(fields, start=1):
        case = folder / "study" / f"case_{number}"
        case.mkdir(parents=True)
        shutil.copy(folder / f"field_{number}.ome.tif", case)
        tifffile.imwrite(folder / f"masks_{number}.tif", one.labels.astype(np.uint16))
    (folder / "nuclei_1.geojson").write_text(json.dumps(outlines(truth)))
    (folder / "tumour.geojson").write_text(json.dumps(feature(CORNERS)))
    return folder


@pytest.fixture
def workplace(
    named_files: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A fresh copy of them as the current folder, the sample images beside."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("scratch")))
    shutil.copytree(named_files, tmp_path, dirs_exist_ok=True)
    (tmp_path / "sample_images").symlink_to(ROOT / "sample_images")
    monkeypatch.chdir(tmp_path)
    return tmp_path


RGB = ("HER2", "CEP17", "DAPI")
CORNERS = [[0, 0], [SIZE, 0], [SIZE, 0.8 * SIZE], [0, 0.8 * SIZE], [0, 0]]


def outlines(truth: Truth) -> dict[str, object]:
    """The true nuclei as another program exports them."""
    features = []
    for label in np.unique(truth.labels[truth.labels > 0]):
        padded = np.pad(truth.labels == label, 1)
        outline = max(find_contours(padded.astype(float), 0.5), key=len)
        # Centres of pixels to corners, and the padding taken away.
        features.append(feature((outline[:, ::-1] - 0.5).tolist()))
    return {"type": "FeatureCollection", "features": features}


def feature(corners: list[list[float]]) -> dict[str, object]:
    """A polygon, x before y."""
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [corners]},
        "properties": {},
    }
