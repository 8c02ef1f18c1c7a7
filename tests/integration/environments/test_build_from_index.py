from __future__ import annotations

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from workflow.environments import EnvironmentUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workflow.environments import Configured, Read

    Choose = Callable[..., Configured]
    Tree = Callable[[str], Read]

# Written in two parts: what is committed names no index.
EXTRA = "--extra-index" + "-url"
WORD = "pass" + "-word-" + "91c2"


class Index:
    """A package index on this machine's loopback, of the wheels in a folder."""

    def __init__(self, wheels: Path, account: str = "") -> None:
        self.asked: list[str] = []
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                allowed = "Basic " + base64.b64encode(account.encode()).decode()
                if account and self.headers.get("Authorization") != allowed:
                    self.answer(401, b"")
                elif self.path.startswith("/files/"):
                    self.answer(200, (wheels / self.path.removeprefix("/files/")).read_bytes())
                else:
                    name = self.path.removeprefix("/simple/").strip("/")
                    found = sorted(path.name for path in wheels.glob(f"{name}-*.whl"))
                    links = "".join(f'<a href="/files/{one}">{one}</a>' for one in found)
                    self.answer(200 if found else 404, f"<html>{links}</html>".encode())

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def address(self, account: str = "") -> str:
        """Return the address that pip is configured with."""
        at = f"{account}@" if account else ""
        return f"http://{at}127.0.0.1:{self._server.server_port}/simple/"

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def index(wheels: Path) -> Iterator[Index]:
    """Yield an index of the wheelhouse that asks for no account."""
    made = Index(wheels)
    yield made
    made.close()


@pytest.fixture
def private(wheels: Path) -> Iterator[Index]:
    """Yield an index that answers one account alone."""
    made = Index(wheels, f"me:{WORD}")
    yield made
    made.close()


def test_environment_comes_from_the_index_of_pip(index: Index, choose: Choose, tree: Tree) -> None:
    """A build asks the index that this user's pip is configured with, for what is required."""
    made = choose(PIP_INDEX_URL=index.address()).built(tree("colour"))
    assert made.packages == ("colour==2.0", "paint==3.1", "pytest==99.0")
    assert "/simple/colour/" in index.asked


def test_account_of_the_index_is_used_and_never_told(
    private: Index, choose: Choose, tree: Tree, tmp_path: Path
) -> None:
    """The password gets to the index, and into no file of the environment."""
    made = choose(PIP_INDEX_URL=private.address(f"me:{WORD}")).built(tree("paint"))
    assert made.packages == ("paint==3.1", "pytest==99.0")
    kept = [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not any(WORD.encode() in content for content in kept)


def test_wrong_account_is_told_without_it(private: Index, choose: Choose, tree: Tree) -> None:
    """An index that refuses is named without the password that was wrong."""
    wrong = f"{WORD}-wrong"
    with pytest.raises(EnvironmentUnavailableError, match="refuses the account") as caught:
        choose(PIP_INDEX_URL=private.address(f"me:{wrong}")).built(tree("paint"))
    assert WORD not in caught.value.message + caught.value.hint


def test_index_that_cannot_be_reached_is_told(index: Index, choose: Choose, tree: Tree) -> None:
    """Where nobody answers, the network is at fault, and no package."""
    address = index.address()
    index.close()
    environments = choose(PIP_INDEX_URL=address, PIP_RETRIES="0", PIP_TIMEOUT="2")
    with pytest.raises(EnvironmentUnavailableError, match="cannot be reached"):
        environments.built(tree("paint"))


def test_index_of_a_requirement_file_is_not_asked(
    index: Index, private: Index, choose: Choose, tree: Tree
) -> None:
    """A repository names no index: nobody there hears of the build."""
    text = f"{EXTRA} {private.address()}\npaint"
    pair = choose(PIP_INDEX_URL=index.address()).pair(tree(text), tree(text))
    assert private.asked == []
    assert any(f"{EXTRA} is not followed" in note for note in pair.notes)
