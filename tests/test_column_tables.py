"""Results that are tables: columns of one length, rows that are taken and joined together."""

from dataclasses import replace

import numpy as np
import pytest

from fishcount.signals import Clusters, Signals
from fishcount.spots import Spots


def spots_at(*yx, cluster=0, psf_sigma_px=1.5):
    """Spots at (y, x) places, all of one crowded group where `cluster` is not 0."""
    n = len(yx)
    y, x = np.array(yx, float).reshape(-1, 2).T
    return Spots(
        z_px=np.zeros(n),
        y_px=y,
        x_px=x,
        amplitude_counts=np.full(n, 100.0),
        background_counts=np.zeros(n),
        sigma_px=np.full(n, 1.5),
        flux_counts=np.full(n, 1000.0),
        snr=np.full(n, 9.0),
        kept=np.ones(n, bool),
        reason=np.full(n, "", "U16"),
        cluster=np.full(n, cluster),
        psf_sigma_px=psf_sigma_px,
        min_snr=3.0,
    )


@pytest.mark.parametrize("column", ["score", "reason", "x_px"])
def test_columns_of_unequal_length_are_refused(column):
    spots = spots_at((1, 1), (2, 2))
    with pytest.raises(ValueError, match=f"columns of Spots must have one length.*{column} 1"):
        replace(spots, **{column: getattr(spots, column)[:1]})


def test_spots_without_scores_have_a_column_of_missing_ones():
    assert np.isnan(spots_at((1, 1), (2, 2)).score).all()


def test_rows_are_taken_in_the_order_that_is_asked_for():
    spots = spots_at((1, 5), (2, 6), (3, 7))
    taken = spots.take(np.array([2, 0]))
    assert taken.y_px.tolist() == [3, 1]
    assert len(taken.score) == 2
    assert taken.psf_sigma_px == spots.psf_sigma_px


def test_spots_of_parts_are_sorted_and_their_groups_count_on():
    upper = spots_at((5, 1), (1, 9), cluster=1)
    lower = spots_at((3, 4), cluster=1)
    single = spots_at((2, 2))
    joined = Spots.concatenate([upper, lower, single])
    assert joined.y_px.tolist() == [1, 2, 3, 5]
    assert joined.cluster.tolist() == [1, 0, 2, 1]


def test_figures_of_the_channel_are_those_of_the_first_part_that_knows_them():
    blank = spots_at(psf_sigma_px=float("nan"))
    assert Spots.concatenate([blank, spots_at((1, 1), psf_sigma_px=1.7)]).psf_sigma_px == 1.7


def test_no_parts_give_tables_without_rows():
    assert len(Signals.concatenate([])) == 0
    assert len(Clusters.concatenate([])) == 0
