"""What a translator is worth: sentences that come out right, and whether its cross-attention finds the words."""

from dataclasses import dataclass

import numpy as np
import torch
from sacrebleu import corpus_chrf
from tokenizers import Encoding, Tokenizer
from torch import Tensor

from viz_core.analysis.bottleneck import by_length
from viz_core.analysis.heads import alignment_score, role_scores
from viz_core.analysis.translating import cross_weights
from viz_core.grammar import Pair, pairs
from viz_core.models.translator import END
from viz_core.recurrent import Recurrent
from viz_core.training.evaluation import Evaluation, Scores, Table, rounded, where_best
from viz_core.training.translation import Translating, Translation, translations
from viz_core.transformer import Transformer

EXACT, ALIGNED, FROM_FILES = 1000, 300, 200  # sentence pairs measured: of the grammar, for alignment, of each file
FUNCTION_WORDS = {
    *("the", "a", "an", "this", "that", "my", "your", "his", "her"),
    *("will", "can", "cannot", "must", "not", "do", "does", "did", "is", "are", "was", "were", "be", "am"),
    *("there", "and", "with", "to", "in", "at", "on", "from", ".", "?"),
}


def evaluate(task: Translation, model: Translating, tokenizer: Tokenizer) -> Evaluation:
    trained_on = {tokenizer.decode(english) for corpus in task.corpora[1:] for english, _ in corpus.train}
    drawn = pairs(task.recipe.training.seed, EXACT, held_out=True)
    probe = [pair for pair in drawn if pair.source not in trained_on]  # people wrote a few of them, too
    written = translations(model, tokenizer, [pair.source for pair in probe])
    right = [ours == pair.target for ours, pair in zip(written, probe, strict=True)]
    figures: dict[str, object] = {"exact": round(float(np.mean(right)), 4)}
    tables = [_by_length(probe, right, figures), _from_files(task, model, tokenizer, figures)]
    roles: dict[str, list[list[float]]] = {}
    if not isinstance(model, Recurrent) or model.config.d_attention:
        found = alignment(model, tokenizer, probe[:ALIGNED])
        roles = rounded({"alignment": found.agreement.tolist()})
        layer, head = where_best(found.agreement.tolist())
        figures |= {"aligned": round(float(found.agreement[layer, head]), 4), "aligned_head": [layer, head]}
        row = (f"L{layer}·H{head}", f"{found.agreement[layer, head]:.1%}", f"{found.score[layer, head]:.2f}")
        note = (
            f"Over {found.words:,} content words of {ALIGNED} held-out sentences: how often the English word that gets "
            "the largest weight, in the row that writes the Korean word, is one that the grammar says it stands for; "
            "and the mean weight on those words. Content words: all but articles, demonstratives, possessives, "
            "auxiliaries, prepositions, “not”, “and”."
        )
        header = ("best head", "largest weight on the right word", "mean weight on it")
        tables.append(Table("Cross-attention against the grammar's alignment", header, [row], note))
    more = {} if isinstance(model, Recurrent) else self_attention_roles(model, tokenizer, probe[:ALIGNED])
    return Evaluation(tables, figures, roles, more)


@torch.inference_mode()
def self_attention_roles(model: Transformer, tokenizer: Tokenizer, probe: list[Pair]) -> dict[str, Scores]:
    """ "encoder" and "decoder" → role → [layer][head], the mean over the sentences on which the role is awake."""
    found: dict[str, dict[str, list[Tensor]]] = {"encoder": {}, "decoder": {}}
    for pair in probe:
        read = torch.tensor([*tokenizer.encode(pair.source).ids, END])
        recording = model(torch.tensor([END, *tokenizer.encode(pair.target).ids]), source_ids=read)
        for side, part in (("encoder", recording.encoder), ("decoder", recording)):
            ids, both = part.token_ids, side == "encoder"
            layers = [role_scores(block.attention.weights, ids, both_sides=both) for block in part.blocks]
            for role in layers[0]:
                found[side].setdefault(role, []).append(torch.stack([scores[role] for scores in layers]))
    return {
        side: rounded({role: torch.stack(scores).nanmean(0).nan_to_num().tolist() for role, scores in roles.items()})
        for side, roles in found.items()
    }


