"""Mutants of the corpus' samples, as many as are wanted of each operator."""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING

from bench.nginx import must_fail, neutral, real, silent, silent_later, silent_more, typos
from bench.nginx.model import Group, Mutant, Site
from bench.nginx.prepared import prepared
from workflow.semantics import nginx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.nginx.corpus import Corpus, Sample
    from bench.nginx.model import Operator

OPERATORS: Mapping[Group, Mapping[str, Operator]] = {
    Group.MUST_FAIL: must_fail.OPERATORS,
    Group.TYPO: typos.OPERATORS,
    Group.SILENT: {**silent.OPERATORS, **silent_more.OPERATORS, **silent_more.QUIC},
    Group.LATER: silent_later.OPERATORS,
    Group.NEUTRAL: neutral.OPERATORS,
    Group.REAL: real.OPERATORS,
}
QUIC = frozenset(silent_more.QUIC)
_PREPARED = frozenset({Group.SILENT, Group.LATER})


def seeded(words: str) -> tuple[random.Random, str]:
    """A source of chance, and the seed that makes it again."""
    seed = words or secrets.token_hex(4)
    return random.Random(seed), seed  # noqa: S311 - a benchmark's choice of places


def site_of(rng: random.Random, text: str, group: Group, *, quic: bool = False) -> Site | None:
    """The site that operators of a group work on; nothing for text that cannot be read."""
    try:
        site = Site(rng, text)
        return prepared(site, quic=quic) if group in _PREPARED else site
    except nginx.NginxSyntaxError:
        return None


def mutants(  # noqa: PLR0913, PLR0917 - of what, by what, how many
    rng: random.Random,
    corpus: Corpus,
    group: Group,
    name: str,
    count: int,
    among: list[Sample] | None = None,
) -> Iterator[tuple[Sample, Mutant]]:
    """Up to `count` mutants by one operator, of samples in random order."""
    samples = list(corpus.samples if among is None else among)
    rng.shuffle(samples)
    operator = OPERATORS[group][name]
    left = count
    for sample in samples:
        if not left:
            return
        text = nginx.decode(corpus.content(sample))
        site = site_of(rng, text, group, quic=name in QUIC)
        made = operator(site) if site else None
        if made is None:
            continue
        left -= 1
        yield sample, made
