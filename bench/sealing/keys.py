"""Private keys in every armour, and other secrets of cryptography: random bytes, right shapes."""

from __future__ import annotations

import base64
import binascii
import json
import textwrap
from typing import TYPE_CHECKING

from bench.sealing.chance import filled, noise, some
from bench.sealing.model import Kind, Piece, Pieces, secret

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_WIDTH = 64
_CRC24_START, _CRC24_POLYNOMIAL = 0xB704CE, 0x1864CFB

# The label, the bytes that the body begins with, and how many follow.
_PEM: dict[str, tuple[str, bytes, int]] = {
    "rsa-1024": ("RSA PRIVATE KEY", b"\x30\x82\x02\x5c\x02\x01\x00\x02\x81\x81\x00", 600),
    "rsa-2048": ("RSA PRIVATE KEY", b"\x30\x82\x04\xa4\x02\x01\x00\x02\x82\x01\x01\x00", 1180),
    "rsa-4096": ("RSA PRIVATE KEY", b"\x30\x82\x09\x29\x02\x01\x00\x02\x82\x02\x01\x00", 2340),
    "ec": ("EC PRIVATE KEY", b"\x30\x77\x02\x01\x01\x04\x20", 114),
    "dsa": ("DSA PRIVATE KEY", b"\x30\x82\x03\x56\x02\x01\x00", 850),
    "pkcs8-rsa": ("PRIVATE KEY", b"\x30\x82\x04\xbe\x02\x01\x00\x30\x0d\x06\x09", 1200),
    "pkcs8-ed25519": ("PRIVATE KEY", b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04", 34),
    "pkcs8-encrypted": ("ENCRYPTED PRIVATE KEY", b"\x30\x82\x05\x0e\x30\x40\x06\x09", 1290),
    "openssh-ed25519": ("OPENSSH PRIVATE KEY", b"openssh-key-v1\0\0\0\0\x04none", 380),
    "openssh-rsa": ("OPENSSH PRIVATE KEY", b"openssh-key-v1\0\0\0\0\x0aaes256-ctr", 1850),
}


def _pem(label: str, head: bytes, size: int, extra: str = "") -> Callable[[random.Random], Pieces]:
    def make(rng: random.Random) -> Pieces:
        body = base64.b64encode(head + noise(rng, size)).decode()
        return armoured(label, body, extra)

    return make


def armoured(label: str, body: str, extra: str = "", width: int = _WIDTH) -> Pieces:
    """PEM: the lines of the body are the secret, the lines around them are not."""
    pieces = [Piece(f"-----BEGIN {label}-----\n{extra}")]
    for line in textwrap.wrap(body, width):
        pieces += [Piece(line, secret=True), Piece("\n")]
    pieces.append(Piece(f"-----END {label}-----\n"))
    return tuple(pieces)


def _legacy_encrypted(rng: random.Random) -> Pieces:
    extra = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,{some(rng, 'H', 32)}\n\n"
    return _pem("RSA PRIVATE KEY", b"", 1192, extra)(rng)


def _pgp(rng: random.Random) -> Pieces:
    raw = b"\x95\x03\x98" + noise(rng, 920)
    crc = base64.b64encode(_crc24(raw).to_bytes(3, "big")).decode()
    body = armoured("PGP PRIVATE KEY BLOCK", base64.b64encode(raw).decode(), "\n")
    return (*body[:-1], Piece(f"={crc}\n"), body[-1])


def _crc24(data: bytes) -> int:
    """The checksum of RFC 9580, section 6.1."""
    value = _CRC24_START
    for byte in data:
        value ^= byte << 16
        for _ in range(8):
            value <<= 1
            if value & 0x1000000:
                value ^= _CRC24_POLYNOMIAL
    return value


def _putty(rng: random.Random) -> Pieces:
    public = textwrap.wrap(base64.b64encode(noise(rng, 51)).decode(), _WIDTH)
    private = textwrap.wrap(base64.b64encode(noise(rng, 36)).decode(), _WIDTH)
    head = "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: work\nPublic-Lines: "
    lines = "".join(f"{line}\n" for line in public)
    made = [Piece(f"{head}{len(public)}\n{lines}Private-Lines: {len(private)}\n")]
    for line in private:
        made += [Piece(line, secret=True), Piece("\n")]
    return (*made, Piece(f"Private-MAC: {some(rng, 'h', 64)}\n"))


def _ssh2(rng: random.Random) -> Pieces:
    body = base64.b64encode(noise(rng, 600)).decode()
    label = "SSH2 ENCRYPTED PRIVATE KEY"
    pieces = [Piece(f'---- BEGIN {label} ----\nComment: "rsa-key"\n')]
    for line in textwrap.wrap(body, 70):
        pieces += [Piece(line, secret=True), Piece("\n")]
    return (*pieces, Piece(f"---- END {label} ----\n"))


def _certificate_and_key(rng: random.Random) -> Pieces:
    public = base64.b64encode(b"\x30\x82\x03\x0f\x30\x82\x01\xf7" + noise(rng, 700)).decode()
    certificate = tuple(Piece(text) for text, _ in armoured("CERTIFICATE", public))
    return (*certificate, *_pem(*_PEM["pkcs8-rsa"])(rng))


def _jwt(header: dict[str, str], size: int) -> Callable[[random.Random], Pieces]:
    def make(rng: random.Random) -> Pieces:
        claims = {
            "iss": "https://id.example.com/",
            "sub": some(rng, "d", 10),
            "exp": rng.randrange(1_700_000_000, 1_900_000_000),
        }
        parts = [_compact(header), _compact(claims), _url64(noise(rng, size))]
        return secret(".".join(parts))

    return make


def _compact(value: object) -> str:
    return _url64(json.dumps(value, separators=(",", ":")).encode())


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _of(template: str) -> Callable[[random.Random], Pieces]:
    return lambda rng: secret(filled(rng, template))


def _age(rng: random.Random) -> Pieces:
    return secret("AGE-SECRET-KEY-1" + some(rng, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58))


def _stellar(rng: random.Random) -> Pieces:
    raw = b"\x90" + noise(rng, 32)
    crc = binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    return secret(base64.b32encode(raw + crc).decode().rstrip("="))


_BLOCK_NAMES = ("private key", "tls key", "ssh private key", "signing key")
_WORD_KINDS = (
    Kind("jwt-hs256", "key", _jwt({"alg": "HS256", "typ": "JWT"}, 32), ("access token",), True),
    Kind("jwt-rs256", "key", _jwt({"alg": "RS256", "kid": "k1"}, 256), ("id token",), True),
    Kind("age", "key", _age, ("age key",), True),
    Kind("wireguard", "key", _of("{b64:32}"), ("wireguard private key", "preshared key")),
    Kind("ethereum", "key", _of("0x{h64}"), ("eth private key", "wallet private key")),
    Kind("nacl", "key", _of("{h128}"), ("signing private key",)),
    Kind("bitcoin-wif", "key", _of("5K{a49}"), ("wallet private key",)),
    Kind("stellar", "key", _stellar, ("stellar secret seed",)),
    Kind("rails-master", "key", _of("{h32}"), ("rails master key",)),
    Kind("luks", "key", _of("{b64:48}"), ("luks passphrase", "disk encryption key")),
)
KINDS = (
    *(
        Kind(f"pem-{name}", "key", _pem(*row), _BLOCK_NAMES, shaped=True)
        for name, row in _PEM.items()
    ),
    Kind("pem-rsa-legacy-encrypted", "key", _legacy_encrypted, _BLOCK_NAMES, shaped=True),
    Kind("pem-with-certificate", "key", _certificate_and_key, ("server pem",), shaped=True),
    Kind("pgp", "key", _pgp, ("gpg private key",), shaped=True),
    Kind("putty", "key", _putty, ("ppk",), shaped=True),
    Kind("ssh2", "key", _ssh2, _BLOCK_NAMES, shaped=True),
    *_WORD_KINDS,
)
