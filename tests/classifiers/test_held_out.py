"""Data set aside for validation: their mix of classes and their weights."""

import numpy as np
import pytest

from classifiers.dataset import Dataset
from classifiers.held_out import hold_out
from tests.tolerance import assert_close


@pytest.mark.parametrize("seed", range(5))
def test_held_out_data_are_stratified(problem, seed):
    training, validation = hold_out(Dataset(problem.to("OneHot"), problem.y), 0.2, seed=seed)
    assert (len(training.y), len(validation.y)) == (72, 18)
    assert (abs(np.bincount(validation.y) - np.bincount(problem.y) / 5) < 1).all()


def test_weights_have_mean_one_in_either_part(problem):
    for part in hold_out(Dataset(problem.to("OneHot"), problem.y, problem.weight), 0.1, seed=0):
        assert part.sample_weight is not None
        assert_close(part.sample_weight.mean(), 1.0, terms=len(part.y))


def test_the_seed_decides_what_is_held_out(problem):
    data = Dataset(problem.to("OneHot"), problem.y)
    one, again, other = (hold_out(data, 0.2, seed=seed)[1].X.tocsr().indices.tolist() for seed in (0, 0, 1))
    assert one == again != other
