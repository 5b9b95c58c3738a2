"""Files and case folders through the reader, as napari calls it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import npe2
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from numpy.testing import assert_allclose, assert_array_equal

from fishcount import FishImage, Settings, read_image
from fishcount.errors import CalibrationError, MetadataError
from fishcount.io import write_case_folder
from fishcount.results import CaseResult, FieldResult
from fishcount.tables import nuclei_table, signals_table, summary_record
from napari_fishcount import reader, samples
from napari_fishcount.layers import add_layers
from napari_fishcount.reader import get_reader


@pytest.fixture
def file(tmp_path: Path, image: FishImage) -> Path:
    """The field as an OME-TIFF."""
    path = tmp_path / "one.ome.tif"
    tifffile.imwrite(
        path,
        image.pixels[:, 0],
        metadata={
            "axes": "CYX",
            "Channel": {"Name": list(image.channels)},
            "PhysicalSizeX": 0.1,
            "PhysicalSizeY": 0.1,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeYUnit": "µm",
        },
    )
    return path


@pytest.fixture
def write_case(
    tmp_path: Path, case: CaseResult, as_scored: Callable[[FishImage], FieldResult]
) -> Callable[[FishImage], Path]:
    """Writes the case folder of a field."""

    def write(image: FishImage) -> Path:
        field = as_scored(image)
        return write_case_folder(
            tmp_path / "case",
            summary={**summary_record(case), **summary_of(case, field)},
            nuclei=nuclei_table([field]),
            signals=signals_table([field]),
            labels={image.name: field.nuclei.labels},
            settings_toml=Settings().to_toml(),
            provenance={},
        )

    return write


def summary_of(case: CaseResult, field: FieldResult) -> dict[str, object]:
    return summary_record(
        CaseResult(
            name=case.name,
            fields=(field,),
            score=case.score,
            categories=case.categories,
            settings=case.settings,
        )
    )


def opened(path: Path) -> ViewerModel:
    read = get_reader(str(path))
    assert read is not None
    viewer = ViewerModel()
    add_layers(viewer, read(str(path)))
    return viewer


def test_manifest_is_found_and_names_what_exists() -> None:
    manifest = npe2.PluginManifest.from_distribution("fishcount")

    manifest.validate_imports()
    assert manifest.display_name == "fishcount"
    assert len(manifest.contributions.sample_data or []) == 4


def test_napari_opens_a_field_with_this_reader(file: Path, image: FishImage) -> None:
    npe2.PluginManager.instance().discover()

    layers = npe2.read([str(file)], stack=False, plugin_name="fishcount")

    assert [options["name"] for _, options, _ in layers] == ["one DAPI", "one HER2", "one CEP17"]
    assert_array_equal(layers[1][0], image.raw("HER2"))


def test_several_fields_open_together(file: Path) -> None:
    read = get_reader([str(file), str(file)])

    assert read is not None
    assert len(read([str(file), str(file)])) == 6


def test_other_files_are_left_to_other_readers(tmp_path: Path, file: Path) -> None:
    assert get_reader(str(tmp_path / "a.png")) is None
    assert get_reader(str(tmp_path)) is None
    assert get_reader([str(file), str(tmp_path)]) is None


def test_a_file_without_calibration_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "bare.tif"
    tifffile.imwrite(path, np.ones((3, 32, 32), np.uint16), imagej=True, metadata={
        "axes": "CYX", "Labels": ["DAPI", "HER2", "CEP17"],
    })  # fmt: skip
    read = get_reader(str(path))
    assert read is not None

    with pytest.raises(CalibrationError, match="pixel size") as caught:
        read(str(path))

    assert "Score HER2 FISH" in caught.value.__notes__[0]


def test_a_case_folder_opens_with_images_and_results(
    file: Path, write_case: Callable[[FishImage], Path]
) -> None:
    viewer = opened(write_case(read_image(file)))

    assert [layer.name for layer in viewer.layers] == [
        "one DAPI",
        "one HER2",
        "one CEP17",
        "one left out",
        "one nuclei",
        "one HER2 signals",
        "one CEP17 signals",
        "one counts",
    ]
    assert viewer.layers["one nuclei"].contour > 0
    assert list(viewer.layers["one counts"].features["says"]) == [
        "1 : 1",
        "~7 : 0",
        "cut by the edge",
    ]
    assert_allclose(viewer.layers["one HER2 signals"].data, [[18, 16], [28, 58]])
    assert_allclose(viewer.layers["one HER2 signals"].scale, (0.1, 0.1))


@pytest.mark.parametrize("fate", ["removed", "changed"])
def test_without_its_image_a_case_folder_opens_with_a_warning(
    file: Path,
    write_case: Callable[[FishImage], Path],
    fate: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(reader, "show_warning", said.append)
    folder = write_case(read_image(file))
    if fate == "removed":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes() + b"\0")

    viewer = opened(folder)

    assert len(said) == 1
    assert said[0].startswith("one is shown without its image")
    assert "one DAPI" not in viewer.layers
    assert viewer.layers["one nuclei"].data.max() == 3


def test_a_broken_case_folder_is_an_error(
    file: Path, write_case: Callable[[FishImage], Path]
) -> None:
    folder = write_case(read_image(file))
    (folder / "nuclei.csv").write_text("not a table\n")
    with pytest.raises(MetadataError):
        opened(folder)


@pytest.mark.parametrize("sample", [samples.group4, samples.stack])
def test_samples_are_fields_in_three_channels(sample: Callable[[], list]) -> None:
    viewer = ViewerModel()

    layers = add_layers(viewer, sample())

    assert [layer.name.split()[-1] for layer in layers] == ["DAPI", "HER2", "CEP17"]
    assert viewer.dims.ndim == (3 if sample is samples.stack else 2)
