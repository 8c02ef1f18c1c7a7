"""The words in which the offline surgeon says no, so that every refusal names part and way out."""

from __future__ import annotations

from workflow.errors import NotUnderstoodError, VagueRequestError

EXAMPLES = (
    "add a /collect endpoint that only allows POST",
    "allow origin https://app.example.com via CORS and CSP",
    "set proxy_read_timeout to 30s",
)
ABILITIES = (
    "offline, without a model, it can: add an endpoint or a health check, allow an origin in CORS"
    " or CSP, set a response header, a timeout, a body size, an upstream server or a proxy target,"
    " include a file, and enable HTTP/3, in nginx files. Say for example: "
    f"{'; '.join(EXAMPLES)}. Free-form requests need a model: set roles.surgeon in workflow.toml"
    " (docs/models.md)"
)


def printable(text: str) -> str:
    """Text from a request or a file, safe to show and not too long."""
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
    limit = 160
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def not_understood(part: str) -> NotUnderstoodError:
    """A part of the request that no pattern covers."""
    return NotUnderstoodError(
        f"the offline surgeon does not understand: '{printable(part)}'", hint=ABILITIES
    )


def refusal(reason: str, way_out: str = "") -> NotUnderstoodError:
    """Something that is understood but cannot be done, and why."""
    hint = way_out or ABILITIES
    return NotUnderstoodError(f"the offline surgeon: {printable(reason)}", hint=hint)


def vague(message: str, example: str) -> VagueRequestError:
    """A request that leaves out what to change."""
    return VagueRequestError(printable(message), hint=f"say for example: {example}")
