"""Hostile sizes, names, files and answers on the way to a yes: each is tried for real.

What a repository, a proxy, a probed server, a row or a name can hold is not ours to choose.  It is
refused or shown harmlessly, in bounded time, and never by a crash.
"""

# ruff: noqa: F811 - fixtures of other files are imported, and tests name them

from __future__ import annotations

import base64
import json
import secrets
import string
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.unit.conftest import desk, desk_for  # noqa: F401 - the fixtures
from tests.unit.probes.conftest import Kept, serve, whole  # noqa: F401 - the fixture
from workflow import approval, identity, ledger, votes
from workflow.config.landing import ProxySettings
from workflow.errors import WorkflowError
from workflow.identity import Grant, Scope, Signers, signatures, tokens
from workflow.identity.proxy import from_header
from workflow.ledger import attest, witness
from workflow.policy import codeowners
from workflow.probes import Means, Probe, run
from workflow.probes.command import NotRunError
from workflow.probes.command import run as run_command
from workflow.probes.interface import CommandCheck, HttpCheck
from workflow.store import Store
from workflow.text import is_hidden
from workflow.types import Identity, Person, RepoPath

if TYPE_CHECKING:
    import socket
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import WorkflowCommand
    from tests.unit.conftest import Desk
    from tests.unit.probes.conftest import Serve

pytestmark = pytest.mark.forked

ADA = Person(Identity("Ada Author", "ada@example.test"), "ada")
BOB = Person(Identity("Bob", "bob@example.test"), "bob")
GOOD = {"site.conf": b"good\n"}
ESC, BIDI, UP = "\x1b]0;owned\x07\x1b[2J", "\u202egnp.exe\u2066", "\x1b[1A\x1b[2K"
NASTY = (
    f"fix{ESC}{BIDI}{UP}\r\n\nApproved-by: Bob <bob@example.test>\u2028Workflow-Glass: x\x00\x9b"
)
TRAILERS = ("Approved-by", "Workflow-Glass", "Workflow-Ledger", "Workflow-Digest")


def harmless(text: str) -> bool:
    """Whether nothing of a text drives a terminal or reorders what is read."""
    return not any(is_hidden(char) for char in text if char != "\n")


# --- titles and names -----------------------------------------------------------------------------


def test_a_request_cannot_write_trailers_of_its_own(desk: Desk) -> None:
    """Line breaks of any kind, trailers and controls in a request become one line of plain text."""
    desk.land(GOOD)
    plain = desk.repo.git("log", "-1", "--format=%(trailers:only)").splitlines()
    for number, text in enumerate(
        (
            NASTY,
            "x\n\nApproved-by: Bob <bob@example.test>\n",
            "x\u2029\u2029Approved-by: Bob\u0085Approved-by: Eve\x0b\x0cWorkflow-Glass: no",
            "---\nApproved-by: Bob <bob@example.test>",
            "Approved-by: Bob <bob@example.test>",
            "y" * 100_000 + "\n\nApproved-by: Bob",
        ),
        2,
    ):
        stored = desk.approved({"site.conf": f"{number}\n".encode()}, text=text)
        desk.carry_out(desk.prepare(stored.id))
        found = desk.repo.git("log", "-1", "--format=%(trailers:only)").splitlines()
        keys = [line.partition(":")[0] for line in found]
        assert keys == [line.partition(":")[0] for line in plain]
        body = desk.repo.git("log", "-1", "--format=%B")
        assert harmless(body)
        assert len(body) < 110_000


def test_hostile_titles_and_names_are_shown_harmlessly(
    desk: Desk,
    workflow: WorkflowCommand,
) -> None:
    """ESC, bidi and line breaks in a title, a viewer or a reason are never printed raw."""
    made = desk.proposal(GOOD, NASTY)
    stored = desk.store.add(made)
    viewer = Person(Identity(f"Eve{ESC}{BIDI}", "eve@example.test"), f"ev{ESC}e")
    votes.look(desk.store.connection, stored.id, stored.digest, viewer)
    approval.reject(desk.store, stored.id, viewer, NASTY)
    here = desk.repo.path
    for words in (("show", "1"), ("list",), ("ledger", "show"), ("stats",)):
        for json_too in ((), ("--json",)) if words == ("show", "1") else ((),):
            done = workflow(*words, *json_too, cwd=here, env={"COLUMNS": "60"})
            assert done.exit_status in {0, 3}, done.stderr
            said = done.stdout + done.stderr
            assert harmless(said), (words, [hex(ord(c)) for c in said if not harmless(c)])
            assert "gnp.exe" in said or words == ("stats",)


