"""The gate with the real `systemd-analyze`, unpacked and in the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.debian_builds import SYSTEMD, needed
from tests.unit.gates.systemd.bad_units import (
    API,
    BAD,
    BASE,
    FINE,
    GOOD,
    UNITS,
    VERIFY,
    Edit,
)
from workflow.gates.systemd import SystemdGate
from workflow.types import Outcome, Side

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Digest

# What a systemd before PrivatePIDs= says.
OLD = """\
#!/bin/sh
[ "$1" = verify ] || { echo '[]'; exit; }
for unit; do
    line=$(grep -n PrivatePIDs "$unit" 2>/dev/null | cut -d: -f1)
    [ "$line" ] && echo "$unit:$line: Unknown key 'PrivatePIDs' in section [Service], ignoring."
done >&2
exit 0
"""
SERVICE = "[Service]\nExecStart=/bin/{}\n[Install]\nWantedBy=multi-user.target\n"
PATH = f"{UNITS}/shop-api.service"


@pytest.fixture(scope="session")
def gate() -> SystemdGate:
    """Return the gate with a systemd of Debian's, which needs nothing of this machine's own."""
    return SystemdGate(binary=str(needed(SYSTEMD).folder))


def without_scripts(files: dict[str, str]) -> dict[str, str]:
    """Return the tree without its scripts: these cases have no modes."""
    return {path: text for path, text in files.items() if not path.endswith(".sh")}


@pytest.mark.parametrize(
    "edit", [edit for edit in BAD if edit.rule == VERIFY], ids=lambda edit: edit.id
)
def test_what_systemd_itself_complains_of_is_refused(
    edit: Edit, make_case: MakeCase, gate: SystemdGate
) -> None:
    """By its status or by what it writes, told with the line."""
    verdict = gate.judge(make_case(without_scripts(BASE), without_scripts(edit.patched)))
    assert verdict.outcome is Outcome.FAIL
    assert any(note.startswith("systemd-analyze: ") for note in verdict.notes)
    assert "/units/" not in verdict.summary


@pytest.mark.parametrize("edit", [*GOOD, *FINE], ids=lambda edit: edit.id)
def test_good_edits_pass(edit: Edit, make_case: MakeCase, gate: SystemdGate) -> None:
    """Without a doubt; programs and accounts of the servers are taken from the base."""
    verdict = gate.judge(make_case(without_scripts(BASE), without_scripts(edit.patched)))
    assert (verdict.outcome, verdict.doubts, verdict.proofs) == (Outcome.PASS, (), ())


def test_a_verdict_names_what_was_taken_for_granted_and_keeps_the_logs(
    make_case: MakeCase, gate: SystemdGate, kept: dict[Digest, bytes]
) -> None:
    """One run for each tree, and the names that this machine does not have."""
    patched = {**BASE, PATH: API.replace("RestartSec=2s", "RestartSec=3s")}
    verdict = gate.judge(make_case(without_scripts(BASE), without_scripts(patched)))
    assert [run.side for run in verdict.evidence] == [Side.BASE, Side.PATCHED]
    assert all(run.log in kept for run in verdict.evidence)
    assert any("account shop" in note and "api.env" in note for note in verdict.notes)


def test_more_exposure_is_a_doubt_with_figures(make_case: MakeCase, gate: SystemdGate) -> None:
    """`systemd-analyze security` on both trees."""
    patched = {**BASE, PATH: API.replace("ProtectSystem=strict", "ProtectSystem=full")}
    verdict = gate.judge(make_case(without_scripts(BASE), without_scripts(patched)))
    assert verdict.outcome is Outcome.PASS
    assert any("exposure of shop-api.service rises from" in doubt for doubt in verdict.doubts)
    assert any("ProtectSystem=" in doubt for doubt in verdict.doubts)


def test_a_cure_is_a_proof(make_case: MakeCase, gate: SystemdGate) -> None:
    """The base does not load, the patched tree does."""
    base = {**BASE, PATH: API.replace("Restart=on-failure", "Restart=on-crash")}
    verdict = gate.judge(make_case(without_scripts(base), without_scripts(BASE)))
    assert verdict.outcome is Outcome.PASS
    assert any("on-crash" in proof for proof in verdict.proofs)


def test_units_that_wait_for_each_other_are_refused(make_case: MakeCase, gate: SystemdGate) -> None:
    """And the patch that unties them is needed."""
    path = f"{UNITS}/shop-migrate.service"
    tied = {**BASE, path: BASE[path].replace("After=", "After=shop-api.service ")}
    refused = gate.judge(make_case(without_scripts(BASE), without_scripts(tied)))
    assert refused.outcome is Outcome.FAIL
    assert "cycl" in refused.summary


def test_a_key_newer_than_this_systemd_is_told_and_not_refused(
    make_case: MakeCase, tmp_path: Path
) -> None:
    """The table is newer than some machines; a program that says what an old one says."""
    old = tmp_path / "old"
    old.write_text(OLD)
    old.chmod(0o755)
    patched = {**BASE, PATH: API.replace("PrivateTmp=yes", "PrivateTmp=yes\nPrivatePIDs=yes")}
    gate = SystemdGate(binary=str(old))
    verdict = gate.judge(make_case(without_scripts(BASE), without_scripts(patched)))
    assert verdict.outcome is Outcome.PASS
    assert any("too old to know PrivatePIDs=" in note for note in verdict.notes)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo unlikely >&2; exit 3", "ended with status 3: unlikely"),
        ("kill -SEGV $$", "ended with status"),
        ("exit 1", "no word"),
        ("sleep 30", "within its bounds"),
        ("head -c 3000000 /dev/zero", "within its bounds"),
    ],
)
def test_a_tool_that_breaks_is_no_verdict(
    script: str, words: str, make_case: MakeCase, tmp_path: Path
) -> None:
    """A status that it does not have, a signal, no word, no end."""
    broken = tmp_path / "broken"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    gate = SystemdGate(binary=str(broken), timeout_s=2.0)
    patched = {**BASE, PATH: API.replace("RestartSec=2s", "RestartSec=3s")}
    verdict = gate.judge(make_case(without_scripts(BASE), without_scripts(patched)))
    assert (verdict.outcome, words in verdict.summary) == (Outcome.ERROR, True)
    assert verdict.hint


def test_units_of_two_folders_do_not_mix(make_case: MakeCase, gate: SystemdGate) -> None:
    """Each environment has its own unit of the same name."""
    base = {"live/app.service": SERVICE.format("true"), "test/app.service": SERVICE.format("false")}
    bad = {**base, "test/app.service": SERVICE.format("false\nNope=1")}
    verdict = gate.judge(make_case(base, bad))
    assert verdict.outcome is Outcome.FAIL
    assert "test/app.service:3" in verdict.summary
    assert len(verdict.notes) == len({*verdict.notes})
    assert not any("live/" in note for note in verdict.notes)


def test_what_the_base_complains_of_already_is_only_counted(
    make_case: MakeCase, gate: SystemdGate
) -> None:
    """Old sins speak against no patch, whatever line they are in now."""
    old = API.replace("Restart=on-failure", "Restart=on-crash")
    base = {**BASE, PATH: old}
    patched = {**BASE, PATH: old.replace("[Service]", "[Service]\n# moved")}
    verdict = gate.judge(make_case(without_scripts(base), without_scripts(patched)))
    assert (verdict.outcome, verdict.proofs) == (Outcome.PASS, ())
    assert "systemd-analyze complains of 1 more thing(s), as on the base" in verdict.notes


def test_a_unit_of_another_folder_is_there_to_be_required(
    make_case: MakeCase, gate: SystemdGate
) -> None:
    """The folders of a repository end up in one on the servers."""
    base = {"a/one.service": SERVICE.format("true"), "b/two.service": SERVICE.format("true")}
    needs = "[Unit]\nRequires=two.service\nAfter=two.service\n"
    patched = {**base, "a/one.service": needs + SERVICE.format("true")}
    verdict = gate.judge(make_case(base, patched))
    assert (verdict.outcome, verdict.doubts) == (Outcome.PASS, ())


def test_a_drop_in_alone_is_judged_on_a_stub(make_case: MakeCase, gate: SystemdGate) -> None:
    """Its unit lives on the servers."""
    path = f"{UNITS}/nginx.service.d/limits.conf"
    bad = {**BASE, path: BASE[path].replace("65536", "many")}
    verdict = gate.judge(make_case(without_scripts(BASE), without_scripts(bad)))
    assert verdict.outcome is Outcome.FAIL
    assert "limits.conf:2" in verdict.summary


def test_units_that_are_gone_and_not_needed_pass(make_case: MakeCase, gate: SystemdGate) -> None:
    """Nothing is left to complain about."""
    base = {"systemd/a.service": "[Service]\nExecStart=/bin/true\n", "b.txt": ""}
    verdict = gate.judge(make_case(base, {"b.txt": ""}))
    assert verdict.outcome is Outcome.PASS


def test_a_link_out_of_the_tree_is_not_followed(make_case: MakeCase, gate: SystemdGate) -> None:
    """A unit that is a link is none."""
    made = make_case(BASE, {**BASE, f"{UNITS}/evil.service": "link to: /etc/passwd"})
    assert not gate.applies(made)
