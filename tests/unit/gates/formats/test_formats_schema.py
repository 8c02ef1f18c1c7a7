"""Schemas of a tree, and bundled ones with hostile documents: bounded, and without a network."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

import workflow.gates.formats
from tests.unit.gates.cases import case
from workflow.gates.formats import FormatsGate
from workflow.types import Outcome, Verdict

Files = dict[str, str]
_FLOW = """\
on: [push]
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - run: make
"""
_SCHEMAS = Path(workflow.gates.formats.__file__).parent / "schemas"


def judged(base: Files, patched: Files) -> Verdict | None:
    """Return the verdict, or nothing where the gate does not apply."""
    gate, made = FormatsGate(), case(base, patched)
    return gate.judge(made) if gate.applies(made) else None


def test_a_schema_of_the_tree_is_followed() -> None:
    """What `$schema` names in the tree is what a file is checked against."""
    schema = '{"properties": {"a": {"type": "integer"}}, "additionalProperties": {}}'
    old = {"conf/s.json": schema, "conf/a.json": '{"$schema": "./s.json", "a": 1}'}
    verdict = judged(old, old | {"conf/a.json": '{"$schema": "./s.json",\n"a": "x"}'})
    assert verdict is not None
    assert (verdict.outcome, verdict.summary) == (Outcome.FAIL, "conf/a.json:2: a is no integer")


DOUBLING = ", ".join(
    f'"d{n}": {{"allOf": [{{"$ref": "#/$defs/d{n + 1}"}}, {{"$ref": "#/$defs/d{n + 1}"}}]}}'
    for n in range(40)
)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (f'{{"$ref": "#/$defs/d0", "$defs": {{{DOUBLING}, "d40": {{}}}}}}', "it takes too long"),
        ('{"$ref": "#"}', "it refers to itself without an end"),
        ('{"$ref": "https://example.test/s.json"}', "it refers to another one"),
        ('{"$ref": "file:///etc/passwd"}', "it refers to another one"),
        ('{"pattern": "(a+)+$"}', "it has patterns, which are not tried"),
        ('{"type": 7, "properties": 4}', "it is no schema"),
        ("[]", "it is no mapping"),
        ("{", "it is no JSON"),
    ],
    ids=["bomb", "loop", "remote", "host", "pattern", "none", "list", "broken"],
)
def test_a_hostile_schema_is_left_alone(schema: str, why: str) -> None:
    """It is followed for so many steps, fetches nothing, and is told to be unchecked."""
    begun = time.process_time()
    verdict = judged({"s.json": schema}, {"s.json": schema, "a.json": '{"$schema": "s.json"}'})
    assert verdict is not None
    assert verdict.outcome is Outcome.PASS
    assert verdict.notes == (f"a.json is not checked against its schema: {why}",)
    assert time.process_time() - begun < 20


def test_long_texts_are_not_matched_with_a_bundled_schema() -> None:
    """A pattern that tries many ways through a text is kept from long ones."""
    text = _FLOW.replace("make", "'" + "${{" * 3_000 + "'") + "        continue-on-error: '"
    begun = time.process_time()
    verdict = judged({}, {".github/workflows/a.yml": text + "$ {{ " * 3_000 + "'\n"})
    assert time.process_time() - begun < 20
    assert verdict is None or verdict.outcome is not Outcome.ERROR


def test_bundled_schemas_have_their_licences_beside_them() -> None:
    """Each is JSON, is named in the README, and so is the licence of what others wrote."""
    told = (_SCHEMAS / "README.md").read_text()
    for file in _SCHEMAS.glob("*.json"):
        assert isinstance(json.loads(file.read_bytes()), dict)
        assert f"`{file.name}`" in told
    for file in _SCHEMAS.glob("LICENSE.*"):
        assert f"`{file.name}`" in told
        assert "Apache License" in file.read_text()
