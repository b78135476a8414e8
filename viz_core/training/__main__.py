"""Make a bundled model.

python -m viz_core.training NAME            train it, or go on where it stopped
python -m viz_core.training evaluate NAME   print what it is worth on held-out text
python -m viz_core.training export NAME     write weights, tokenizer and card to assets/models/NAME
"""

import argparse
import os
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer

from viz_core.models import bundled
from viz_core.training import card
from viz_core.training.corpora import Corpus, CorpusMissing, load_corpora, train_tokenizer
from viz_core.training.language_model import CheckpointMismatch, Trained, load_trained, train
from viz_core.training.recipe import RECIPES, Recipe, read_recipe, recipe_names


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
    run.mkdir(parents=True, exist_ok=True)
    try:
        tokenizer, corpora = prepare(recipe, arguments.corpora, run)
        if arguments.action == "train":
            train(recipe, corpora, run, arguments.device)
        elif arguments.action == "evaluate":
            print(card.printed(evaluate(recipe, corpora, run)[1]))
        else:
            export(recipe, tokenizer, corpora, run, overwrite=arguments.overwrite)
    except (CorpusMissing, CheckpointMismatch, FileExistsError) as error:
        sys.exit(str(error))


def prepare(recipe: Recipe, corpora_folder: Path, run: Path) -> tuple[Tokenizer, list[Corpus]]:
    """Raises CheckpointMismatch when the run's folder was prepared for another recipe."""
    path, mark = run / "tokenizer.json", run / "recipe.txt"
    if path.exists() and mark.exists() and mark.read_text() != recipe.fingerprint:
        raise CheckpointMismatch(f"{run} was prepared for another version of the {recipe.name} recipe: move it away")
    mark.write_text(recipe.fingerprint)
    if not path.exists():
        print("training the tokenizer", flush=True)
        train_tokenizer(recipe, corpora_folder).save(str(path))
    tokenizer = Tokenizer.from_file(str(path))
    corpora = load_corpora(recipe, tokenizer, corpora_folder, run)
    for corpus in corpora:
        print(f"{corpus.source.name}: {len(corpus.train):,} tokens, {len(corpus.held_out):,} held out")
    return tokenizer, corpora


def evaluate(recipe: Recipe, corpora: list[Corpus], run: Path) -> tuple[Trained, card.Evaluation]:
    trained = load_trained(recipe, run)
    print(f"after step {trained.step:,} of {recipe.training.steps:,}\n")
    return trained, card.evaluate(recipe, trained.model, corpora)


def export(recipe: Recipe, tokenizer: Tokenizer, corpora: list[Corpus], run: Path, *, overwrite: bool) -> None:
    folder = bundled.FOLDER / recipe.name
    if folder.exists() and not overwrite:
        raise FileExistsError(f"{folder} is there; pass --overwrite to replace that model")
    trained, evaluation = evaluate(recipe, corpora, run)
    extra = {
        "start": evaluation.start,
        "roles": evaluation.roles,
        "held_out_loss": round(evaluation.loss, 4),
        "licence": "MIT",
    }
    bundled.save(folder, trained.model, tokenizer, extra)
    text = card.card(recipe, trained, corpora, evaluation, run / "history.jsonl")
    (folder / "README.md").write_text(text, encoding="utf-8")
    print(card.printed(evaluation) + f"\n\nwrote {os.path.relpath(folder)}")


if __name__ == "__main__":
    main()
