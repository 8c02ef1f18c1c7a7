"""Makes every attempt of the table, each in a process of its own, and prints what came of it.

Started as `python -I -S driver.py FOLDER TARGET`: what the modules are imported from, and the file
that holds the target as JSON.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.sandbox.escapes.attempts.table import Case, Target

ATTEMPT_S = 10.0
START = "===ATTEMPTS==="
GOT, NOT, BROKEN = "got", "not", "broken"


def main() -> None:
    """Make the attempts that the target names."""
    sys.path.insert(0, sys.argv[1])
    from tests.integration.sandbox.escapes.attempts.everything import CASES  # noqa: PLC0415 - found only now

    target: Target = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    if target["join"]:
        Path(target["join"], "cgroup.procs").write_text(str(os.getpid()), "ascii")
    began = time.monotonic()
    said = {name: outcome(CASES[name], target) for name in target["attempts"]}
    told = {"began": began, "ended": time.monotonic(), "said": said}
    print(START, json.dumps(told), sep="")  # noqa: T201 - the result


def outcome(case: Case, target: Target) -> tuple[str, str]:
    """Make one attempt; return what it came to, and its words."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        tried(case, target, write)
    os.close(write)
    until, said = time.monotonic() + ATTEMPT_S, b""
    while select.select([read], [], [], max(0.0, until - time.monotonic()))[0]:
        chunk = os.read(read, 65536)
        if not chunk:
            break
        said += chunk
    os.close(read)
    if not said:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if said:
        kind, text = json.loads(said)
        return kind, text
    return NOT, f"ended by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "silence"


def tried(case: Case, target: Target, write: int) -> None:
    """Make one attempt in this process, tell, and end."""
    said = (BROKEN, "")
    try:
        if target["apart"]:
            apart()
        evidence = case.make(target)
        said = (GOT, evidence) if evidence else (NOT, "nothing to be seen")
    except OSError as error:
        said = (NOT, str(error))
    except BaseException:  # noqa: BLE001 - an attempt that is itself broken proves nothing
        said = (BROKEN, traceback.format_exc())
    finally:
        os.write(write, json.dumps(said).encode())
        os._exit(0)


def apart() -> None:
    """Have mounts of one's own, so that no attempt uncovers the host for the next one."""
    from tests.integration.sandbox.escapes.attempts.calls import call  # noqa: PLC0415 - see above
    from tests.integration.sandbox.escapes.attempts.privileges import NEW  # noqa: PLC0415 - see above

    call("unshare", NEW["mount"])


if __name__ == "__main__":
    main()
