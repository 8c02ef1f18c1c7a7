"""Who has to approve is read as it is written, and what cannot be met is no policy."""

from __future__ import annotations

import pytest

from workflow.policy import Approvals, PolicyError, Reserved, load
from workflow.resources import folder
from workflow.types import Carry, Consent, RepoPath, SelfApproval

DEFAULT = (folder("policies") / "default.yaml").read_bytes()


def read(section: str) -> Approvals:
    """Return what the default policy says of approvals with a section of its own."""
    return load(DEFAULT + b"\n" + section.encode(), "policies/x.yaml").approvals


def test_a_silent_policy_wants_one_other_person() -> None:
    """The shipped default says nothing, and that is what the types have as defaults."""
    silent = load(DEFAULT, "default").approvals
    assert silent == Approvals() == read("approval: {}\n")
    assert silent.consent == Consent()
    assert silent.consent.self_approval is SelfApproval.SINGLE_USER


def test_the_commented_example_can_be_used() -> None:
    """What the default policy shows behind `#` is a section that loads."""
    text = DEFAULT.decode()
    start = text.index("# approval:\n")
    lines = text[start:].split("\n\n")[0].split("\n")
    found = read("\n".join(line.removeprefix("# ") for line in lines) + "\n")
    assert found.consent.breakers == ("oncall@example.org",)
    assert found.paths == (
        Reserved(("deploy/**", "**/*.service"), ("ada@example.org", "bob@example.org"), 2),
    )
    assert dict(found.owners)["@example/ops"] == ("ada@example.org", "bob@example.org")


def test_strict_wants_four_eyes() -> None:
    """Nobody approves what they asked for, and evidence does not grow old."""
    strict = load((folder("policies") / "strict.yaml").read_bytes(), "strict").approvals
    assert strict.consent.self_approval is SelfApproval.NEVER
    assert strict.consent.fresh_s == 480 * 60
    assert strict.consent.expires_s == 2 * 86_400


def test_every_key_is_read() -> None:
    """Each one ends where it counts, in seconds and folded where it has to be."""
    found = read(
        "approval:\n"
        "  quorum: 2\n"
        "  self_approval: never\n"
        "  expires_days: 1\n"
        "  fresh_minutes: 30\n"
        "  signatures: required\n"
        "  signers: keys/allowed_signers\n"
        "  carry: unchanged\n"
        "  break_glass: [on@example.test]\n"
        '  shared_accounts: [deploy, "?"]\n'
        "  codeowners: off\n"
        "  roles: {ops: [a@example.test, b@example.test]}\n"
        '  teams: {"@Example/Ops": ops, "@ada": [ada@example.test]}\n'
        "  paths:\n"
        '    - {paths: ["*.conf"], roles: [ops], approvers: [c@example.test], needed: 3}\n'
    )
    assert found.consent == Consent(
        quorum=2,
        self_approval=SelfApproval.NEVER,
        expires_s=86_400,
        fresh_s=1800,
        signatures=True,
        signers=RepoPath("keys/allowed_signers"),
        carry=Carry.UNCHANGED,
        breakers=("on@example.test",),
        shared_accounts=("deploy", "?"),
    )
    ops = ("a@example.test", "b@example.test")
    assert found.paths == (Reserved(("*.conf",), (*ops, "c@example.test"), 3),)
    assert found.owners == (("@example/ops", ops), ("@ada", ("ada@example.test",)))
    assert not found.codeowners


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("{quorum: 0}", "approval.quorum: a number above 0"),
        ("{quorum: two}", "approval.quorum"),
        ("{self_approval: sometimes}", "approval.self_approval: 'sometimes' is none of"),
        ("{expires_days: 400}", "approval.expires_days: the number is too large"),
        ("{fresh_minutes: 0}", "approval.fresh_minutes"),
        ("{signatures: maybe}", "approval.signatures: 'maybe' is none of"),
        ("{signatures: required}", "signers has to name the file"),
        ("{signers: /etc/keys}", "matches nothing"),
        ("{signers: ../keys}", "matches nothing"),
        ("{carry: always}", "approval.carry: 'always' is none of"),
        ("{break_glass: [ada]}", "'ada' is no e-mail address"),
        ("{shared_accounts: ['a b']}", "no name of an account"),
        ("{codeowners: maybe}", "approval.codeowners"),
        ("{roles: {Ops: [a@example.test]}}", "no name of a role"),
        ("{roles: {ops: []}}", "the list is empty"),
        ("{teams: {ops: [a@example.test]}}", "no name as in CODEOWNERS"),
        ("{teams: {'@ops': ops}}", "'ops' is no role; approval.roles names them"),
        ("{teams: {'@ops': [ada]}}", "neither a role nor a list"),
        ("{roles: {dev: [a@example.test]}, teams: {'@ops': ops}}", "no role; there are dev"),
        ("{paths: [{paths: [a], roles: [ops]}]}", "'ops' is no role"),
        ("{paths: [{paths: [a]}]}", "wants 1 to approve and names 0"),
        (
            "{paths: [{paths: [a], approvers: [A@x.test, a@x.test], needed: 2}]}",
            "wants 2 to approve and names 1",
        ),
        ("{paths: [{path: [a]}]}", "did you mean paths?"),
        ("{qourum: 2}", "did you mean quorum?"),
    ],
)
def test_what_cannot_be_meant_is_named(section: str, words: str) -> None:
    """The place and the reason, in words."""
    with pytest.raises(PolicyError) as caught:
        read(f"approval: {section}\n")
    assert words in caught.value.message
