"""Makes `workflow/routing/head.json` from `bench/routing/train.jsonl`, and reads no other rows.

The threshold is the one that answers `COVERAGE` of the training rows that have an answer, each
weighed by a head that has not seen its family.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.routing.fit import (
    EMBEDDING,
    FOLDS,
    fit,
    held_out,
    inputs,
    labels,
    scaled,
    scales,
    softmax,
    temperature,
)
from bench.routing.rows import rows
from workflow.routing import embedding
from workflow.routing.head import HEAD_FILE, INPUTS, PROBE, WAYS
from workflow.types import Way

COVERAGE = 0.87
_DIGITS = 4


def main() -> None:
    """Fit, write the file, and say what was fitted."""
    train = rows("train")
    vectors, marks = inputs(train)
    classes = labels(train)
    center = vectors.mean(axis=0)
    values = scaled(vectors, marks, center)
    sums = held_out(values, classes, [row.family for row in train])
    warmth = temperature(sums, classes)
    drafting = classes != WAYS.index(Way.ASK)
    sure = softmax(sums / warmth)[:, : len(WAYS) - 1]
    threshold = float(np.quantile(sure[drafting].max(axis=1), 1 - COVERAGE))
    weights = fit(values, classes)
    factors = np.concatenate([np.full(embedding.DIMENSIONS, EMBEDDING), scales(), [1.0]])
    data = {
        "format": 1,
        "made from": f"{len(train)} requests of {len({row.family for row in train})} families",
        "inputs": INPUTS,
        "threshold": round(threshold, 3),
        "temperature": warmth,
        "probe": np.round(embedding.embed(PROBE).astype(float), _DIGITS).tolist(),
        "center": np.round(center, _DIGITS + 1).tolist(),
        "weights": np.round(weights * factors[:, None], _DIGITS).tolist(),
    }
    HEAD_FILE.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")
    said = sure.max(axis=1) >= threshold
    right = (sure.argmax(axis=1) == classes)[said].mean()
    print(f"in {FOLDS} folds by family: {right:.1%} right where {COVERAGE:.0%} are answered")
    print(f"{HEAD_FILE.name}: {data['made from']}, threshold {threshold:.3f}, temperature {warmth}")


if __name__ == "__main__":
    main()
