"""Borrows the user namespace of a rootless container engine, where the kernel lets nobody else.

Some systems (Ubuntu's AppArmor rules) let only programs that they know make a user namespace, and
a container engine is one of them.  What it starts may make further ones.  So the launcher of
sandboxes is started by the engine, and every wall is the same as without it: no image, no container
and nothing of the engine's configuration takes part.
"""

from __future__ import annotations

import os
import shutil
import sys

from workflow import process
from workflow.process import ProgramNotFoundError

_ENGINES = ("podman", "buildah")
# What an engine needs to find its own files and the programs that map ids.
_PASSED = ("HOME", "PATH", "XDG_RUNTIME_DIR")
_ENV = "/usr/bin/env"
# The first start of an engine makes its folders.
_TRIAL_S = 30.0
_TRIAL = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x10000000))"


def words() -> tuple[str, ...]:
    """Return the words to put before a command, so that an engine starts it in its namespace.

    They work in an empty environment, and open descriptors stay open.  Empty where no engine was
    seen to do it: for the machine's root, who needs none, or where the user has no subordinate ids.
    """
    if os.geteuid() == 0:
        return ()
    passed = [f"{name}={os.environ[name]}" for name in _PASSED if name in os.environ]
    for name in _ENGINES:
        program = shutil.which(name)
        if program is not None:
            found = (_ENV, *passed, program, "unshare")
            if _works(found):
                return found
    return ()


def _works(found: tuple[str, ...]) -> bool:
    """Whether a command that is started so can make a user namespace of its own."""
    trial = [*found, sys.executable, "-I", "-S", "-c", _TRIAL]
    try:
        return process.run(trial, env={}, timeout=_TRIAL_S).is_ok
    except ProgramNotFoundError:
        return False
