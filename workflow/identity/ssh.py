"""Signing and verifying bytes with SSH keys, by `ssh-keygen -Y`; nothing of it is done here."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import process
from workflow.git_command import first_line
from workflow.identity.allowed import is_email, listed
from workflow.identity.armor import read_armor
from workflow.identity.interface import (
    NoSshKeygenError,
    SignatureError,
    Signed,
    SigningError,
)
from workflow.identity.mailmap import NO_MAILMAP
from workflow.identity.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workflow.identity.armor import Armor
    from workflow.identity.interface import Signers, SigningKey
    from workflow.identity.mailmap import Mailmap
    from workflow.process import Ran

AGENT = "agent"
_TIMEOUT_S = 60.0
"""Long enough to touch a security key."""
_MAX_OUTPUT = 1024 * 1024
_MAX_PRINCIPALS = 20
_GOOD = re.compile(r'Good "[^"]*" signature for .* with (\S+) key (SHA256:\S+)\s*\Z')
_PRINT = re.compile(r"SHA256:\S+")
_KEPT = ("HOME", "PATH", "TMPDIR", "SSH_AUTH_SOCK")
_LOOK = "workflow keys shows whose keys count, and when"
_CERTIFICATE = "-cert-v01@"


@dataclass(frozen=True, slots=True)
class Check:
    """What a signature is held against: its namespace, the allowed signers, a time of our clock."""

    namespace: str
    signers: Signers
    at: datetime
    mailmap: Mailmap = NO_MAILMAP


def sign_bytes(data: bytes, namespace: str, key: SigningKey) -> str:
    """An armored signature over `data`, for one namespace.

    A key with a passphrase signs by the agent at `SSH_AUTH_SOCK`; nobody is ever asked for one.

    Raises `SigningError`, and `NoSshKeygenError`.
    """
    with _folder({}) as folder:
        path, name = _key_file(key, folder)
        ran = _run(folder, "ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(path), stdin=data)
    if not ran.is_ok:
        raise _signing_error(ran, name)
    return read_armor(ran.stdout.decode("ascii", "replace")).text


def verify_bytes(  # noqa: PLR0913, PLR0917 - what was signed, for what, by whom, and when
    data: bytes,
    armored: str,
    namespace: str,
    signers: Signers,
    at: datetime,
    mailmap: Mailmap = NO_MAILMAP,
) -> Signed:
    """Who signed `data`, as the allowed signers say for the moment `at`.

    `at` must be a time of our own clock, not one that the signer gives.  Dates in the file without
    a `Z` are in UTC, so that all machines agree.

    Raises `SignatureError` when it is no good signature, or by nobody who is allowed, or by a key
    that belongs to several people; two addresses that `mailmap` connects are one.
    """
    return verify_any(lambda _: data, armored, Check(namespace, signers, at, mailmap))


def verify_any(data: Callable[[str], bytes], armored: str, check: Check) -> Signed:
    """As `verify_bytes`, where what was signed names the signer: `data` makes it for an address.

    Raises what `verify_bytes` raises.
    """
    armor = read_armor(armored)
    if armor.namespace != check.namespace:
        message = f"the signature was made for {armor.namespace!r}, not for {check.namespace!r}"
        hint = f"sign again: ssh-keygen -Y sign -n {check.namespace} -f KEY FILE"
        raise SignatureError(message, hint=hint)
    files = {
        "signature": armor.text.encode(),
        "signers": check.signers.data,
        "revoked": check.signers.revoked,
    }
    with _folder(files) as folder:
        names = _candidates(folder, armor, check)
        for name in names:
            signed = _verify(folder, name, data(name), check)
            if signed:
                # Who else could have made this very signature.
                also = [
                    one for one in names if one == name or _verify(folder, one, data(name), check)
                ]
                _require_one_person(also, check)
                return signed
        raise _why_not(folder, names[0], data(names[0]), check)


def key_fingerprint(key: SigningKey) -> str:
    """The fingerprint of a key that could sign, as the allowed signers' lines have it.

    Raises `SigningError` where there is no such key, and `NoSshKeygenError`.
    """
    with _folder({}) as folder:
        path, name = _key_file(key, folder)
        ran = _run(folder, "ssh-keygen", "-l", "-E", "sha256", "-f", str(path))
    found = _PRINT.search(ran.stdout.decode("utf-8", "replace")) if ran.is_ok else None
    if found is None:
        said = first_line(ran.stderr).rpartition(": ")[2]
        message = f"{name} cannot be read as a key: {said or 'ssh-keygen does not say why'}"
        raise SigningError(message, hint="git config user.signingKey FILE")
    return found[0]


def agent_keys() -> tuple[str, ...]:
    """The public keys that the agent at `SSH_AUTH_SOCK` holds, one line each; none without one.

    Raises `NoSshKeygenError` where the programs of SSH are missing.
    """
    with _folder({}) as folder:
        ran = _run(folder, "ssh-add", "-L")
    lines = ran.stdout.decode("utf-8", "replace").splitlines() if ran.is_ok else []
    return tuple(line for line in lines if _CERTIFICATE not in line)


def _candidates(folder: Path, armor: Armor, check: Check) -> tuple[str, ...]:
    """The addresses that the file gives to the key: the first line's, and those of all others.

    Raises `SignatureError` when there are none.
    """
    ran = _run(folder, "ssh-keygen", *_when("find-principals", check), "-s", "signature")
    first = ran.stdout.decode("utf-8", "replace").splitlines() if ran.is_ok else []
    mine = [one for one in listed(check.signers) if one.fingerprint == armor.fingerprint]
    given = (name for one in mine if not one.is_authority for name in one.principals)
    names = dict.fromkeys((*first, *given))
    found = tuple(name for name in names if is_email(name))[:_MAX_PRINCIPALS]
    if found:
        return found
    of = f" at {check.signers.commit}" if check.signers.commit else ""
    said = f"{check.signers.path}{of} has no line for the key {armor.fingerprint}"
    if names:
        said = f"{check.signers.path} gives the key {armor.fingerprint} to no single e-mail address"
    elif mine and first_line(ran.stderr).startswith("signers:"):
        said = _said(ran, check)
    message = f"the signature is by nobody who is allowed to: {said}"
    raise SignatureError(message, hint=_LOOK)


def _verify(folder: Path, name: str, data: bytes, check: Check) -> Signed | None:
    ran = _run_verify(folder, name, data, check)
    good = _GOOD.search(ran.stdout.decode("utf-8", "replace")) if ran.is_ok else None
    return Signed(name, key_fingerprint=good[2], key_type=good[1]) if good else None


def _run_verify(folder: Path, name: str, data: bytes, check: Check) -> Ran:
    words = [*_when("verify", check), "-n", check.namespace, "-s", "signature", "-I", name]
    if check.signers.revoked:
        words += ["-r", "revoked"]
    return _run(folder, "ssh-keygen", *words, stdin=data)


def _when(verb: str, check: Check) -> tuple[str, ...]:
    moment = check.at.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    return ("-Y", verb, "-O", f"verify-time={moment}", "-f", "signers")


def _require_one_person(names: list[str], check: Check) -> None:
    """Refuse a key of several people: with it, one of them would be a quorum.

    Raises `SignatureError`.
    """
    first = check.mailmap.alike(spelled(names[0]))
    for other in names[1:]:
        if first.isdisjoint(check.mailmap.alike(spelled(other))):
            message = f"{check.signers.path} gives one key to {names[0]} and to {other}"
            raise SignatureError(message, hint="one key a person; .mailmap connects addresses")


def _why_not(folder: Path, name: str, data: bytes, check: Check) -> SignatureError:
    said = _said(_run_verify(folder, name, data, check), check)
    return SignatureError(f"the signature of {name} does not hold: {said}", hint=_LOOK)


def _said(ran: Ran, check: Check) -> str:
    """What `ssh-keygen` had to say, with the file's own name in it."""
    said = first_line(ran.stderr).removeprefix("Signature verification failed: ")
    if said == "incorrect signature":
        return "it is not over this statement"
    if said.startswith("signers:"):
        return check.signers.path + said.removeprefix("signers")
    return said or "ssh-keygen refuses it and does not say why; is the key revoked?"