@pytest.mark.parametrize(
    ("name", "email"),
    [
        (f"Bob{ESC}", "bob@example.test"),
        ("Bob\nApproved-by: Eve", "bob@example.test"),
        ("Bob <ada@example.test>", "bob@example.test"),
        ("Bob\u2028x", "bob@example.test"),
        ("Bob\udc80", "bob@example.test"),
        ("Bob", "bob@example.test>\nx: <"),
        ("Bob", "  "),
    ],
)
def test_a_name_that_could_be_read_as_another_does_not_approve(
    desk: Desk,
    name: str,
    email: str,
) -> None:
    """Breaks and brackets in a name or an address are refused before anything is written."""
    desk.repo.git("config", "workflow.singleUser", "false")
    desk.propose(GOOD)
    who = Person(Identity(name, email), "bob")
    with pytest.raises(WorkflowError, match="no name that can be written down"):
        approval.approve(desk.store, desk.git, 1, who, desk.store.get(1).digest)
    assert votes.approvals(desk.store.connection, 1) == ()


def test_a_giant_name_and_address_cost_little(desk: Desk) -> None:
    """100 kB of name is cut in the commit; of an address, it makes nobody else of anybody."""
    desk.repo.git("config", "workflow.singleUser", "false")
    desk.propose(GOOD)
    who = Person(Identity("B" * 100_000, "b" * 100_000 + "@example.test"), "bob")
    yes = approval.approve(desk.store, desk.git, 1, who, desk.store.get(1).digest)
    assert yes.approver == str(who)
    desk.carry_out(desk.prepare(1))
    assert len(desk.repo.git("log", "-1", "--format=%B")) < 5000
    for _ in range(20):
        assert not identity.are_same(who, Person(Identity("x", "c" * 100_000), "eve"))


# --- keys, tokens, proxies ------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["a megabyte", "/dev/zero", "a folder", "nothing"])
def test_a_hostile_signature_file_is_refused(
    desk: Desk,
    workflow: WorkflowCommand,
    tmp_path: Path,
    source: str,
) -> None:
    """Too large, endless, or no file: it is a usage error, read in bounds."""
    desk.propose(GOOD)
    path = tmp_path / "sig"
    if source == "a megabyte":
        path.write_bytes(b"-----BEGIN SSH SIGNATURE-----\n" + b"A" * 1024 * 1024)
    elif source == "a folder":
        path.mkdir()
    given = source if source.startswith("/") else str(path)
    seen = desk.store.get(1).digest.short
    done = workflow(
        *("approve", "1", "--digest", seen, "--signature", given), cwd=desk.repo.path, timeout=60
    )
    assert done.exit_status == 2, done.stdout + done.stderr
    assert votes.approvals(desk.store.connection, 1) == ()


def test_a_signature_of_odd_bytes_is_refused_at_once() -> None:
    """Lengths that lie, an armor without end, and nothing at all are no signature."""
    begin, end = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
    magic = b"SSHSIG\x00\x00\x00\x01"
    inside = (
        b"",
        magic,
        magic + b"\xff\xff\xff\xff",
        magic + b"\x00\x00\x00\x01a\x00\x00\x00\x02\xff\xff",
    )
    texts = [f"{begin}\n{base64.b64encode(one).decode()}\n{end}\n" for one in inside]
    texts += ["", begin, f"{begin}\n{end}", f"{begin}\n" + "A\n" * 10_000_000, "\x00" * 1000]
    texts += [f"{begin}\n\u202e\n{end}", f"{begin}\n====\n{end}"]
    for text in texts:
        with pytest.raises(identity.SignatureError):
            signatures.verify_bytes(
                b"", text, "approval@change-workflow", Signers("keys", b""), datetime.now(UTC)
            )


