"""Each known way round a guard: closed, over real sockets with the real SDKs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.redaction.remote_calls import (
    ANTHROPIC_CALLS,
    KEY,
    OPENAI_CALLS,
    SAYS,
    SECRET,
    anthropic_at,
    leaks,
    openai_at,
    unrecorded,
)
from tests.loopback import Fault, Loopback, loopback
from workflow.providers.remote import MissingKeyError, Remote, anthropic_client, openai_client
from workflow.redaction.egress.guard import EgressDeniedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openai import OpenAI


OTHER_KEY = KEY[::-1]


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Run the provider that requests are meant for."""
    with loopback() as state:
        state.says = SAYS
        yield state


@pytest.fixture
def elsewhere() -> Iterator[Loopback]:
    """Run what nothing may reach; fail if something does."""
    with loopback() as state:
        yield state
        assert (state.connections, state.arrived) == (0, [])


def both(server: Loopback, **settings: Any) -> None:
    """Call each provider once; exactly these two requests arrive."""
    before = len(server.arrived)
    with openai_at(server, leaks(SECRET), **settings) as client:
        OPENAI_CALLS[0](client, "go")
    with anthropic_at(server, leaks(SECRET), **settings) as client_2:
        ANTHROPIC_CALLS[0](client_2, "go")
    assert len(server.arrived) == before + 2


