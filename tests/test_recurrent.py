import math

import pytest
import torch
from torch.testing import assert_close

from viz_core.recurrent import AdditiveRecord, Recurrent, RecurrentConfig

SHAPE = {"vocab_size": 13, "context": 11, "d_embedding": 5, "d_state": 6}
SOURCE, TARGET = torch.tensor([7, 2, 12, 0, 4]), torch.tensor([3, 1, 4, 1, 5, 9, 2])


def network(d_attention: int = 7, **settings: int) -> Recurrent:
    torch.manual_seed(0)
    made = Recurrent(RecurrentConfig(**SHAPE | settings, d_attention=d_attention))
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.7)
    return made.eval().requires_grad_(False)


# -- additive attention -----------------------------------------------------------------------------------


def test_additive_attention_by_hand():
    record = AdditiveRecord(
        query=torch.tensor([[0.5, -1.0]]),
        key=torch.tensor([[0.5, 1.0], [-0.5, 0.0], [0.0, 1.5]]),
        value=torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        v=torch.tensor([2.0, -1.0]),
        allowed=torch.tensor([[True, True, False]]),
    )
    scores = [2 * math.tanh(1.0), -math.tanh(-1.0), 2 * math.tanh(0.5) - math.tanh(0.5)]
    assert_close(record.scores, torch.tensor([scores]))
    share = math.exp(scores[0]) / (math.exp(scores[0]) + math.exp(scores[1]))
    assert_close(record.weights, torch.tensor([[share, 1 - share, 0.0]]))
    assert_close(record.context, torch.tensor([[share, 1 - share]]))
    for stage, derived in zip(record.stages(), (record.scores, record.weights, record.context), strict=True):
        assert_close(stage, derived)


def test_a_recording_follows_from_its_causes_step_by_step():
    model = network()
    recording = model(TARGET, source_ids=SOURCE)
    state = torch.tanh(model.first_state(recording.annotations.new_tensor(_ends(model))))
    for row, word in enumerate(model.embedding.weight[TARGET]):
        scores = torch.tanh(model.query(state) + model.key(recording.annotations)) @ model.v
        weights = torch.softmax(scores, 0)
        assert_close(recording.attention.weights[row], weights)
        assert_close(recording.contexts[row], weights @ recording.annotations)
        state = model.decoder(torch.cat([word, recording.contexts[row]]), state)
        assert_close(recording.states[row], state)
        mixed = torch.tanh(model.output(torch.cat([word, state, recording.contexts[row]])))
        assert_close(recording.logits[row], model.unembedding(mixed))


def _ends(model: Recurrent) -> list[float]:
    annotations = model.encoder(model.embedding.weight[SOURCE])[0]
    return [*annotations[-1, :3].tolist(), *annotations[0, 3:].tolist()]  # each way where it stopped reading


def test_without_attention_one_vector_serves_every_word():
    recording = network(d_attention=0)(TARGET, source_ids=SOURCE)
    assert recording.attention is None
    assert_close(recording.contexts, torch.tensor(_ends(network(d_attention=0))).expand(7, -1))


def test_the_networks_differ_in_nothing_but_attention():
    with_attention, without = network(), network(d_attention=0)
    shared = {name for name, _ in without.named_parameters()}
    extra = {name for name, _ in with_attention.named_parameters()} - shared
    assert extra == {"query.weight", "query.bias", "key.weight", "v"}


@pytest.mark.parametrize("d_attention", [7, 0])
def test_padding_of_the_source_changes_nothing(d_attention: int):
    model = network(d_attention)
    padded = torch.stack([SOURCE, torch.cat([SOURCE[:3], torch.tensor([9, 9])])])
    is_token = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    batch = model(torch.stack([TARGET, TARGET]), source_ids=padded, source_is_token=is_token)
    assert_close(batch.logits[0], model(TARGET, source_ids=SOURCE).logits, atol=1e-5, rtol=1e-4)
    assert_close(batch.logits[1], model(TARGET, source_ids=SOURCE[:3]).logits, atol=1e-5, rtol=1e-4)
    if d_attention:
        assert (batch.attention.weights[1, :, 3:] == 0).all()


def test_later_words_do_not_change_earlier_rows():
    model = network()
    whole, part = model(TARGET, source_ids=SOURCE), model(TARGET[:4], source_ids=SOURCE)
    assert_close(part.logits, whole.logits[:4])
    assert_close(model(TARGET, last_only=True, source_ids=SOURCE).logits, whole.logits[-1:])


def test_one_matrix_reads_words_and_writes_them():
    model = network()
    assert model.unembedding.weight is model.embedding.weight


def test_a_row_that_may_look_nowhere_gets_nothing():
    allowed = torch.tensor([[True, False], [False, False]])
    record = AdditiveRecord(*(torch.ones(2, 3) for _ in "qkv"), torch.ones(3), allowed)
    assert record.weights.tolist() == [[1, 0], [0, 0]]
    assert record.context[1].tolist() == [0, 0, 0]


# -- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocab_size": 0}, "vocab_size is 0; expected at least 1"),
        ({"d_state": 5}, "d_state is 5; expected an even number"),
        ({"d_attention": -1}, "d_attention is -1; expected at least 1, or 0 for no attention"),
    ],
)
def test_an_impossible_shape_is_refused(settings: dict[str, int], message: str):
    with pytest.raises(ValueError, match=message):
        RecurrentConfig(**SHAPE | settings)


@pytest.mark.parametrize(("name", "shape"), [("key", (5, 2)), ("value", (4, 7)), ("v", (2,)), ("allowed", (5, 4))])
def test_a_wrong_shape_is_named(name: str, shape: tuple[int, ...]):
    parts = {"query": torch.ones(4, 3), "key": torch.ones(5, 3), "value": torch.ones(5, 7), "v": torch.ones(3)}
    parts["allowed"] = torch.ones(4, 5, dtype=torch.bool)
    AdditiveRecord(**parts)
    parts[name] = torch.ones(shape, dtype=parts[name].dtype)
    with pytest.raises(ValueError, match=f"{name} is .*expected"):
        AdditiveRecord(**parts)


def test_texts_too_short_or_too_long_are_refused():
    model = network()
    for target, source in ((torch.arange(12), SOURCE), (TARGET, torch.arange(12)), (TARGET, SOURCE[:0])):
        with pytest.raises(ValueError, match="tokens; expected 1 to 11, the model's context"):
            model(target, source_ids=source)
    with pytest.raises(ValueError, match="source_ids is None"):
        model(TARGET)
