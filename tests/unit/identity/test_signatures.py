from __future__ import annotations

import base64
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.unit.identity.signers import ADA, BOB, FILE, NOW, signers_of
from workflow.identity import (
    Decision,
    SignatureError,
    Signers,
    signatures,
)
from workflow.identity.mailmap import read
from workflow.types import CommitId, Digest, TreeId

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.identity.conftest import Keys
    from workflow.identity import Statement

OURS = 'namespaces="approval@change-workflow"'


def test_a_signature_says_whose_key_it_is(
    statement: Statement, armored: str, allowed: Signers
) -> None:
    """The name comes from the allowed signers, with the key's type and fingerprint."""
    signed = signatures.verify(statement, armored, allowed, NOW)
    assert signed.principal == ADA
    assert signed.key_type == "ED25519"
    assert signed.key_fingerprint == signatures.listed(allowed)[0].fingerprint


def test_the_case_of_an_address_does_not_matter(
    keys: Keys, by_ada: Statement, allowed: Signers
) -> None:
    """Git, the policy and the signers may write an address in different cases."""
    shouted = replace(by_ada, approver=ADA.upper())
    armored = signatures.sign(shouted, keys.path("ada"))
    assert signatures.verify(by_ada, armored, allowed, NOW).principal == ADA
    assert signatures.verify(shouted, armored, allowed, NOW).principal == ADA


REPLAYS = {
    "another repository": {"repository": "repo-fedcba9876543210"},
    "another proposal": {"digest": Digest("sha256:" + "d" * 64)},
    "another base": {"base": CommitId("e" * 40)},
    "another tree": {"tree": TreeId("e" * 40)},
    "another decision": {"decision": Decision.BREAK_GLASS},
    "another end": {"expires": "2027-02-01T00:00:00Z"},
}


@pytest.mark.parametrize("changes", REPLAYS.values(), ids=REPLAYS)
def test_a_signature_is_for_one_statement(
    statement: Statement, armored: str, allowed: Signers, changes: dict[str, object]
) -> None:
    """A yes cannot be used for anything but what was signed."""
    other = replace(statement, **changes)  # type: ignore[arg-type]  # a field and its value
    with pytest.raises(SignatureError, match="not over this statement"):
        signatures.verify(other, armored, allowed, NOW)


def test_a_signature_for_another_namespace_does_not_count(
    keys: Keys, by_ada: Statement, allowed: Signers
) -> None:
    """What signs commits or files signs no approvals, even over the very bytes."""
    armored = signatures.sign_bytes(signatures.message(by_ada), "git", keys.path("ada"))
    with pytest.raises(SignatureError, match="made for 'git'"):
        signatures.verify(by_ada, armored, allowed, NOW)


def test_somebody_elses_name_does_not_count(
    keys: Keys, by_ada: Statement, armored: str, allowed: Signers
) -> None:
    """Who signs with their own key and writes another's name is refused."""
    forged = signatures.sign(by_ada, keys.path("bob"))
    with pytest.raises(SignatureError, match=r"by bob@example\.test, not by ada@"):
        signatures.verify(by_ada, forged, allowed, NOW)
    signatures.verify(by_ada, armored, allowed, NOW)


REFUSED = {
    "nobody": ("", "has no line for the key SHA256:"),
    "another key": (f"{ADA} BOBS", "has no line for the key SHA256:"),
    "expired": (f'{ADA} valid-before="20260109" KEY', f"{FILE}:1: key has expired"),
    "not yet": (f'{ADA} valid-after="20260111" KEY', f"{FILE}:1: key is not yet valid"),
    "another namespace": (f'{ADA} namespaces="git" KEY', "not permitted for use"),
    "an authority only": (f"{ADA} cert-authority KEY", "nobody who is allowed"),
    "a pattern": ("*@example.test KEY", "to no single e-mail address"),
    "a negation": (f"!{ADA} KEY", "to no single e-mail address"),
    "two on a line": (f"{ADA},{BOB} KEY", f"one key to {ADA} and to {BOB}"),
    "two lines": (f"{ADA} KEY\n{BOB} KEY", f"one key to {ADA} and to {BOB}"),
    "an unknown option": (f"{ADA} bogus=1 KEY", f"{FILE}:1: bad options"),
}


