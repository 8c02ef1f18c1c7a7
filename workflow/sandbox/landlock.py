"""Landlock as the second wall: rules of the kernel over files, sockets and signals, beside mounts.

What the mounts show is readable; only what is meant to be written is writable, whatever a mount
allows.  The rules need Linux 5.19 (with Landlock's first version programs could not even move a
file between folders) and become more with newer kernels.  The numbers are Linux's, from
`<linux/landlock.h>`; the versions are those of its manual page.
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
from dataclasses import dataclass

from workflow.sandbox.calls import Call
from workflow.sandbox.interface import Network

_CREATE_RULESET, _VERSION = 444, 1
FIRST_VERSION = 2
"""The oldest version that is of use here."""


_ADD_PATH = 1
# The ruleset's own descriptor and that of the folder in hand, while the rules are made.
_RULESET, _FOLDER = 1000, 1001
_PATH_ONLY = os.O_PATH | os.O_CLOEXEC
_AT_FDCWD = -100
_ERROR = b"sandbox: Landlock could not be set up\n"

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_CHAR, _MAKE_DIR, _MAKE_REG, _MAKE_SOCK = 1 << 6, 1 << 7, 1 << 8, 1 << 9
_MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM = 1 << 10, 1 << 11, 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
# Never granted: a socket of the run's own can be connected to all the same, and no other.
_RESOLVE_UNIX = 1 << 16
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1
# What was added when: version of Landlock, rights.
_FILE_RIGHTS = ((2, (1 << 14) - 1), (3, _TRUNCATE), (5, _IOCTL_DEV), (9, _RESOLVE_UNIX))
_NETWORK_VERSION, _SCOPE_VERSION = 4, 6

LIST = _READ_DIR
"""Names of files, and no content."""
READ = _READ_FILE | _EXECUTE
"""What is in files, to read and to start."""
DEVICES = _READ_FILE | _WRITE_FILE | _IOCTL_DEV
"""Devices and terminals, to use and not to make."""
WRITE = (LIST | READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _REFER) | (
    _MAKE_DIR | _MAKE_REG | _MAKE_SOCK | _MAKE_FIFO | _MAKE_SYM
)
"""Everything but devices; for folders alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path inside, a folder or a file, and the rights there and below it."""

    path: str
    rights: int


@functools.cache
def version() -> int:
    """Return the version of Landlock that this kernel has; 0 when it has none, or it is off."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(_CREATE_RULESET, None, 0, _VERSION)))


def calls(
    places: tuple[Place, ...], network: Network, available: int | None = None
) -> tuple[Call, ...]:
    """Return the calls that confine a process to `places`, for the `available` version.

    Without a network neither ends of TCP can be had; abstract sockets and signals reach only what
    is confined as well.  Nothing at all below version 2.  A place that does not exist is left out.
    """
    known = version() if available is None else available
    if known < FIRST_VERSION:
        return ()
    files = sum(rights for since, rights in _FILE_RIGHTS if since <= known)
    tcp = _BIND_TCP | _CONNECT_TCP if network is Network.NONE else 0
    attributes = [files]
    if known >= _NETWORK_VERSION:
        attributes.append(tcp)
    if known >= _SCOPE_VERSION:
        attributes.append(_ABSTRACT_SOCKETS | _SIGNALS)
    ruleset = struct.pack(f"={len(attributes)}Q", *attributes)
    return (
        Call("landlock_create_ruleset", (ruleset, len(ruleset), 0), feeds_next=True, error=_ERROR),
        Call("dup3", (0, _RULESET, os.O_CLOEXEC), error=_ERROR),
        *(call for place in places for call in _allow(place, files)),
        Call("landlock_restrict_self", (_RULESET, 0), error=_ERROR),
    )


def _allow(place: Place, handled: int) -> tuple[Call, Call, Call]:
    beneath = struct.pack("=Qi", place.rights & handled, _FOLDER)
    path = os.fsencode(place.path) + b"\0"
    return (
        Call("openat", (_AT_FDCWD, path, _PATH_ONLY, 0), feeds_next=True, skips=2),
        Call("dup3", (0, _FOLDER, os.O_CLOEXEC), error=_ERROR),
        Call("landlock_add_rule", (_RULESET, _ADD_PATH, beneath, 0), error=_ERROR),
    )
