"""Puts a manifest around a tree: one confined command in which nginx finds what it needs.

What stands in lies beside the configuration, but for what `overlay` changes in the text.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from workflow.gates.nginx import overlay, throwaway
from workflow.gates.nginx.layout import Context
from workflow.gates.nginx.manifest import Kind
from workflow.gates.nginx.overlay import defined
from workflow.gates.nginx.places import mount_of
from workflow.sandbox import TREE, Command, Limits, Network
from workflow.semantics.nginx.files import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from workflow.gates.nginx.binaries import Binary
    from workflow.gates.nginx.manifest import Manifest
    from workflow.gates.nginx.source import Source

ETC = PREFIXES[0]
WRAPPER = f"{ETC}/.workflow-wrapper.conf"
SETUP_FAILED = 124
_RUN = "/run/workflow"
PREFIX = f"{_RUN}/prefix"
_LOOPBACK = "127.0.0.1"
_WRITABLE = ("/etc", "/run", "/var")
_CONTENT = {
    # Both in each, for some keep them in one file.
    Kind.CERTIFICATE: (throwaway.PAIR, throwaway.RSA_PAIR),
    Kind.KEY: (throwaway.PAIR, throwaway.RSA_PAIR),
    Kind.PARAMETERS: (throwaway.PARAMETERS,),
    Kind.TICKET_KEY: (throwaway.TICKET_KEY,),
    Kind.PASSWORDS: (throwaway.PASSWORDS,),
    Kind.REVOCATIONS: (throwaway.REVOCATIONS,),
    Kind.OCSP_RESPONSE: (throwaway.OCSP_RESPONSE,),
    Kind.NJS_MODULE: (throwaway.NJS_MODULE,),
    Kind.INCLUDE: (throwaway.EMPTY,),
}
# The default accounts that binaries are built with.
_ACCOUNTS = ("root", "nobody", "nogroup", "users")


def is_about_wrapper(said: str) -> bool:
    """Whether this nginx does not even know the block that a part is tested in."""
    return said.startswith("unknown directive") and f" in {WRAPPER}:" in said


def main_file(manifest: Manifest) -> str:
    """Return the path inside of the file that nginx starts from."""
    target = manifest.target
    return WRAPPER if manifest.context else f"{ETC}/{posixpath.basename(target.path)}"


def nginx(manifest: Manifest, binary: Binary) -> tuple[str, ...]:
    """Return the words that start nginx inside, without `-t`."""
    return (*binary.argv, "-e", "stderr", "-p", f"{PREFIX}/", "-c", main_file(manifest))


def command(  # noqa: PLR0913 - what to run, under what, and what a live probe needs beside it
    manifest: Manifest,
    binary: Binary,
    source: Source,
    *,
    limits: Limits,
    argv: Sequence[str] | None = None,
    files: Iterable[tuple[str, bytes]] = (),
    hosts: Mapping[str, str] | None = None,
    read_only: Iterable[Path] = (),
    links: Iterable[tuple[str, str]] = (),
    env: Mapping[str, str] | None = None,
    report: bool = False,
    stdin: bytes = b"",
) -> Command:
    """Return the confined command for one tree: `nginx -t`, or `argv` in the same surroundings.

    `hosts` are addresses of the manifest's host names, where not 127.0.0.1; `files` and `read_only`
    are more for `argv`, as `Command` has them.  The network is loopback alone.
    """
    scratch = source.scratch.laid(*overlay.laid(manifest, source, binary))
    prefixes = _prefixes(manifest, binary)
    placed = [shim.value for shim in manifest.shims if shim.value.startswith("/")]
    mounts = [mount_of(place) for place in (*placed, *(prefix for prefix, _ in prefixes))]
    test = tuple(argv) if argv is not None else (*nginx(manifest, binary), "-t")
    own = (
        ("/etc/passwd", _accounts(manifest, binary, "{0}:x:0:0::/:/bin/sh")),
        ("/etc/group", _accounts(manifest, binary, "{0}:x:0:")),
        ("/etc/hosts", _hosts(manifest, hosts or {})),
        *_contents(manifest),
        (f"{_RUN}/setup", _setup(manifest, binary)),
    )
    if manifest.context:
        own += ((f"{_RUN}/wrapper", _wrapper(manifest, manifest.context, binary)),)
    return Command(
        argv=("/bin/sh", f"{_RUN}/setup", *test),
        tree=scratch,
        read_only=tuple(dict.fromkeys((*binary.shown, *read_only))),
        files=(*own, *files),
        dirs=tuple(dict.fromkeys([*_WRITABLE, *filter(None, mounts)])),
        links=(*prefixes, *links),
        limits=limits,
        network=Network.LOOPBACK,
        low_ports=True,
        as_root=True,
        env=dict(env or {}),
        report=report,
        stdin=stdin,
    )


def _prefixes(manifest: Manifest, binary: Binary) -> tuple[tuple[str, str], ...]:
    """Return the links from where nginx's folder is on servers to the tree's folder."""
    folder = manifest.target.folder
    home = posixpath.normpath(f"{TREE}/{folder}") if folder else TREE
    named = {shim.value for shim in manifest.of(Kind.PREFIX)}
    links = [(place, home) for place in PREFIXES if place == ETC or place in named]
    if binary.modules_folder:
        links.append((f"{PREFIX}/modules", str(binary.modules_folder)))
    return tuple(links)


def _contents(manifest: Manifest) -> tuple[tuple[str, bytes], ...]:
    """Return the throwaway files that the setup copies from."""
    wanted = {(shim.kind, "rsa" in shim.detail.split()) for shim in manifest.of(*_CONTENT)}
    if manifest.of(Kind.SERVER_CERTIFICATE):
        wanted |= {(Kind.CERTIFICATE, False), (Kind.KEY, False)}
    return tuple(
        (_origin(kind, is_rsa=is_rsa), _CONTENT[kind][is_rsa]) for kind, is_rsa in sorted(wanted)
    )


def _origin(kind: Kind, *, is_rsa: bool) -> str:
    return f"{_RUN}/{kind.name}{'-rsa' if is_rsa else ''}"


def _setup(manifest: Manifest, binary: Binary) -> bytes:
    """Return the script that puts the shims in place: inside, where links are harmless."""
    lines = [
        f'fail() {{ echo "the shims could not be set up" >&2; exit {SETUP_FAILED}; }}',
        # One process for each file, which takes away what is there first, links as such.
        'over() { install -D -m 644 -T "$1" "$2"; }',
        'place() { [ -e "$2" ] || over "$1" "$2"; }',
    ]
    own = (folder for folder in binary.folders if folder.startswith(("/var/", "/run/", "/tmp/")))  # noqa: S108 - inside
    asked = (one.value for one in manifest.of(Kind.FOLDER))
    folders = (shlex.quote(name) for name in (PREFIX, *own, *asked))
    lines.append(f"mkdir -p {' '.join(folders)} || fail")
    if manifest.context:
        lines.append(f"cp {_RUN}/wrapper {WRAPPER} || fail")
    for shim in manifest.of(*_CONTENT):
        verb = "over" if "over" in shim.detail.split() else "place"
        origin = _origin(shim.kind, is_rsa="rsa" in shim.detail.split())
        lines.append(f"{verb} {origin} {shlex.quote(shim.value)} || fail")
    return "\n".join([*lines, 'exec "$@"', ""]).encode()


def _wrapper(manifest: Manifest, context: Context, binary: Binary) -> bytes:
    path = re.sub(r'(["\\])', r"\\\1", f"{TREE}/{manifest.target.path}")
    part = f'include "{path}";'
    http, stream = defined(manifest, "http"), defined(manifest, "stream")
    text = {
        Context.MAIN: f"events {{}} {part}",
        Context.HTTP: f"events {{}} http {{ {http} {part} }}",
        Context.SERVER: f"events {{}} http {{ {http} server {{ {part} }} }}",
        Context.LOCATION: f"events {{}} http {{ {http} server {{ location / {{ {part} }} }} }}",
        Context.UPSTREAM: f"events {{}} http {{ {http} upstream part {{ {part} }} }}",
        Context.STREAM: f"events {{}} stream {{ {stream} {part} }}",
        Context.STREAM_SERVER: f"events {{}} stream {{ {stream} server {{ {part} }} }}",
        Context.MAIL: f"events {{}} mail {{ {part} }}",
    }[context]
    return f"{overlay.before_all(manifest, binary)}{text}\n".encode()


def _accounts(manifest: Manifest, binary: Binary, line: str) -> bytes:
    # Every name is id 0: the only id that exists inside, so that nginx can hand folders over.
    asked = (shim.value for shim in manifest.of(Kind.ACCOUNT))
    names = dict.fromkeys((*_ACCOUNTS, *binary.accounts, *asked))
    return "".join(line.format(name) + "\n" for name in names).encode()


def _hosts(manifest: Manifest, addresses: Mapping[str, str]) -> bytes:
    names = ["localhost", *(shim.value for shim in manifest.of(Kind.HOST))]
    rows = [f"{addresses.get(name, _LOOPBACK)} {name}\n" for name in dict.fromkeys(names)]
    return "".join(rows).encode()
