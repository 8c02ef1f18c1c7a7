"""Programs of other Debian releases, unpacked into the checkout: an nginx with HTTP/3 is one.

The mirror and the keys are those that this machine's apt uses; apt checks the signatures.  Nothing
is installed: apt works on a private state, and packages are unpacked without running their scripts.

    .venv/bin/python -m tests.debian_builds
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NGINX_HTTP3 = "nginx-trixie"
NGINX_OLD = "nginx-bookworm"
SYSTEMD = "systemd-trixie"

# Packages of each build; what they depend on, down to the C library, comes along.
BUILDS = {
    NGINX_HTTP3: (
        *("nginx", "libnginx-mod-stream", "libnginx-mod-http-headers-more-filter"),
        *("libnginx-mod-http-brotli-filter", "libnginx-mod-http-js", "libnginx-mod-http-lua"),
    ),
    NGINX_OLD: ("nginx", "libnginx-mod-stream", "libnginx-mod-http-headers-more-filter"),
    SYSTEMD: ("systemd",),
}

# Read on import: tests run without the variables of their caller.
CACHE = Path(
    os.environ.get("WORKFLOW_TEST_DEBIAN") or Path(__file__).parents[1] / ".cache" / "debian"
)

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_COMMAND = "python -m tests.debian_builds"
_TIMEOUT_S = 300
# Where releases before the merge of `/usr` have programs and libraries, too.
_MERGED = ("bin", "sbin", "lib", "lib64")
_NOTES = "build.json"


class DebianError(Exception):
    """A build cannot be made here; the message says in a line why."""


@dataclass(frozen=True, slots=True)
class Build:
    """One unpacked build: its folder, and the version of its first package.

    Its programs need its own loader and libraries: run `argv(...)`.
    """

    folder: Path
    version: str

    def program(self, name: str) -> Path:
        """Return a program's file, such as `nginx`."""
        found = [self.folder / "usr" / place / name for place in ("sbin", "bin")]
        return next(path for path in found if path.is_file())

    @property
    def loader(self) -> Path:
        """The dynamic loader of its C library."""
        return next(iter(sorted((self.folder / "usr" / "lib").glob("*/ld-linux*.so.*"))))

    @property
    def libraries(self) -> tuple[Path, ...]:
        """The folders of its shared libraries."""
        main = self.loader.parent
        return (main, main / "systemd") if (main / "systemd").is_dir() else (main,)

    @property
    def modules(self) -> Path:
        """The folder of nginx's dynamic modules."""
        return self.folder / "usr" / "lib" / "nginx" / "modules"

    def argv(self, name: str, *words: str) -> tuple[str, ...]:
        """Return the command that runs a program of it."""
        path = ":".join(map(str, self.libraries))
        return (str(self.loader), "--library-path", path, str(self.program(name)), *words)


def found(name: str) -> Build | None:
    """Return a build that is there already."""
    folder = CACHE / name
    try:
        notes = json.loads((folder / _NOTES).read_text())
    except FileNotFoundError:
        return None
    # Made of other packages than today's: not there.
    return Build(folder, notes["version"]) if notes["packages"] == [*BUILDS[name]] else None


def needed(name: str) -> Build:
    """Return a build that a test needs: fail without it in CI, and skip elsewhere."""
    build = found(name)
    if build is None:
        is_elsewhere = os.environ.get("CI", "") in {"", "0", "false"}
        say = pytest.skip if is_elsewhere else pytest.fail
        say(f"there is no {CACHE / name}: run `{_COMMAND}`")
    return build


def make(names: Iterable[str] = tuple(BUILDS)) -> dict[str, Build]:
    """Return builds, made where they are not there; raises `DebianError`."""
    return {name: found(name) or _make(name) for name in names}


