from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow import wiring
from workflow.patch import Content, Dialect, Reason, Repair
from workflow.standalone.examine import Examined, _Names, examine
from workflow.standalone.folder import Folder
from workflow.standalone.swap import Swap
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator

EDIT = b"""\
--- a/x.py
+++ b/x.py
@@ def f():
 def f():
-    return 1
+    return 2
"""
NEW_SCRIPT = b"""\
diff --git a/run.sh b/run.sh
new file mode 100755
--- /dev/null
+++ b/run.sh
@@ -0,0 +1 @@
+#!/bin/sh
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """Yield a folder with a file at its top and the same one further down."""
    top = tmp_path / "top"
    (top / "app").mkdir(parents=True)
    (top / "x.py").write_bytes(b"def f():\n    return 1\n")
    (top / "app/x.py").write_bytes(b"# mine\ndef f():\n    return 1\n")
    with Folder(top) as opened:
        yield opened


def _examine(folder: Folder, data: bytes, start: str = "", *allowed: str) -> Examined:
    return examine(data, folder, start, wiring.built_in_policy(), allowed)


def _reason(found: Examined) -> Reason:
    assert found.prepared is None
    assert not found.is_clear
    (refusal,) = found.refusals
    return refusal.reason


def test_a_patch_is_read_placed_and_judged(folder: Folder) -> None:
    """A patch in a model's manner becomes git's own, and no file is touched."""
    found = _examine(folder, b"Here you are:\n```diff\n" + EDIT + b"```\n")
    ready, reading = found.prepared, found.reading
    assert ready
    assert reading
    assert found.is_clear
    assert reading.dialect is Dialect.UNIFIED
    assert Repair.PROSE in dict(reading.repairs)
    assert ready.patch.splitlines()[4:] == [
        b"@@ -1,2 +1,2 @@",
        b" def f():",
        b"-    return 1",
        b"+    return 2",
    ]
    assert (ready.radius.files, ready.radius.added, ready.radius.removed) == (1, 1, 1)
    before = Content("100644", b"def f():\n    return 1\n")
    after = Content("100644", b"def f():\n    return 2\n")
    assert ready.swaps == (Swap(RepoPath("x.py"), before, after),)
    assert (folder.top / "x.py").read_bytes() == before.data


def test_names_start_from_the_callers_folder(folder: Folder) -> None:
    """In a folder further down, its files are meant, and the policy sees paths from the top."""
    ready = _examine(folder, EDIT, "app").prepared
    assert ready
    assert ready.change.paths == ("app/x.py",)
    assert b"--- a/app/x.py" in ready.patch
    assert [place.line for place in ready.places] == [2]


def test_a_patch_from_the_top_tells_where_it_belongs(folder: Folder) -> None:
    """Where the named file stands at the top, the refusal says to go there."""
    found = _examine(folder, EDIT.replace(b"/x.py", b"/app/x.py"), "app")
    assert _reason(found) is Reason.NO_SUCH_FILE
    assert found.refusals[0].hint.endswith(f"cd {folder.top}")


def test_a_file_that_is_nowhere_has_its_own_hint(folder: Folder) -> None:
    """No folder is proposed where the file does not stand either."""
    found = _examine(folder, EDIT.replace(b"x.py", b"y.py"), "app")
    assert _reason(found) is Reason.NO_SUCH_FILE
    assert "cd " not in found.refusals[0].hint


def test_a_path_that_becomes_too_long_is_refused(folder: Folder) -> None:
    """A path that fits by itself and not below the caller's folder is no crash."""
    name = b"x/" * 2040 + b"x.py"
    found = _examine(folder, EDIT.replace(b"x.py", name), "app" * 10)
    assert _reason(found) is Reason.UNSAFE_PATH


def test_prose_is_refused_with_nothing_read(folder: Folder) -> None:
    """What is no patch has no dialect either."""
    found = _examine(folder, b"I cannot do that.\n")
    assert found.reading is None
    assert _reason(found) is Reason.NOT_A_PATCH


def test_a_refused_place_keeps_what_was_read(folder: Folder) -> None:
    """The dialect and the repairs are known also when a hunk has no place."""
    found = _examine(folder, EDIT.replace(b"return 1", b"return 9"))
    assert found.reading
    assert _reason(found) is Reason.NO_PLACE


