"""Reaching something by a socket: the host's servers, its names, families nobody needs."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from typing import Any

from tests.integration.sandbox.escapes.attempts.table import NOTHING, Control, Target, attempt

Address = tuple[Any, ...] | str

WAIT_S, VISIT_S = 3.0, 1.0
_FAMILIES_IN_USE = {
    socket.AF_UNSPEC,
    socket.AF_UNIX,
    socket.AF_INET,
    socket.AF_INET6,
    socket.AF_NETLINK,
}


def greeted(family: int, address: Address) -> str:
    """Connect and return what the other side says first."""
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(WAIT_S)
        one.connect(address)
        return one.recv(99).decode()


def answered(family: int, address: Address) -> str:
    """Send one datagram and return what comes back."""
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.settimeout(WAIT_S)
        one.connect(address)  # so that nobody there is an error, and not silence
        one.send(b"?")
        return one.recv(99).decode()


def visited(family: int, address: Address) -> str:
    """Listen, and return what a visitor from the host says."""
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(VISIT_S)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(address)
        one.listen(4)
        visitor, _ = one.accept()
        with visitor:
            visitor.settimeout(VISIT_S)
            return visitor.recv(99).decode()


@attempt()
def tcp(target: Target) -> str:
    """Connect to a TCP server of the host."""
    return greeted(socket.AF_INET, ("127.0.0.1", target["tcp"]))


@attempt()
def tcp_any_address(target: Target) -> str:
    """Connect to it by the address that means this machine."""
    return greeted(socket.AF_INET, ("0.0.0.0", target["tcp"]))  # noqa: S104 - a destination


@attempt(unless="IPv6")
def tcp6(target: Target) -> str:
    """Connect to a TCP server of the host over IPv6."""
    return greeted(socket.AF_INET6, ("::1", target["tcp6"]))


@attempt(unless="IPv6")
def tcp_mapped(target: Target) -> str:
    """Connect to the IPv4 server from an IPv6 socket."""
    return greeted(socket.AF_INET6, ("::ffff:127.0.0.1", target["tcp"]))


@attempt(unless="TCP fast open")
def tcp_fast_open(target: Target) -> str:
    """Connect without calling connect."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 1, 0))
        one.sendto(b"?", socket.MSG_FASTOPEN, ("127.0.0.1", target["tcp"]))
        return one.recv(99).decode()


@attempt()
def udp(target: Target) -> str:
    """Ask a UDP server of the host."""
    return answered(socket.AF_INET, ("127.0.0.1", target["udp"]))


@attempt(unless="IPv6")
def udp6(target: Target) -> str:
    """Ask a UDP server of the host over IPv6."""
    return answered(socket.AF_INET6, ("::1", target["udp6"]))


@attempt(Control.LAX, root=True, unless="a free port 53")
def dns(target: Target) -> str:
    """Tell a name server something by asking for a name."""
    found = socket.getaddrinfo(f"{target['mark']}.example.test", 80, socket.AF_INET)
    return str(found[0][4])


@attempt()
def unix_by_path(target: Target) -> str:
    """Connect to a socket of the host by its path, as to a container engine's."""
    return greeted(socket.AF_UNIX, target["unix"])


@attempt()
def unix_by_link(_target: Target) -> str:
    """Connect to it by a link that the tree holds."""
    return greeted(socket.AF_UNIX, "socket")


@attempt()
def unix_in_the_tree(_target: Target) -> str:
    """Connect to a server of the host that listens in the tree itself."""
    return greeted(socket.AF_UNIX, "listening")


@attempt()
def unix_in_read_only_folder(target: Target) -> str:
    """Connect to a server of the host in a folder that is shown for reading."""
    return greeted(socket.AF_UNIX, f"{target['shown']}/listening")


@attempt(seen=True)
def pipe_in_read_only_folder(target: Target) -> str:
    """Write into a pipe of the host in a folder that is shown for reading."""
    fd = os.open(target["pipe"], os.O_WRONLY | os.O_NONBLOCK)
    return f"{os.write(fd, b'escaped')} bytes"


@attempt(seen=True)
def pipe_in_the_tree(_target: Target) -> str:
    """Write into a pipe of the host in the tree."""
    fd = os.open("pipe", os.O_WRONLY | os.O_NONBLOCK)
    return f"{os.write(fd, b'escaped')} bytes"


@attempt()
def unix_abstract(target: Target) -> str:
    """Connect to an abstract socket of the host."""
    return greeted(socket.AF_UNIX, "\0" + target["abstract"])


@attempt()
def unix_abstract_datagram(target: Target) -> str:
    """Ask an abstract socket of the host that takes datagrams."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.settimeout(WAIT_S)
        one.bind("")
        one.sendto(b"?", "\0" + target["abstract_datagram"])
        return one.recv(99).decode()


@attempt()
def server_for_the_host(target: Target) -> str:
    """Listen on a port where the host finds it."""
    return visited(socket.AF_INET, ("127.0.0.1", target["visited"]))


@attempt()
def abstract_server_for_the_host(target: Target) -> str:
    """Listen on an abstract name where the host finds it."""
    return visited(socket.AF_UNIX, "\0" + target["visited_abstract"])


@attempt(unless="an interface besides loopback")
def interfaces_of_host(_target: Target) -> str:
    """List the host's network interfaces."""
    return ", ".join(name for _, name in socket.if_nameindex() if name != "lo")


@attempt()
def kernel_events(_target: Target) -> str:
    """Listen to the kernel's messages about devices."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15) as one:
        one.bind((0, 1))
        return "listens"


@attempt(unless="socket diagnosis")
def socket_diagnosis(_target: Target) -> str:
    """Open the door by which `ss` lists sockets."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4):
        return "open"


@attempt(Control.LAX, root=True)
def raw_ip(_target: Target) -> str:
    """Make a socket that forges packets."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return "made"


@attempt(Control.LAX, root=True, unless="IPv6")
def raw_ip6(_target: Target) -> str:
    """Make a socket that forges IPv6 packets."""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6):
        return "made"


@attempt(Control.LAX, root=True, unless="packet sockets")
def packets(_target: Target) -> str:
    """Make a socket that sees every packet."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0):
        return "made"


@attempt(unless="vsock")
def vsock(_target: Target) -> str:
    """Make a socket to the machine below a virtual one; it is not connected."""
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM):
        return "made"


@attempt(unless="the kernel's cryptography by sockets")
def cryptography(_target: Target) -> str:
    """Make a socket into the kernel's cryptography, the door of many a kernel bug."""
    with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET):
        return "made"


@attempt(Control.LAX, unless="any other family of sockets")
def other_families(_target: Target) -> str:
    """Make sockets of every other family that this kernel has."""
    made = []
    for family in set(range(46)) - _FAMILIES_IN_USE:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            with contextlib.suppress(OSError), socket.socket(family, kind):
                made.append(family)
    return ", ".join(str(family) for family in sorted(set(made))) or NOTHING
