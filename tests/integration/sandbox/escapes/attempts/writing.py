"""Changing what is the host's: files, the tree itself, the kernel's settings."""

from __future__ import annotations

import contextlib
import os
import struct
from pathlib import Path

from tests.integration.sandbox.escapes.attempts.table import NOTHING, Control, Target, attempt


def write(path: str | Path, target: Target) -> str:
    """Write the mark to a file."""
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - some are names in /proc
        file.write(target["mark"])
    return "written"


def opens(path: str) -> str:
    """Open for writing and close; nothing is written."""
    os.close(os.open(path, os.O_WRONLY))
    return "opened for writing"


@attempt(seen=True)
def file_of_host(target: Target) -> str:
    """Write a file of the host by its path."""
    return write(target["writable"]["file_of_host"], target)


@attempt(seen=True)
def file_by_link(target: Target) -> str:
    """Write through a link that the tree holds."""
    return write("file_by_link", target)


@attempt(seen=True)
def file_by_root_of_process(target: Target) -> str:
    """Write through the root folder of another process."""
    name = target["writable"]["file_by_root_of_process"]
    for path in Path("/proc").glob("[0-9]*/root"):
        with contextlib.suppress(OSError):
            write(f"{path}{name}", target)
    return "tried"


@attempt(seen=True)
def file_of_read_only_folder(target: Target) -> str:
    """Write where the host's folder is shown for reading."""
    return write(target["writable"]["file_of_read_only_folder"], target)


@attempt()
def file_that_was_given(target: Target) -> str:
    """Overwrite a file that was made for the run."""
    return opens(target["given"])


@attempt(seen=True)
def tree_written(target: Target) -> str:
    """Write a file of the tree so that the host sees it."""
    return write("tree_written", target)


@attempt(seen=True)
def tree_removed(_target: Target) -> str:
    """Remove a file of the tree from the host."""
    Path("tree_removed").unlink()
    return "removed"


@attempt(seen=True)
def tree_renamed(_target: Target) -> str:
    """Rename a file of the tree on the host."""
    Path("tree_renamed").rename("renamed")
    return "renamed"


@attempt(seen=True)
def tree_set_uid_bit(_target: Target) -> str:
    """Leave a set-uid program in the host's tree."""
    Path("tree_set_uid_bit").chmod(0o4755)
    return "changed"


@attempt(seen=True)
def tree_new_link(target: Target) -> str:
    """Leave a link to a secret in the host's tree, for whoever reads there next."""
    Path("tree_new_link").unlink()
    Path("tree_new_link").symlink_to(target["secret"])
    return "linked"


@attempt(seen=True)
def tree_times(_target: Target) -> str:
    """Change a file's times on the host."""
    os.utime("tree_times", (1, 1))
    return "changed"


@attempt(seen=True, unless="extended attributes on its file system")
def tree_attribute(_target: Target) -> str:
    """Give a file of the host's tree an attribute."""
    os.setxattr("tree_attribute", "user.escape", b"1")
    return "changed"


@attempt(root=True, unless="extended attributes on its file system")
def file_capability(_target: Target) -> str:
    """Give a program the right to any user id (CAP_SETUID, for all who start it)."""
    capability = struct.pack("<IIIII", 0x02000001, 1 << 7, 0, 0, 0)
    Path("capable").write_bytes(b"")
    os.setxattr("capable", "security.capability", capability)
    return "set"


@attempt(Control.LAX)
def root_folder(target: Target) -> str:
    """Make a file in the root folder."""
    return write("/escaped", target)


@attempt(Control.LAX)
def system_folder(target: Target) -> str:
    """Make a file among the system's."""
    return write("/usr/local/share/escaped", target)


@attempt(Control.LAX)
def account_file(_target: Target) -> str:
    """Open the list of accounts for writing."""
    return opens("/etc/passwd")


@attempt(Control.LAX)
def settings_folder(target: Target) -> str:
    """Make a file in /etc."""
    return write("/etc/escaped", target)


@attempt(Control.LAX)
def device_folder(target: Target) -> str:
    """Make a file in /dev."""
    return write("/dev/escaped", target)


@attempt(root=True)
def setting_of_host_name(_target: Target) -> str:
    """Open the host's name for writing."""
    return opens("/proc/sys/kernel/hostname")


@attempt(root=True)
def setting_of_memory(_target: Target) -> str:
    """Open a setting of the kernel's memory for writing."""
    return opens("/proc/sys/vm/swappiness")


@attempt(root=True, unless="core dumps")
def setting_of_core_dumps(_target: Target) -> str:
    """Open, for writing, which program the kernel starts as root when another crashes."""
    return opens("/proc/sys/kernel/core_pattern")


@attempt(root=True)
def setting_of_network(_target: Target) -> str:
    """Open a setting of the network for writing."""
    return opens("/proc/sys/net/ipv4/ip_forward")


@attempt(root=True, unless="/proc/sysrq-trigger")
def sysrq(_target: Target) -> str:
    """Open the file whose letters reboot the machine; nothing is written."""
    return opens("/proc/sysrq-trigger")


@attempt(root=True, unless="/proc/irq")
def interrupts(_target: Target) -> str:
    """Open the routing of interrupts for writing."""
    return opens("/proc/irq/default_smp_affinity")


@attempt(root=True, unless="loop devices")
def hardware_setting(_target: Target) -> str:
    """Open a device's setting in /sys for writing."""
    return opens("/sys/block/loop0/queue/read_ahead_kb")


@attempt(root=True, unless="a control group of cgroup v1 or v2 to make")
def control_group(target: Target) -> str:
    """Open the list of a control group's processes for writing."""
    places = [Path(target["cgroup"])] if target["cgroup"] else []
    for place in [*places, *Path("/sys/fs/cgroup").glob("*"), Path("/sys/fs/cgroup")]:
        with contextlib.suppress(OSError):
            return opens(str(place / "cgroup.procs"))
    return NOTHING


@attempt(root=True, unless="the right to lower it (CAP_SYS_RESOURCE)")
def out_of_memory_score(_target: Target) -> str:
    """Be the last that is killed when memory runs out, before all that is the host's."""
    Path("/proc/self/oom_score_adj").write_text("-500", "ascii")
    return "lowered"
