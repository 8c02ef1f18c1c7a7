"""Ways to change what lands, or where, between a yes and the branch: each is tried for real.

The other side of `test_attack_approvals.py`: git, rows, hooks, live files and notes of trust are
swapped behind the back of a landing that somebody has approved.
"""

# ruff: noqa: F811 - fixtures of other files are imported, and tests name them

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.unit.conftest import ADA, desk, desk_for  # noqa: F401 - the fixtures
from tests.unit.targets.conftest import rig  # noqa: F401 - the fixture
from workflow import apply, approval, ledger, targets, trust
from workflow.apply import Shape, Terms
from workflow.approval import proposal_ref
from workflow.canonical import encode, sha256
from workflow.errors import WorkflowError
from workflow.ledger.anchor import REF
from workflow.targets import manifest as manifests
from workflow.types import Person, RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import GitRepo, WorkflowCommand
    from tests.unit.conftest import Desk
    from tests.unit.targets.conftest import Rig
    from workflow.journal import Landing
    from workflow.types import CommitId

pytestmark = pytest.mark.forked

GOOD, EVIL, OLD = b"good\n", b"evil\n", b"one\ntwo\nthree\n"
SITE = RepoPath("site.conf")
WEB = '[[targets]]\nname = "web"\nfiles = { "site.conf" = "LIVE/site.conf" }\n'

Attack: TypeAlias = "Callable[[Desk], object]"


def landed_as(desk: Desk) -> bytes:
    """Return what the branch holds for the file that attacks are about."""
    head = desk.git.head_of("main")
    assert head is not None
    return desk.git.read(desk.git.tree_of(head), SITE)


def evil_commit(desk: Desk) -> CommitId:
    """Write a commit on the base that nobody has approved."""
    return evil_commit_on(desk, desk.git.snapshot().commit)


def evil_commit_on(desk: Desk, base: CommitId) -> CommitId:
    """Write a commit on another one that nobody has approved."""
    tree = desk.tree(desk.git.tree_of(base), {"site.conf": EVIL})
    who = desk.store.get(1).proposal.request.requester
    return desk.git.commit(tree, (base,), "m", who)


def sql(desk: Desk, *statements: str) -> None:
    """Change rows as somebody with the file can."""
    guards = [f"DROP TRIGGER IF EXISTS {name}" for name in ("ledger_keeps", "ledger_stays")]
    for statement in (*guards, *statements):
        desk.store.connection.execute(statement)


# --- between the yes and the branch ---------------------------------------------------------------


def swap_the_ref(desk: Desk) -> None:
    """The proposal's ref leads to a commit of the same parent with another tree."""
    desk.repo.git("update-ref", proposal_ref(1), evil_commit(desk))
    desk.prepare(1)


def take_the_ref_away(desk: Desk) -> None:
    """Nothing keeps what was approved any more."""
    desk.repo.git("update-ref", "-d", proposal_ref(1))
    desk.prepare(1)


def make_the_ref_symbolic(desk: Desk) -> None:
    """The ref follows a branch that somebody else moves."""
    desk.repo.git("branch", "theirs", evil_commit(desk))
    desk.repo.git("symbolic-ref", proposal_ref(1), "refs/heads/theirs")
    desk.prepare(1)


def swap_the_tree_in_the_row(desk: Desk) -> None:
    """The row names another tree; its digest stays."""
    tree = desk.git.tree_of(evil_commit(desk))
    own = desk.store.get(1).proposal.tree
    sql(desk, f"UPDATE proposals SET body = replace(body, '{own}', '{tree}')")  # noqa: S608 - ids of our own
    desk.prepare(1)


def swap_the_branch_at_the_last_moment(desk: Desk) -> None:
    """All was checked and the commit is made; then the branch goes on."""
    move = desk.prepare(1)
    desk.repo.git("switch", "-q", "--detach")
    desk.repo.git("update-ref", "refs/heads/main", evil_commit_on(desk, move.before))
    try:
        desk.carry_out(replace(move, work_tree=None))
    finally:
        desk.repo.git("update-ref", "refs/heads/main", move.before)


def edit_the_ledger(desk: Desk) -> None:
    """Any older row is changed: nothing lands on a ledger that does not hold."""
    sql(desk, "UPDATE ledger SET at = '2020-01-01T00:00:00Z' WHERE seq = 1")
    desk.prepare(1)


