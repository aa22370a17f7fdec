"""
Learning rates
==============

How far to walk along the gradient? Too far, and every step overshoots the valley; too short, and one does not arrive.
Four rates, each a tenth of the one before.
"""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from classifiers import MLPClassifier
from classifiers.diagnostics import dead_units
from classifiers.optimizers import SGD
from classifiers.plots import learning_curves

# %%
# A parabola
# ----------
# The minimum of f(x) = x², from x = 10. The gradient is 2 x, so a step multiplies x by 1 - 2 lr: a rate of 1 jumps from
# one side to the other for ever, and beyond 1 it goes up.

rates = [1.0, 0.1, 0.01, 0.001]
print("Gradient descent on x², from 10:")
for rate in [1.1, *rates]:
    x, optimizer, path = np.array([10.0]), SGD(rate), []
    for _ in range(50):
        optimizer.step([x], [2 * x])
        path.append(x.item())
    steps = ", ".join(f"{x:.2f}" for x in path[:4])
    print(f"  rate {rate:<6g} {steps}, ... after {len(path)} steps {path[-1]:.3g}")

# %%
# A network
# ---------
# Handwritten digits, each of the 64 pixels a category of 17 shades; 32 hidden ReLU units, minibatches of 32, 40 epochs.

images, digits = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(images.astype(int), digits, random_state=0, stratify=digits)
network = MLPClassifier(
    (32,), solver="sgd", batch_size=32, max_iter=40, n_iter_no_change=40, n_categories=17, random_state=0
)
models = {rate: clone(network).set_params(learning_rate=rate) for rate in rates}

shown = [1, 5, 10, 20, 40]
print("\nDigits, training loss after epoch" + "".join(f"{epoch:8d}" for epoch in shown), end="")
print(f"{'test accuracy':>16s}{'dead units':>13s}")
for rate, model in models.items():
    with warnings.catch_warnings(record=True) as caught:
        model.fit(X, y, X_val=X_test, y_val=y_test)
    print(f"  rate {rate:<26g}" + "".join(f"{model.history_[epoch - 1].loss:8.3f}" for epoch in shown), end="")
    print(f"{model.score(X_test, y_test):16.1%}{len(dead_units(model, X)[0]):13d}")
    for warning in caught:
        print(f"  warned: {warning.message}")

# %%
# The largest rate learns at first, faster than the smallest. But its steps throw units so far that they are zero for
# every digit, where a ReLU has no gradient: they are dead, and the more of them, the nearer the network is to guessing.
# The smallest rate is on its way; in ten times as many epochs it would be about where 0.01 is now.

# %%
# The picture.

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    print("\nFor the picture: python -m pip install 'onehot-lookup[plots]'")
    raise SystemExit from None

figure, axes = plt.subplots(1, 4, figsize=(13, 3.8), sharey=True, layout="constrained")
for ax, (rate, model) in zip(axes, models.items(), strict=True):
    learning_curves(model, ax=ax).set(title=f"learning rate {rate:g}", yscale="log")
for ax in axes[1:]:
    ax.set_ylabel("")
figure.savefig("learning_rates.png", dpi=150)
print("\nWrote learning_rates.png.")
