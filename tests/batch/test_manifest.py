"""A manifest says what is wrong with it, and where; a good one gives the cases."""

from pathlib import Path

import pytest

from fishcount.batch import (
    CASES_COLUMNS,
    MANIFEST_COLUMNS,
    FieldJob,
    cases_in_folder,
    cases_of_folders,
    read_manifest,
)
from fishcount.errors import FishcountError, InputError, MetadataError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def manifest(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "cases.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["line 1", "columns are missing"]),
        ("case|field\na|b.tif\n", ["line 1", "unknown columns"]),
        ("case;field\na;b.tif;c\n", ["line 2", "number of cells", "double quotes"]),
        ("Case,Feild\na,b.tif\n", ["line 1", "write case for 'Case', field for 'Feild'"]),
        ('case,field,pixel_size_um\na,a.tif,"0,1"\n', ["line 2", "write a decimal point"]),
        ("case,feild\na,a.tif\n", ["line 1", "'feild'"]),
        ("case;image;file\na;b.tif;c\n", ["write field for 'image', field for 'file'"]),
        ("sep=;\ncase;field\na;b.tif;c\n", ["line 3", "number of cells"]),
        ("case,field,field\na,a.tif,b.tif\n", ["line 1", "twice"]),
        ("field\na.tif\n", ["line 1", "case"]),
        ("case,field\na,a.tif\na,a.tif\n", ["line 3", "the same field as in line 2"]),
        ("case,field\na,a.tif\nb,./a.tif\n", ["line 3", "the same field as in line 2"]),
        ("case,field\na,a.tif,more\n", ["line 2", "number of cells"]),
        ("case,field\n,a.tif\n", ["line 2, case", "no name"]),
        ("case,field\n../b,a.tif\n", ["line 2, case", "not a plain name"]),
        ("case,field\na,a.tif\nA,b.tif\n", ["line 3, case", "case only"]),
        ("case,field,ihc\na,a.tif,4+\n", ["line 2, ihc", "4+"]),
        ("case,field,ihc\na,a.tif,2+\na,b.tif,1+\n", ["line 3, ihc", "contradict", "line 2"]),
        ("case,field,faint_staining\na,a.tif,maybe\n", ["line 2, faint_staining"]),
        ("case,field,pixel_size_um\na,a.tif,0\n", ["line 2, pixel_size_um", "above 0"]),
        ("case,field,pixel_size_um\na,a.tif,nan\n", ["line 2, pixel_size_um", "not a number"]),
        ("case,field,series\na,a.tif,-1\n", ["line 2, series"]),
        ("case,field,channels\na,a.tif,DAPI=0;HER3=1\n", ["line 2, channels", "HER3"]),
        ("case,field,channels\na,a.tif,DAPI\n", ["line 2, channels", "DAPI=0;HER2=1"]),
        ("case,field,channels\na,a.tif,DAPI=0;dapi=1\n", ["line 2, channels", "twice"]),
        ("case,field,rgb\na,a.tif,red=HER2;red=CEP17\n", ["line 2, rgb", "twice"]),
        ("case,dapi,her2\na,d.tif,\n", ["line 2", "grey files"]),
        ("case,field,dapi,her2\na,a.tif,d.tif,h.tif\n", ["line 2", "one image"]),
        ("case,field,settings\na,a.tif,none.toml\n", ["line 2, settings", "none.toml"]),
        ('case,field\na,"a.tif\n', ["is not CSV"]),
        ("case,field\n", ["no cases"]),
    ],
)
def test_faults_name_the_line(manifest, text, said):
    with pytest.raises(MetadataError) as caught:
        read_manifest(manifest(text))
    for words in said:
        assert words in str(caught.value)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_what_spreadsheets_write_in_place_of_commas_is_read(manifest, mark):
    rows = [
        ("case", "field", "pixel_size_um", "channels"),
        ("a", "a, second try.tif", "0,1", '"DAPI=0;HER2=1"'),
        ("a", "b.tif", "0.2", ""),
    ]
    text = "\ufeff" + "".join(mark.join(row) + "\r\n" for row in rows)
    (job,) = read_manifest(manifest(text))
    assert [field.pixel_size_um for field in job.fields] == [0.1, 0.2]
    assert job.fields[0].channels == {"DAPI": "0", "HER2": "1"}
    assert job.fields[0].files.name == "a, second try.tif"


