"""The gate's own rules, without any `systemd-analyze`: what a patch brings in, and nothing else."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.gates.cases import case as plain_case
from tests.unit.gates.systemd.bad_units import API, BAD, BASE, FINE, GOOD, UNITS, VERIFY, Edit
from workflow.gates.systemd import SystemdGate
from workflow.gates.systemd.fault import Fault, Level
from workflow.gates.systemd.judged import Look
from workflow.types import Outcome

if TYPE_CHECKING:
    from workflow.gates import Case, Tree

OURS = [edit for edit in BAD if edit.rule != VERIFY]
# Without those whose fault lies in the change itself.
CHANGES = {"removed-hardening", "not-enabled", "no-restart", "ignored-failure"}
STANDING = [edit for edit in OURS if edit.rule not in CHANGES]
NOWHERE = SystemdGate(binary="/nowhere/systemd-analyze")


def _programs(tree: Tree) -> Tree:
    """Return the tree with its scripts executable."""
    entries = (
        replace(one, mode="100755") if one.path.endswith(".sh") else one for one in tree.entries
    )
    return replace(tree, entries=tuple(entries))


def case(base: dict[str, str], patched: dict[str, str]) -> Case:
    """Return a case whose scripts are executable."""
    made = plain_case(base, patched)
    return replace(made, base=_programs(made.base), patched=_programs(made.patched))


def fresh(base: dict[str, str], patched: dict[str, str], *given: str) -> list[Fault]:
    """Return the faults that the patch brings in."""
    return list(Look(case(base, patched), frozenset(given)).faults()[0])


def api(old: str, new: str) -> dict[str, str]:
    """Return the tree with one edit of the main unit."""
    return Edit("", "shop-api.service", old, new).patched


@pytest.mark.parametrize("edit", OURS, ids=lambda edit: edit.id)
def test_each_bad_unit_is_told_with_its_cause(edit: Edit) -> None:
    """By the rule that is meant, as a fault or as a doubt."""
    found = {(one.rule, one.level) for one in fresh(BASE, edit.patched)}
    level = Level.DOUBT if edit.is_doubt else Level.FAULT
    assert (edit.rule, level) in found
    if edit.is_doubt:
        assert Level.FAULT not in {level for _, level in found}


@pytest.mark.parametrize("edit", [*GOOD, *FINE], ids=lambda edit: edit.id)
def test_good_edits_bring_in_nothing(edit: Edit) -> None:
    """Neither a fault nor a doubt."""
    assert NOWHERE.applies(case(BASE, edit.patched))
    assert fresh(BASE, edit.patched) == []


@pytest.mark.parametrize("edit", STANDING, ids=lambda edit: edit.id)
def test_what_the_base_has_already_is_not_new(edit: Edit) -> None:
    """The same fault on both trees speaks against no patch; moving its line changes nothing."""
    base = edit.patched
    patched = {
        path: text.replace("[Unit]\n", "[Unit]\n# moved\n") if path.startswith(UNITS) else text
        for path, text in base.items()
    }
    assert fresh(base, patched) == []


def test_without_the_tool_faults_refuse_and_nothing_passes() -> None:
    """No tool is no clearance; what our own rules find is told all the same."""
    refused = NOWHERE.judge(case(BASE, api("User=shop", "User=shpo")))
    assert (refused.outcome, refused.proofs) == (Outcome.FAIL, ())
    assert "the base knows shop" in refused.summary
    quiet = NOWHERE.judge(case(BASE, api("RestartSec=2s", "RestartSec=3s")))
    assert quiet.outcome is Outcome.ERROR
    assert "there is no systemd-analyze" in quiet.summary
    assert "install" in quiet.hint


def test_a_removed_protection_can_be_declared() -> None:
    """The requester says so, and the verdict keeps saying it."""
    made = case(BASE, api("NoNewPrivileges=yes\n", ""))
    refused = NOWHERE.judge(made)
    assert refused.outcome is Outcome.FAIL
    assert "--allow systemd:removed-hardening" in refused.hint
    declared = NOWHERE.judge(replace(made, declared=frozenset({"systemd:removed-hardening"})))
    assert declared.outcome is Outcome.ERROR
    assert any(note.startswith("intended: ") for note in declared.notes)


@pytest.mark.parametrize(
    ("more", "given"),
    [
        ({}, ("webapp",)),
        ({"deploy/sysusers.d/shop.conf": "u webapp - -\n"}, ()),
        ({"deploy/site.yml": "- user:\n    name: webapp\n"}, ()),
        ({"deploy/setup.sh": "useradd webapp\n"}, ()),
    ],
)
def test_an_account_can_be_vouched_for(more: dict[str, str], given: tuple[str, ...]) -> None:
    """By the settings, or by the tree's own inventory."""
    patched = api("User=shop", "User=webapp")
    assert [one.rule for one in fresh(BASE, patched)] == ["unknown-account"]
    assert fresh(BASE, {**patched, **more}, *given) == []


