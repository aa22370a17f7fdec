"""Classifiers on categorical data: softmax regression and a multilayer perceptron, as scikit-learn estimators."""

from classifiers.mlp import MLPClassifier
from classifiers.softmax_regression import SoftmaxRegression

__all__ = ["MLPClassifier", "SoftmaxRegression"]
