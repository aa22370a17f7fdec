"""What ``import`` costs, each in an interpreter of its own, beside the packages that are imported on the way."""

repeat = (3, 10, 3.0)


def timeraw_numpy_and_scipy() -> str:
    return "import numpy, scipy.sparse"


def timeraw_onehot() -> str:
    return "import onehot"


def timeraw_classifiers() -> str:
    return "import classifiers"