@pytest.mark.parametrize(("lines", "said"), REFUSED.values(), ids=REFUSED)
def test_a_key_counts_for_one_person_at_its_time(
    keys: Keys, statement: Statement, armored: str, lines: str, said: str
) -> None:
    """Who may not sign is told why, with the line of the file where there is one."""
    file = signers_of(lines.replace("KEY", keys.public("ada")).replace("BOBS", keys.public("bob")))
    with pytest.raises(SignatureError) as caught:
        signatures.verify(statement, armored, file, NOW)
    assert said in caught.value.message


def test_all_lines_of_a_key_are_looked_at(keys: Keys, statement: Statement, armored: str) -> None:
    """A key may have a line for git and one for approvals; each is only for what it says."""
    key = keys.public("ada")
    both = signers_of(f'old@example.test namespaces="git" {key}', f"{ADA} {OURS} {key}")
    assert signatures.verify(statement, armored, both, NOW).principal == ADA
    renewed = signers_of(
        f'{ADA} valid-before="20250101" {key}', f'{ADA} valid-after="20260101" {key}'
    )
    assert signatures.verify(statement, armored, renewed, NOW).principal == ADA


def test_two_addresses_of_one_person_may_share_a_key(
    keys: Keys, statement: Statement, armored: str
) -> None:
    """Where the mailmap connects the addresses of a key, it is one person's."""
    file = signers_of(f"ada@old.test,{ADA} {keys.public('ada')}")
    people = read(f"<{ADA}> <ada@old.test>\n")
    assert signatures.verify(statement, armored, file, NOW, people).principal == ADA
    with pytest.raises(SignatureError, match="one key to"):
        signatures.verify(statement, armored, file, NOW)


