"""A result gets its values back, and a placeholder that is not where it was is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.interface import Fault, FaultKind, Kind, SealingError
from workflow.redaction.vault.placeholder import Shape, make
from workflow.redaction.vault.restore import restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.redaction.vault.vault import Vault

    VaultOf = Callable[..., Vault]

KEY = bytes(range(32))
VALUE, OTHER = b"Tr0ub4dor-and-3", b"corr3ct.Horse+staple"
MARK, SECOND = make(KEY, VALUE, Shape.WORD), make(KEY, OTHER, Shape.WORD)

NGINX = b"""\
http {
  server {
    server_name one;
    location /api {
      proxy_set_header X %s;
    }
  }
  server {
    server_name two;
    location /api {
      return 200;
    }
  }
}
"""
PYTHON = b"""\
def start(host):
    connect(
        "db.internal",
        password="%s",
    )
    note = 1

def show():
    pass
"""
YAML = b"""\
one:
  - name: A
    value: %s
  - name: B
    value: x
two:
  host: y
"""
INI = b"""\
[one]
password = %s
port = 1
[two]
port = 2
"""
JSON = b"""\
{
  "one": {"a": 1},
  "two": {
    "password": "%s"
  },
  "three": {
    "b": 2
  }
}
"""
SHELL = b"""\
curl -H "Authorization: Bearer %s" \\
  https://one.example