# --- the environment ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_is_not_used(
    name: str, server: Loopback, elsewhere: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxy variables in either spelling change nothing, before and after a client is made."""
    monkeypatch.setenv(name, elsewhere.origin)
    monkeypatch.setenv(name.lower(), elsewhere.origin)
    both(server)


@pytest.mark.parametrize(
    "name", ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "OPENAI_API_BASE", "AZURE_OPENAI_ENDPOINT"]
)
def test_a_base_url_variable_is_not_used(
    name: str, server: Loopback, elsewhere: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address comes from the settings alone."""
    monkeypatch.setenv(name, elsewhere.v1)
    both(server)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_CUSTOM_HEADERS", f"X-Injected: {SECRET[:12]}"),
        ("ANTHROPIC_CUSTOM_HEADERS", f"X-Injected: {SECRET[:12]}"),
        ("OPENAI_CUSTOM_HEADERS", f"Authorization: Bearer {OTHER_KEY}"),
        ("ANTHROPIC_CUSTOM_HEADERS", f"Authorization: Bearer {OTHER_KEY}"),
        ("OPENAI_ORG_ID", SECRET[:12]),
        ("OPENAI_PROJECT_ID", SECRET[:12]),
        ("OPENAI_ADMIN_KEY", OTHER_KEY),
        ("ANTHROPIC_AUTH_TOKEN", OTHER_KEY),
        ("OPENAI_API_KEY", OTHER_KEY),
        ("ANTHROPIC_API_KEY", OTHER_KEY),
    ],
)
def test_headers_are_not_injected(
    name: str, value: str, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No variable adds or changes a header, and none of them is lost to the process."""
    monkeypatch.setenv(name, value)
    both(server)
    assert value.rpartition(" ")[2].encode() not in server.raw
    assert server.raw.count(f"Bearer {KEY}".encode()) == 2
    assert os.environ[name] == value


def test_no_other_credentials_are_looked_for(
    server: Loopback, elsewhere: Loopback, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workload identity, a profile on disk and `.netrc` neither send nor redirect anything."""
    home = sealed / "home"
    profile = home / ".config/anthropic/configs/default.json"
    profile.parent.mkdir(parents=True)
    profile.write_text(json.dumps({"base_url": elsewhere.origin, "workspace_id": "wrkspc_1"}))
    (home / ".netrc").write_text(f"machine 127.0.0.1 login ada password {OTHER_KEY}\n")
    (home / ".netrc").chmod(0o600)
    for name, value in {
        "ANTHROPIC_IDENTITY_TOKEN": "header.payload.signature",
        "ANTHROPIC_FEDERATION_RULE_ID": "fdrl_1",
        "ANTHROPIC_ORGANIZATION_ID": "org-1",
        "ANTHROPIC_SERVICE_ACCOUNT_ID": "svac_1",
        "ANTHROPIC_BASE_URL": elsewhere.origin,
        "ANTHROPIC_PROFILE": "default",
    }.items():
        monkeypatch.setenv(name, value)
    both(server)
    assert b"wrkspc_1" not in server.raw
    assert b"Basic" not in server.raw
    with pytest.raises(MissingKeyError, match="ANTHROPIC_API_KEY is not set"):
        anthropic_client(Remote("", server.origin), leaks(), unrecorded)
    with pytest.raises(MissingKeyError, match="OPENAI_API_KEY is not set"):
        openai_client(Remote(" ", server.v1), leaks(), unrecorded)
    assert len(server.arrived) == 2


LOGGED = """
import sys
from tests.integration.redaction.remote_calls import *
server = type("Server", (), {"v1": sys.argv[1] + "/v1", "origin": sys.argv[1]})
import logging
logging.basicConfig(level=logging.DEBUG)
OPENAI_CALLS[0](openai_at(server, leaks()), "the prompt of a test")
ANTHROPIC_CALLS[0](anthropic_at(server, leaks()), "the prompt of a test")
"""


def test_nothing_is_logged(server: Loopback, tmp_path: Path) -> None:
    """Debug variables and a root logger at DEBUG show no prompt; no TLS keys are written."""
    keys = tmp_path / "keys"
    ran = subprocess.run(
        [sys.executable, "-c", LOGGED, server.origin],
        cwd=Path(__file__).parents[3],
        env={
            **os.environ,
            "ANTHROPIC_LOG": "debug",
            "OPENAI_LOG": "debug",
            "SSLKEYLOGFILE": str(keys),
        },
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert len(server.arrived) == 2
    assert b"the prompt of a test" in server.raw
    assert b"prompt" not in ran.stdout + ran.stderr
    assert not keys.exists()


# --- redirects ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error(status: int, server: Loopback, elsewhere: Loopback) -> None:
    """It is neither followed nor retried, also when a request asks for that."""
    fault = Fault(status, (("Location", f"{elsewhere.v1}/responses"),))
    server.faults += [fault, fault, fault]
    with (
        openai_at(server, leaks()) as client,
        anthropic_at(server, leaks()) as client_2,
    ):
        with pytest.raises(EgressDeniedError, match=f"redirects elsewhere \\({status}\\)"):
            OPENAI_CALLS[0](client, "go")
        with pytest.raises(EgressDeniedError, match=f"redirects elsewhere \\({status}\\)"):
            ANTHROPIC_CALLS[0](client_2, "go")
        with pytest.raises(EgressDeniedError, match=f"redirects elsewhere \\({status}\\)"):
            client.post("/responses", cast_to=object, body={}, options={"follow_redirects": True})
    assert len(server.arrived) == 3


# --- other calls, other clients ----------------------------------------------------------------


OTHER_CALLS: tuple[Callable[[OpenAI], object], ...] = (
    lambda client: client.models.list(),
    lambda client: client.files.create(file=b"text", purpose="user_data"),
    lambda client: client.files.list(),
    lambda client: client.batches.create(
        completion_window="24h", endpoint="/v1/responses", input_file_id="file_1"
    ),
    lambda client: client.uploads.create(
        bytes=1, filename="one", mime_type="text/plain", purpose="user_data"
    ),
    lambda client: client.embeddings.create(model="one", input="text"),
    lambda client: client.images.generate(prompt="text"),
    lambda client: client.audio.speech.create(input="text", model="one", voice="alloy"),
    lambda client: client.responses.retrieve("resp_1"),
    lambda client: client.responses.delete("resp_1"),
    lambda client: client.with_options(base_url="https://example.invalid/v1").models.list(),
    lambda client: client.post("/responses/../files", cast_to=object, body={}),
    lambda client: client.post("/responses?to=other", cast_to=object, body={}),
    lambda client: client.post("/%72esponses", cast_to=object, body={}),
)


@pytest.mark.parametrize("number", range(len(OTHER_CALLS)))
def test_other_calls_are_refused(number: int, server: Loopback) -> None:
    """Files, batches, uploads and all else that the SDK can do do not reach the socket."""
    with openai_at(server, leaks()) as client, pytest.raises(EgressDeniedError):
        OTHER_CALLS[number](client)
    assert server.connections == 0


def test_copies_pass_the_same_door(server: Loopback, elsewhere: Loopback) -> None:
    """`copy` and `with_options` keep the guard, whatever address, headers or key they are given."""
    with openai_at(server, leaks(SECRET)) as client, anthropic_at(server, leaks(SECRET)) as claude:
        calls: tuple[Callable[[], object], ...] = (
            lambda: OPENAI_CALLS[0](client.copy(base_url=elsewhere.v1), "go"),
            lambda: OPENAI_CALLS[0](client.with_options(api_key=OTHER_KEY), "go"),
            lambda: OPENAI_CALLS[0](client.copy(organization="org-1"), "go"),
            lambda: OPENAI_CALLS[0](client.copy(default_headers={"X-Other": "1"}), "go"),
            lambda: OPENAI_CALLS[0](client.copy(default_query={"to": "other"}), "go"),
            lambda: OPENAI_CALLS[0](client.copy(), SECRET),
            lambda: ANTHROPIC_CALLS[0](claude.copy(base_url=elsewhere.origin), "go"),
            lambda: ANTHROPIC_CALLS[0](claude.with_options(auth_token=OTHER_KEY), "go"),
            lambda: ANTHROPIC_CALLS[0](claude.copy(default_headers={"X-Other": "1"}), "go"),
            lambda: ANTHROPIC_CALLS[0](claude.copy(), SECRET),
        )
        for call in calls:
            with pytest.raises(EgressDeniedError):
                call()
    assert server.connections == 0


def test_the_sdk_keeps_no_other_way_out(server: Loopback) -> None:
    """The HTTP client has the guarded transport and no mounted one, such as a proxy's."""
    with openai_at(server, leaks()) as client, anthropic_at(server, leaks()) as client_2:
        for inner in (client._client, client_2._client):
            assert inner._mounts == {}
            assert not inner.trust_env
            assert not inner.follow_redirects
