"""Prepares one run for each tree: upstreams that stand in, pages to serve, and a few edited words.

What is edited in the copy never changes what is answered: where nginx logs, that it runs as one
process, and the address of a listener that would take a port from an upstream.
"""

from __future__ import annotations

import importlib.util
import json
import posixpath
import re
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.gates.nginx import shims, throwaway
from workflow.gates.nginx.live.asked import PUBLIC, STRANGER
from workflow.gates.nginx.live.derive import Doors
from workflow.gates.nginx.live.inside import told
from workflow.gates.nginx.live.ports import listeners, literal, resolvers, upstreams
from workflow.gates.nginx.live.samples import NEIGHBOUR, modified, primary
from workflow.gates.nginx.places import is_placeable, mount_of
from workflow.sandbox import Laid, Limits
from workflow.sandbox.interpreter import interpreter
from workflow.sandbox.recipe import is_system
from workflow.semantics.nginx import (
    Edit,
    NginxSyntaxError,
    apply_edits,
    decode,
    encode,
    parse,
    walk,
)
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.gates.nginx.binaries import Binary
    from workflow.gates.nginx.live.asked import Listener, Request
    from workflow.gates.nginx.live.ports import Upstream
    from workflow.gates.nginx.manifest import Manifest
    from workflow.gates.nginx.source import Source
    from workflow.sandbox import Command
    from workflow.sandbox.interpreter import Interpreter
    from workflow.semantics.nginx import Directive
    from workflow.semantics.nginx.expanded import Config, Item

TURNS = 2
"""How often everything is asked: what is answered otherwise the second time is told apart."""
_INSIDE = "/run/workflow/live"
_WRAPPER = "/run/workflow/wrapper"
_BOOT = (
    f"import sys; sys.path.insert(0, {_INSIDE!r}); "
    "from workflow.gates.nginx.live.inside.driver import main; main()"
)
_HTTP2 = ("h2", "hpack", "hyperframe")
_OUTPUT = 16 * 1024 * 1024
_AFTER_S = 5.0
_MOST_PAGES = 400
_MOST_INDEXES = 4
_LOOPBACK, _SECOND = "127.0.0.1", "127.0.0.2"
_HANDLED = ("return", "proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass")
_FIXED = {"daemon": "daemon off;", "master_process": "master_process off;"}
_EDITED = re.compile(r"error_log|daemon|master_process")
_LISTENS = re.compile(r"listen|server")
_LOG = "error_log stderr error;"
_ROOT = f"{shims.PREFIX}/html"


@dataclass(frozen=True, slots=True)
class Times:
    """How long is waited, in seconds: in all, for nginx to listen, and for one answer."""

    timeout_s: float = 20.0
    start_s: float = 5.0
    request_s: float = 4.0


@dataclass(frozen=True, slots=True)
class Stage:
    """What both trees have around them: the same on each, so that only they differ.

    `stubs` are the upstreams that stand in; `unvouched` those that only the patched tree names and
    nothing stands in for.  `hosts` are the addresses of names.  `is_limited` says that a client may
    be slowed down, so that each request has to be another client's.
    """

    stubs: tuple[Upstream, ...]
    unvouched: tuple[Upstream, ...]
    hosts: Mapping[str, str]
    doors: Doors
    pages: tuple[str, ...]
    is_limited: bool = False
    notes: tuple[str, ...] = ()

    def address(self, one: Upstream) -> str:
        """Return where an upstream stands in."""
        return literal(one.host) or self.hosts.get(one.host, "") if one.port else one.host