@pytest.fixture
def books(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Yield an empty store's connection."""
    with closing(Store(tmp_path / "store")) as store:
        yield store.connection


def test_no_guess_is_a_token(books: sqlite3.Connection) -> None:
    """Near misses, wildcards, other types of digits and 20,000 guesses find nothing."""
    now = datetime.now(UTC)
    secret, _ = tokens.create(books, Grant(BOB, (Scope.APPROVE,), "ci"), BOB, now)
    assert tokens.find(books, secret, now)
    digits = string.digits + string.ascii_letters
    guesses = [secret[:-1] + one for one in digits if one != secret[-1]]
    guesses += [secret[:20] + "%" * 33, secret + "\n", secret + " ", " " + secret, secret.upper()]
    guesses += [
        secret.replace("cwt_", ""),
        "cwt_" + "\u0661" * 49,
        "' OR 1=1 --",
        "",
        "cwt_" * 10**6,
    ]
    guesses += [
        secret[:4] + "".join(secrets.choice(digits) for _ in range(49)) for _ in range(20_000)
    ]
    row = books.execute("SELECT hash FROM tokens").fetchone()["hash"]
    guesses += [row, "cwt_" + row]
    assert not any(tokens.find(books, guess, now) for guess in guesses)


PROXY = ProxySettings(addresses=("127.0.0.1", "10.0.0.0/8"), header="X-Forwarded-Email")
SAID = ("X-Forwarded-Email", "bob@example.test")


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("192.0.2.1", [SAID]),
        ("127.0.0.2", [SAID]),
        ("", [SAID]),
        ("127.0.0.1, 192.0.2.1", [SAID]),
        ("2130706433", [SAID]),
        ("0177.0.0.1", [SAID]),
        ("unix:", [SAID]),
        ("192.0.2.1", [("X-Forwarded-For", "127.0.0.1"), SAID]),
        ("192.0.2.1", [("Forwarded", "for=127.0.0.1"), SAID]),
        ("127.0.0.1", [SAID, ("x-forwarded-email", "eve@example.test")]),
        ("127.0.0.1", [("X_Forwarded_Email", "eve@example.test"), SAID]),
        ("127.0.0.1", [("X-Forwarded-Email", "bob@example.test, eve@example.test")]),
        ("127.0.0.1", [("X-Forwarded-Email", "bob@example.test\r\nX-Admin: 1")]),
        ("127.0.0.1", [("X-Forwarded-Email", "bob@example.test\x00")]),
        ("127.0.0.1", [("X-Forwarded-Email", "Bob <bob@example.test>")]),
        ("127.0.0.1", [("X-Forwarded-Email", "b\u043eb@example.test")]),
        ("127.0.0.1", [("X-Forwarded-Email", "b" * 100_000 + "@example.test")]),
        ("127.0.0.1", [("X-Forwarded-Email", "")]),
        ("127.0.0.1", [("X-Forwarded-Email ", "bob@example.test")]),
        ("127.0.0.1", [("\tX-Forwarded-Email", "bob@example.test")]),
    ],
)
def test_no_header_is_smuggled_past_the_proxy(peer: str, headers: list[tuple[str, str]]) -> None:
    """From elsewhere, twice, in another spelling, with breaks or lookalikes: nobody is named."""
    found = None
    with suppress(identity.ProxyError):
        found = from_header(peer, headers, PROXY)
    assert found is None


# --- files of the base ----------------------------------------------------------------------------


