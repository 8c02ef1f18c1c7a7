"""Which test files use what a patch changed: found by what files import, and never by running."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.gates.pytest import scan

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "src/shop/__init__.py": "",
    "src/shop/prices.py": "RATE = 19\n",
    "src/shop/bill.py": "from . import prices\n",
    "src/shop/deep/__init__.py": "from ..bill import total\n",
    "src/shop/deep/low.py": "",
    "src/other.py": "import json\n",
    "tests/conftest.py": "",
    "tests/helpers.py": "from shop.prices import RATE\n",
    "tests/test_bill.py": "def test():\n    import shop.bill\n",
    "tests/test_prices.py": "from shop import prices as p\n",
    "tests/test_deep.py": "from shop.deep.low import x\n",
    "tests/test_helped.py": "from helpers import RATE\n",
    "tests/test_other.py": "import other\nPRICES = 'prices'\n",
    "tests/test_page.py": "PAGE = 'page.html'\n",
    "tests/test_broken.py": "import prices (\n",
    "templates/page.html": "",
    ".venv/lib/test_hidden.py": "import shop.prices\n",
}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Return a small project, with a file that leads out of it."""
    for name, text in FILES.items():
        path = tmp_path / "top" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "test_outside.py").write_text("import shop.prices\n")
    (tmp_path / "top/tests/test_link.py").symlink_to(tmp_path / "test_outside.py")
    return tmp_path / "top"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            "src/shop/prices.py",
            ["test_bill", "test_deep", "test_helped", "test_prices"],
        ),
        ("src/shop/bill.py", ["test_bill", "test_deep"]),
        ("src/shop/deep/low.py", ["test_deep"]),
        ("src/other.py", ["test_other"]),
        ("tests/test_other.py", ["test_other"]),
        ("tests/helpers.py", ["test_helped"]),
        ("templates/page.html", ["test_page"]),
        ("src/shop/gone.py", []),
        ("unknown.md", []),
    ],
)
def test_users_of_a_file_are_found(top: Path, changed: str, expected: list[str]) -> None:
    """By absolute and relative imports, through other files, and by the name of what is no code."""
    found = scan.find(str(top), [changed])
    assert found == [f"tests/{name}.py" for name in expected]


def test_a_conftest_is_used_by_its_whole_folder(top: Path) -> None:
    """Nothing imports it, and everything around it uses it."""
    found = scan.find(str(top), ["tests/conftest.py"])
    assert "tests/test_page.py" in found
    assert len(found) == 7


def test_imports_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    """Two modules that import each other are read once."""
    (tmp_path / "a.py").write_text("import b\n")
    (tmp_path / "b.py").write_text("import a\n")
    (tmp_path / "test_a.py").write_text("import a\n")
    assert scan.find(str(tmp_path), ["b.py"]) == ["test_a.py"]


def test_a_deep_expression_is_passed_over(tmp_path: Path) -> None:
    """What the parser refuses is no reason to break off."""
    (tmp_path / "a.py").write_text("")
    for name, sign in (("deep", "not "), ("nested", "(")):
        (tmp_path / f"test_{name}.py").write_text(f"import a\nx = {sign * 20_000}1")
    (tmp_path / "test_a.py").write_text("import a\n")
    assert scan.find(str(tmp_path), ["a.py"]) == ["test_a.py"]
