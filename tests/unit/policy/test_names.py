"""Names: what git reads, what another system cannot keep apart or store, what is protected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.canonical import sha256
from workflow.policy import Budget, Budgets, Policy, Protected, Sample, Sizes, Special
from workflow.types import RepoPath, Requirement

if TYPE_CHECKING:
    from tests.unit.policy.conftest import Bench


# --- git's own ------------------------------------------------------------------------------------


def test_what_git_reads_is_named(bench: Bench) -> None:
    """Whatever the spelling that some file system takes for it."""
    for path in [
        *(".gitmodules", ".gitattributes", "a/b/.gitattributes", ".gitconfig", ".mailmap"),
        *(".GITMODULES", ".GitAttributes", ".git-blame-ignore-revs", ".gitfoo/x"),
        *(".g\u200cit/config", "a/.gi\u200dt/x", "\ufeff.git/x", ".git\u202emodules"),
        *("git~1", "GIT~1/config", "GI7EBA~1", "gitmod~1", "gitatt~1", "GI7D29~1", "mailma~1"),
        *(".git./x", ".git /x", ".git...", ".gitmodules ", ".gitmodules.", ".gitignore "),
        *(".git::$INDEX_ALLOCATION/x", ".gitmodules:x", ".gitmodules::$DATA"),
        *(".g\u0131tmodules", ".\u0261it/x", ".g\u0456tattributes", ".mailm\u0251p"),
        *(".\uff47\uff49\uff54/x", ".git\uff4dodules", ".\uff27it"),
    ]:
        assert "git-files" in bench.rules({}, {path: b"x\n"}), path
        assert "git-files" in bench.rules({path: b"x\n"}, {path: b"y\n"}), path
        assert "git-files" in bench.rules({path: b"x\n"}, {}), path


def test_what_git_does_not_read_is_free(bench: Bench) -> None:
    """A name that only resembles one."""
    for path in [".gitignore", "a/.gitkeep", "git", "github/x", "a.git", "x.gitattributes", "gi~1"]:
        assert bench.rules({}, {path: b"x\n"}) == set(), path


# --- reserved -------------------------------------------------------------------------------------


def test_reserved_names_are_named(bench: Bench) -> None:
    """Devices, characters and endings that Windows or a command line cannot take."""
    for path in [
        *("con", "CON", "con.txt", "Con.tar.gz", "prn", "aux/x", "a/nul", "com1", "COM9.c", "lpt1"),
        *("com\u00b9", "conin$", "con .txt", "CLOCK$"),
        *("a:b", "a<b", "a>b", 'a"b', "a|b", "a?b", "a*b", "a\\b", "..\\x", "c:x"),
        *("x.", "x ", "x. .", "dir./x", "dir /x", "-rf", "a/-x", "--", "-"),
        *("a\nb", "a\tb", "a\x1b[1mb", "a\x7f", "a\x85b", "a\u2028b"),
        *("x" * 256, "\u00e9" * 128),
    ]:
        assert "reserved-name" in bench.rules({}, {path: b"x\n"}), path


def test_other_names_are_free(bench: Bench) -> None:
    """Ordinary names of ordinary projects."""
    for path in [
        *("console", "a.con", "com", "com10", "lpt", "auxiliary/x", "nul1", "a-b", "a b", "a.b.c"),
        *("x" * 255, "[id].tsx", "a~", "+page.svelte", "@types", "caf\u00e9", "\u65e5\u672c.md"),
    ]:
        assert bench.rules({}, {path: b"x\n"}) == set(), path


def test_a_reserved_name_that_is_there_may_be_edited(bench: Bench) -> None:
    """Only who brings one in is stopped."""
    assert bench.rules({"aux.c": b"x\n"}, {"aux.c": b"y\n"}) == set()


def test_a_name_that_is_not_text_is_judged(bench: Bench) -> None:
    """A byte that is no UTF-8 comes as a surrogate, and goes out as an escape."""
    sample = Sample({}, {"a\udcff:": b"x\n"})
    reasons = [finding.reason for finding in bench.judged(sample).findings]
    assert all(reason.encode() for reason in reasons)
    assert any("\\udcff" in reason for reason in reasons)


# --- collisions -----------------------------------------------------------------------------------


def test_names_that_are_one_elsewhere(bench: Bench) -> None:
    """A new name beside one that differs in case or form only, folders included."""
    for there, new, rule in [
        ("readme", "README", "case-collision"),
        ("Src/a", "src/b", "case-collision"),
        ("x/Lib/a", "x/lib/b", "case-collision"),
        ("a", "A/b", "case-collision"),
        ("stra\u00dfe", "STRASSE", "case-collision"),
        ("caf\u00e9", "cafe\u0301", "unicode-collision"),
        ("CAF\u00c9", "cafe\u0301", "unicode-collision"),
        ("cafe\u0301/a", "caf\u00e9/b", "unicode-collision"),
        ("\ufb01le", "file", "case-collision"),
        ("\uff41", "a", "unicode-collision"),
        ("ab", "a\u200bb", "unicode-collision"),
        ("\u212b", "\u00c5", "case-collision"),
    ]:
        assert rule in bench.rules({there: b"x\n"}, {there: b"x\n", new: b"y\n"}), (
            there,
            new,
            rule,
        )
        assert rule in bench.rules({}, {there: b"x\n", new: b"y\n"}), (there, new, rule)


def test_names_that_stay_apart(bench: Bench) -> None:
    """Other names, or the same in other folders."""
    for there, new in [
        ("readme", "readme2"),
        ("x/a", "y/A"),
        ("caf\u00e9", "caf\u00e8"),
        ("Src/a", "Src/b"),
    ]:
        assert bench.rules({there: b"x\n"}, {there: b"x\n", new: b"y\n"}) == set(), (there, new)


def test_a_change_of_case_is_a_rename_and_no_collision(bench: Bench) -> None:
    """The other spelling goes, so that there is only one in the end."""
    assert bench.rules({"readme": b"x\n"}, {"README": b"x\n"}) == {"renamed-file"}


# --- protected ------------------------------------------------------------------------------------


def guarded(*protected: Protected) -> Policy:
    """Return a policy with room for everything, and these protected paths."""
    budget = Budget(99, 99, 99, 99.0)
    sizes = Sizes(1000, 10_000, 10_000)
    return Policy(Budgets(budget, budget, budget), sizes, protected, (), "test", sha256(b""))


def test_protected_paths_are_named(bench: Bench) -> None:
    """Whatever the case and whatever is in the name, a protected path is one."""
    for pattern, path in [
        ("CODEOWNERS", "CODEOWNERS"),
        ("CODEOWNERS", "codeowners"),
        (".github/**", ".github/workflows/ci.yml"),
        (".github/**", ".GitHub/x"),
        (".github/**", ".github/a\nb"),
        (".github/**", ".github/\u2028"),
        (".github/**", ".git\u200chub/x"),
        (".github/**", ".github./x"),
        (".github/**", ".\uff47ithub/x"),
        ("**/*.service", "etc/a.service::$DATA"),
        ("**/x.conf", "x.conf"),
        ("**/x.conf", "a/b/x.conf"),
        ("*.pem", "key.pem"),
        ("*.pem", "line\nbreak.pem"),
        ("conf/*.d/?", "conf/x.d/y"),
        ("a[b]+(c)", "a[b]+(c)"),
        ("**", "any/thing"),
        ("policies/**", "policies/x"),
    ]:
        here = type(bench)(guarded(Protected(("other", pattern))))
        for base, proposed in (
            ({}, {path: b"x"}),
            ({path: b"x"}, {path: b"y"}),
            ({path: b"x"}, {}),
        ):
            assert "protected-path" in here.rules(base, proposed), (pattern, path)
            assert here.reasons("protected-path", base, proposed)[0].split()[3] == pattern, (
                pattern,
                path,
            )


def test_other_paths_are_not(bench: Bench) -> None:
    """A star stays within one name, and a pattern is about the whole path."""
    for pattern, path in [
        ("CODEOWNERS", "docs/CODEOWNERS"),
        (".github/**", "x/.github/y"),
        (".github/**", ".github2/x"),
        ("*.pem", "keys/key.pem"),
        ("conf/?", "conf/xy"),
        ("conf/?", "conf/xy/z"),
        ("a.b", "axb"),
        ("policies/**", "policies.txt"),
    ]:
        here = type(bench)(guarded(Protected((pattern,))))
        assert "protected-path" not in here.rules({path: b"x"}, {path: b"y"}), (pattern, path)


def test_approvers_turn_an_objection_into_a_requirement(bench: Bench) -> None:
    """Each entry that matches has to be satisfied, and none twice."""
    here = type(bench)(
        guarded(
            Protected(("deploy/**",), ("ops@example.org", "lead@example.org")),
            Protected(("**/*.service",), ("root@example.org",)),
        )
    )
    change = {"deploy/a.service": b"y\n", "deploy/b": b"y\n", "c": b"y\n"}
    judgement = here.judged(Sample(dict.fromkeys(change, b"x\n"), change))
    both, because = ("ops@example.org", "lead@example.org"), "protected deploy/**"
    assert judgement.findings == ()
    assert judgement.requirements == (
        Requirement(RepoPath("deploy/a.service"), both, because=because),
        Requirement(
            RepoPath("deploy/a.service"), ("root@example.org",), because="protected **/*.service"
        ),
        Requirement(RepoPath("deploy/b"), both, because=because),
    )


def test_a_path_that_nobody_may_approve_is_refused_all_the_same(bench: Bench) -> None:
    """An entry without approvers is not outdone by one with them."""
    here = type(bench)(guarded(Protected(("a",)), Protected(("*",), ("ops@example.org",))))
    judgement = here.judged(Sample({"a": b"x"}, {"a": b"y"}))
    assert [finding.rule for finding in judgement.findings] == ["protected-path"]
    assert [need.path for need in judgement.requirements] == ["a"]


def test_what_the_built_in_policy_protects(bench: Bench) -> None:
    """What decides how a change is judged, tested and brought out."""
    for path in [
        *(".github/workflows/x.yml", ".gitlab-ci.yml", ".ci/run", "CODEOWNERS", "docs/CODEOWNERS"),
        *("workflow.toml", "policies/default.yaml", "allowed_signers", "keys/allowed_signers"),
        *(".circleci/config.yml", "Jenkinsfile", ".pre-commit-config.yaml", ".drone.yml"),
        *(".woodpecker.yml", ".woodpecker/x", ".gitea/x", "a/workflow.toml", ".husky/pre-commit"),
        *(".vscode/tasks.json", "a/.idea/x", ".devcontainer/Dockerfile", "a/.devcontainer.json"),
        *(".envrc", "a/.envrc", "sitecustomize.py", "src/usercustomize.py", "x.pth", "a/x.PTH"),
        *("CLAUDE.md", "a/AGENTS.md", ".claude/settings.json", ".cursor/rules/a", ".cursorrules"),
        *(".mcp.json", ".github/copilot-instructions.md", ".cirrus.yml", "appveyor.yml"),
        *(".appveyor.yml", "azure-pipelines.yaml", ".azure-pipelines/x.yml", ".semaphore/x.yml"),
        *(".tekton/x", ".build.yml", ".builds/x.yml", "buildspec.yml", "cloudbuild.yaml"),
        *("lefthook.yml", "renovate.json", ".npmrc", "a/.npmrc", "a/.cargo/config.toml"),
        *(".ssh/config", "home/authorized_keys"),
    ]:
        assert bench.rules({path: b"x\n"}, {path: b"y\n"}) == {"protected-path"}, path


# --- what goes and moves --------------------------------------------------------------------------


def test_a_move_with_edits_is_a_rename(bench: Bench) -> None:
    """Half of the bytes in lines decide, as git has it."""
    old = b"".join(b"line number %d\n" % number for number in range(10))
    assert bench.rules({"a": old}, {"b": old.replace(b"5", b"five")}) == {"renamed-file"}
    assert bench.rules({"a": old}, {"b": old.replace(b"number", b"n")}) == {"deleted-file"}


def test_moves_are_paired_one_to_one(bench: Bench) -> None:
    """Two files that go and one that comes are a rename and a deletion."""
    one, two = b"alpha\nbeta\n", b"gamma\ndelta\n"
    sample = Sample({"a": one, "b": two, "c": one}, {"d": two})
    assert bench.found(sample) == [
        ("deleted-file", "a"),
        ("deleted-file", "c"),
        ("renamed-file", "d"),
    ]


def test_a_copy_is_no_rename(bench: Bench) -> None:
    """Nothing goes."""
    assert bench.rules({"a": b"x\n"}, {"a": b"x\n", "b": b"x\n"}) == set()


def test_very_many_deletions_are_judged_unread(bench: Bench) -> None:
    """Their number speaks for itself."""
    base: dict[str, bytes | Special] = {f"f{number}": b"%d\n" % number for number in range(300)}
    found = bench.found(Sample(base, {"new": b"1\n"}))
    # A blob that goes and comes is seen without being read.
    assert {rule for rule, _ in found} == {"deleted-file", "renamed-file", "blast-radius"}
