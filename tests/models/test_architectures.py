"""Models that run by their own code: what is recorded is what they compute, and what an edit says is what they do."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close
from transformers import PreTrainedModel

from tests.models.architectures import CASES, GROUPED, IDS, REFUSED, Case, measured, own, recorded
from viz_core.attention import AttentionRecord
from viz_core.edits import Cells, Edits
from viz_core.models import WeightsUnavailable
from viz_core.models.adopting import adopted
from viz_core.models.foreign import Foreign
from viz_core.models.listening import Heard, attention, listening, now
from viz_core.recording import Unrecorded

DOCUMENT = Path(__file__).parents[2] / "docs" / "architectures.md"
BY_NAME = {case.name: case for case in CASES}


def foreign(name: str) -> Foreign:
    return adopted(BY_NAME[name].model())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_weights_are_those_of_the_models_own_code(case: Case) -> None:
    found = measured(case)
    assert found.weights <= 1e-4
    assert found.logits <= 1e-3
    assert 0.2 < found.spread < 0.97, "weights that are all alike, or 0 and 1 alone, would prove nothing"
    assert f"| {case.name} |" in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("case", "says"),
    [(case, "belongs to no token" if case.name == "GptOss" else "do not hand over") for case in REFUSED],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_a_record_cannot_say_is_refused(case: Case, says: str) -> None:
    with pytest.raises(WeightsUnavailable, match=says):
        adopted(case.model())


@pytest.mark.parametrize("name", ["Llama", "Bert", "Gemma2", "T5"])
def test_weights_are_load_bearing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = foreign(name)
    before = recorded(model).logits
    shared_out = AttentionRecord._shared_out
    monkeypatch.setattr(AttentionRecord, "fused_context", lambda record: record.context)
    monkeypatch.setattr(AttentionRecord, "_shared_out", lambda record, masked: shared_out(record, masked).flip(-1))
    assert (recorded(model).logits - before).abs().max() > 0.01


@pytest.mark.parametrize("broken", ["query", "scale", "allowed"])
def test_a_wrong_record_is_noticed_when_the_model_is_taken_in(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    take = Heard.take

    def wrong(heard: Heard, record: AttentionRecord) -> AttentionRecord:
        causes = {"query": record.query + 0.01, "scale": record.scale * 1.01, "allowed": record.allowed.flip(0)}
        return take(heard, replace(record, **{broken: causes[broken]}))

    monkeypatch.setattr(Heard, "take", wrong)
    with pytest.raises(WeightsUnavailable, match="compute other weights"):
        foreign("Llama")


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_w_o_is_found(name: str) -> None:
    """Heads' contexts times W_O, and one head switched off: the difference is what that head's rows made."""
    model = foreign(name)
    record = recorded(model).blocks[0].attention
    weight = model.output(0)
    assert weight is not None
    assert weight.shape[0] == record.n_head * record.value.shape[-1]


def test_w_o_is_the_one_of_its_layer() -> None:
    reference = BY_NAME["Llama"].model()
    maps = [layer.self_attn.o_proj.weight.T for layer in reference.model.layers]
    for found, expected in zip(adopted(reference).outputs, maps, strict=True):
        assert found is not None
        assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["GPT2", "Mistral", "Bert", "T5"])
@pytest.mark.parametrize(
    "edits",
    [
        Edits(scale=0.7),
        Edits(temperature=2.0),
        Edits(ablated=frozenset({(1, 2)})),
        Edits(ablated=frozenset({(1, 2)}), instead="mean"),
        Edits(dropout=0.5, seed=3),
    ],
    ids=["scale", "temperature", "zero", "mean", "dropout"],
)
def test_edits_change_what_they_say_and_nothing_before(name: str, edits: Edits) -> None:
    model = foreign(name)
    before, after = recorded(model), recorded(model, edits)
    assert (before.logits - after.logits).abs().max() > 1e-4
    if edits.ablated:
        assert_close(before.blocks[1].attention.weights, after.blocks[1].attention.weights)
        assert not torch.allclose(before.blocks[2].attention.query, after.blocks[2].attention.query)
    if edits.scale:
        assert_close(after.blocks[0].attention.scaled_scores, before.blocks[0].attention.scores * 0.7)


def test_a_mask_lifted_is_lifted() -> None:
    model = foreign("Mistral")
    everything = torch.ones(len(IDS), len(IDS), dtype=torch.bool)
    recording = recorded(model, Edits(allowed=Cells.of(everything)))
    assert all((block.attention.weights > 0).all() for block in recording.blocks)
    assert (recorded(model).blocks[0].attention.weights[:, -1] == 0).any(), "it has a window"


def test_positions_are_its_own_affair() -> None:
    with pytest.raises(ValueError, match="keeps its own"):
        recorded(foreign("Llama"), Edits(positions="zeroed"))


def test_edits_of_an_encoder_decoder_are_of_the_decoder() -> None:
    model = foreign("Bart")
    before, after = recorded(model), recorded(model, Edits(scale=1.0))
    assert before.encoder is not None
    assert after.encoder is not None
    assert_close(before.encoder.blocks[2].attention.weights, after.encoder.blocks[2].attention.weights)
    assert after.blocks[0].attention.scale == 1.0
    assert after.blocks[0].cross_attention is not None
    assert after.blocks[0].cross_attention.scale != 1.0
    with pytest.raises(ValueError, match="2 heads"):  # the decoder has two, the encoder four
        recorded(model, Edits(ablated=frozenset({(0, 3)})))


def test_what_lies_between_is_not_made_up() -> None:
    block = recorded(foreign("Llama")).blocks[0]
    with pytest.raises(Unrecorded, match="its own code"):
        _ = block.residual_in
    assert block.tensors


def test_a_window_a_cap_and_a_bias_stand_in_the_record() -> None:
    assert recorded(foreign("Gemma2")).blocks[0].attention.cap == 2.0
    assert recorded(foreign("Mistral")).blocks[0].attention.allowed.sum(-1).max() == 4
    t5 = recorded(foreign("T5")).blocks[0].attention
    assert t5.bias is not None
    assert t5.scale == 1.0
    assert recorded(foreign("Llama")).blocks[0].attention.key.shape[0] == 2


def test_the_cap_by_hand() -> None:
    one = torch.tensor([[[3.0]]])
    record = AttentionRecord(one, one, one, torch.ones(1, 1, dtype=torch.bool), 1.0, cap=2.0)
    assert_close(record.masked_scores, torch.tensor([[[1.9995064]]]))  # 2 · tanh(9 / 2)


def test_a_temperature_divides_capped_scores() -> None:
    before = recorded(foreign("Gemma2")).blocks[0].attention
    for at in (None, frozenset({(0, 1)})):
        after = recorded(foreign("Gemma2"), Edits(temperature=0.25, at=at)).blocks[0].attention
        assert_close(after.head(1).weights, (4 * before.head(1).masked_scores).softmax(-1))
        unchanged = before.head(0).masked_scores * (4 if at is None else 1)
        assert_close(after.head(0).weights, unchanged.softmax(-1))


def test_many_visitors_share_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that read different texts with different edits at once, each as if it were alone."""
    model = foreign("Qwen3")
    jobs = [(IDS[: 4 + number % 7], Edits(scale=0.1 * number) if number % 2 else Edits()) for number in range(24)]
    with torch.inference_mode():
        expected = [model(ids, edits=edits) for ids, edits in jobs]
    together = threading.Barrier(8)

    def work(number: int) -> None:
        together.wait()
        with torch.inference_mode():
            for at in range(number, len(jobs), 8):
                found = model(jobs[at][0], edits=jobs[at][1])
                assert_close(found.logits, expected[at].logits)
                for block, other in zip(found.blocks, expected[at].blocks, strict=True):
                    assert_close(block.attention.query, other.attention.query)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))