def a_new_name_that_is_an_option(desk: Desk) -> None:
    """The branch to land on is what git would read as an option, or a path out of its folder."""
    cleared = approval.cleared(desk.store, desk.git, 1)
    for name in ("--force", "../../hooks/x", "a\x1b[2Jb", "a\nb", "a..b", "@{-1}"):
        with pytest.raises(WorkflowError):
            apply.prepare(desk.git, desk.store, cleared, Terms(shape=Shape.BRANCH, to=name))
    apply.prepare(desk.git, desk.store, cleared, Terms(shape=Shape.BRANCH, to="main"))


SWAPS: tuple[tuple[Attack, str], ...] = (
    (swap_the_ref, "no longer points to what was proposed"),
    (take_the_ref_away, "no longer points to what was proposed"),
    (make_the_ref_symbolic, "no longer points to what was proposed"),
    (swap_the_tree_in_the_row, "was changed after it was recorded"),
    (swap_the_branch_at_the_last_moment, "is at .*, not at"),
    (edit_the_ledger, "the ledger does not hold"),
    (a_new_name_that_is_an_option, "there is a branch main already"),
)


@pytest.mark.parametrize(("attack", "words"), SWAPS, ids=[one.__name__ for one, _ in SWAPS])
def test_a_swap_behind_the_yes_is_refused(desk: Desk, attack: Attack, words: str) -> None:
    """The refusal says what is wrong, and the branch holds what it held."""
    desk.approved({"site.conf": GOOD})
    with pytest.raises(WorkflowError, match=words) as caught:
        attack(desk)
    assert caught.value.hint
    assert landed_as(desk) == OLD


def test_a_replacement_object_shows_nobody_anything_else(desk: Desk) -> None:
    """`git replace` would put another tree under the approved name; what lands is what was seen."""
    stored = desk.approved({"site.conf": GOOD})
    other = desk.git.tree_of(evil_commit(desk))
    desk.repo.git("replace", stored.proposal.tree, other)
    desk.repo.git("replace", stored.proposal.commit, evil_commit(desk))
    apply.keep(desk.git, desk.journal, desk.carry_out(desk.prepare(1)))
    desk.repo.git("replace", "-d", stored.proposal.tree, stored.proposal.commit)
    assert landed_as(desk) == GOOD
    assert (desk.repo.path / "site.conf").read_bytes() == GOOD


def _edit_landing(desk: Desk, column: str) -> None:
    evil = evil_commit(desk)
    sql(desk, f"UPDATE landings SET {column} = '{evil}'")  # noqa: S608 - two columns


def test_a_rollback_goes_by_what_git_says(desk: Desk) -> None:
    """A landing's row is edited, so that taking it back would bring in what nobody approved."""
    desk.land({"site.conf": GOOD})
    _edit_landing(desk, "before_commit")
    with suppress(WorkflowError):
        desk.roll_back()
    assert landed_as(desk) in {GOOD, OLD}


def test_a_recovery_goes_by_what_git_says(
    desk: Desk,
    workflow: WorkflowCommand,
) -> None:
    """A row that says a landing was cut short moves no branch and no file outside the checkout."""
    desk.land({"site.conf": GOOD})
    victim = desk.scratch.parent / "victim"
    victim.mkdir()
    (victim / "site.conf").write_bytes(b"mine\n")
    sql(desk, f"UPDATE landings SET state = 'intended', work_tree = '{victim}'")  # noqa: S608 - a path of ours
    workflow("list", cwd=desk.repo.path)
    _edit_landing(desk, "after_commit")
    workflow("list", cwd=desk.repo.path)
    assert (victim / "site.conf").read_bytes() == b"mine\n"
    assert landed_as(desk) == GOOD
    assert (desk.repo.path / "site.conf").read_bytes() == GOOD


# --- the anchors ----------------------------------------------------------------------------------

