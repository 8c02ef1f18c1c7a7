"""Real files and real modifications of them: this repository's history, and edits made by chance.

A shallow clone has no history to speak of; then, and beside it, files of the repository and of the
installed packages are edited the way that people do: lines replaced, deleted, inserted, repeated.
"""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from bench.patches.model import Change, split

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

TOP = Path(__file__).resolve().parents[2]
MAX_BYTES = 60_000
_TEXT = {".py", ".pyi", ".toml", ".md", ".txt", ".json", ".yaml", ".yml", ".cfg", ".conf", ".h"}
_WORD = re.compile(rb"[A-Za-z]{3,}")


def commits() -> tuple[Change, ...]:
    """Every modification of a text file in the history of this checkout; none outside git."""
    out = _git("log", "--no-renames", "--diff-filter=M", "--raw", "--no-abbrev", "--format=", "-z")
    fields = [field for field in out.split(b"\0") if field]
    rows = [
        (meta.split()[2], meta.split()[3], path.decode("utf-8", "replace"))
        for meta, path in zip(fields[::2], fields[1::2], strict=True)
    ]
    ids = sorted({name for old, new, _ in rows for name in (old, new)})
    texts = dict(zip(ids, _blobs(ids), strict=True))
    return tuple(
        Change(path, texts[old], texts[new])
        for old, new, path in rows
        if _is_text(texts[old]) and _is_text(texts[new])
    )


def files() -> tuple[Path, ...]:
    """Text files of the example and of the installed packages, in the order of their names.

    Not of the work tree, which changes: a seed would not give the same cases again.
    """
    found = [
        path
        for folder in (TOP / "sandbox_repo", Path(sysconfig.get_path("purelib")))
        for path in folder.rglob("*")
    ]
    return tuple(
        sorted(
            path
            for path in found
            if path.suffix in _TEXT and path.is_file() and 200 < path.stat().st_size < MAX_BYTES  # noqa: PLR2004 - room for a hunk
        )
    )


def edited(rng: random.Random, path: Path) -> Change | None:
    """A file with one to four places edited by chance."""
    before = path.read_bytes()
    if not _is_text(before):
        return None
    lines = list(split(before))
    for _ in range(rng.randint(1, 4)):
        _edit(rng, lines)
    after = b"".join(lines)
    if after == before or not _is_text(after):
        return None
    return Change(f"src/{path.name}", before, after)


def changes(rng: random.Random, count: int) -> tuple[Change, ...]:
    """About `count` modifications, half of them from the history if there is one."""
    history = commits()
    real = rng.sample(history, min(len(history), count // 2))
    sources = files()
    made: list[Change] = []
    while len(made) + len(real) < count:
        change = edited(rng, rng.choice(sources))
        made += [change] if change else []
    return (*real, *made)


def _edit(rng: random.Random, lines: list[bytes]) -> None:
    if len(lines) < 2:  # noqa: PLR2004 - nothing to choose from
        return
    at = rng.randrange(len(lines))
    line = lines[at]
    count = rng.randint(1, 3)
    kind = rng.randrange(5)
    if kind == 0 and _WORD.search(line):
        lines[at] = _WORD.sub(b"changed", line, count=1)
    elif kind == 1:
        del lines[at : at + count]
    elif kind == 2:  # noqa: PLR2004 - the third kind
        source = rng.randrange(len(lines))
        fresh = [_WORD.sub(b"added", text) for text in lines[source : source + count]]
        lines[at:at] = [text if text.endswith(b"\n") else text + b"\n" for text in fresh]
    elif kind == 3:  # noqa: PLR2004 - the fourth kind
        indent = line[: len(line) - len(line.lstrip())].strip(b"\n")
        lines[at:at] = [indent + b"note = %d\n" % rng.randrange(1000)]
    else:
        lines[at : at + 1] = [line if line.endswith(b"\n") else line + b"\n", line]


def _is_text(data: bytes) -> bool:
    return (
        0 < len(data) <= MAX_BYTES and b"\0" not in data and max(map(len, split(data))) < MAX_BYTES
    )


def _blobs(ids: list[bytes]) -> Iterator[bytes]:
    out = _git("cat-file", "--batch", stdin=b"".join(name + b"\n" for name in ids))
    at = 0
    for _ in ids:
        end = out.index(b"\n", at)
        size = int(out[at:end].split()[2])
        yield out[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _git(*arguments: str, stdin: bytes = b"") -> bytes:
    """What git prints, nothing when this is no repository."""
    ran = subprocess.run(
        ["git", "-C", str(TOP), *arguments], input=stdin, capture_output=True, check=False
    )
    return ran.stdout if ran.returncode == 0 else b""
