"""Fits the head: softmax regression with a ridge, by accelerated gradient descent."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from workflow.routing import embedding, features, words
from workflow.routing.head import WAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bench.routing.rows import Row

    Matrix = NDArray[np.float64]
    Labels = NDArray[np.int64]

STEPS = 400
RIDGE = 0.003
FOLDS = 5
# How much an embedding counts beside a fact and a sign, and a rare sign that says much.
EMBEDDING, FACT, SIGN, STRONG = 10.0, 2.0, 1.0, 5.0
_STRONG = frozenset({"a backend for a client", "a first pass", "changes only the copy"})


def inputs(rows: Sequence[Row]) -> tuple[Matrix, Matrix]:
    """The embeddings of rows, and their facts and signs as 0 and 1."""
    vectors, marks = [], []
    for row in rows:
        facts = row.facts
        readable = features.readable(row.text, facts)
        vectors.append(embedding.embed(features.focus(readable)))
        marks.append((*features.facts(facts), *words.signs(readable)))
    return np.array(vectors, float), np.array(marks, float)


def labels(rows: Sequence[Row]) -> Labels:
    """Each row's class, as its place in `WAYS`."""
    return np.array([WAYS.index(row.label) for row in rows])


def scaled(vectors: Matrix, marks: Matrix, center: Matrix) -> Matrix:
    """The inputs as the ridge sees them."""
    return np.hstack([(vectors - center) * EMBEDDING, marks * scales()])


def scales() -> Matrix:
    """The weight of each fact and sign under the ridge."""
    signs = [STRONG if name in _STRONG else SIGN for name in words.SIGNS]
    return np.array([FACT] * len(features.FACTS) + signs)


def fit(values: Matrix, classes: Labels) -> Matrix:
    """The weights, a row for each input and one for the constant, a column for each class."""
    count, width = values.shape
    wide = np.hstack([values, np.ones((count, 1))])
    wanted = np.eye(len(WAYS))[classes]
    ridge = np.full((width + 1, 1), RIDGE)
    ridge[-1] = 0
    rate = 1 / (0.5 * np.linalg.norm(wide, 2) ** 2 / count + RIDGE)
    weights = ahead = np.zeros((width + 1, len(WAYS)))
    speed = 1.0
    for _ in range(STEPS):
        slope = wide.T @ (softmax(wide @ ahead) - wanted) / count + ridge * ahead
        following = ahead - rate * slope
        faster = (1 + (1 + 4 * speed * speed) ** 0.5) / 2
        ahead = following + (speed - 1) / faster * (following - weights)
        weights, speed = following, faster
    return weights


def held_out(values: Matrix, classes: Labels, families: Sequence[str]) -> Matrix:
    """The sums of each row by a head that has seen no row of its family."""
    sums = np.zeros((len(classes), len(WAYS)))
    folds = np.array([int(sha256(name.encode()).hexdigest(), 16) % FOLDS for name in families])
    for fold in range(FOLDS):
        rest, part = folds != fold, folds == fold
        weights = fit(values[rest], classes[rest])
        sums[part] = np.hstack([values[part], np.ones((part.sum(), 1))]) @ weights
    return sums


def temperature(sums: Matrix, classes: Labels) -> float:
    """What to divide sums by, so that of answers with 80 % about 80 of 100 are right."""
    tried = np.arange(0.5, 4.01, 0.05)
    loss = [-np.log(softmax(sums / t)[np.arange(len(classes)), classes]).mean() for t in tried]
    return float(round(tried[int(np.argmin(loss))], 2))


def softmax(sums: Matrix) -> Matrix:
    """The probability of each class for each row."""
    odds = np.exp(sums - sums.max(axis=1, keepdims=True))
    shares: Matrix = odds / odds.sum(axis=1, keepdims=True)
    return shares
