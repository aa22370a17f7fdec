"""
Word vectors: skip-gram with negative sampling
==============================================

A word is known by the company it keeps: its vector learns to tell the words that stand near it from words drawn at
random. Here is that model as a plain NumPy program, one-hot matrices and all. One line of it changes, the line that
makes them. The numbers stay; the time does not.

Reference: Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed Representations of Words and Phrases and their
Compositionality", 2013.
"""

import re
import time
from collections import Counter
from pydoc_data.topics import topics

import numpy as np

from onehot import OneHot

# %%
# The text
# --------
# is Python's own manual, the part that ``help()`` shows. Words that occur fewer than five times are dropped, and so are
# most of the occurrences of the most frequent ones: that "the" stands near it says little about a word.

rng = np.random.default_rng(0)
words = re.findall(r"[a-z]+", " ".join(topics.values()).lower())
vocabulary = [word for word, count in Counter(words).most_common() if count >= 5]
code_of = {word: code for code, word in enumerate(vocabulary)}
V = len(vocabulary)

text = np.array([code_of[word] for word in words if word in code_of])
frequency = np.bincount(text) / len(text)
text = text[rng.random(len(text)) < np.sqrt(1e-3 / frequency[text])]

distances = range(1, 5)
centre = np.concatenate([text[k:] for k in distances] + [text[:-k] for k in distances])
context = np.concatenate([text[:-k] for k in distances] + [text[k:] for k in distances])
print(f"Python's manual: {len(text):,} words kept, {V:,} different ones, {len(centre):,} pairs of neighbours.")

# %%
# The model
# ---------
# A word c has a vector u, as a context it has another one, w. For a pair (c, o) of neighbours, and K words k drawn at
# random, the loss is
#
# .. math:: -\log\sigma(u_c \cdot w_o) - \sum_k \log\sigma(-u_c \cdot w_k),
#
# logistic regression with a yes for the neighbour and a no for the others. The matrices X and Y are one-hot.

d, K, B, learning_rate = 32, 5, 256, 0.05
noise = rng.choice(V, size=100_000, p=frequency**0.75 / np.sum(frequency**0.75))


def train(one_hot, n_steps):
    rng = np.random.default_rng(1)
    U = rng.normal(0, 0.1, (V, d)).astype(np.float32)
    W = np.zeros((V, d), np.float32)
    is_neighbour = np.arange(1 + K) == 0
    losses = []
    for _ in range(n_steps):
        batch = rng.integers(len(centre), size=B)
        drawn = noise[rng.integers(len(noise), size=(B, K))]
        X = one_hot(centre[batch])
        Y = one_hot(np.column_stack([context[batch], drawn]).ravel())

        u = X @ U
        w = (Y @ W).reshape(B, 1 + K, d)
        p = 1 / (1 + np.exp(-np.einsum("bd,bkd->bk", u, w)))
        losses.append(-np.log(np.where(is_neighbour, p, 1 - p)).sum() / B)

        dz = p - is_neighbour
        du = np.einsum("bk,bkd->bd", dz, w)
        dw = np.einsum("bk,bd->bkd", dz, u).reshape(-1, d)
        U -= learning_rate * (X.T @ du)
        W -= learning_rate * (Y.T @ dw)
    return U, W, np.array(losses)


# %%
# The line that changes
# ---------------------

identity = np.eye(V, dtype=np.float32)


def before(codes):
    return identity[codes]


def after(codes):
    return OneHot(codes, V)  # <--- instead of identity[codes]


steps_timed = 50
seconds = {before: [], after: []}
vectors = {}
for _ in range(3):  # in turns, so that a busy moment of the machine hits both
    for one_hot, times in seconds.items():
        start = time.perf_counter()
        vectors[one_hot], _, _ = train(one_hot, steps_timed)
        times.append(time.perf_counter() - start)

dense, lookup = min(seconds[before]), min(seconds[after])
print(f"\n{steps_timed} steps with {B} pairs and {K} random words each:")
print(f"  identity[codes]   {dense * 1e3:8.1f} ms")
print(f"  OneHot(codes, V)  {lookup * 1e3:8.1f} ms, {dense / lookup:.0f} times as fast")
print(f"  largest difference of the word vectors: {np.abs(vectors[before] - vectors[after]).max():.1e}")

# %%
# What it learns
# --------------
# Now that a step is cheap, ten passes over the text. Words whose vectors point the same way are used the same way.

n_steps = 10 * len(centre) // B
start = time.perf_counter()
U, _, losses = train(after, n_steps)
print(f"\n{n_steps:,} steps with OneHot took {time.perf_counter() - start:.1f} s;", end=" ")
print(f"with identity[codes] they would take {n_steps * dense / steps_timed:.0f} s.")
print(f"The loss fell from {losses[:200].mean():.2f} to {losses[-200:].mean():.2f} nats a pair.\n")

directions = U / np.linalg.norm(U, axis=1, keepdims=True)
for word in ["float", "typeerror", "await", "true", "bitwise", "left", "bytes", "three"]:
    cosine = directions @ directions[code_of[word]]
    print(f"  {word:9s} is used like", ", ".join(vocabulary[code] for code in np.argsort(-cosine)[1:6]))

# %%
# The picture: the price of a step, and the plane in which the vectors of a few words differ most.

groups = [
    ["keyerror", "runtimeerror", "typeerror"],
    ["async", "asynchronous", "await", "coroutine"],
    ["decimal", "digits", "float"],
    ["bitwise", "shift", "unary"],
    ["import", "modules", "package"],
]
try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    print("\nFor the picture: python -m pip install 'onehot-lookup[plots]'")
    raise SystemExit from None

figure, (price, plane) = plt.subplots(1, 2, figsize=(10, 4.2), width_ratios=[1, 2.2], layout="constrained")
milliseconds = [1e3 * dense / steps_timed, 1e3 * lookup / steps_timed]
bars = price.bar(["identity[codes]", "OneHot(codes, V)"], milliseconds, width=0.5)
price.bar_label(bars, fmt="%.2f ms")
price.set(title="A training step", ylabel="milliseconds")
price.spines[["top", "right"]].set_visible(False)

points = directions[[code_of[word] for group in groups for word in group]]
middle = points.mean(axis=0)
_, _, principal_axes = np.linalg.svd(points - middle)
for group in groups:
    xy = (directions[[code_of[word] for word in group]] - middle) @ principal_axes[:2].T
    dots = plane.scatter(*xy.T, s=20)
    for word, point in zip(group, xy, strict=True):
        plane.annotate(word, point, xytext=(5, 3), textcoords="offset points", color=dots.get_facecolor()[0])
plane.set(title="Words by the company they keep", xlabel="first principal axis", ylabel="second")
plane.margins(x=0.15)
plane.spines[["top", "right"]].set_visible(False)

figure.savefig("word_vectors.png", dpi=150)
print("\nWrote word_vectors.png.")