def test_a_model_that_writes_into_itself_reads_one_text_at_a_time() -> None:
    """Long rope: transformers rewrites the model's frequencies by the length of the text that it reads."""
    import transformers  # noqa: PLC0415

    factors = [1.0 + 0.5 * at for at in range(4)]
    rope = {"rope_type": "longrope", "short_factor": factors, "long_factor": factors[::-1], "rope_theta": 10000.0}
    rope |= {"original_max_position_embeddings": 8}
    torch.manual_seed(0)
    config = transformers.Phi3Config(**GROUPED, rope_parameters=rope, max_position_embeddings=64)
    model = adopted(transformers.AutoModelForCausalLM.from_config(config))
    assert model.one_at_a_time
    texts = [IDS[:5], torch.arange(3, 43)] * 12
    with torch.inference_mode():
        expected = [model(ids).blocks[0].attention.query for ids in texts]
    assert not torch.allclose(expected[0], expected[1][:, :5])

    def work(number: int) -> None:
        with torch.inference_mode():
            for at in range(number, len(texts), 4):
                assert_close(model(texts[at]).blocks[0].attention.query, expected[at])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))


def test_positions_that_begin_behind_the_padding_shorten_the_context() -> None:
    model = foreign("Roberta")
    assert model.config.context == 39  # of a table of 40 rows, whose first is for padding
    with torch.inference_mode():
        assert model(torch.full((39,), 5)).blocks
        with pytest.raises((IndexError, RuntimeError)):
            model(torch.full((40,), 5))


