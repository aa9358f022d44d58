"""Random integers that are the same everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from mrv.simulate.dice import Dice, ranks


def test_known_words_and_numbers():
    """Pinned: another NumPy or machine must give the same."""
    assert Dice(7, "a").raw(2).tolist() == [VECTOR[0], VECTOR[1]]
    assert (Dice(7, "a").uniform(2) * 2.0**53).astype(np.int64).tolist() == [word >> 11 for word in VECTOR[:2]]
    halves = [(word >> shift) & 0xFFFF for word in VECTOR[:2] for shift in (0, 16, 32, 48)]
    expected = (2 * sum(halves) - 8 * 65_535) / (2 * 65_536 * (8 / 12) ** 0.5)
    assert Dice(7, "a").normal(1)[0] == expected


VECTOR = (2_840_469_116_786_343_509, 9_886_377_869_979_475_017)


def test_streams_do_not_move_each_other():
    assert Dice(7, "a").raw(4).tolist() == Dice(7, "a").raw(4).tolist()
    assert Dice(7, "a").raw(4).tolist() != Dice(7, "b").raw(4).tolist()
    assert Dice(7, "a").raw(4).tolist() != Dice(8, "a").raw(4).tolist()


def test_normal_has_mean_0_and_variance_1_and_is_symmetric():
    z = Dice(1, "z").normal(200_000)
    assert abs(z.mean()) < 0.008
    assert abs(z.var() - 1) < 0.012
    assert abs((z**3).mean()) < 0.02
    assert abs(np.quantile(z, 0.95) - 1.645) < 0.02
    assert np.abs(z).max() < 4.9


def test_uniform_covers_its_interval():
    u = Dice(1, "u").uniform(100_000)
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 0.004


def test_integer_has_both_ends():
    assert {Dice(seed, "i").integer(1, 3) for seed in range(60)} == {1, 2, 3}


def test_choose_gives_distinct_numbers_with_equal_chances():
    counts = np.zeros(10)
    for seed in range(2_000):
        chosen = Dice(seed, "c").choose(10, 3)
        assert len(set(chosen.tolist())) == 3
        counts[chosen] += 1
    assert np.abs(counts / 2_000 - 0.3).max() < 0.035


@pytest.mark.parametrize("radius", [0, 1, 4, 40])
def test_field_is_a_permutation(radius):
    field = Dice(3, "f").field((9, 12), radius)
    assert sorted(field.ravel().tolist()) == list(range(108))


def test_a_wider_reach_is_smoother():
    def roughness(radius):
        return np.abs(np.diff(Dice(3, "f").field((60, 60), radius), axis=1)).mean()

    assert roughness(0) > 2 * roughness(1) > 2 * roughness(4)


def test_patches_are_exact_in_number_and_stay_where_they_may():
    eligible = Dice(4, "e").field((40, 40), 3) < 700
    for count, expected in ((0, 0), (37, 37), (700, 700), (900, 700)):
        mask = Dice(4, "p").patches(eligible, count, 3)
        assert mask.sum() == expected
        assert not (mask & ~eligible).any()


def test_ranks_break_ties_in_order():
    assert ranks(np.array([[5, 1], [5, 0]])).tolist() == [[2, 1], [3, 0]]