def staged(base: Config | None, patched: Config, vouched: frozenset[str]) -> Stage:
    """Return what both trees have around them.

    An upstream that the patch only adds stands in, too; one that takes the place of another does
    not, unless it is vouched for: as little as any other name that only the patch brings in.
    """
    after = upstreams(patched)
    before = upstreams(base) if base is not None else after
    fresh = tuple(one for one in after if one not in before)
    is_moved = any(one not in after for one in before)
    # Of a host that the base knows, another port has to be vouched for by itself.
    strange = {one.host for one in fresh} - {one.host for one in before}
    good = {one for one in fresh if str(one) in vouched or one.host in vouched & strange}
    missing = tuple(one for one in fresh if is_moved and one not in good)
    known = (*before, *(one for one in fresh if one not in missing))
    names = sorted({one.host for one in (*before, *after) if one.port and not literal(one.host)})
    hosts = {name: f"127.0.1.{number}" for number, name in enumerate(names[:250], 1)}
    sides = [patched] if base is None else [base, patched]
    found = [one for side in sides for server in side.servers for one in listeners(server)]
    stubs = tuple(one for one in known if not _is_own(one, found))
    notes = [f"{one} stands in: only the patch names it" for one in fresh if one in stubs]
    pages = dict.fromkeys(page for side in sides for page in _pages(side))
    doors = Doors(_moved(found, stubs, hosts))
    is_limited = any(True for side in sides for _ in side.every("limit_req", "limit_conn"))
    shown = tuple(pages)[:_MOST_PAGES]
    return Stage(stubs, missing, hosts, doors, shown, is_limited, tuple(notes))


def _is_own(one: Upstream, found: Sequence[Listener]) -> bool:
    """Whether nginx asks itself."""
    address = literal(one.host) if one.port else one.host
    is_local = address.startswith("127.") or address in {"::1", PUBLIC} or not one.port
    return is_local and any(
        listener.port == one.port and (listener.is_wildcard or listener.address == address)
        for listener in found
    )


def _moved(
    found: Sequence[Listener], stubs: Sequence[Upstream], hosts: Mapping[str, str]
) -> dict[int, str]:
    """Return the ports on which nginx's wildcard would leave no room for an upstream."""
    taken = {one.port for one in stubs if one.port and (literal(one.host) or one.host in hosts)}
    wild = {one.port for one in found if one.is_wildcard and one.port in taken}
    explicit = {one.port for one in found if one.address == _LOOPBACK}
    local = {one.port for one in stubs if literal(one.host) == _LOOPBACK}
    return {port: _SECOND if port in explicit | local else _LOOPBACK for port in wild}


def _pages(config: Config) -> Iterator[str]:
    """Yield paths of files that there should be, for something to be served."""
    for block in (*config.servers, *config.blocks("location")):
        alias, root = block.named("alias"), block.value("root", _ROOT)
        # Where files are tried first, there must be one for the upstream to be reached.
        is_elsewhere = block.named(*_HANDLED) and not block.named("try_files")
        if is_elsewhere or (block.name == "location" and not block.args):
            continue
        folder = alias[0].args[0] if alias and alias[0].args else root
        if "$" in folder or not folder.startswith("/"):
            continue
        yield from (page for page in _in_folder(folder, block, is_alias=bool(alias)) if _fits(page))


def _in_folder(folder: str, block: Item, *, is_alias: bool) -> Iterator[str]:
    clean = folder.rstrip("/")
    names = [name for one in block.effective("index") for name in one.args]
    for name in dict.fromkeys(["index.html", *names[:_MOST_INDEXES]]):
        if "$" not in name and not name.startswith("/"):
            yield f"{clean}/{name}"
    yield posixpath.join(posixpath.dirname(clean), NEIGHBOUR)
    if block.name != "location":
        yield f"{clean}/probe.html"
        return
    _, path = modified(block)
    if is_alias:
        yield f"{clean}/probe.html"
    elif not path.startswith("@") and (page := primary(block)):
        yield f"{clean}{page}"


def _fits(page: str) -> bool:
    return posixpath.normpath(page) == page and "%" not in page and is_placeable(page)


