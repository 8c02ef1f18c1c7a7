"""Which names of a unit are real: the base's are frozen, new ones have to be vouched for.

They can be by the tree itself, its inventory, the settings, or by what every system has.
"""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.gates.systemd.names import Kind, Name, names
from workflow.semantics.systemd import suffix_of

if TYPE_CHECKING:
    from workflow.gates.interface import Tree
    from workflow.gates.systemd.deployed import Places
    from workflow.gates.systemd.units import Unit, Units

_ACCOUNTS = frozenset(
    (
        *("root", "daemon", "bin", "sys", "mail", "nobody", "nogroup", "www-data", "adm", "tty"),
        *(
            "systemd-network",
            "systemd-resolve",
            "systemd-journal",
            "systemd-timesync",
            "messagebus",
        ),
        *("users", "disk", "video", "audio", "input", "kvm", "render", "dialout", "shadow", "utmp"),
    )
)
_MADE = {
    "StateDirectory": "/var/lib",
    "CacheDirectory": "/var/cache",
    "LogsDirectory": "/var/log",
    "RuntimeDirectory": "/run",
    "ConfigurationDirectory": "/etc",
}
# Folders of every system (hier(7)).
_SYSTEM = frozenset(
    (
        *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/proc"),
        *("/root", "/run", "/sbin", "/srv", "/sys", "/usr", "/usr/bin", "/usr/lib"),
        *("/usr/local", "/usr/local/bin", "/usr/sbin", "/usr/share", "/var", "/var/cache"),
        *("/var/lib", "/var/log", "/var/spool"),
    )
)
_PROGRAM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
# Units that come with systemd or are named alike on most servers (systemd.special(7)).
_UNITS = re.compile(
    r"(?:systemd-[\w@.-]+|(?:basic|cryptsetup|default|emergency|final|getty|graphical|halt|hibernate"
    r"|initrd|local-fs|local-fs-pre|multi-user|network|network-online|network-pre|nss-lookup"
    r"|nss-user-lookup|paths|poweroff|reboot|remote-fs|remote-fs-pre|rescue|rpcbind|shutdown|sleep"
    r"|slices|sockets|suspend|swap|sysinit|time-sync|time-set|timers|umount|machines|printer"
    r"|bluetooth|sound|smartcard)\.target|dbus\.(?:service|socket)|(?:nginx|apache2|httpd|docker"
    r"|containerd|podman|postgresql|mariadb|mysql|mysqld|redis|redis-server|memcached|ssh|sshd|cron"
    r"|crond|rsyslog|chronyd|ntpd|NetworkManager|networking|firewalld|nftables|haproxy"
    r"|rabbitmq-server|mongod|elasticsearch|postfix|named|bind9|caddy|varnish|syslog)\.service"
    r"|(?:docker|podman|syslog)\.socket|(?:system|user|machine|-)\.slice|[\w-]*\.slice"
    r"|dev-[\w\\-]+\.(?:device|swap|mount)|[\w\\-]+\.mount|.+\.device|init\.scope)\Z"
)
# Of these many exist, and a mistyped one looks like any other.
_OWN = re.compile(r"systemd-|.*\.(?:mount|slice)\Z")
_INVENTORY = re.compile(
    r"(?:.*/)?(?:sysusers\.d/.+|tmpfiles\.d/.+|[\w.-]*(?:postinst|preinst)|[\w.-]+\.(?:sh|ya?ml"
    r"|nix|sysusers|tmpfiles|spec)|(?:Docker|Container|Make|Vagrant)file[\w.-]*)\Z"
)
_WORD = re.compile(r"[A-Za-z0-9_./@-]+")
_MAX_INVENTORY = 300
_MAX_BYTES = 256 * 1024
_SHORTEST = 4
_MOST_NEAR = 200
_LONGEST = 1024