FORGED = {
    "another hash": b'{"repository":"REPO","seq":1,"hash":"sha256:%s","at":"x"}' % (b"0" * 64),
    "a later row": b'{"repository":"REPO","seq":999999,"hash":"sha256:%s","at":"x"}' % (b"0" * 64),
    "a negative row": b'{"repository":"REPO","seq":-5,"hash":"sha256:%s","at":"x"}' % (b"0" * 64),
    "a fraction": b'{"repository":"REPO","seq":1.5,"hash":"sha256:%s","at":"x"}' % (b"0" * 64),
    "no number": b'{"repository":"REPO","seq":"x","hash":"sha256:%s","at":"x"}' % (b"0" * 64),
    "infinity": b'{"repository":"REPO","seq":1e999,"hash":"sha256:%s","at":"x"}' % (b"0" * 64),
    "very many digits": b'{"repository":"REPO","seq":%s,"hash":"x","at":"x"}' % (b"9" * 3000),
    "twice": b'{"repository":"REPO","repository":"x","seq":1,"seq":2,"hash":"x","at":"x"}',
    "deep": b"[" * 4000,
    "a list": b"[]",
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("kind", [*FORGED, "a blob", "a folder", "no commit"])
def test_a_forged_anchor_ref_is_refused_in_words(desk: Desk, kind: str) -> None:
    """Whatever somebody puts under the ref, it proves nothing, and nothing crashes."""
    desk.land({"site.conf": GOOD})
    ledger.anchor(desk.git, desk.store.connection)
    desk.approved({"site.conf": EVIL})
    own = desk.store.repository.encode()
    blob = desk.git.write_blob(FORGED.get(kind, b"x").replace(b"REPO", own))
    if kind == "a blob":
        desk.repo.git("update-ref", REF, blob)
    elif kind == "no commit":
        (desk.repo.path / ".git" / REF).write_text("no commit\n")
    else:
        row = f"100644 blob {blob}\tanchor.json\n".encode()
        if kind == "a folder":
            inner = desk.git.git("mktree", stdin=row).decode().strip()
            row = f"040000 tree {inner}\tanchor.json\n".encode()
        tree = desk.git.git("mktree", stdin=row).decode().strip()
        old = desk.git.read_ref(REF)
        assert old is not None
        who = desk.store.get(1).proposal.request.requester
        made = desk.git.commit(tree, (old,), "m", who)  # type: ignore[arg-type]  # a tree's id
        desk.repo.git("update-ref", REF, made)
    with pytest.raises(WorkflowError, match=r"the ledger does not hold|git ") as caught:
        desk.prepare(2)
    assert caught.value.hint
    assert landed_as(desk) == GOOD


# --- what git's settings would run ----------------------------------------------------------------

RUNS = """
[core]
    fsmonitor = SAY/core.fsmonitor
    sshCommand = SAY/core.sshCommand
    pager = SAY/core.pager
    editor = SAY/core.editor
    askPass = SAY/core.askPass
    hooksPath = hooks
    gitProxy = SAY/core.gitProxy
    alternateRefsCommand = SAY/core.alternateRefsCommand
[diff]
    external = SAY/diff.external
[diff "d"]
    textconv = SAY/diff.d.textconv
    command = SAY/diff.d.command
[filter "f"]
    clean = SAY/filter.f.clean
    smudge = SAY/filter.f.smudge
    required = true
[merge "m"]
    driver = SAY/merge.m.driver
[gpg]
    program = SAY/gpg.program
[gpg "ssh"]
    program = SAY/gpg.ssh.program
[credential]
    helper = !SAY/credential.helper
[pager]
    log = SAY/pager.log
    diff = SAY/pager.diff
[sequence]
    editor = SAY/sequence.editor
[uploadpack]
    packObjectsHook = SAY/uploadpack.packObjectsHook
[interactive]
    diffFilter = SAY/interactive.diffFilter
"""


def _arm(repo: GitRepo, say: Path, more: str = "") -> None:
    """Give a repository every setting by which git runs a program, and hooks wherever they are."""
    say.mkdir()
    names = [*re.findall(r"SAY/(\S+)", RUNS), "hook"]
    for name in names:
        (say / name).write_text(f"#!/bin/sh\necho {name} >> '{say}/ran'\ncat\n")
        (say / name).chmod(0o755)
    (repo.path / ".git/info").mkdir(exist_ok=True)
    (repo.path / ".git/info/attributes").write_text("* filter=f diff=d merge=m\n")
    for folder in (repo.path / ".git/hooks", repo.path / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in ("reference-transaction", "post-index-change", "pre-commit", "commit-msg"):
            shutil.copy(say / "hook", folder / name)
    with (repo.path / ".git/config").open("a") as config:
        config.write((RUNS + more).replace("SAY", str(say)))


def test_looking_runs_nothing_of_a_hostile_clone(
    desk: Desk,
    workflow: WorkflowCommand,
    tmp_path: Path,
) -> None:
    """No filter, driver, hook, pager or helper starts while somebody looks, approves or says no."""
    desk.repo.commit({".gitattributes": "* filter=f diff=d merge=m\n"})
    desk.land({"site.conf": GOOD})
    say = tmp_path / "say"
    _arm(desk.repo, say)
    desk.approved({"site.conf": EVIL})
    approval.cleared(desk.store, desk.git, 2)
    for words in (("show", "2"), ("ledger", "verify")):
        workflow(*words, cwd=desk.repo.path)
    approval.reject(desk.store, 2, Person(ADA), "no")
    assert _ran(say) == set()


def test_landing_runs_filters_alone_of_a_hostile_clone(desk: Desk, tmp_path: Path) -> None:
    """A checkout is brought along as git does it, by its filters; nothing else is started."""
    desk.repo.commit({".gitattributes": "* filter=f diff=d merge=m\n"})
    say = tmp_path / "say"
    _arm(desk.repo, say)
    desk.land({"site.conf": GOOD})
    ledger.anchor(desk.git, desk.store.connection)
    assert not ledger.check(desk.git, desk.store.connection).breaks
    desk.roll_back()
    desk.approved({"site.conf": EVIL})
    cleared = approval.cleared(desk.store, desk.git, 2)
    assert apply.mail(desk.git, apply.prepare(desk.git, desk.store, cleared))
    assert landed_as(desk) == OLD
    assert _ran(say) <= {"filter.f.clean", "filter.f.smudge"}


def _ran(say: Path) -> set[str]:
    """Return the settings whose program was started."""
    told = say / "ran"
    return set(told.read_text().split("\n")) - {""} if told.exists() else set()


def test_signatures_are_not_shown_by_a_program_of_the_clone(
    desk: Desk,
    workflow: WorkflowCommand,
    tmp_path: Path,
) -> None:
    """`log.showSignature` makes git run `gpg.program` for each signed commit that a log passes."""
    say = tmp_path / "say"
    head = desk.repo.git("cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    made = desk.git.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=head.encode() + b"\n")
    desk.repo.git("update-ref", "refs/heads/main", made.decode().strip())
    _arm(desk.repo, say, "[log]\n    showSignature = true\n")
    workflow("init", cwd=desk.repo.path)
    assert _ran(say) == set()


# --- live files -----------------------------------------------------------------------------------


@pytest.fixture
def web(rig: Rig) -> Rig:
    """Return a rig whose one file is live and trusted."""
    made = rig.with_settings(WEB)
    made.put("site.conf", "one\n")
    return made


def _next(web: Rig) -> Landing:
    before = web.site.git.snapshot().commit
    return web.landing(before, web.commit({"site.conf": "two\n"}))


def test_parents_that_turn_to_links_lead_nowhere(web: Rig, tmp_path: Path) -> None:
    """While installs go on, the folder becomes a link to one that looks the same, many times."""
    victim, aside = tmp_path / "victim", tmp_path / "aside"
    victim.mkdir()
    stop = threading.Event()

    def swap() -> None:
        ends = time.monotonic() + 20
        while not stop.is_set() and time.monotonic() < ends:
            web.live.rename(aside)
            web.live.symlink_to(victim)
            time.sleep(0.05)
            web.live.unlink()
            aside.rename(web.live)
            time.sleep(0.01)

    thread = threading.Thread(target=swap)
    thread.start()
    ends, tries, known = time.monotonic() + 2, 0, "one\n"
    try:
        while time.monotonic() < ends or tries < 10:
            tries += 1
            bait = known
            (victim / "site.conf").write_text(bait)
            before = web.site.git.snapshot().commit
            landing = web.landing(before, web.commit({"site.conf": f"{tries}\n"}))
            with suppress(WorkflowError, OSError):
                targets.follow(web.site, landing)
                known = f"{tries}\n"
            assert sorted(path.name for path in victim.iterdir()) == ["site.conf"]
            assert (victim / "site.conf").read_text() == bait
    finally:
        stop.set()
        thread.join()


def test_a_live_file_that_turns_to_a_link_is_itself_replaced(web: Rig, tmp_path: Path) -> None:
    """At the live path itself a link comes and goes: what it leads to is never written."""
    victim = tmp_path / "victim.conf"
    victim.write_text("mine\n")
    stop = threading.Event()

    def swap() -> None:
        path, ends = web.live / "site.conf", time.monotonic() + 20
        while not stop.is_set() and time.monotonic() < ends:
            with suppress(OSError):
                fresh = tmp_path / "fresh"
                fresh.symlink_to(victim)
                fresh.rename(path)
                fresh.write_text("one\n") if not fresh.is_symlink() else fresh.unlink()
                fresh.rename(path)

    thread = threading.Thread(target=swap)
    thread.start()
    ends, tries = time.monotonic() + 1.5, 0
    try:
        while time.monotonic() < ends or tries < 3:
            tries += 1
            with suppress(WorkflowError, OSError):
                targets.follow(web.site, _next(web))
    finally:
        stop.set()
        thread.join()
    assert victim.read_text() == "mine\n"


def test_a_folder_that_everybody_may_write_is_refused(web: Rig) -> None:
    """Names could be exchanged there by any account, so nothing is installed below it."""
    landing = _next(web)
    web.live.chmod(0o777)
    with pytest.raises(WorkflowError, match="every account may exchange"):
        targets.follow(web.site, landing)
    assert (web.live / "site.conf").read_text() == "one\n"


def test_an_edited_install_row_restores_nothing_else(web: Rig) -> None:
    """The row's snapshot, target or state is another than its folder's: a rollback refuses."""
    landing = _next(web)
    targets.follow(web.site, landing)
    targets.keep(web.site.store, landing.id)
    back = web.landing(landing.after, landing.before, reverts=landing.id)
    for edit in ("snapshot = 'sha256:' || printf('%064d', 0)", "target = 'other'"):
        connection = web.site.store.connection
        connection.execute("SAVEPOINT attack")
        connection.execute(f"UPDATE installs SET {edit}")  # noqa: S608 - two constants
        with suppress(WorkflowError):
            targets.follow(web.site, back)
        connection.execute("ROLLBACK TO attack")
        connection.execute("RELEASE attack")
        assert (web.live / "site.conf").read_text() == "two\n", edit


def _cut_short(web: Rig) -> Path:
    """Leave an install as a kill does, and return its folder."""
    from workflow.targets.plan import plan, targets_of  # noqa: PLC0415 - for this alone

    (target,) = targets_of(web.site)
    before = web.site.git.snapshot().commit
    planned = plan(
        web.site, target, web.commit({"site.conf": "two\n"}), before=before, landing=None
    )
    return web.book.place(web.book.begin(planned.manifest, planned.blobs))


def _signed(body: bytes, key: str, value: object) -> bytes:
    """Return a manifest with another value, and the digest that it should then have."""
    said = json.loads(body)["manifest"]
    if key == "path":
        said["rows"][0]["path"] = value
    else:
        said[key] = value
    return encode({"digest": sha256(encode(said)), "manifest": said})


HOSTILE: dict[str, Callable[[bytes, str], bytes]] = {
    "deep": lambda _body, _top: b"[" * 100_000,
    "no object": lambda _body, _top: b'"x"',
    "huge": lambda _body, _top: b" " * (65 * 1024 * 1024),
    "a path elsewhere": lambda body, top: _signed(body, "path", f"{top}/victim.conf"),
    "another repository": lambda body, _top: _signed(body, "repository", "repo-0000000000000000"),
    "a digest that climbs": lambda body, _top: body.replace(b"sha256:", b"../../:"),
}


def test_a_forged_snapshot_brings_nothing_live(web: Rig) -> None:
    """Bytes that somebody put by as what was live, in an install of no row, stay where they are."""
    place = _cut_short(web)
    found = manifests.read(place)
    manifests.write_blobs(place, (EVIL,))
    (row,) = found.rows
    before = replace(row.before, content=sha256(EVIL), size=len(EVIL), mode=0o4755)
    manifests.write(place, replace(found, rows=(replace(row, before=before),)))
    web.site.store.connection.execute("DELETE FROM installs")
    targets.recover(web.site.git, web.site.store)
    assert (web.live / "site.conf").read_bytes() != EVIL


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("is_known", [True, False])
def test_a_hostile_manifest_acts_on_nothing_else(
    web: Rig,
    tmp_path: Path,
    kind: str,
    is_known: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A record in the snapshot's place touches no other path, whether or not rows know of it."""
    victim = tmp_path / "victim.conf"
    victim.write_text("mine\n")
    place = _cut_short(web)
    body = (place / "manifest.json").read_bytes()
    (place / "manifest.json").write_bytes(HOSTILE[kind](body, str(tmp_path)))
    if not is_known:
        web.site.store.connection.execute("DELETE FROM installs")
    said = targets.recover(web.site.git, web.site.store)
    assert said
    assert victim.read_text() == "mine\n"
    assert (web.live / "site.conf").read_text() == "one\n"


def test_folders_of_a_hostile_manifest_stay(web: Rig, tmp_path: Path) -> None:
    """A record that says an empty folder elsewhere was made for it does not take that away."""
    (tmp_path / "empty").mkdir()
    place = _cut_short(web)
    body = (place / "manifest.json").read_bytes()
    (place / "manifest.json").write_bytes(_signed(body, "folders", [f"{tmp_path}/empty"]))
    web.site.store.connection.execute("DELETE FROM installs")
    targets.recover(web.site.git, web.site.store)
    with pytest.raises(targets.TargetRefusedError, match="files or folders"):
        targets.restore(web.site, "web", over_edits=False)
    assert (tmp_path / "empty").is_dir()


def test_a_folder_with_a_giant_number_stops_nothing(web: Rig) -> None:
    """A name of hundreds of digits among the snapshots is no install, and no crash."""
    _cut_short(web)
    (web.book.folder / "web" / ("9" * 200)).mkdir()
    assert targets.recover(web.site.git, web.site.store)


def test_a_patch_that_adds_a_target_needs_a_new_yes(web: Rig) -> None:
    """Files that a patch adds to `workflow.toml` go nowhere until a person trusts that section."""
    more = '[[targets]]\nname = "cron"\nfiles = { "site.conf" = "LIVE/cron" }\nreload = ["true"]\n'
    evil = web.with_settings(WEB + more, is_trusted=False)
    with pytest.raises(trust.UntrustedError, match="nobody has trusted"):
        targets.follow(evil.site, _next(evil))
    assert not (web.live / "cron").exists()
    assert (web.live / "site.conf").read_text() == "one\n"


def _forge_file(path: Path, kind: str) -> None:
    """Put something else into a file's place, or give it other rights."""
    path.rename(path.with_name("former"))
    match kind:
        case "a link":
            path.symlink_to("former")
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case _:
            path.write_bytes(path.with_name("former").read_bytes())
            path.chmod({"for others to write": 0o622, "for a group to write": 0o660}[kind])


FILES = ("for others to write", "for a group to write", "a link", "a folder", "a pipe")
BODIES: dict[str, Callable[[bytes], bytes]] = {
    "twice": lambda body: body.replace(b'"version"', b'"version": 9, "version"'),
    "deep": lambda _: b"[" * 100_000,
    "huge": lambda body: body + b" " * (5 * 1024 * 1024),
    "another repository": lambda body: body.replace(b"repo-", b"oper-"),
    "a digest in capitals": lambda body: body.upper(),
    "numbers without end": lambda _: b'{"version": 1e999}',
}


@pytest.mark.parametrize("kind", [*FILES, *BODIES])
def test_a_forged_note_of_trust_is_not_believed(web: Rig, kind: str) -> None:
    """A file in the note's place that is not ours, in rights or in form, lets nothing run."""
    path = trust.path()
    landing = _next(web)
    if kind in FILES:
        _forge_file(path, kind)
    else:
        path.write_bytes(BODIES[kind](path.read_bytes()))
    with pytest.raises(WorkflowError, match="trusted") as caught:
        targets.follow(web.site, landing)
    assert caught.value.hint
    assert (web.live / "site.conf").read_text() == "one\n"


def test_broken_glass_does_not_lend_its_reason(desk: Desk) -> None:
    """A move that claims glass which nobody broke is refused before the branch moves."""
    desk.propose({"site.conf": GOOD})
    desk.approve(1)
    move = desk.prepare(1)
    sql(desk, "UPDATE proposals SET state = 'rejected'")
    with pytest.raises(WorkflowError):
        desk.carry_out(replace(move, glass="production is down"))
    assert landed_as(desk) == OLD
