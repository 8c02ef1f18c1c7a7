"""`workflow whoami`: who somebody is here, how that is known, and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from workflow import identity, wiring
from workflow.cli import session
from workflow.cli.output import visible
from workflow.errors import WorkflowError
from workflow.git_store import discover
from workflow.identity import signatures
from workflow.types import Person, SelfApproval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.cli.output import Output
    from workflow.git_store import GitStore
    from workflow.identity import Mailmap, SingleUser
    from workflow.types import Consent, TreeId

KEYS = ("name", "email", "source", "account", "account_source", "single_user", "signing_key", "may")
"""The keys of the JSON object."""
_LABEL = 13


def run(output: Output) -> None:
    """Print who the user is, by git, by account and by key, and what the base lets them do."""
    git = discover(session.here())
    found, source = identity.known_identity(git)
    account, how = identity.known_account()
    person = Person(found, account)
    single = identity.single_user(git)
    commit = git.read_ref("HEAD")
    tree = git.tree_of(commit) if commit else None
    consent = _consent(git, tree)
    key = _key(git, tree, consent)
    may = _may(person, consent, single, key, identity.mailmap(git, tree) if tree else None)
    data = {
        "name": found.name,
        "email": found.email,
        "source": source,
        "account": None if account == identity.UNKNOWN_ACCOUNT else account,
        "account_source": how,
        "single_user": {"is_on": single.is_on, "origin": single.origin or None},
        "signing_key": key,
        "may": may,
        "next": "workflow keys",
    }
    lines = (
        _line("you", str(found), source),
        _line("account", "not known" if data["account"] is None else account, how),
        _line("single user", *_single(single)),
        _line("signing key", *_key_words(key)),
        *(_line("you may" if is_so else "you may not", said) for is_so, said in _words(may)),
    )
    output.result(data, *lines)
    output.next("workflow keys shows whose signatures count")


def _consent(git: GitStore, tree: TreeId | None) -> Consent:
    if tree is None:
        return wiring.built_in_policy().approvals.consent
    return wiring.read_policy(git, tree, wiring.read_settings(git, tree)).approvals.consent


def _key(git: GitStore, tree: TreeId | None, consent: Consent) -> dict[str, Any] | None:
    """The key that git signs with, and whose it is by the signers of the base."""
    key = signatures.own_key(git)
    if key is None:
        return None
    found: dict[str, Any] = {"key": str(key), "fingerprint": None, "principals": [], "problem": ""}
    try:
        found["fingerprint"] = signatures.key_fingerprint(key)
        if consent.signers is None or tree is None:
            return {**found, "problem": "the policy of the base names no file of signers"}
        listed = signatures.listed(signatures.signers(git, tree, consent.signers))
    except WorkflowError as error:
        return {**found, "problem": error.message}
    mine = [one for one in listed if one.fingerprint == found["fingerprint"]]
    problem = "" if mine else f"{consent.signers} of the base has no line for it"
    return {
        **found,
        "principals": [name for one in mine for name in one.principals],
        "problem": problem,
    }


def _may(
    person: Person,
    consent: Consent,
    single: SingleUser,
    key: dict[str, Any] | None,
    people: Mailmap | None,
) -> dict[str, Any]:
    known = people or identity.NO_MAILMAP
    own = {
        SelfApproval.NEVER: False,
        SelfApproval.SINGLE_USER: single.is_on,
        SelfApproval.ALLOWED: True,
    }
    listed = key["principals"] if key else []
    has_key = any(identity.is_named(person, name, known) for name in listed)
    is_known = person.account != identity.UNKNOWN_ACCOUNT
    return {
        "approve": is_known and (has_key or not consent.signatures),
        "approve_own": own[consent.self_approval],
        "break_glass": any(identity.is_named(person, one, known) for one in consent.breakers),
        "self_approval": consent.self_approval.value,
        "quorum": consent.quorum,
        "signed": consent.signatures,
    }


def _words(may: dict[str, Any]) -> Iterator[tuple[bool, str]]:
    people = "one person" if may["quorum"] == 1 else f"{may['quorum']} people"
    why = f"it needs {people}" + (", each with a signature" if may["signed"] else "")
    if not may["approve"]:
        why += "; yours is not known, or your account is not"
    yield may["approve"], f"approve what somebody else asked for ({why})"
    rule = f"the policy says {may['self_approval']}"
    yield may["approve_own"], f"approve what you asked for yourself ({rule})"
    yield may["break_glass"], "break the glass: land without an approval"


def _single(single: SingleUser) -> tuple[str, str]:
    said = f"workflow.singleUser in {single.origin}" if single.origin else "workflow.singleUser"
    return (
        ("on", said) if single.is_on else ("off", said if single.origin else f"{said} is not set")
    )


def _key_words(key: dict[str, Any] | None) -> tuple[str, str]:
    if key is None:
        return "none", "git's gpg.format is not ssh, or user.signingKey is not set"
    whose = ", ".join(key["principals"])
    return key["key"], key["problem"] or f"{whose}, {key['fingerprint']}"


def _line(label: str, said: str, how: str = "") -> Text:
    behind = (f"  ({visible(how)})", "dim") if how else ""
    return Text.assemble((f"{label:<{_LABEL}}", "bold"), visible(said), behind)
