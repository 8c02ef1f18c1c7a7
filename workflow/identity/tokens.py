"""Tokens for the page and the API: made once, kept as a hash, for a time, until revoked.

The secret has 256 random bits, so a plain SHA-256 of it can be kept: a slow hash is for what people
think up, and nobody guesses 256 bits.  It is found by that hash in an index: what timing could tell
is how far a wrong hash agrees with a right one, which does not help to find a secret for it.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import string
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workflow import ledger
from workflow.database import transaction
from workflow.identity.interface import TOKEN_ACCOUNT, Scope, Token, TokenError
from workflow.identity.same import is_named
from workflow.types import Identity, Person, Proof

if TYPE_CHECKING:
    import sqlite3

    from workflow.identity.interface import Grant

PREFIX = "cwt_"
DEFAULT_DAYS, MOST_DAYS = 90, 366
_BITS = 256
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BODY, _CHECK = 43, 6
"""Digits of base 62 that 256 random bits take, and 32 bits of checksum."""
_SECRET = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_BODY + _CHECK}}}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}")
_KEPT = ("name", "person", "account", "scopes", "hash", "made", "expires")
_COLUMNS = ", ".join(("id", *_KEPT, "revoked"))
_MADE, _REVOKED = "token-made", "token-revoked"


def create(
    connection: sqlite3.Connection, grant: Grant, by: Person, at: datetime
) -> tuple[str, Token]:
    """Make a token: its secret, which is never to be had again, and what is kept of it.

    `by` makes it, at their account.  A token for oneself acts from that account; one for somebody
    else is told apart from it, so that who asked for a change there cannot approve it with a token
    that they made (`are_same`).

    Raises `TokenError` for a name, an address or a number of days that cannot be.
    """
    _require_sound(grant)
    secret = _new_secret()
    made = at.astimezone(UTC).replace(microsecond=0)
    is_own = is_named(by, grant.person.identity.email)
    row = {
        "name": grant.name,
        "person": str(grant.person),
        "account": by.account if is_own or not by.account else TOKEN_ACCOUNT + by.account,
        "scopes": " ".join(scope for scope in Scope if scope in grant.scopes),
        "hash": _hash(secret),
        "made": _moment(made),
        "expires": _moment(made + timedelta(days=grant.days)),
    }
    with transaction(connection):
        number = connection.execute(
            "INSERT INTO tokens (name, person, account, scopes, hash, made, expires)"
            " VALUES (:name, :person, :account, :scopes, :hash, :made, :expires) RETURNING id",
            row,
        ).fetchone()["id"]
        fact = {"token": number, **row, "by": str(by), "by_account": by.account}
        ledger.append(connection, _MADE, fact)
    return secret, _get(connection, number)


def find(connection: sqlite3.Connection, secret: str, at: datetime) -> Token | None:
    """The token that a secret belongs to, unless it has expired by `at` or is revoked.

    A row that is not what the ledger says of it is no token.
    """
    if _SECRET.fullmatch(secret) is None:
        return None
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM tokens WHERE hash = ?",  # noqa: S608 - a constant
        (_hash(secret),),
    ).fetchone()
    if row is None or row["revoked"] or not _is_of_ledger(connection, row):
        return None
    token = _token(row)
    return token if at < datetime.fromisoformat(token.expires) else None


def revoke(connection: sqlite3.Connection, number: int, by: Person, at: datetime) -> Token:
    """Revoke a token for good; one that is revoked stays as it is.

    Raises `TokenError` when there is none of that number.
    """
    with transaction(connection):
        token = _get(connection, number)
        if not token.revoked:
            connection.execute("UPDATE tokens SET revoked = ? WHERE id = ?", (_moment(at), number))
            fact = {"token": number, "name": token.name, "person": str(token.person)}
            who = {"by": str(by), "by_account": by.account}
            ledger.append(connection, _REVOKED, {**fact, **who})
        return _get(connection, number)


def rows(connection: sqlite3.Connection) -> tuple[Token, ...]:
    """Every token that was ever made, oldest first."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM tokens ORDER BY id"  # noqa: S608 - a constant
    )
    return tuple(map(_token, found))


def _get(connection: sqlite3.Connection, number: int) -> Token:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM tokens WHERE id = ?",  # noqa: S608 - a constant
        (number,),
    ).fetchone()
    if row is None:
        message = f"there is no token {number}"
        raise TokenError(message, hint="workflow tokens list")
    return _token(row)


def _is_of_ledger(connection: sqlite3.Connection, row: sqlite3.Row) -> bool:
    """Whether the ledger says that this very token was made, and not that it was revoked."""
    with ledger.in_words(connection):
        facts = {
            event: connection.execute(
                "SELECT body FROM ledger WHERE event = ? AND json_extract(body, '$.token') = ?",
                (event, row["id"]),
            ).fetchall()
            for event in (_MADE, _REVOKED)
        }
        if len(facts[_MADE]) != 1 or facts[_REVOKED]:
            return False
        made = json.loads(facts[_MADE][0]["body"])
    return all(made.get(key) == row[key] for key in _KEPT)


def _token(row: sqlite3.Row) -> Token:
    name, _, email = str(row["person"]).removesuffix(">").rpartition(" <")
    return Token(
        id=row["id"],
        name=row["name"],
        person=Person(Identity(name, email), row["account"], Proof.TOKEN),
        scopes=tuple(map(Scope, row["scopes"].split())),
        made=row["made"],
        expires=row["expires"],
        revoked=row["revoked"] or "",
    )


def _require_sound(grant: Grant) -> None:
    """Raise `TokenError` for what no token can be made of."""
    if not _NAME.fullmatch(grant.name):
        message = f"{grant.name!r} cannot be a token's name"
        raise TokenError(message, hint="small letters, digits and -, at most 40, such as ci-page")
    if not grant.scopes:
        message = "a token without a scope is good for nothing"
        raise TokenError(message, hint="--scope read")
    if not 1 <= grant.days <= MOST_DAYS:
        message = f"a token cannot hold for {grant.days} days"
        raise TokenError(message, hint=f"1 to {MOST_DAYS} days; {DEFAULT_DAYS} without --days")
    who = grant.person.identity
    if not _ADDRESS.fullmatch(who.email) or set("<>\n\r\0") & set(who.name):
        message = f"{str(who)!r} is not a person as git names one"
        raise TokenError(message, hint='--for "Ada Author <ada@example.test>"')


def _new_secret() -> str:
    body = _in_digits(secrets.randbits(_BITS), _BODY)
    return f"{PREFIX}{body}{_checksum(body)}"


def _checksum(body: str) -> str:
    """What a scanner can tell a real token by without asking anybody; it keeps no one out."""
    return _in_digits(zlib.crc32(body.encode()), _CHECK)


def _in_digits(number: int, length: int) -> str:
    found = ""
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        found = _DIGITS[digit] + found
    return found


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
