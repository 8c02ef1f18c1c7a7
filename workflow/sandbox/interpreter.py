"""Which folders a Python needs: found by looking, for it is not started outside a sandbox.

What lies in a repository, a virtual environment too, may be hostile: a folder is shown inside only
when it is an environment, or a Python, by what it holds; never because a file or a link names it.
Of other folders on the way to a Python its link alone is shown.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from workflow.errors import UsageError
from workflow.sandbox import recipe

_HINT = "set `[gates.pytest] python` to the full path of one, such as /path/to/.venv/bin/python"
_SHIM_HINT = "that is a shim of pyenv: set the path that `pyenv which python` says"
_STANDARD_LIBRARY = ("lib/python3*/os.py", "lib64/python3*/os.py", "lib/pypy3*/os.py")
_ALTERNATIVES = Path("/etc/alternatives")
_MAX_LINKS = 40


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python as a sandbox runs it.

    `program` is what to start, `folders` are the host folders that it needs, and `links` the
    symbolic links that lead to it through other folders, which are not shown: the path of each, and
    what it points to.  `Command` takes them as `read_only` and `links`.
    """

    program: Path
    folders: tuple[Path, ...]
    links: tuple[tuple[str, str], ...] = ()


def interpreter(python: Path) -> Interpreter:
    """Return how to run `python` inside.

    For a virtual environment that is the environment and the prefix of the Python that it was made
    from; else the prefix of the real program behind any links.  Neither a home folder nor a
    repository is ever among them as a whole.

    Raises `UsageError` when the path is relative, when there is no such program, and when what is
    there is no Python installation.
    """
    if not python.is_absolute():
        message = f"the path of a Python must be absolute: {str(python)!r} is not"
        raise UsageError(message, hint=_HINT)
    python = Path(os.path.normpath(python))
    if not os.path.isfile(python):  # noqa: PTH113 - false, too, where this account may not look
        message = f"there is no Python at {python}, or none that this account may see"
        raise UsageError(message, hint=_HINT)
    environment = python.parent.parent
    config = environment / "pyvenv.cfg"
    home = _home(config) if config.is_file() else None
    real = python.resolve()
    if home is not None and real == environment.resolve() / "bin" / python.name:
        # An environment with a copy of the program: only its settings say what it is a copy of.
        real = (home / python.name).resolve()
    prefix = real.parent.parent
    _refuse_home(prefix)
    if real.parent.name != "bin" or not _is_installation(prefix):
        message = f"{python} is no Python: the folder of {real} is not that of an installation"
        raise UsageError(message, hint=_SHIM_HINT if "shims" in real.parts else _HINT)
    if not config.is_file():
        return Interpreter(real, _outermost([prefix]))
    folders, links = _way(python)
    folders += [environment, prefix]
    # Only another name of the same Python: this file may come from the repository.
    if home is not None and (home.resolve(), home.parent.resolve()) == (real.parent, prefix):
        folders.append(home.parent)
    shown = _outermost(folders)
    hidden = [link for link in links if not any(folder in link.parents for folder in shown)]
    return Interpreter(python, shown, tuple((str(link), str(link.readlink())) for link in hidden))


def _way(python: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders of Pythons, and the other links, that lead from `python` to the program.

    A folder is shown as what it is, an environment or an installation; of any other, such as
    `~/.local/bin`, nothing but the link is seen.
    """
    folders: list[Path] = []
    links: list[Path] = []
    link = python
    for _ in range(_MAX_LINKS):
        if not link.is_symlink():
            return folders, links
        target = link.parent.resolve() / link.readlink()
        folder = Path(os.path.normpath(target.parent))
        real = target.parent.resolve()
        link = real / target.name
        if real == _ALTERNATIVES or (recipe.is_system(folder) and recipe.is_system(real)):
            continue
        named = folder.name == real.name == "bin" and folder.resolve() == real
        if named and (_is_environment(real.parent) or _is_installation(real.parent)):
            folders.append(folder)
        elif folder != real or not recipe.is_placeable(link):
            message = f"{python} leads through {folder}, where no link can be shown"
            raise UsageError(message, hint=_HINT)
        elif link.is_symlink():
            links.append(link)
    message = f"{python} leads through too many links"
    raise UsageError(message, hint=_HINT)


def _is_installation(prefix: Path) -> bool:
    return any(path.is_file() for name in _STANDARD_LIBRARY for path in prefix.glob(name))


def _is_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").is_file()


def _outermost(found: list[Path]) -> tuple[Path, ...]:
    for path in found:
        _refuse_home(path)
        if (path / ".git").exists():
            message = f"the Python in {path} would show a whole repository to what runs inside"
            raise UsageError(message, hint=_HINT)
    paths = sorted(set(found))
    return tuple(path for path in paths if not any(other in path.parents for other in paths))


def _refuse_home(path: Path) -> None:
    home, real = Path.home().resolve(), path.resolve()
    if real == home or real in home.parents or (path.name, real.parent) == ("bin", home):
        message = f"the Python in {path} would show the home folder to what runs inside"
        raise UsageError(message, hint=_HINT)


def _home(config: Path) -> Path | None:
    """Return the `home` key of a `pyvenv.cfg`: the folder of the Python it was made from."""
    for line in config.read_text("utf-8", "replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home" and value.strip().startswith("/") and "\0" not in value:
            return Path(os.path.normpath(value.strip()))
    return None