def run_of(  # noqa: PLR0913, PLR0917 - one tree, what is around it, and how it is asked
    stage: Stage,
    manifest: Manifest,
    binary: Binary,
    source: Source,
    config: Config,
    requests: Sequence[Request],
    times: Times,
) -> Command:
    """Return the confined run that starts nginx on one tree and asks it everything."""
    python = _python()
    place = f"{_INSIDE}/told.json"
    program = str(python.program)
    orders = json.dumps(_orders(stage, manifest, binary, config, requests, times)).encode()
    own = (
        *_modules(),
        (place, orders),
        (f"{_INSIDE}/stub.crt", throwaway.CERTIFICATE),
        (f"{_INSIDE}/stub.key", throwaway.KEY),
    )
    command = shims.command(
        manifest,
        binary,
        source,
        argv=(program, "-I", "-S", "-c", _BOOT, place),
        limits=Limits(wall_s=times.timeout_s + _AFTER_S, output=_OUTPUT),
        files=own,
        hosts=stage.hosts,
        read_only=(*python.folders, *_beside()),
        links=python.links,
        env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
        report=True,
    )
    sockets = (one.host for one in stage.stubs if not one.port and is_placeable(one.host))
    mounts = map(mount_of, (*stage.pages, *sockets))
    dirs = dict.fromkeys((*command.dirs, *filter(None, mounts)))
    tree = command.tree
    if tree is not None:
        tree = tree.laid(*_edited(stage, source, config, {one.path: one for one in tree.over}))
    files = command.files
    wrapped = (one for one in config.servers if one.directive is None)
    if 80 in stage.doors.moved and any(not one.named("listen") for one in wrapped):  # noqa: PLR2004 - nginx's own default
        words = b"server { listen %b:80; " % stage.doors.moved[80].encode()
        files = tuple(
            (name, text.replace(b"server {", words, 1) if name == _WRAPPER else text)
            for name, text in files
        )
    return replace(command, dirs=tuple(dirs), tree=tree, files=files)


def _orders(  # noqa: PLR0913, PLR0917 - as above
    stage: Stage,
    manifest: Manifest,
    binary: Binary,
    config: Config,
    requests: Sequence[Request],
    times: Times,
) -> told.Told:
    written = {item.name for item in config.main.items}
    globals_ = " ".join(text for name, text in _FIXED.items() if name not in written)
    argv = [*shims.nginx(manifest, binary), *(["-g", globals_] if globals_ else [])]
    found = [one for server in config.servers for one in listeners(server) if not one.is_quic]
    ready = {(stage.doors.address(one), one.port): None for one in found}
    stubs: list[told.Stub] = [
        {
            "name": str(one),
            "protocol": one.protocol,
            "address": stage.address(one),
            "port": one.port,
        }
        for one in stage.stubs
        if stage.address(one)
    ]
    is_slow = any(config.every("mirror", "post_action"))
    return {
        "nginx": argv,
        "ready": list(ready)[:_MOST_PAGES],
        "stubs": stubs,
        "names": dict(stage.hosts),
        "resolvers": list(resolvers(config)),
        "pages": [(page, f"the page {page}\n" * 40) for page in stage.pages],
        "certificate": f"{_INSIDE}/stub.crt",
        "key": f"{_INSIDE}/stub.key",
        "asks": [_ask(request, spreads=stage.is_limited) for request in requests],
        "turns": TURNS,
        "start_s": times.start_s,
        "request_s": times.request_s,
        "timeout_s": times.timeout_s,
        "settle_s": 0.01 if is_slow else 0.0,
        "spread": stage.is_limited,
        "packages": _packages(_HTTP2[0]),
    }


def _ask(request: Request, *, spreads: bool) -> told.Ask:
    made = request.ask()
    if spreads and made["source"] == STRANGER:
        made["source"] = ""
    return made


