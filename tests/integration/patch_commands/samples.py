"""A folder with two files, and the same change of one of them in every dialect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KILLED = Path(__file__).parent.with_name("killed.py")
PYTHON = "def f():\n    a = 1\n    return a\n\n\ndef g():\n    return 2\n"
DIFF = """\
--- a/app/x.py
+++ b/app/x.py
@@ def f():
 def f():
-    a = 1
+    a = 10
     return a
"""
SECOND = """\
--- a/app/y.py
+++ b/app/y.py
@@ def f():
 def f():
-    a = 1
+    a = 20
     return a
"""
HOLD = """\
import sys
from pathlib import Path
from workflow.standalone.folder import Folder
from workflow.standalone.swap import exclusive
with Folder(Path.cwd()) as folder, exclusive(folder):
    print("held", flush=True)
    sys.stdin.read()
"""
CHANGED = PYTHON.replace("a = 1", "a = 10")
DIALECTS = {
    "unified-diff": f"Here is the change:\n\n```diff\n{DIFF}```\nDone.\n",
    "search-replace": (
        "app/x.py\n```python\n<<<<<<< SEARCH\n    a = 1\n    return a\n=======\n"
        "    a = 10\n    return a\n>>>>>>> REPLACE\n```\n"
    ),
    "str-replace": json.dumps(
        {"command": "str_replace", "path": "app/x.py", "old_str": "a = 1\n", "new_str": "a = 10\n"}
    ),
    "v4a": (
        "*** Begin Patch\n*** Update File: app/x.py\n@@ def f():\n def f():\n-    a = 1\n"
        "+    a = 10\n     return a\n*** End Patch\n"
    ),
    "apply-patch-operations": json.dumps(
        {
            "type": "update_file",
            "path": "app/x.py",
            "diff": "@@ def f():\n def f():\n-    a = 1\n+    a = 10\n     return a\n",
        }
    ),
}


def files(place: Path) -> Mapping[str, bytes]:
    """Every file of the folder."""
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def wrote_nothing(place: Path) -> bool:
    """Whether the folder is as it was made."""
    expected = {"app/x.py": PYTHON.encode(), "app/y.py": PYTHON.encode()}
    return files(place) == expected
