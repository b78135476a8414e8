"""Make a bundled model.

python -m viz_core.training NAME            train it, or go on where it stopped
python -m viz_core.training evaluate NAME   print what it is worth on held-out text
python -m viz_core.training export NAME     write weights, tokenizer and card to assets/models/NAME
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from viz_core import files
from viz_core.models import bundled
from viz_core.training import card, formation, masked_evaluation, text_evaluation, translation_evaluation
from viz_core.training.corpora import CorpusMissing, load_corpora, tokenizer_for, tokenizer_key
from viz_core.training.evaluation import Evaluation
from viz_core.training.language_model import NextToken
from viz_core.training.loop import CheckpointMismatch, Task, Trained, load_trained, train
from viz_core.training.masked import MaskedToken
from viz_core.training.pairs import load_pairs, word_counts
from viz_core.training.recipe import RECIPES, Recipe, read_recipe, recipe_names
from viz_core.training.translation import Translation


class Unfinished(Exception):
    """A model whose training has not come to its end is not exported."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m viz_core.training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", nargs="?", choices=["train", "evaluate", "export"], default="train")
    parser.add_argument("name", choices=recipe_names())
    parser.add_argument("--corpora", type=Path, default=Path("corpora"), help="folder of the text files")
    parser.add_argument("--run", type=Path, help="folder of checkpoints (default runs/NAME)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--overwrite", action="store_true", help="export over a model that is there")
    arguments = parser.parse_args()
    recipe = read_recipe(RECIPES / f"{arguments.name}.toml")
    run = arguments.run or Path("runs") / recipe.name
    try:
        run.mkdir(parents=True, exist_ok=True)
        tokenizer, task = prepare(recipe, arguments.corpora, run)
        if arguments.action == "train":
            train(task, run, arguments.device)
        elif arguments.action == "evaluate":
            print(evaluate(task, tokenizer, run)[1].printed())
        else:
            export(task, tokenizer, run, overwrite=arguments.overwrite)
    except (CorpusMissing, CheckpointMismatch, FileExistsError, Unfinished, formation.NoJump) as error:
        sys.exit(str(error))
    except OSError as error:  # a full disk, a folder that may not be written
        sys.exit(f"{error}. What was written before is whole: make room, or mend it, and run the same command again.")


def prepare(recipe: Recipe, corpora_folder: Path, run: Path) -> tuple[Tokenizer, Task]:
    """Raises CheckpointMismatch when the run's folder was prepared for another recipe."""
    path, mark = run / "tokenizer.json", run / "recipe.txt"
    if path.exists() and mark.exists() and mark.read_text() != recipe.fingerprint:
        raise CheckpointMismatch(f"{run} was prepared for another version of the {recipe.name} recipe: move it away")
    files.write(mark, recipe.fingerprint)
    if recipe.translates:
        tokenizer, pairs = load_pairs(recipe, corpora_folder, run)
        for part in pairs:
            print(f"{part.source.name}: {len(part.train):,} pairs, {len(part.held_out):,} held out")
        return tokenizer, Translation(recipe, pairs, tokenizer)
    if not path.exists():
        print("preparing the tokenizer", flush=True)
        files.write(path, tokenizer_for(recipe, corpora_folder).to_str(pretty=True))
    tokenizer = Tokenizer.from_file(str(path))
    corpora = load_corpora(recipe, tokenizer, corpora_folder, run.parent / "encoded")
    for corpus in corpora:
        print(f"{corpus.source.name}: {len(corpus.train):,} tokens, {len(corpus.held_out):,} held out")
    if recipe.mask:
        return tokenizer, MaskedToken(recipe, corpora, recipe.transformer.vocab_size - 1)  # added last
    return tokenizer, NextToken(recipe, corpora)


def evaluate(task: Task, tokenizer: Tokenizer, run: Path) -> tuple[Trained, Evaluation]:
    trained = load_trained(task, run)
    print(f"after step {trained.step:,} of {task.recipe.training.all_steps:,}\n")
    if isinstance(task, Translation):
        return trained, translation_evaluation.evaluate(task, trained.model, tokenizer)
    if isinstance(task, MaskedToken):
        return trained, masked_evaluation.evaluate(task, trained.model)
    if not isinstance(task, NextToken):
        raise TypeError(f"no evaluation for {type(task).__name__}")
    cache = run.parent / "encoded" / tokenizer_key(tokenizer)
    evaluation = text_evaluation.evaluate(task, trained.model, tokenizer, cache)
    if task.recipe.training.keep_every:
        evaluation = formation.with_checkpoints(evaluation, formation.describe(task, shipped(task, run)))
    return trained, evaluation


def shipped(task: Task, run: Path) -> dict[int, Path]:
    """Step → weights of the checkpoints that ship; none where the recipe keeps none."""
    if not task.recipe.training.keep_every:
        return {}
    kept = formation.kept_weights(run)
    lines = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    induction = {line["step"]: line["induction"] for line in lines if "induction" in line}
    return {step: kept[step] for step in formation.chosen(induction, sorted(kept))}


def export(task: Task, tokenizer: Tokenizer, run: Path, *, overwrite: bool) -> None:
    folder = bundled.FOLDER / task.recipe.name
    if folder.exists() and not overwrite:
        raise FileExistsError(f"{folder} is there; pass --overwrite to replace that model")
    trained, evaluation = evaluate(task, tokenizer, run)
    if trained.step < task.recipe.training.all_steps:
        raise Unfinished(
            f"{task.recipe.name} is trained to step {trained.step:,} of {task.recipe.training.all_steps:,}"
        )
    extra = {"licence": "MIT", "steps": trained.step, "figures": evaluation.figures, "roles": evaluation.roles}
    if evaluation.sides:
        extra["sides"] = evaluation.sides
    if evaluation.start:
        extra["start"] = evaluation.start
    made = run / "export" / folder.name
    shutil.rmtree(made, ignore_errors=True)
    bundled.save(made, trained.model, tokenizer, extra)
    for step, path in list(shipped(task, run).items())[:-1]:  # the last is the model itself
        bundled.write_weights(made / bundled.STEP.format(step), load_file(path))
    (made / "README.md").write_text(card.card(task, trained, evaluation), encoding="utf-8")
    card.curve(run / "history.jsonl", made / "curve.svg")
    if isinstance(task, Translation):
        counts = json.dumps(word_counts(tokenizer, task.corpora), ensure_ascii=False, separators=(",", ":"))
        (made / bundled.WORDS).write_text(counts + "\n", encoding="utf-8")
    if task.recipe.training.keep_every:  # whose training is to be watched
        shutil.copy(run / "history.jsonl", made / bundled.HISTORY)
    replace_folder(made, folder)
    print(evaluation.printed() + f"\n\nwrote {os.path.relpath(folder)}")


def replace_folder(made: Path, folder: Path) -> None:
    """`made` takes the place of `folder`: first copied beside the models, maybe to another disk, which may be full."""
    beside = folder.parents[1] / f".{folder.name}.part"
    try:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.copytree(made, beside)
        shutil.rmtree(folder, ignore_errors=True)  # only now that all of the new one is there
        folder.parent.mkdir(exist_ok=True)
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    shutil.rmtree(made)


if __name__ == "__main__":
    main()
