from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from workflow import ledger
from workflow.database import FILE, connect
from workflow.identity import Grant, Scope, TokenError, are_same, tokens
from workflow.types import Identity, Person, Proof

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
ADA = Person(Identity("Ada Author", "ada@example.test"), "ada")
BOB = Person(Identity("Bob <Builder", "bob@example.test"))
BOB = replace(BOB, identity=replace(BOB.identity, name="Bob Builder"))
FOR_BOB = Grant(BOB, (Scope.APPROVE, Scope.PROPOSE), "page", 30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Return a store of its own."""
    connection = connect(tmp_path / "store")
    yield connection
    connection.close()


def test_a_token_is_found_by_its_secret(store: sqlite3.Connection) -> None:
    """It says whose it is, what it is good for, and that a token is the proof."""
    secret, made = tokens.create(store, FOR_BOB, ADA, NOW)
    found = tokens.find(store, secret, NOW)
    assert found == made
    assert found.person == Person(BOB.identity, "token:ada", Proof.TOKEN)
    assert found.scopes == (Scope.PROPOSE, Scope.APPROVE)
    assert (found.made, found.expires) == ("2026-01-10T12:00:00Z", "2026-02-09T12:00:00Z")
    assert tokens.rows(store) == (made,)


def test_a_scope_is_only_what_was_given(store: sqlite3.Connection) -> None:
    """Every token may read, one for everything may do everything, and others what they say."""
    _, one = tokens.create(store, FOR_BOB, ADA, NOW)
    assert [scope for scope in Scope if one.allows(scope)] == ["read", "propose", "approve"]
    _, other = tokens.create(store, replace(FOR_BOB, scopes=(Scope.ADMIN,)), ADA, NOW)
    assert all(map(other.allows, Scope))


def test_the_secret_is_not_kept(store: sqlite3.Connection, tmp_path: Path) -> None:
    """Neither the store, nor its journal, nor the ledger holds a secret or a part of it."""
    secret, token = tokens.create(store, FOR_BOB, ADA, NOW)
    tokens.revoke(store, token.id, ADA, NOW)
    assert tokens.find(store, secret, NOW) is None
    written = b"".join(path.read_bytes() for path in (tmp_path / "store").iterdir())
    assert FILE in {path.name for path in (tmp_path / "store").iterdir()}
    for start in range(4, len(secret) - 8):
        assert secret[start : start + 8].encode() not in written
    assert b"token-made" in written
    assert "cwt_" not in repr(token)


def test_secrets_are_random_and_checked(store: sqlite3.Connection) -> None:
    """No two are alike, and a scanner can tell a real one by its checksum."""
    secrets = [tokens.create(store, FOR_BOB, ADA, NOW)[0] for _ in range(20)]
    assert len({secret[4:12] for secret in secrets}) == 20
    for secret in secrets:
        assert len(secret) == 53
        assert secret.isascii()
        value = 0
        for digit in secret[-6:]:
            value = value * 62 + tokens._DIGITS.index(digit)
        assert value == zlib.crc32(secret[4:-6].encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda secret: secret[:-1] + ("0" if secret[-1] != "0" else "1"),
        lambda secret: secret[:10] + ("0" if secret[10] != "0" else "1") + secret[11:],
        lambda secret: secret + "\n",
        lambda secret: secret[:-1] + "\udcff",
        lambda secret: secret.removeprefix("cwt_"),
        lambda secret: secret.upper(),
        lambda _: "",
        lambda _: "cwt_" + "0" * 49,
    ],
)
def test_another_secret_finds_nothing(store: sqlite3.Connection, change: object) -> None:
    """Only the very secret counts."""
    assert callable(change)
    secret, _ = tokens.create(store, FOR_BOB, ADA, NOW)
    assert tokens.find(store, change(secret), NOW) is None


def test_a_token_ends(store: sqlite3.Connection) -> None:
    """After its days it is not found, by our clock."""
    secret, token = tokens.create(store, FOR_BOB, ADA, NOW)
    end = datetime.fromisoformat(token.expires)
    assert end - NOW == timedelta(days=30)
    assert tokens.find(store, secret, end - timedelta(seconds=1))
    assert tokens.find(store, secret, end) is None


def test_a_revoked_token_stays_revoked(store: sqlite3.Connection) -> None:
    """It is not found any more, it is told once in the ledger, and the others are as before."""
    secret, token = tokens.create(store, FOR_BOB, ADA, NOW)
    other, _ = tokens.create(store, FOR_BOB, ADA, NOW)
    first = tokens.revoke(store, token.id, ADA, NOW)
    assert first.revoked == "2026-01-10T12:00:00Z"
    assert tokens.revoke(store, token.id, BOB, NOW + timedelta(days=1)) == first
    assert tokens.find(store, secret, NOW) is None
    assert tokens.find(store, other, NOW)
    events = [row.event for row in ledger.rows(store)]
    assert events == ["token-made", "token-made", "token-revoked"]
    with pytest.raises(TokenError, match="no token 3"):
        tokens.revoke(store, 3, ADA, NOW)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE tokens SET scopes = 'approve land'",
        "UPDATE tokens SET expires = '2030-01-01T00:00:00Z'",
        "UPDATE tokens SET person = 'Eve <eve@example.test>'",
        "UPDATE tokens SET account = ''",
        "UPDATE tokens SET id = 7",
        "UPDATE tokens SET revoked = '2026-01-10T12:00:00Z'",
    ],
)
def test_an_edited_row_is_no_token(store: sqlite3.Connection, edit: str) -> None:
    """What the ledger does not say of a token does not count."""
    secret, _ = tokens.create(store, FOR_BOB, ADA, NOW)
    assert tokens.find(store, secret, NOW)
    store.execute(edit)
    assert tokens.find(store, secret, NOW) is None


def test_a_token_cannot_be_revived(store: sqlite3.Connection) -> None:
    """Taking the note of its end out of the row does not bring a token back."""
    secret, token = tokens.create(store, FOR_BOB, ADA, NOW)
    tokens.revoke(store, token.id, ADA, NOW)
    store.execute("UPDATE tokens SET revoked = NULL")
    assert tokens.find(store, secret, NOW) is None


def test_a_token_for_oneself_is_oneself(store: sqlite3.Connection) -> None:
    """Under whatever name somebody asks with a token of their own, the account is theirs."""
    _, mine = tokens.create(store, replace(FOR_BOB, person=ADA), ADA, NOW)
    assert mine.person.account == "ada"
    assert are_same(mine.person, Person(Identity("Agent", "agent@example.test"), "ada"))


def test_a_token_for_another_is_not_a_second_yes(store: sqlite3.Connection) -> None:
    """Who asks at an account cannot approve with a token that was made there for somebody else."""
    _, token = tokens.create(store, FOR_BOB, ADA, NOW)
    assert are_same(token.person, ADA)
    _, other = tokens.create(
        store, replace(FOR_BOB, person=Person(Identity("Cleo", "cleo@example.test"))), ADA, NOW
    )
    assert not are_same(token.person, other.person)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "Page"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "x" * 41}, "name"),
        ({"scopes": ()}, "scope"),
        ({"days": 0}, "0 days"),
        ({"days": 367}, "367 days"),
        ({"person": Person(Identity("Ada", "ada"))}, "person"),
        ({"person": Person(Identity("Ada", "a@b@c"))}, "person"),
        ({"person": Person(Identity("A <x@y> \n", "ada@example.test"))}, "person"),
    ],
)
def test_what_cannot_be_is_refused(
    store: sqlite3.Connection, changes: dict[str, object], said: str
) -> None:
    """A wrong name, address or number of days makes no token, and no row anywhere."""
    with pytest.raises(TokenError, match=said):
        tokens.create(store, replace(FOR_BOB, **changes), ADA, NOW)  # type: ignore[arg-type]  # a field and its value
    assert tokens.rows(store) == ()
    assert list(ledger.rows(store)) == []
