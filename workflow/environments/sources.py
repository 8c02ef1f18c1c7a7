"""Where packages come from: a folder of wheels, or what this user's pip is configured with.

That is the user's choice alone.  A repository names packages and versions, never an address: it
would choose who gets the user's credentials, and which hosts a build speaks to.
"""

from __future__ import annotations

import configparser
import hashlib
import netrc
import os
import ssl
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from workflow.environments.interface import EnvironmentUnavailableError
from workflow.sandbox import Network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INSIDE = "/run/workflow"
_DEFAULT_TOLD = "pip's own index"
_PLAIN = ("trusted_host", "proxy", "timeout", "retries")
_CERTIFICATES = {"cert": "ca.pem", "client_cert": "client.pem"}
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_RESOLVER = ("/etc/resolv.conf", "/etc/hosts")
_NAMES = b"passwd: files\ngroup: files\nhosts: files dns\n"
_BUNDLES = (
    *("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"),
    *("/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"),
)
_WHEELHOUSE_HINT = "export WORKFLOW_WHEELHOUSE=/absolute/path/of/a/folder/of/wheels"


@dataclass(frozen=True, slots=True)
class Sources:
    """What a build is shown of this user's machine, so that it gets packages.

    `env` may hold credentials, so it is in no message and no `repr`; `secrets` are those, to be
    taken out of what pip prints.  `told` names the places without them, and `identity` is a hash
    of them: of the wheels' names and times, too, where no network is used.  `wheels` is the folder
    to put a missing wheel into, where there is one.
    """

    network: Network
    told: str
    identity: str
    env: Mapping[str, str] = field(repr=False)
    folders: tuple[Path, ...] = ()
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    wheels: str = ""

    def scrubbed(self, text: str) -> str:
        """Return text with the credentials taken out."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "****")
        return text


def wheelhouse(place: str) -> Sources:
    """Packages from the wheels in one folder, without any network.

    Raises `EnvironmentUnavailableError` for what is no such folder.
    """
    folder = Path(place)
    if not folder.is_absolute() or not folder.is_dir():
        message = f"the wheelhouse {place!r} is no folder with an absolute path"
        raise EnvironmentUnavailableError(message, hint=_WHEELHOUSE_HINT)
    folder = folder.resolve()
    _refuse_home(folder)
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull}
    return Sources(
        network=Network.NONE,
        told=f"the wheelhouse {folder}",
        identity=_hash([str(folder), *_listing(folder)]),
        env=env,
        folders=(folder,),
        wheels=str(folder),
    )


def configured(environ: Mapping[str, str]) -> Sources:
    """Packages from where this user's pip gets them: its variables and configuration files.

    Read are the addresses (`index_url`, `extra_index_url`, `find_links`, `no_index`), how they are
    reached (`trusted_host`, `proxy`, `timeout`, `retries`), certificates, and the passwords of
    `.netrc` for these hosts.  A keyring is not asked.  Without any address over a network the build
    has none.
    """
    said = _pip_settings(environ)
    isolated = said.get("no_index", "").lower() in {"1", "true", "yes", "on", "y", "t"}
    own = said.get("index_url", "")
    is_default = not isolated and not own
    indexes = [own] if own and not isolated else []
    indexes += [] if isolated else said.get("extra_index_url", "").split()
    links = said.get("find_links", "").split()
    places = [_Place(text, _passwords(environ)) for text in (*indexes, *links)]
    index, rest = places[: len(indexes)], places[len(indexes) :]
    env = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1" if isolated else "0"}
    if own and index:
        env["PIP_INDEX_URL"] = index[0].address
    env["PIP_EXTRA_INDEX_URL"] = " ".join(place.address for place in index[bool(own) :])
    env["PIP_FIND_LINKS"] = " ".join(place.address for place in rest)
    env |= {f"PIP_{name.upper()}": said[name] for name in _PLAIN if said.get(name)}
    is_remote = is_default or any(place.folder is None for place in places)
    files: tuple[tuple[str, bytes], ...] = ()
    if is_remote:
        certificates, variables = _certificates(said, environ)
        env |= variables | {key: environ[key] for key in _proxies(environ)}
        files = (*certificates, *_resolving())
    folders = tuple(sorted({place.folder for place in places if place.folder is not None}))
    listed = [line for folder in folders for line in _listing(folder)]
    told = [_DEFAULT_TOLD] * is_default + [place.told for place in places]
    proxies = [environ[key] for key in _proxies(environ)] + [said.get("proxy", "")]
    return Sources(
        network=Network.HOST if is_remote else Network.NONE,
        told=" and ".join(dict.fromkeys(told)) or "no place at all",
        identity=_hash(told + ([] if is_remote else listed)),
        env={key: value for key, value in env.items() if value},
        folders=folders,
        files=files,
        secrets=tuple({one for place in places for one in place.secrets} | _secrets(*proxies)),
    )


class _Place:
    """One index or folder of pip's settings: for pip, and for people without the password."""

    __slots__ = ("address", "folder", "secrets", "told")

    def __init__(self, text: str, passwords: netrc.netrc | None) -> None:
        self.address, self.secrets, self.folder = text, _secrets(text), None
        parts = urlsplit(text)
        if parts.scheme in {"http", "https"}:
            host = parts.hostname or ""
            known = passwords.authenticators(host) if passwords else None
            if known and "@" not in parts.netloc:
                login, password = quote(known[0], safe=""), quote(known[2], safe="")
                bare = parts.netloc
                self.address = urlunsplit(parts._replace(netloc=f"{login}:{password}@{bare}"))
                self.secrets = _secrets(self.address)
            told = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
            self.told = urlunsplit(told)
            return
        path = Path(unquote(parts.path) if parts.scheme == "file" else text).expanduser()
        if not path.is_absolute() or not path.exists():
            message = f"pip's configuration names {str(path)!r}, which is no absolute path here"
            hint = "see `pip config list`, or export WORKFLOW_WHEELHOUSE=/path"
            raise EnvironmentUnavailableError(message, hint=hint)
        # The pages of an index lead to files beside it: `simple/` and `files/`, by custom.
        path = path.resolve()
        self.folder = path.parent if path.name == "simple" or path.is_file() else path
        _refuse_home(self.folder)
        self.address = path.as_uri()
        self.told = str(path)


