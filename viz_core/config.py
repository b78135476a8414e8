"""The shape of a Transformer: frozen, derived and validated once."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

Architecture = Literal["decoder", "encoder", "encoder_decoder"]
Positions = Literal["learned", "sinusoidal", "rotary", "alibi", "none"]
Norm = Literal["layernorm", "rmsnorm"]
NormPlace = Literal["pre", "post"]
Activation = Literal["gelu", "gelu_tanh", "relu", "silu", "tanh", "swiglu"]


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """Everything that decides what the Transformer computes, beside its weights.

    A size of 0 stands for the customary value, filled in at once: n_kv_head = n_head (every head its own
    keys and values), d_head = d_model / n_head, d_feed_forward = 4 · d_model.

    Raises ValueError naming the field, its value and what is allowed.
    """

    vocab_size: int
    context: int  # the longest text, in tokens
    n_layer: int
    n_head: int
    d_model: int
    architecture: Architecture = "decoder"  # an encoder–decoder has n_layer blocks on each side
    n_kv_head: int = 0
    d_head: int = 0
    d_feed_forward: int = 0
    positions: Positions = "learned"
    rotary_base: float = 10000.0
    norm: Norm = "layernorm"
    norm_place: NormPlace = "pre"
    norm_epsilon: float = 1e-5
    activation: Activation = "gelu_tanh"
    bias: bool = True  # do the linear maps add a vector
    tied: bool = True  # is the output matrix the token embedding, transposed
    scale_embedding: bool = False  # multiply token vectors by √d_model (Vaswani et al. 2017, section 3.4)
    divide_by_sqrt_d_head: bool = True
    divide_by_layer: bool = False  # scores of layer l (from 0) are also divided by l + 1

    def __post_init__(self) -> None:
        self._of_their_kinds()
        for name in ("vocab_size", "context", "n_layer", "n_head", "d_model"):
            self._at_least_one(name)
        if not self.d_head and self.d_model % self.n_head:
            raise ValueError(f"d_model is {self.d_model}; expected a multiple of n_head = {self.n_head}")
        # frozen stops everyone else; here the sizes that follow from others are filled in, once
        object.__setattr__(self, "n_kv_head", self.n_kv_head or self.n_head)
        object.__setattr__(self, "d_head", self.d_head or self.d_model // self.n_head)
        object.__setattr__(self, "d_feed_forward", self.d_feed_forward or 4 * self.d_model)
        for name in ("n_kv_head", "d_head", "d_feed_forward"):
            self._at_least_one(name)
        if self.n_head % self.n_kv_head:
            raise ValueError(f"n_kv_head is {self.n_kv_head}; expected a divisor of n_head = {self.n_head}")
        if self.positions == "rotary" and self.d_head % 2:
            raise ValueError(f"d_head is {self.d_head}; rotary positions need an even number")
        if self.positions == "alibi" and self.architecture != "decoder":
            raise ValueError(f"positions is 'alibi', which only looks back; expected another kind: {self.architecture}")
        if self.positions == "sinusoidal" and self.d_model % 2:
            raise ValueError(f"d_model is {self.d_model}; sinusoidal positions need an even number")

    def _of_their_kinds(self) -> None:
        for name, kind in self._choices().items():
            if getattr(self, name) not in get_args(kind):
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected one of {', '.join(get_args(kind))}")
        for name in ("rotary_base", "norm_epsilon"):
            value = getattr(self, name)
            if type(value) not in {int, float} or not 0 <= value < math.inf:
                raise ValueError(f"{name} is {value!r}; expected a number from 0")
        for name in ("bias", "tied", "scale_embedding", "divide_by_sqrt_d_head", "divide_by_layer"):
            if type(getattr(self, name)) is not bool:
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected True or False")

    def _at_least_one(self, name: str) -> None:
        value = getattr(self, name)
        if type(value) is not int:
            raise ValueError(f"{name} is {value!r}; expected a whole number")
        if value < 1:
            raise ValueError(f"{name} is {value}; expected at least 1")

    @staticmethod
    def _choices() -> dict[str, Any]:
        kinds = {"architecture": Architecture, "positions": Positions}
        return kinds | {"norm": Norm, "norm_place": NormPlace, "activation": Activation}

    def scale(self, layer: int) -> float:
        """What layer `layer` (from 0) multiplies its scores by."""
        scale = 1 / math.sqrt(self.d_head) if self.divide_by_sqrt_d_head else 1.0
        return scale / (layer + 1) if self.divide_by_layer else scale

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> "TransformerConfig":
        """Raises ValueError naming a setting this Transformer does not have."""
        unknown = sorted(set(settings) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"unknown setting {', '.join(unknown)}; this Transformer cannot reproduce it")
        return cls(**settings)
