"""An experiment of the matrix lab as a program of a few lines that gives the same numbers, in PyTorch or NumPy."""

from torch import Tensor

from viz_core.analysis.lab import Experiment

STAGES = ("scores", "scaled", "masked", "weights", "context")


def pytorch(experiment: Experiment) -> str:
    """Runs by itself; prints the stages and checks the context against PyTorch's own attention."""
    n, m = experiment.stages.scores.shape[-2:]
    given = [
        f"{name} = torch.tensor({_rows(matrix, ' ' * len(f'{name} = torch.tensor('))}, dtype=torch.float64)"
        for name, matrix in experiment.matrices.items()
    ]
    axis = 0 if experiment.wrong_axis else -1
    softmax = f"torch.softmax(masked, dim={axis})"
    lines = [
        "import torch",
        *(["from torch.nn.functional import scaled_dot_product_attention"] if not experiment.wrong_axis else []),
        "",
        *given,
        "",
        *_projections(experiment),
        f"scores = Q @ K.T  # {n} × {m}: row i is query i, column j is key j",
        _scaled(experiment),
        f"allowed = torch.ones({n}, {m}, dtype=torch.bool)"
        + (".tril()  # row i sees columns 0 … i" * experiment.causal),
        "masked = scaled.masked_fill(~allowed, -torch.inf)",
        f"weights = {softmax}" + (".nan_to_num()  # 0/0 where nobody looks" if _undefined(experiment) else _axis(axis)),
        "context = weights @ V",
        "",
        "torch.set_printoptions(precision=4, sci_mode=False, linewidth=200)",
        _printed(),
    ]
    if not experiment.wrong_axis:
        lines += [
            "",
            f"own = scaled_dot_product_attention(Q, K, V, attn_mask=allowed, scale=1 / {_divisor(experiment)})",
            'print("PyTorch\'s own attention differs by at most", (context - own).abs().max().item())',
        ]
    return "\n".join(lines) + "\n"


def numpy(experiment: Experiment) -> str:
    """The same without PyTorch."""
    n, m = experiment.stages.scores.shape[-2:]
    given = [
        f"{name} = np.array({_rows(matrix, ' ' * len(f'{name} = np.array('))}, dtype=float)"
        for name, matrix in experiment.matrices.items()
    ]
    axis = 0 if experiment.wrong_axis else -1
    allowed = f"np.tril(np.ones(({n}, {m}), dtype=bool))  # row i sees columns 0 … i"
    if not experiment.causal:
        allowed = f"np.ones(({n}, {m}), dtype=bool)"
    total = "np.where(total > 0, total, 1)" if _undefined(experiment) else "total"  # 0/0 where nobody looks
    lines = [
        "import numpy as np",
        "",
        *given,
        "",
        *_projections(experiment),
        f"scores = Q @ K.T  # {n} × {m}: row i is query i, column j is key j",
        _scaled(experiment),
        f"allowed = {allowed}",
        "masked = np.where(allowed, scaled, -np.inf)",
        f"largest = np.where(allowed, scaled, -1e300).max(axis={axis}, keepdims=True)  # keeps e^… from overflowing",
        "exponentials = np.exp(masked - largest)",
        f"total = exponentials.sum(axis={axis}, keepdims=True)",
        f"weights = exponentials / {total}{_axis(axis)}",
        "context = weights @ V",
        "",
        "np.set_printoptions(precision=4, suppress=True, linewidth=200)",
        _printed(),
    ]
    return "\n".join(lines) + "\n"


def _projections(experiment: Experiment) -> list[str]:
    return [f"{name} = X @ W_{name}" for name in "QKV"] + [""] if experiment.projected else []


def _scaled(experiment: Experiment) -> str:
    return f"scaled = scores / {_divisor(experiment)}" + (
        f"  # √{experiment.d_k}" if experiment.divisor is None else ""
    )


def _divisor(experiment: Experiment) -> str:
    return "Q.shape[-1] ** 0.5" if experiment.divisor is None else repr(experiment.divisor)


def _axis(axis: int) -> str:
    return "  # a mistake: each column sums to 1, rows to anything" if axis == 0 else "  # each row sums to 1"


def _undefined(experiment: Experiment) -> bool:
    return experiment.wrong_axis and bool(experiment.unseen)


def _printed() -> str:
    names = ", ".join(f'"{name}": {name}' for name in STAGES)
    return f'for name, matrix in {{{names}}}.items():\n    print(name, matrix, sep="\\n")'


def _rows(matrix: Tensor, indent: str) -> str:
    rows = ["[" + ", ".join(map(repr, row)) + "]" for row in matrix.tolist()]
    return "[" + f",\n{indent} ".join(rows) + "]"