def test_an_account_that_systemd_makes_need_not_exist() -> None:
    """`DynamicUser=` makes it."""
    patched = api("User=shop\nGroup=shop\n", "User=webapp\nDynamicUser=yes\n")
    assert fresh(BASE, patched) == []


def test_names_of_a_new_unit_are_doubts_unless_they_are_nearly_known() -> None:
    """There is nothing to freeze them on."""
    new = "[Service]\nUser={}\nExecStart=/opt/new/run\n[Install]\nWantedBy=multi-user.target\n"
    path = f"{UNITS}/new.service"
    doubts = fresh(BASE, {**BASE, path: new.format("someone")})
    assert [(one.rule, one.level) for one in doubts] == [
        ("unknown-account", Level.DOUBT),
        ("unknown-program", Level.DOUBT),
    ]
    near = fresh(BASE, {**BASE, path: new.format("shopp")})
    assert (near[0].rule, near[0].level) == ("unknown-account", Level.FAULT)


def test_a_script_has_to_be_executable() -> None:
    """Its mode in the repository is the one that is deployed."""
    made = case(BASE, {**BASE, "bin/check.sh": "#!/bin/sh\n# more\n"})
    entries = tuple(
        replace(one, mode="100644") if one.path == "bin/check.sh" else one
        for one in made.patched.entries
    )
    files = tuple(replace(one, old_mode="100755") for one in made.change.files)
    change = replace(made.change, files=files)
    made = replace(made, patched=replace(made.patched, entries=entries), change=change)
    assert NOWHERE.applies(made)
    assert {one.rule for one in Look(made).faults()[0]} == {"not-executable"}


def test_a_port_of_the_web_server_has_to_move_along() -> None:
    """Only where another service does not listen on it."""
    site = "upstream api {\n    server 127.0.0.1:8000;\n}\n"
    base = {**BASE, "nginx/site.conf": site}
    patched = {**api("--port 8000", "--port 8010"), "nginx/site.conf": site}
    found = fresh(base, patched)
    assert [one.rule for one in found] == ["port-mismatch"]
    assert "nginx/site.conf:2 still sends to 8000" in found[0].cause
    assert fresh(base, {**patched, "nginx/site.conf": site.replace("8000", "8010")}) == []


def test_a_port_that_only_the_web_server_changes_is_nobodys() -> None:
    """The other way round: no unit changed, and no unit is where requests go now."""
    site = "upstream api {\n    server 127.0.0.1:8000;\n}\n"
    base = {**BASE, "nginx/site.conf": site}
    moved = {**base, "nginx/site.conf": site.replace("8000", "8001")}
    assert NOWHERE.applies(case(base, moved))
    (found,) = fresh(base, moved)
    assert (found.rule, found.path, found.line) == ("port-mismatch", "nginx/site.conf", 2)
    assert found.cause == "requests go to port 8001 now, and shop-api.service listens on 8000"
    assert not NOWHERE.applies(case(base, {**base, "nginx/site.conf": f"# more\n{site}"}))


def test_an_application_that_gets_another_name_is_missed() -> None:
    """No unit changed; the module that one starts did."""
    renamed = {**BASE, "backend/app/main.py": "application = object()\n"}
    assert NOWHERE.applies(case(BASE, renamed))
    assert [one.rule for one in fresh(BASE, renamed)] == ["missing-name"]
    assert not NOWHERE.applies(case(BASE, {**BASE, "backend/app/main.py": "app = 1\n"}))