def _key_file(key: SigningKey, folder: Path) -> tuple[Path, str]:
    """The file to give to `ssh-keygen`, and what to call the key.

    Raises `SigningError` when there is none, or several.
    """
    if isinstance(key, Path):
        return key.absolute(), str(key)
    text = key.removeprefix("key::")
    if key == AGENT:
        held = agent_keys()
        if len(held) != 1:
            message = f"the agent at SSH_AUTH_SOCK holds {len(held)} keys, and one is needed"
            name = "git config gpg.format ssh, and git config user.signingKey KEY.pub say which"
            raise SigningError(message, hint=name if held else "ssh-add KEY")
        text = held[0]
    path = folder / "key.pub"
    path.write_text(text.strip() + "\n")
    return path, "the key " + text.split()[1][-12:] if len(text.split()) > 1 else "the key"


def _signing_error(ran: Ran, name: str) -> SigningError:
    said = first_line(ran.stderr)
    if ran.timed_out:
        return SigningError(f"{name} was not used within {_TIMEOUT_S:.0f} s", hint="touch the key")
    if "passphrase" in said:
        message = f"{name} has a passphrase, and only an agent can be given that"
        return SigningError(message, hint=f"ssh-add {name}, then the same again")
    if "No private key" in said:
        message = f"{name} is a public key, and no agent holds its private one"
        return SigningError(message, hint="ssh-add KEY, or name the private key's file")
    message = f"{name} did not sign: {said or 'ssh-keygen does not say why'}"
    return SigningError(message, hint="ssh-keygen -l -f KEY shows whether it is a key")


def _run(folder: Path, *argv: str, stdin: bytes = b"") -> Ran:
    """Run a program of SSH in the folder of the run.

    Raises `NoSshKeygenError`.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # NOTE: it has no terminal either, so that it can ask nobody, and dates are read as UTC.
    env = {**kept, "LC_ALL": "C", "TZ": "UTC", "SSH_ASKPASS_REQUIRE": "never"}
    try:
        return process.run(
            argv, env=env, cwd=folder, stdin=stdin, timeout=_TIMEOUT_S, max_output=_MAX_OUTPUT
        )
    except process.ProgramNotFoundError as error:
        message = f"there is no {argv[0]} on this machine, which signs and verifies"
        raise NoSshKeygenError(message, hint="apt-get install openssh-client") from error


@contextmanager
def _folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder of the run with files in it, closed to others and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="workflow-ssh-") as name:
        folder = Path(name)
        for file, data in files.items():
            (folder / file).touch(mode=0o600)
            (folder / file).write_bytes(data)
        yield folder
