"""A foreground divided among its seeds: each pixel goes the steepest way up to one of them.

That is the watershed of the distance, without the queue of pixels that makes it slow. It differs
where ways are equally deep, in about one pixel of two thousand. Which way is steepest follows from
the pixels nearby alone, so the result is the same in any part of an image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["flood_components"]

# Number of pixels along which equally steep paths are compared: by then they have met their seeds.
_COMPARED_PX = 8


def flood_components(
    depth: NDArray[np.float32],
    at: NDArray[np.intp],
    seed: NDArray[np.int32],
    components: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Divide components that hold several seeds; a component with one seed stays whole.

    Parameters
    ----------
    depth
        What is climbed, (y, x): above 0 in components.
    at, seed
        Flat indices of the pixels of seeds, and their labels 1 to m.
    components
        Connected parts of the foreground, 1 to n.

    Returns
    -------
    labels, components
        The labels of seeds, and the components that have seeds, numbered anew.
    """
    n = int(components.max(initial=0))
    component = components.ravel()[at]
    owner = np.zeros(n + 1, np.int32)
    owner[component] = seed
    # A component where another seed was written last holds more than one.
    shared = np.zeros(n + 1, bool)
    shared[component[owner[component] != seed]] = True
    seeded = owner > 0
    owner[shared] = 0
    labels: NDArray[np.int32] = owner.take(components)
    if shared.any():
        crowded = shared.take(components)
        several = shared.take(component)
        labels[crowded] = _climb(depth, crowded, at[several], seed[several])
    if not seeded[1:].all():
        new = np.cumsum(seeded, dtype=np.int32)
        new[~seeded] = 0
        components = new.take(components)
    return labels, components


def _climb(
    depth: NDArray[np.float32],
    mask: NDArray[np.bool_],
    at: NDArray[np.intp],
    seed: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Seed of each pixel of a mask (y, x), in raster order."""
    height, width = mask.shape
    # With a margin, so that what is beside the end of a row is not the start of the next.
    wide = width + 2
    deep, inside = np.zeros((height + 2, wide), np.float32), np.zeros((height + 2, wide), bool)
    deep[1:-1, 1:-1], inside[1:-1, 1:-1] = depth, mask
    pixel = np.flatnonzero(inside)
    # From flat indices to places in that list.
    place = np.zeros(deep.size, np.intp)
    place[pixel] = np.arange(len(pixel))
    steps = np.array([-wide, -1, 1, wide])
    top = _ends(_steepest(deep.ravel(), pixel, place, steps))
    tops = np.flatnonzero(top == np.arange(len(top)))
    number = np.zeros(len(top), np.intp)
    number[tops] = np.arange(len(tops))
    basin = number.take(top)
    owner = np.zeros(len(tops), np.int32)
    owner[basin[place[at + 2 * (at // width) + wide + 1]]] = seed
    if not owner.all():
        lost = np.flatnonzero(owner.take(basin) == 0)
        beside = (pixel.take(lost) + steps[:, None]).ravel()
        here, there = np.tile(basin.take(lost), len(steps)), basin.take(place.take(beside))
        saddle = np.minimum(np.tile(deep.take(pixel.take(lost)), len(steps)), deep.take(beside))
        across = np.flatnonzero(inside.take(beside) & (here != there))
        owner = _over_saddles(owner, here[across], there[across], saddle[across])
    return owner.take(basin)


def _steepest(
    deep: NDArray[np.float32],
    pixel: NDArray[np.intp],
    place: NDArray[np.intp],
    steps: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Place of the deepest neighbour of each pixel; its own where none is deeper.

    Of equals, that from which the way up goes on deepest, as the queue of a watershed would come
    to it first: shapes are often symmetric.
    """
    height = deep.take(pixel)
    best, way = height.copy(), np.zeros(len(pixel), np.uint8)
    tied = np.zeros(len(pixel), bool)
    for number, step in enumerate(steps, start=1):
        there = deep.take(pixel + step)
        higher = there > best
        # A later one that is higher has a higher number.
        np.maximum(way, higher * np.uint8(number), out=way)
        tied |= there == best
        tied &= ~higher
        np.maximum(best, there, out=best)
    to: NDArray[np.intp] = place.take(pixel + np.append(0, steps).take(way))
    tied = np.flatnonzero(tied & (best > height))
    beside = pixel.take(tied) + steps[:, None]
    equal = deep.take(beside) == best.take(tied)
    first = end = place.take(beside)
    for _ in range(_COMPARED_PX):
        end = to.take(end)
        here = np.where(equal, height.take(end), -1)
        equal = here == here.max(axis=0)
    chosen = np.where(equal, end, len(pixel)).argmin(axis=0)
    to[tied] = first[chosen, np.arange(len(tied))]
    return to


def _ends(to: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where each ends that goes on from one to the next, until one that leads to itself."""
    while True:
        further = to.take(to)
        if np.array_equal(further, to):
            return to
        to = further


def _over_saddles(
    owner: NDArray[np.int32],
    one: NDArray[np.intp],
    other: NDArray[np.intp],
    saddle: NDArray[np.float32],
) -> NDArray[np.int32]:
    """Owners of basins; those without one have the owner to which the highest saddles lead.

    `saddle` is how deep it is where basins `one`, which have no owner, touch others.
    """
    alone = np.arange(len(owner))
    group = alone
    while not owner[group].all():
        here, there = group[one], group[other]
        free = np.flatnonzero((here != there) & (owner[here] == 0))
        highest = np.zeros(len(owner), np.float32)
        np.maximum.at(highest, here[free], saddle[free])
        free = free[saddle[free] == highest[here[free]]]
        to = alone.copy()
        # Of equals the first is written last.
        to[here[free[::-1]]] = there[free[::-1]]
        # Two basins that lead to each other become one.
        mutual = np.flatnonzero((to[to] == alone) & (to > alone))
        to[mutual] = mutual
        group = _ends(to)[group]
    return owner[group]
