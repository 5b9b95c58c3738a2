"""Spots against exact truth, and against other detectors in the same run.

    python -m benchmarks.spots FOLDER [--fields N] [--real FOLDER] [--empty N] [--speed]

FOLDER is shaped like the phantoms of this project: ``cases.json``, ``CASE/field_N.ome.tif`` and
``CASE/truth/field_N_spots.csv``. A point counts as found within 3 px; the two points of a split
signal are one copy; debris outside nuclei is ignored. Crowded copies have another copy within
5 px; precision among them charges false points within 8 px of a crowded copy. RMSE is that of
isolated points, beside the least that the data allow for these (`benchmarks.common.localisation`),
and a table says how many times that the ground of nuclei, which is not white, makes of it. The
ideal observer (`benchmarks.common.ideal`) knows how many points there are, and their widths; it is
at their true places. Fields of any kind without signals say how many false ones are to be expected.
Stacks are detected in 3D by fishcount, and by it and all others on their projection.

fishcount is automatic. A peer (`benchmarks.common.spot_peers`) gets the threshold that gives the
best F1 against the truth of all fields of a difficulty and probe ("best"), and its own where it has
one ("automatic"). Peers that are not installed are left out. ``--real FOLDER`` adds images with a
table of points beside them (``NAME.png``, ``NAME.csv`` with columns y, x; matched within 2 px).
``--speed`` times one channel of 2048 x 2048 pixels, made of the fields of FOLDER.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage import io

from benchmarks.common.localisation import ground_over_white
from benchmarks.common.plots import draw_bars
from benchmarks.common.report import made_by, markdown_table, write_report
from benchmarks.common.spot_peers import Image, Peer, Points, installed_peers, with_best
from benchmarks.common.spot_speed import time_speed
from benchmarks.common.spot_truth import Channel, Tally, add_to, by_kind, read_channels
from fishcount.image import PROBES
from fishcount.metrics import PointMatch, match_points
from fishcount.settings import SpotSettings
from fishcount.spots import detect_in_channels, detect_spots
from fishcount.synthetic import CASES, draw_field, random_spec

REAL_REACH_PX = 2.0


def ours(channel: Channel, settings: SpotSettings | None = None) -> Points:
    spots = detect_spots(
        channel.image,
        pixel_size_um=0.1,
        z_step_um=channel.z_step_um,
        other=channel.other.image,
        settings=settings,
    )
    return spots.yx_px[spots.kept]


def best_of(peer: Peer, steps: NDArray[np.float64], channels: list[Channel]) -> Tally:
    """What a peer finds with the threshold that is best for all of them."""
    return with_best(
        lambda threshold: with_threshold(peer, threshold, channels), steps, lambda tally: tally.f1
    )


def with_threshold(peer: Peer, threshold: float, channels: list[Channel]) -> Tally:
    """What a peer finds in all of them with one threshold; NaN is its own."""
    tally = Tally()
    for channel in channels:
        add_to(tally, peer(channel.plane, threshold), channel)
    return tally


def compare(folder: Path, limit: int | None, *, with_peers: bool) -> pd.DataFrame:
    rows = []
    for (difficulty, probe), channels in by_kind(folder, limit).items():
        about = {"fields": difficulty, "probe": probe}
        ways = {"fishcount, automatic": SpotSettings()}
        if channels[0].image.ndim == 3:
            ways["fishcount, projected"] = SpotSettings(project_stacks=True)
        for way, settings in ways.items():
            tally = Tally()
            for channel in channels:
                add_to(tally, ours(channel, settings), channel)
            rows.append({**about, "detector": way, **tally.row()})
        ideal = Tally()
        for channel in channels:
            add_to(ideal, channel.seen_by_ideal(), channel)
        rows.append({**about, "detector": "ideal observer", **ideal.row(), "RMSE px": np.nan})
        for name, (_, peer, steps, automatic) in installed_peers().items() if with_peers else ():
            best = best_of(peer, steps, channels)
            rows.append({**about, "detector": f"{name}, best", **best.row()})
            if automatic:
                own = with_threshold(peer, np.nan, channels)
                rows.append({**about, "detector": f"{name}, automatic", **own.row()})
    return pd.DataFrame(rows)


def places_on_ground(folder: Path, limit: int | None) -> pd.DataFrame:
    """How many times the bound for white noise the ground of nuclei makes of a place."""
    rows = []
    for (difficulty, probe), channels in by_kind(folder, limit).items():
        if channels[0].image.ndim == 3:
            continue
        truth = [channel.truth for channel in channels]
        ratio = ground_over_white(
            np.concatenate([channel.ground() for channel in channels]),
            sigma_px=float(np.median(np.concatenate([one.sigma for one in truth]))),
            electrons=float(np.median(np.concatenate([one.amp for one in truth]))),
        )
        rows.append({"fields": difficulty, "probe": probe, "times the bound": ratio})
    return pd.DataFrame(rows)


def compare_real(folder: Path, *, with_peers: bool) -> pd.DataFrame:
    rows = []
    for path in sorted(folder.glob("*.csv")):
        image = io.imread(path.with_suffix(".png")).astype(np.float32)
        true = pd.read_csv(path)[["y", "x"]].to_numpy()
        spots = detect_spots(image)

        def judged(points: Points, true: Points = true) -> PointMatch:
            return match_points(points, true, max_distance_px=REAL_REACH_PX)

        ours_here = spots.yx_px[spots.kept]
        found = {"fishcount, automatic": judged(ours_here)}
        for name, (_, peer, steps, automatic) in installed_peers().items() if with_peers else ():

            def attempt(threshold: float, peer: Peer = peer, image: Image = image) -> PointMatch:
                return judged(peer(image, threshold))

            found[f"{name}, best"] = with_best(attempt, steps, lambda match: match.f1)
            if automatic:
                found[f"{name}, automatic"] = attempt(np.nan)
        rows += [
            {
                "image": path.stem,
                "detector": detector,
                "F1": match.f1,
                "precision": match.precision,
                "recall": match.recall,
                "RMSE px": match.rmse_px,
            }
            for detector, match in found.items()
        ]
    return pd.DataFrame(rows)


def false_alarms(n_fields: int) -> pd.DataFrame:
    """What is found in drawn fields of any kind whose probes did not bind at all."""
    rows = []
    for number in range(n_fields):
        rng = np.random.default_rng([7, number])
        spec = random_spec(sorted(CASES)[number % len(CASES)], rng=rng, size=512)
        spec = spec.changed(signals={"snr": 1e-3}, artefacts={"debris_per_mm2": 0.0})
        image, truth = draw_field(spec, rng=rng)
        channels = {probe: image.channel(probe) for probe in PROBES}
        found = detect_in_channels(channels, pixel_size_um=spec.pixel_size_um)
        kept = {f"{probe}, false": int(spots.kept.sum()) for probe, spots in found.items()}
        rows.append({"nuclei": len(truth.nuclei), **kept})
    total = pd.DataFrame(rows).sum()
    each = {f"{probe}, per nucleus": total[f"{probe}, false"] / total["nuclei"] for probe in PROBES}
    return pd.DataFrame([{"fields": n_fields, **total.to_dict(), **each}])


def main(arguments: list[str] | None = None) -> None:
    """Print the tables, and keep them where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="phantoms with truth")
    parser.add_argument("--fields", type=int, help="fields of each case; all when left out")
    parser.add_argument("--real", type=Path, help="folder of images with tables of points")
    parser.add_argument("--speed", action="store_true", help="time one 2048 x 2048 channel")
    parser.add_argument("--skip-peers", action="store_true")
    parser.add_argument("--empty", type=int, default=60, help="fields without signals to draw")
    parser.add_argument("--out", type=Path, help="Markdown file for the tables")
    asked = parser.parse_args(arguments)
    peers = not asked.skip_peers
    tables = {"Drawn fields": compare(asked.folder, asked.fields, with_peers=peers)}
    tables["Lone points, placed as well as the ground allows"] = places_on_ground(
        asked.folder, asked.fields
    )
    if asked.real:
        tables["Other images"] = compare_real(asked.real, with_peers=peers)
    if asked.empty:
        tables["Fields without signals"] = false_alarms(asked.empty)
    if asked.speed:
        tables["Time of one channel, 2048 x 2048"] = time_speed(
            [one.plane for one in read_channels(asked.folder, None) if one.image.ndim == 2],
            with_peers=peers,
        )
    drawn = tables["Drawn fields"]
    text = "\n\n".join(
        f"## {title}\n\n{markdown_table(_as_rows(table))}" for title, table in tables.items()
    )
    print(text)
    if asked.out:
        note = (
            "fishcount has one set of defaults; a peer has its best threshold, or its own. "
            + made_by("spots", arguments)
        )
        write_report(asked.out, "# Spots", note, text)
        bars = drawn.assign(channel=drawn["fields"] + " " + drawn["probe"]).to_dict("records")
        draw_bars(
            asked.out.with_suffix(".png"), bars, across="channel", beside="detector", height="F1"
        )


def _as_rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Rows of a table with figures as they are read."""

    def shown(value: object) -> object:
        if not isinstance(value, float):
            return value
        return "" if np.isnan(value) else f"{value:.3f}" if value < 10 else f"{value:.0f}"

    records = table.to_dict("records")
    return [{str(name): shown(value) for name, value in row.items()} for row in records]


if __name__ == "__main__":
    main()