def test_links_are_refused(folder: Folder) -> None:
    """A patch does not reach through a link."""
    (folder.top / "x.py").rename(folder.top / "real.py")
    (folder.top / "x.py").symlink_to("real.py")
    assert _reason(_examine(folder, EDIT)) is Reason.NOT_A_FILE


def test_the_policy_objects_until_it_is_allowed(folder: Folder) -> None:
    """A rule that may be declared objects, and stands as declared once it is allowed."""
    found = _examine(folder, NEW_SCRIPT)
    assert found.prepared
    assert not found.is_clear
    (finding,) = found.prepared.judgement.findings
    assert finding.path == "run.sh"
    found = _examine(folder, NEW_SCRIPT, "", finding.rule)
    assert found.prepared
    assert found.is_clear
    assert [each.rule for each in found.prepared.judgement.declared] == [finding.rule]


def test_names_are_those_that_would_be(folder: Folder) -> None:
    """A folder's names are what is there, with what comes and without what goes."""
    (folder.top / "y").write_bytes(b"")
    some = Content("100644", b"")
    swaps = (
        Swap(RepoPath("y"), some, None),
        Swap(RepoPath("new/deep/z"), None, some),
        Swap(RepoPath("app/Y"), None, some),
    )
    names = _Names(folder, swaps)
    assert names.of("") == {"x.py", "app", "new"}
    assert names.of("app") == {"x.py", "Y"}
    assert names.of("new") == {"deep"}
    assert names.of("new/deep") == {"z"}
    assert names.of("none") == set()


def test_a_name_that_differs_in_case_only_is_found_on_disk(folder: Folder) -> None:
    """Files that the patch does not touch count, whether git knows them or not."""
    data = b"--- /dev/null\n+++ b/X.py\n@@ -0,0 +1 @@\n+pass\n"
    found = _examine(folder, data)
    assert found.prepared
    assert [each.rule for each in found.prepared.judgement.findings] == ["case-collision"]


def test_needs_no_home_and_no_identity(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare environment is enough, and a hostile git configuration changes nothing."""
    for name in tuple(os.environ):
        if name not in {"PATH", "TMPDIR"}:
            monkeypatch.delenv(name)
    assert _examine(folder, EDIT).is_clear


def test_configuration_does_not_change_what_is_printed(folder: Folder) -> None:
    """The canonical patch is the same under a configuration that would bend it."""
    plain = _examine(folder, EDIT).prepared
    template = folder.top / "template"
    template.mkdir()
    (template / "config").write_text("[core]\n\trepositoryFormatVersion = 99\n")
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text(
        "[diff]\n noprefix = true\n external = false\n context = 0\n[core]\n autocrlf = true\n"
        f"[init]\n templateDir = {template}\n defaultObjectFormat = sha256\n"
    )
    bent = _examine(folder, EDIT).prepared
    assert plain
    assert bent
    assert bent.patch == plain.patch


def test_nothing_stays_behind(folder: Folder) -> None:
    """The repository of our own is gone afterwards, refused or not."""
    for data in (EDIT, NEW_SCRIPT, b"prose\n"):
        _examine(folder, data)
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.parametrize(
    ("content", "old", "new"),
    [
        (b"a\r\nb\r\n", b"-b\r", b"+c\r"),
        (b"\xef\xbb\xbfa\nb\n", b"-b", b"+c"),
        (b"\xe9\nb\n", b"-b", b"+\xe8"),
        (b"a\0\nb\n", b"-b", b"+c"),
    ],
)
def test_bytes_stay_bytes(folder: Folder, content: bytes, old: bytes, new: bytes) -> None:
    """CRLF, a byte order mark, Latin-1 and NUL go through the canonical patch unharmed."""
    (folder.top / "x.py").write_bytes(content)
    head, _ = content.splitlines()
    head += b"\r" if content.endswith(b"\r\n") else b""
    data = b"--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n %s\n%s\n%s\n" % (head, old, new)
    ready = _examine(folder, data).prepared
    assert ready
    (swap,) = ready.swaps
    assert swap.after == Content("100644", content.replace(old[1:], new[1:]))
    assert old + b"\n" + new + b"\n" in ready.patch
