"""Builds an environment inside the sandbox and sends it out over the report pipe.

Runs on the project's Python, which may be older than ours, at the place where the environment is
going to be seen: standard library only.  The one argument is JSON: `pips` are where pip may be
found, `words` are pip's.  Only wheels are installed, so that no package's code is executed here.

What is sent is packed with gzip: for each file a line of JSON with `path`, `size` and whether it
is a `program`, then its bytes; an empty path ends it.
"""

from __future__ import annotations

import compileall
import glob
import gzip
import json
import os
import py_compile
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_PIP = 120
_SCRATCH = Path("/tmp/pip")  # noqa: S108 - inside the sandbox, on its own tmpfs
_BEFORE = {"bin/python", "pyvenv.cfg"}


def main() -> None:
    """Find pip, install, compile, send; leave with pip's status when it fails."""
    told = json.loads(sys.argv[1])
    fd = int(os.environ.pop("WORKFLOW_REPORT_FD"))
    os.set_inheritable(fd, False)
    pip = _pip(told["pips"])
    if pip is None:
        sys.stderr.write("there is no pip\n")
        sys.exit(NO_PIP)
    sys.path.insert(0, str(pip))
    from pip._internal.cli.main import main as run  # noqa: PLC0415 - found just now

    status = run(told["words"])
    if status:
        sys.exit(int(status))
    _compile()
    with os.fdopen(fd, "wb") as pipe, gzip.GzipFile("", "wb", 1, pipe, 0) as packed:
        _send(packed)


def _pip(patterns: list[str]) -> Path | None:
    """Return the place to import pip from: a wheel, or a folder with nothing but a link to it."""
    library = Path(os.__file__).parent
    for pattern in (
        f"{library}/site-packages/pip",
        f"{sys.base_prefix}/lib/python3/dist-packages/pip",
        f"{library}/ensurepip/_bundled/pip-*.whl",
        "/usr/share/python-wheels/pip-*.whl",
        *patterns,
    ):
        for name in sorted(glob.glob(pattern)):  # noqa: PTH207 - the patterns are absolute
            found = Path(name)
            if found.suffix == ".whl":
                return found
            _SCRATCH.mkdir()
            (_SCRATCH / "pip").symlink_to(found)
            return _SCRATCH
    return None


def _compile() -> None:
    """Compile what was installed, once for all runs; what a wheel brought compiled is dropped."""
    for path in _files():
        if path.suffix in {".pyc", ".pyo"}:
            path.unlink()
    # NOTE: without a look at the source's time, which sending does not keep.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for library in sorted(Path(sys.prefix).glob("lib*/python3*/site-packages")):
        compileall.compile_dir(library, quiet=2, invalidation_mode=mode)


def _files() -> Iterator[Path]:
    for folder, folders, names in os.walk(sys.prefix):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _send(packed: gzip.GzipFile) -> None:
    """Send all that was installed, without what the environment had before."""
    for path in _files():
        inside = str(path.relative_to(sys.prefix))
        if inside in _BEFORE or path.is_symlink():
            continue
        with path.open("rb") as file:
            seen = os.fstat(file.fileno())
            head = {"path": inside, "size": seen.st_size, "program": bool(seen.st_mode & 0o100)}
            packed.write(json.dumps(head).encode() + b"\n")
            shutil.copyfileobj(file, packed)
    packed.write(b'{"path": ""}\n')


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
