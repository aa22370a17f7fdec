"""scikit-learn's own checks of an estimator, all of them, with several solvers.

Minibatch solvers run in float64 here: one check wants weights and repetitions to agree to 1e-7, which is less than the
rounding of float32. L-BFGS computes in float64 anyway.
"""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from classifiers import MLPClassifier, SoftmaxRegression

ESTIMATORS = [
    SoftmaxRegression(),
    SoftmaxRegression(solver="sgd", learning_rate=0.01, dtype=np.float64),
    SoftmaxRegression(solver="momentum", learning_rate=0.01, dtype=np.float64),
    SoftmaxRegression(solver="adagrad", dtype=np.float64),
    SoftmaxRegression(solver="adam", dtype=np.float64),
    MLPClassifier((16,), solver="lbfgs", max_iter=100, dtype=np.float64),
    MLPClassifier((16,), learning_rate=0.01, dtype=np.float64),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: f"{type(e).__name__}, {e.solver}")
@pytest.mark.filterwarnings("ignore")  # the checks feed what deserves a warning, and count the warnings that matter
def test_check_estimator(estimator):
    results = check_estimator(estimator, on_skip=None)
    assert len(results) > 50
    skipped = {result["check_name"]: str(result["exception"]) for result in results if result["status"] == "skipped"}
    assert set(skipped) <= {"check_array_api_input"}, "scikit-learn skips it unless SCIPY_ARRAY_API is set"
