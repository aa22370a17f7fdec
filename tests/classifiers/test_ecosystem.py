"""Inside other tools of scikit-learn."""

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from classifiers import MLPClassifier, SoftmaxRegression

CODES = np.random.default_rng(0).integers(0, 5, (300, 4))
Y = (CODES[:, 0] > 2).astype(int) + (CODES[:, 1] > 2)


def model() -> SoftmaxRegression:
    return SoftmaxRegression(n_categories=[5] * 4, alpha=1e-3)


def test_calibrated():
    probability = CalibratedClassifierCV(model(), cv=3).fit(CODES, Y).predict_proba(CODES)
    assert probability.shape == (300, 3)
    assert (probability.argmax(axis=1) == Y).mean() > 0.9


def test_searched_in_two_processes():
    search = GridSearchCV(model(), {"alpha": [1e-3, 1e3]}, n_jobs=2).fit(CODES, Y)
    assert search.best_params_ == {"alpha": 1e-3}


def test_sample_weight_is_routed():
    rare = np.where(Y == 1, 1e-6, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = model().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_validate(routed, CODES, Y, params={"sample_weight": rare}, return_estimator=True)
    for fitted in scores["estimator"]:
        assert fitted.predict_proba(CODES)[:, 1].max() < 0.1, "a class of next to no weight is next to never predicted"


def test_a_frame_from_upstream():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    letters = pandas.DataFrame(np.array(list("abcde"))[CODES], columns=list("wxyz"))
    encoder = OrdinalEncoder(dtype=int).set_output(transform="pandas")
    pipeline = make_pipeline(encoder, SoftmaxRegression(alpha=1e-3)).fit(letters, Y)
    assert pipeline[-1].feature_names_in_.tolist() == list("wxyz")
    np.testing.assert_array_equal(pipeline.predict(letters), model().fit(CODES, Y).predict(CODES))


@pytest.mark.parametrize("solver", ["sgd", "momentum", "adagrad", "rmsprop", "adam"])
@pytest.mark.parametrize("Model", [SoftmaxRegression, MLPClassifier])
def test_a_model_that_joblib_maps_into_memory_is_trained_further(Model, solver, tmp_path):
    X, y = np.arange(60)[:, None] % 5, np.arange(60) % 3
    fitted = Model(solver=solver, max_iter=2, tol=0, warm_start=True, random_state=0).fit(X, y)
    joblib.dump(fitted, tmp_path / "model.pkl")
    for go_on in ("partial_fit", "fit"):
        mapped, own = (joblib.load(tmp_path / "model.pkl", mmap_mode=mode) for mode in ("r", None))
        for each in (mapped, own):
            getattr(each, go_on)(X, y)
        assert mapped.predict_proba(X).tolist() == own.predict_proba(X).tolist()


class Tanh:
    """An activation that is equal to itself only."""

    def forward(self, z):
        a = np.tanh(z)
        return a, lambda da: da * (1 - a * a)


def test_a_mapped_model_keeps_the_very_activation_that_it_was_given(tmp_path):
    X, y = np.arange(60)[:, None] % 5, np.arange(60) % 3
    joblib.dump(MLPClassifier((4,), Tanh(), max_iter=1).fit(X, y), tmp_path / "model.pkl")
    mapped = joblib.load(tmp_path / "model.pkl", mmap_mode="r")
    assert len(mapped.partial_fit(X, y).partial_fit(X, y).history_) == 3
