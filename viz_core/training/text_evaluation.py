"""What a decoder-only model is worth: its loss beside what counting reaches, its heads, its continuations."""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from viz_core import files
from viz_core.analysis.heads import role_scores
from viz_core.training import profanity
from viz_core.training.corpora import Corpus
from viz_core.training.evaluation import Evaluation, Table, roles_table, rounded
from viz_core.training.language_model import NextToken, held_out_loss, random_repeat_roles, windows
from viz_core.training.recipe import END_OF_TEXT
from viz_core.training.trigram import KneserNey
from viz_core.transformer import Transformer

ON_REPEATS = ("induction", "duplicate")  # roles scored on random repeats; the others on held-out text
PROMPTS, PROMPT_TOKENS, CONTINUED, TOP_K = 200, 8, 32, 40


def evaluate(task: NextToken, model: Transformer, tokenizer: Tokenizer, cache: Path) -> Evaluation:
    """`cache` keeps what does not depend on the model: a trigram's losses on the same tokens."""
    losses, figures = _losses(task, model, cache)
    roles, measured_on, heads = _heads(task, model)
    swears, samples = _continuations(task, model, tokenizer)
    tables = [losses, roles_table(roles, measured_on), samples]
    return Evaluation(tables, figures | heads | swears, roles)


def _losses(task: NextToken, model: Transformer, cache: Path) -> tuple[Table, dict[str, object]]:
    length, corpora = task.recipe.length, task.corpora
    spans = [(length, 0)] if 2 * length > task.recipe.model.context else [(length, 0), (2 * length, length)]
    columns = [[held_out_loss(model, corpus, n, skip) for corpus in corpora] for n, skip in spans]
    columns += trigram_losses(corpora, task.recipe.model.vocab_size, cache)
    columns.append([frequency_loss(corpora, corpus, task.recipe.model.vocab_size) for corpus in corpora])
    means = [float(np.average(column, weights=task.shares)) for column in columns]
    rows = [
        (corpus.source.name, *(f"{column[number]:.3f}" for column in columns)) for number, corpus in enumerate(corpora)
    ]
    rows.append(("**all, by share**", *(f"**{mean:.3f}**" for mean in means)))
    header = (
        "source",
        *(f"this model, tokens {skip + 1}–{n}" for n, skip in spans),
        "trigram, its own",
        "one trigram for all",
        "frequency alone",
    )
    note = (
        "Tokens are counted from the start of a window. The trigrams (interpolated, modified Kneser–Ney) are counted "
        "on all training tokens: each source its own, which then also knows what it is reading, and one for all."
    )
    names = [
        *("held_out_loss", "held_out_loss_doubled")[: len(spans)],
        "trigram_loss",
        "pooled_trigram_loss",
        "frequency_loss",
    ]
    figures: dict[str, object] = {name: round(mean, 4) for name, mean in zip(names, means, strict=True)}
    return Table("Held-out loss, nats a token", header, rows, note), figures


def trigram_losses(corpora: list[Corpus], vocab_size: int, cache: Path) -> tuple[list[float], list[float]]:
    """Nats a token on each held-out end: of a trigram counted on the same source alone, and of one counted on all."""
    key = hashlib.sha256(b"".join(np.ascontiguousarray(corpus.train).data for corpus in corpora)).hexdigest()[:16]
    path = cache / f"trigram-{key}.json"
    if path.exists():
        own, pooled = json.loads(path.read_text())
    else:
        own = [KneserNey(corpus.train, vocab_size).loss(corpus.held_out) for corpus in corpora]
        whole = KneserNey(np.concatenate([corpus.train for corpus in corpora]), vocab_size)
        pooled = [whole.loss(corpus.held_out) for corpus in corpora]
        files.write(path, json.dumps([own, pooled]))
    return own, pooled


def frequency_loss(corpora: list[Corpus], held_out: Corpus, vocab_size: int) -> float:
    """Nats a token when every token is guessed by how often it occurs in the training text, by share of source."""
    return float(-np.log(frequencies(corpora, vocab_size))[held_out.held_out].mean())


def frequencies(corpora: list[Corpus], vocab_size: int) -> np.ndarray:
    """[vocab]: how likely each token is in the training text, sources weighted by their shares."""
    odds = sum(
        corpus.source.share * (np.bincount(corpus.train, minlength=vocab_size) + 1) / (len(corpus.train) + vocab_size)
        for corpus in corpora
    )
    return np.asarray(odds / np.sum(odds))


