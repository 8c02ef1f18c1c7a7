"""The corpus of real nginx configurations: what each registry's packages bring.

Usage: `python bench/nginx_corpus.py [FOLDER]`.  Packages that are there already are not fetched
again; without a network the table is of those alone.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from bench.nginx import corpus


def main() -> None:
    """Build the corpus, and print what it holds."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else corpus.FOLDER
    built = corpus.build(folder)
    registries = sorted({sample.registry for sample in built.samples})
    print(f"{len(built.samples)} distinct configurations in {folder}")
    print(f"{'kind':<12}" + "".join(f"{name:>9}" for name in registries) + f"{'all':>9}")
    for kind in corpus.Kind:
        counts = Counter(one.registry for one in built.samples if one.kind is kind)
        cells = "".join(f"{counts[name]:>9}" for name in registries)
        print(f"{kind:<12}{cells}{counts.total():>9}")
    packages = Counter(f"{one.registry} {one.package} {one.version}" for one in built.samples)
    print(f"\n{len(packages)} packages; those with the most:")
    for name, count in packages.most_common(30):
        print(f"  {count:>4}  {name}")


if __name__ == "__main__":
    main()
