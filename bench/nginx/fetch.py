"""Brings archives from the registries by their ordinary clients, and reads them without unpacking.

Nothing of a package is run: pip's own finder says which archive a version has, and the archive is
read as data; `apt-get download` and `npm pack` do not run anything either.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import tarfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_MAX_MEMBER = 512 * 1024
_MAX_ARCHIVE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Archive:
    """One downloaded package."""

    registry: str
    package: str
    version: str
    path: Path


def debian(names: Sequence[str], into: Path) -> Iterator[Archive]:
    """Download what apt knows of `names`; those that it does not know are left out."""
    into.mkdir(parents=True, exist_ok=True)
    known = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", *names],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    have = {line.split(": ")[1] for line in known.splitlines() if line.startswith("Package: ")}
    there = {path.name.split("_")[0] for path in into.glob("*.deb")}
    wanted = [name for name in names if name in have and name not in there]
    if wanted:
        words = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *wanted]
        subprocess.run(words, cwd=into, check=False)
    for path in sorted(into.glob("*.deb")):
        package, version, _ = path.name.split("_", 2)
        if package in names:
            yield Archive("debian", package, version.replace("%3a", ":"), path)


def npm(names: Sequence[str], into: Path) -> Iterator[Archive]:
    """Pack each package as npm serves it; scripts are not run."""
    into.mkdir(parents=True, exist_ok=True)
    for name in names:
        flat = name.replace("@", "").replace("/", "-")
        found = sorted(into.glob(f"{flat}-[0-9]*.tgz"))
        if not found:
            words = ["npm", "pack", "--silent", "--ignore-scripts", name]
            subprocess.run(words, cwd=into, check=False, capture_output=True)
            found = sorted(into.glob(f"{flat}-[0-9]*.tgz"))
        if found:
            version = found[-1].name[len(flat) + 1 : -len(".tgz")]
            yield Archive("npm", name, version, found[-1])


def pypi(names: Sequence[str], into: Path) -> Iterator[Archive]:
    """Bring the newest source archive of each, or its wheel where there is none."""
    into.mkdir(parents=True, exist_ok=True)
    for name in names:
        package, _, version = name.partition("==")
        folder = into / name
        if not folder.is_dir() or not any(folder.iterdir()):
            with suppress(OSError, LookupError):
                _newest(package, version, folder)
        for path in sorted(folder.glob("*")):
            plain = path.name.removesuffix(".tar.gz").removesuffix(".zip")
            found = re.search(r"-(\d[^-]*)", plain)
            yield Archive("pypi", package, found[1] if found else "", path)


def _newest(name: str, wanted: str, folder: Path) -> None:
    from pip._internal.commands import create_command  # noqa: PLC0415 - only for new archives
    from pip._internal.commands.download import DownloadCommand  # noqa: PLC0415 - as above

    command = create_command("download")
    if not isinstance(command, DownloadCommand):
        raise TypeError(name)
    options, _ = command.parse_args([name, "--no-deps", "--quiet"])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)  # noqa: SLF001 - pip has no API
        found = finder.find_all_candidates(name)
        if wanted:
            found = [one for one in found if str(one.version) == wanted]
        if not found:
            raise LookupError(name)
        final = [one for one in found if not one.version.is_prerelease] or found
        newest = max(one.version for one in final)
        links = [one.link for one in found if one.version == newest]
        link = next((one for one in links if not one.is_wheel), links[0])
        answer = session.get(link.url_without_fragment)
        answer.raise_for_status()
    if link.hash_name and hashlib.new(link.hash_name, answer.content).hexdigest() != link.hash:
        raise LookupError(name)
    folder.mkdir(exist_ok=True)
    (folder / os.path.basename(link.filename)).write_bytes(answer.content)  # noqa: PTH119 - a URL


def members(archive: Archive) -> Iterator[tuple[str, bytes]]:
    """Each regular file of an archive that is not large, with its path inside."""
    if archive.path.stat().st_size > _MAX_ARCHIVE:
        return
    if archive.path.suffix == ".deb":
        words = ["dpkg-deb", "--fsys-tarfile", str(archive.path)]
        data = subprocess.run(words, check=True, capture_output=True).stdout
        yield from _tar(io.BytesIO(data))
    elif archive.path.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive.path) as opened:
            for one in opened.infolist():
                if not one.is_dir() and one.file_size <= _MAX_MEMBER:
                    yield one.filename, opened.read(one)
    else:
        yield from _tar(io.BytesIO(archive.path.read_bytes()))


def _tar(data: io.BytesIO) -> Iterator[tuple[str, bytes]]:
    with suppress(tarfile.TarError, EOFError, OSError), tarfile.open(fileobj=data) as opened:
        for one in opened:
            if one.isfile() and one.size <= _MAX_MEMBER:
                content = opened.extractfile(one)
                if content is not None:
                    yield one.name.removeprefix("./"), content.read()
