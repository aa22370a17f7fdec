"""Whether the gradient reaches the first layer, and in one piece.

On its way back from the logits it is multiplied by each layer once,

    dZ_(l-1) = h'(Z_(l-1)) * (dZ_l @ W_l.T),

so through L layers it shrinks or grows like a power of L: where h' ≤ 1/4, as for the sigmoid, or where the weights are
small, it vanishes, and the first layers do not learn; where the weights are large, it explodes.

Reference: Bengio, Simard and Frasconi, "Learning long-term dependencies with gradient descent is difficult", 1994.
"""

from __future__ import annotations

from classifiers._warn import warn
from classifiers.stopping import EpochRecord

__all__ = ["GradientFlowMonitor", "GradientFlowWarning", "gradient_flow_problem"]

VANISHED = 1e-4
# dlogits of a sample is never longer than sqrt(2): a norm of 1e4 has been amplified thousands of times on its way, and
# a step of SGD at a learning rate of 0.001 then moves a layer by 10, about as far as all its weights are from zero.
EXPLODED = 1e4


class GradientFlowWarning(UserWarning):
    """The gradient vanishes on its way to the first layer, or explodes."""


def gradient_flow_problem(record: EpochRecord, /) -> str | None:
    """Return what is wrong with the gradient norms of an epoch and what to try, or None.

    A norm is wrong where it is not finite or exceeds 1e4; the first layer's, too, where it is below 1e-4 of the last's.

    Examples
    --------
    >>> norms = (2e-7, 3e-5, 0.4)
    >>> record = EpochRecord(1, 2.3, 0.1, None, None, gradient_norms=norms, learning_rate=0.1, seconds=0.0)
    >>> print(gradient_flow_problem(record))
    epoch 1: the gradient vanishes, its norm is 2e-07 in layer 1 and 0.4 in layer 3; try activation='relu', ...
    """
    norms = record.gradient_norms
    L = len(norms)
    for layer, norm in enumerate(norms, start=1):
        if not norm <= EXPLODED:  # NaN too
            steps = "a smaller learning_rate, " if record.learning_rate else ""
            layers = "initializer='auto', fewer layers, " if L > 1 else ""
            return (
                f"epoch {record.epoch}: the gradient explodes, its norm is {norm:.3g} in layer {layer} of {L}; try "
                f"{steps}{layers}columns of X scaled to about 1"
            )
    if norms[0] >= VANISHED * norms[-1]:
        return None
    problem = f"the gradient vanishes, its norm is {norms[0]:.3g} in layer 1 and {norms[-1]:.3g} in layer {L}"
    if norms[0] > 0:
        return f"epoch {record.epoch}: {problem}; try activation='relu', initializer='auto' or fewer layers"
    return (
        f"epoch {record.epoch}: {problem}, so that units between are dead (see classifiers.diagnostics.dead_units) or "
        "have no weights; try a smaller learning_rate, initializer='auto' or activation='leaky_relu'"
    )


class GradientFlowMonitor:
    """Warns of the first problem in a fit; called after each epoch."""

    def __init__(self) -> None:
        self.warned = False

    def __call__(self, record: EpochRecord, /) -> None:
        """Issue a `GradientFlowWarning` if `record` has a problem and none has been reported yet."""
        if not self.warned and (problem := gradient_flow_problem(record)):
            self.warned = True
            warn(problem, GradientFlowWarning)
