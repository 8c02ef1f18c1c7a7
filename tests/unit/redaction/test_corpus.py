"""A slice of the corpus of `bench/`, with values made anew from a seed, holds the bars."""

import random
import sys
from pathlib import Path

import pytest

_TOP = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(_TOP))

from bench.sealing import alike, corpus, measure  # noqa: E402 - not installed
from bench.sealing.code import CONTEXTS  # noqa: E402 - see above
from bench.sealing.model import Case  # noqa: E402 - see above
from bench.sealing.scanners import default_finder  # noqa: E402 - see above

SEED = 20_261_122
CASES = 1_560


@pytest.fixture(scope="module")
def scan() -> measure.Scan:
    """What finds with the built-in policy."""
    finder = default_finder()
    return lambda data, path: ((span.start, span.end) for span in finder.find(data, path))


@pytest.fixture(scope="module")
def covered(scan: measure.Scan) -> measure.Report:
    """The corpus' slice, as it is covered."""
    rng = random.Random(SEED)  # noqa: S311 - sample secrets
    return measure.secrets(corpus.cases(rng, CASES), scan)


def test_the_corpus_has_the_breadth_it_claims() -> None:
    """At least 150 kinds, 20 contexts and 10 encodings."""
    assert len(corpus.KINDS) >= 150
    assert len(CONTEXTS) >= 20
    assert len(corpus.ENCODINGS) >= 10
    assert len({kind.name for kind in corpus.KINDS}) == len(corpus.KINDS)


def test_secrets_are_covered(covered: measure.Report) -> None:
    """At least 97 % of the secrets lie, every character of them, in what was found."""
    assert covered.total.seen == CASES
    assert covered.total.share >= 0.97


@pytest.mark.parametrize("encoding", corpus.ENCODINGS)
def test_secrets_are_covered_in_each_encoding(covered: measure.Report, encoding: str) -> None:
    """At least 95 % in each encoding; a slice of 120 may fall two cases short of that."""
    score = covered.by["encoding", encoding]
    assert score.hit >= 0.95 * score.seen - 2


def test_look_alikes_survive(scan: measure.Scan) -> None:
    """At most 10 % of what only looks like a secret is found."""
    rng = random.Random(SEED)  # noqa: S311 - sample text
    touched = measure.look_alikes(alike.cases(rng, CASES), scan)
    assert touched.total.share <= 0.10


def test_the_truth_is_where_the_secret_is() -> None:
    """Cases in plain text hold at their places what their kind made, and nothing around it."""
    rng = random.Random(SEED)  # noqa: S311 - sample secrets
    kind = next(kind for kind in corpus.KINDS if kind.name == "github-classic")
    for context in ("dotenv", "json", "python-assign", "yaml-block"):
        case = corpus.make(rng, kind, context, "plain")
        assert case is not None
        ((start, end),) = case.truth
        assert case.data[start:end].startswith(b"ghp_")
        assert end - start == 40
        assert not case.data[start - 1 : start].isalnum()
        assert not case.data[end : end + 1].isalnum()


def test_a_finding_that_is_too_short_does_not_cover() -> None:
    """One byte less is not covered, and a byte that must survive is touched by one byte."""
    case = Case("a.env", b"A=secret\n", ((2, 8),), "kind", "family", "context", "plain")
    assert measure.covered(case, [(2, 5), (5, 8)])
    assert not measure.covered(case, [(2, 7)])
    assert measure.touched(case, [(7, 9)])
    assert not measure.touched(case, [(0, 2), (8, 9)])
