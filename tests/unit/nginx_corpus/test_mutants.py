"""The mutants of bench/nginx on one configuration: what the rules and the diff make of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from bench.nginx import making, measure
from bench.nginx.corpus import Kind, is_configuration, kind_of
from bench.nginx.model import Group, Mutant, Site
from bench.nginx.prepared import prepared
from bench.nginx.truth import Standing, standing
from workflow.semantics import nginx
from workflow.semantics.nginx.diff import difference
from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.fault import new
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.rules import RULES

if TYPE_CHECKING:
    from bench.nginx.measure import Read

PLAIN = """\
# A small site.
events {}
http {
    sendfile on;
    keepalive_timeout 65s;
    server {
        listen 80;
        server_name one.example.test two.example.test three.example.test;
        client_max_body_size 4m;
        root /srv/one;
        gzip on;
        location / {
            add_header X-One 1;
            proxy_read_timeout 2m;
            proxy_pass http://127.0.0.1:8000;
        }
        location /two {
            allow 10.0.0.0/8;
            deny all;
            try_files $uri $uri/ =404;
        }
    }
}
"""
EVERY = [
    pytest.param(group, name, id=f"{group}: {name}")
    for group, operators in making.OPERATORS.items()
    for name in operators
    if group in {Group.SILENT, Group.NEUTRAL, Group.REAL}
]


def made(group: Group, name: str, seed: int = 7) -> Mutant:
    """Return one mutant of the plain configuration."""
    rng, _ = making.seeded(str(seed))
    site = making.site_of(rng, PLAIN, group, quic=name in making.QUIC)
    assert site is not None
    mutant = making.OPERATORS[group][name](site)
    assert mutant is not None, "the configuration has no place for it"
    return mutant


def read(mutant: Mutant) -> Read:
    """Return what the diff and the rules say of a mutant."""
    base, patched = (load(Texts({"a.conf": one}), "a.conf") for one in (mutant.base, mutant.text))
    changes, faults = difference(base, patched), new(RULES, base, patched)
    return measure.Read(changes, faults, (), 0.0)


@pytest.mark.parametrize(("group", "name"), EVERY)
def test_every_mutant_is_taken_for_what_it_is(group: Group, name: str) -> None:
    """A silent fault has its right cause, a neutral edit nothing, and a real one is told once."""
    mutant = made(group, name)
    found = read(mutant)
    if group is Group.SILENT:
        assert measure.cause(mutant, found) == "right", found.faults
    elif group is Group.NEUTRAL:
        assert (found.changes, found.faults) == ((), ())
    else:
        assert measure.told(mutant, found) == "once", found.changes


@pytest.mark.parametrize("name", making.OPERATORS[Group.MUST_FAIL])
def test_what_must_fail_differs_in_one_place(name: str) -> None:
    """A must-fail operator changes the text, and says where."""
    mutant = (
        made(Group.MUST_FAIL, name) if name != "too few arguments" else made(Group.REAL, "value")
    )
    before, after = mutant.base.splitlines(), mutant.text.splitlines()
    assert before[: mutant.line - 1] == after[: mutant.line - 1]
    assert mutant.base != mutant.text


def test_a_seed_repeats_its_mutants() -> None:
    """The same seed makes the same text."""
    assert made(Group.SILENT, "csp misspelled", 3) == made(Group.SILENT, "csp misspelled", 3)


def test_the_careful_site_has_no_fault_of_its_own() -> None:
    """What mutants are made of is good: no rule finds a fault in it, beside those of the plain."""
    site = prepared(Site(making.seeded("1")[0], PLAIN))
    assert site is not None
    base, patched = (load(Texts({"a.conf": one}), "a.conf") for one in (PLAIN, site.text))
    assert [one.rule for one in new(RULES, base, patched) if one.level == "fault"] == []


def test_a_configuration_is_known_by_what_it_says() -> None:
    """Configuration is taken, a program and another server's configuration are not."""
    assert is_configuration("etc/nginx/nginx.conf", PLAIN.encode())
    assert not is_configuration("etc/nginx/nginx.py", PLAIN.encode())
    assert not is_configuration(
        "etc/apache.conf", b"<VirtualHost *:80>\nserver {\n  listen 80;\n}\n"
    )
    assert kind_of("a.conf", PLAIN) is Kind.FULL
    assert kind_of("a.conf", "location / { root /srv; }\n") is Kind.LOCATION
    assert kind_of("a.conf", "server { listen {{ port }}; }\n") is Kind.TEMPLATE


def test_only_a_known_reason_makes_a_sample_broken() -> None:
    """What is not known to be broken upstream counts against the gate."""
    said = "the base itself fails nginx -t: a duplicate listen 0.0.0.0:80 in nginx/a.conf:3"
    assert standing(said, PLAIN)[0] is Standing.BROKEN
    assert standing("nginx -t fails: something else", PLAIN)[0] is Standing.VALID
    assert standing(said, "listen {{ port }};")[0] is Standing.VALID
    assert nginx.parse(PLAIN).text == PLAIN
