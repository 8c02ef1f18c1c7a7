"""A policy says exactly what a policy must say, or is refused with the place of the fault."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from workflow.canonical import sha256
from workflow.cli import rules_page
from workflow.policy import Budget, Level, PolicyError, Protected, Sizes, load, schema
from workflow.resources import folder
from workflow.types import Role

TOP = Path(__file__).resolve().parents[3]
BUDGET = b"{files: 3, hunks: 5, changed_lines: 40, excess: 2.5}"
GOOD = b"""
blast_radius: {surgeon: %s, architect: %s, patch: %s}
sizes: {line_characters: 100, added_bytes: 1000, file_bytes: 2000}
protected:
  - paths: [.ci/**, "**/secret?.txt"]
  - paths: [deploy/**]
    approvers: [ops@example.org]
rules: {deleted-file: declare, line-length: off, symlink: refuse}
""" % (BUDGET, BUDGET.replace(b"3", b"4"), BUDGET)


def test_a_good_policy() -> None:
    """Its values and the digest of its very bytes."""
    policy = load(GOOD, "policies/x.yaml")
    assert policy.budgets.of(Role.SURGEON) == Budget(3, 5, 40, 2.5)
    assert policy.budgets.of(Role.ARCHITECT).files == 4
    assert policy.budgets.of(None) == Budget(3, 5, 40, 2.5)
    assert policy.sizes == Sizes(100, 1000, 2000)
    assert policy.protected == (
        Protected((".ci/**", "**/secret?.txt")),
        Protected(("deploy/**",), ("ops@example.org",)),
    )
    assert (policy.source, policy.digest) == ("policies/x.yaml", sha256(GOOD))


def test_levels() -> None:
    """A rule that is not listed refuses; `off` is a word and not a truth value."""
    policy = load(GOOD, "x")
    rules = ("deleted-file", "line-length", "symlink", "homoglyph")
    assert [policy.level(rule) for rule in rules] == [
        Level.DECLARE,
        Level.OFF,
        Level.REFUSE,
        Level.REFUSE,
    ]
    assert load(GOOD[: GOOD.index(b"rules:")], "x").levels == ()


@pytest.mark.parametrize("name", ["default", "strict"])
def test_what_ships_is_good(name: str) -> None:
    """Both files can be read, name their schema, and protect what judges a patch."""
    data = (folder("policies") / f"{name}.yaml").read_bytes()
    policy = load(data, name)
    assert data.startswith(b"# yaml-language-server: $schema=policy.schema.json\n")
    guarded = {path for one in policy.protected if not one.approvers for path in one.paths}
    assert {"**/workflow.toml", "policies/**", ".github/**", "**/CODEOWNERS"} <= guarded


def test_strict_is_stricter() -> None:
    """Smaller in every number, wider in every protection, and nothing to declare."""
    default, strict = (
        load((folder("policies") / f"{name}.yaml").read_bytes(), name)
        for name in ("default", "strict")
    )
    for role in (*Role, None):
        one, other = strict.budgets.of(role), default.budgets.of(role)
        assert one.files < other.files
        assert one.hunks < other.hunks
        assert one.changed_lines < other.changed_lines
        assert one.excess < other.excess
    assert strict.sizes.line_characters < default.sizes.line_characters
    # Less than this, and a Content-Security-Policy of ten hosts could not gain one.
    assert strict.sizes.line_characters >= 400
    assert strict.levels == ()
    every = [
        {path for one in policy.protected for path in one.paths} for policy in (default, strict)
    ]
    assert every[0] < every[1]


def test_the_schema_and_the_page_are_generated(tmp_path: Path) -> None:
    """The published files are what the code says today, and `--check` tells."""
    names = ("docs/rules.md", "docs/nginx-rules.md", "policies/policy.schema.json")
    published = [str(TOP / name) for name in names]
    assert rules_page.main(["--check", *published]) == 0
    old = tmp_path / "old.json"
    old.write_text("{}")
    assert rules_page.main([str(old), "--check"]) == 1
    assert rules_page.main([str(old)]) == 0
    assert old.read_text() == schema()


def test_the_schema_knows_the_rules() -> None:
    """An editor offers every rule that has a level, and every level."""
    document = json.loads(schema())
    rules = document["properties"]["rules"]
    assert "weakened-test" in rules["propertyNames"]["enum"]
    assert "surgeon-edits" not in rules["propertyNames"]["enum"]
    assert document["$defs"]["Level"]["enum"] == ["refuse", "declare", "off"]
    assert document["additionalProperties"] is False


def test_a_fault_is_named_with_its_place() -> None:
    """The source and the key are in the message, on one line."""
    for text, where in [
        (b"", "this is no policy: keys with values are expected"),
        (b"- a list", "this is no policy: keys with values are expected"),
        (b"protected: []", "blast_radius: the key is missing"),
        (GOOD.replace(b"protected:", b"protect:"), "unknown key 'protect': did you mean protected"),
        (GOOD + b"quorum: 2", "unknown key 'quorum': the keys are: blast_radius, sizes, "),
        (GOOD.replace(b"sizes:", b"5:"), "unknown key '5': the keys are: blast_radius, "),
        (GOOD.replace(b"sizes:", b'"si\\nzs":'), "unknown key 'si\\nzs': did you mean sizes?"),
        (GOOD.replace(b"hunks: 5", b"hunk: 5"), "surgeon: unknown key 'hunk': did you mean hunks?"),
        (GOOD.replace(b"hunks: 5", b"hunks: 5, x: 1"), "blast_radius.surgeon: unknown key 'x'"),
        (GOOD.replace(b"surgeon:", b"surgon:"), "blast_radius: unknown key 'surgon': did you mean"),
        (GOOD.replace(b"file_bytes", b"files"), "sizes: unknown key 'files'"),
        (GOOD.replace(b"approvers", b"approver"), "protected.1: unknown key 'approver'"),
        (GOOD.replace(BUDGET, b"5", 1), "blast_radius.surgeon: keys with values are expected"),
        (GOOD.replace(b"files: 3", b"files: 0"), "blast_radius.surgeon.files"),
        (GOOD.replace(b"files: 3", b"files: -1"), "blast_radius.surgeon.files"),
        (GOOD.replace(b"files: 3", b"files: many"), "blast_radius.surgeon.files"),
        (GOOD.replace(b"files: 3", b"files: '3'"), "blast_radius.surgeon.files"),
        (GOOD.replace(b"files: 3", b"files: yes"), "blast_radius.surgeon.files"),
        (GOOD.replace(b"files: 3", b"files: 010"), "blast_radius.surgeon.files"),
        (GOOD.replace(b"files: 3", b"files: 0x10"), "blast_radius.surgeon.files"),
        (GOOD.replace(b"files: 3", b"files: 1:30"), "blast_radius.surgeon.files"),
        (GOOD.replace(b"files: 3", b"files: 2.5"), "blast_radius.surgeon.files"),
        (GOOD.replace(b"excess: 2.5", b"excess: 0.5"), "blast_radius.surgeon.excess"),
        (GOOD.replace(b"excess: 2.5", b"excess: .inf"), "blast_radius.surgeon.excess"),
        (GOOD.replace(b"excess: 2.5", b"excess: '2.5'"), "excess: a number is expected"),
        (GOOD.replace(b".ci/**", b"5"), "protected.0.paths.0"),
        (GOOD.replace(b".ci/**", b"/ci/**"), "matches nothing"),
        (GOOD.replace(b".ci/**", b"a/../b"), "matches nothing"),
        (GOOD.replace(b".ci/**", b"/"), "matches nothing"),
        (GOOD.replace(b".ci/**", b"a//"), "matches nothing"),
        (GOOD.replace(b".ci/**", b'""'), "matches nothing"),
        (GOOD.replace(b'[.ci/**, "**/secret?.txt"]', b"all"), "protected.0.paths: a list"),
        (GOOD.replace(b'[.ci/**, "**/secret?.txt"]', b"[]"), "protected.0.paths"),
        (GOOD.replace(b"ops@example.org", b"ops"), "approvers.0: 'ops' is no e-mail address"),
        (GOOD.replace(b"ops@example.org", b"'Ops <ops@example.org>'"), "protected.1.approvers.0"),
        (GOOD.replace(b"declare", b"warn"), "rules.deleted-file: 'warn' is no level"),
        (GOOD.replace(b"deleted-file", b"delete-file"), "did you mean deleted-file"),
        (GOOD.replace(b"deleted-file", b"surgeon-edits"), "always refuses"),
        (b"blast_radius: {", "not YAML"),
        (b"\xff\xfe\xff", "not YAML"),
        (b"a: !!python/object/apply:os.system [id]", "not YAML"),
        (GOOD + b"protected: []", "'protected' stands twice"),
        (GOOD.replace(b"files: 3", b"files: 3, files: 99"), "'files' stands twice"),
        (GOOD.replace(BUDGET, b"&b " + BUDGET, 1), "anchors and aliases"),
        (b"a: *b", "anchors and aliases"),
        (b"a: &a [x]\nb: &b [*a, *a]\n", "anchors and aliases"),
        (GOOD + b"<<: {rules: {}}", "<<"),
        (GOOD + b"---\n" + GOOD, "not YAML"),
        (b"[" * 5_000, "nested too deeply"),
        (b"{a: " * 5_000, "nested too deeply"),
        (b"? " * 5_000, "not YAML"),
        (GOOD + b"#" * 300_000, "at most 262,144"),
        (b"".join(b"k%d: 1\n" % number for number in range(5_000)), "unknown key 'k0'"),
    ]:
        with pytest.raises(PolicyError) as caught:
            load(text, "policies/x.yaml")
        message = caught.value.message
        assert message.startswith("policies/x.yaml: "), text[:60]
        assert where in message, (text[:60], message)
        assert "\n" not in message
        assert not re.search("Value error|Input should|instance|[Tt]uple|String", message), message


def test_an_earlier_format_is_recognised() -> None:
    """One budget for all, and protected paths without a key."""
    old = b"blast_radius: {files: 10, changed_lines: 300}\nprotected:\n  - .ci/**\nsizs: 1\n"
    with pytest.raises(PolicyError, match="the policy format of an earlier version") as caught:
        load(old, "x")
    assert "a budget for each of surgeon, architect and patch" in caught.value.message
    assert "docs/policies.md" in caught.value.hint
    paths = GOOD.replace(b'paths: [.ci/**, "**/secret?.txt"]', b".ci/**")
    with pytest.raises(PolicyError, match=r"protected\.0: an entry is more than") as caught:
        load(paths, "x")
    assert caught.value.hint.startswith('write - paths: [".ci/**"]')


def test_a_folder_may_end_in_a_slash() -> None:
    """As git's own patterns may."""
    policy = load(GOOD.replace(b".ci/**", b".ci/"), "x")
    assert policy.protected[0].paths[0] == ".ci/"


def test_a_fault_of_yaml_quotes_no_line() -> None:
    """It may hold a customer's name; the place is told instead."""
    text = GOOD + b"sealing:\n  names: [Globex: Widgets}\n"
    with pytest.raises(PolicyError, match=r"line [0-9]+, column [0-9]+") as caught:
        load(text, "p.yaml")
    assert "Globex" not in caught.value.message
