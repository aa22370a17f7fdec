"""
A grid of hyper-parameters
==========================

Which learning rate, how many units, one hidden layer or two? Try all combinations, each by cross-validation, and let
scikit-learn do it: the classifiers are estimators like its own.
"""

import time
import warnings

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from classifiers import MLPClassifier
from classifiers.gradient_flow import GradientFlowWarning
from classifiers.plots import hyperparameter_grid

# %%
# Handwritten digits, each of the 64 pixels a category of 17 shades. A quarter is put aside: it takes no part in the
# choice, so that it can judge what was chosen.

images, digits = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(images.astype(int), digits, random_state=0, stratify=digits)

network = MLPClassifier(solver="sgd", batch_size=32, max_iter=20, n_categories=17, random_state=0)
sizes = [(32,), (64,), (32, 32), (64, 64)]
rates = [0.01, 0.03, 0.1, 0.3, 1.0]
search = GridSearchCV(network, {"hidden_layer_sizes": sizes, "learning_rate": rates}, cv=3)
start = time.perf_counter()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", GradientFlowWarning)
    search.fit(X, y)
seconds = time.perf_counter() - start

# %%
# The result is a table: the mean accuracy on the part of the training data that each of three fits did not see.

accuracy = search.cv_results_["mean_test_score"].reshape(len(sizes), len(rates))
print("Cross-validated accuracy" + "".join(f"{f'rate {rate:g}':>12s}" for rate in rates))
for size, row in zip(sizes, accuracy, strict=True):
    print(f"  hidden units {size!s:9s}" + "".join(f"{mean:12.1%}" for mean in row))

best_size, best_rate = divmod(search.best_index_, len(rates))
print(f"\n{3 * accuracy.size + 1} fits took {seconds:.1f} s; {len(caught)} of them warned that the gradient vanishes.")
print(f"Best: {search.best_params_}")
print(f"  cross-validated {search.best_score_:.1%}, on the digits put aside {search.score(X_test, y_test):.1%}")
print(f"  another rate, same units: down to {accuracy[best_size].min():.1%}")
print(f"  other units, same rate:   down to {accuracy[:, best_rate].min():.1%}")

# %%
# The rate decides and the units hardly matter, so it is the rate that is worth a finer grid. At the largest rate the
# warnings say what goes wrong: units are dead, so that no gradient reaches the first layer.

# %%
# The picture. A cell says mean and standard deviation over the three parts.

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    print("\nFor the picture: python -m pip install 'onehot-lookup[plots]'")
    raise SystemExit from None

figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
hyperparameter_grid(search, ax=ax)
figure.savefig("hyperparameter_grid.png", dpi=150)
print("\nWrote hyperparameter_grid.png.")
