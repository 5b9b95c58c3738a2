"""The error of detection in drawn cases, and what to set for it.

    python -m benchmarks.detection [--cases 14] [--out FILE.md]

Fields near the cut-offs are drawn with easy, medium and hard signals, so many cases of each, and
counted by the whole chain. The error is the logarithm of counted over true mean copies in nuclei
that are fit to be scored, so the choice of fields and nuclei has no part in it.

`scoring.detection_sd` and `scoring.detection_correlation` describe an error around zero that has
the same size in both probes. They are set to the second moments of what was measured: ``sd**2`` is
the mean square of the errors of both probes, bias and all, since nobody knows on which side of it a
case lies; ``correlation`` the mean product of the two over that. Whether the numbers hold on other
cases is said twice: set from every other case, and asked of those between; and in
`benchmarks.calibration`, whose cases are others still. Takes about 1.5 s of processor time for each
case.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common.near_cutoffs import blend, drawn_fields
from benchmarks.common.report import RESULTS, made_by, markdown_table, write_report
from fishcount.pipeline import score_field
from fishcount.recount import scored_nuclei
from fishcount.settings import ScoringSettings
from fishcount.synthetic import SNR_LEVELS

__all__ = ["DetectionError", "error_of_detection", "measure", "told"]

# Cases that tell the error of detection come from other seeds than those that are judged.
SEED = 1_000_003
# Half the width of the central 95 % of a normal number.
Z_95 = 1.96

Errors = NDArray[np.float64]


@dataclass(frozen=True)
class DetectionError:
    """The error of detection as `ScoringSettings` states it.

    Attributes
    ----------
    sd
        `scoring.detection_sd`.
    correlation
        `scoring.detection_correlation`.
    """

    sd: float
    correlation: float

    @property
    def settings(self) -> ScoringSettings:
        """The defaults with this error."""
        return ScoringSettings(detection_sd=self.sd, detection_correlation=self.correlation)


def measure(n_cases: int) -> dict[str, Errors]:
    """Logarithm of counted over true mean HER2 and CEP17 of drawn cases, (n, 2), by strength."""
    return {snr: _errors(n_cases, snr=snr) for snr in SNR_LEVELS}


def _errors(n_cases: int, *, snr: str) -> Errors:
    errors = []
    for stream in np.random.SeedSequence(SEED).spawn(n_cases):
        rng = np.random.default_rng(stream)
        fields = drawn_fields(blend(rng), rng, snr=snr)
        counted = scored_nuclei([score_field(image) for image, _ in fields])
        fit = [truth.nuclei.scorable for _, truth in fields]
        true = [
            np.concatenate([getattr(t.nuclei, p)[f] for (_, t), f in zip(fields, fit, strict=True)])
            for p in ("her2", "cep17")
        ]
        if len(counted) and counted.cep17 is not None:
            means = counted.her2["best"].mean(), counted.cep17["best"].mean()
            errors.append(np.log(means) - np.log([one.mean() for one in true]))
    return np.array(errors).reshape(-1, 2)


def error_of_detection(errors: Errors) -> DetectionError:
    """Second moments of errors (n, 2) around zero, to two decimals: what to set."""
    square = float((errors**2).mean())
    if not square:
        return DetectionError(0.0, 0.0)
    product = float(errors.prod(axis=1).mean())
    correlation = float(np.clip(product / square, 0, 1))
    return DetectionError(round(min(1.0, float(np.sqrt(square))), 2), round(correlation, 2))


def held(errors: Errors, said: DetectionError) -> dict[str, float]:
    """Share of errors that lie within what is said of 95 %, for both means and the ratio."""
    of_ratio = said.sd * np.sqrt(2 * (1 - said.correlation))
    columns = {"HER2": (errors[:, 0], said.sd), "CEP17": (errors[:, 1], said.sd)}
    columns["ratio"] = (errors[:, 0] - errors[:, 1], of_ratio)
    return {name: float((np.abs(one) <= Z_95 * sd).mean()) for name, (one, sd) in columns.items()}


def told(by_strength: Mapping[str, Errors]) -> tuple[str, ...]:
    """Paragraphs: the error by the strength of signals, what to set, and whether that holds."""
    everything = np.concatenate(list(by_strength.values()))
    rows = [_row(name, errors) for name, errors in {**by_strength, "all": everything}.items()]
    found = error_of_detection(everything)
    checks = _held_out(by_strength)
    return (
        "Error of detection in drawn cases, counted over true mean: bias and standard deviation.",
        markdown_table(rows),
        f"To be set: `scoring.detection_sd = {found.sd:g}`, `scoring.detection_correlation = "
        f"{found.correlation:g}`. Share of cases whose error lies within 95 % of what is set: set "
        "from every other case of each strength and asked of those between, and the other way "
        "round (held out); the numbers above, asked of the cases that they come from; and the "
        "defaults.",
        markdown_table(
            [
                {"error as": name, **{key: f"{100 * one:.0f} %" for key, one in check.items()}}
                for name, check in (
                    ("held out", checks),
                    ("to be set", held(everything, found)),
                    ("set by default", held(everything, _default())),
                )
            ]
        ),
    )


def _row(name: str, errors: Errors) -> dict[str, object]:
    bias = [100 * float(one.mean()) for one in errors.T]
    sd = [100 * float(one.std(ddof=1)) for one in errors.T]
    return {
        "signals": name,
        "cases": len(errors),
        "HER2": f"{bias[0]:+.1f} +- {sd[0]:.1f} %",
        "CEP17": f"{bias[1]:+.1f} +- {sd[1]:.1f} %",
        "ratio": f"+- {100 * (errors[:, 0] - errors[:, 1]).std(ddof=1):.1f} %",
        "correlation of the probes": f"{float(np.corrcoef(*errors.T)[0, 1]):.2f}",
    }


def _held_out(by_strength: Mapping[str, Errors]) -> dict[str, float]:
    """Set from one half of the cases, asked of the other; both ways together."""
    halves = [np.concatenate([one[start::2] for one in by_strength.values()]) for start in (0, 1)]
    both = [
        held(asked, error_of_detection(given))
        for given, asked in (halves, halves[::-1])
        if len(given) and len(asked)
    ]
    return {name: float(np.mean([one[name] for one in both])) for name in both[0]}


def _default() -> DetectionError:
    settings = ScoringSettings()
    return DetectionError(settings.detection_sd, settings.detection_correlation)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=14, help="cases of each strength of signals")
    parser.add_argument("--out", type=Path, default=RESULTS / "detection.md")
    given = parser.parse_args(arguments)
    text = told(measure(given.cases))
    print(*text, sep="\n\n")
    write_report(given.out, "# Error of detection", made_by("detection", arguments), *text)


if __name__ == "__main__":
    main()
