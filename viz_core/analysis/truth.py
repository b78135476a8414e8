"""How far the drawn stages are from PyTorch's own attention: the badge on every map."""

from dataclasses import dataclass

from torch import Tensor

from viz_core.attention import AttentionRecord


@dataclass(frozen=True)
class Truth:
    """fused_difference: max |Δ| between the derived context and torch's fused attention, in the context's unit.
    row_sum_error: the largest |row sum − 1| of the weights, over rows that may look somewhere."""

    fused_difference: float
    row_sum_error: float
    dtype: str


def truth_of(record: AttentionRecord) -> Truth:
    """Compare the derived stages of a record (whole or one head) with the fused kernel on the same causes."""
    weights = record.weights
    looks = record.allowed.any(-1).expand(weights.shape[:-1])
    return Truth(
        fused_difference=_largest(record.context - record.fused_context()),
        row_sum_error=_largest((weights.sum(-1) - 1)[looks]),
        dtype=str(weights.dtype).removeprefix("torch."),
    )


def _largest(differences: Tensor) -> float:
    return float(differences.abs().max()) if differences.numel() else 0.0
