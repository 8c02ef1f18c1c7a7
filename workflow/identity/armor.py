"""What an SSH signature says of itself, before anything is believed of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from workflow.identity.interface import SignatureError

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_LONGEST = 64 * 1024
"""Characters; a signature by RSA of 16,384 bits has 6,000, one by a certificate some more."""
_MAGIC = b"SSHSIG\x00\x00\x00\x01"
"""And version 1, the only one: PROTOCOL.sshsig of OpenSSH."""
_AGAIN = "sign the statement again: workflow approve NUMBER --statement"


@dataclass(frozen=True, slots=True)
class Armor:
    """A signature that was read: the key in SSH's wire form, and the namespace it was made for."""

    text: str
    key: bytes
    namespace: str

    @property
    def fingerprint(self) -> str:
        """The key's fingerprint as `ssh-keygen -l` prints it; of a certificate, all of it."""
        return fingerprint(self.key)


def read_armor(text: str) -> Armor:
    """The signature in a text that holds one and nothing else.

    Raises `SignatureError` for any other text.
    """
    lines = text[: _LONGEST + 1].strip().splitlines()
    if len(text) > _LONGEST or len(lines) < len((_BEGIN, "", _END)) or lines[0] != _BEGIN:
        message = f"this is no SSH signature: one begins with {_BEGIN}"
        raise SignatureError(message, hint=_AGAIN)
    if lines[-1] != _END:
        message = "the SSH signature is cut off: its last line is missing"
        raise SignatureError(message, hint=_AGAIN)
    try:
        key, namespace = _parts(base64.b64decode("".join(lines[1:-1]), validate=True))
    except (binascii.Error, ValueError) as error:
        message = "the SSH signature is damaged: its lines do not decode to one"
        raise SignatureError(message, hint=_AGAIN) from error
    return Armor("\n".join((*lines, "")), key, namespace)


def _parts(data: bytes) -> tuple[bytes, str]:
    """The key and the namespace of a decoded signature.  Raises `ValueError` if it is not one."""
    if not data.startswith(_MAGIC):
        message = "not a signature of version 1"
        raise ValueError(message)
    key, rest = read_string(data.removeprefix(_MAGIC))
    return key, read_string(rest)[0].decode()


def read_string(data: bytes) -> tuple[bytes, bytes]:
    """A string of SSH's wire format (RFC 4251, section 5) and what follows it.

    Raises `ValueError` when it is cut off.
    """
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        message = "cut off"
        raise ValueError(message)
    return data[4 : 4 + size], data[4 + size :]


def fingerprint(key: bytes) -> str:
    """The fingerprint of a key in SSH's wire form, as `ssh-keygen -l` prints it."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"