def _pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings by their long names, in pip's own order: the last one counts."""
    said: dict[str, str] = {}
    for path in _config_files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(path.read_text("utf-8", "replace"))
        except (OSError, configparser.Error):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                items = parser.items(section)
                said |= {name.lower().replace("-", "_"): value for name, value in items}
    for name, value in environ.items():
        if name.startswith("PIP_"):
            said[name.removeprefix("PIP_").lower()] = value
    return said


def _config_files(environ: Mapping[str, str]) -> Iterator[Path]:
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    home = Path(environ.get("HOME", "/"))
    machine = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    yield from (Path(place, "pip", "pip.conf") for place in reversed(machine.split(":")) if place)
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    yield Path(sys.prefix) / "pip.conf"
    if named:
        yield Path(named)


def _certificates(
    said: Mapping[str, str], environ: Mapping[str, str]
) -> tuple[list[tuple[str, bytes]], dict[str, str]]:
    """Return the files that pip needs for TLS, by their place inside, and its variables."""
    default = ssl.get_default_verify_paths().cafile
    found = [environ.get("SSL_CERT_FILE"), environ.get("REQUESTS_CA_BUNDLE"), default, *_BUNDLES]
    usable = (path for path in found if path and Path(path).is_file())
    chosen = {"cert": said.get("cert") or next(usable, ""), "client_cert": said.get("client_cert")}
    files, env = [], {}
    for name, path in chosen.items():
        if path and Path(path).is_file():
            inside = f"{_INSIDE}/{_CERTIFICATES[name]}"
            files.append((inside, Path(path).read_bytes()))
            env[f"PIP_{name.upper()}"] = inside
    return files, env


def _resolving() -> list[tuple[str, bytes]]:
    """Return the host's own files for finding addresses of names."""
    found = [(name, Path(name).read_bytes()) for name in _RESOLVER if Path(name).is_file()]
    return [*found, ("/etc/nsswitch.conf", _NAMES)]


def _passwords(environ: Mapping[str, str]) -> netrc.netrc | None:
    path = Path(environ.get("NETRC") or Path(environ.get("HOME", "/")) / ".netrc")
    try:
        return netrc.netrc(str(path))
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return None


def _secrets(*addresses: str) -> frozenset[str]:
    """Return the credentials in addresses, as they are written and as they are meant."""
    found = set()
    for address in addresses:
        account = urlsplit(address).netloc.rpartition("@")[0]
        for part in (account, account.partition(":")[2] or account):
            found |= {part, unquote(part)}
    return frozenset(found - {""})


def _proxies(environ: Mapping[str, str]) -> list[str]:
    return [name for name in environ if name.lower() in _PROXIES]


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _listing(folder: Path) -> Iterator[str]:
    """Yield what tells one state of a folder of wheels from another, without reading them."""
    for path in sorted(folder.glob("*.whl")):
        seen = path.stat()
        yield f"{path.name} {seen.st_size} {seen.st_mtime_ns}"


def _refuse_home(folder: Path) -> None:
    home = Path.home().resolve()
    if folder == home or folder in home.parents:
        message = f"{folder} would show the home folder to a build"
        raise EnvironmentUnavailableError(message, hint="keep the wheels in a folder of their own")


def _hash(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
