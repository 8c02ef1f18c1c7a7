"""A disk of a few MiB that is full in the middle of a command; it needs a user namespace.

`unshare --user --map-root-user --mount python -m tests.crashes.disk COUNT SEED` mounts it, lets
each story run out of space at COUNT points, and prints what is wrong, a line each.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.crashes import prepare
from tests.crashes.matrix import Matrix, Story, told
from tests.crashes.warm import warm

SIZE = "12m"
LEFT = (0, 4096, 65_536, 1_048_576)


def main() -> None:
    """Print what is wrong, and then how many points there were."""
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)  # noqa: S311 - a choice of points, not of secrets
    with tempfile.TemporaryDirectory() as name:
        disk, said = Path(name, "disk"), Path(name, "said")
        disk.mkdir()
        said.mkdir()
        # Only this namespace sees it, and it ends with it.
        argv = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(disk)]
        subprocess.run(argv, check=True, timeout=60)
        try:
            with warm(said) as process:
                first, second = Path(name, "approve"), Path(name, "apply")
                prepare.proposed(prepare.repository(first / "repo"))
                process.run(first / "repo", "show", "1")
                prepare.copied(first, second)
                process.run(second / "repo", "approve", "1")
                stories = (
                    Story("approve", first, ("approve", "1")),
                    Story("apply", second, ("apply", "1")),
                )
                for story in stories:
                    matrix = Matrix(story, process, disk / "work")
                    for point in matrix.sample(count, rng):
                        for left in LEFT:
                            found = matrix.at(point, ("fill", left, str(disk)))
                            if found.wrong:
                                sys.stdout.write(f"{left} bytes left: {told([found])}\n")
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True, timeout=60)


if __name__ == "__main__":
    main()
