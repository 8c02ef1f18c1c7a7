"""The files of a request are found without guessing, and shown byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.errors import PathError, VagueRequestError
from workflow.gather import Needs, default_file, gather, resolve
from workflow.git_store import discover
from workflow.types import BlobId, ChangeRequest, Identity, RepoPath, Role

if TYPE_CHECKING:
    from tests.conftest import GitRepo, GitRepoFactory
    from workflow.gather import Gathered

ADA = Identity("Ada", "ada@example.test")
EDIT = Needs(Role.SURGEON, budget_tokens=1_000_000)
FILES = {
    "site.conf": "server { server_name a.test; }\n",
    "app/main.py": "x\n",
    "app/site/main.py": "y\n",
    "lib/models.py": "z\n",
    "docs/guide/intro.md": "i\n",
    ".gitignore": "*.pyc\n",
    "conf.d/default": "d\n",
    "Makefile": "all:\n",
    "old/app": "a file of a folder's name\n",
}


@pytest.fixture(scope="session")
def _made_once() -> dict[str, Path]:
    """Remember the first repository, since a copy of it costs less than a second one."""
    return {}


@pytest.fixture
def repo(
    _made_once: dict[str, Path],
    git_repo: GitRepoFactory,
    tmp_path_factory: pytest.TempPathFactory,
) -> GitRepo:
    """Return a repository with files, links, and entries of submodules."""
    repo = git_repo(name="repo")
    if "path" not in _made_once:
        _fill(repo)
        kept = tmp_path_factory.mktemp("named") / "repo"
        _made_once["path"] = Path(shutil.copytree(repo.path, kept, symlinks=True))
    shutil.rmtree(repo.path)
    shutil.copytree(_made_once["path"], repo.path, symlinks=True)
    return repo


def _fill(made: GitRepo) -> None:
    """Commit files, links, and entries of submodules."""
    made.commit(FILES)
    (made.path / "link.conf").symlink_to("site.conf")
    (made.path / "deep").mkdir()
    (made.path / "deep/other.conf").symlink_to("../site.conf")
    made.commit()
    commit = made.git("rev-parse", "HEAD")
    for path in ("vendor/sub", "third/party"):
        made.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    made.git("commit", "--quiet", "-m", "submodules")
    made.write({"copies/sub/x.conf": "not the submodule's\n"})
    made.git("add", "copies")
    made.git("commit", "--quiet", "-m", "a copy")


def found(repo: GitRepo, text: str, *names: str) -> tuple[str, ...]:
    """Resolve a request."""
    git = discover(repo.path)
    request = ChangeRequest(text, tuple(RepoPath(name) for name in names), ADA)
    return resolve(git, git.snapshot(), request)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("site.conf", "site.conf"),
        ("app/main.py", "app/main.py"),
        ("models.py", "lib/models.py"),
        ("guide/intro.md", "docs/guide/intro.md"),
        ("site/main.py", "app/site/main.py"),
        ("Makefile", "Makefile"),
        ("default", "conf.d/default"),
    ],
)
def test_a_name_stands_for_one_file(repo: GitRepo, name: str, path: str) -> None:
    """A whole path is itself; the end of one is the only file that ends so."""
    assert found(repo, "change it", name) == (path,)


def test_names_keep_their_order_and_stand_once(repo: GitRepo) -> None:
    """Two names of one file are one file."""
    names = ("models.py", "site.conf", "lib/models.py")
    assert found(repo, "change it", *names) == ("lib/models.py", "site.conf")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("main.py", "stands for 2 files: app/main.py, app/site/main.py"),
        ("app", "app is a folder"),
        ("docs/guide", "docs/guide is a folder"),
        ("vendor/sub", "in the submodule vendor/sub"),
        ("vendor/sub/x.conf", "in the submodule vendor/sub"),
        ("party", "party is a submodule"),
        ("link.conf", "link.conf is a symbolic link"),
        ("other.conf", "other.conf is a symbolic link"),
        ("absent.conf", "absent.conf is not in commit"),
        ("odels.py", "odels.py is not in commit"),
        ("SITE.conf", "SITE.conf is not in commit"),
        ("*.conf", "is not in commit"),
    ],
)
def test_a_name_that_cannot_be_edited(repo: GitRepo, name: str, reason: str) -> None:
    """Ambiguous, a folder, in a submodule, a link, not there: each is said."""
    with pytest.raises(PathError) as caught:
        found(repo, "change it", name)
    assert reason in caught.value.message
    assert caught.value.hint


def test_an_uncommitted_file_is_not_there(repo: GitRepo) -> None:
    """What is edited is the base commit's, so the mend is to commit."""
    repo.write({"fresh.conf": "x\n"})
    with pytest.raises(PathError, match=r"fresh\.conf is not in commit") as caught:
        found(repo, "change it", "fresh.conf")
    assert "commit it first" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("edit site.conf", ("site.conf",)),
        ("Edit site.conf.", ("site.conf",)),
        ("in `app/main.py`, and (site.conf)", ("app/main.py", "site.conf")),
        ("edit ./site.conf please", ("site.conf",)),
        ("add *.log to .gitignore", (".gitignore",)),
        ("models.py needs a limit", ("lib/models.py",)),
        ("change main.py", ("app/main.py", "app/site/main.py")),
        ("raise the default timeout", ()),
        ("Makefile", ("Makefile",)),
        ("conf.d/default", ("conf.d/default",)),
        ("allow origin https://s.ado.im/site.conf", ()),
        ("edit link.conf", ()),
        ("SITE.CONF", ()),
        ("make it faster", ()),
    ],
)
def test_words_name_files(repo: GitRepo, text: str, paths: tuple[str, ...]) -> None:
    """A path, or a name with a dot in it, counts in a sentence; other words do not."""
    assert found(repo, text) == paths


