"""What surrounds bubblewrap: a root with only what a run may see, and all that it may write to.

A forked child of the launcher comes here in namespaces of its own.  It brings the mounts that the
run needs to a new, empty root and lets the host's go, leaves the machine's root for good where
there is one, lays the tree out copy-on-write on a file system of bounded size, and becomes
bubblewrap.  All of it is gone with its namespaces; nothing is ever made on the host.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import stat
import struct
from typing import TYPE_CHECKING, TypedDict

from workflow.sandbox.resident import linux
from workflow.sandbox.resident.lay import lay

if TYPE_CHECKING:
    from typing import NoReturn

NOBODY = 65534
REPORT = 3
"""The descriptor of the report pipe inside."""

SCRATCH = "/scratch"
"""Where all that a run can write to is, in the new root; its folder `tree` is the tree's copy."""

_LOWER, _EMPTY = "/lower", "/empty"
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_ROOT_ROOM = "size=16m,nr_inodes=8192,mode=755"
_NO_EXTRAS = linux.MS_NOSUID | linux.MS_NODEV
_SIOCSIFFLAGS, _IFF_UP_RUNNING = 0x8914, 0x1 | 0x40
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
# All of IPv4 but for "this network" and 127/8, which the interface has anyway: what lies in the net
# of an address of a loopback interface is this machine's own.
_EVERY_ADDRESS = (
    *(("1.0.0.1", "255.0.0.0"), ("2.0.0.1", "254.0.0.0"), ("4.0.0.1", "252.0.0.0")),
    *(("8.0.0.1", "248.0.0.0"), ("16.0.0.1", "240.0.0.0"), ("32.0.0.1", "224.0.0.0")),
    *(("64.0.0.1", "192.0.0.0"), ("128.0.0.1", "128.0.0.0")),
)
_OPEN_NETWORK = (
    ("ipv4/ip_unprivileged_port_start", "0"),
    ("ipv4/ip_nonlocal_bind", "1"),
    ("ipv6/ip_nonlocal_bind", "1"),
)


class Plan(TypedDict):
    """One run: what is around bubblewrap, and its words.

    `shown` are host paths and their places in the new root, and `layered` those of the places that
    are folders of somebody's.  `links` are places and targets of symbolic links there.  `tree` is
    the host folder to show, `over` what is laid over it.  `room` is in bytes and inodes, of all
    that can be written together; `folders` are made there, with modes.  Of `words`, a number stands
    for the descriptor of the blob at that index.
    """

    uid: int
    own_network: bool
    low_ports: bool
    shown: list[tuple[str, str]]
    layered: list[str]
    links: list[tuple[str, str]]
    tree: str | None
    over: list[tuple[str, str, bytes | None]]
    room: tuple[int, int]
    folders: list[tuple[str, int]]
    program: str
    words: list[str | int]
    command: list[str]
    blobs: list[bytes]


def build(plan: Plan, *, owner: tuple[int, int], namespace: int | None) -> None:
    """Make the new root and enter it, as nobody in particular.

    `owner` are the launcher's user and group.  `namespace` is given to the machine's root alone:
    the user namespace that maps the owner of the tree to an unprivileged user.  Raises `OSError`,
    and `ValueError` for what must not be laid over the tree.
    """
    os.umask(0o022)
    if namespace is None:
        _map(plan["uid"], *owner)
    linux.mount("", "/", linux.MS_REC | linux.MS_PRIVATE)
    shown = [(linux.tree(path), place) for path, place in plan["shown"]]
    shown += [(linux.tree(f"/dev/{name}"), f"dev/{name}") for name in _DEVICES]
    if plan["tree"] is not None:
        lower = linux.tree(plan["tree"])
        if namespace is not None:
            linux.map_owners(lower, namespace)
        shown.append((lower, _LOWER[1:]))
    # NOTE: what was below this place is in `shown` by now, so that it can be covered.
    linux.mount("tmpfs", "/tmp", _NO_EXTRAS, _ROOT_ROOM)  # noqa: S108 - in namespaces of our own
    os.chdir("/tmp")  # noqa: S108 - as above
    _furnish(plan, shown)
    linux.enter_root(".")
    if plan["own_network"]:
        _loopback(low_ports=plan["low_ports"])
    if namespace is not None:
        _leave_root(plan["uid"])
    for place in plan["layered"]:
        # NOTE: a read-only mount lets a program connect to a socket of the host; a layer does not.
        linux.mount("overlay", place, _NO_EXTRAS | linux.MS_RDONLY, f"lowerdir={place}:{_EMPTY}")
    _make_scratch(plan)