def test_all_faults_are_told_at_once(manifest):
    text = "case,field,ihc,series\na,a.tif,5,\nb,b.tif,,x\n,c.tif,,\n"
    with pytest.raises(MetadataError) as caught:
        read_manifest(manifest(text))
    for place in ("line 2, ihc", "line 3, series", "line 4, case"):
        assert place in str(caught.value)


def test_other_encodings_are_refused_and_a_mark_is_none(manifest):
    with pytest.raises(MetadataError, match="UTF-8"):
        read_manifest(manifest("case,field\na,µ.tif\n", "latin-1"))
    assert read_manifest(manifest("\ufeffcase,field\na,µ.tif\n"))[0].name == "a"
    with pytest.raises(InputError, match="cannot be read"):
        read_manifest("absent.csv")


def test_a_row_says_everything(manifest, tmp_path):
    (tmp_path / "s.toml").write_text("[spots]\nmin_snr = 6.0\n")
    header = "case,field,channels,pixel_size_um,z_step_um,axes,series,ihc,faint_staining,settings"
    row = "a,a.tif,dapi=0;her2=2,0.1,0.5,zcyx,1,0,yes,s.toml"
    (job,) = read_manifest(
        manifest(f"{header}\n{row}\n\na,b.tif,,,,,,,,\n"), like=FieldJob(files=tmp_path, series=3)
    )
    first, second = job.fields
    assert first == FieldJob(
        files=tmp_path / "a.tif",
        channels={"DAPI": "0", "HER2": "2"},
        pixel_size_um=0.1,
        z_step_um=0.5,
        axes="ZCYX",
        series=1,
    )
    assert second == FieldJob(files=tmp_path / "b.tif", series=3)
    assert (job.ihc, job.faint_staining, job.settings.spots.min_snr) == ("0", True, 6.0)


def test_grey_files_and_several_images_of_one_file(manifest, tmp_path):
    (job,) = read_manifest(manifest("case,dapi,her2,cep17\na,d.tif,h.tif,c.tif\n"))
    assert job.fields[0].files == {
        "DAPI": tmp_path / "d.tif",
        "HER2": tmp_path / "h.tif",
        "CEP17": tmp_path / "c.tif",
    }
    (job,) = read_manifest(manifest("case,field,series\na,a.tif,0\na,a.tif,1\n"))
    assert [field.series for field in job.fields] == [0, 1]


@pytest.mark.parametrize("column", [*MANIFEST_COLUMNS, *CASES_COLUMNS])
def test_the_guide_names_every_column(column):
    assert f"`{column}`" in (ROOT / "docs" / "reference" / "batch.md").read_text("utf-8")


def test_folders_are_cases_and_images_fields(tmp_path):
    for name in ("case_10/b.tif", "case_2/a_10.tif", "case_2/a_9.TIF", "case_2/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "out").mkdir()
    jobs = cases_in_folder(tmp_path, out=tmp_path / "out")
    assert [job.name for job in jobs] == ["case_2", "case_10"]
    assert [field.files.name for field in jobs[0].fields] == ["a_9.TIF", "a_10.tif"]
    assert cases_of_folders([tmp_path / "case_10"])[0].name == "case_10"
    with pytest.raises(InputError, match="twice"):
        cases_of_folders([tmp_path / "case_2", f"{tmp_path}/./case_2"])
    (tmp_path / "loose.tif").touch()
    with pytest.raises(InputError, match=r"loose\.tif"):
        cases_in_folder(tmp_path)
    with pytest.raises(FishcountError, match="not a folder"):
        cases_in_folder(tmp_path / "absent")


@pytest.mark.parametrize("head", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "\ufeffsep=;\n"])
def test_the_line_that_tells_spreadsheets_the_separator_is_no_header(manifest, head):
    (case,) = read_manifest(manifest(head + "case;field;pixel_size_um\na;a.tif;0,1\n"))
    assert (case.name, case.fields[0].pixel_size_um) == ("a", 0.1)


def test_an_image_is_no_manifest(manifest):
    with pytest.raises(MetadataError, match="the images of one case go to fishcount score"):
        read_manifest(manifest("case,field\nM\xfcller,a.tif\n", encoding="latin-1"))