def test_masks_of_their_own_for_each_head_and_biases_of_both_kinds() -> None:
    query, key, value = (torch.randn(1, 2, 3, 4) for _tensor in range(3))
    mask, places = torch.randn(1, 2, 3, 3), torch.randn(1, 2, 3, 3)
    mask[0, 1, 2, 0] = torch.finfo(torch.float32).min
    with listening(Heard()) as heard:
        context, _none = attention(torch.nn.Identity(), query, key, value, mask, position_bias=places)
    scores = query[0] @ key[0].mT / 2 + mask[0] + places[0]
    assert_close(heard.records[0].weights, scores.softmax(-1))
    assert_close(context[0].transpose(0, 1), scores.softmax(-1) @ value[0])
    assert not heard.records[0].allowed[1, 2, 0]
    assert heard.records[0].allowed[0, 2, 0]


def test_who_listened_before_listens_again() -> None:
    assert now() is None
    with listening(Heard()) as outer:
        with listening(Heard()):
            pass
        assert now() is outer
    assert now() is None


def test_a_wrong_context_of_the_last_layer_is_noticed_by_the_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    """No later weights would show it."""
    right = AttentionRecord.fused_context
    calls = iter(range(100))
    monkeypatch.setattr(
        AttentionRecord, "fused_context", lambda record: right(record) * (1.2 if next(calls) == 2 else 1.0)
    )
    with pytest.raises(WeightsUnavailable, match="predict otherwise"):
        foreign("Llama")


def test_a_model_of_the_librarys_own_attention_is_left_alone() -> None:
    """Registering a function changes no model that does not ask for it, listening or not."""
    reference = BY_NAME["Llama"].model()
    with listening(Heard()) as heard:
        own(reference)
    assert not heard.records


def test_nothing_of_ours_stays_hooked() -> None:
    reference: PreTrainedModel = BY_NAME["Llama"].model()
    own(reference)  # transformers leaves hooks of its own behind, where attentions are asked for
    hooks = [list(part._forward_hooks) for part in reference.modules()]
    adopted(reference)
    assert [list(part._forward_hooks) for part in reference.modules()] == hooks
    assert not any(part._forward_pre_hooks for part in reference.modules())
