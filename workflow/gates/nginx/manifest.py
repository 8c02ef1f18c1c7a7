"""What stands in around a configuration, as one frozen value: derived from the base, shown, kept.

A patched tree is tested under exactly the manifest of its base, so a name that only the patch
brings in has nothing that stands in for it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.canonical import encode, sha256
from workflow.gates.nginx.layout import Context, Target
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workflow.types import Digest

_MAX_SHIMS = 5000
_MAX_VALUE = 8192


class Kind(StrEnum):
    """What a shim stands in for; the value is how people read it."""

    CERTIFICATE = "throwaway certificate"
    KEY = "throwaway key"
    PARAMETERS = "DH parameters of RFC 7919"
    TICKET_KEY = "throwaway ticket key"
    PASSWORDS = "file of pass phrases"
    REVOCATIONS = "revocation list of nothing"
    OCSP_RESPONSE = "OCSP response that says nothing"
    NJS_MODULE = "empty njs module"
    INCLUDE = "empty include"
    FOLDER = "folder"
    PREFIX = "the repository's folder at"
    HOST = "host name to 127.0.0.1"
    ACCOUNT = "account"
    MODULE = "dynamic module of this nginx"
    BUILT_IN = "built in, so not loaded:"
    MASK = "NOT TESTED, for this nginx lacks it:"
    TEMPLATE = "template variable"
    TAG = "template filled in:"
    VARIABLE = "empty variable"
    LOG_FORMAT = "log format"
    REQUEST_ZONE = "limit_req zone"
    CONNECTION_ZONE = "limit_conn zone"
    CACHE_ZONE = "cache zone"
    THREAD_POOL = "thread pool"
    UPSTREAM = "upstream"
    SERVER_CERTIFICATE = "throwaway certificate of all servers, as"


LOUD = (Kind.MASK, Kind.BUILT_IN, Kind.TEMPLATE, Kind.TAG)
"""What changes the text that is judged, in place of lying beside it."""


@dataclass(frozen=True, slots=True, order=True)
class Shim:
    """One shim: what it is, and the path or name that it answers to.

    `detail` is what else it needs: `rsa` for a certificate or key of that type, `over` for one that
    takes the place of the tree's own, the file in which a directive is masked and a digest of the
    directive, the value of a template's variable.
    """

    kind: Kind
    value: str
    detail: str = ""

    @property
    def path(self) -> str:
        """The file of the tree that a shim of a line is about."""
        return self.detail.rpartition("#")[0]

    def __str__(self) -> str:
        """As a note for a reviewer."""
        if self.kind is Kind.TEMPLATE:
            return f"{self.kind} {self.value} = {self.detail!r}"
        if self.kind is Kind.HOST and self.detail:
            return f"{self.kind} {self.value} (known from {self.detail})"
        if self.kind in {Kind.MASK, Kind.BUILT_IN}:
            return f"{self.kind} `{self.value}` in {self.path}"
        return f"{self.kind} {self.value}{f' ({self.detail})' if self.detail else ''}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that is put around one target for one nginx.

    `context` is the block of the wrapper that a part is tested in; `shims` are sorted; `binary` is
    the identity of the nginx that it was derived with.
    """

    target: Target
    context: Context | None
    shims: tuple[Shim, ...] = ()
    binary: str = ""

    def of(self, *kinds: Kind) -> tuple[Shim, ...]:
        """The shims of these kinds."""
        return tuple(shim for shim in self.shims if shim.kind in kinds)

    def adding(self, *shims: Shim) -> Manifest:
        """This manifest with more shims; those that it has already do not count twice."""
        return replace(self, shims=tuple(sorted({*self.shims, *shims})))

    def without(self, *shims: Shim) -> Manifest:
        """This manifest with fewer shims."""
        return replace(self, shims=tuple(shim for shim in self.shims if shim not in shims))

    def instead(self, old: Shim, new: Shim) -> Manifest:
        """This manifest with one shim replaced."""
        return self.without(old).adding(new)

    def plain(self) -> dict[str, object]:
        """As JSON-ready values; `from_plain` reads them back."""
        return {
            "path": str(self.target.path),
            "folder": self.target.folder,
            "contexts": [str(one) for one in self.target.contexts],
            "context": str(self.context) if self.context else "",
            "shims": [[shim.kind.name, shim.value, shim.detail] for shim in self.shims],
            "binary": self.binary,
        }

    @property
    def digest(self) -> Digest:
        """What tells this manifest from every other one."""
        return sha256(encode(self.plain()))

    def lines(self) -> tuple[str, ...]:
        """One line for each kind of shim, for a person; none when nothing stands in."""
        counts = Counter(shim.kind for shim in self.shims)
        shown = []
        for kind in Kind:
            if counts[kind]:
                words = [str(shim).removeprefix(f"{kind} ") for shim in self.of(kind)]
                shown.append(f"{kind} {', '.join(words)}")
        return tuple(shown)


def from_plain(value: object) -> Manifest:
    """Read a manifest back; raise `ValueError` for anything that `plain` does not make."""
    fields = _fields(value)
    path, folder = _text(fields["path"]), _text(fields["folder"])
    context = _text(fields["context"])
    return Manifest(
        Target(RepoPath(path), folder, tuple(Context(one) for one in _texts(fields["contexts"]))),
        Context(context) if context else None,
        tuple(sorted(_shim(row) for row in _list(fields["shims"]))),
        _text(fields["binary"]),
    )


def _fields(value: object) -> Mapping[str, object]:
    names = {"path", "folder", "contexts", "context", "shims", "binary"}
    if not isinstance(value, dict) or set(value) != names:
        message = "this is no manifest"
        raise ValueError(message)
    return value


def _shim(row: object) -> Shim:
    kind, value, detail = _texts(row)
    if kind not in Kind.__members__:
        message = f"there is no kind of shim {kind!r}"
        raise ValueError(message)
    return Shim(Kind[kind], value, detail)


def _list(value: object) -> list[object]:
    if not isinstance(value, list) or len(value) > _MAX_SHIMS:
        message = "this is no list of a manifest"
        raise ValueError(message)
    return value


def _texts(value: object) -> Iterable[str]:
    return [_text(one) for one in _list(value)]


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_VALUE:
        message = "this is no text of a manifest"
        raise ValueError(message)
    return value
