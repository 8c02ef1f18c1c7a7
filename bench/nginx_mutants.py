"""Mutants of the corpus: one sample of each operator, and how many it has a place for.

Usage: `python bench/nginx_mutants.py [--seed SEED] [--corpus FOLDER]`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.nginx import corpus
from bench.nginx.making import OPERATORS, mutants, seeded


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--seed", default="")
    asked.add_argument("--corpus", type=Path, default=corpus.FOLDER)
    asked.add_argument("--count", type=int, default=5)
    words = asked.parse_args()
    rng, seed = seeded(words.seed)
    loaded = corpus.load(words.corpus)
    print(f"seed {seed}: {len(loaded.samples)} samples")
    for group, operators in OPERATORS.items():
        print(f"\n{group}: {len(operators)} operators")
        for name in operators:
            made = list(mutants(rng, loaded, group, name, words.count))
            first = made[0][1] if made else None
            said = f"line {first.line}: {first.what[:90]!r}" if first else ""
            print(f"  {name:<36}{len(made):>4}  {said}")


if __name__ == "__main__":
    main()
