"""A small scored case to try things on."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fishcount.batch.case import write_case
from fishcount.pipeline import score_case
from fishcount.synthetic import simulate_case

__all__ = ["example_case"]


def example_case(case: str = "negative", *, size: int = 256) -> Path:
    """Draw a field of a case, score it, and write its case folder into a temporary place.

    Parameters
    ----------
    case
        What is drawn, as for `fishcount.synthetic.simulate_case`.
    size
        Height and width in pixels.

    Returns
    -------
    Path
        The case folder. Its image was scored from memory and is not in it.

    Examples
    --------
    >>> from fishcount.batch import example_case
    >>> folder = example_case()
    >>> (folder / "summary.json").is_file()
    True
    """
    images = (image for image, _ in simulate_case(case, seed=1, n_fields=1, size=size))
    folder = Path(tempfile.mkdtemp(prefix="fishcount_")) / "example"
    write_case(folder, score_case(images, name="example"))
    return folder
