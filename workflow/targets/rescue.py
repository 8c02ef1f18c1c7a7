"""The recovery file of a stuck target: the exact commands by which a person brings it back."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.durable import write_private
from workflow.targets import manifest as manifests
from workflow.targets.exchange import aside_name
from workflow.targets.interface import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.targets.interface import Target
    from workflow.targets.manifest import Manifest, Row

FILE = "RECOVER.md"


def write(folder: Path, manifest: Manifest, target: Target, why: str) -> Path:
    """Write the recovery file of an install into its folder.  It names files and holds none."""
    path = folder / FILE
    lines = [
        f"# Target {manifest.target}: what was live before install {manifest.number}",
        "",
        f"It could not be brought back: {why}",
        "",
        "Mend the cause, and `workflow targets restore " + manifest.target + "` does the rest.",
        "Or run these commands, all of them, in this order; they may be repeated:",
        "",
        "```sh",
        *(line for row in manifest.rows for line in _commands(folder, row)),
        *(f"rm -rf -- {shlex.quote(str(one))}" for one in _asides(manifest)),
        *([shlex.join(target.reload)] if target.reload else []),
        f"workflow targets restore {manifest.target} --mark-restored",
        "```",
        "",
    ]
    write_private(path, "\n".join(lines).encode("utf-8", "surrogateescape"))
    return path


def _asides(manifest: Manifest) -> Iterator[Path]:
    for parent in dict.fromkeys(Path(row.path).parent for row in manifest.rows):
        yield parent / aside_name(manifest.token)


def _commands(folder: Path, row: Row) -> Iterator[str]:
    """The commands that make one live path exactly what it was."""
    before, path = row.before, shlex.quote(row.path)
    kept = folder / manifests.BLOBS / before.content.removeprefix("sha256:")
    seconds, nanoseconds = divmod(int(before.mtime), 1_000_000_000)
    stamp = f"touch -h -d @{seconds}.{nanoseconds:09d} -- {path}"
    if before.kind is EntryKind.ABSENT:
        yield f"rm -f -- {path}"
    elif before.kind is EntryKind.LINK:
        yield f'rm -f -- {path} && ln -s -- "$(cat {shlex.quote(str(kept))})" {path}'
        yield f"chown -h {before.uid}:{before.gid} -- {path} && {stamp}"
    else:
        owner = f"-o {before.uid} -g {before.gid} -m {before.mode:04o}"
        yield f"mkdir -p -- {shlex.quote(str(Path(row.path).parent))}"
        yield f"install {owner} -- {shlex.quote(str(kept))} {path}"
        for name, value in before.xattrs:
            yield f"setfattr -n {shlex.quote(name)} -v 0x{value} -- {path}"
        yield stamp
