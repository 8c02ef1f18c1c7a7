from __future__ import annotations

import ast
import asyncio
import types
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.gates.cases import case
from workflow.gates.pytest import mutants
from workflow.gates.pytest.report import Ended, Report

if TYPE_CHECKING:
    from workflow.gates.pytest.mutants import Mutant, Mutants


def made(old: str, new: str, path: str = "app.py") -> Mutants:
    """Return the mutants of one file's change."""
    one = case({path: old} if old else {}, {path: new})
    return mutants.mutants(one, one.patched.scratch)


def loaded(mutant: Mutant) -> Any:
    """Return the spoiled module, loaded as when no test runs."""
    (file,) = mutant.scratch.over
    module = types.ModuleType("app")
    exec(compile(file.content or b"", "app.py", "exec"), module.__dict__)  # noqa: S102 - our own
    return module


OLD = "def add(a, b):\n    return a - b\n\ndef same(a):\n    return a\n"
NEW = 'import os\n\ndef add(a, b):\n    """Add."""\n    done.append(a)\n    return a + b\n'
NEW += "\ndef same(a):\n    return a\n\ndone = []\n"


def test_only_what_changed_is_broken() -> None:
    """A function that says the same is left alone, wherever it stands now."""
    broken, mute = made(OLD, NEW).mutants
    assert (broken.what, broken.names) == ("is broken on purpose", ("app.py: add",))
    assert (mute.what, mute.names) == ("returns nothing", ("app.py: add",))


def test_mutants_work_until_a_test_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a test runs all is as the patch has it; in a test, it is spoiled when all is done."""
    broken, mute = map(loaded, made(OLD, NEW).mutants)
    with monkeypatch.context() as context:
        context.delenv("PYTEST_CURRENT_TEST")
        assert broken.add(1, 2) == mute.add(1, 2) == 3
    with pytest.raises(RuntimeError, match="on purpose"):
        broken.add(1, 2)
    assert mute.add(1, 2) is None
    assert broken.done == mute.done == [1, 1]
    assert broken.add.__doc__ == "Add."


MANY = "".join(f"def f{n}():\n    return {{}}\n" for n in range(20))


def test_each_function_of_the_base_is_broken_by_itself() -> None:
    """One honest change does not vouch for another; the same is broken on the base."""
    old, new = (MANY[: MANY.index("def f3")].replace("{}", value) for value in ("1", "2"))
    *broken, mute = made(old, new).mutants
    assert [one.names for one in broken] == [(f"app.py: f{n}",) for n in range(3)]
    assert mute.names == ("app.py: f0", "app.py: f1", "app.py: f2")
    for one in broken:
        (before,) = one.before
        assert (before.content or b"").count(b"on purpose") == 1
        assert b"return 1" in (before.content or b"")


def test_neighbours_are_broken_together_where_there_are_many() -> None:
    """Each mutant is a run; all of what changed is broken in one of them."""
    *broken, _ = made(MANY.replace("{}", "1"), MANY.replace("{}", "2")).mutants
    assert [len(one.names) for one in broken] == [3, 3, 3, 3, 3, 3, 2]
    one = case({"app.py": MANY.replace("{}", "1")}, {"app.py": MANY.replace("{}", "2")})
    assert len(mutants.mutants(one, one.patched.scratch, most=1).mutants) == 2


def test_constants_beside_functions_are_broken_too() -> None:
    """A limit that changed along with a function has a mutant of its own; a new one has none."""
    old = f"LIMIT = 1\n{OLD}"
    new = f"LIMIT = 2\nFRESH = 3\n{OLD.replace('a - b', 'a + b')}"
    assert [one.names for one in made(old, new).mutants] == [
        *(("app.py: add",), ("app.py: LIMIT",), ("app.py: add",)),
    ]


def test_new_functions_are_not_broken_beside_changed_ones() -> None:
    """A hook that the patch brings goes on hooking, so that it gives itself away."""
    new = OLD.replace("a - b", "a + b") + "\ndef hook(item):\n    return item\n"
    broken, mute = made(OLD, new).mutants
    assert broken.names == ("app.py: add",)
    assert mute.names == ("app.py: add", "app.py: hook")


def test_new_functions_alone_are_broken() -> None:
    """Where nothing else changed, what is new has to be noticed."""
    broken, _ = made("", OLD).mutants
    assert broken.names == ("app.py: add", "app.py: same")
    assert broken.what == "are broken on purpose"


def test_functions_within_functions_are_told_apart() -> None:
    """Of a factory, what changed inside it is broken; if its own words changed, all of it."""
    old = "def make(n):\n    def one():\n        return n\n    def two():\n        return 2\n"
    old += "    return one, two\n"
    assert made(old, old.replace("return 2", "return 3")).mutants[0].names == ("app.py: make.two",)
    assert made(old, old.replace("one, two", "two, one")).mutants[0].names == (
        *("app.py: make", "app.py: make.one", "app.py: make.two"),
    )
    (file,) = made(old, old.replace("one, two", "two, one")).mutants[1].scratch.over
    assert (file.content or b"").count(b"lambda") == 3


def test_methods_generators_and_coroutines_are_spoiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever gives something gives nothing."""
    new = (
        "class A:\n    async def m(self):\n        return 1\n"
        "    @property\n    def p(self):\n        return *(1, 2), 3\n"
        "def g():\n    got = yield 1\n    yield (got := 2)\n"
        "def n():\n    return\n"
    )
    found = made("x = 1\n", new).mutants
    spoiled = loaded(found[1])
    with monkeypatch.context() as context:
        context.delenv("PYTEST_CURRENT_TEST")
        assert asyncio.run(spoiled.A().m()) == 1
    assert asyncio.run(spoiled.A().m()) is None
    assert spoiled.A().p is None
    assert list(spoiled.g()) == [None, None]
    assert "app.py: n" not in found[1].names
    broken = loaded(found[0])
    with pytest.raises(RuntimeError):
        asyncio.run(broken.A().m())
    with pytest.raises(RuntimeError):
        list(broken.g())


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("1", "20", 21),
        ("True", "False", True),
        ("'a'", "'b'", "bx"),
        ("b'a'", "b'b'", b"bx"),
        ("1", "-2", 2),
        ("[1]", "[1, 2]", []),
        ("(1,)", "(1, 2)", ()),
        ("{1}", "{1, 2}", set()),
        ("{1: 1}", "{1: 2}", {}),
    ],
)
def test_constants_that_changed_alone_have_another_value(old: str, new: str, value: object) -> None:
    """A limit that nobody tests is told, too."""
    rest = "\ndef f():\n    return LIMIT\n"
    (broken,) = made(f"LIMIT = {old}{rest}", f"LIMIT = {new}{rest}").mutants
    assert broken.names == ("app.py: LIMIT",)
    assert value == loaded(broken).LIMIT


