"""A review of what the pipeline made: without edits it is the same result, to the last figure."""

from __future__ import annotations

import pytest

from fishcount import FishImage, score_case
from fishcount.io import provenance, read_case_folder, write_case_folder
from fishcount.review import (
    AddSignal,
    History,
    ReviewState,
    read_automatic,
    reviewed_nuclei,
    reviewed_signals,
    reviewed_summary,
    score_review,
)
from fishcount.synthetic import simulate_case
from fishcount.tables import nuclei_table, signals_table, summary_record


@pytest.fixture(scope="module", params=["two probes", "one probe"])
def state(request, tmp_path_factory):
    images = [image for image, _ in simulate_case("amplified", seed=3, n_fields=2, size=320)]
    if request.param == "one probe":
        images = [
            FishImage.from_array(
                image.pixels[[image.channels.index(role) for role in ("DAPI", "HER2")]],
                axes="CZYX",
                channels=["DAPI", "HER2"],
                pixel_size_um=image.pixel_size_um,
                name=image.name,
            )
            for image in images
        ]
    case = score_case(images, name="case", ihc="2+")
    out = write_case_folder(
        tmp_path_factory.mktemp("scored") / "case",
        summary=summary_record(case),
        nuclei=nuclei_table(case.fields),
        signals=signals_table(case.fields),
        labels={field.image.name: field.nuclei.labels for field in case.fields},
        settings_toml=case.settings.to_toml(),
        provenance=provenance({}, case.settings),
    )
    return ReviewState(read_automatic(read_case_folder(out)))


def test_without_edits_it_is_the_automatic_result(state):
    folder = state.automatic.folder
    assert reviewed_nuclei(state).drop(columns=["review", "note"]).equals(folder.nuclei)
    assert reviewed_signals(state).drop(columns="edited").equals(folder.signals)
    summary = reviewed_summary(state, score_review(state))
    assert summary.pop("review")["automatic"]["her2_signals"] == summary["her2_signals"]
    # What other settings would give is that of the automatic result alone.
    automatic = {**folder.summary, "stability": {**folder.summary["stability"], "variations": []}}
    assert summary == automatic


def test_an_edit_moves_the_score(state):
    field = state.automatic.fields[0]
    nuclei = state.automatic.folder.nuclei
    first = nuclei[nuclei["scored"] & (nuclei["field"] == field)].iloc[0]
    history, _ = History(present=state).after(
        AddSignal(field=field, channel="HER2", y_px=first["y_px"], x_px=first["x_px"])
    )
    before, after = score_review(state).score, score_review(history.present).score
    assert after.her2_signals == before.her2_signals + 1
    assert after.cep17_signals == before.cep17_signals
