"""A folder of phantoms for the other benchmarks: every case at every level, and any conditions.

    python -m benchmarks.draw_phantoms OUT [--seed N] [--fields N] [--size N] [--planes N]
                                           [--conditions N] [--leak SHARE]

Writes ``OUT/CASE_LEVEL/field_N.ome.tif`` with truth for a choice of cases at easy, medium and
hard, ``OUT/mixed_any_K/`` whose optics, camera, stain and artefacts are drawn at random, and
``OUT/cases.json``. The same arguments write the same pixels.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from fishcount.synthetic import SNR_LEVELS, FieldSpec, random_spec, simulate_case, spec_of_case
from fishcount.synthetic.files import write_case

CASES = ("negative", "equivocal", "amplified", "scattered", "mixed")


def specs(
    *, seed: int, size: int, planes: int, n_conditions: int, leak: float | None = None
) -> dict[str, tuple[str, str, FieldSpec]]:
    """Case, level and specification by the name of the folder.

    `leak` is the share of each probe's light that the other channel sees; as each case has it
    where it is left out.
    """
    look = {"size": size, "n_planes": planes}
    named = {
        f"{case}_{level}": (case, level, spec_of_case(case, snr=level, **look))
        for case in CASES
        for level in SNR_LEVELS
    }
    rng = np.random.default_rng(seed)
    anyhow = {
        f"mixed_any_{k}": ("mixed", "any", random_spec("mixed", rng=rng, **look))
        for k in range(1, n_conditions + 1)
    }
    drawn = named | anyhow
    if leak is None:
        return drawn
    into = {"her2_into_cep17": leak, "cep17_into_her2": leak}
    return {
        name: (case, level, spec.changed(artefacts=into))
        for name, (case, level, spec) in drawn.items()
    }


def main(arguments: list[str] | None = None) -> None:
    """Draw and write everything."""
    parser = argparse.ArgumentParser(description="Draw a folder of phantoms.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fields", type=int, default=2, help="fields of each case")
    parser.add_argument("--size", type=int, default=768, help="height and width in pixels")
    parser.add_argument("--planes", type=int, default=1)
    parser.add_argument("--conditions", type=int, default=6, help="cases with random conditions")
    parser.add_argument("--leak", type=float, help="share of each probe seen by the other")
    asked = parser.parse_args(arguments)
    index = {}
    chosen = specs(
        seed=asked.seed,
        size=asked.size,
        planes=asked.planes,
        n_conditions=asked.conditions,
        leak=asked.leak,
    )
    for number, (name, (case, level, spec)) in enumerate(chosen.items()):
        seed = asked.seed * 1000 + number
        drawn = simulate_case(case, seed=seed, n_fields=asked.fields, spec=spec)
        write_case(asked.out / name, drawn)
        index[name] = {
            "size": asked.size,
            "snr": level,
            "case": case,
            "planes": asked.planes,
            "fields": asked.fields,
            "pixel_size_um": spec.pixel_size_um,
            "spec": spec.model_dump(mode="json", exclude={"population"}),
        }
        print(name)
    (asked.out / "cases.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
