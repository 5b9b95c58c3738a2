"""A field whose pixel size is another than that of the others is told, and alters no count."""

from __future__ import annotations

from dataclasses import replace

from fishcount import score_case, score_field
from fishcount.batch.case import write_case
from fishcount.guidelines import explain
from fishcount.review import Review, score_review
from fishcount.scoring import calibration_findings
from fishcount.synthetic import simulate_case


def test_fields_that_agree_but_for_rounding_are_alike():
    assert calibration_findings({}) == ()
    assert calibration_findings({"a": 0.1}) == ()
    assert calibration_findings({"a": 0.1, "b": 0.1004}) == ()


def test_of_many_fields_the_first_are_named():
    sizes = {f"f{n}": 0.1 for n in range(5)} | {"odd": 0.16}
    (finding,) = calibration_findings(sizes)
    assert finding.detail == "0.1 µm in f0, f1, f2 and 2 more; 0.16 µm in odd"


def test_the_case_says_which_field_has_another_pixel_size():
    one, two = (
        score_field(image) for image, _ in simulate_case("negative", seed=2, n_fields=2, size=256)
    )
    alike = score_case([one, two])
    mistyped = replace(two, image=replace(two.image, pixel_size_um=1.6 * one.image.pixel_size_um))
    case = score_case([one, mistyped])
    found = {finding.code: finding.detail for finding in case.findings}
    assert found["PIXEL_SIZES_DIFFER"].startswith("0.1 µm in field_1; 0.16 µm in field_2")
    assert "PIXEL_SIZES_DIFFER" not in {finding.code for finding in alike.findings}
    assert case.score.her2_signals == alike.score.her2_signals
    told = explain(case.score, case.categories, findings=case.findings)
    assert "one of which may be wrong: 0.1 µm in field_1" in told


def test_a_review_says_so_as_well(tmp_path):
    fields = [image for image, _ in simulate_case("negative", seed=2, n_fields=2, size=256)]
    mistyped = replace(fields[1], pixel_size_um=0.2)
    case = score_case([fields[0], mistyped])
    write_case(tmp_path / "case", case)
    with Review.open(tmp_path / "case", reader="A") as review:
        codes = [finding.code for finding in score_review(review.state).findings]
    assert codes.count("PIXEL_SIZES_DIFFER") == 1
