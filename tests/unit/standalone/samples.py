"""Four files to swap, what a folder holds, and a death half way."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, TypeAlias

from workflow.patch.interface import Content
from workflow.standalone.folder import Folder
from workflow.standalone.swap import Swap, exclusive
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

State: TypeAlias = "Mapping[str, tuple[int, bytes]]"
"""Every file and folder below the top with its permissions and bytes."""

EDIT = Swap(RepoPath("a/edit"), Content("100644", b"old\n"), Content("100644", b"new\n"))
RUN = Swap(RepoPath("run"), Content("100644", b"#!\n"), Content("100755", b"#!\n"))
CREATE = Swap(RepoPath("b/c/new"), None, Content("100755", b"fresh\n"))
DELETE = Swap(RepoPath("d/gone"), Content("100644", b"gone\n"), None)
ALL = (EDIT, RUN, CREATE, DELETE)


def fresh(top: Path) -> Path:
    """Make a folder with the files that `ALL` changes."""
    top.mkdir()
    for swap in ALL:
        if swap.before:
            path = top / swap.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(swap.before.data)
    (top / "a/edit").chmod(0o640)
    return top


def state_of(top: Path) -> State:
    """Look at everything in a folder."""
    return {
        str(path.relative_to(top)): (
            path.lstat().st_mode & 0o777,
            b"" if path.is_dir() else path.read_bytes(),
        )
        for path in sorted(top.rglob("*"))
    }


def only_files(state: State) -> State:
    """Leave the folders out."""
    return {path: is_now for path, is_now in state.items() if path not in {"a", "b", "b/c", "d"}}


def swap_all(top: Path, swaps: Sequence[Swap] = ALL, stay: str = "") -> None:
    """Swap in a folder."""
    with Folder(top) as folder, exclusive(folder, stay) as exchange:
        exchange.swap(swaps)


def recover(top: Path) -> str:
    """Recover in a folder."""
    with Folder(top) as folder, exclusive(folder) as exchange:
        return exchange.recover()


def in_child(act: Callable[[], None]) -> int:
    """Act in a process of its own; return its wait status."""
    child = os.fork()
    if not child:
        try:
            act()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def die_half_way(top: Path, at: str = "_settle") -> None:
    """Die in the middle of a swap: where the named method would begin."""

    def half() -> None:
        with Folder(top) as folder, exclusive(folder) as exchange:
            setattr(exchange, at, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            exchange.swap(ALL)

    assert os.WIFSIGNALED(in_child(half))
