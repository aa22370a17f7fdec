"""
Many minima: where training starts decides where it ends
========================================================

The loss of a linear model is one valley, and every path leads to its bottom. With a hidden layer there are several
valleys, not equally deep. How often does training end in a bad one, and what helps: momentum, noise, or more units?

Reference: Choromanska, Henaff, Mathieu, Ben Arous and LeCun, "The Loss Surfaces of Multilayer Networks", 2015.
"""

import numpy as np
from sklearn.base import clone

from classifiers import MLPClassifier
from classifiers.plots import loss_landscape

# %%
# Exclusive or is the smallest task that needs a hidden layer, and two units are just enough for it. Each model is
# trained from 25 random starts. A loss below 0.1 counts as solved.

X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
n_starts, epochs = 25, 300
downhill = MLPClassifier(
    (2,), "tanh", solver="sgd", learning_rate=0.3, batch_size=4, alpha=0, max_iter=epochs, n_iter_no_change=epochs
)


def train(name, **settings):
    models = [clone(downhill).set_params(random_state=seed, **settings).fit(X, y) for seed in range(n_starts)]
    losses = np.array([[record.loss for record in model.history_] for model in models])
    solved = losses[:, -1] < 0.1
    median = f"{np.median(np.sum(losses[solved] > 0.1, axis=1)):.0f}" if solved.any() else "-"
    elsewhere = ", ".join(f"{loss:.2f}" for loss in np.unique(losses[~solved, -1].round(2))) or "-"
    print(f"  {name:30s}{solved.mean():6.0%}{median:>15s}     {elsewhere}")
    return models, losses


print(f"{n_starts} random starts, so that shares are known to within some {0.5 / np.sqrt(n_starts):.0%}:")
print(f"{'solved':>38s}{'after epochs':>15s}     loss where the others end")
convex, _ = train("no hidden layer", hidden_layer_sizes=(), max_iter=100)
two_units, falling = train("2 units, gradient descent")
_, rolling = train("  momentum 0.9", solver="momentum")
_, shaken = train("  minibatches of 1, rate 0.1", batch_size=1, learning_rate=0.1)
for H in (3, 4, 8):
    train(f"{H} units, momentum 0.9", solver="momentum", hidden_layer_sizes=(H,), max_iter=100)

# %%
# Without a hidden layer all starts meet in one point, and it is a guess, of loss ln 2 = 0.69. Two units solve the task
# from some starts. From the others they end where two points are right and two are guessed, near ln 2 / 2 = 0.35, or
# where three share one answer, near 0.48. Momentum gets to the bottom several times as fast, but of which valley, the
# start has decided, and the noise of minibatches does not change that much either. More units do: they nearly always
# leave a way down.

final = falling[:, -1]
stuck, solved = two_units[np.flatnonzero(final > 0.1)[0]], two_units[final.argmin()]
models = {"no hidden layer": convex[0], "2 units, stuck": stuck, "2 units, solved": solved}
print("\nP(1) for 00, 01, 10, 11:")
for name, model in models.items():
    print(f"  {name:20s}" + "".join(f"{p:7.2f}" for p in model.predict_proba(X)[:, 1]))

# %%
# The picture. Above, the loss of all starts. Below, the loss around three of the models, on a plane through the weights
# (the cross) that two random directions span.

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    print("\nFor the picture: python -m pip install 'onehot-lookup[plots]'")
    raise SystemExit from None

figure, (curves, landscapes) = plt.subplots(2, 3, figsize=(12, 7), layout="constrained")
runs = {"gradient descent": falling, "momentum": rolling, "minibatches of one": shaken}
for ax, (name, losses) in zip(curves, runs.items(), strict=True):
    for loss in losses:
        ax.plot(range(1, epochs + 1), loss, color="#0072B2" if loss[-1] < 0.1 else "#D55E00", linewidth=0.7)
    ax.set(title=f"2 units, {name}", xlabel="epoch", ylabel="cross-entropy [nats]", ylim=(0, 1.5))
    ax.spines[["top", "right"]].set_visible(False)
for ax, (name, model) in zip(landscapes, models.items(), strict=True):
    loss_landscape(model, X, y, extent=3, resolution=41, ax=ax).set_title(name)
figure.savefig("nonconvexity.png", dpi=150)
print("\nWrote nonconvexity.png.")
