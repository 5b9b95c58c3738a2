"""Draw the sample images again, and bring their registry up to date.

    python sample_images/draw.py [CASE ...]

What is drawn stands in ``registry.toml`` (`arguments` and `changes` of each case). Files, hashes
and figures of the truth follow from it; running this again changes no file.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from fishcount.image import FishImage
from fishcount.synthetic import Truth, simulate_case, spec_of_case, write_case

HERE = Path(__file__).parent
REGISTRY = HERE / "registry.toml"


def read_registry() -> dict[str, Any]:
    """The registry as it stands."""
    return tomllib.loads(REGISTRY.read_text(encoding="utf-8"))


def draw_sample(entry: dict[str, Any]) -> list[tuple[FishImage, Truth]]:
    """All fields of one entry of the registry, in memory."""
    arguments = dict(entry["arguments"])
    look = {key: arguments.pop(key) for key in ("size", "n_planes", "snr")}
    spec = spec_of_case(arguments["case"], **look).changed(**entry.get("changes", {}))
    return simulate_case(**arguments, spec=spec)


def truth_of(drawn: list[tuple[FishImage, Truth]]) -> dict[str, int]:
    """Scorable nuclei of a case and the copies they hold."""
    nuclei = [truth.nuclei for _, truth in drawn]
    return {
        "n": sum(int(table.scorable.sum()) for table in nuclei),
        "her2": sum(int(table.her2[table.scorable].sum()) for table in nuclei),
        "cep17": sum(int(table.cep17[table.scorable].sum()) for table in nuclei),
    }


def hashes_below(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def main(names: list[str]) -> None:
    """Draw the named cases, or all."""
    registry = read_registry()
    for name in names or registry["cases"]:
        entry = registry["cases"][name]
        drawn = draw_sample(entry)
        write_case(HERE / name, drawn)
        entry["truth"] = truth_of(drawn)
        entry["pixels_sha256"] = {image.name: image.sha256 for image, _ in drawn}
        entry["files_sha256"] = hashes_below(HERE / name)
        print(name, entry["truth"])
    REGISTRY.write_text(tomli_w.dumps(registry), encoding="utf-8")
    index = {
        name: {
            "size": entry["arguments"]["size"],
            "snr": f"{entry['arguments']['snr']:g}",
            "case": entry["arguments"]["case"],
            "planes": entry["arguments"]["n_planes"],
            "fields": entry["arguments"]["n_fields"],
            "truth": entry["truth"],
        }
        for name, entry in registry["cases"].items()
    }
    (HERE / "cases.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
