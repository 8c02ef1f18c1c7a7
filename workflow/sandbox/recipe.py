"""What a run may see and do, as a plan for the launcher: its arguments are the security model.

Order matters: bubblewrap carries its options out one after the other.  It starts in a root that
holds only what the run may see (see `resident.stage`), so that no link in the tree could lead it to
the host; all the same nothing is mounted or created through a path that the tree decides.
"""

from __future__ import annotations

import contextlib
import posixpath
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.sandbox import cgroup, entry, seccomp
from workflow.sandbox.interface import TREE, Network
from workflow.sandbox.resident.stage import SCRATCH

if TYPE_CHECKING:
    from workflow.sandbox.interface import Command, Laid, Scratch
    from workflow.sandbox.resident.stage import Plan

HOME = "/tmp/home"  # noqa: S108 - inside the sandbox, on its own tmpfs
UID = 1000
_PAGE = 4096
_SPARE_FILES = 64
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# The loader's index of libraries, Debian's choice of alternatives, the store of Nix.
_SYSTEM_PARTS = ("/etc/ld.so.cache", "/etc/alternatives", "/nix/store")
# What a client needs to believe a server, where distributions keep it.
_CERTIFICATES = ("/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/pki/ca-trust", "/etc/ssl/cert.pem")
# Where the kernel lets the machine's root write, or shows hardware.
_PROC_COVERED = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi")
_RESERVED = ("/proc", "/dev", "/sys", "/oldroot", "/newroot")


@dataclass(slots=True)
class _Parts:
    """A plan in the making: the parts of `Plan` that grow while it is made."""

    shown: list[tuple[str, str]] = field(default_factory=list)
    layered: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    folders: list[tuple[str, int]] = field(default_factory=list)
    blobs: list[bytes] = field(default_factory=list)
    words: list[str | int] = field(default_factory=list)

    def show(self, path: Path) -> str:
        """Return where bubblewrap finds the host's `path`, which is under a neutral name."""
        if is_system(path):
            return str(path)
        place = f"/shown/{len(self.shown)}"
        self.shown.append((str(path), place[1:]))
        if path.is_dir():
            self.layered.append(place)
        return place

    def folder(self, name: str, mode: int) -> str:
        """Return where bubblewrap finds a new writable folder."""
        self.folders.append((name, mode))
        return f"{SCRATCH}/{name}"

    def data(self, content: bytes) -> int:
        """Return what stands in the words for a descriptor to read `content` from."""
        self.blobs.append(content)
        return len(self.blobs) - 1


def plan(command: Command, program: Path) -> Plan:
    """Return how to run `command` with the bubblewrap `program`.

    Raises `ValueError` for a path inside that is not allowed.
    """
    parts = _Parts()
    _namespaces(parts, command)
    _system(parts)
    _kernel(parts)
    _writable(parts, command)
    _given(parts, command)
    _entry(parts, command)
    tree = command.tree
    return {
        "uid": UID,
        "own_network": command.network is not Network.HOST,
        "low_ports": command.low_ports,
        "tree": None if tree is None else str(tree.folder),
        "over": [] if tree is None else [_plain(one) for one in tree.over],
        "room": _room(command, len(parts.folders)),
        "program": _bubblewrap(parts, program),
        "command": [entry.PLACE],
        "shown": parts.shown,
        "layered": parts.layered,
        "links": parts.links,
        "folders": parts.folders,
        "blobs": parts.blobs,
        "words": [word if isinstance(word, int) else str(word) for word in parts.words],
    }


def _plain(one: Laid) -> tuple[str, str, bytes | None]:
    # NOTE: `marshal` takes no subclass of `str`, as a checked path is.
    return str(one.path), str(one.mode), one.content


def is_system(path: Path) -> bool:
    """Whether `path` is inside what every sandbox sees read-only anyway."""
    return path.parts[:2] == ("/", "usr") or path.parts[1:2] in [(name,) for name in _SYSTEM]


def is_placeable(path: Path) -> bool:
    """Whether a host path can appear inside at the same place, but for links of the tree."""
    try:
        _contained(str(path), None)
    except ValueError:
        return False
    return True


