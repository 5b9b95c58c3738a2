"""Image-wide filters in float32, many times faster than those of scipy: the one home of OpenCV.

Every filter gives each pixel the same bits whatever the number of threads, and whatever part of
an image it is given: OpenCV works on several pixels of a row at once, and only on those left over
at its end one by one, with other rounding. So rows are lengthened until none is left over.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "block_means",
    "border_chains",
    "connected_parts",
    "enlarged",
    "gaussian",
    "gaussian_kernel",
    "laplacian",
    "largest_near",
    "median3",
    "mirrored",
    "separable",
    "smallest_near",
]

# Rows are padded to multiples of this: more pixels than any processor works on at once.
_AT_ONCE = 32
# Rows of pixels whose means are taken in one go: they stay in the processor's cache.
_ROWS_AT_ONCE = 128
_ONE = np.ones(1)
Pixel = TypeVar("Pixel", np.uint8, np.uint16, np.float32)

_BORDERS = {"nearest": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT}


def gaussian(
    image: NDArray[np.float32],
    sigma_px: float,
    *,
    truncate: float = 3.0,
    border: str = "nearest",
    double: bool = False,
) -> NDArray[np.float32]:
    """Gaussian smoothing of a plane (y, x).

    As ``scipy.ndimage.gaussian_filter(image, sigma_px, mode=border, truncate=truncate)``.

    Parameters
    ----------
    image : ndarray of float32, (y, x)
    sigma_px : float
        Standard deviation, in pixels.
    truncate : float
        Where the kernel ends, in standard deviations.
    border : str
        See `separable`.
    double : bool
        Sum in double precision, and along y first: slower, with the last digit of scipy. For
        pixels that are compared although symmetry makes them equal.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.filters import gaussian
    >>> point = np.zeros((9, 9), np.float32)
    >>> point[4, 4] = 1
    >>> gaussian(point, 1.0)[4, 3:6].round(3)
    array([0.097, 0.159, 0.097], dtype=float32)
    """
    if not double:
        kernel = gaussian_kernel(sigma_px, truncate)
        return separable(image, kernel, kernel, border=border)
    if 0 in image.shape:
        return np.zeros_like(image, dtype=np.float32)
    weights, kind, width = _gaussian_weights(sigma_px, truncate), _BORDERS[border], image.shape[1]
    image = _lengthened(image, kind, reach=len(weights) // 2)
    for along_x, along_y in ((_ONE, weights), (weights, _ONE)):
        sums = cv2.sepFilter2D(image, cv2.CV_64F, along_x, along_y, borderType=kind)
        image = sums.astype(np.float32)
    return np.ascontiguousarray(image[:, :width])


@lru_cache(maxsize=64)
def gaussian_kernel(sigma_px: float, truncate: float) -> NDArray[np.float32]:
    """Weights (2 r + 1,) of Gaussian smoothing, with the sum 1."""
    kernel: NDArray[np.float32] = _gaussian_weights(sigma_px, truncate).astype(np.float32)
    kernel.flags.writeable = False
    return kernel


def _gaussian_weights(sigma_px: float, truncate: float) -> NDArray[np.float64]:
    reach = int(truncate * sigma_px + 0.5)
    weight = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma_px))
    return np.asarray(weight / weight.sum(), np.float64)


def separable(
    image: NDArray[np.float32],
    along_y: NDArray[np.float32],
    along_x: NDArray[np.float32],
    *,
    border: str,
) -> NDArray[np.float32]:
    """Weighted sums over neighbours, along x and then along y.

    Parameters
    ----------
    image : ndarray of float32, (y, x)
    along_y, along_x : ndarray of float32, (2 r + 1,)
        Weights.
    border : str
        What lies beyond the edge: "nearest", the pixel at the edge, or "reflect", the image
        mirrored at its edge, with the pixel at the edge twice.
    """
    if 0 in image.shape:
        return np.zeros_like(image, dtype=np.float32)
    kind = _BORDERS[border]
    longer = _lengthened(image, kind, reach=len(along_x) // 2)
    filtered = cv2.sepFilter2D(longer, cv2.CV_32F, along_x, along_y, borderType=kind)
    return np.ascontiguousarray(filtered[:, : image.shape[1]])


def mirrored(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Indices into an axis of `size` pixels that goes on beyond its ends as border "reflect" does.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.filters import mirrored
    >>> mirrored(np.arange(-2, 5), 3).tolist()
    [1, 0, 0, 1, 2, 2, 1]
    """
    folded = index % (2 * size)
    return np.minimum(folded, 2 * size - 1 - folded)


