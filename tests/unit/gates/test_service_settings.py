from __future__ import annotations

import hashlib

import pytest

from workflow import config
from workflow.environments import Installed
from workflow.gates.service import Check, Expect, Target, service_gate
from workflow.gates.service.checks import Address, request
from workflow.types import RepoPath

TEXT = """
[gates.service]
app = "shop.main:app"
folder = "services/shop/"
health = "/healthz"
env = { MODE = "test" }

[[gates.service.checks]]
name = "collect"
method = "POST"
path = "/collect"
json = { type = "hide" }
size = 30
expect = { status = 202, header = { X-Kind = "one" }, json = { a = [1] }, max_ms = 500 }

[[gates.service.checks]]
name = "file"
method = "PUT"
path = "/file?x=1"
headers = { Content-Type = "text/plain" }
file = "tests/body.txt"
"""


def loaded(text: str) -> config.Settings:
    """Read settings as those of a repository."""
    return config.load(text, {}, "workflow.toml")


def test_settings_become_checks() -> None:
    """Each section is one check, with its body and what is expected of the answer."""
    gate = service_gate(loaded(TEXT).gates.service, Installed())
    assert gate.target == Target("shop.main:app", "services/shop")
    assert (gate.service.health, gate.service.env) == ("/healthz", {"MODE": "test"})
    collect, file = gate.checks
    assert collect == Check(
        name="collect",
        method="POST",
        path="/collect",
        headers=(("Content-Type", "application/json"),),
        body=b'{"type": "hide"}',
        pad=14,
        expect=Expect(202, (("X-Kind", "one"),), '{"a": [1]}', "", 500),
    )
    assert (file.file, file.expect) == (RepoPath("tests/body.txt"), None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('app = "main"', "gates.service.app: a module and a variable in it are expected"),
        ('app = "--reload:x"', "gates.service.app"),
        ('folder = "../x"', "not a contained repository path"),
        ("apps = 1", "is app meant?"),
        ("start_s = 0", "above 0"),
        ('env = { "A B" = "x" }', "gates.service.env.A B: the name of a variable is expected"),
        ('health = "healthz"', "gates.service.health: a path that begins with /"),
        ('[[gates.service.checks]]\nname = "a"\npath = "x"', "gates.service.checks.0.path"),
        ('[[gates.service.checks]]\nname = "a"\npath = "/x\\r\\ny"', "gates.service.checks.0.path"),
        ('[[gates.service.checks]]\nname = "a"\npath = "/x"\nmethod = "get"', "capital letters"),
        ('[[gates.service.checks]]\nname = "a"\npath = "/x"\nexpect = 200', "{ status = 200 }"),
        ('[[gates.service.checks]]\nname = "a"\npath = "/x"\npaht = 1', "is path meant?"),
        (
            '[[gates.service.checks]]\nname = "a"\npath = "/"\nexpect = { stats = 1 }',
            "is status meant?",
        ),
        (
            '[[gates.service.checks]]\nname = "a"\npath = "/"\nexpect = { jsn = 1 }',
            "is json meant?",
        ),
        ('[[gates.service.checks]]\nname = "a"\npath = "/"\nbody = ""\nfile = "x"', "one at most"),
        ('[[gates.service.checks]]\nname = "a\\u202e"\npath = "/"', "printable"),
        (
            2 * '[[gates.service.checks]]\nname = "a"\npath = "/"\n',
            "the same name",
        ),
        (
            '[[gates.service.checks]]\nname = "a"\npath = "/"\nheaders = { A = "b\\r\\nc" }',
            "checks.0.headers",
        ),
    ],
)
def test_faults_are_named(text: str, said: str) -> None:
    """A setting that cannot be is refused with its place, also inside a list of sections."""
    with pytest.raises(config.ConfigError) as caught:
        loaded(f"[gates.service]\n{text}\n")
    assert said in caught.value.message


def test_request_bytes() -> None:
    """A request says its length and that the connection ends; what is given goes before ours."""
    check = Check("x", "POST", "/a?b", (("host", "example.test"), ("A", "b")), b"{}", pad=3)
    made = request(check)
    first, client, *rest = made.head.split(b"\r\n")
    assert first == b"POST /a?b HTTP/1.1"
    assert client.startswith(b"User-Agent: Mozilla")
    given = [b"Accept: */*", b"host: example.test", b"A: b"]
    assert rest == [*given, b"Connection: close", b"Content-Length: 5", b"", b""]
    assert (made.body, made.pad, made.tail) == (b"{}", 3, b"")


def test_service_cannot_tell_that_it_is_probed() -> None:
    """Port and the path that there is not are those of a case; no request names us."""
    one = Address.made(lambda text: hashlib.sha256(text.encode()).hexdigest())
    other = Address.made(lambda text: hashlib.sha256(f"other {text}".encode()).hexdigest())
    assert one.port != other.port
    assert one.nowhere != other.nowhere
    head = request(Check("x", "GET", one.nowhere), one).head.lower()
    assert b"workflow" not in head
    assert f"host: 127.0.0.1:{one.port}".encode() in head


def test_request_of_undeclared_length() -> None:
    """A body without a declared length is sent as one chunk."""
    made = request(Check("x", "POST", "/", body=b"{}", pad=3, is_chunked=True))
    assert b"Content-Length" not in made.head
    assert made.head.endswith(b"Transfer-Encoding: chunked\r\n\r\n5\r\n")
    assert made.tail == b"\r\n0\r\n\r\n"


def test_body_of_a_file_is_filled_to_its_size() -> None:
    """A file's content takes the place of as much padding."""
    check = Check("x", "PUT", "/", pad=10, file=RepoPath("a")).with_file(lambda _: b"1234")
    assert (check.body, check.pad, check.file) == (b"1234", 6, None)
