"""One-to-one assignment on a sparse set of possible pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

__all__ = ["assign_pairs"]


def assign_pairs(
    rows: NDArray[np.int64], cols: NDArray[np.int64], *, cost: NDArray[np.float64]
) -> NDArray[np.int64]:
    """As many pairs as can be made one to one, and among those the cheapest set.

    Parameters
    ----------
    rows, cols : (n,)
        The possible pairs, each at most once.
    cost : (n,)
        Cost of each pair, from 0 to 1.

    Returns
    -------
    ndarray of int64, (m,)
        Indices of the chosen pairs, ascending; none for no possible pairs.

    Notes
    -----
    Every row also has a column of its own that stands for "not paired", at a cost which no
    rearrangement of pairs can outweigh. A full matching then always exists, and scipy's sparse
    Jonker-Volgenant finds the cheapest without a dense matrix.
    """
    _, row, row_degree = np.unique(rows, return_inverse=True, return_counts=True)
    _, col, col_degree = np.unique(cols, return_inverse=True, return_counts=True)
    # Most pairs have no rival, and need no search.
    contested = (row_degree[row] > 1) | (col_degree[col] > 1)
    alone = np.flatnonzero(~contested)
    rest = np.flatnonzero(contested)
    chosen = rest[_assign_contested(rows[rest], cols[rest], cost[rest])]
    return np.sort(np.concatenate([alone, chosen])).astype(np.int64)


def _assign_contested(
    rows: NDArray[np.int64], cols: NDArray[np.int64], cost: NDArray[np.float64]
) -> NDArray[np.int64]:
    if rows.size == 0:
        return np.zeros(0, np.int64)
    row_ids, row = np.unique(rows, return_inverse=True)
    col_ids, col = np.unique(cols, return_inverse=True)
    n_rows, n_cols = row_ids.size, col_ids.size
    unpaired = np.arange(n_rows)
    # scipy drops explicit zeros, so every cost is shifted away from 0.
    weights = np.concatenate([1.0 + cost, np.full(n_rows, 3.0 + n_rows)])
    # The matching of scipy 1.12 and 1.13 takes indices of 32 bits alone.
    from_row = np.concatenate([row, unpaired]).astype(np.int32)
    to_col = np.concatenate([col, n_cols + unpaired]).astype(np.int32)
    graph = csr_array((weights, (from_row, to_col)), shape=(n_rows, n_cols + n_rows))
    matched_rows, matched_cols = min_weight_full_bipartite_matching(graph)
    partner = np.full(n_rows, -1, np.int64)
    partner[matched_rows] = matched_cols
    return np.flatnonzero(partner[row] == col)
