"""Classifiers on categorical data: softmax regression and a multilayer perceptron, as scikit-learn estimators.

    softmax_regression, mlp               the two estimators
    _estimator, _settings, _fitted_model  what they share
    reading/                              X, y and sample_weight, checked and converted
    design_matrix, mixed_matrix           the formats of X behind one set of expressions
    network                               layers composed: forward, loss, gradients
    activations, losses, initializers,
    optimizers, schedules, stopping       its parts
    training                              how a network is fitted in minibatches
    lbfgs, full_batch/                    and on all data at once
    prediction                            what it says of many rows
    diagnostics, gradient_flow,
    loss_landscape, explanation, plots/   looking into a model
    model_file/, command_line/            models as files, files of data

Activations, losses, initializers, optimizers, schedules and stopping are public and can be used alone, as are
diagnostics and plots. The rest is open to be read, and may change in any release.
"""

from classifiers.mlp import MLPClassifier
from classifiers.softmax_regression import SoftmaxRegression

__all__ = ["MLPClassifier", "SoftmaxRegression"]
