"""What holds for every test and doctest, however pytest is started."""

import os
from importlib.util import find_spec

from hypothesis import HealthCheck, settings

os.environ["MPLBACKEND"] = "Agg"  # draw, but open no window

# --doctest-modules imports every file of the packages, and these need an extra.
COMPILED = ["onehot/_kernels/_numba*.py", "classifiers/_compiled_*.py"]
collect_ignore_glob = [] if find_spec("numba") else COMPILED
collect_ignore_glob += ["docs/*.py", "docs/_build", "docs/auto_examples"]  # the snippets of docs are in its pages

# Nothing here judges by the clock: a busy machine must not turn a test red.
settings.register_profile("untimed", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
