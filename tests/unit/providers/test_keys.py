"""Keys come from the environment or a real keyring, and go to their own address only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from workflow.providers import keys
from workflow.providers.keys import ForeignAddressError, MalformedKeyError, key, key_for, source
from workflow.providers.remote import ANTHROPIC_URL, OPENAI_URL, MissingKeyError

if TYPE_CHECKING:
    from pathlib import Path

# Not one text, so that no scanner takes it for a key.
KEY = "-".join(["sk", "test", "0" * 8])
BACKEND = """
import json, pathlib, sys, time
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

class Keyring(KeyringBackend):
    priority = 9

    def set_password(self, service, username, password):
        pass

    def get_password(self, service, username):
        {body}
"""
LOOKS = "return {('change-workflow', 'openai'): '%s'}.get((service, username))"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the keys of who runs these tests, and their keyring."""
    for variable in keys.VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a keyring of its own, which has a key of openai; returns the file with its code."""
    folder = tmp_path / "backends"
    folder.mkdir()
    file = folder / "shelf.py"
    file.write_text(BACKEND.format(body=LOOKS % KEY))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "shelf.Keyring")
    return file


@pytest.mark.parametrize("provider", ["openai", "anthropic", "compatible"])
def test_the_environment_has_it(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each provider has a variable; what stands around the key in it does not count."""
    monkeypatch.setenv(keys.VARIABLES[provider], f" {KEY}\n")
    assert (key(provider), source(provider)) == (KEY, "environment")


@pytest.mark.usefixtures("keyring")
def test_the_keyring_has_it() -> None:
    """It is asked by our name and the provider's, and only for that provider."""
    assert (key("openai"), source("openai")) == (KEY, "keyring")
    assert source("anthropic") == ""


def test_the_environment_is_asked_first(keyring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets a variable means it, and no keyring is started."""
    keyring.write_text("raise SystemExit('asked')")
    monkeypatch.setenv("OPENAI_API_KEY", KEY + "1")
    assert key("openai") == KEY + "1"


def test_nothing_has_it() -> None:
    """The message names the variable, the hint every way out."""
    assert source("anthropic") == ""
    with pytest.raises(MissingKeyError, match="ANTHROPIC_API_KEY is not set") as raised:
        key("anthropic")
    assert "export ANTHROPIC_API_KEY=" in raised.value.hint
    assert "python -m keyring set change-workflow anthropic" in raised.value.hint
    assert "offline" in raised.value.hint


@pytest.mark.parametrize(
    "body",
    [
        "raise KeyringLocked",
        "raise RuntimeError(service)",
        "return None",
        "return ''",
        "sys.exit(0)",
        "import os; os.kill(os.getpid(), 9)",
        "return 'k' * 100_000",
    ],
)
def test_a_keyring_that_fails_has_nothing(keyring: Path, body: str) -> None:
    """Locked, broken, empty or talkative: that is absence and no error."""
    keyring.write_text(BACKEND.format(body=body))
    assert source("openai") == ""


def test_a_keyring_that_waits_is_ended(keyring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that asks a person who is not there does not hold the command up."""
    keyring.write_text(BACKEND.format(body="time.sleep(3600)"))
    monkeypatch.setattr(keys, "_KEYRING_S", 0.3)
    started = time.monotonic()
    assert source("openai") == ""
    assert time.monotonic() - started < 60


def test_a_keyring_of_the_repository_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code in the current folder that calls itself `keyring` does not run."""
    (tmp_path / "keyring").mkdir()
    ran = tmp_path / "ran"
    evil = f"open({str(ran)!r}, 'w')\nprint('{KEY}')\n"
    for name in ("keyring/__init__.py", "keyring/__main__.py", "sitecustomize.py"):
        (tmp_path / name).write_text(evil)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", ".")
    assert source("openai") == ""
    assert not ran.exists()


def test_the_keyring_sees_no_other_key(keyring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is given what it needs of the environment, and nobody's key."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    body = f"import os; return 'found' if '{KEY}' in os.environ.values() else 'clean'"
    keyring.write_text(BACKEND.format(body=body))
    assert key("openai") == "clean"


@pytest.mark.parametrize("inside", [" ", "\n", "\r\n", "\t", "\x1b", "ä", "\u200b", "\u00a0"])
def test_what_no_key_has_is_refused(inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says where it is set, and nothing of it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY + inside + "tail")
    with pytest.raises(
        MalformedKeyError, match="the key of openai in the environment is none"
    ) as raised:
        key("openai")
    assert KEY not in str(raised.value) + raised.value.hint


def test_a_key_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was set by mistake is no key."""
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 5000)
    with pytest.raises(MalformedKeyError, match="it has 5,000 characters"):
        key("openai")


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        ("openai", OPENAI_URL),
        ("openai", "https://eu.api.openai.com/v1"),
        ("openai", "https://API.openai.com./v1"),
        ("anthropic", ANTHROPIC_URL),
        ("compatible", "http://[::1]:8080/v1"),
        ("compatible", "http://localhost:1/v1"),
        ("compatible", "http://127.0.0.1:11434/v1"),
    ],
)
def test_a_key_goes_to_its_own_address(
    provider: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the vendor's hosts, and that of a server of one's own to this machine."""
    monkeypatch.setenv(keys.VARIABLES[provider], KEY)
    assert key_for(provider, url) == KEY


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        ("openai", ANTHROPIC_URL),
        ("anthropic", OPENAI_URL),
        ("openai", "https://api.openai.com.example.test/v1"),
        ("openai", "https://notapi.openai.com.test/v1"),
        ("openai", "https://evil-api.openai.com/v1"),
        ("openai", "https://api.openai.com@example.test/v1"),
        ("openai", "https://example.test/api.openai.com"),
        ("openai", "http://localhost.example.test/v1"),
        ("anthropic", "http://127.0.0.1:8080"),
        ("openai", "http://[::1]:8080/v1"),
        ("openai", "https://10.0.0.1/v1"),
        ("openai", "https://[::1"),
        ("openai", ""),
        ("compatible", OPENAI_URL),
        ("compatible", "https://llm.example.test/v1"),
    ],
)
def test_a_key_goes_nowhere_else(provider: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where a repository wants it, but where the person's own environment does."""
    monkeypatch.setenv(keys.VARIABLES[provider], KEY)
    with pytest.raises(ForeignAddressError, match=f"key of {provider} is not sent to") as raised:
        key_for(provider, url)
    assert f"WORKFLOW_PROVIDERS__{provider.upper()}__BASE_URL" in raised.value.hint
    assert KEY not in str(raised.value)
    assert key_for(provider, url, is_own_choice=True) == KEY


def test_a_server_of_ones_own_may_want_no_key() -> None:
    """A vendor wants one at any address."""
    assert key_for("compatible", "http://127.0.0.1:11434/v1") == keys.NO_KEY
    with pytest.raises(MissingKeyError):
        key_for("openai", OPENAI_URL)
    with pytest.raises(MissingKeyError):
        key_for("compatible", "https://llm.example.test/v1", is_own_choice=True)
