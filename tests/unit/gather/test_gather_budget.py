"""What is shown fits the budget, whole or not at all, and the rest is said."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.errors import PathError
from workflow.gather import RULES, Needs, TooLargeError
from workflow.gather.globs import Names
from workflow.gather.near import nearness
from workflow.prompts import ContextRule
from workflow.providers.tokens import estimate
from workflow.types import RepoPath, Role

if TYPE_CHECKING:
    from tests.unit.gather.conftest import LibraryOf
    from workflow.gather import Gathered

FILES = {
    "a.py": "import big\nimport middle\nimport small\n",
    "big.py": "# big\n" * 5000,
    "middle.py": "# mid\n" * 500,
    "small.py": "# small\n" * 5,
}


def tokens(found: Gathered) -> int:
    """Estimate all that is shown."""
    files = [estimate(file.data.decode()) for file in (*found.files, *found.context)]
    return sum(files) + sum(map(estimate, found.existing))


def test_files_that_do_not_fit_are_left_out_whole(library: LibraryOf) -> None:
    """A smaller one behind them may still fit."""
    found = library(FILES).gather("a.py", budget=2000)
    assert [file.path for file in found.context] == ["middle.py", "small.py"]
    assert [file.data.decode() for file in found.context] == [FILES["middle.py"], FILES["small.py"]]
    assert [(one.path, one.why) for one in found.left_out] == [
        ("big.py", "over the budget of 1600 tokens")
    ]
    # What is shown leaves less for the next.
    found = library(FILES).gather("a.py", budget=1450)
    assert [file.path for file in found.context] == ["middle.py"]


@pytest.mark.parametrize("budget", [110, 150, 300, 1500, 5000, 100_000])
def test_no_more_than_the_budget_is_shown(library: LibraryOf, budget: int) -> None:
    """Files and names together, for both roles; what is not shown is left out."""
    made = library(FILES)
    for role in Role:
        found = made.gather("a.py", budget=budget, role=role)
        assert tokens(found) <= budget
        shown = {file.path for file in (*found.files, *found.context)}
        assert shown | {one.path for one in found.left_out} == set(FILES)
        assert not shown & {one.path for one in found.left_out}


def test_named_files_that_pass_the_budget(library: LibraryOf) -> None:
    """They are not cut: the error has the tokens, the budget and the setting."""
    made = library(FILES)
    with pytest.raises(TooLargeError, match=r"has about 100\d\d tokens.* room for 7200") as caught:
        made.gather("big.py", budget=9000)
    assert "max_input_tokens" in caught.value.hint
    with pytest.raises(TooLargeError, match="the 2 named files have"):
        made.gather("big.py", "middle.py", budget=12_700, role=Role.ARCHITECT)


def test_room_is_kept_for_the_recipe_and_the_request() -> None:
    """A fifth of what a drafter may be given, and not more than 20,000 tokens."""
    room = [Needs(Role.SURGEON, budget_tokens=budget).room for budget in (0, 1000, 100_000, 10**6)]
    assert room == [0, 800, 80_000, 980_000]


def test_empty_files_are_not_worth_a_place(library: LibraryOf) -> None:
    """Nor are they worth a row of what is left out."""
    made = library({"a.py": "from pkg import x\n", "pkg/__init__.py": "\n"})
    found = made.gather("a.py")
    assert found.context == ()
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"a\0b", "f is binary"), (b"#" * 1024 * 1024 + b"#", "f has 1048577 bytes")],
)
def test_an_architect_is_shown_text_only(library: LibraryOf, data: bytes, reason: str) -> None:
    """The same limits hold for what is only read."""
    with pytest.raises(PathError, match=reason):
        library({"f": data}).gather("f", role=Role.ARCHITECT)


def test_a_named_link_is_refused(library: LibraryOf) -> None:
    """Whoever names it."""
    made = library({"f": "1\n"}, {"g": "f"})
    for name, reason in (("g", "a symbolic link"), ("h", "not in the repository")):
        with pytest.raises(PathError, match=f"{name} is {reason}"):
            made.gather(name)


def test_an_architect_is_given_the_names_of_what_there_is(library: LibraryOf) -> None:
    """Links and submodules are names, too; those that cannot be shown are not."""
    made = library({"b/x.py": "1\n", "a.py": "1\n", "n\new": "1\n"}, {"c": "a.py"})
    found = made.gather(role=Role.ARCHITECT, rules=())
    assert found.existing == ("a.py", "b/x.py", "c")
    assert made.gather("a.py", rules=()).existing == ()
    assert made.gather("a.py", rules=("listing",)).existing == ("a.py", "b/x.py", "c")


def test_the_nearest_names_are_given(library: LibraryOf) -> None:
    """At most a tenth of the budget is for names, which stand in the order of the alphabet."""
    far = {f"far/away/{number}.py": "1\n" for number in range(100)}
    made = library({**far, "near/b.py": "1\n", "near/a.py": "1\n", "z.py": "1\n"})
    found = made.gather("near/a.py", role=Role.ARCHITECT, rules=(), budget=300)
    assert found.existing[-3:] == ("near/a.py", "near/b.py", "z.py")
    assert sum(map(estimate, found.existing)) <= 24


def test_very_much_that_is_left_out_is_counted(library: LibraryOf) -> None:
    """A hundred rows, of which the last says how many more there are."""
    many = {f"m{number:03}.py": "# x\n" * 1000 for number in range(250)}
    rows = "".join(f"import m{number:03}\n" for number in range(250))
    found = library({"a.py": rows, **many}).gather("a.py", budget=1700)
    assert found.context == ()
    assert len(found.left_out) == 100
    assert found.left_out[-1].why == "over the budget of 1360 tokens; 150 more are"


def test_the_same_is_gathered_again(library: LibraryOf) -> None:
    """The order does not depend on anything but the tree and the request."""
    made = library(FILES)
    assert made.gather("a.py", budget=2000) == made.gather("a.py", budget=2000)


def test_a_rule_that_there_is_not() -> None:
    """A recipe's rule is one of those that are known."""
    with pytest.raises(ValueError, match="no rule of context: 'everything'"):
        Needs(Role.SURGEON, ("everything",))


