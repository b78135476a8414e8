"""What a weight carries: the length of the vector it moves, beside the weight itself.

A row's context is Σⱼ αᵢⱼ vⱼ, and what the head brings to its layer's attention output is Σⱼ αᵢⱼ vⱼ W_O: a large
weight on a short vector moves little (Kobayashi et al. 2020, "Attention is Not Only a Weight: Analyzing Transformers
with Vector Norms", section 3). v is the value as the model computes it, its bias b_V included, as in that paper; b_O
belongs to no head.
"""

from torch import Tensor

from viz_core.attention import AttentionRecord


def value_norms(record: AttentionRecord) -> Tensor:
    """‖αv‖: [head, query, key], each weight times the length of the value it moves, in the units of v."""
    return _carried(record, _values(record))


def output_norms(record: AttentionRecord, own_rows: Tensor) -> Tensor:
    """‖αvW_O‖: [head, query, key], the length of what each look brings to the attention's output: what is added to the
    residual stream, unless the model norms or rescales it before (Gemma 2, Granite).

    own_rows  [head, d_value, d_model]: each head's rows of W_O (`own_rows_of`)
    """
    return _carried(record, _values(record) @ own_rows)


def own_rows_of(output_weight: Tensor, head: int, d_value: int) -> Tensor:
    """The rows of W_O [head·d_value, d_model] that one head goes through, [1, d_value, d_model]."""
    return output_weight[None, head * d_value : (head + 1) * d_value]


def _carried(record: AttentionRecord, vectors: Tensor) -> Tensor:
    """‖αx‖ = α‖x‖, since weights are never negative; vectors [head, key, components]."""
    mixing = record.weights if record.kept is None else record.weights * record.kept
    lengths: Tensor = vectors.norm(dim=-1)
    return mixing * lengths[:, None]


def _values(record: AttentionRecord) -> Tensor:
    """[head, key, d_value]: query heads of a group read the same values."""
    return record.value.repeat_interleave(record.n_head // record.value.shape[-3], dim=-3)