def test_dates_are_read_in_utc(
    keys: Keys, statement: Statement, armored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same file allows the same on machines in all parts of the world."""
    file = signers_of(f'{ADA} valid-before="202601100000" {keys.public("ada")}')
    for zone in ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
        monkeypatch.setenv("TZ", zone)
        signatures.verify(statement, armored, file, NOW - timedelta(seconds=1))
        with pytest.raises(SignatureError, match="expired"):
            signatures.verify(statement, armored, file, NOW + timedelta(seconds=1))


def test_a_statement_is_handed_in_before_its_end(
    statement: Statement, armored: str, allowed: Signers
) -> None:
    """A signature that turns up late does not count, however good it is."""
    end = datetime.fromisoformat(statement.expires)
    signatures.verify(statement, armored, allowed, end - timedelta(seconds=1))
    with pytest.raises(SignatureError, match="before 2026-02-01"):
        signatures.verify(statement, armored, allowed, end)


def test_a_revoked_key_does_not_count(keys: Keys, statement: Statement, armored: str) -> None:
    """Neither one in a list of keys, nor any while the list cannot be read."""
    line = f"{ADA} {keys.public('ada')}"
    others = signers_of(line, revoked=keys.public("bob").encode())
    signatures.verify(statement, armored, others, NOW)
    for revoked in (keys.public("ada").encode(), b"no key at all"):
        with pytest.raises(SignatureError, match="does not hold"):
            signatures.verify(statement, armored, signers_of(line, revoked=revoked), NOW)


def test_an_authority_vouches_for_its_names_only(
    keys: Keys, by_ada: Statement, statement: Statement
) -> None:
    """A certificate counts for who it names, as far as the file lets its authority name them."""
    authority = f"cert-authority {keys.public('authority')}"
    armored = signatures.sign(by_ada, keys.certificate("cleo", "authority", ADA))
    signed = signatures.verify(statement, armored, signers_of(f"*@example.test {authority}"), NOW)
    assert (signed.principal, signed.key_type) == (ADA, "ED25519-CERT")
    for names in ("*@other.test", f"!{ADA},*@example.test"):
        with pytest.raises(SignatureError, match=r"nobody who is allowed|does not hold"):
            signatures.verify(statement, armored, signers_of(f"{names} {authority}"), NOW)
    file = signers_of(f"*@example.test {authority}", revoked=keys.public("cleo").encode())
    with pytest.raises(SignatureError, match="does not hold"):
        signatures.verify(statement, armored, file, NOW)


def test_a_certificate_for_two_people_does_not_count(
    keys: Keys, by_ada: Statement, statement: Statement
) -> None:
    """With it, one of them would be a quorum."""
    armored = signatures.sign(by_ada, keys.certificate("dora", "authority", ADA, BOB))
    file = signers_of(f"*@example.test cert-authority {keys.public('authority')}")
    with pytest.raises(SignatureError, match="one key to"):
        signatures.verify(statement, armored, file, NOW)


def _without_magic(text: str) -> str:
    first, *body, last = text.splitlines()
    data = base64.b64decode("".join(body)).removeprefix(b"SSHSIG\0\0\0\1")
    return "\n".join((first, base64.b64encode(data).decode(), last))


DAMAGE: dict[str, tuple[Callable[[str], str], str]] = {
    "nothing": (lambda _: "", "no SSH signature"),
    "another text": (lambda _: "yes, I approve", "no SSH signature"),
    "its first line": (lambda text: text.splitlines()[0], "no SSH signature"),
    "without its end": (lambda text: "\n".join(text.splitlines()[:-1]), "cut off"),
    "without a line": (
        lambda text: "\n".join(text.splitlines()[:1] + text.splitlines()[2:]),
        "damaged",
    ),
    "two of them": (lambda text: text + text, "damaged"),
    "not base64": (lambda text: text.replace("U1NIU0lH", "U1N*U0lH"), "damaged"),
    "another magic": (lambda text: text.replace("U1NIU0lH", "U1NIU0lI"), "damaged"),
    "no magic": (_without_magic, "damaged"),
    "a changed byte": (
        lambda text: text[:-60] + ("A" if text[-60] != "A" else "B") + text[-59:],
        "not over this statement",
    ),
    "far too long": (lambda text: text + " " * 70_000, "no SSH signature"),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_signature_is_refused(
    statement: Statement,
    armored: str,
    allowed: Signers,
    damage: Callable[[str], str],
    said: str,
) -> None:
    """Whatever a person pastes in, it is refused in words and never half read."""
    with pytest.raises(SignatureError, match=said):
        signatures.verify(statement, damage(armored), allowed, NOW)


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_keys_of_other_kinds_sign(keys: Keys, by_ada: Statement, kind: str) -> None:
    """Whatever `ssh-keygen` signs with counts."""
    path = keys.path(f"ada-{kind}", kind)
    file = signers_of(f"{ADA} {keys.public(path.name)}")
    assert signatures.verify(by_ada, signatures.sign(by_ada, path), file, NOW).principal == ADA


def test_bytes_are_signed_for_a_namespace(keys: Keys, allowed: Signers) -> None:
    """Other parts sign bytes of their own under names of their own."""
    armored = signatures.sign_bytes(b"facts\n", "ledger@change-workflow", keys.path("bob"))
    check = ("ledger@change-workflow", allowed, NOW)
    assert signatures.verify_bytes(b"facts\n", armored, *check).principal == BOB
    with pytest.raises(SignatureError, match="not over this statement"):
        signatures.verify_bytes(b"facts", armored, *check)
    with pytest.raises(SignatureError, match="made for 'ledger@change-workflow'"):
        signatures.verify_bytes(b"facts\n", armored, signatures.NAMESPACE, allowed, NOW)


def test_a_statement_is_signed_elsewhere(
    keys: Keys, by_ada: Statement, statement: Statement, allowed: Signers, tmp_path: Path
) -> None:
    """The printed bytes, signed by hand with `ssh-keygen`, count as those signed by us."""
    (tmp_path / "yes.json").write_bytes(signatures.message(by_ada))
    words = (
        "-q",
        "-Y",
        "sign",
        "-n",
        signatures.NAMESPACE,
        "-f",
        str(keys.path("ada")),
        "yes.json",
    )
    subprocess.run(["ssh-keygen", *words], cwd=tmp_path, check=True, capture_output=True)
    armored = (tmp_path / "yes.json.sig").read_text()
    assert signatures.verify(statement, armored, allowed, NOW).principal == ADA


def test_the_statement_is_one_line_of_json(by_ada: Statement) -> None:
    """Who signs it can read it, and the same statement always is the same bytes."""
    assert signatures.message(by_ada) == (
        b'{"approver":"ada@example.test","base":"' + b"b" * 40 + b'","decision":"approve",'
        b'"digest":"sha256:' + b"a" * 64 + b'","expires":"2026-02-01T00:00:00Z",'
        b'"repository":"repo-0123456789abcdef","tree":"' + b"c" * 40 + b'",'
        b'"type":"change-workflow/statement/1"}\n'
    )