def _by_length(probe: list[Pair], right: list[bool], figures: dict[str, object]) -> Table:
    shares = by_length([len(pair.english) - 1 for pair in probe], right)
    rows = [(share.label, str(share.n), f"{share.value:.1%}") for share in shares]
    rows.append(("**all**", str(len(probe)), f"**{np.mean(right):.1%}**"))
    figures["exact_by_length"] = {share.label: round(share.value, 4) for share in shares}
    figures["right_by_length"] = {share.label: [share.right, share.n] for share in shares}
    note = (
        "Each has a combination of words (verb and object, adjective and noun …) that is held out of training; of two "
        "nouns joined by “and”, the first counts. Exact: the whole Korean sentence, letter for letter."
    )
    return Table("Held-out sentences of the grammar", ("English words", "sentences", "exact"), rows, note)


def _from_files(task: Translation, model: Translating, tokenizer: Tokenizer, figures: dict[str, object]) -> Table:
    rows = []
    for corpus in task.corpora[1:]:
        probe = corpus.held_out[:: max(1, len(corpus.held_out) // FROM_FILES)]
        fitting = [pair for pair in probe if len(tokenizer.encode(pair[0]).ids) < task.recipe.model.context]
        written = translations(model, tokenizer, [english for english, _ in fitting])
        exact = float(np.mean([text == korean for text, (_, korean) in zip(written, fitting, strict=True)]))
        shared = corpus_chrf(written, [[korean for _, korean in fitting]]).score
        figures["tatoeba_exact"], figures["tatoeba_chrf"] = round(exact, 4), round(shared, 1)
        rows.append((corpus.source.name, str(len(fitting)), f"{exact:.1%}", f"{shared:.1f}"))
    note = "Everyday sentences of people, most with words that it hardly saw in training."
    return Table("Held-out sentences of people", ("source", "sentences", "exact", "chrF2, of 100"), rows, note)


@dataclass(frozen=True, eq=False)
class Alignment:
    """agreement, score: [layer, head], 0 to 1; words: how many they were measured on."""

    agreement: Tensor
    score: Tensor
    words: int


@torch.inference_mode()
def alignment(model: Translating, tokenizer: Tokenizer, probe: list[Pair]) -> Alignment:
    """How well each cross-attention head finds the English words that a Korean word stands for.

    The row that writes a Korean word is the one whose output is the word's first token. A head's weights are summed
    over the tokens of each English word; the sign that ends the text counts as a word.
    """
    agreements, scores = [], []
    for pair in probe:
        english, korean = tokenizer.encode(pair.source), tokenizer.encode(pair.target)
        read = torch.tensor([*english.ids, END])
        recording = model(torch.tensor([END, *korean.ids]), source_ids=read)
        weights = cross_weights(recording)  # [layer, head, target, source]
        word_of = [*words_of(english, pair.source, pair.english), len(pair.english)]
        per_word = torch.zeros(*weights.shape[:-1], len(pair.english) + 1)
        per_word.index_add_(-1, torch.tensor(word_of), weights)
        first = words_of(korean, pair.target, pair.korean)
        wanted = torch.zeros(len(pair.korean), len(pair.english) + 1, dtype=torch.bool)
        for to, came_from in pair.alignment:
            wanted[to, came_from] = True
        content = torch.tensor([word not in FUNCTION_WORDS for word in (*pair.english, ".")])
        rows = [word for word in range(len(pair.korean)) if (wanted[word] & content).any()]
        written = per_word[..., [first.index(word) for word in rows], :]
        best = written.argmax(-1)  # [layer, head, word]
        hit = wanted[rows].expand(*best.shape, -1).gather(-1, best[..., None])[..., 0]
        agreements.append(hit.float())
        scores.append(torch.stack([alignment_score(layer, wanted[rows]) for layer in written]) * len(rows))
    agreement = torch.cat(agreements, dim=-1)
    return Alignment(agreement.mean(-1), torch.stack(scores).sum(0) / agreement.shape[-1], agreement.shape[-1])


def words_of(encoding: Encoding, text: str, words: tuple[str, ...]) -> list[int]:
    """For each token, the number of the word that it belongs to."""
    starts, at = [], 0
    for word in words:
        at = text.lower().index(word.lower(), at)
        starts.append(at)
        at += len(word)
    return [int(np.searchsorted(starts, end - 1, side="right")) - 1 for _start, end in encoding.offsets]
