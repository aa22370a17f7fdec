"""
Matrix factorisation by stochastic gradient descent
===================================================

Who will like what? Every user gets a vector p and every item a vector q, such that their product predicts the rating.
The program below is plain NumPy and picks the vectors of a batch by one-hot matrices, as the formula says. One line of
it changes, the line that makes them.

Reference: Koren, Bell and Volinsky, "Matrix Factorization Techniques for Recommender Systems", 2009.
"""

import time

import numpy as np

from onehot import OneHot

# %%
# The ratings
# -----------
# are drawn from a model of this kind, so one knows how well they could be predicted: up to noise of standard deviation
# 0.5. A few items are rated by many users, most by few.

n_users, n_items, n_ratings, noise = 4_000, 1_500, 200_000, 0.5
rng = np.random.default_rng(0)
popularity = 1 / np.arange(10, 10 + n_items)
user = rng.integers(n_users, size=n_ratings)
item = rng.choice(n_items, size=n_ratings, p=popularity / popularity.sum())
taste, appeal = rng.normal(0, 0.7, (n_users, 4)), rng.normal(0, 0.7, (n_items, 4))
leniency, quality = rng.normal(0, 0.4, n_users), rng.normal(0, 0.4, n_items)
rating = 3.5 + leniency[user] + quality[item] + np.sum(taste[user] * appeal[item], axis=1)
rating = (rating + rng.normal(0, noise, n_ratings)).astype(np.float32)
train, test = np.split(rng.permutation(n_ratings), [n_ratings * 9 // 10])
print(f"{n_ratings:,} ratings of {n_items:,} items by {n_users:,} users, {len(test):,} of them for testing.")

# %%
# The model
# ---------
# is a mean, a bias for each user and each item, and the product of their vectors. It minimises the squared error with
# a penalty on whatever a rating uses:
#
# .. math:: \tfrac12 (r - \mu - b_u - c_i - p_u \cdot q_i)^2 + \tfrac\lambda2 (b_u^2 + c_i^2 + \|p_u\|^2 + \|q_i\|^2)

B, learning_rate, penalty = 500, 0.03, 0.03
mu = rating[train].mean()


def initialize(d):
    rng = np.random.default_rng(1)
    b, c = np.zeros(n_users, np.float32), np.zeros(n_items, np.float32)
    P, Q = (rng.normal(0, 0.1, (V, d)).astype(np.float32) for V in (n_users, n_items))
    return b, c, P, Q


def fit(parameters, one_hot, n_steps, rng):
    b, c, P, Q = parameters
    for _ in range(n_steps):
        batch = rng.choice(train, size=B)
        X, Y = one_hot(user[batch], n_users), one_hot(item[batch], n_items)
        b_u, c_i, p_u, q_i = X @ b, Y @ c, X @ P, Y @ Q
        error = rating[batch] - (mu + b_u + c_i + np.sum(p_u * q_i, axis=1))
        b += learning_rate * (X.T @ (error - penalty * b_u))
        c += learning_rate * (Y.T @ (error - penalty * c_i))
        P += learning_rate * (X.T @ (error[:, None] * q_i - penalty * p_u))
        Q += learning_rate * (Y.T @ (error[:, None] * p_u - penalty * q_i))


# %%
# The line that changes
# ---------------------

identity = {V: np.eye(V, dtype=np.float32) for V in (n_users, n_items)}


def before(codes, V):
    return identity[V][codes]


def after(codes, V):
    return OneHot(codes, V)  # <--- instead of identity[V][codes]


n_steps = 20
seconds = {before: [], after: []}
fitted = {}
for _ in range(3):  # in turns, so that a busy moment of the machine hits both
    for one_hot, times in seconds.items():
        fitted[one_hot] = initialize(d=8)
        start = time.perf_counter()
        fit(fitted[one_hot], one_hot, n_steps, np.random.default_rng(2))
        times.append(time.perf_counter() - start)

dense, lookup = (1e3 * min(times) / n_steps for times in seconds.values())
difference = max(np.abs(W - W_dense).max() for W, W_dense in zip(fitted[after], fitted[before], strict=True))
print(f"\nA step with {B} ratings, vectors of 8 numbers:")
print(f"  identity[codes]   {dense:7.2f} ms")
print(f"  OneHot(codes, V)  {lookup:7.2f} ms, {dense / lookup:.0f} times as fast")
print(f"  largest difference of any parameter after {n_steps} steps: {difference:.1e}")

# %%
# ``Q[items] += ...`` would be as short, and wrong: of the updates of an item that occurs several times in a batch NumPy
# keeps the last one, without a word. `OneHot` adds them up, as the matrix does.

repeated = B - np.mean([len(np.unique(item[rng.choice(train, size=B)])) for _ in range(100)])
print(f"  of {B} ratings, {repeated:.0f} are of an item that the batch has already; Q[items] += ... would lose as many")

# %%
# What it learns
# --------------
# Biases alone (vectors of length 0) know that some users are lenient and some items good. Vectors know who likes what.

X, Y = OneHot(user[test], n_users), OneHot(item[test], n_items)


def test_error(parameters):
    b, c, P, Q = parameters
    predicted = mu + X @ b + Y @ c + np.sum((X @ P) * (Y @ Q), axis=1)
    return np.sqrt(np.mean((rating[test] - predicted) ** 2))


curves = {}
print("\nRoot of the mean squared error on the test ratings, and time:")
print(f"  {'mean of all ratings':20s}{rating[test].std():6.3f}")
for name, d in {"biases": 0, "biases and vectors": 8}.items():
    parameters, rng = initialize(d), np.random.default_rng(2)
    curves[name] = [test_error(parameters)]
    start = time.perf_counter()
    for _ in range(15):
        fit(parameters, after, len(train) // B, rng)
        curves[name].append(test_error(parameters))
    print(f"  {name:20s}{curves[name][-1]:6.3f}   {time.perf_counter() - start:.1f} s")
print(f"  {'the noise itself':20s}{noise:6.3f}")

# %%
# The picture.

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    print("\nFor the picture: python -m pip install 'onehot-lookup[plots]'")
    raise SystemExit from None

figure, (price, error) = plt.subplots(1, 2, figsize=(10, 4), width_ratios=[1, 2], layout="constrained")
bars = price.bar(["identity[V][codes]", "OneHot(codes, V)"], [dense, lookup], width=0.5)
price.bar_label(bars, fmt="%.2f ms")
price.set(title="A training step", ylabel="milliseconds")

for name, curve in curves.items():
    error.plot(curve, marker=".", label=name)
error.axhline(noise, color="black", linestyle=":", label="noise of the ratings")
error.set(title="Error on test ratings", xlabel="epoch", ylabel="root mean square error", ylim=(0, None))
error.legend()
for ax in (price, error):
    ax.spines[["top", "right"]].set_visible(False)
figure.savefig("matrix_factorisation.png", dpi=150)
print("\nWrote matrix_factorisation.png.")