echo done
"""
FILES = {
    "site.conf": NGINX,
    "app.py": PYTHON,
    "app.yaml": YAML,
    "app.ini": INI,
    "app.json": JSON,
    "get.sh": SHELL,
}


def kinds(vault: Vault, path: str, text: bytes, *edits: tuple[bytes, bytes]) -> list[FaultKind]:
    """Seal a file, edit what was sealed, restore it; return the kinds of the faults."""
    sealed = vault.seal(text, path)
    after = sealed.data
    for old, new in edits:
        assert old in after, old
        after = after.replace(old, new, 1)
    restored = restore(vault, sealed, after, path)
    assert VALUE.decode() not in repr(restored)
    return [fault.kind for fault in restored.faults]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("site.conf", b"return 200;", b"return 404;\n      add_header a b;"),
        ("site.conf", b"      proxy_set", b"\tproxy_set"),
        ("site.conf", b"server_name one;", b"server_name three;"),
        (
            "site.conf",
            b"  server {\n    server_name two",
            b"  server {\n  # {\n    server_name two",
        ),
        ("app.py", b"note = 1", b"note = 2"),
        ("app.py", b"start(host)", b"start(host, port)"),
        ("app.py", b"def start", b"import os\n\n\ndef start"),
        ("app.yaml", b"name: B", b"name: C"),
        ("app.yaml", b"one:", b"# a comment\none:"),
        ("app.yaml", b"two:", b"  - name: D\n    value: z\ntwo:"),
        ("app.ini", b"port = 1", b"port = 3"),
        ("app.ini", b"[one]\n", b"[one]\nhost = a\n"),
        ("app.json", MARK + b'"', MARK + b'",\n    "port": 1'),
        ("app.json", b'"a": 1', b'"a": [1, 2]'),
        ("get.sh", b"echo done", b"echo all done"),
    ],
)
def test_an_edit_beside_a_value_is_no_fault(
    vault_of: VaultOf, path: str, old: bytes, new: bytes
) -> None:
    """Other lines, blanks, a comma behind it: the value stays what and where it was."""
    vault = vault_of(VALUE)
    text = FILES[path] % VALUE
    assert kinds(vault, path, text, (old, new)) == []
    sealed = vault.seal(text, path)
    restored = restore(vault, sealed, sealed.data.replace(old, new, 1), path)
    assert restored.data == text.replace(old.replace(MARK, VALUE), new.replace(MARK, VALUE), 1)


@pytest.mark.parametrize(
    ("path", "line", "after"),
    [
        ("site.conf", b"      proxy_set_header X %s;\n", b"      return 200;\n"),
        ("app.py", b'        password="%s",\n', b"def show():\n"),
        ("app.yaml", b"    value: %s\n", b"  host: y\n"),
        ("app.yaml", b"    value: %s\n", b"  - name: B\n"),
        ("app.ini", b"password = %s\n", b"[two]\n"),
        ("app.json", b'    "password": "%s"\n', b'  "three": {\n'),
    ],
)
def test_a_moved_line_is_told(vault_of: VaultOf, path: str, line: bytes, after: bytes) -> None:
    """Below another block of the same name, parent, section or function."""
    line %= MARK
    edits = (line, b""), (after, after + line)
    assert kinds(vault_of(VALUE), path, FILES[path] % VALUE, *edits) == [FaultKind.MOVED]


def test_a_changed_parent_moves_what_is_in_it(vault_of: VaultOf) -> None:
    """A header that was meant for one location is sent by another."""
    text = NGINX % VALUE
    edit = (b"location /api", b"location /public")
    assert kinds(vault_of(VALUE), "a.conf", text, edit) == [FaultKind.MOVED]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("site.conf", b"proxy_set_header X", b"return 200"),
        ("app.py", b"db.internal", b"evil.example"),
        ("app.py", b"connect(", b"log("),
        ("app.yaml", b"value: ", b"shown: "),
        ("app.ini", b"password = ", b"password = x"),
        ("app.json", b'"password"', b'"title"'),
        ("get.sh", b"one.example", b"evil.example"),
        ("get.sh", b"curl", b"echo"),
    ],
)
def test_a_changed_statement_is_told(vault_of: VaultOf, path: str, old: bytes, new: bytes) -> None:
    """Over all of its lines."""
    found = kinds(vault_of(VALUE), path, FILES[path] % VALUE, (old, new))
    assert FaultKind.REWIRED in found
    assert set(found) <= {FaultKind.REWIRED, FaultKind.ALTERED}


@pytest.mark.parametrize(
    ("path", "text", "first", "last"),
    [
        ("a.conf", b'server {\n  x X "%s";\n  y z;\n}\n', b"  return 200 '\n", b"  ';\n"),
        ("a.py", b'KEY = "%s"\n', b'LEAK = """\n', b'"""\n'),
        ("a.sh", b"export KEY=%s\n", b"cat <<EOF\n", b"EOF\n"),
        ("a.sh", b"export KEY=%s\n", b'a="$(echo "\'")"; cat <<EOF #\'\n', b"EOF\n"),
        ("a.js", b"const k = '%s';\n", b"show(`\n", b"`);\n"),
        ("a.css", b"k: '%s';\n", b"/*\n", b"*/\n"),
        (".env", b"KEY=%s\n", b'SHOWN="\n', b'"\n'),
    ],
)
def test_a_statement_put_into_a_string_is_told(
    vault_of: VaultOf, path: str, text: bytes, first: bytes, last: bytes
) -> None:
    """The line stays as it is, but is shown, and taken out of a comment it comes to life."""
    vault, line = (
        vault_of(VALUE),
        next(one for one in text.splitlines(keepends=True) if b"%s" in one),
    )
    sealed = line % MARK
    assert kinds(vault, path, text % VALUE, (sealed, first + sealed + last)) == [FaultKind.REWIRED]
    wrapped = text.replace(line, first + line + last) % VALUE
    assert kinds(vault, path, wrapped, (first, b""), (last, b"")) == [FaultKind.REWIRED]
    assert kinds(vault, path, text % VALUE, (sealed, first + last + sealed)) == []


@pytest.mark.parametrize(
    ("path", "text", "old", "new", "kind"),
    [
        ("a.conf", b"s {\nset_it X\n'%s';\ny z;\n}\n", b"set_it", b"add_it", FaultKind.REWIRED),
        ("a.sql", b"CREATE USER a\nBY '%s';\n", b"USER a", b"USER b", FaultKind.REWIRED),
        ("a.yaml", b"key:\n  %s\n", b"key", b"title", FaultKind.MOVED),
        ("a.htaccess", b"<Location /a>\nk %s\n</Location>\n", b"/a", b"/b", FaultKind.MOVED),
        ("a.xml", b"<a>\n<b>\n<k>%s</k>\n</b>\n</a>\n", b"<b>", b"<c>", FaultKind.MOVED),
        ("a.cfg", b"backend a\n  k %s\n", b"backend a", b"backend b", FaultKind.MOVED),
        ("a.cfg", b"backend a\nk %s\n", b"backend a", b"backend b", FaultKind.MOVED),
    ],
)
def test_what_a_line_belongs_to_is_compared(  # noqa: PLR0913, PLR0917 - a table of cases has its columns
    vault_of: VaultOf, path: str, text: bytes, old: bytes, new: bytes, kind: FaultKind
) -> None:
    """The first words of its statement, and the tag, section or key above it."""
    vault = vault_of(VALUE)
    assert kinds(vault, path, text % VALUE, (old, new)) == [kind]
    note = b"-- don't\n" if path == "a.sql" else b"# don't\n"
    assert kinds(vault, path, note + text % VALUE, (note, b"")) == []


def test_a_changed_host_is_told(vault_of: VaultOf) -> None:
    """The oldest trick: the same credentials, sent somewhere else."""
    url = b"db = 'postgres://u:%s@db.internal/x'\n" % VALUE
    edit = (b"db.internal", b"evil.example")
    assert kinds(vault_of(VALUE), "a.py", url, edit) == [FaultKind.REWIRED]


@pytest.mark.parametrize("path", FILES)
def test_copies_are_told(vault_of: VaultOf, path: str) -> None:
    """In a log line, a response body, or the same line once more."""
    text = FILES[path] % VALUE
    for extra in (b"\nlog(" + MARK + b")\n", b"\n" + text.replace(VALUE, MARK)):
        last = text.replace(VALUE, MARK)[-8:]
        assert kinds(vault_of(VALUE), path, text, (last, last + extra)) == [FaultKind.COPIED]


@pytest.mark.parametrize("path", FILES)
def test_a_deleted_line_is_no_fault(vault_of: VaultOf, path: str) -> None:
    """A value that goes is shown by the diff."""
    text = FILES[path] % VALUE
    line = next(line for line in text.splitlines(keepends=True) if VALUE in line)
    assert kinds(vault_of(VALUE), path, text, (line.replace(VALUE, MARK), b"")) == []


def test_values_that_change_places_are_told(vault_of: VaultOf) -> None:
    """Each stands where the other one was."""
    text = b"a = %s\nb = %s\n" % (VALUE, OTHER)
    sealed_lines = b"a = %s\nb = %s\n" % (MARK, SECOND)
    edit = (sealed_lines, b"a = %s\nb = %s\n" % (SECOND, MARK))
    assert kinds(vault_of(VALUE, OTHER), "a", text, edit) == [FaultKind.REWIRED] * 2


@pytest.mark.parametrize(
    "damaged",
    [
        MARK.lower(),
        MARK.capitalize(),
        MARK[:-1],
        MARK[:-6],
        MARK[3:],
        MARK[1:],
        MARK[6:].lower(),
        MARK + b"x",
        b"x" + MARK,
        MARK[:5] + b"-" + MARK[5:],
        MARK[:9] + b"\n" + MARK[9:],
        MARK[:-1] + b"O",
        MARK.replace(b"Q", b"O", 1),
    ],
)
def test_damage_is_told(vault_of: VaultOf, damaged: bytes) -> None:
    """Lower-cased, cut at either end, lengthened, broken up: the value would be gone for good."""
    text = b"[x]\npassword = %s\n" % VALUE
    found = kinds(vault_of(VALUE), "a.ini", text, (MARK, damaged))
    assert FaultKind.ALTERED in found


def test_an_invented_placeholder_is_told(vault_of: VaultOf) -> None:
    """It has the right shape and stands for nothing; it stays as it is."""
    vault = vault_of(VALUE)
    sealed = vault.seal(b"a = %s\n" % VALUE, "a")
    invented = make(b"another key", VALUE, Shape.WORD)
    restored = restore(vault, sealed, sealed.data + b"b = " + invented + b"\n", "a")
    assert restored.faults == (Fault(FaultKind.UNKNOWN, "a", 2),)
    assert restored.data == b"a = %s\nb = %s\n" % (VALUE, invented)


def test_what_the_file_had_is_no_damage(vault_of: VaultOf) -> None:
    """Text of the user's that looks like a broken placeholder may stay."""
    text = b"head = 'zqvx'\na = %s\nn = 72611234567890\n" % VALUE
    assert kinds(vault_of(VALUE), "a.py", text, (b"head", b"# more\nhead")) == []


