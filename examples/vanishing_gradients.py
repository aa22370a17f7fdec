"""
Vanishing gradients
===================

Two networks, six hidden layers each, alike but for the activation. In one of them the first layers do not learn: what
reaches them of the gradient is a thousandth of what the last layer gets. Why, and what it costs.

Reference: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
"""

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from classifiers import MLPClassifier
from classifiers.activations import relu, sigmoid
from classifiers.diagnostics import gradient_norms
from classifiers.plots import gradient_flow

# %%
# Handwritten digits, each of the 64 pixels a category of 17 shades.

images, digits = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(images.astype(int), digits, random_state=0, stratify=digits)

# %%
# Before training
# ---------------
# ``max_iter=0`` gives a network that is merely initialised. On its way back, the gradient is multiplied in each layer
# by the derivative of the activation. That of the sigmoid is at most 1/4; that of ReLU is 1 for every active unit.

network = MLPClassifier(
    (32,) * 6, solver="sgd", learning_rate=0.1, batch_size=32, n_iter_no_change=25, n_categories=17, random_state=0
)
networks = {activation: clone(network).set_params(activation=activation) for activation in ("sigmoid", "relu")}
at_start = {name: gradient_norms(model.set_params(max_iter=0).fit(X, y), X, y) for name, model in networks.items()}

print(f"Derivative of the sigmoid: {sigmoid.derivative(0.0):.3f} at 0, {sigmoid.derivative(3.0):.3f} at 3;", end=" ")
print(f"of ReLU: {relu.derivative(3.0):.0f} at 3.\n")
print("Norm of the gradient before training, with six hidden layers:")
print(f"  layer{'sigmoid':>12s}{'ReLU':>12s}")
for layer, norms in enumerate(zip(*at_start.values(), strict=True), start=1):
    print(f"  {layer:5d}" + "".join(f"{norm:12.5f}" for norm in norms))
ratios = [(norms[0] / norms[-1]) ** (1 / 6) for norms in at_start.values()]
print("  from layer to layer, on the way back, it is multiplied by", " and ".join(f"{r:.2f}" for r in ratios))

# %%
# What it costs
# -------------
# The sigmoid itself is not to blame: with one hidden layer it learns well.

networks["one sigmoid"] = clone(network).set_params(activation="sigmoid", hidden_layer_sizes=(32,))
print(f"\nAfter 25 epochs of gradient descent:{'loss':>8s}{'test accuracy':>16s}{'gradient, first layer / last':>31s}")
labels = {"sigmoid": "six sigmoid layers", "relu": "six ReLU layers", "one sigmoid": "one sigmoid layer"}
for name, label in labels.items():
    model = networks[name].set_params(max_iter=25).fit(X, y)
    last = model.history_[-1]
    share = last.gradient_norms[0] / last.gradient_norms[-1]
    print(f"  {label:33s}{last.loss:8.3f}{model.score(X_test, y_test):16.1%}{share:31.1e}")
print(f"  {'guessing':33s}{np.log(10):8.3f}{0.1:16.1%}")

# %%
# The picture.

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    print("\nFor the picture: python -m pip install 'onehot-lookup[plots]'")
    raise SystemExit from None

figure, (start, *flows) = plt.subplots(1, 3, figsize=(13, 4), sharey=True, layout="constrained")
for name, norms in at_start.items():
    start.plot(range(1, 8), norms, marker="o", label={"sigmoid": "sigmoid", "relu": "ReLU"}[name])
start.set(title="Before training", xlabel="layer", ylabel="norm of the loss gradient")
start.spines[["top", "right"]].set_visible(False)
start.grid(color="0.9", linewidth=0.8)
start.legend(frameon=False)
for ax, name in zip(flows, at_start, strict=True):
    gradient_flow(networks[name], ax=ax).set(title=f"Training, {labels[name]}", ylabel="")
flows[0].get_legend().remove()
figure.savefig("vanishing_gradients.png", dpi=150)
print("\nWrote vanishing_gradients.png.")
