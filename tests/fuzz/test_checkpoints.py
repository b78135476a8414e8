"""Folders of weights that are damaged, or meant to do harm: a model that reads, or one sentence; little memory."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import strategies as st

from tests.fuzz.bounds import a_sentence, bounded
from tests.fuzz.cases import fuzzed
from tests.fuzz.files import Change, damages, of_json, of_safetensors, values
from tests.models.checkpoints import saved
from tests.models.conftest import byte_level_tokenizer, gpt2_reference, transformer
from viz_core.models import UnusableText, WeightsUnavailable, bundled, load
from viz_core.recurrent import Recurrent, RecurrentConfig

SHARED = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108  memory: no disk waits for it
ENTRIES = (
    *("n_layer", "n_head", "n_embd", "n_positions", "n_inner", "vocab_size", "num_hidden_layers", "hidden_size"),
    *(
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "intermediate_size",
        "max_position_embeddings",
        "rms_norm_eps",
    ),
    *(
        "layer_norm_epsilon",
        "activation_function",
        "hidden_act",
        "architectures",
        "model_type",
        "auto_map",
        "tie_word_embeddings",
    ),
    *(
        "quantization_config",
        "per_layer_config",
        "pruned_heads",
        "is_encoder_decoder",
        "num_labels",
        "id2label",
        "label2id",
    ),
    *(
        "rope_scaling",
        "rope_parameters",
        "rope_theta",
        "dtype",
        "torch_dtype",
        "initializer_range",
        "layer_types",
        "type_vocab_size",
    ),
    *(
        "sliding_window",
        "attention_bias",
        "pad_token_id",
        "bos_token_id",
        "eos_token_id",
        "decoder_start_token_id",
        "num_layers",
    ),
    *(
        "num_decoder_layers",
        "d_model",
        "d_kv",
        "d_ff",
        "num_heads",
        "relative_attention_num_buckets",
        "feed_forward_proj",
    ),
    *(
        "attn_implementation",
        "_attn_implementation",
        "text_config",
        "use_cache",
        "return_dict",
        "output_attentions",
        "chunk_size_feed_forward",
    ),
    *(
        "_name_or_path",
        "transformers_version",
        "tokenizer_class",
        "problem_type",
        "task_specific_params",
        "scale_attn_weights",
    ),
)
OWN_ENTRIES = (
    *(
        "format",
        "name",
        "transformer",
        "recurrent",
        "n_layer",
        "n_head",
        "d_model",
        "d_head",
        "n_kv_head",
        "context",
        "vocab_size",
    ),
    *(
        "d_feed_forward",
        "positions",
        "architecture",
        "norm",
        "activation",
        "norm_epsilon",
        "rotary_base",
        "tied",
        "bias",
        "figures",
    ),
)
CHATS = (
    *(
        "{{ 1/0 }}",
        "{% for i in range(10**9) %}x{% endfor %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages }}",
        "{% include '/etc/passwd' %}",
    ),
    *(
        "{{ 'a' * 10**9 }}",
        "{% if %}",
        "{{ raise_exception('no') }}",
        "x" * 200_000,
        "{{ cycler.__init__.__globals__.os.system('id') }}",
    ),
)
settings = of_json(st.sampled_from(ENTRIES))
own_settings = of_json(st.sampled_from(OWN_ENTRIES))
tokenizers = of_json(
    st.sampled_from(
        ["model", "added_tokens", "normalizer", "pre_tokenizer", "decoder", "truncation", "padding", "version"]
    )
)
indexes = of_json(st.sampled_from(["weight_map", "metadata"]))
others = st.dictionaries(
    st.sampled_from(
        ["generation_config.json", "tokenizer_config.json", "added_tokens.json", "vocab.json", "merges.txt"]
    ),
    st.dictionaries(
        st.sampled_from([*ENTRIES, "chat_template", "max_length", "num_beams", "bos_token"]), values, max_size=3
    ),
    max_size=2,
)


def written(folder: Path, name: str, change: Change) -> None:
    path = folder / name
    path.write_bytes(change(path.read_bytes()))


def odd_place(folder: Path, name: str, kind: str) -> None:
    """Something else where a file is expected."""
    path = folder / name
    path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "elsewhere":
        path.symlink_to("/etc/passwd")


def reads(model: Any) -> None:
    """What was loaded reads a text, or says that it cannot."""
    try:
        recording = model.record([1, 2, 3] if getattr(model, "tokenizer", None) is None else "The dog")
    except UnusableText as error:
        a_sentence(error)
        return
    assert recording.logits.isfinite().all()
    assert len(recording.tokens) == len(recording.token_ids)


def is_loaded_or_told(origin: Path, opened: Callable[[Path], Any], harm: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory(dir=SHARED) as made:
        folder = Path(made) / origin.name
        shutil.copytree(origin, folder)
        harm(folder)
        with bounded():
            try:
                reads(opened(folder))
            except WeightsUnavailable as error:
                a_sentence(error, 20_000)


def loaded(folder: Path) -> Any:
    return load(str(folder))


Harm = Mapping[str, Change]
kinds_of_place = st.sampled_from(["", "folder", "loop", "elsewhere"])


def harmed(files: Harm) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        for name, change in files.items():
            if (folder / name).is_file():
                written(folder, name, change)

    return harm


def one_of_them(**changes: st.SearchStrategy[Change]) -> st.SearchStrategy[Callable[[Path], None]]:
    """One file of the folder changed, seldom two; or something else in its place."""
    of_one = st.one_of(*(st.fixed_dictionaries({name: change}) for name, change in changes.items()))
    of_two = st.builds(lambda one, other: {**one, **other}, of_one, of_one)
    elsewhere = st.builds(
        lambda name, kind: lambda folder: odd_place(folder, name, kind), st.sampled_from(list(changes)), kinds_of_place
    )
    return st.one_of(of_one.map(harmed), of_one.map(harmed), of_one.map(harmed), of_two.map(harmed), elsewhere)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Checkpoints that are right."""
    place = tmp_path_factory.mktemp("right")
    small = gpt2_reference(n_layer=2, n_head=2, n_embd=8)
    small.save_pretrained(place / "gpt2")
    small.save_pretrained(place / "sharded", max_shard_size="20KB")
    small.half().save_pretrained(place / "half")
    for name in ("gpt2", "sharded", "half"):
        byte_level_tokenizer().save(str(place / name / "tokenizer.json"))
    bundled.save(place / "own", transformer(), byte_level_tokenizer(), {"figures": {"checkpoints": []}, "steps": 3})
    torch.manual_seed(0)
    recurrent = Recurrent(RecurrentConfig(vocab_size=307, context=12, d_embedding=4, d_state=6, d_attention=4))
    bundled.save(place / "recurrent", recurrent, byte_level_tokenizer())
    for name in ("own", "recurrent"):
        (place / name / "words.json").write_text('{"dog": 3}', encoding="utf-8")
        (place / name / "history.jsonl").write_text('{"step": 50}\n', encoding="utf-8")
        (place / name / "README.md").write_text("A card.", encoding="utf-8")
    for name in FOREIGN:
        saved(place, name)
    return {folder.name: folder for folder in place.iterdir()}