def test_a_value_of_another_file_is_moved(vault_of: VaultOf) -> None:
    """Also into a new file; the fault says where it came from."""
    vault = vault_of(VALUE)
    vault.seal(b"x = " + VALUE, "secrets.env")
    sealed = vault.seal(b"y = 1\n", "app.py")
    after = sealed.data + b"log('" + MARK + b"')\n"
    for before in (sealed, None):
        restored = restore(vault, before, after, "app.py")
        fault = Fault(FaultKind.MOVED, "app.py", 2, Kind.TOKEN, "secrets.env")
        assert restored.faults == (fault,)


def test_a_value_of_the_request_may_come_in_once(vault_of: VaultOf) -> None:
    """It belongs to no file; `secret-added` has its say on it."""
    vault = vault_of(VALUE)
    vault.seal_text(f"use {VALUE.decode()}")
    sealed = vault.seal(b"a = 1\n", "a.py")
    once = sealed.data + b"b = '" + MARK + b"'\n"
    assert restore(vault, sealed, once, "a.py").faults == ()
    assert restore(vault, sealed, once, "a.py").data == b"a = 1\nb = '%s'\n" % VALUE
    twice = restore(vault, None, once + b"c = '" + MARK + b"'\n", "a.py")
    assert twice.faults == (Fault(FaultKind.COPIED, "a.py", 3, Kind.TOKEN, "a.py"),)


