"""Hostile patches whose text deceives, floods, or has no proven place."""
# ruff: noqa: E501 - a table reads best with one patch on one line

from __future__ import annotations

import json

from bench.patches.attack import created, edited, hostile
from bench.patches.wraps import fenced
from workflow.types import Role

_APP = "src/app.py"
_HUNK = b"--- a/src/a.txt\n+++ b/src/a.txt\n"


def _brought(text: str) -> bytes:
    """A diff that brings a line into the service."""
    return edited(_APP, b"LIMIT = 10\n", b"LIMIT = 10\n" + text.encode())


def _call(**words: object) -> bytes:
    return json.dumps(words).encode()


# fmt: off
_TEXTS = (
    hostile("variation selector", edited("src/app.py",b"LIMIT = 10\n",b"LIMIT = 10\n"+"x\ufe0f = 1\n".encode()),"hidden-character"),
    hostile("combining grapheme joiner", edited("src/app.py",b"LIMIT = 10\n",b"LIMIT = 10\n"+"x\u034f = 1\n".encode()),"hidden-character"),
    hostile("mongolian vowel sep", edited("src/app.py",b"LIMIT = 10\n",b"LIMIT = 10\n"+"x\u180e = 1\n".encode()),"hidden-character"),
    hostile("interlinear", edited("src/app.py",b"LIMIT = 10\n",b"LIMIT = 10\n"+"# \ufff9 x\n".encode()),"hidden-character"),
    hostile("private use", edited("src/app.py",b"LIMIT = 10\n",b"LIMIT = 10\n"+"# \ue000 x\n".encode()),"hidden-character"),
    hostile("braille blank", edited("src/app.py",b"LIMIT = 10\n",b"LIMIT = 10\n"+"x = '\u2800'\n".encode()),"hidden-character"),
    hostile("left-to-right mark", edited("src/app.py",b"LIMIT = 10\n",b"LIMIT = 10\n"+"# \u200e x\n".encode()),"hidden-character"),
    hostile("Greek identifier", edited("src/app.py",b"LIMIT = 10\n",b"LIMIT = 10\n"+"\u039fK = 1\n".encode()),"homoglyph"),
    hostile("cyrillic domain", edited("src/app.py",b"LIMIT = 10\n",b"LIMIT = 10\nu = 'https://g\xd0\xbe\xd0\xbed.test'\n"),"homoglyph"),
    hostile("Lisu identifier", edited("src/app.py",b"LIMIT = 10\n",b"LIMIT = 10\n"+"\ua4e1IMIT = 1\n".encode()),"homoglyph"),
    hostile("UTF-16 file", created(b"src/u.py","import os\n".encode("utf-16")),"binary-file"),
    hostile("bidi override in a comment", _brought("# admin \u202e } \u2066if (is_admin)\u2069 \u2066 begin\n"), "hidden-character"),
    hostile("zero-width joiner in an identifier", _brought("LIM\u200dIT = 99\n"), "hidden-character"),
    hostile("tag characters", _brought("# ok\U000e0041\U000e0042\n"), "hidden-character"),
    hostile("soft hyphen", _brought("LIM\u00adIT = 99\n"), "hidden-character"),
    hostile("Hangul filler as an identifier", _brought("\u3164 = 99\n"), "hidden-character", "homoglyph"),
    hostile("line separator", _brought("# ok\u2028LIMIT = 99\n"), "hidden-character"),
    hostile("next line control", _brought("# ok\u0085LIMIT = 99\n"), "hidden-character"),
    hostile("Cyrillic identifier", _brought("LI\u041cIT = 99\n"), "homoglyph"),
    hostile("identifier of look-alikes only", _brought("\u0441\u043e\u0440\u0435 = 99\n"), "homoglyph"),
    hostile("fullwidth identifier", _brought("\uff2c\uff29\uff2d\uff29\uff34 = 99\n"), "homoglyph"),
    hostile("mathematical identifier", _brought("\U0001d40b\U0001d408\U0001d40c\U0001d408\U0001d413 = 99\n"), "homoglyph"),
    hostile("Greek question mark", _brought("LIMIT = 9\u037e LIMIT = 99\n"), "homoglyph", "hidden-character"),
    hostile("escape sequence", _brought("# \x1b[2K\x1b[1Ahidden\n"), "hidden-character"),
    hostile("8-bit escape sequence", _brought("# \u009b2K\n"), "hidden-character"),
    hostile("backspaces", _brought("# evil\b\b\b\bgood\n"), "hidden-character"),
    hostile("bare CR that overwrites", _brought("import evil  # \rLIMIT = 10   \n"), "line-ends", "hidden-character"),
    hostile("mixed line ends", edited("src/a.txt", b"two\n", b"2\r\n"), "line-ends"),
    hostile("NUL byte", _brought("# \0\n"), "binary-file", "hidden-character"),
    hostile("binary file", created(b"src/logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\n"), "binary-file"),
    hostile("invalid UTF-8", edited(_APP, b"LIMIT = 10\n", b"LIMIT = 10\n# \xff\xfe\xc0\xaf\n"), "binary-file", "hidden-character", "homoglyph"),
    hostile("10 MB line", _brought("x = '" + "a" * 10_000_000 + "'\n"), "line-length"),
    hostile("code after 5,000 blanks", _brought("LIMIT = 10" + " " * 5000 + "; import evil\n"), "line-length"),
)
_FLOODS = (
    hostile("whole-file rewrite", b"src/a.txt\n```\none\n2\nthree\n```\n", "file-exists"),
    hostile("rewrite as a new file", created(b"src/a.txt", b"one\n2\n"), "file-exists"),
    hostile("1,000 files", b"".join(created(b"src/new%d.py" % number) for number in range(1000)), "blast-radius"),
    hostile("100,000 lines", created(b"src/new.py", b"x = 1\n" * 100_000), "blast-radius", "added-size"),
    hostile("prose", b"Please replace line two of src/a.txt by 2.\n", "not-a-patch"),
    hostile("nothing", b"", "not-a-patch"),
    hostile("only a fence", b"```diff\n```\n", "not-a-patch"),
    hostile("no change", _HUNK + b"@@ -1,3 +1,3 @@\n one\n two\n three\n", "no-change"),
    hostile("the same line again", _HUNK + b"@@ -1,3 +1,3 @@\n one\n-two\n+two\n three\n", "no-change"),
)
_PLACES = (
    hostile("insertion without context", _HUNK + b"@@ -2,0 +3 @@\n+evil\n", "no-anchor"),
    hostile("blank lines for an anchor", b"--- a/src/app.py\n+++ b/src/app.py\n@@ -5,2 +5,3 @@\n \n \n+evil = 1\n", "no-anchor", "several-places"),
    hostile("ambiguous place", b'--- a/src/app.py\n+++ b/src/app.py\n@@ -17,3 +17,3 @@\n     if not user:\n-        return "hello"\n+        return "evil"\n', "several-places"),
    hostile("ambiguous place in search/replace", b'src/app.py\n```python\n<<<<<<< SEARCH\n    if not user:\n        return "hello"\n=======\n    evil()\n>>>>>>> REPLACE\n```\n', "several-places"),
    hostile("two places in two indentations", b"--- a/src/deep.txt\n+++ b/src/deep.txt\n@@ -2,2 +2,3 @@\n go()\n+\n end()\n", "several-places", "no-place"),
    hostile("ambiguous text in str_replace", _call(command="str_replace", path=_APP, old_str="not user", new_str="user"), "several-places"),
    hostile("overlapping hunks", _HUNK + b"@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n@@ -2,3 +2,3 @@\n-two\n+zwei\n three\n four\n", "overlap"),
    hostile("two insertions at one point", _HUNK + b"@@ -1,2 +1,3 @@\n one\n+a\n two\n@@ -1,2 +2,3 @@\n one\n+b\n two\n", "overlap"),
    hostile("claims the file's end", b"*** Begin Patch\n*** Update File: src/a.txt\n@@\n one\n-two\n+2\n*** End of File\n*** End Patch\n", "not-the-end"),
    hostile("no newline where the file goes on", _HUNK + b"@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+2\n\\ No newline at end of file\n", "not-the-end", "no-place"),
    hostile("context that is not there", _HUNK + b"@@ -1,3 +1,3 @@\n one\n-zwei\n+2\n three\n", "no-place"),
    hostile("one hunk of two has no place", _HUNK + b"@@ -1,2 +1,2 @@\n one\n-two\n+2\n@@ -4,2 +4,2 @@\n vier\n-five\n+5\n", "no-place"),
    hostile("one file of two does not exist", edited("src/a.txt", b"two", b"2") + edited(_APP, b"LIMIT = 10", b"LIMIT = 20").replace(b"app.py", b"gone.py"), "no-such-file"),
    hostile("JSON with a key twice", b'{"command": "str_replace", "path": "src/a.txt", "path": "CODEOWNERS", "old_str": "two", "new_str": "2"}', "unreadable"),
    hostile("JSON nested 100,000 deep", b"[" * 100_000 + b"]" * 100_000, "not-a-patch", "unreadable"),
    hostile("JSON with a huge number", b'{"command": "str_replace", "path": "src/a.txt", "old_str": ' + b"9" * 100_000 + b', "new_str": "2"}', "unreadable", "not-a-patch"),
    hostile("JSON with a lone surrogate", b'{"command": "str_replace", "path": "src/a.txt", "old_str": "two", "new_str": "\\ud800"}', "unreadable", "not-supported", "hidden-character", "binary-file"),
    hostile("insertion by line number", _call(command="insert", path="src/a.txt", insert_line=2, new_str="evil\n"), "not-supported"),
    hostile("replace_all", _call(file_path="src/a.txt", old_string="e", new_string="E", replace_all=True), "not-supported"),
    hostile("empty old_str", _call(command="str_replace", path="src/a.txt", old_str="", new_str="evil"), "no-anchor", "file-exists", "unreadable"),
    hostile("empty SEARCH of a file that exists", b"src/a.txt\n<<<<<<< SEARCH\n=======\nevil\n>>>>>>> REPLACE\n", "file-exists", "no-anchor"),
    hostile("nested markers", b"src/a.txt\n<<<<<<< SEARCH\ntwo\n<<<<<<< SEARCH\n=======\n2\n=======\n>>>>>>> REPLACE\n>>>>>>> REPLACE\n", "unreadable", "conflicting"),
    hostile("markers never closed", b"src/a.txt\n<<<<<<< SEARCH\ntwo\n=======\n2\n", "unreadable", "not-a-patch"),
    hostile("outside what was given", fenced(edited("src/a.txt", b"two", b"2")), "outside-request", roles=(Role.SURGEON,), given=(_APP,)),
    hostile("a surgeon who creates", fenced(created(b"src/new.py")), "surgeon-edits", roles=(Role.SURGEON,)),
    hostile("an architect who edits", fenced(edited("src/a.txt", b"two", b"2")), "architect-creates", roles=(Role.ARCHITECT,)),
)
# fmt: on
TEXTS = (*_TEXTS, *_FLOODS, *_PLACES)
