"""Finds a provider's key, in the environment or the keyring, and keeps it for its own address.

A key is never read from the repository, and an address that a repository names is not given one:
whoever can commit a `workflow.toml` could have the key sent to themselves.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import process
from workflow.config import VENDORS, may_have_key
from workflow.errors import RefusedError, WorkflowError
from workflow.providers.remote import (
    ANTHROPIC_KEY_VARIABLE,
    OPENAI_KEY_VARIABLE,
    MissingKeyError,
)
from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "change-workflow"
"""The name under which the keyring has keys; the user's name there is the provider's."""
COMPATIBLE_KEY_VARIABLE = "WORKFLOW_COMPATIBLE_API_KEY"
VARIABLES: Mapping[str, str] = {
    "openai": OPENAI_KEY_VARIABLE,
    "anthropic": ANTHROPIC_KEY_VARIABLE,
    "compatible": COMPATIBLE_KEY_VARIABLE,
}
"""The variable of each remote provider."""
NO_KEY = "none"
"""What a server on this machine is sent where no key is set."""
# Long enough to type a password; a keyring may also ask on a desktop where nobody is.
_KEYRING_S = 20.0
_KEYRING_BYTES = 16 * 1024
_MAX_KEY = 4096
# What a keyring's backend needs to find the desktop and its own files; no other key is among it.
_KEYRING_VARIABLES = frozenset(
    {"DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "GNOME_KEYRING_CONTROL", "HOME", "LANG", "LOGNAME"}
    | {"PATH", "PYTHON_KEYRING_BACKEND", "PYTHONPATH", "USER", "WAYLAND_DISPLAY", "XAUTHORITY"}
)
_KEYRING_PREFIXES = ("KEYRING_PROPERTY_", "XDG_")


class MalformedKeyError(WorkflowError):
    """What is set as a key is none: it has blanks or line feeds inside, or is far too long."""


class ForeignAddressError(RefusedError):
    """A key would go to an address that is neither its vendor's nor this machine's own."""


def key(provider: str) -> str:
    """The key of a provider, from the environment, else from the keyring.

    Raises `MissingKeyError` where neither has one, and `MalformedKeyError` for what is no key.
    """
    found, source_name = _found(provider)
    if not found:
        variable = VARIABLES[provider]
        message = f"the key of {provider} is missing: {variable} is not set, nor is it in a keyring"
        raise MissingKeyError(
            message,
            hint=f"export {variable}=…, or `python -m keyring set {SERVICE} {provider}`, or choose "
            "the offline provider",
        )
    if len(found) > _MAX_KEY or not (found.isascii() and found.isprintable() and " " not in found):
        message = f"the key of {provider} in the {source_name} is none: " + (
            f"it has {len(found):,} characters"
            if len(found) > _MAX_KEY
            else "it has blanks, line feeds or letters inside that no key has"
        )
        raise MalformedKeyError(
            message, hint="copy it again, and set it without quotes and line feeds"
        )
    return found


def source(provider: str) -> str:
    """Where the key of a provider comes from: `environment`, `keyring`, or empty for nowhere."""
    return _found(provider)[1]


def key_for(provider: str, base_url: str, *, is_own_choice: bool = False) -> str:
    """The key of a provider for requests to `base_url`.

    A vendor's key goes to the vendor's hosts, the key of a compatible server to this machine.  Any
    other address has to be the own choice of who runs the command, which is one that their
    environment gives and not the repository.  A compatible server on this machine may well want no
    key: `NO_KEY` stands for it.

    Raises `ForeignAddressError` for another address, and what `key` raises.
    """
    if not (is_own_choice or may_have_key(provider, base_url)):
        message = f"the key of {provider} is not sent to {one_line(base_url)}"
        raise ForeignAddressError(
            message,
            hint=f"set WORKFLOW_PROVIDERS__{provider.upper()}__BASE_URL in your environment, if "
            "that is where it belongs",
        )
    try:
        return key(provider)
    except MissingKeyError:
        if provider not in VENDORS and may_have_key(provider, base_url):
            return NO_KEY
        raise


def _found(provider: str) -> tuple[str, str]:
    """A key and where it is from; both empty where there is none."""
    set_there = os.environ.get(VARIABLES[provider], "").strip()
    if set_there:
        return set_there, "environment"
    kept = _from_keyring(provider)
    return kept, "keyring" if kept else ""


def _from_keyring(provider: str) -> str:
    """The keyring's key, empty where there is no keyring, it is locked, fails, or does not answer.

    It is asked in a process of its own, which can be ended: some wait for a person without end.
    """
    if importlib.util.find_spec("keyring") is None:
        return ""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in _KEYRING_VARIABLES or name.startswith(_KEYRING_PREFIXES)
    }
    # NOTE: -P and the folder, since a repository could have a `keyring.py` of its own.
    ran = process.run(
        [sys.executable, "-P", "-m", "keyring", "get", SERVICE, provider],
        env=environment,
        cwd=Path("/"),
        timeout=_KEYRING_S,
        max_output=_KEYRING_BYTES,
    )
    return ran.stdout.decode("utf-8", "replace").strip() if ran.is_ok else ""