def test_other_changes_break_the_whole_file() -> None:
    """A statement at the top can do anything: some test must need what the file has."""
    broken, _ = made(OLD, f"print(1)\n{OLD}").mutants
    assert broken.names == ("app.py: add", "app.py: same")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, OLD.replace("a - b", "(a - b)")),
        (OLD, f"# words\n{OLD}"),
        (OLD, OLD.replace("return a\n", "return a  # words\n")),
    ],
)
def test_what_means_the_same_has_no_mutants(old: str, new: str) -> None:
    """Formatting and comments cannot be noticed by anybody."""
    assert made(old, new).mutants == ()


@pytest.mark.parametrize(
    "new", ["def f(:\n", "x = '\0'", "\xff", "f(" * 500 + ")" * 500, "-" * 100_000 + "1"]
)
def test_what_cannot_be_read_is_left(new: str) -> None:
    """Broken or hostile text has no mutants, and is told as left."""
    found = made(OLD, new)
    assert (found.mutants, found.sources, found.left) == ((), ("app.py",), ("app.py",))


def test_large_patches_are_not_read_whole() -> None:
    """Beyond a bound files are left, and what is smaller and comes first is not."""
    files = {"a.py": OLD, "b.py": f"x = [{'1, ' * 70_000}]\n"}
    one = case({}, files)
    found = mutants.mutants(one, one.patched.scratch)
    assert (found.mutants[0].names, found.left) == (("a.py: add", "a.py: same"), ("b.py",))


def test_tests_have_no_mutants() -> None:
    """What is to notice is not broken itself."""
    assert made(OLD, NEW, "tests/test_app.py").sources == ()


@pytest.mark.parametrize("module", [ast, asyncio.tasks, types, pytest.Item])
def test_large_files_are_written_back_whole(module: object) -> None:
    """What comes out can be read, and has every definition that went in."""
    import inspect  # noqa: PLC0415 - here alone

    text = inspect.getsource(inspect.getmodule(module) or ast)
    for one in made("", text).mutants:
        (file,) = one.scratch.over
        after = ast.walk(ast.parse(file.content or b""))
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        names = [node.name for node in after if isinstance(node, kinds)]
        before = [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
        assert sorted(names) == sorted(before)


BEFORE = Report({"a": Ended.PASSED, "b": Ended.FAILED})


@pytest.mark.parametrize(
    ("report", "is_noticed"),
    [
        (Report({"a": Ended.FAILED}), True),
        (Report({"a": Ended.PASSED, "b": Ended.FAILED}), False),
        (Report({}, uncollected=("t",), why="no"), False),
        (Report({"a": Ended.FAILED}, problem="a lie"), False),
        (Report({"a": Ended.FAILED}, problem="it crashed", broken=True), True),
        (Report({}, problem="too long", broken=True, timed_out=True), True),
    ],
)
def test_noticing_takes_a_test_that_passed_and_fails(report: Report, *, is_noticed: bool) -> None:
    """Nothing else shows that tests need what was broken."""
    assert mutants.noticed(BEFORE.names(Ended.PASSED), report) is is_noticed