def test_the_one_site_is_meant(repo: GitRepo) -> None:
    """An edit that names nothing is about the only NGINX site, where there is just one."""
    repo.commit({"nginx/site.conf": "server { server_name a; }\n", "nginx/mime.conf": "types {}\n"})
    repo.commit({"php/site.conf": "server_name in no NGINX folder\n"})
    git = discover(repo.path)
    assert default_file(git, git.snapshot().tree) == "nginx/site.conf"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"nginx/a.conf": "server_name a;", "nginx/b.conf": "server_name b;"},
        # What is too large to be read may be one, too.
        {"nginx/a.conf": "server_name a;", "nginx/b.conf": "#" * (1024 * 1024 + 1)},
    ],
)
def test_no_site_or_several_are_vague(repo: GitRepo, files: dict[str, str]) -> None:
    """The candidates are listed, and none is chosen."""
    repo.commit(dict(files))
    git = discover(repo.path)
    with pytest.raises(VagueRequestError) as caught:
        default_file(git, git.snapshot().tree)
    assert all(name in caught.value.message for name in files)


def gathered(repo: GitRepo, *names: str) -> tuple[tuple[str, bytes], ...]:
    """Gather files; return their names and bytes."""
    git = discover(repo.path)
    paths = tuple(RepoPath(name) for name in names)
    made = gather(git, git.snapshot().tree, EDIT, paths)
    return tuple((file.path, file.data) for file in made.files)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\r\n", b"x" * 1024 * 1024, b"a" * 8192 + b"\0"])
def test_files_are_gathered_byte_for_byte(repo: GitRepo, data: bytes) -> None:
    """Whatever is text by git's measure, up to 1 MiB."""
    repo.git("config", "core.autocrlf", "true")
    git = discover(repo.path)
    blob = git.write_blob(data)
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},f")
    repo.git("commit", "--quiet", "-m", "f")
    assert gathered(repo, "f") == (("f", data),)


@pytest.mark.parametrize(
    ("data", "reason"), [(b"a\0b", "f is binary"), (b"x" * (1024 * 1024 + 1), "1048577 bytes")]
)
def test_files_that_are_no_text(repo: GitRepo, data: bytes, reason: str) -> None:
    """Binary files and very large ones are refused with the reason."""
    repo.commit({"f": data})
    with pytest.raises(PathError, match=reason):
        gathered(repo, "f")