def test_the_rules_are_those_of_recipes() -> None:
    """Whatever a recipe may ask for can be gathered, and the other way round."""
    assert set(RULES) == {rule.value for rule in ContextRule}
    assert Needs(Role.SURGEON, tuple(ContextRule)).context == tuple(ContextRule)


def test_a_shelf_reads_only_so_much(library: LibraryOf) -> None:
    """2,000 files and 32 MiB; what comes later has a fault that says so."""
    made = library({f"f{number}": f"{number}\n" for number in range(2010)})
    shelf = made.shelf
    shelf.open(sorted(shelf.entries))
    assert sum(1 for path in shelf.entries if shelf.fault(path)) == 10
    assert shelf.fault(max(shelf.entries)) == "not looked at: 2,000 files were"
    big = library({f"f{number:02}": f"{number:02}" + "x" * 1024 * 1000 for number in range(40)})
    shelf = big.shelf
    shelf.open(sorted(shelf.entries))
    assert shelf.fault(RepoPath("f39")) == "not looked at: 32 MiB of others were"
    assert sum(len(shelf.data(path)) for path in shelf.entries) <= 32 * 1024 * 1024


def test_tests_that_are_too_many_are_counted(library: LibraryOf) -> None:
    """The nearest are searched, those that bear the file's name before others."""
    many = {f"tests/near/test_{number}.py": "x = 1\n" for number in range(805)}
    made = library({"app.py": "1\n", "tests/far/off/test_app.py": "import app\n", **many})
    found = made.gather("app.py")
    assert [file.path for file in found.context] == ["tests/far/off/test_app.py"]
    (left,) = found.left_out
    assert left.why == "not looked at, like 5 more: the nearest 800 tests were"


def test_hostile_files_take_bounded_time(library: LibraryOf) -> None:
    """Whatever can be put into files is read within seconds, with a margin of ten."""
    made = library(
        {
            "nginx.conf": "events {}\nhttp {\n" + "include x.conf;\n" * 8000 + "}\n",
            "x.conf": "include a;\n" * 10_000,
            **{f"c{number}.conf": "include a;\n" * 11_000 for number in range(12)},
            "app.py": "x = [" + "nginx," * 60_000 + "]\n",
            "tests/test_dots.py": "nginx = " + ".".join("a" * 50_000) + "\n",
            **{f"tests/test_{n}.py": "nginx = [" + "1," * 200_000 + "]\n" for n in range(12)},
            "tests/test_paths.py": "app = '" + "/x" * 200_000 + "'\n",
            "web.js": "'" + "/a" * 300_000 + "\n" + '"/b' * 100_000,
        }
    )
    started = time.monotonic()
    for name in ("nginx.conf", "app.py", "web.js"):
        made.gather(name, budget=1_000_000)
    assert time.monotonic() - started < 60


NAMES = st.text(st.sampled_from("ab.*[]!?-^"), min_size=1, max_size=5)


@given(st.lists(NAMES, max_size=4), st.lists(NAMES, max_size=3))
def test_patterns_find_only_what_there_is(parts: list[str], files: list[str]) -> None:
    """Any pattern finds entries of the tree, and one without signs finds exactly its own."""
    paths = [RepoPath(name) for name in files if name not in {".", ".."}]
    names = Names(paths)
    pattern = "/".join(parts)
    found = names.match("", pattern)
    assert set(found) <= set(paths)
    for path in paths:
        if not set(path) & set("*[?"):
            assert names.match("", path) == (path,)


def test_patterns_are_bounded() -> None:
    """All of them together compare 200,000 names, and one has up to 1,024 characters."""
    paths = [RepoPath(f"d/{number}") for number in range(1000)]
    long = RepoPath("a" * 1025)
    names = Names([*paths, long])
    assert names.match("", long) == ()
    assert [len(names.match("d", f"{number}*")) for number in range(190)] == [
        len([path for path in paths if path.name.startswith(str(number))]) for number in range(190)
    ]
    assert names.match("", "d/7") == ("d/7",)
    assert [names.match("d", "*") for _ in range(20)][-1] == ()
    assert names.match("", "d/7") == ()


FOLDERS = st.lists(st.sampled_from("abc"), max_size=4).map(lambda parts: "/".join([*parts, "f"]))


@given(FOLDERS, FOLDERS, FOLDERS)
def test_nearness_is_a_distance(one: str, other: str, third: str) -> None:
    """Nothing is nearer than the folder itself, both ways are as long, and no detour is shorter."""
    steps = {
        (a, b): nearness([RepoPath(a)])(b) for a in (one, other, third) for b in (one, other, third)
    }
    assert steps[one, one] == 0
    assert steps[one, other] == steps[other, one]
    assert steps[one, third] <= steps[one, other] + steps[other, third]
    assert nearness([RepoPath(one), RepoPath(other)])(third) == min(
        steps[one, third], steps[other, third]
    )
