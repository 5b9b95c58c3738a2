"""Figures that suggest one outline around two nuclei, or a cut through a single one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fishcount.nuclei.geometry.ellipses import fit_ellipses
from fishcount.nuclei.geometry.shape import Shapes, disk_area
from fishcount.nuclei.parting.contacts import Contacts, cut_by_the_edge, find_contacts
from fishcount.nuclei.parting.dents import NO_CUT, find_cuts, outlines_of

__all__ = ["measure_doubt"]

# Pixels are merged to about this share of a diameter: finer ones add nothing.
_FINEST = 1 / 27
# Nuclei that fill more of their convex hull than this have no dents to speak of.
_MAX_SOLIDITY = 0.94
# Least part of a nuclear area that a cut takes off.
_MIN_PART = 0.12


def measure_doubt(
    labels: NDArray[np.int32], shapes: Shapes, *, diameter_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """`neck`, `contact_width` and `overlap` of `NucleiTable`, of the labels 1 to n of an image.

    Nuclei that the field's edge cuts have no known width, so their contacts are not judged.
    """
    step = max(1, round(_FINEST * diameter_px)) if diameter_px > 0 else 1
    # In an image narrower than half a step its last row speaks for all.
    top, left = (min(step // 2, size - 1) for size in labels.shape)
    coarse = np.ascontiguousarray(labels[top::step, left::step])
    contacts = find_contacts(coarse)
    cut = cut_by_the_edge(coarse)
    known = ~cut[contacts.one] & ~cut[contacts.other]
    return (
        _neck(coarse, shapes, step, diameter_px / step),
        _contact_width(contacts, known, len(shapes.area_px)),
        _overlap(coarse, contacts, known, shapes.area_px / step**2),
    )


def _neck(
    labels: NDArray[np.int32], shapes: Shapes, step: int, diameter_px: float
) -> NDArray[np.float64]:
    neck = np.full(len(shapes.area_px), NO_CUT)
    rows = np.flatnonzero(shapes.solidity < _MAX_SOLIDITY)
    if not len(rows):
        return neck
    box = shapes.bbox_px[rows] // step
    boxes = [(slice(y0, y1 + 1), slice(x0, x1 + 1)) for y0, x0, y1, x1 in box.tolist()]
    cuts = find_cuts(
        outlines_of(labels, rows + 1, boxes),
        diameter_px=diameter_px,
        min_dent=0.0,
        min_area_px=_MIN_PART * disk_area(diameter_px),
    )
    neck[rows] = cuts.cost[:, 0]
    return neck


def _contact_width(contacts: Contacts, known: NDArray[np.bool_], n: int) -> NDArray[np.float64]:
    width = np.zeros(n)
    for label in (contacts.one, contacts.other):
        np.maximum.at(width, label[known] - 1, contacts.width[known])
    return width


def _overlap(
    labels: NDArray[np.int32],
    contacts: Contacts,
    known: NDArray[np.bool_],
    area_px: NDArray[np.float64],
) -> NDArray[np.float64]:
    overlap = np.zeros(len(area_px))
    if not known.any():
        return overlap
    ellipses = fit_ellipses(labels)
    one, other = contacts.one[known], contacts.other[known]
    common = ellipses.shared(one, other) * ellipses.areas()[one]
    for label in (one, other):
        np.add.at(overlap, label - 1, common / area_px[label - 1])
    # Rounded, so that arithmetic that differs in the last digit decides the same.
    return overlap.round(6)