@pytest.mark.parametrize("name", ["line\nbreak", "esc\x1b[31m", "bidi\u202e", "\udcff"])
def test_names_that_cannot_be_shown(repo: GitRepo, name: str) -> None:
    """A name that would break out of its line in a prompt or a record is refused, escaped."""
    repo.commit({f"dir/{name}": "x\n"})
    with pytest.raises(PathError, match="unprintable") as caught:
        gathered(repo, f"dir/{name}")
    assert caught.value.message.isprintable()


def test_names_with_spaces_and_other_scripts_are_fine(repo: GitRepo) -> None:
    """Only what cannot be seen is refused."""
    repo.commit({"ünï code/漢 字.conf": "x\n"})
    assert gathered(repo, "ünï code/漢 字.conf") == (("ünï code/漢 字.conf", b"x\n"),)


def test_an_entry_of_a_submodule_is_no_source(repo: GitRepo) -> None:
    """A path that names no regular file is an error, not empty text."""
    git = discover(repo.path)
    rows = {RepoPath("x"): ("160000", BlobId("1" * 40))}
    tree = git.write_tree(git.snapshot().tree, rows)
    with pytest.raises(KeyError):
        git.read(tree, RepoPath("x"))


def asked(repo: GitRepo, *names: str, inputs: tuple[str, ...], role: Role) -> Gathered:
    """Gather for a recipe that needs files of some patterns."""
    git = discover(repo.path)
    needs = Needs(role, inputs=inputs)
    return gather(git, git.snapshot().tree, needs, [RepoPath(name) for name in names])


SCRIPTS = {
    "web/client.js": "fetch('/collect');\n",
    "web/menu.js": "open();\n",
    "web/node_modules/x/index.js": "fetch('/x');\n",
    "web/client.min.js": "fetch('/collect');\n",
    "web/client.test.js": "fetch('/collect');\n",
    "web/vite.config.js": "fetch('/collect');\n",
    "a.service": "[Service]\n",
}


def test_the_one_client_is_meant(git_repo: GitRepoFactory) -> None:
    """Of several scripts it is the one that sends requests, and not what others wrote."""
    repo = git_repo(SCRIPTS)
    found = asked(repo, inputs=("*.js",), role=Role.ARCHITECT)
    assert [file.path for file in found.context] == ["web/client.js"]
    assert found.files == ()


def test_a_named_file_is_the_input(git_repo: GitRepoFactory) -> None:
    """What is named is not looked for, and what is named beside it stays."""
    repo = git_repo(SCRIPTS)
    found = asked(repo, "web/menu.js", "a.service", inputs=("*.js",), role=Role.ARCHITECT)
    assert [file.path for file in found.context] == ["web/menu.js", "a.service"]


def test_an_input_of_a_surgeon_may_be_edited(git_repo: GitRepoFactory) -> None:
    """A pattern with a folder is for the whole path, and comes before the NGINX site."""
    repo = git_repo(SCRIPTS)
    for pattern in ("*.service", "web/menu.*"):
        found = asked(repo, inputs=(pattern,), role=Role.SURGEON)
        assert len(found.files) == 1
        assert found.context == ()


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a.js": "fetch('/a')", "b.js": "fetch('/b')"}, "there are a.js, b.js"),
        ({"a.js": "1", "b.js": "2"}, "there are a.js, b.js"),
        ({"a.ts": "fetch('/a')"}, "there is none"),
        ({f"{number}.js": "" for number in range(7)}, "and 2 more"),
    ],
)
def test_no_client_or_several_are_vague(
    git_repo: GitRepoFactory, files: dict[str, str], reason: str
) -> None:
    """The candidates are listed, and none is chosen."""
    with pytest.raises(VagueRequestError, match=reason):
        asked(git_repo(files), inputs=("*.js",), role=Role.ARCHITECT)


def test_a_link_is_no_input(repo: GitRepo) -> None:
    """What a pattern finds is a file and never a link to one."""
    with pytest.raises(VagueRequestError, match="there is none"):
        asked(repo, inputs=("link.*",), role=Role.ARCHITECT)
