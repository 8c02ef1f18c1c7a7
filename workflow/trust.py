"""Who trusts which commands: what acts on the live machine runs only where a person said so.

A repository's settings can name commands that run outside the sandbox and files outside git.  They
count on this machine once a person has looked at exactly these settings and said yes; the note of
that lies outside the repository, so that no repository can bring it along.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from workflow import canonical
from workflow.canonical import encode, sha256
from workflow.config.load import is_loopback
from workflow.durable import write_private
from workflow.errors import RefusedError, WorkflowError
from workflow.types import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.config import Settings
    from workflow.config.landing import ProbeSettings

COMMAND = "workflow targets trust"
_FOLDER, _FILE = "change-workflow", "trusted.json"
_VERSION = 1
_MOST_BYTES = 4 * 1024 * 1024
# Per repository and folder; the oldest goes first.
_MOST_SECTIONS = 50


class UntrustedError(RefusedError):
    """Nobody has said yes to these commands and files on this machine."""


class TrustFileError(WorkflowError):
    """The note of what is trusted cannot be read or written, or others may write it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A repository by its own random name, and git's folder of it on this machine.

    All work trees of a repository share that folder.
    """

    repository: str
    folder: Path


def section(settings: Settings) -> bytes:
    """What a person says yes to: `[[targets]]` and `[[probes]]` as canonical JSON."""
    return encode(
        {
            "targets": [_dumped(one) for one in settings.targets],
            "probes": [_dumped(one) for one in settings.probes],
        }
    )


def digest_of(settings: Settings) -> Digest:
    """The digest of `section`."""
    return sha256(section(settings))


def is_needed(settings: Settings) -> bool:
    """Whether the settings reach the live machine: any but requests to this machine do."""
    return bool(settings.targets) or reaches_out(settings.probes)


def reaches_out(probes: Sequence[ProbeSettings]) -> bool:
    """Whether one of the probes runs a command, or asks another machine than this one."""
    return any(
        one.command is not None or not is_loopback(urlsplit(one.http).hostname or "")
        for one in probes
    )


def is_trusted(place: Place, settings: Settings) -> bool:
    """Whether a person said yes to exactly these settings, here.  Raises `TrustFileError`."""
    return not is_needed(settings) or knows(place, digest_of(settings))


def knows(place: Place, section_digest: Digest) -> bool:
    """Whether a person said yes to the section of a digest, here.  Raises `TrustFileError`."""
    return section_digest in _sections(_read(), place)


def require(place: Place, settings: Settings) -> None:
    """Refuse to act on the live machine without a person's yes.  Raises `UntrustedError`."""
    if not is_trusted(place, settings):
        message = (
            f"{_named(place)}: nobody has trusted its [[targets]] and [[probes]] on this machine"
            f" (section {digest_of(settings).short})"
        )
        raise UntrustedError(message, hint=f"look at them and say yes: {COMMAND}")


def _named(place: Place) -> Path:
    """A repository as people call it: by its folder and not git's own."""
    return place.folder.parent if place.folder.name == ".git" else place.folder


def trust(place: Place, settings: Settings) -> Digest:
    """Write down a person's yes; returns the digest that it covers.  Raises `TrustFileError`."""
    name = digest_of(settings)
    with _locked():
        rows = _read()
        known = [one for one in _sections(rows, place) if one != name]
        _write([*_others(rows, place), _row(place, [*known, name][-_MOST_SECTIONS:])])
    return name


def revoke(place: Place) -> bool:
    """Take every yes of a repository back; whether there was any.  Raises `TrustFileError`."""
    with _locked():
        rows = _read()
        kept = _others(rows, place)
        if len(kept) < len(rows):
            _write(kept)
    return len(kept) < len(rows)


def path() -> Path:
    """The file of notes: below `$XDG_CONFIG_HOME`, else `~/.config`."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    base = Path(home) if home.startswith("/") else Path.home() / ".config"
    return base / _FOLDER / _FILE


def _dumped(one: Any) -> dict[str, Any]:  # noqa: ANN401 - any of two sections
    return dict(one.model_dump(mode="json", by_alias=True))


def _row(place: Place, digests: Sequence[str]) -> dict[str, Any]:
    return {
        "repository": place.repository,
        "folder": os.fsencode(place.folder).decode("utf-8", "backslashreplace"),
        "sections": list(digests),
    }


def _is_of(row: dict[str, Any], place: Place) -> bool:
    own = _row(place, ())
    return (row["repository"], row["folder"]) == (own["repository"], own["folder"])


def _others(rows: Sequence[dict[str, Any]], place: Place) -> list[dict[str, Any]]:
    return [row for row in rows if not _is_of(row, place)]


def _sections(rows: Sequence[dict[str, Any]], place: Place) -> list[str]:
    return [one for row in rows if _is_of(row, place) for one in row["sections"]]


def _read() -> list[dict[str, Any]]:
    """The rows of the file; none where there is no file.

    Raises `TrustFileError` for one that somebody else may write, or that is not ours in form.
    """
    place = path()
    try:
        fd = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return []
    except OSError as error:
        _refuse(f"cannot be read: {error.strerror}", error)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            _refuse("is no plain file")
        if found.st_uid not in {os.geteuid(), 0} or found.st_mode & 0o022:
            _refuse("may be written by other accounts")
        with os.fdopen(fd, "rb", closefd=False) as file:
            data = file.read(_MOST_BYTES + 1)
    finally:
        os.close(fd)
    return _rows(data)


def _rows(data: bytes) -> list[dict[str, Any]]:
    try:
        if len(data) > _MOST_BYTES:
            _refuse("is too large")
        body = json.loads(
            data,
            object_pairs_hook=canonical.unique_members,
            parse_constant=canonical.no_constant,
        )
        if body["version"] != _VERSION:
            _refuse("was written by another version")
        rows = [dict(row) for row in body["repositories"]]
        return [
            {
                "repository": str(row["repository"]),
                "folder": str(row["folder"]),
                "sections": [str(Digest(one)) for one in row["sections"]],
            }
            for row in rows
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        _refuse("does not hold what it should", error)


def _refuse(said: str, error: Exception | None = None) -> NoReturn:
    message = f"{path()}: the note of trusted commands {said}"
    raise TrustFileError(message, hint=f"move it away, then: {COMMAND}") from error


@contextmanager
def _locked() -> Iterator[None]:
    """Hold the folder of notes, made if need be, against another writer."""
    folder = path().parent
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        message = f"{folder}: cannot be made: {error.strerror}"
        raise TrustFileError(message, hint="check who may write there") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(rows: Sequence[dict[str, Any]]) -> None:
    """Put a new file in the old one's place, readable by us alone."""
    body = {"version": _VERSION, "repositories": list(rows)}
    try:
        write_private(path(), json.dumps(body, indent=1).encode() + b"\n")
    except OSError as error:
        _refuse(f"cannot be written: {error.strerror}", error)
