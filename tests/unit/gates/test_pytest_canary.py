from __future__ import annotations

import ast
import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from workflow.gates.pytest.canary import Watch, watch


def token(text: str, key: str = "a key") -> str:
    """Return a word made of a key and a text, as a case makes it."""
    return hashlib.sha256(f"{key}: {text}".encode()).hexdigest()


def told(one: Watch) -> dict[str, object]:
    """Return what the file says that is read at the start."""
    (text,) = (data for path, data in one.files if path.endswith(".json"))
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_same_run_is_watched_in_the_same_way() -> None:
    """Otherwise no run would ever be known again."""
    assert watch(token, "a", plugins={"x", "y"}) == watch(token, "a", plugins=["y", "x"])


@given(st.text(max_size=20), st.text(max_size=20))
def test_runs_share_neither_key_nor_names(one: str, other: str) -> None:
    """What one run gives away helps nobody in another, and neither does another case's."""
    first, second = watch(token, one), watch(token, other)
    third = watch(lambda text: token(text, "another key"), one)
    for unlike in (third, *([second] if one != other else [])):
        assert first.key != unlike.key
        assert first.canaries.isdisjoint(unlike.canaries)


def test_key_is_told_in_one_file_of_a_writable_folder() -> None:
    """The file is removed by the reader, so it must lie where it can be."""
    one = watch(token, "a")
    places = [path for path, data in one.files if one.key.hex().encode() in data]
    assert len(places) == 1
    assert places[0].startswith(f"{one.dirs[0]}/")
    assert one.key.hex() not in repr(one)


def test_canaries_are_real_tests() -> None:
    """Each of their names is a function that asserts; half of the assertions are wrong."""
    one = watch(token, "a")
    (text,) = (data for path, data in one.files if path.endswith(".py"))
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert {node.name for node in functions} == one.canaries
    assert len(one.failing) == len(one.passing) == 3
    assert all(isinstance(node.body[0], ast.Assert) for node in functions)


def test_what_is_wanted_is_told() -> None:
    """Plugins, known modules and the early end reach the run."""
    said = told(watch(token, "a", plugins=["b", "a"], known={"m"}, stops=True))
    assert (said["plugins"], said["known"], said["stops"]) == (["a", "b"], ["m"], True)


def test_logs_are_scrubbed_of_names() -> None:
    """No canary's name goes to people, or back to a model."""
    one = watch(token, "a")
    text = "".join(f"FAILED t.py::{name} - 7\n" for name in one.canaries).encode()
    assert one.scrubbed(text) == b"FAILED t.py::canary - 7\n" * 6
