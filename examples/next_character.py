"""
The next character
==================

Read six characters, guess the seventh: a neural language model, one hidden layer deep. The program below is plain
NumPy, with a design matrix that has six ones in each row. One line of it changes, the line that makes this matrix.

Reference: Bengio, Ducharme, Vincent and Jauvin, "A Neural Probabilistic Language Model", 2003.
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
# is Python's own manual, the part that ``help()`` shows, with its pages shuffled. Each character has a code, and a
# sample is a window of six codes and the code that follows.

pages = np.random.default_rng(0).permutation(list(topics.values()))
text = re.sub(r"\s+", " ", " ".join(pages).lower())
characters, codes = np.unique(list(text), return_inverse=True)
K, f = len(characters), 6
contexts = np.lib.stride_tricks.sliding_window_view(codes, f)[:-1]
y = codes[f:]
n_train = len(y) * 9 // 10
print(f"Python's manual: {len(text):,} characters, {K} different ones; the last tenth is for testing.")

# %%
# The model
# ---------
# with X of shape (n, 6 K), a one for each character of the window in a block of its own:
#
# .. math:: A = \tanh(X W_1 + b_1), \qquad P = \mathrm{softmax}(A W_2 + b_2)

H, B = 128, 64


def initialize():
    rng = np.random.default_rng(1)
    W1 = rng.normal(0, 1 / np.sqrt(f), (f * K, H)).astype(np.float32)
    W2 = rng.normal(0, 1 / np.sqrt(H), (H, K)).astype(np.float32)
    return W1, np.zeros(H, np.float32), W2, np.zeros(K, np.float32)


def forward(X, parameters):
    W1, b1, W2, b2 = parameters
    A = np.tanh(X @ W1 + b1)
    Z = A @ W2 + b2
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    return A, P / P.sum(axis=1, keepdims=True)


def fit(parameters, X, y, n_steps, learning_rate, rng):
    W1, b1, W2, b2 = parameters
    for _ in range(n_steps):
        batch = rng.integers(len(y), size=B)
        x = X[batch]
        A, P = forward(x, parameters)

        dZ = P
        dZ[np.arange(B), y[batch]] -= 1
        dZ /= B
        dA = (dZ @ W2.T) * (1 - A**2)
        W2 -= learning_rate * (A.T @ dZ)
        b2 -= learning_rate * dZ.sum(axis=0)
        W1 -= learning_rate * (x.T @ dA)
        b1 -= learning_rate * dA.sum(axis=0)


# %%
# The line that changes
# ---------------------
# Ten thousand samples are enough to compare.

first = contexts[:10_000]
before = np.eye(K, dtype=np.float32)[first].reshape(len(first), f * K)
after = OneHot(first, K)  # <--- instead

n_steps = 200
seconds = {"np.eye(K)[codes]": [], "OneHot(codes, K)": []}
fitted = {}
for _ in range(3):  # in turns, so that a busy moment of the machine hits both
    for (name, times), X in zip(seconds.items(), (before, after), strict=True):
        fitted[name] = initialize()
        start = time.perf_counter()
        fit(fitted[name], X, y[:10_000], n_steps, learning_rate=0.5, rng=np.random.default_rng(2))
        times.append(time.perf_counter() - start)

dense, lookup = (1e3 * min(times) / n_steps for times in seconds.values())
difference = max(np.abs(W - W_dense).max() for W, W_dense in zip(*fitted.values(), strict=True))
megabytes = len(y) / len(first) / 1e6
print(f"\nA step with {B} samples, and memory for all {len(y):,} samples:")
print(f"  np.eye(K)[codes]  {dense:6.3f} ms {megabytes * before.nbytes:7.1f} MB")
print(f"  OneHot(codes, K)  {lookup:6.3f} ms {megabytes * after.indices.nbytes:7.1f} MB,", end=" ")
print(f"{dense / lookup:.1f} times as fast (the second layer costs the same in both)")
print(f"  largest difference of any parameter after {n_steps} steps: {difference:.1e}")

# %%
# What it learns
# --------------
# is measured in bits: two to the power of it are the characters among which the model, in effect, still hesitates.
# Compare with counting: how often did c follow the last m characters in the training text?


def bits_by_counting(m):
    window = np.lib.stride_tricks.sliding_window_view(codes, m + 1)[f - m :]
    cells = window @ K ** np.arange(m + 1)[::-1]
    met, followed = Counter((cells[:n_train] // K).tolist()), Counter(cells[:n_train].tolist())
    return np.mean([-np.log2((followed[c] + 0.1) / (met[c // K] + 0.1 * K)) for c in cells[n_train:].tolist()])


counting = [bits_by_counting(m) for m in range(f + 1)]
print("\nBits a character, on the test text:")
print(f"  no idea                      {np.log2(K):.2f}")
for m, bits in enumerate(counting):
    print(f"  counting, last {m} characters  {bits:.2f}")

# %%
# Long windows hardly come twice, so counting them stops helping. A network shares what it learns among windows that
# are alike.

X = OneHot(contexts, K)
parameters, rng = initialize(), np.random.default_rng(3)
start = time.perf_counter()
for learning_rate in np.linspace(1.5, 0.1, 9):
    fit(parameters, X[:n_train], y[:n_train], 3_000, learning_rate, rng)
_, P = forward(X[n_train:], parameters)
network = -np.log2(P[np.arange(len(P)), y[n_train:]]).mean()
print(f"  network, last {f} characters   {network:.2f}   (trained in {time.perf_counter() - start:.1f} s)")

# %%
# It can write, too: draw a character, append it, go on. (From the square of P, to draw less from its tail.)

window = list(codes[n_train : n_train + f])
for _ in range(200):
    _, P = forward(OneHot([window[-f:]], K), parameters)
    window.append(rng.choice(K, p=P[0] ** 2 / np.sum(P[0] ** 2)))
print("\nIt writes:", "".join(characters[window]))

# %%
# The picture.

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    print("\nFor the picture: python -m pip install 'onehot-lookup[plots]'")
    raise SystemExit from None

figure, (price, quality, memory) = plt.subplots(1, 3, figsize=(12, 4), width_ratios=[2, 3, 2], layout="constrained")
bars = price.bar(list(seconds), [dense, lookup], width=0.5)
price.bar_label(bars, fmt="%.2f ms")
price.set(title="A training step", ylabel="milliseconds")

quality.plot(counting, marker="o", color="0.5", label="counting")
quality.plot(f, network, marker="*", markersize=14, linestyle="none", color="C1", label="network")
quality.set(title="Bits a character, test text", xlabel="characters looked at", ylim=(2, 5))
quality.legend()

memory.bar(np.arange(f) - f, np.linalg.norm(parameters[0].reshape(f, -1), axis=1), color="C1", width=0.7)
memory.set(title="Where the network looks", xlabel="characters back", ylabel="norm of the block of $W_1$")
for ax in (price, quality, memory):
    ax.spines[["top", "right"]].set_visible(False)
figure.savefig("next_character.png", dpi=150)
print("\nWrote next_character.png.")
