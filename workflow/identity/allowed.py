"""The file of allowed signers, as a base tree holds it, and what each of its lines says.

Whether a signature counts is for `ssh-keygen` to say.  What is read here is for people to see, and
finds the one thing that `ssh-keygen` does not say: a key that several lines give to several people.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from workflow.identity.armor import fingerprint, read_string
from workflow.identity.interface import Signer, Signers, SignersError
from workflow.identity.same import fold
from workflow.identity.setting import setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.git_store import GitStore
    from workflow.types import RepoPath, TreeId

_FORMS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_MAX_BYTES = 1024 * 1024
_REVOCATION = "gpg.ssh.revocationFile"
_EMAIL = re.compile(r"[^\s@*?!,\"<>()]{1,64}@[^\s@*?!,\"<>()]{1,255}")
_FIRST = re.compile(r'("[^"]*"|[^\s"]+)\s+')
_OPTION = re.compile(r'([A-Za-z-]+)(?:=(?:"([^"]*)"|[^\s,"]*))?(?:,|\s+)')
_TYPE = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[A-Za-z0-9@.-]+")


def signers(git: GitStore, tree: TreeId, path: RepoPath) -> Signers:
    """The allowed signers that a tree holds at `path`, and the keys that count no more.

    These are in the file that git's own setting `gpg.ssh.revocationFile` names; a key without a
    certificate is revoked by taking its line out.  Raises `SignersError` when either is not there.
    """
    try:
        data = git.read(tree, path)
    except KeyError as error:
        message = f"the base has no {path}, which its policy names for the keys of approvers"
        hint = f"commit {path}: one line `EMAIL KEYTYPE KEY` for each (man ssh-keygen)"
        raise SignersError(message, hint=hint) from error
    if len(data) > _MAX_BYTES:
        message = f"{path} has {len(data)} bytes; at most {_MAX_BYTES} are read"
        raise SignersError(message, hint="take out the keys that nobody uses")
    return Signers(path, data, _revoked(git))


def listed(file: Signers) -> tuple[Signer, ...]:
    """What each line of the file allows; one that cannot be read says why."""
    lines = file.data.decode("utf-8", "replace").split("\n")
    numbered = ((number, line.strip()) for number, line in enumerate(lines, start=1))
    return tuple(_signer(number, line) for number, line in numbered if line and line[0] != "#")


def principals(file: Signers) -> frozenset[str]:
    """The folded addresses that the file names, for `are_same`; patterns name nobody."""
    return frozenset(
        fold(name) for one in listed(file) for name in one.principals if is_email(name)
    )


def why_not(one: Signer, namespace: str, at: datetime) -> str:
    """Why a line's key would not count for a namespace at a moment, in words; empty if it would."""
    if one.problem:
        return one.problem
    if one.namespaces and not any(fnmatchcase(namespace, name) for name in one.namespaces):
        return f"it is for {', '.join(one.namespaces)} only"
    after, before = _moment(one.after), _moment(one.before)
    if (one.after and after is None) or (one.before and before is None):
        return "its dates cannot be read"
    if after and at < after:
        return f"it counts after {one.after}"
    return f"it has expired: {one.before}" if before and at > before else ""


def is_email(text: str) -> bool:
    """Whether a principal is one e-mail address, and no pattern."""
    return _EMAIL.fullmatch(text) is not None


def _revoked(git: GitStore) -> bytes:
    name = setting(git, _REVOCATION, "--type=path")
    if not name:
        return b""
    try:
        return (git.top / name).read_bytes()
    except OSError as error:
        message = f"git's setting {_REVOCATION} is {name}, which cannot be read: {error.strerror}"
        raise SignersError(message, hint=f"git config --global {_REVOCATION} FILE") from error


def _moment(text: str) -> datetime | None:
    """A date of the file, YYYYMMDD or with HHMM or HHMMSS behind, in UTC."""
    digits = text.removesuffix("Z")
    form = _FORMS.get(len(digits))
    if not digits.isdecimal() or form is None:
        return None
    try:
        return datetime.strptime(digits, form).replace(tzinfo=UTC)
    except ValueError:
        return None


def _signer(number: int, line: str) -> Signer:
    first = _FIRST.match(line)
    if first is None:
        return Signer(number, (), "", "", problem="it is not EMAIL KEYTYPE KEY")
    names = tuple(first[1].strip('"').split(","))
    options, rest = _options(line[first.end() :])
    key_type, _, text = rest.partition(" ")
    key = _key(key_type, text)
    if not key:
        return Signer(number, names, "", "", problem="its key cannot be read")
    return Signer(
        line=number,
        principals=names,
        key_type=key_type,
        fingerprint=fingerprint(key),
        is_authority="cert-authority" in options,
        namespaces=tuple(filter(None, options.get("namespaces", "").split(","))),
        after=options.get("valid-after", ""),
        before=options.get("valid-before", ""),
        problem=", ".join(_problems(names, options)),
    )


def _key(key_type: str, text: str) -> bytes:
    """A key in SSH's wire form, empty where it is not one of that type."""
    try:
        key = base64.b64decode(text.split(maxsplit=1)[0], validate=True)
        name, rest = read_string(key)
        while rest:
            rest = read_string(rest)[1]
    except (IndexError, ValueError, binascii.Error):
        return b""
    return key if name == key_type.encode() else b""


def _options(text: str) -> tuple[dict[str, str], str]:
    """The options in front of a key, by their names in lower case, and what follows them."""
    found: dict[str, str] = {}
    at = 0
    while not _TYPE.match(text, at):
        option = _OPTION.match(text, at)
        if option is None:
            break
        found[option[1].lower()] = option[2] or ""
        at = option.end()
    return found, text[at:]


def _problems(names: tuple[str, ...], options: dict[str, str]) -> Iterator[str]:
    known = {"cert-authority", "namespaces", "valid-after", "valid-before"}
    for name in sorted(options.keys() - known):
        yield f"ssh-keygen does not know the option {name}"
    if "cert-authority" not in options and not any(map(is_email, names)):
        yield "it names no e-mail address"
