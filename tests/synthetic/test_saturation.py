import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from fishcount.synthetic import FieldSpec, resolvable_copies, saturation_curve

SMALL = FieldSpec(shape=(512, 512))


def nothing(image, labels):
    return np.zeros(int(labels.max()), int)


def curve(**look):
    return saturation_curve(
        nothing, rng=np.random.default_rng(1), copies=[2, 6, 40], spec=SMALL, n_fields=1, **look
    )


def test_points_closer_than_the_resolution_are_one_heap():
    chain = np.array([[0, 0], [0, 2], [0, 4], [0, 9]])
    assert resolvable_copies(chain, resolution_px=2.5) == 2
    assert resolvable_copies(chain, resolution_px=1.5) == 4
    assert resolvable_copies(np.zeros((0, 2)), resolution_px=3) == 0


def test_few_copies_apart_are_all_resolved_and_many_are_not():
    found = curve()
    assert_array_equal(found.true, [2, 6, 40])
    assert (found.n > 0).all()
    assert_allclose(found.resolvable[:2], [2, 6], atol=0.3)
    assert found.resolvable[2] < 36


def test_clusters_resolve_worse_than_copies_apart():
    assert (curve(clustered=0.75).resolvable[1:] < 0.8 * curve().resolvable[1:]).all()


def test_the_counter_is_asked_for_every_label_and_its_answer_is_told():
    asked = []

    def seven(image, labels):
        asked.append(image.shape)
        return np.full(int(labels.max()), 7)

    found = saturation_curve(seven, rng=np.random.default_rng(1), n_fields=2, spec=SMALL)
    assert asked == [(512, 512)] * 2
    assert_array_equal(found.counted, 7)
    assert_array_equal(found.low, found.high)