def _make(name: str) -> Build:
    suite = name.rpartition("-")[2]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if build := found(name):
            return build
        with tempfile.TemporaryDirectory(prefix=".making-", dir=CACHE) as scratch:
            root = Path(scratch) / "root"
            archives = _downloaded(Path(scratch) / "apt", suite, BUILDS[name])
            _unpack(archives, root)
            version = _version(archives, BUILDS[name][0])
            notes = {"version": version, "packages": BUILDS[name]}
            (root / _NOTES).write_text(json.dumps(notes))
            shutil.rmtree(CACHE / name, ignore_errors=True)
            root.rename(CACHE / name)
    return Build(CACHE / name, version)


def _downloaded(state: Path, suite: str, packages: Sequence[str]) -> list[Path]:
    """Let apt fetch packages and all that they need, on a state of its own."""
    for folder in ("lists/partial", "cache/archives/partial", "sources", "log"):
        (state / folder).mkdir(parents=True)
    (state / "status").touch()
    key = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
    problems = []
    for mirror in _mirrors():
        (state / "sources" / "one.list").write_text(f"deb {key}{mirror} {suite} main\n")
        try:
            _apt(state, "apt-get", "update", "--error-on=any")
            _apt(state, "apt-get", "install", "--yes", "--download-only", *packages)
        except DebianError as error:
            problems.append(str(error))
        else:
            return sorted((state / "cache" / "archives").glob("*.deb"))
    message = "; ".join(problems) or "this machine's apt knows no mirror of a release"
    raise DebianError(message)


def _mirrors() -> Iterator[str]:
    """Yield the mirrors of whole releases that this machine's apt uses."""
    wanted = ("Created-By: Packages", "Component: main")
    said = _run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", *wanted)
    rows = dict.fromkeys(line.partition(" ")[::2] for line in said.splitlines())
    # `bookworm` is a release, `bookworm-security` and `bookworm-updates` only add to one.
    yield from (uri for uri, release in rows if "-" not in release)


def _unpack(archives: Sequence[Path], root: Path) -> None:
    """Unpack packages into one folder, with `/usr` merged as releases since 2023 have it."""
    for archive in archives:
        _run("dpkg-deb", "--extract", str(archive), str(root))
    for name in _MERGED:
        if (root / name).is_dir():
            merged = root / "usr" / name
            shutil.copytree(root / name, merged, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(root / name)
            (root / name).symlink_to(f"usr/{name}")


def _version(archives: Sequence[Path], package: str) -> str:
    archive = next(path for path in archives if path.name.startswith(f"{package}_"))
    return _run("dpkg-deb", "--field", str(archive), "Version").strip()


def _apt(state: Path, *words: str) -> str:
    options = {
        "Dir::State": state,
        "Dir::State::Lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "Dir::Log": state / "log",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": state / "sources",
        # Another release's packages must not be held back by what is preferred here.
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Install-Recommends": "false",
        # The user apt switches to cannot see into a checkout in somebody's home.
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Debug::NoLocking": "true",
    }
    program, *rest = words
    return _run(program, *(f"-o{key}={value}" for key, value in options.items()), *rest)


def _run(*argv: str) -> str:
    try:
        done = subprocess.run(
            argv,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
    except FileNotFoundError as error:
        message = f"{argv[0]} is not on this machine; the builds need apt-get and dpkg-deb"
        raise DebianError(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"{argv[0]} did not end within {_TIMEOUT_S} s"
        raise DebianError(message) from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        told = next((line for line in lines if line.startswith("E:")), "it gave no reason")
        message = f"{argv[0]} ended with status {error.returncode}: {told}"
        raise DebianError(message) from error
    return done.stdout.decode(errors="replace")


def main() -> int:
    """Make every build and name it; 1 when one cannot be made."""
    try:
        builds = make()
    except DebianError as error:
        print(f"no builds of Debian's packages: {error}", file=sys.stderr)  # noqa: T201 - a command
        return 1
    for name, build in builds.items():
        print(f"{name} {build.version}: {build.folder}")  # noqa: T201 - as above
    return 0


if __name__ == "__main__":
    sys.exit(main())