def test_other_programs_files_of_the_same_names_are_not_ours() -> None:
    """D-Bus, Avahi, and what has no section of systemd's."""
    for path, text in (
        ("systemd/a.service", "[D-BUS Service]\nName=a\n"),
        ("systemd/a.service", "<service-group/>\n"),
        ("share/a.service", "hello\n"),
    ):
        assert not NOWHERE.applies(case(BASE, {**BASE, path: text}))


def test_what_is_filled_in_elsewhere_is_not_judged() -> None:
    """A template is no unit yet."""
    path = f"{UNITS}/t.service"
    made = case(BASE, {**BASE, path: "[Service]\nUser={{ user }}\n"})
    assert NOWHERE.applies(made)
    assert Look(made).faults() == ((), ())
    assert any("filled in elsewhere" in note for note in NOWHERE.judge(made).notes)


def test_a_mended_unit_is_a_proof() -> None:
    """What the change is needed for."""
    base = api("app.main:app", "app.mian:app")
    mended = Look(case(base, BASE)).faults()[1]
    assert [one.rule for one in mended] == ["missing-module"]


def test_other_changes_are_not_the_gates_business() -> None:
    """A file that no unit starts."""
    assert not NOWHERE.applies(case(BASE, {**BASE, "README.md": "The shop, again.\n"}))
    assert not NOWHERE.applies(case({"a.py": ""}, {}))


@pytest.mark.parametrize(
    "text",
    [
        "[Service]\n" + "Nope{0}=1\n" * 3000,
        "[Service]\nReadWritePaths=" + "/a " * 15000 + "\nStateDirectory=" + "a " * 5000 + "\n",
        "[Service]\nExecStart=/" + "/" * 60000 + "\n",
        "[Service]\nExecStart=" + '"' * 60000 + "\n",
        "[Service]\nExecStart=/a " + "\\\n" * 20000 + "\n",
        "[Service]\nEnvironment=" + "A=1 # " * 9000 + "\n",
        "[Unit]\nAfter="
        + " ".join(f"u{number}.service" for number in range(4000))
        + "\n[Service]\n",
        "[" * 60000 + "\n[Service]\n",
    ],
    ids=range(8),
)
def test_a_hostile_unit_takes_no_time(text: str) -> None:
    """Sizes are bounded, and nothing grows faster than the text."""
    path = f"{UNITS}/bad.service"
    text = "".join(
        line.replace("{0}", str(number))
        for number, line in enumerate(text.splitlines(keepends=True))
    )
    started = time.monotonic()
    NOWHERE.judge(case(BASE, {**BASE, path: text}))
    assert time.monotonic() - started < 20


def test_a_unit_that_is_too_large_is_no_pass() -> None:
    """What was not read was not judged."""
    text = "[Service]\nExecStart=/bin/true\n" + "# more\n" * 12000
    verdict = NOWHERE.judge(case(BASE, {**BASE, f"{UNITS}/bad.service": text}))
    assert (verdict.outcome, "too large" in verdict.summary) == (Outcome.ERROR, True)


def test_a_drop_in_counts_as_a_part_of_its_unit() -> None:
    """Protection that moves into one is not removed; one that switches it off is."""
    moved = {
        **api("NoNewPrivileges=yes\n", ""),
        f"{UNITS}/shop-api.service.d/safe.conf": "[Service]\nNoNewPrivileges=yes\n",
    }
    assert fresh(BASE, moved) == []
    off = {**BASE, f"{UNITS}/shop-api.service.d/off.conf": "[Service]\nNoNewPrivileges=no\n"}
    assert [one.rule for one in fresh(BASE, off)] == ["removed-hardening"]


def test_a_drop_in_for_a_mistyped_unit_is_a_fault() -> None:
    """Nobody would read it."""
    path = f"{UNITS}/shop-ap.service.d/more.conf"
    found = fresh(BASE, {**BASE, path: "[Service]\nLimitNOFILE=1024\n"})
    assert [(one.rule, one.level) for one in found] == [("unknown-unit", Level.FAULT)]


def test_the_table_starts_from_a_tree_without_faults() -> None:
    """So that what is told is the edits' own."""
    everything = fresh({"README.md": ""}, BASE)
    assert [one for one in everything if one.level is Level.FAULT] == []
    assert API in BASE.values()