def start(plan: Plan, life: int) -> NoReturn:
    """Become bubblewrap, unless the launcher at the other end of `life` is gone."""
    descriptors = [_readable(blob) for blob in plan["blobs"]]
    words = [str(descriptors[word]) if isinstance(word, int) else word for word in plan["words"]]
    options = _readable(b"".join(os.fsencode(word) + b"\0" for word in words))
    linux.die_with_parent()
    if select.select([life], [], [], 0)[0]:
        os._exit(1)
    argv = ["bwrap", "--args", str(options), "--", *plan["command"]]
    os.execve(plan["program"], argv, {})  # noqa: S606 - the sandbox itself, by full path


def mapping(owner: tuple[int, int]) -> int:
    """Return a user namespace in which the files of `owner` are the unprivileged user's."""
    read, write = os.pipe()
    child = linux.clone(linux.CLONE_NEWUSER)
    if child == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    try:
        for name, number in zip(("uid_map", "gid_map"), owner, strict=True):
            _write(f"/proc/{child}/{name}", f"{number} {NOBODY} 1")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(read)
        os.close(write)
        os.waitpid(child, 0)


def _map(inside: int, uid: int, gid: int) -> None:
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{inside} {uid} 1")
    _write("/proc/self/gid_map", f"{inside} {gid} 1")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs the start-up milliseconds
        file.write(text)


def _furnish(plan: Plan, shown: list[tuple[int, str]]) -> None:
    """Fill the new root, which is the working folder."""
    for name in ("tmp", "proc", SCRATCH[1:], _EMPTY[1:]):
        os.mkdir(name)  # noqa: PTH102 - as above
    for place, target in plan["links"]:
        os.symlink(target, place)  # noqa: PTH211 - as above
    for mounted, place in shown:
        is_folder = stat.S_ISDIR(os.fstat(mounted).st_mode)
        os.makedirs(place if is_folder else os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120 - as above
        if not is_folder:
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        linux.attach(mounted, place)
    # NOTE: allowed only while another one can be seen, so before the old root goes.
    linux.mount("proc", "proc", _NO_EXTRAS | linux.MS_NOEXEC)


def _loopback(*, low_ports: bool) -> None:
    """Bring up the loopback interface of our own network, and let its low ports be used.

    With them, every address of IPv4 is its own: nothing is behind any of them but the run itself.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as any_socket:
        request = struct.pack("16sh22x", b"lo", _IFF_UP_RUNNING)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)
        for number, pair in enumerate(_EVERY_ADDRESS if low_ports else ()):
            for call, address in zip((_SIOCSIFADDR, _SIOCSIFNETMASK), pair, strict=True):
                label, packed = f"lo:{number}".encode(), socket.inet_aton(address)
                request = struct.pack("16sHH4s8x", label, socket.AF_INET, 0, packed)
                fcntl.ioctl(any_socket, call, request)
    for name, value in _OPEN_NETWORK if low_ports else ():
        if os.path.exists(f"/proc/sys/net/{name}"):  # noqa: PTH110 - as above; there may be no IPv6
            _write(f"/proc/sys/net/{name}", value)


def _leave_root(inside: int) -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    linux.be_readable()
    linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWNS)
    _map(inside, NOBODY, NOBODY)


def _make_scratch(plan: Plan) -> None:
    size, inodes = plan["room"]
    linux.mount("tmpfs", SCRATCH, _NO_EXTRAS, f"size={size},nr_inodes={inodes},mode=755")
    for name, mode in [("tree", 0o755), ("upper", 0o755), ("work", 0o755), *plan["folders"]]:
        os.makedirs(f"{SCRATCH}/{name}", exist_ok=True)  # noqa: PTH103 - as above
        os.chmod(f"{SCRATCH}/{name}", mode)  # noqa: PTH101 - as above
    if plan["tree"] is None:
        return
    layers = f"lowerdir={_LOWER},upperdir={SCRATCH}/upper,workdir={SCRATCH}/work,userxattr"
    linux.mount("overlay", f"{SCRATCH}/tree", _NO_EXTRAS, layers)
    lay(f"{SCRATCH}/tree", plan["over"])


def _readable(content: bytes) -> int:
    """Return a descriptor that a started program can read `content` from."""
    made = os.memfd_create("sandbox", 0)
    left = memoryview(content)
    while left:
        left = left[os.write(made, left) :]
    os.lseek(made, 0, os.SEEK_SET)
    return made
