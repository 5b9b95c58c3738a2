"""Faults in settings are told with what was found, and without words of a parser."""

from __future__ import annotations

import pytest

from fishcount.errors import FishcountError, SchemeError, SettingsError
from fishcount.guidelines import read_scheme
from fishcount.settings import parse_settings, read_settings, with_overrides
from fishcount.settings.whole import Settings
from fishcount.synthetic import simulate_case


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[spots]\nmin_snr = -1.5", r"mine: spots\.min_snr: .*greater than 0 \(found -1\.5\)"),
        ('[spots]\nmin_snr = "high"', r"spots\.min_snr: .*\(found 'high'\)"),
        ("[spots]\nmin_snr = inf", r"spots\.min_snr: .*finite.*\(found inf\)"),
        ("[spots]\nmin_snr = nan", r"spots\.min_snr: .*\(found nan\)"),
        ("[spots]\nmin_snr = true", r"spots\.min_snr: .*true or false \(found True\)"),
        ("[signals]\nfalse_per_nucleus = false", r"false_per_nucleus: .*\(found False\)"),
        ("spots = 5", r"spots: is a section: write \[spots\]"),
        ("[spots]\nmin_snrr = 5", r"no such setting; is spots\.min_snr meant\?"),
    ],
)
def test_a_bad_value_is_told_with_its_key(text, message):
    with pytest.raises(SettingsError, match=message):
        parse_settings(text, source="mine")


def test_one_assignment_needs_no_list():
    assert with_overrides(Settings(), "spots.min_snr=5").spots.min_snr == 5


def test_no_threshold_is_infinite():
    """It would find nothing, without a word."""
    with pytest.raises(SettingsError, match="finite"):
        with_overrides(Settings(), ["spots.min_snr=inf"])


@pytest.mark.parametrize(
    ("read", "error"), [(read_settings, SettingsError), (read_scheme, SchemeError)]
)
def test_files_that_are_no_text_are_told_in_words(tmp_path, read, error):
    with pytest.raises(error, match=r"none\.toml: cannot be read .*found No such file"):
        read(tmp_path / "none.toml")
    (tmp_path / "image.toml").write_bytes(b"II*\0\xff\xfe")
    with pytest.raises(error, match=r"image\.toml: cannot be read .*found no text in UTF-8"):
        read(tmp_path / "image.toml")


@pytest.mark.parametrize("snr", [0, -3.0, float("nan")])
def test_faults_of_drawn_fields_are_told_without_addresses(snr):
    with pytest.raises(SettingsError, match=r"signals\.snr: .*greater than 0 \(found") as caught:
        simulate_case("negative", seed=1, snr=snr)
    assert "pydantic" not in str(caught.value)


def test_one_word_where_a_list_belongs_is_told_as_one():
    with pytest.raises(SettingsError, match=r"selection\.reject: is a list, such as \['BORDER'\]"):
        with_overrides(Settings(), ["selection.reject=BORDER"])


def test_a_second_line_in_an_assignment_is_not_dropped():
    with pytest.raises(SettingsError, match=r"spots\.min_snr"):
        with_overrides(Settings(), ["spots.min_snr=5\nmin_score=1"])


def test_a_file_of_a_windows_editor_is_read(tmp_path):
    file = tmp_path / "study.toml"
    file.write_bytes(b"\xef\xbb\xbf[spots]\r\nmin_snr = 5.0\r\n")
    assert read_settings(file).spots.min_snr == 5


@pytest.mark.parametrize("bad", [None, 5, b"", Settings().spots])
def test_what_are_no_settings_is_refused(bad):
    with pytest.raises(FishcountError, match="text: is of another kind"):
        parse_settings(bad)
    with pytest.raises(FishcountError, match="settings: is of another kind"):
        with_overrides(bad, [])