def head_roles(task: NextToken, model: Transformer) -> dict[str, list[list[float]]]:
    """Every head's scores: copies on random repeats (ON_REPEATS), the other roles on held-out text."""
    repeats, text = random_repeat_roles(model, task.recipe), roles_on_text(model, task.corpora, task.recipe.length)
    return rounded({role: (repeats if role in ON_REPEATS else text)[role].tolist() for role in text})


def _heads(
    task: NextToken, model: Transformer
) -> tuple[dict[str, list[list[float]]], dict[str, str], dict[str, object]]:
    roles = head_roles(task, model)
    measured_on = {role: "random repeats" if role in ON_REPEATS else "held-out text" for role in roles}
    figures: dict[str, object] = {f"best_{role}": max(map(max, roles[role])) for role in ("previous", "induction")}
    previous = float(random_repeat_roles(model, task.recipe)["previous"].max())
    return roles, measured_on, figures | {"best_previous_on_repeats": round(previous, 3)}


@torch.inference_mode()
def roles_on_text(
    model: Transformer, corpora: list[Corpus], length: int, *, both_sides: bool = False
) -> dict[str, Tensor]:
    """Role → [layer, head], the mean over four held-out windows of each source."""
    found: dict[str, list[Tensor]] = {}
    for corpus in corpora:
        for window in windows(corpus, length - 1, most=4):
            ids = torch.from_numpy(window.astype(np.int64))
            layers = [
                role_scores(block.attention.weights, ids, both_sides=both_sides)
                for block in model(ids, last_only=True).blocks
            ]
            for role in layers[0]:
                found.setdefault(role, []).append(torch.stack([scores[role] for scores in layers]))
    return {role: torch.stack(scores).mean(0) for role, scores in found.items()}


def _continuations(task: NextToken, model: Transformer, tokenizer: Tokenizer) -> tuple[dict[str, object], Table]:
    texts = {
        "greedy": continuations(task, model, tokenizer, 1),
        f"top {TOP_K}": continuations(task, model, tokenizer, TOP_K),
    }
    hits = {way: sum(profanity.found(text) for text in written) for way, written in texts.items()}
    rows = [(way, str(len(texts[way])), str(count)) for way, count in hits.items()]
    title = f"Continuations of {PROMPTS} held-out beginnings, {CONTINUED} tokens each"
    shown = [texts["greedy"][0], texts["greedy"][-1]]
    note = "For example (greedy): " + " · ".join(f"“{' '.join(text.split())}”" for text in shown)
    figures: dict[str, object] = {"profane_continuations": sum(hits.values())}
    return figures, Table(title, ("sampling", "continuations", "with profanity"), rows, f"{profanity.HOW} {note}")


@torch.inference_mode()
def continuations(task: NextToken, model: Transformer, tokenizer: Tokenizer, top_k: int) -> list[str]:
    """Beginnings from held-out text, as many of each source as of the others, carried on by the model."""
    generator = torch.Generator().manual_seed(task.recipe.training.seed)
    ids = torch.from_numpy(np.stack([_beginning(task, number, tokenizer) for number in range(PROMPTS)]))
    for _ in range(CONTINUED):
        logits = model(ids[:, -model.config.context :], last_only=True).logits[:, -1].topk(top_k)
        choice = torch.multinomial(torch.softmax(logits.values, -1), 1, generator=generator)
        ids = torch.cat([ids, logits.indices.gather(-1, choice)], dim=-1)
    texts: list[str] = tokenizer.decode_batch(ids.tolist())
    return texts


def _beginning(task: NextToken, number: int, tokenizer: Tokenizer) -> NDArray[np.int64]:
    """PROMPT_TOKENS from the held-out end of a source, after the end of a document, a line or a sentence; other
    numbers, other places."""
    each = -(-PROMPTS // len(task.corpora))
    corpus, among = task.corpora[number // each], number % each
    ends = [index for token in (END_OF_TEXT, "Ċ", ".", "?", "!") if (index := tokenizer.token_to_id(token)) is not None]
    starts = np.flatnonzero(np.isin(corpus.held_out[:-PROMPT_TOKENS], ends)) + 1
    starts = starts if len(starts) >= each else np.arange(len(corpus.held_out) - PROMPT_TOKENS)
    start = int(starts[among * len(starts) // each])
    return corpus.held_out[start : start + PROMPT_TOKENS].astype(np.int64)
