"""`workflow tokens`: make, list and revoke what lets somebody use the page and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from workflow import identity
from workflow.cli import session
from workflow.cli.output import visible
from workflow.identity import Grant, TokenError, tokens
from workflow.types import Identity, Person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.cli.output import Output
    from workflow.identity import Scope, Token

KEYS = ("id", "name", "person", "scopes", "made", "expires", "revoked", "state")
"""The keys of a token; its secret is printed by `tokens create` alone, as `secret`."""
_LIST = "workflow tokens list"


@dataclass(frozen=True, slots=True)
class Asked:
    """A token as it was asked for: `person` is `NAME <EMAIL>`, empty for one's own."""

    name: str
    scopes: tuple[Scope, ...]
    days: int
    person: str = ""


def create(output: Output, asked: Asked) -> None:
    """Make a token, and print its secret for the only time."""
    repository = session.open_repository(output)
    by = identity.local(repository.git)
    person = _person(asked.person) if asked.person else by
    grant = Grant(person, asked.scopes, asked.name, asked.days)
    secret, token = tokens.create(repository.store.connection, grant, by, datetime.now(UTC))
    following = f"workflow tokens revoke {token.id}, when it is needed no more"
    output.result({"token": _row(token), "secret": secret, "next": following}, _line(token), secret)
    output.note("this is the only time that the secret is shown; keep it where secrets are kept")
    output.next(following)


def list_tokens(output: Output) -> None:
    """Print a line for each token that was ever made."""
    repository = session.open_repository(output)
    found = tokens.rows(repository.store.connection)
    following = "workflow tokens create NAME --scope read"
    lines = [_line(token) for token in found] or [Text("there is no token")]
    output.result({"tokens": [_row(token) for token in found], "next": following}, *lines)
    output.next(following)


def revoke(output: Output, which: str) -> None:
    """Revoke a token, by its number or by a name that only one has."""
    repository = session.open_repository(output)
    number = _number(tokens.rows(repository.store.connection), which)
    by = identity.local(repository.git)
    token = tokens.revoke(repository.store.connection, number, by, datetime.now(UTC))
    output.result({"token": _row(token), "next": _LIST}, _line(token))
    output.next(_LIST)


def _number(found: Sequence[Token], which: str) -> int:
    """The number of the token that is meant.  Raises `TokenError` where that is not clear."""
    named = [one.id for one in found if which == str(one.id)]
    named = named or [one.id for one in found if one.name == which]
    if len(named) != 1:
        many = f"{len(named)} tokens are named" if named else "there is no token"
        message = f"{many} {which}"
        raise TokenError(message, hint=f"give its number: {_LIST}")
    return named[0]


def _person(text: str) -> Person:
    """The person that `NAME <EMAIL>` is.

    Raises `TokenError` when it is not of that form.
    """
    name, found, rest = text.strip().partition(" <")
    if not found or not rest.endswith(">"):
        message = f"{text!r} is not a person as git names one"
        raise TokenError(message, hint='--for "Ada Author <ada@example.test>"')
    return Person(Identity(name.strip(), rest.removesuffix(">")))


def _row(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "person": str(token.person),
        "scopes": [scope.value for scope in token.scopes],
        "made": token.made,
        "expires": token.expires,
        "revoked": token.revoked or None,
        "state": _state(token),
    }


def _state(token: Token) -> str:
    if token.revoked:
        return "revoked"
    is_over = datetime.now(UTC) >= datetime.fromisoformat(token.expires)
    return "expired" if is_over else "good"


def _line(token: Token) -> Text:
    state = _state(token)
    ends = f"revoked {token.revoked}" if token.revoked else f"{state} until {token.expires}"
    if state == "expired":
        ends = f"expired {token.expires}"
    scopes = ", ".join(token.scopes)
    return Text.assemble(
        (f"{token.id:>4}  {token.name}  ", "bold"),
        f"{visible(str(token.person))}  {scopes}  ",
        (ends, "" if state == "good" else "dim"),
    )
