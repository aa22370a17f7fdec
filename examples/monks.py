"""
MONK's problems
===============

Robots with six features, of which three rules each pick some: the first comparison of learning algorithms made on
common data. The features are categories, and the rules need more than a sum of them, so this is where a hidden layer
earns its place, and where it may learn too much.

Reference: Thrun et al., "The MONK's Problems: A Performance Comparison of Different Learning Algorithms", 1991.
"""

from itertools import product

import numpy as np
from sklearn.base import clone

from classifiers import MLPClassifier, SoftmaxRegression

# %%
# The problems
# ------------
# A robot has a head (1) and a body (2) that are round, square or octagonal, smiles or not (3), holds a sword, a balloon
# or a flag (4), has a jacket that is red, yellow, green or blue (5), and wears a tie or not (6): 432 robots in all.

n_categories = [3, 3, 2, 3, 4, 2]
robots = np.array(list(product(*map(range, n_categories))))
head, body, smile, holding, jacket, tie = robots.T
rules = {
    "MONK-1": (head == body) | (jacket == 0),
    "MONK-2": (robots == 0).sum(axis=1) == 2,
    "MONK-3": ((jacket == 2) & (holding == 0)) | ((jacket != 3) & (body != 2)),
}
n_train, n_wrong = {"MONK-1": 124, "MONK-2": 169, "MONK-3": 122}, {"MONK-1": 0, "MONK-2": 0, "MONK-3": 6}


def draw(problem, seed):
    """Return a training set of the size that the authors chose; six labels of the third problem are wrong."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(robots), n_train[problem], replace=False)
    y = rules[problem][rows]
    y[: n_wrong[problem]] ^= True
    return robots[rows], y


# %%
# The models
# ----------
# A linear model gives each category a weight. The network puts eight units between, once with little and once with
# ten times as much weight decay. Each is trained on ten draws, and tested on all 432 robots and the true rule.

network = MLPClassifier((8,), "tanh", solver="lbfgs", n_categories=n_categories, max_iter=1000)
models = {
    "softmax regression": SoftmaxRegression(alpha=1e-2, n_categories=n_categories),
    "8 hidden units, alpha=0.001": clone(network).set_params(alpha=1e-3),
    "8 hidden units, alpha=0.01": clone(network).set_params(alpha=1e-2),
}
n_draws = 10
accuracy = {(name, problem): [] for name in models for problem in rules}
for problem, truth in rules.items():
    for seed in range(n_draws):
        X, y = draw(problem, seed)
        for name, model in models.items():
            model.set_params(random_state=seed).fit(X, y)
            accuracy[name, problem].append(model.score(robots, truth))

chance = [max(truth.mean(), 1 - truth.mean()) for truth in rules.values()]
print(f"Accuracy on all 432 robots, mean (and worst) of {n_draws} training sets:\n")
print(f"{'':28s}" + "".join(f"{problem:>18s}" for problem in rules))
print(f"{'the more frequent class':28s}" + "".join(f"{share:18.1%}" for share in chance))
for name in models:
    scores = [accuracy[name, problem] for problem in rules]
    print(f"{name:28s}" + "".join(f"{f'{np.mean(s):.1%} ({min(s):.1%})':>18s}" for s in scores))

# %%
# MONK-1: half of the rule is about one feature, "the jacket is red", and that half is all that the linear model finds.
# "Head and body are the same" is no sum of a number for the head and one for the body.

X, y = draw("MONK-1", seed=0)
linear = models["softmax regression"].fit(X, y)
truth, red = rules["MONK-1"], jacket == 0
print("\nMONK-1, softmax regression:")
print(f"  {linear.score(robots[red], truth[red]):4.0%} right on robots with a red jacket,")
print(f"  {linear.score(robots[~red], truth[~red]):4.0%} on the others;", end=" ")
print(f"always saying no would give {1 - truth[~red].mean():.0%} there.")

# %%
# MONK-3 is a sum: one-hot, its true rule has a linear model without error. What is left are the wrong labels, and with
# little weight decay the network learns them as well.

everything = clone(linear).set_params(alpha=1e-4).fit(robots, rules["MONK-3"])
print("\nMONK-3, softmax regression:")
print(f"  {everything.score(robots, rules['MONK-3']):4.0%} right if fitted to all robots without a wrong label.")

# %%
# A network of four units for MONK-1 can be read: a row of its first table is what a category does to the four units.
# The features that are not in the rule have hardly any weight.

small = MLPClassifier((4,), "tanh", solver="lbfgs", alpha=2e-3, n_categories=n_categories, max_iter=1000)
small.set_params(random_state=0).fit(X, y)
table = small.coefs_[0]
ends = np.cumsum(n_categories)
features = ["head", "body", "smile", "holding", "jacket", "tie"]
print(f"\nMONK-1, four hidden units: {small.score(robots, truth):.0%} right. Norm of the weights of each feature:")
for feature, rows in zip(features, np.split(table, ends[:-1]), strict=True):
    print(f"  {feature:8s}{np.linalg.norm(rows):6.2f}")

# %%
# The picture.

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    print("\nFor the picture: python -m pip install 'onehot-lookup[plots]'")
    raise SystemExit from None

figure, (scores, units) = plt.subplots(1, 2, figsize=(12, 4), width_ratios=[3, 4], layout="constrained")
jitter = np.random.default_rng(0).uniform(-0.07, 0.07, n_draws)
for i, name in enumerate(models):
    for j, problem in enumerate(rules):
        x = j + 0.25 * (i - 1)
        scores.plot(x + jitter, accuracy[name, problem], ".", color=f"C{i}", label=name if j == 0 else None)
for j, share in enumerate(chance):
    label = "the more frequent class" if j == 0 else None
    scores.hlines(share, j - 0.4, j + 0.4, color="0.5", linestyle=":", label=label)
scores.set(title="Ten training sets each", ylabel="accuracy on all robots", ylim=(0.4, 1.02))
scores.set_xticks(range(len(rules)), list(rules))
scores.spines[["top", "right"]].set_visible(False)
scores.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, frameon=False)

shapes, answers = ["round", "square", "octagonal"], ["yes", "no"]
holdings, colours = ["sword", "balloon", "flag"], ["red", "yellow", "green", "blue"]
levels = [*shapes, *shapes, *answers, *holdings, *colours, *answers]
limit = np.abs(table).max()
image = units.imshow(table.T, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
units.set_xticks(range(len(levels)), levels, rotation=90)
units.set_yticks(range(4), [f"unit {u + 1}" for u in range(4)])
for feature, end, width in zip(features, ends, n_categories, strict=True):
    units.axvline(end - 0.5, color="black", linewidth=0.8)
    units.text(end - width / 2 - 0.5, -0.6, feature, ha="center")
figure.colorbar(image, ax=units, label="weight")
figure.savefig("monks.png", dpi=150)
print("\nWrote monks.png.")