@dataclass(frozen=True)
class Known:
    """What may be taken for granted: the base's names, both trees, the settings.

    `trees` are those whose inventory vouches, `given` names of the settings, and `folders` where
    this machine has systemd's own units.
    """

    base: Units
    patched: Units
    places: Places
    trees: tuple[Tree, ...]
    given: frozenset[str] = frozenset()
    folders: tuple[Path, ...] = (Path("/usr/lib/systemd/system"),)
    _made: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    _near: dict[tuple[Kind, str], str] = field(default_factory=dict)

    @cached_property
    def frozen(self) -> frozenset[tuple[Kind, str]]:
        """The names that the base's units have."""
        return frozenset((one.kind, one.value) for unit in self.base.units for one in names(unit))

    @cached_property
    def inventory(self) -> frozenset[str]:
        """The words of the files that say what servers have: Ansible's, compose's, sysusers'."""
        found: set[str] = set()
        for tree in self.trees:
            fitting = (entry for entry in tree.entries if _INVENTORY.match(entry.path))
            for number, entry in enumerate(fitting):
                if number >= _MAX_INVENTORY:
                    break
                if entry.mode.startswith("100") and not suffix_of(entry.path.name):
                    data = tree.read(entry.path)[:_MAX_BYTES]
                    found |= set(_WORD.findall(data.decode("utf-8", "replace")))
        return frozenset(found)

    def vouches(self, unit: Unit, name: Name) -> bool:
        """Whether a name of the patched tree can be taken for granted."""
        value = name.value
        is_frozen = (name.kind, value) in self.frozen and not self._is_gone(name)
        if value in self.given or is_frozen:
            return True
        if _is_open(value):
            return not self.near(name)
        match name.kind:
            case Kind.USER | Kind.GROUP:
                is_same = (Kind.USER, value) in self.frozen and name.kind is Kind.GROUP
                is_known = value in _ACCOUNTS or value.isdecimal() or is_same
                return is_known or value in self.inventory or value == unit.value("User") == "root"
            case Kind.FILE | Kind.FOLDER:
                return self._has_path(unit, name)
            case Kind.PROGRAM:
                return self._has_program(value)
            case Kind.UNIT:
                return self._has_unit(name)

    def _is_gone(self, name: Name) -> bool:
        """Whether the base's own tree has what is named, and the patched tree has not."""
        if name.kind is Kind.UNIT:
            was, now = (
                {unit.name for unit in side.units if unit.has_file}
                for side in (self.base, self.patched)
            )
            return name.value in was - now
        if name.kind in {Kind.USER, Kind.GROUP}:
            return False
        path = self.places.tree_path(name.value.rstrip("/"))
        return path is not None and any(
            path in was and path not in now
            for was, now in (
                (self.base.modes, self.patched.modes),
                (self.base.folders, self.patched.folders),
            )
        )

    def _has_path(self, unit: Unit, name: Name) -> bool:
        path = name.value.rstrip("/") or "/"
        inside = self.places.tree_path(path)
        if inside is not None:
            if inside in (self.patched.modes if name.kind is Kind.FILE else self.patched.folders):
                return True
            if name.kind is Kind.FILE and inside in self.patched.folders:
                return False
        if self._is_made(unit, path):
            return name.kind is Kind.FOLDER
        return (
            (path in _SYSTEM and name.kind is Kind.FOLDER)
            or path in self.inventory
            or (path.startswith(("/proc/", "/sys/", "/dev/")))
        )

    def _is_made(self, unit: Unit, path: str) -> bool:
        """Whether systemd makes a folder, or one above it, by `StateDirectory=` and the like."""
        place = (unit.folder, unit.name)
        if place not in self._made:
            self._made[place] = frozenset(
                f"{root}/{word.partition(':')[0]}"
                for key, root in _MADE.items()
                for _, word in unit.words(key)
            )
        parts = path[:_LONGEST].split("/")
        return any("/".join(parts[:end]) in self._made[place] for end in range(2, len(parts) + 1))

    def _has_program(self, path: str) -> bool:
        inside = self.places.tree_path(path)
        if inside is not None and inside in self.patched.modes:
            return True
        if "/" not in path:
            return any(_runs(f"{folder}/{path}") for folder in _PROGRAM_PATH)
        if path in self.inventory:
            return True
        folder, name = posixpath.split(path)
        if folder in _PROGRAM_PATH:
            return _runs(path)
        # Beside a program of the base, as a package of the project brings it along.
        beside = {posixpath.dirname(value) for kind, value in self.frozen if kind is Kind.PROGRAM}
        return folder in beside and name in self._packages

    @cached_property
    def _packages(self) -> frozenset[str]:
        """The words of lists of packages, with what a virtual environment has by itself."""
        found = {"python", "python3", "pip", "activate"}
        for tree in self.trees:
            for entry in tree.entries:
                name = entry.path.name
                is_list = name in {"pyproject.toml", "package.json", "Gemfile"}
                if entry.mode.startswith("100") and (is_list or "requirements" in name):
                    data = tree.read(entry.path)[:_MAX_BYTES].decode("utf-8", "replace")
                    found |= {word.lower() for word in re.findall(r"[A-Za-z][\w-]*", data)}
        return frozenset(found)

    def _has_unit(self, wanted: Name) -> bool:
        name = wanted.value
        template = re.sub(r"@[^.]*", "@", name)
        ours = {unit.name for unit in self.patched.units if unit.has_file}
        known = ours | self.given
        if name in known or template in known:
            return True
        if _UNITS.match(name) and not (_OWN.match(name) and self.near(wanted)):
            return True
        if any((folder / one).is_file() for folder in self.folders for one in (name, template)):
            return True
        is_instance = template != name and (Kind.UNIT, template) in self.frozen
        return is_instance or name in self.inventory

    def near(self, name: Name) -> str:
        """Return a known name that differs in a letter or two; empty without one.

        No more than 200 names are looked for: each is compared with every name of the base.
        """
        place = (name.kind, name.value)
        if place not in self._near and len(self._near) < _MOST_NEAR:
            known = self._similar[name.kind]
            self._near[place] = next((one for one in known if _is_near(one, name.value)), "")
        return self._near.get(place, "")

    @cached_property
    def _similar(self) -> dict[Kind, list[str]]:
        """The names of each kind that a mistyped one may be meant for."""
        found: dict[Kind, set[str]] = {kind: set() for kind in Kind}
        for kind, value in self.frozen:
            found[kind].add(value)
        found[Kind.UNIT] |= {unit.name for unit in self.patched.units}
        for kind in (Kind.USER, Kind.GROUP):
            found[kind] |= _ACCOUNTS
        return {kind: sorted(values) for kind, values in found.items()}


def _is_open(value: str) -> bool:
    """Whether a name depends on what only the server knows: `%i`, `%h`, a variable."""
    return "%" in value or "$" in value


def _runs(path: str) -> bool:
    """Whether this machine has a program of the system; no other path is looked at."""
    return posixpath.normpath(path) == path and os.access(path, os.X_OK) and Path(path).is_file()


def _is_near(one: str, other: str) -> bool:
    """Whether two words differ by one letter, or by two that changed places."""
    if one == other or abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < _SHORTEST:
        return False
    start = len(posixpath.commonprefix((one, other)))
    rests = (one[start:], other[start:])
    if len(one) == len(other):
        swapped = rests[0][:2] == rests[1][1::-1] and rests[0][2:] == rests[1][2:]
        return swapped or rests[0][1:] == rests[1][1:]
    longer, shorter = sorted(rests, key=len, reverse=True)
    return longer[1:] == shorter
