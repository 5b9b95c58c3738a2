"""Sample fields for File > Open Sample: drawn on the spot, so that they need no network."""

from __future__ import annotations

from dataclasses import replace

from fishcount.synthetic import simulate_case
from napari_fishcount.layers import LayerTuple, image_layers

__all__ = ["amplified", "group4", "negative", "stack"]

_SEED = 7
_SIZE_PX = 640
_SNR = 11.0


def negative() -> list[LayerTuple]:
    """A field without amplification."""
    return _drawn("negative")


def group4() -> list[LayerTuple]:
    """A field of ASCO/CAP group 4: four to six HER2 copies, a ratio under 2."""
    return _drawn("equivocal")


def amplified() -> list[LayerTuple]:
    """An amplified field, with HER2 in clusters in many nuclei."""
    return _drawn("amplified")


def stack() -> list[LayerTuple]:
    """A field in nine planes, with nuclei of many kinds."""
    return _drawn("mixed", planes=9)


def _drawn(case: str, *, planes: int = 1) -> list[LayerTuple]:
    ((image, _),) = simulate_case(
        case, seed=_SEED, n_fields=1, size=_SIZE_PX, n_planes=planes, snr=_SNR
    )
    return image_layers(replace(image, name=f"{case}_stack" if planes > 1 else case))