def _edited(
    stage: Stage, source: Source, config: Config, over: Mapping[str, Laid]
) -> Iterator[Laid]:
    """Yield the files of nginx with the words that a run needs otherwise."""
    bare = {
        (server.place.path, server.place.line)
        for server in config.servers
        if server.directive is not None and not server.named("listen")
    }
    for path in config.files:
        real = source.real(path)
        if not real:
            continue
        laid = over.get(real)
        data = laid.content if laid is not None else source.tree.read(RepoPath(real))
        text = decode(data or b"")
        if not (_EDITED.search(text) or (stage.doors.moved and _LISTENS.search(text))):
            continue
        try:
            nodes = parse(text).children
        except NginxSyntaxError:
            continue
        edits = [edit for one in walk(nodes) for edit in _edits(one, stage.doors, path, bare)]
        if edits:
            mode = laid.mode if laid is not None else source.mode(real)
            yield Laid(real, mode, encode(apply_edits(text, edits)))


def _edits(one: Directive, doors: Doors, path: str, bare: set[tuple[str, int]]) -> Iterator[Edit]:
    if one.name == "error_log" and one.block is None:
        yield Edit(one.span.start, one.span.end, _LOG)
    elif one.name in _FIXED and one.block is None:
        yield Edit(one.span.start, one.span.end, _FIXED[one.name])
    elif one.name == "listen" and one.args:
        port = _wild_port(one)
        if port in doors.moved:
            host = f"[::ffff:{doors.moved[port]}]" if one.args[0].value[0] == "[" else ""
            span = one.args[0].span
            yield Edit(span.start, span.end, f"{host or doors.moved[port]}:{port}")
    elif one.name == "server" and one.block is not None and (path, one.line) in bare:
        start = one.block.span.start + 1
        address = doors.moved.get(80)
        if address:
            yield Edit(start, start, f" listen {address}:80;")


def _wild_port(one: Directive) -> int:
    """Return the port of a listener on every address; 0 for others."""
    first = one.args[0].value
    if first.startswith("["):
        is_dual = "ipv6only=off" in one.values
        host, _, port = first.partition("]")
        return int(port[1:] or 80) if host == "[::" and is_dual and port[1:].isdecimal() else 0
    host, _, port = first.rpartition(":")
    if first in {"*", "0.0.0.0"}:  # noqa: S104 - as it is written
        return 80
    return int(port) if host in {"", "*", "0.0.0.0"} and port.isdecimal() else 0  # noqa: S104 - as above


@cache
def _python() -> Interpreter:
    return interpreter(Path(sys.executable))


@cache
def _modules() -> tuple[tuple[str, bytes], ...]:
    """Return what runs inside, at the places where Python finds it."""
    names = ["workflow", "workflow/gates", "workflow/gates/nginx", "workflow/gates/nginx/live"]
    names.append("workflow/gates/service")
    made = [(f"{_INSIDE}/{name}/__init__.py", b"") for name in names]
    home = Path(told.__file__).parent
    files = {f"workflow/gates/nginx/live/inside/{one.name}": one for one in home.glob("*.py")}
    answers = "workflow/gates/service/answers.py"
    files[answers] = home.parents[2] / "service" / "answers.py"
    made += [(f"{_INSIDE}/{name}", path.read_bytes()) for name, path in sorted(files.items())]
    return tuple(made)


@cache
def _packages(name: str) -> str:
    """Return the folder that a package lies in; empty where there is none."""
    found = importlib.util.find_spec(name)
    places = list(found.submodule_search_locations or ()) if found is not None else []
    return str(Path(places[0]).parent) if places else ""


def _is_shown(folder: Path) -> bool:
    """Whether the interpreter brings a folder along."""
    return is_system(folder) or any(folder.is_relative_to(one) for one in _python().folders)


def _beside() -> tuple[Path, ...]:
    """Return the packages that HTTP/2 needs, where they lie apart from the interpreter."""
    home = _packages(_HTTP2[0])
    is_apart = home and not _is_shown(Path(home))
    return tuple(Path(_packages(name), name) for name in _HTTP2) if is_apart else ()


def has_http3() -> bool:
    """Whether what speaks HTTP/3 is installed, with the interpreter that runs this."""
    home = _packages("aioquic")
    return bool(home) and _is_shown(Path(home))