FOREIGN = ("llama", "bert", "t5", "gemma2", "chat", "sentence")
gpt2s = one_of_them(**{"model.safetensors": of_safetensors, "config.json": settings, "tokenizer.json": tokenizers})
sharded = one_of_them(
    **{
        "model.safetensors.index.json": indexes,
        "model-00001-of-00002.safetensors": of_safetensors,
        "config.json": settings,
    }
)
owns = one_of_them(
    **{
        "model.safetensors": of_safetensors,
        "config.json": own_settings,
        "tokenizer.json": tokenizers,
        "words.json": of_json(st.just("dog")),
        "history.jsonl": of_json(st.just("step")),
        "README.md": damages,
    }
)


@pytest.mark.parametrize("name", ["gpt2", "half"])
@fuzzed("checkpoints: GPT-2", few=30, many=1_200, harm=gpt2s)
def test_a_checkpoint_of_gpt2(folders: dict[str, Path], name: str, harm: Callable[[Path], None]) -> None:
    is_loaded_or_told(folders[name], loaded, harm)


@fuzzed("checkpoints: GPT-2 in pieces", few=15, many=600, harm=sharded)
def test_a_checkpoint_in_pieces(folders: dict[str, Path], harm: Callable[[Path], None]) -> None:
    is_loaded_or_told(folders["sharded"], loaded, harm)


@pytest.mark.parametrize("name", ["own", "recurrent"])
@fuzzed("checkpoints: of our own", few=25, many=1_000, harm=owns)
def test_a_checkpoint_of_our_own(folders: dict[str, Path], name: str, harm: Callable[[Path], None]) -> None:
    is_loaded_or_told(folders[name], bundled.load, harm)


@pytest.mark.parametrize("name", FOREIGN)
@fuzzed(
    "checkpoints: of transformers", few=5, many=200, harm=gpt2s, beside=others, chat=st.none() | st.sampled_from(CHATS)
)
def test_a_checkpoint_of_transformers(
    folders: dict[str, Path], name: str, harm: Callable[[Path], None], beside: dict[str, Any], chat: str | None
) -> None:
    def all_of_it(folder: Path) -> None:

        harm(folder)
        for file, content in beside.items():
            (folder / file).write_text(json.dumps(content), encoding="utf-8")
        if chat is not None:
            (folder / "chat_template.jinja").write_text(chat, encoding="utf-8")

    is_loaded_or_told(folders[name], loaded, all_of_it)