def _room(command: Command, folders: int) -> tuple[int, int]:
    """Return the bytes and inodes of all that is writable: the limits, and what is laid over."""
    over = command.tree.over if command.tree is not None else ()
    size = sum(-(-len(one.content or b"") // _PAGE) * _PAGE for one in over)
    inodes = sum(one.path.count("/") + 2 for one in over)
    limits = command.limits
    return limits.disk + size, limits.files + inodes + folders + _SPARE_FILES


def _bubblewrap(parts: _Parts, program: Path) -> str:
    """Return where `program` is in the new root, with the libraries that a wheel has beside it."""
    if is_system(program):
        return str(program)
    package = program.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    place = f"bubblewrap/{package.name}/{program.parent.name}/{program.name}"
    parts.shown.append((str(program), place))
    if libraries.is_dir():
        parts.shown.append((str(libraries), f"bubblewrap/{libraries.name}"))
    return f"/{place}"


def _namespaces(parts: _Parts, command: Command) -> None:
    uid = _uid(command)
    parts.words += [
        *("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts"),
        *("--unshare-cgroup-try", "--disable-userns", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session", "--clearenv"),
        *("--uid", uid, "--gid", uid, "--hostname", "localhost"),
    ]


def _uid(command: Command) -> str:
    return "0" if command.as_root else str(UID)


def _system(parts: _Parts) -> None:
    parts.words += ["--perms", "0755", "--dir", "/etc"]
    for name in ("usr", *_SYSTEM):
        path = Path("/", name)
        if path.is_symlink():
            target = str(path.readlink())
            parts.links.append((name, target))
            parts.words += ["--symlink", target, str(path)]
        elif path.is_dir():
            _same(parts, str(path))
    for place in _SYSTEM_PARTS:
        if Path(place).exists():
            _same(parts, place)


def _same(parts: _Parts, path: str) -> None:
    """Show the host's `path` at the same place, here and inside."""
    parts.shown.append((path, path[1:]))
    parts.words += ["--ro-bind", path, path]


def _kernel(parts: _Parts) -> None:
    parts.words += ["--proc", "/proc"]
    for name in _PROC_COVERED:
        parts.words += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    parts.words += ["--dev", "/dev"]


def _writable(parts: _Parts, command: Command) -> None:
    for name, mode, place in (
        ("shm", 0o1777, "/dev/shm"),  # noqa: S108 - inside
        ("tmp", 0o1777, "/tmp"),  # noqa: S108 - inside
        ("tree", 0o755, TREE),
    ):
        parts.words += ["--bind", parts.folder(name, mode), place]
    parts.folder("tmp/home", 0o700)
    for number, name in enumerate(command.dirs):
        place = _contained(name, command.tree)
        parts.words += ["--bind", parts.folder(f"dirs/{number}", 0o755), place]


def _given(parts: _Parts, command: Command) -> None:
    """Add what the command asks for: read-only host paths, links, files."""
    for path in command.read_only:
        hidden = any(_is_below(str(path), name) for name in command.dirs)
        if hidden or not is_system(path):
            place = _contained(str(path), command.tree)
            parts.words += ["--ro-bind", parts.show(path), place]
    for name, target in command.links:
        parts.words += ["--symlink", target, _contained(name, command.tree)]
    for name, content in {**_etc(parts, command), **dict(command.files)}.items():
        place = _contained(name, command.tree)
        parts.words += ["--perms", "0644", "--file", parts.data(content), place]


def _etc(parts: _Parts, command: Command) -> dict[str, bytes]:
    uid = _uid(command)
    account = "" if uid == "0" else f"user:x:{uid}:{uid}::{HOME}:/bin/sh\n"
    group = "" if uid == "0" else f"user:x:{uid}:\n"
    texts = {
        "/etc/passwd": f"root:x:0:0::{HOME}:/bin/sh\n{account}nobody:x:65534:65534::/:/bin/sh\n",
        "/etc/group": f"root:x:0:\n{group}nogroup:x:65534:\n",
        "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
        # NOTE: without this an unresolved name costs a static (musl) program five seconds.
        "/etc/resolv.conf": "options timeout:0 attempts:1\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }
    made = {name: text.encode() for name, text in texts.items()}
    if command.network is Network.HOST:
        made["/etc/nsswitch.conf"] = b"passwd: files\ngroup: files\nhosts: files dns\n"
        for name in ("/etc/hosts", "/etc/resolv.conf"):
            with contextlib.suppress(OSError):
                made[name] = Path(name).read_bytes()
        for name in _CERTIFICATES:
            if Path(name).exists():
                _same(parts, name)
    return made


def _entry(parts: _Parts, command: Command) -> None:
    """Close what was open while the rest was made, and add what runs first: see `entry`."""
    standard = {"HOME": HOME, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    environment = {**standard, "PWD": command.cwd, **command.env}
    program = parts.data(entry.program(command, environment))
    parts.words += ["--perms", "0555", "--file", program, entry.PLACE]
    parts.words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", command.cwd]
    call_filter = seccomp.program(command.network, is_counted=cgroup.is_there())
    if call_filter:
        parts.words += ["--seccomp", parts.data(call_filter)]


def _contained(name: str, tree: Scratch | None) -> str:
    """Return the path inside `name`; raise `ValueError` when the tree could lead it elsewhere."""
    clean = name.startswith("/") and posixpath.normpath(name) == name and name not in {"/", TREE}
    if not clean or any(_is_below(name, place) for place in _RESERVED):
        message = f"not a place inside the sandbox: {name!r}"
        raise ValueError(message)
    if tree is not None and _is_below(name, TREE) and _has_link(tree, name[len(TREE) + 1 :]):
        message = f"leads through a symbolic link of the tree: {name!r}"
        raise ValueError(message)
    return name


def _has_link(tree: Scratch, name: str) -> bool:
    """Whether a symbolic link is on the way to `name`, with what is laid over the tree's folder."""
    laid = {one.path: one for one in tree.over}
    parts = name.split("/")
    replaced = False
    for path in ("/".join(parts[:length]) for length in range(1, len(parts) + 1)):
        one = laid.get(path)
        if one is not None:
            replaced = True
            if one.content is not None and one.mode == "120000":
                return True
        elif not replaced and (tree.folder / path).is_symlink():
            return True
    return False


def _is_below(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}/")
