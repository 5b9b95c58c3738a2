"""Case folders drawn by hand: their counts are known, and no pixel has to be measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fishcount.flags import codes_of, mask_of
from fishcount.guidelines import classify
from fishcount.io import provenance, write_case_folder
from fishcount.nuclei import select_nuclei
from fishcount.records import category_record
from fishcount.scoring import score_counts
from fishcount.settings import Settings
from fishcount.tables import NUCLEI_COLUMNS, SCHEMA_VERSION, SIGNALS_COLUMNS

PIXEL_UM = 0.1
PITCH = 24
SQUARE = slice(3, 21)
FIELDS = ("field_1", "field_2")


def draw_case(
    out: Path, *, her2=(4, 3, 2, 6), cep17=(2, 2, 2, 2), fields=FIELDS, per_row=4, seed=1
) -> Path:
    """A case folder: in each field square nuclei on a grid with so many signals of each probe.

    The first signal of the last nucleus of a field is a cluster of 3 to 6 copies, best 4; every
    nucleus has a rejected candidate beside its signals, and each field a signal outside.
    """
    rng = np.random.default_rng(seed)
    parts = [_draw_field(name, her2, cep17, per_row, rng) for name in fields]
    nuclei = pd.concat([part[0] for part in parts], ignore_index=True)
    signals = pd.concat([part[1] for part in parts], ignore_index=True)
    settings = Settings()
    return write_case_folder(
        out,
        summary=_summary(nuclei, fields, settings),
        nuclei=nuclei.reindex(columns=list(NUCLEI_COLUMNS)).astype(dict(NUCLEI_COLUMNS)),
        signals=signals.reindex(columns=list(SIGNALS_COLUMNS)).astype(dict(SIGNALS_COLUMNS)),
        labels={name: part[2] for name, part in zip(fields, parts, strict=True)},
        settings_toml=settings.to_toml(),
        provenance=provenance({}, settings),
        report_html="<p>report</p>",
    )


def _draw_field(name, her2, cep17, per_row, rng):
    n = len(her2)
    rows = -(-n // per_row)
    labels = np.zeros((rows * PITCH, per_row * PITCH), np.int32)
    corner = np.array([divmod(i, per_row) for i in range(n)]) * PITCH
    for number, (y, x) in enumerate(corner, start=1):
        labels[y + SQUARE.start : y + SQUARE.stop, x + SQUARE.start : x + SQUARE.stop] = number
    counts = {"HER2": np.array(her2), "CEP17": np.array(cep17)}
    parts = []
    for channel, per_nucleus in counts.items():
        owner = np.repeat(np.arange(1, n + 1), per_nucleus)
        yx = corner[owner - 1] + rng.uniform(5, 18, (len(owner), 2))
        parts.append(_signals(channel, owner, yx, "kept", "", 1.0))
    owner = np.arange(1, n + 1)
    yx = corner + rng.uniform(5, 18, (n, 2))
    parts.append(_signals("HER2", owner, yx, "rejected", "LOW_SNR", 0.0))
    parts.append(_signals("HER2", [0], np.array([[0.0, 0.0]]), "outside", "NOT_IN_NUCLEUS", 0.0))
    signals = pd.concat(parts, ignore_index=True)
    signals["field"] = name
    signals["signal"] = np.arange(1, len(signals) + 1)
    cluster = (signals["channel"] == "HER2") & (signals["nucleus"] == n)
    cluster &= signals["status"] == "kept"
    low = high = best = counts["HER2"]
    flags = np.zeros(n, np.uint32)
    if cluster.any():
        signals.loc[cluster.idxmax(), ["copies", "amplitude_counts"]] = [4.0, 900.0]
        extra = np.array([0] * (n - 1) + [1])
        best = best + 3 * extra
        low, high = best - extra, best + 2 * extra
        flags[-1] = mask_of(["HER2_ESTIMATED"])
    none = (best == 0) & (counts["CEP17"] == 0)
    flags[none] |= np.uint32(mask_of(["NO_SIGNAL"]))
    flags[~none & ((best == 0) | (counts["CEP17"] == 0))] |= np.uint32(mask_of(["ONE_COLOUR"]))
    scored, reason = select_nuclei(flags)
    side = SQUARE.stop - SQUARE.start
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(counts["CEP17"] > 0, best / counts["CEP17"], np.nan)
    nuclei = pd.DataFrame(
        {
            "field": name,
            "nucleus": np.arange(1, n + 1),
            "y_px": corner[:, 0] + 11.5,
            "x_px": corner[:, 1] + 11.5,
            "area_um2": side**2 * PIXEL_UM**2,
            "scored": scored,
            "reject_reason": reason,
            "her2": best,
            "her2_low": low,
            "her2_high": high,
            "cep17": counts["CEP17"],
            "cep17_low": counts["CEP17"],
            "cep17_high": counts["CEP17"],
            "ratio": ratio,
            "flags": [";".join(codes_of(int(mask))) for mask in flags],
            "plane": 0,
            "eccentricity": 0.0,
            "solidity": 1.0,
            "mean_dapi_counts": 800.0,
        }
    )
    return nuclei, signals, labels


def _signals(channel, nucleus, yx, status, reason, copies):
    return pd.DataFrame(
        {
            "channel": channel,
            "nucleus": nucleus,
            "z_px": 0.0,
            "y_px": yx[:, 0],
            "x_px": yx[:, 1],
            "snr": 9.0,
            "amplitude_counts": 400.0,
            "background_counts": 100.0,
            "copies": copies,
            "status": status,
            "reason": reason,
        }
    )


def _summary(nuclei, fields, settings):
    scored = nuclei[nuclei["scored"]]
    columns = {name: scored[name].to_numpy(np.int64) for name in ("her2", "cep17")}
    score = score_counts(
        columns["her2"],
        columns["cep17"],
        field=scored["field"].to_numpy(str),
        her2_low=scored["her2_low"].to_numpy(np.int64),
        her2_high=scored["her2_high"].to_numpy(np.int64),
        detected=True,
    )
    classification = classify(
        score.n_scored,
        score.her2_signals,
        score.cep17_signals,
        ihc="2+",
        areas=score.areas,
        nucleus_counts=(columns["her2"], columns["cep17"]),
        replicates=score.replicates,
    )
    of_field = nuclei.groupby("field")["scored"]
    return {
        "schema_version": SCHEMA_VERSION,
        "case": "drawn",
        "fields": [
            {
                "name": name,
                "path": None,
                "sha256": "",
                "n_nuclei": int(of_field.size()[name]),
                "n_scored": int(of_field.sum()[name]),
                "flags": [],
                "findings": [],
                "pixel_size_um": PIXEL_UM,
                "z_step_um": None,
                "n_planes": 1,
            }
            for name in fields
        ],
        "n_scored": score.n_scored,
        "her2_signals": score.her2_signals,
        "cep17_signals": score.cep17_signals,
        "mean_her2_per_nucleus": score.mean_her2_per_nucleus,
        "mean_cep17_per_nucleus": score.mean_cep17_per_nucleus,
        "her2_cep17_ratio": score.her2_cep17_ratio,
        "intervals_95": {name: list(pair) for name, pair in score.intervals_95.items()},
        "categories": [category_record(one) for one in classification.categories],
        "flags": [finding.code for finding in classification.findings],
        "findings": [],
        "ihc": "2+",
        "tags": list(classification.tags),
        "pixel_size_um": PIXEL_UM,
        "channels": ["DAPI", "HER2", "CEP17"],
        "software": "fishcount",
        "settings_sha256": settings.sha256(),
    }
