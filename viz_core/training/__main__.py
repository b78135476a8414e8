"""python -m viz_core.training NAME: train a bundled model, or go on where it stopped."""

import argparse
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer

from viz_core.training.corpora import CorpusMissing, load_corpora, train_tokenizer
from viz_core.training.language_model import CheckpointMismatch, train
from viz_core.training.recipe import RECIPES, read_recipe, recipe_names


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m viz_core.training", description=__doc__)
    parser.add_argument("name", choices=recipe_names())
    parser.add_argument("--corpora", type=Path, default=Path("corpora"), help="folder of the text files")
    parser.add_argument("--run", type=Path, help="folder of checkpoints (default runs/NAME)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    recipe = read_recipe(RECIPES / f"{arguments.name}.toml")
    run = arguments.run or Path("runs") / recipe.name
    run.mkdir(parents=True, exist_ok=True)
    try:
        if not (run / "tokenizer.json").exists():
            print("training the tokenizer", flush=True)
            train_tokenizer(recipe, arguments.corpora).save(str(run / "tokenizer.json"))
        tokenizer = Tokenizer.from_file(str(run / "tokenizer.json"))
        corpora = load_corpora(recipe, tokenizer, arguments.corpora, run)
        for corpus in corpora:
            print(f"{corpus.source.name}: {len(corpus.train):,} tokens, {len(corpus.held_out):,} held out")
        train(recipe, corpora, run, arguments.device)
    except (CorpusMissing, CheckpointMismatch) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
