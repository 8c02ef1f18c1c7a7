"""A template prints variables and asks for them; whatever else it tries is refused at once."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.prompts import PromptError, templates

MOST = templates.MOST_BYTES
KNOWN = frozenset({"request", "files"})


def filled(text: str, **values: str) -> str:
    """Fill a template of the name `r`."""
    return templates.fill("r", text, values, MOST)


def test_a_template_prints_and_asks() -> None:
    """Variables, conditions, comments and raw text are what a recipe needs."""
    text = (
        "a {{ request }}\n{% if files and not request %}\nno\n{% elif request or files %}\nyes\n"
        "{% else %}\nno\n{% endif %}\n{# said to nobody #}\n{% raw %}{{ x }}{% endraw %} \n"
    )
    assert filled(text, request="R", files="") == "a R\nyes\n{{ x }} \n"


@given(st.text(max_size=60))
def test_values_are_not_templates(value: str) -> None:
    """Braces in a value are text."""
    assert filled("{{ request }}", request=value + "{{ 7 * 7 }}") == value + "{{ 7 * 7 }}"


def test_the_names_that_a_template_uses() -> None:
    """What is printed and what is asked for are both used."""
    assert templates.used("r", "{{ request }}{% if files %}x{% endif %}", KNOWN) == KNOWN


HOSTILE = {
    "a long range": "{% for i in range(1000000000) %}x{% endfor %}",
    "nested loops": "{% for a in files %}{% for b in files %}{% for c in files %}x"
    "{% endfor %}{% endfor %}{% endfor %}",
    "a huge number": "{{ 10 ** 10 ** 10 }}",
    "a huge text": "{{ 'x' * 10000000000 }}",
    "a wide format": "{{ '%1000000000d' % 1 }}",
    "a wide filter": "{{ request | center(1000000000) }}",
    "a joined filter": "{{ request | join }}",
    "an attribute": "{{ request.__class__.__mro__ }}",
    "an item": "{{ request['__class__'] }}",
    "a call": "{{ request() }}",
    "a global": "{{ cycler.__init__.__globals__ }}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "a file": "{% include '/etc/passwd' %}",
    "another file": "{% import 'x' as x %}",
    "a parent": "{% extends 'x' %}",
    "an assignment": "{% set request = 'x' %}",
    "a block": "{% block a %}{% endblock %}",
    "a filter over a block": "{% filter upper %}x{% endfilter %}",
    "a scope": "{% with a = 1 %}{{ a }}{% endwith %}",
    "a comparison": "{% if request == 'x' %}x{% endif %}",
    "a test": "{% if request is defined %}x{% endif %}",
    "a choice": "{{ request if files else files }}",
    "a constant": "{{ 'x' }}",
    "no template": "{% for %}",
    "an open condition": "{% if request %}",
    "a number too long to read": "{{ " + "9" * 50_000 + " }}",
    "brackets": "{{ " + "(" * 30_000 + "request" + ")" * 30_000 + " }}",
    "negations": "{{ " + "not " * 10_000 + "request }}",
    "conditions in conditions": "{% if request %}" * 2000 + "{% endif %}" * 2000,
    "a long chain": "{% if request %}" + "{% elif request %}" * 3000 + "{% endif %}",
    "a long doubt": "{% if request" + " or request" * 5000 + " %}x{% endif %}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_template_is_refused(text: str) -> None:
    """What could hang, grow or reach out of the template is refused, when it is read already."""
    begin = time.monotonic()
    with pytest.raises(PromptError, match=r"^recipe r"):
        templates.used("r", text, KNOWN)
    with pytest.raises(PromptError, match=r"^recipe r"):
        filled(text, request="r", files="f")
    assert time.monotonic() - begin < 10


def test_an_unknown_variable_is_named() -> None:
    """The message has the recipe, the line and the variable, the hint those that there are."""
    with pytest.raises(PromptError, match="recipe r, line 2: 'reqest' is undefined here") as caught:
        templates.used("r", "\n{{ reqest }}", KNOWN)
    assert caught.value.hint == "there are: files, request"


def test_a_prompt_is_bounded() -> None:
    """A template that prints a long text many times stops at the limit."""
    with pytest.raises(PromptError, match="would be over 8,388,608 bytes"):
        filled("{{ files }}" * 1000, files="x" * 100_000)


def test_room_is_counted_in_bytes() -> None:
    """Letters beyond ASCII count as the bytes that they take; the limit itself is allowed."""
    assert templates.fill("r", "{{ files }}", {"files": "éé"}, 4) == "éé"
    with pytest.raises(PromptError, match="would be over"):
        templates.fill("r", "{{ files }}", {"files": "éé"}, 3)
