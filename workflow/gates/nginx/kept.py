"""Manifests that were derived before, in files of this user's cache folder.

One is named for everything that it was derived from.  What is read back is checked, and tried on
the base before it is believed; a file that does not fit counts as absent.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.canonical import encode, sha256
from workflow.gates.identity import identity
from workflow.gates.nginx.layout import read as files_of
from workflow.gates.nginx.manifest import from_plain

if TYPE_CHECKING:
    from workflow.gates.nginx.binaries import Binary
    from workflow.gates.nginx.layout import Target
    from workflow.gates.nginx.manifest import Manifest
    from workflow.gates.nginx.source import Source

_MAX_SIZE = 2 * 1024 * 1024
_MAX_FILES = 2000


def name(source: Source, target: Target, binary: Binary) -> str:
    """Return what a manifest depends on, as a digest in hexadecimal.

    The texts that nginx reads, every path of the tree (an include may begin to match), the target,
    the nginx, and this code.
    """
    texts = [[path, source.text(path)] for path in files_of(source, target)]
    words = [
        [[path, sha256(text.encode("utf-8", "surrogateescape"))] for path, text in texts],
        sha256("\0".join(sorted(source.paths)).encode("utf-8", "surrogateescape")),
        [str(target.path), target.folder, [str(one) for one in target.contexts]],
        binary.identity,
        identity(),
    ]
    return sha256(encode(words)).removeprefix("sha256:")


def read(folder: Path | None, named: str) -> Manifest | None:
    """Return the manifest that was kept under a name, if one was and still is whole."""
    if folder is None:
        return None
    try:
        with (folder / f"{named}.json").open("rb") as file:
            data = file.read(_MAX_SIZE + 1)
        said = json.loads(data) if len(data) <= _MAX_SIZE else None
        if not isinstance(said, dict) or said.get("name") != named:
            return None
        manifest = from_plain(said.get("manifest"))
    except (OSError, ValueError, RecursionError):
        return None
    return manifest if said.get("digest") == manifest.digest else None


def write(folder: Path | None, named: str, manifest: Manifest) -> None:
    """Keep a manifest, for this user alone; nothing is kept where that cannot be."""
    if folder is None or (folder / f"{named}.json").exists():
        return
    said = {"name": named, "manifest": manifest.plain(), "digest": manifest.digest}
    with contextlib.suppress(OSError, ValueError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_room(folder)
        descriptor, made = tempfile.mkstemp(dir=folder, prefix=".", suffix=".new")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(encode(said))
            Path(made).replace(folder / f"{named}.json")
        except OSError:
            Path(made).unlink(missing_ok=True)
            raise


def _make_room(folder: Path) -> None:
    """Let the oldest go where there are too many."""
    found = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in found[: max(0, len(found) - _MAX_FILES)]:
        path.unlink(missing_ok=True)
