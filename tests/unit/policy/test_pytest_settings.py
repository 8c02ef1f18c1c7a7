"""Settings of pytest decide what is run, in every file in which pytest looks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.policy.conftest import Bench


def test_settings_of_pytest(bench: Bench) -> None:
    """In every file in which pytest looks for them; other settings there are free."""
    toml = b'[project]\nname = "x"\n\n[tool.pytest.ini_options]\naddopts = "-ra"\nmarkers = ["a"]\n'
    ini = b"[flake8]\nx = 1\n[%s]\naddopts = -ra\ntestpaths = tests\n"
    for name, old, before, after, reason in [
        ("pyproject.toml", toml, b"-ra", b"-ra --deselect=x", "addopts gains --deselect"),
        ("pyproject.toml", toml, b"-ra", b"-ra -k 'not a'", "addopts gains -k"),
        ("pyproject.toml", toml, b"-ra", b"-q", "addopts changes"),
        ("pyproject.toml", toml, b'addopts = "-ra"\n', b"", "addopts goes"),
        ("pyproject.toml", toml, b'["a"]', b'["a"]\nxfail_strict = false', "xfail_strict comes"),
        ("pyproject.toml", toml, b'["a"]', b'["a"]\npython_files = "x"', "python_files comes"),
        ("pyproject.toml", toml, b'["a"]', b'["a', "cannot be told any more"),
        ("pyproject.toml", toml, b'"x"', b"1\n" + b"a." * 20_000 + b"a = 1", "cannot be told"),
        ("tox.ini", ini % b"pytest", b"x = 1", b"x" + b" " * 20_000 + b"y", "cannot be told"),
        ("tox.ini", ini % b"pytest", b"x = 1", b"x = 1\n" + b"=\n" * 200_000, "cannot be told"),
        ("pyproject.toml", toml, b".ini_options", b".other", "addopts goes"),
        ("pyproject.toml", toml, b".pytest.", b".pyt\\u0065st.", "cannot be told any more"),
        ("pyproject.toml", toml, b"tool.pytest.", b'tool."pyt\\u0065s".', "addopts goes"),
        ("tox.ini", ini % b"pytest", b"= tests", b"= none", "testpaths changes"),
        ("setup.cfg", ini % b"tool:pytest", b"-ra", b"-ra --ignore=x", "addopts gains --ignore"),
        ("pytest.ini", ini % b"pytest", b"testpaths", b"norecursedirs", "norecursedirs comes"),
        ("pytest.ini", ini % b"pytest", b"addopts", b"Addopts", "addopts goes"),
        ("tox.ini", ini % b"pytest", b"[pytest]", b"[DEFAULT]", "addopts goes"),
        ("pytest.toml", b"[pytest]\naddopts = '-ra'\n", b"-ra", b"-x", "addopts gains -x"),
    ]:
        assert before in old
        new = old.replace(before, after, 1)
        reasons = bench.reasons("weakened-test", {f"a/{name}": old}, {f"a/{name}": new})
        assert any(reason in one for one in reasons), (name, after, reasons)
    for name, old, before, after in [
        ("pyproject.toml", toml, b'["a"]', b'["a", "b"]'),
        ("pyproject.toml", toml, b'"x"', b'"y"'),
        ("tox.ini", ini % b"pytest", b"x = 1", b"x = 2"),
        ("settings.ini", ini % b"pytest", b"-ra", b"-x"),
    ]:
        new = old.replace(before, after, 1)
        assert bench.reasons("weakened-test", {name: old}, {name: new}) == [], (name, after)


def test_new_files_of_settings_take_over(bench: Bench) -> None:
    """Even an empty pytest.ini, which pytest prefers to pyproject.toml."""
    for name in ["pytest.ini", ".pytest.ini", "pytest.toml", "tests/pytest.ini"]:
        assert bench.rules({}, {name: b""}) == {"weakened-test"}, name
    assert bench.rules({}, {"tox.ini": b"[pytest]\naddopts = -x\n"}) == {"weakened-test"}
    assert bench.rules({}, {"pyproject.toml": b"[project]\nname = 'x'\n"}) == set()
