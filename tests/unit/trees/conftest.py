"""What tests of trees share: laying files over a folder as a sandbox does."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workflow.sandbox import Laid


class LayOver(Protocol):
    """Lays files over a folder."""

    def __call__(self, root: Path, over: Sequence[Laid]) -> None:
        """Write into `root` itself, which must be the test's own."""
        ...


@pytest.fixture(scope="session")
def lay_over() -> LayOver:
    """Return what does as a sandbox does: removals first, then files, which replace files."""

    def lay(root: Path, over: Sequence[Laid]) -> None:
        kinds = [one.content is None for one in over]
        assert kinds == sorted(kinds, reverse=True), "removals come first"
        for one in over:
            path = root / one.path
            if one.content is None:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()  # nothing is removed that is not there
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if one.mode == "120000":
                path.symlink_to(one.content.decode())
            else:
                path.write_bytes(one.content)
                path.chmod(int(one.mode[-3:], 8))

    return lay