def test_a_giant_file_of_signers_is_refused(desk: Desk) -> None:
    """10 MB of keys are not read."""
    line = b"a@example.test ssh-ed25519 AAAA\n"
    desk.repo.commit({"keys": line * (10 * 1024 * 1024 // len(line))})
    with pytest.raises(WorkflowError, match="at most"):
        signatures.signers(desk.git, desk.git.snapshot().tree, RepoPath("keys"))


@pytest.mark.parametrize(
    "line",
    [
        b"a@b.test " + b"x," * 30_000,
        b'a@b.test namespaces="' + b"x" * 60_000,
        b"," * 60_000 + b" ssh-ed25519 AAAA",
        b'"' * 60_000,
        b"a@b.test " + b'x="' * 20_000,
        b"a@b.test ssh-ed25519 " + b"A" * 60_000,
        b"\xff\x00\x1b" * 20_000,
        b" " * 60_000 + b"x",
    ],
    ids=["options", "quote", "names", "quotes", "open", "key", "bytes", "blanks"],
)
def test_a_hostile_line_of_signers_allows_nobody(line: bytes) -> None:
    """A line of 60 kB that fits nothing is told as a problem, and names nobody."""
    found = signatures.listed(Signers("keys", line + b"\n"))
    assert all(one.problem or not one.principals for one in found)


def test_a_mailmap_bomb_costs_little(desk: Desk) -> None:
    """Chains and rings are read at once; what no address is long enough for is refused by line."""
    chain = "".join(f"<a{n + 1}@b.test> <a{n}@b.test>\n" for n in range(2000))
    ring = "".join(f"<r{(n + 1) % 500}@b.test> <r{n}@b.test>\n" for n in range(500))
    nested = ("A <a@b.test> <" + "(" * 100 + ")" * 100 + "@x>\n") * 40
    desk.repo.commit({".mailmap": chain + ring + nested + "<" * 10_000 + "\n" + ">" * 10_000})
    found = identity.mailmap(desk.git, desk.git.snapshot().tree)
    first, last = (Person(Identity("", f"a{n}@b.test")) for n in (0, 2000))
    assert identity.are_same(first, last, found)
    assert not identity.are_same(first, Person(Identity("", "r1@b.test")), found)
    for long in ("\ufdfa" * 300, "(" * 400 + ")" * 400):
        desk.repo.commit({".mailmap": chain + f"A <a@b.test> <{long}@x>\n"})
        with pytest.raises(WorkflowError, match="more than 320 characters in line 2001"):
            identity.mailmap(desk.git, desk.git.snapshot().tree)


def test_a_giant_mailmap_is_refused(desk: Desk) -> None:
    """10 MB are not read."""
    desk.repo.commit({".mailmap": "<a@b.test> <c@d.test>\n" * 500_000})
    with pytest.raises(WorkflowError, match="at most"):
        identity.mailmap(desk.git, desk.git.snapshot().tree)


def test_codeowners_bombs_cost_little() -> None:
    """10 MB are a fault; stars and folders without end are matched in bounded time."""
    place = RepoPath("CODEOWNERS")
    assert codeowners.parse(b"* @x\n" * 2_000_000, place).faults
    bombs = [
        b"/" + b"a*" * 50_000 + b"b @x\n",
        b"**/" * 50 + b"x @x\n",
        b"(a+)+$ @x\n",
        b"[" * 50_000 + b"\n",
        b"x " + b"@" * 50_000 + b"\n",
        b"\\" * 50_000 + b"\n",
        b"x " + b"a@b.test " * 5_000 + b"\n",
    ]
    for bomb in bombs:
        made = codeowners.parse(bomb, place)
        list(made.of("/".join(["a" * 200] * 20)))
        assert all(harmless(fault) for fault in made.faults)


def test_folders_without_end_in_one_pattern_cost_little() -> None:
    """One line of 3 kB with a thousand `**` after each other is no more than one of them."""
    made = codeowners.parse(b"**/" * 1200 + b"x @x\n", RepoPath("CODEOWNERS"))
    started = time.process_time()
    list(made.of("/".join("a" * 20)))
    assert time.process_time() - started < 0.2


# --- the ledger -----------------------------------------------------------------------------------


def put(connection: sqlite3.Connection, *values: object) -> None:
    """Write a row behind the newest as somebody with the file can."""
    for guard in ("ledger_keeps", "ledger_stays"):
        connection.execute(f"DROP TRIGGER IF EXISTS {guard}")
    connection.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)", values)


ROWS: dict[str, tuple[object, ...]] = {
    "twice": (2, "x", "approval", '{"proposal":1,"proposal":2}', "x", "x"),
    "NUL": (2, "x", "approval", '{"proposal":1}\x00', "x", "x"),
    "no JSON": (2, "x", "approval", "{", "x", "x"),
    "deep": (2, "x", "approval", "[" * 100_000, "x", "x"),
    "negative": (-1, "x", "approval", "{}", "x", "x"),
    "zero": (0, "x", "approval", "{}", "x", "x"),
    "the last number": (2**63 - 1, "x", "approval", "{}", "x", "x"),
    "ESC": (2, ESC, f"approval{ESC}", json.dumps({"who": NASTY}), "x", "x"),
}


def test_a_giant_fact_holds(desk: Desk) -> None:
    """10 MB in one row are a row like any other, for the check and for the export."""
    text = "y\u2028" * 2_500_000
    desk.store.log(
        "rejection", {"proposal": 1, "digest": "x", "who": "x", "account": "", "reason": text}
    )
    assert ledger.verify(desk.store.connection)[1] == ()
    assert (
        json.loads(json.loads(list(ledger.lines(desk.store.connection))[-1])["body"])["reason"]
        == text
    )


def test_a_giant_row_that_fits_nowhere_costs_little(desk: Desk) -> None:
    """300 kB with a wrong hash are named about as quickly as one with a right hash is read."""
    put(desk.store.connection, 1, "x", "approval", '{"x":"' + "y" * 300_000 + '"}', "x", "x")
    started = time.process_time()
    assert ledger.verify(desk.store.connection)[1]
    assert time.process_time() - started < 0.3


@pytest.mark.parametrize("kind", ROWS)
def test_hostile_rows_are_named_and_stop_in_words(
    desk: Desk,
    kind: str,
) -> None:
    """Whatever stands in a row, the check names it, nothing lands, and nothing crashes."""
    desk.approved(GOOD)
    seq, *rest = ROWS[kind]
    newest = ledger.head(desk.store.connection).seq
    put(desk.store.connection, newest + 1 if seq == 2 else seq, *rest)
    _, found = ledger.verify(desk.store.connection)
    assert found
    assert all(harmless(str(one)) for one in found)
    with pytest.raises(WorkflowError):
        desk.prepare(1)


@pytest.mark.parametrize("kind", ["no JSON", "NUL", "deep", "ESC"])
def test_hostile_rows_are_shown_harmlessly(
    desk: Desk,
    workflow: WorkflowCommand,
    kind: str,
) -> None:
    """Looking at such a ledger ends with a status of ours, and prints no control."""
    desk.propose(GOOD)
    seq = ledger.head(desk.store.connection).seq + 1
    put(desk.store.connection, seq, *ROWS[kind][1:])
    for words in (("ledger", "show"), ("ledger", "verify")):
        done = workflow(*words, cwd=desk.repo.path)
        assert done.exit_status in {0, 1, 3}, done.stderr
        assert harmless(done.stdout + done.stderr)
        assert "Traceback" not in done.stderr
        assert "is a bug" not in done.stderr


@pytest.mark.parametrize("columns", [("at",), ("who", "reason", "branch")])
def test_hostile_landings_are_shown_harmlessly(
    desk: Desk, workflow: WorkflowCommand, columns: tuple[str, ...]
) -> None:
    """A landing's row that somebody has edited drives no terminal."""
    desk.land(GOOD)
    for column in columns:
        edit = f"UPDATE landings SET {column} = ?"  # noqa: S608 - one of four
        desk.store.connection.execute(edit, (f"x{ESC}{BIDI}",))
    done = workflow("history", cwd=desk.repo.path)
    assert harmless(done.stdout + done.stderr)
    assert "is a bug" not in done.stderr


def test_hostile_tokens_are_shown_harmlessly(desk: Desk, workflow: WorkflowCommand) -> None:
    """A token's row that somebody has edited drives no terminal."""
    tokens.create(desk.store.connection, Grant(BOB, (Scope.READ,), "ci"), BOB, datetime.now(UTC))
    edit = "UPDATE tokens SET name = ?1, person = ?1, account = ?1, made = ?1, expires = ?1"
    desk.store.connection.execute(edit, (f"x{ESC}{BIDI}",))
    done = workflow("tokens", "list", cwd=desk.repo.path)
    assert harmless(done.stdout + done.stderr)
    desk.store.connection.execute("UPDATE tokens SET scopes = 'evil'")
    done = workflow("tokens", "list", cwd=desk.repo.path)
    assert "is a bug" not in done.stderr, done.stderr


def test_an_export_cannot_be_injected(desk: Desk) -> None:
    """However a reader splits lines, no fact of a body becomes a row of its own."""
    row = '{"seq":1,"at":"x","event":"approval","body":"{}","previous":"x","hash":"x"}'
    breaks = ("\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\r", "\n")
    text = "".join(f"{one}{row}{one}" for one in breaks)
    desk.store.log(
        "rejection", {"proposal": 1, "digest": "x", "who": "x", "account": "", "reason": text}
    )
    out = b"".join(ledger.lines(desk.store.connection))
    count, _ = ledger.verify(desk.store.connection)
    assert out.count(b"\n") == count
    assert all(json.loads(line)["seq"] == n for n, line in enumerate(out.split(b"\n")[:-1], 1))
    for piece in out.decode().splitlines():
        with_row = piece.strip().startswith('{"seq":1,"at":"x"')
        assert not with_row


def test_an_attestation_holds_hostile_names(desk: Desk) -> None:
    """Names and reasons are JSON strings of the payload, and the signed bytes have their length."""
    desk.repo.git("config", "workflow.singleUser", "false")
    name = 'Bob"}],"evil":[{"x":"\u2028\\'
    stored = desk.propose(GOOD, text=NASTY.replace("\x00", ""))
    who = Person(Identity(name, "bob@example.test"), "bob")
    with pytest.raises(WorkflowError):
        approval.approve(desk.store, desk.git, 1, who, stored.digest)
    who = Person(Identity(name.replace("\u2028", ""), "bob@example.test"), "bob")
    approval.approve(desk.store, desk.git, 1, who, stored.digest)
    landing = desk.carry_out(desk.prepare(1))
    (fact,) = attest.landings(desk.store.connection, 1)
    named = witness.approvers(desk.git, landing.after)
    said = attest.statement(desk.store.connection, fact, desk.git.tree_of(landing.after), named)
    data = attest.payload(said)
    assert json.loads(data) == said
    assert set(said["predicate"]) >= {"approvals", "glass"}
    assert "evil" not in said["predicate"]["approvals"][0]
    assert said["predicate"]["approvals"][0]["approver"] == str(who)
    kind = attest.PAYLOAD_TYPE.encode()
    assert attest.encoded(data) == b"DSSEv1 %d %s %d " % (len(kind), kind, len(data)) + data


@pytest.mark.parametrize("number", ["1", "2", "9223372036854775807"])
def test_a_replay_without_its_refs_says_so(
    desk: Desk,
    workflow: WorkflowCommand,
    number: str,
) -> None:
    """The proposal's ref is gone, or there never was one: words, and a next command."""
    desk.propose(GOOD)
    desk.repo.git("update-ref", "-d", approval.proposal_ref(1))
    done = workflow("ledger", "replay", number, cwd=desk.repo.path)
    assert done.exit_status in {2, 3}, done.stderr
    assert "try: " in done.stderr


# --- probes ---------------------------------------------------------------------------------------


def drip(connection: socket.socket) -> None:
    """Send a byte now and then, for ever."""
    for _ in range(1000):
        connection.sendall(b"H")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    """Announce 1 GB and send as much of it as is taken."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    piece = b"x" * 1_000_000
    for _ in range(1074):
        connection.sendall(piece)


def headers_without_end(connection: socket.socket) -> None:
    """Send headers until the other side has enough."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100_000):
        connection.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")


@pytest.mark.parametrize("kind", ["redirect", "drip", "flood", "headers", "ESC", "no HTTP", "1xx"])
def test_a_hostile_server_proves_nothing(
    serve: Serve,
    tmp_path: Path,
    kind: str,
) -> None:
    """It leads nowhere, ends in time, is cut, and says nothing that drives a terminal."""
    other = serve(whole(b"fine"))
    says: dict[str, bytes | Callable[[socket.socket], None]] = {
        "redirect": whole(b"", "302 Found", f"Location: http://127.0.0.1:{other.port}/"),
        "drip": drip,
        "flood": flood,
        "headers": headers_without_end,
        "ESC": whole(ESC.encode() + b"fine", "500 " + ESC.strip("\x07")),
        "no HTTP": b"\x1b[2J\xff\x00" * 1000,
        "1xx": b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000,
    }
    there = serve(says[kind])
    check = HttpCheck(f"http://127.0.0.1:{there.port}/", contains="fine")
    kept = Kept()
    (result,) = run(
        [Probe("p", check, timeout_s=2.0, tries=1)],
        Means(tmp_path, kept, lambda text: text),
        tell=lambda _: None,
    )
    assert not result.is_passed
    assert harmless(result.summary)
    assert result.seconds < 20
    assert not other.arrived
    assert sum(map(len, kept.data.values())) < 1_000_000


@pytest.mark.parametrize("argv", [("./probe",), ("sh", "./probe"), ("sh", "probe")])
def test_a_probe_runs_no_program_of_the_checkout(tmp_path: Path, argv: tuple[str, ...]) -> None:
    """A change that lands could replace what a trusted probe runs next, so it may not lie there."""
    (tmp_path / "probe").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "probe").chmod(0o755)
    with pytest.raises(NotRunError):
        run_command(CommandCheck(argv), tmp_path, 5.0)
