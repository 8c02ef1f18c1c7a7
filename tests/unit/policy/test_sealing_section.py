"""The policy's section on sealing says exactly what it says, or is refused in plain words."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from workflow.policy import PolicyError, load, schema
from workflow.redaction.interface import Kind
from workflow.redaction.settings import EVERYWHERE, NOWHERE, Scope, SealingSettings, Sort
from workflow.resources import folder

BUDGET = b"{files: 3, hunks: 5, changed_lines: 40, excess: 2.5}"
REST = b"""
blast_radius: {surgeon: %s, architect: %s, patch: %s}
sizes: {line_characters: 100, added_bytes: 1000, file_bytes: 2000}
protected: [{paths: [.ci/**]}]
""" % (BUDGET, BUDGET, BUDGET)
GOOD = (
    REST
    + b"""
sealing:
  kinds: {email: on, ip: [deploy/**, "*.csv"], card: off}
  names:
    - {kind: customer, names: [Acme Corp, "10482"], file: policies/customers.txt}
    - {kind: tenant-id, names: [zebra], match: anywhere}
  allow:
    - {kinds: [token, password], paths: [tests/**], reason: made up, expires: 2027-01-31}
    - {kinds: [any], text: word-of-the-manual, rule: assignment, reason: known, expires: 2027-02-28}
  moves:
    - {paths: [deploy/**], reason: one set of credentials}
"""
)


def test_a_good_section() -> None:
    """Its values as they stand."""
    sealing = load(GOOD, "x").sealing
    assert dict(sealing.scopes) == {
        Sort.CARD: NOWHERE,
        Sort.IBAN: EVERYWHERE,
        Sort.EMAIL: EVERYWHERE,
        Sort.IP: Scope(("deploy/**", "*.csv")),
    }
    one, other = sealing.names
    assert (one.kind, one.names, one.file) == (
        Kind.CUSTOMER,
        ("Acme Corp", "10482"),
        "policies/customers.txt",
    )
    assert one.whole_words
    assert (other.kind, other.whole_words) == (Kind.TENANT, False)
    first, second = sealing.allowances
    assert (first.scope, first.kinds) == (
        Scope(("tests/**",)),
        frozenset({Kind.TOKEN, Kind.PASSWORD}),
    )
    assert (first.reason, first.expires, first.rule, first.text) == (
        "made up",
        date(2027, 1, 31),
        "",
        "",
    )
    assert (second.scope, second.kinds) == (EVERYWHERE, frozenset())
    assert (second.rule, second.text) == ("assignment", "word-of-the-manual")
    move = sealing.move("deploy/a", "deploy/b/c")
    assert move is not None
    assert move.reason == "one set of credentials"
    assert sealing.move("deploy/a", "src/a") is None
    assert sealing.sorts("deploy/x") == {Sort.IBAN, Sort.EMAIL, Sort.IP}
    assert sealing.sorts("src/x") == {Sort.IBAN, Sort.EMAIL}


def test_without_the_section() -> None:
    """A policy of before is a good one; cards and accounts are sealed."""
    assert load(REST, "x").sealing == SealingSettings()
    assert load(REST, "x").sealing.sorts("x") == {Sort.CARD, Sort.IBAN}


def test_what_ships() -> None:
    """The strict policy seals what the default one leaves readable."""
    default, strict = (
        load((folder("policies") / f"{name}.yaml").read_bytes(), name).sealing
        for name in ("default", "strict")
    )
    assert default.sorts("x") == {Sort.CARD, Sort.IBAN}
    assert strict.sorts("x") == set(Sort) - {Sort.PRIVATE_IP}
    assert default.allowances == strict.allowances == ()
    assert default.moves == strict.moves == ()


def test_the_schema() -> None:
    """An editor offers the kinds and words."""
    made = json.loads(schema())["$defs"]
    assert made["SealingSection"]["properties"]["kinds"]["propertyNames"]["enum"] == list(Sort)
    assert "any" in made["AllowSection"]["properties"]["kinds"]["items"]["enum"]
    assert "marker" not in made["AllowSection"]["properties"]["kinds"]["items"]["enum"]
    assert made["AllowSection"]["required"] == ["kinds", "reason", "expires"]
    assert made["NamesSection"]["properties"]["kind"]["enum"][0] == "customer"


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (b"email: on", b"email: yes", "sealing.kinds.email: 'yes' is neither on nor off"),
        (b"email: on", b"token: off", "secrets are always sealed"),
        (b"email: on", b"email: [/x]", "matches nothing"),
        (b"email: on", b"email: []", "sealing.kinds.email"),
        (b"email: on", b"email: 5", "sealing.kinds.email"),
        (b"kind: customer", b"kind: token", "names.0.kind: 'token' is no kind of names"),
        (b"match: anywhere", b"match: all", "'all' is neither words nor anywhere"),
        (b"[zebra]", b"[qz]", "shorter than three"),
        (b"names: [zebra], ", b"", "names are expected, or a file of them"),
        (
            b"names: [zebra]",
            b"name: zebra",
            "sealing.names.1: unknown key 'name': did you mean names",
        ),
        (b"policies/customers.txt", b"../x", "matches nothing"),
        (
            b"kinds: [token, password]",
            b"kinds: [tokens]",
            "'tokens' is no kind that can be allowed",
        ),
        (
            b"kinds: [token, password]",
            b"kinds: [marker]",
            "'marker' is no kind that can be allowed",
        ),
        (b"kinds: [token, password]", b"kinds: []", "sealing.allow.0.kinds: the list is empty"),
        (b"reason: made up, ", b"", "sealing.allow.0.reason: the key is missing"),
        (b"reason: made up", b'reason: "-"', "a reason is expected, in words"),
        (b", expires: 2027-01-31", b"", "sealing.allow.0.expires: the key is missing"),
        (b"2027-01-31", b"2027-02-30", "'2027-02-30' is no day"),
        (b"2027-01-31", b"20270131", "sealing.allow.0.expires"),
        (b"2027-01-31", b"never", "'never' is no day"),
        (b"paths: [tests/**], ", b"", "this allows everything"),
        (b"[tests/**]", b'["**", "*/*.?"]', "this allows everything"),
        (b"text: word-of-the-manual, ", b'text: "", ', "this allows everything"),
        (
            b"[deploy/**], reason: one",
            b"[], reason: one",
            "sealing.moves.0.paths: the list is empty",
        ),
        (b"reason: one set of credentials", b"why: x", "sealing.moves.0: unknown key 'why'"),
        (b"moves:", b"move:", "sealing: unknown key 'move': did you mean moves?"),
        (
            b"- {paths: [deploy/**], reason: one set of credentials}",
            b"- deploy",
            "sealing.moves.0: keys with",
        ),
    ],
)
def test_faults(old: bytes, new: bytes, where: str) -> None:
    """Each is named with its place and what is expected."""
    assert old in GOOD
    with pytest.raises(PolicyError) as caught:
        load(GOOD.replace(old, new), "x")
    message = caught.value.message
    assert where in message, message
    assert "\n" not in message
    assert not re.search("Value error|Input should|instance|[Tt]uple|String|qz", message), message
