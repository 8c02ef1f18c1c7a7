"""What is gathered of the analytics stack, and of a repository of 20,000 files."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from workflow import gather
from workflow.git_store import discover
from workflow.types import RepoPath, Role

if TYPE_CHECKING:
    from tests.conftest import GitRepo, GitRepoFactory
    from workflow.gather import Gathered

SURGICAL = ("named", "includes", "imports", "tests", "clients")


def gathered(repo: GitRepo, needs: gather.Needs, *names: str) -> Gathered:
    """Gather for named files of the newest commit."""
    git = discover(repo.path)
    return gather.gather(git, git.snapshot().tree, needs, [RepoPath(name) for name in names])


@pytest.mark.parametrize(
    ("name", "rules", "context"),
    [
        (
            "nginx/site_nginx.conf",
            ("includes",),
            ("nginx/nginx.conf", "nginx/snippets/proxy.conf", "nginx/snippets/tls.conf"),
        ),
        (
            "nginx/site_nginx.conf",
            ("tests",),
            ("tests/test_nginx.py", "tests/conftest.py", "tests/nginx_text.py"),
        ),
        ("nginx/site_nginx.conf", ("clients",), ("app/main.py", "analytics.js")),
        ("app/main.py", ("imports",), ("app/models.py", "app/sink.py")),
        (
            "app/main.py",
            ("tests",),
            (
                *("tests/conftest.py", "tests/test_ingest.py", "tests/test_nginx.py"),
                "tests/nginx_text.py",
            ),
        ),
        ("app/main.py", ("clients",), ("nginx/site_nginx.conf", "analytics.js")),
        ("app/models.py", ("importers",), ("app/main.py",)),
        (
            "systemd/analytics-ingest.service",
            ("named", "tests"),
            ("tests/test_nginx.py", "tests/conftest.py", "tests/nginx_text.py"),
        ),
    ],
)
def test_what_a_surgeon_reads(
    sandbox_repo: GitRepo, name: str, rules: tuple[str, ...], context: tuple[str, ...]
) -> None:
    """Each rule finds what belongs to a file, the most useful first."""
    found = gathered(sandbox_repo, gather.Needs(Role.SURGEON, rules), name)
    assert [file.path for file in found.files] == [name]
    assert tuple(file.path for file in found.context) == context
    assert found.left_out == ()
    for file in (*found.files, *found.context):
        assert file.data == (sandbox_repo.path / file.path).read_bytes()


def test_the_most_useful_comes_first(sandbox_repo: GitRepo) -> None:
    """What is read with a file, its tests, then what is farther away."""
    found = gathered(sandbox_repo, gather.Needs(Role.SURGEON, SURGICAL), "nginx/nginx.conf")
    assert [file.path for file in found.context] == [
        "nginx/site_nginx.conf",
        *("tests/test_nginx.py", "tests/conftest.py", "tests/nginx_text.py"),
        *("nginx/snippets/proxy.conf", "nginx/snippets/tls.conf", "nginx/mime.types"),
    ]


def test_without_a_name_it_is_the_site(sandbox_repo: GitRepo) -> None:
    """The one NGINX site, unless the recipe of the moment may not choose it."""
    found = gathered(sandbox_repo, gather.Needs(Role.SURGEON, SURGICAL))
    assert [file.path for file in found.files] == ["nginx/site_nginx.conf"]
    none = gathered(sandbox_repo, gather.Needs(Role.SURGEON, SURGICAL, may_default=False))
    assert none.files == none.context == ()


def test_what_an_architect_reads(sandbox_repo: GitRepo) -> None:
    """The client that a recipe needs, to read only, and the name of every file."""
    needs = gather.Needs(Role.ARCHITECT, ("named", "listing"), inputs=("*.js",))
    found = gathered(sandbox_repo, needs)
    assert [file.path for file in found.context] == ["analytics.js"]
    assert found.files == ()
    assert list(found.existing) == sorted(sandbox_repo.git("ls-files").splitlines())


def test_a_repository_of_20_000_files(git_repo: GitRepoFactory) -> None:
    """It takes under a second on one slow core; this allows ten times as much."""
    repo = git_repo({"README.md": "many\n"})
    files = {"nginx/nginx.conf": "events {}\nhttp { include sites/*.conf; }\n"}
    for number in range(1000):
        site = f"location /api{number} {{ proxy_pass http://x; }} include parts/{number % 50}.conf;"
        files[f"nginx/sites/{number}.conf"] = f"server {{ server_name s{number}; {site} }}\n"
        files[f"nginx/parts/{number % 50}.conf"] = "gzip on;\n"
    for number in range(6000):
        module = f"from pkg{(number + 1) % 60}.mod{number + 1} import f\n"
        files[f"src/pkg{number % 60}/mod{number}.py"] = module
        files[f"tests/part{number % 60}/test_mod{number}.py"] = (
            f"from pkg{number % 60}.mod{number} import f\n"
        )
        files[f"web/{number % 60}/{number}.js"] = f"fetch('/api{number}');\n"
    for number in range(20_000 - len(files)):
        files[f"docs/{number % 60}/{number}.md"] = "words\n"
    rows = [
        b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(text), text.encode())
        for name, text in files.items()
    ]
    head = b"commit refs/heads/big\ncommitter A <a@example.test> 1 +0000\ndata 3\nbig\n"
    subprocess.run(
        ["git", "-C", str(repo.path), "fast-import", "--quiet"],
        input=head + b"".join(rows),
        check=True,
    )
    repo.git("symbolic-ref", "HEAD", "refs/heads/big")
    for name, expected in (
        ("src/pkg5/mod5.py", {"src/pkg6/mod6.py", "tests/part5/test_mod5.py"}),
        ("nginx/sites/7.conf", {"nginx/nginx.conf", "nginx/parts/7.conf"}),
        ("nginx/nginx.conf", {"nginx/sites/7.conf"}),
        ("web/5/5.js", set()),
    ):
        started = time.monotonic()
        found = gathered(repo, gather.Needs(Role.SURGEON, SURGICAL), name)
        assert time.monotonic() - started < 10
        assert expected <= {file.path for file in found.context}
