"""Tables of benchmarks as Markdown, with what they were measured on."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

# Where the pages lie.
RESULTS = Path(__file__).parents[1] / "results"
PACKAGES = ("fishcount", "numpy", "scipy", "scikit-image")


def markdown_table(rows: Sequence[Mapping[str, object]], *, digits: int = 2) -> str:
    """Rows with the same keys as a Markdown table; floats with so many digits."""
    if not rows:
        return "(no rows)"
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        cells = (
            f"{value:.{digits}f}" if isinstance(value, float) else str(value)
            for value in (row[name] for name in names)
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def command(module: str, arguments: Sequence[str] | None) -> str:
    """The call of a benchmark; of whole paths the name, as folders lie elsewhere for others."""
    told = sys.argv[1:] if arguments is None else arguments
    words = (Path(word).name if Path(word).is_absolute() else word for word in told)
    return f"`{' '.join((f'python -m benchmarks.{module}', *words))}`."


def made_by(module: str, arguments: Sequence[str] | None) -> str:
    """The call of a benchmark, and what it ran on."""
    return f"{command(module, arguments)} {provenance()}"


def provenance() -> str:
    """Processor, system and versions in one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"Python {platform.python_version()}, {versions}; "
        f"{platform.system()} {platform.machine()}, {processor_name()}."
    )


def processor_name() -> str:
    """Model of the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def write_report(path: Path, *parts: str) -> None:
    """Write paragraphs to a file, whose folder is made when it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
