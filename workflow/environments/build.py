"""Builds an environment from requirements: in the sandbox, from wheels, kept by a hash."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.environments.complaints import complaint
from workflow.environments.interface import Environment, EnvironmentUnavailableError, Source
from workflow.environments.lines import normal
from workflow.environments.unpack import unpack
from workflow.environments.wanted import packages_of
from workflow.sandbox import Command, Limits
from workflow.sandbox.interpreter import interpreter

if TYPE_CHECKING:
    from workflow.environments.cache import Cache
    from workflow.environments.sources import Sources
    from workflow.environments.wanted import Wanted
    from workflow.sandbox import Sandbox
    from workflow.sandbox.interpreter import Interpreter

_FORMAT = "1"
_SCRIPT = Path(__file__).with_name("inside.py")
_INSIDE = "/run/workflow"
_LIMITS = Limits(
    wall_s=900.0, output=512 * 1024**2, file_size=1024**3, disk=2 * 1024**3, files=200_000
)
_KEY_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Build:
    """What an environment is made of: a Python, requirements, and where packages come from."""

    python: Interpreter
    wanted: Wanted
    sources: Sources

    @property
    def lines(self) -> tuple[str, ...]:
        """The requirements, pytest among them: without it no test runs."""
        lines = self.wanted.lines
        return lines if "pytest" in packages_of(lines) else tuple(sorted((*lines, "pytest")))

    @property
    def key(self) -> str:
        """A hash of it all: of the program, the requirements, and the places of packages."""
        program = self.python.program.stat()
        parts = [
            *(_FORMAT, platform.machine(), "".join(platform.libc_ver())),
            *(str(self.python.program), str(program.st_size), str(program.st_mtime_ns)),
            *(self.sources.identity, *self.lines, "", *self.wanted.constraints),
        ]
        text = "\n".join(parts).encode("utf-8", "surrogateescape")
        return hashlib.sha256(text).hexdigest()[:_KEY_LENGTH]


def base_of(python: Path) -> Interpreter:
    """Return the installation behind a Python, which may be that of a virtual environment.

    Raises `UsageError` for what is no Python.
    """
    return interpreter(interpreter(python).program.resolve())


def built(build: Build, cache: Cache, sandbox: Sandbox) -> Environment:
    """Return the environment, built now if it is not kept.

    Raises `EnvironmentUnavailableError` with pip's reason and the mend, `SandboxUnavailableError`.
    """

    def fill(folder: Path) -> None:
        _skeleton(folder, build)
        unpack(_sent(build, cache.place(build.key), sandbox), folder)

    return described(build, cache.make(build.key, fill))


def described(build: Build, folder: Path) -> Environment:
    """Return the environment that is kept in a folder."""
    packages = _packages(folder)
    files = ", ".join(build.wanted.files) or "nothing"
    told = f"{_version(folder)} with the {len(packages)} packages that {files} asks for"
    found = interpreter(folder / "bin" / "python")
    return Environment(found, Source.BUILT, told, build.key, packages)


def folder_of(environment: Environment) -> Path:
    """Return the folder of an environment that was built."""
    return environment.interpreter.program.parent.parent


def _skeleton(folder: Path, build: Build) -> None:
    """Write what makes a folder a virtual environment; nothing is executed for it."""
    (folder / "bin").mkdir(mode=0o755)
    (folder / "bin" / "python").symlink_to(build.python.program)
    (folder / "pyvenv.cfg").write_text(_config(build), "utf-8")


def _config(build: Build) -> str:
    return f"home = {build.python.program.parent}\ninclude-system-site-packages = false\n"


def _sent(build: Build, place: Path, sandbox: Sandbox) -> bytes:
    """Install inside, at the very place where it will be seen, and return what came of it."""
    pips = _own_pip()
    told = {"pips": [str(pip) for pip in pips], "words": _words(build)}
    requirements = "".join(f"{line}\n" for line in build.lines)
    constraints = "".join(f"{line}\n" for line in build.wanted.constraints)
    ran = sandbox.run(
        Command(
            argv=(f"{place}/bin/python", "-I", f"{_INSIDE}/build.py", json.dumps(told)),
            env={**build.sources.env, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"},
            read_only=(*build.python.folders, *build.sources.folders, *pips),
            files=(
                (f"{place}/pyvenv.cfg", _config(build).encode()),
                (f"{_INSIDE}/build.py", _SCRIPT.read_bytes()),
                (f"{_INSIDE}/requirements.txt", requirements.encode()),
                (f"{_INSIDE}/constraints.txt", constraints.encode()),
                *build.sources.files,
            ),
            dirs=(str(place),),
            links=((f"{place}/bin/python", str(build.python.program)),),
            limits=_LIMITS,
            network=build.sources.network,
            report=True,
        )
    )
    if not ran.is_ok:
        said = build.sources.scrubbed((ran.stdout + b"\n" + ran.stderr).decode("utf-8", "replace"))
        what, hint = complaint(ran, said, build.sources)
        message = f"the environment of {', '.join(build.wanted.files)} cannot be built: {what}"
        raise EnvironmentUnavailableError(message, hint=hint)
    return ran.report


def _words(build: Build) -> list[str]:
    # NOTE: without -vv pip does not say that an index was not reached.
    words = ["install", "-vv", "--only-binary", ":all:", "--no-compile", "--no-cache-dir"]
    words += ["--no-warn-script-location", "--progress-bar", "off"]
    words += ["-r", f"{_INSIDE}/requirements.txt"]
    return [*words, "-c", f"{_INSIDE}/constraints.txt"] if build.wanted.constraints else words


def _own_pip() -> tuple[Path, ...]:
    """Return the pip beside us, for a Python that has none."""
    found = importlib.util.find_spec("pip")
    return (Path(found.origin).parent,) if found and found.origin else ()


def _packages(folder: Path) -> tuple[str, ...]:
    names = (path.name for path in folder.glob("lib/python3*/site-packages/*.dist-info"))
    found = (re.fullmatch(r"(.+)-([^-]+)\.dist-info", name) for name in names)
    return tuple(sorted(f"{normal(one[1])}=={one[2]}" for one in found if one))


def _version(folder: Path) -> str:
    names = [path.name for path in folder.glob("lib/python3*")]
    return names[0].replace("python", "Python ") if names else "Python"