def test_restored_text_is_not_restored_again(vault_of: VaultOf) -> None:
    """A value that is itself a placeholder of another value stays what it is."""
    vault = vault_of(VALUE)
    vault.seal(VALUE, "b")
    sealed = vault.seal(b"a = " + MARK + b"\n", "a")
    assert sealed.data != b"a = " + MARK + b"\n"
    assert restore(vault, sealed, sealed.data, "a").data == b"a = " + MARK + b"\n"


def test_a_value_that_has_no_form_here_is_refused(vault_of: VaultOf) -> None:
    """Bytes of a Latin-1 file cannot stand in UTF-16."""
    vault = vault_of(b"p\xe4ssw0rd-x")
    vault.seal(b"p\xe4ssw0rd-x", "b")
    (value,) = vault.values()
    wide = f"a = {value.placeholder}\n".encode("utf-16")
    restored = restore(vault, None, wide, "a")
    assert [fault.kind for fault in restored.faults] == [FaultKind.MOVED, FaultKind.UNKNOWN]
    assert restored.data == wide


def test_a_result_that_cannot_be_read_is_refused(vault_of: VaultOf) -> None:
    """Nobody can say what is in it."""
    vault = vault_of(VALUE)
    with pytest.raises(SealingError):
        restore(vault, vault.seal(b"x", "a"), b"a\0b", "a")


_LINES = st.lists(
    st.sampled_from([b"a = 1", b"b {", b"}", b"  c: d", VALUE, b"k = " + VALUE, b"", b"[x]", b"("]),
    max_size=12,
)


@given(_LINES, st.lists(st.tuples(st.integers(0, 12), st.sampled_from([b"new", b"", b"n: 1"]))))
def test_a_patch_means_the_same_sealed(
    vault_of: VaultOf, lines: list[bytes], edits: list[tuple[int, bytes]]
) -> None:
    """An edit that touches no value gives what it gives on the file itself."""
    vault = vault_of(VALUE)
    data = b"\n".join(lines)
    sealed = vault.seal(data, "a")
    old, new = data.split(b"\n"), sealed.data.split(b"\n")
    for at, text in edits:
        if at < len(old) and VALUE not in old[at]:
            old[at] = new[at] = text
        elif at >= len(old):
            old.append(text)
            new.append(text)
    restored = restore(vault, sealed, b"\n".join(new), "a")
    assert restored.data == b"\n".join(old)
    assert not {fault.kind for fault in restored.faults} & {FaultKind.UNKNOWN, FaultKind.ALTERED}