def laplacian(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum of the four neighbours less four times the pixel, nearest beyond the edge of (y, x)."""
    if 0 in image.shape:
        return np.zeros_like(image, dtype=np.float32)
    longer = _lengthened(image, cv2.BORDER_REPLICATE, reach=1)
    filtered = cv2.Laplacian(longer, cv2.CV_32F, ksize=1, borderType=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(filtered[:, : image.shape[1]])


def _lengthened(image: NDArray[np.float32], border: int, *, reach: int) -> NDArray[np.float32]:
    """Rows of a multiple of `_AT_ONCE` pixels, for a filter that reaches `reach` pixels."""
    more = -image.shape[1] % _AT_ONCE
    if not more:
        return image
    # The padding must be as wide as the filter reaches, as the border lies beyond it.
    more += -(-reach // _AT_ONCE) * _AT_ONCE
    return np.asarray(cv2.copyMakeBorder(image, 0, 0, 0, more, border), np.float32)


def median3(image: NDArray[Pixel]) -> NDArray[Pixel]:
    """Median of each pixel of a plane (y, x) and its eight neighbours, nearest beyond the edge.

    Of uint8, uint16 or float32.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.filters import median3
    >>> hot = np.zeros((5, 5), np.float32)
    >>> hot[2, 2] = 9
    >>> float(median3(hot).max())
    0.0
    """
    if 0 in image.shape:
        return np.zeros_like(image)
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(image), 3), image.dtype)


def largest_near(image: NDArray[Pixel], side: int) -> NDArray[Pixel]:
    """Largest pixel of the square of an odd `side` around each pixel of a plane (y, x).

    Of uint8, uint16 or float32.
    """
    return _extreme(image, side, largest=True)


def smallest_near(image: NDArray[Pixel], side: int) -> NDArray[Pixel]:
    """Smallest pixel of the square of an odd `side` around each pixel of a plane (y, x).

    Of uint8, uint16 or float32.
    """
    return _extreme(image, side, largest=False)


def _extreme(image: NDArray[Pixel], side: int, *, largest: bool) -> NDArray[Pixel]:
    if side % 2 == 0:
        raise ValueError(f"side must be odd; got {side}")
    if 0 in image.shape:
        return np.zeros_like(image)
    # OpenCV ignores pixels beyond the edge, which equals repeating those at the edge.
    square = np.ones((side, side), np.uint8)
    of = cv2.dilate(image, square) if largest else cv2.erode(image, square)
    return np.asarray(of, image.dtype)


def block_means(image: NDArray[np.number], factor: int) -> NDArray[np.float32]:
    """Means of blocks of factor x factor pixels of a plane (y, x); the last may be narrower.

    Of numbers of any kind: a few rows at a time become float32.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.filters import block_means
    >>> block_means(np.arange(10, dtype=np.float32).reshape(2, 5), 2).tolist()
    [[3.0, 5.0, 6.5]]
    """
    if factor == 1:
        return np.ascontiguousarray(image, np.float32)
    height, width = image.shape
    means = np.empty((-(-height // factor), -(-width // factor)), np.float32)
    for rows, means_y, factor_y in _parts(height, factor, at_once=max(_ROWS_AT_ONCE // factor, 1)):
        strip = image[rows].astype(np.float32, copy=False)
        for columns, means_x, factor_x in _parts(width, factor, at_once=max(width, 1)):
            part, n_x = strip[:, columns], means_x.stop - means_x.start
            if factor_y == factor_x == 2:
                # The only block size for which OpenCV computes several means at once.
                more = 2 * (-n_x % _AT_ONCE)
                if more:
                    wider = cv2.copyMakeBorder(part, 0, 0, 0, more, cv2.BORDER_REPLICATE)
                    part = np.asarray(wider, np.float32)
            size = (part.shape[1] // factor_x, part.shape[0] // factor_y)
            found = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
            means[means_y, means_x] = found[:, :n_x]
    return means


def _parts(length: int, factor: int, *, at_once: int) -> list[tuple[slice, slice, int]]:
    """Of an axis some whole blocks each, then the rest: pixels, blocks and pixels per block."""
    whole = length // factor
    steps = [slice(start, min(start + at_once, whole)) for start in range(0, whole, at_once)]
    parts = [(slice(step.start * factor, step.stop * factor), step, factor) for step in steps]
    rest = length - whole * factor
    if rest:
        parts.append((slice(whole * factor, length), slice(whole, whole + 1), rest))
    return parts


def enlarged(image: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Bilinear interpolation of a coarse plane (y, x) to `shape`, extents aligned.

    Beyond the middles of the outermost pixels their values go on. A part has the bits of the
    whole where both are enlarged by the same power of two: only then are all places exact.
    """
    if 0 in image.shape or 0 in shape:
        return np.zeros(shape, np.float32)
    return np.asarray(cv2.resize(image, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def connected_parts(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Labels 1 to n of the parts of a mask (y, x) that hang together by edges of pixels, and n.

    In the order of their first pixels, as ``scipy.ndimage.label(mask)``.
    """
    if 0 in mask.shape:
        return np.zeros(mask.shape, np.int32), 0
    pixels = np.ascontiguousarray(mask).view(np.uint8)
    n, labels = cv2.connectedComponents(pixels, connectivity=4, ltype=cv2.CV_32S)
    return np.asarray(labels, np.int32), n - 1


def border_chains(mask: NDArray[np.bool_]) -> list[NDArray[np.int32]]:
    """Pixels (k, 2), y and x, along the outer border of each part of a mask (y, x), clockwise.

    Parts hang together by edges or corners; they come in the order of their lowest pixels, and a
    pixel comes as often as the border passes it.

    Examples
    --------
    >>> import numpy as np
    >>> from fishcount.filters import border_chains
    >>> [chain.tolist() for chain in border_chains(np.eye(2, dtype=bool))]
    [[[1, 1], [0, 0]]]
    """
    if 0 in mask.shape:
        return []
    pixels = np.ascontiguousarray(mask).view(np.uint8)
    chains, _ = cv2.findContours(pixels, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [np.asarray(chain[::-1, 0, ::-1], np.int32) for chain in reversed(chains)]
