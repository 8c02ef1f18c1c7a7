"""What holds for every rule: its samples, and that hostile or changed text cannot upset it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.fault import found, new
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.rules import RULES

if TYPE_CHECKING:
    from workflow.semantics.nginx.expanded import Config
    from workflow.semantics.nginx.fault import Rule

IDS = [rule.id for rule in RULES]


def read(text: str) -> Config:
    """Return the configuration that one main file makes."""
    return load(Texts({"nginx.conf": text}), "nginx.conf")


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_bad_sample_has_exactly_one_fault_of_its_rule(rule: Rule) -> None:
    """Each rule's bad sample shows its own fault once."""
    bad, good = read(rule.bad), read(rule.good)
    assert not bad.unread
    faults = new([rule], good, bad) if rule.compare else found([rule], bad)
    assert [one.rule for one in faults] == [rule.id], faults
    fault = faults[0]
    assert fault.place.line
    assert fault.cause
    assert fault.fix
    assert str(fault).isprintable()


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_good_sample_has_no_fault_of_any_rule(rule: Rule) -> None:
    """Each rule's good sample is clean for every rule, so the docs show no bad habit."""
    good = read(rule.good)
    assert not good.unread
    assert found(RULES, good) == ()


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_rule_looks_at_one_side_or_at_both(rule: Rule) -> None:
    """A rule has one of the two functions, and words for the documentation."""
    assert (rule.find is None) is not (rule.compare is None)
    assert rule.title
    assert rule.about
    assert rule.bad != rule.good


def test_ids_are_unique() -> None:
    """No two rules share an id."""
    assert [one for one, times in Counter(IDS).items() if times > 1] == []


WORDS = st.sampled_from(
    sorted(
        {
            word
            for rule in RULES
            for text in (rule.bad, rule.good)
            for word in text.replace("{", " ").replace("}", " ").replace(";", " ").split()
        }
        | {"", '""', "~", "=", "off", "all", "$x", "'self'", ":", "'", "http", "server"}
    )
)


@st.composite
def _texts(draw: st.DrawFn) -> str:
    """Blocks and directives out of the words of the samples, in no sensible order."""
    text, depth = "", 0
    for _ in range(draw(st.integers(0, 40))):
        words = " ".join(draw(st.lists(WORDS, min_size=1, max_size=5)))
        end = draw(st.sampled_from(["; ", "; ", "; ", " { ", "; } "]))
        if end == "; } " and not depth:
            end = "; "
        depth += (end == " { ") - (end == "; } ")
        text += words + end
    return text + "}" * depth


@given(_texts(), _texts())
def test_no_text_upsets_a_rule(one: str, other: str) -> None:
    """Whatever nginx's reader can read, every rule can judge, alone and as a change."""
    base, patched = (read(f"http {{ server {{ {text} }} }}") for text in (one, other))
    found(RULES, base)
    new(RULES, base, patched)
    assert new(RULES, base, read(f"http {{ server {{ {one} }} }}")) == ()


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_same_text_brings_nothing_new(rule: Rule) -> None:
    """A sample compared with itself, moved down by a comment, has no new fault."""
    for text in (rule.bad, rule.good):
        assert new(RULES, read(text), read(f"# moved\n\n{text}")) == ()
