"""Look-alikes: text beside secrets' names, or with secrets' looks, that must survive."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from bench.sealing import keys, wrap
from bench.sealing.alike_more import MORE
from bench.sealing.alike_texts import CODE, CONFIGURATION, DIGESTS, PLACEHOLDERS, PROSE
from bench.sealing.chance import filled, noise, some, words
from bench.sealing.model import Case, Piece, Pieces, Snippet, places, text_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

_MARK = re.compile(r"<<(.*?)>>", re.DOTALL)
_NAMES = (
    "password",
    "db password",
    "api key",
    "secret",
    "client secret",
    "auth token",
    "access token",
    "private key",
    "smtp password",
    "secret key",
    "webhook secret",
    "session key",
)
_FAMILIES = {
    "configuration": CONFIGURATION,
    "code": CODE,
    "digest": DIGESTS,
    "prose": PROSE,
    "more": MORE,
}
_WRAPS = ("file", "file", "file", "file-crlf", "here-document", "markdown-fence", "patch")


def cases(rng: random.Random, count: int) -> Iterator[Case]:
    """`count` look-alikes, the families and their forms in turn."""
    groups = _forms()
    for turn in range(count):
        family = tuple(groups)[turn % len(groups)]
        forms = groups[family]
        name, form = forms[turn // len(groups) % len(forms)]
        snippet = form(rng)
        context = "file"
        if family not in {"public key", "prose"}:
            context = rng.choice(_WRAPS)
            snippet = wrap.DOCUMENTS[context](rng, snippet.path, snippet.pieces)
        data, truth = places(snippet.pieces, "utf-8")
        yield Case(snippet.path, data, truth, name, family, context, "plain")


def _forms() -> dict[str, list[tuple[str, Callable[[random.Random], Snippet]]]]:
    """By family, so that each weighs the same."""
    made = {
        family: [(f"{family}-{number}", _text(*row)) for number, row in enumerate(table)]
        for family, table in _FAMILIES.items()
    }
    made["placeholder"] = [
        (f"placeholder {word}", _text(path, text.replace("%v", word)))
        for path, text in _PLACES
        for word in PLACEHOLDERS
    ]
    made["public key"] = [
        ("certificate", _certificate),
        ("public-pem", _public_pem),
        ("ssh-public", _ssh_public),
        ("pgp-public", _pgp_public),
        ("image", _image),
        ("minified", _minified),
    ]
    return made


_PLACES = (
    (".env", "PORT=80\n@P=<<%v>>\n"),
    ("config.yaml", "db:\n  @p: <<%v>>\n"),
    ("config.yaml", 'db:\n  @p: "<<%v>>"\n'),
    ("config.json", '{"host": "db", "@c": "<<%v>>"}\n'),
    ("config.toml", '[db]\n@p = "<<%v>>"\n'),
    ("app.py", '@P = "<<%v>>"\n'),
    ("site.conf", 'proxy_set_header X-Api-Key "<<%v>>";\n'),
    ("README.md", "Set `@P=<<%v>>` first.\n"),
    ("docker-compose.yml", "    environment:\n      - @P=<<%v>>\n"),
)


def _text(path: str, text: str) -> Callable[[random.Random], Snippet]:
    def make(rng: random.Random) -> Snippet:
        parts = rng.choice(_NAMES).split()
        camel = parts[0] + "".join(part.capitalize() for part in parts[1:])
        done = text.replace("@P", "_".join(parts).upper()).replace("@p", "_".join(parts))
        done = done.replace("@c", camel).replace("@w", " ".join(parts))
        return Snippet(path, _marked(filled(rng, done).replace("%w", words(rng, 1, ""))))

    return make


def _marked(text: str) -> Pieces:
    pieces: list[Piece] = []
    at = 0
    for mark in _MARK.finditer(text):
        pieces += [Piece(text[at : mark.start()]), Piece(mark[1], secret=True)]
        at = mark.end()
    return tuple(piece for piece in (*pieces, Piece(text[at:])) if piece.text)


def _hidden(path: str, before: str, inside: str, after: str) -> Snippet:
    return Snippet(path, (Piece(before), Piece(inside, secret=True), Piece(after)))


def _certificate(rng: random.Random) -> Snippet:
    body = base64.b64encode(b"\x30\x82\x03\x0f\x30\x82\x01\xf7" + noise(rng, 780)).decode()
    text = text_of(keys.armoured("CERTIFICATE", body))
    if rng.random() < 0.3:  # noqa: PLR2004 - seldom
        encoded = base64.b64encode(text.encode()).decode()
        return _hidden("kubeconfig", "certificate-authority-data: ", encoded, "\n")
    label = rng.choice(["CERTIFICATE", "CERTIFICATE REQUEST", "TRUSTED CERTIFICATE", "X509 CRL"])
    return _hidden("ca.pem", "", text.replace("CERTIFICATE", label), "")


def _public_pem(rng: random.Random) -> Snippet:
    label = rng.choice(["PUBLIC KEY", "RSA PUBLIC KEY", "DH PARAMETERS", "EC PARAMETERS"])
    body = base64.b64encode(b"\x30\x82\x01\x22\x30\x0d" + noise(rng, 286)).decode()
    return _hidden("id.pub.pem", "", text_of(keys.armoured(label, body)), "")


def _ssh_public(rng: random.Random) -> Snippet:
    kind = rng.choice(["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
    size = {"ssh-ed25519": 51, "ssh-rsa": 279}.get(kind, 104)
    head = b"\0\0\0" + bytes([len(kind)]) + kind.encode()
    body = base64.b64encode(head + noise(rng, size - len(head))).decode()
    path = rng.choice(["authorized_keys", "known_hosts", "id.pub"])
    before = "github.com " if path == "known_hosts" else ""
    return _hidden(path, before, f"{kind} {body}", " me@laptop\n")


def _pgp_public(rng: random.Random) -> Snippet:
    label = rng.choice(["PGP PUBLIC KEY BLOCK", "PGP SIGNATURE", "PGP MESSAGE"])
    body = base64.b64encode(b"\x99\x01\x0d" + noise(rng, 500)).decode()
    return _hidden("release.asc", "", text_of(keys.armoured(label, body, "\n")), "")


def _image(rng: random.Random) -> Snippet:
    heads = {"png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "gif": b"GIF89a", "jpeg": b"\xff\xd8\xff\xe0"}
    kind = rng.choice(sorted(heads))
    body = base64.b64encode(heads[kind] + noise(rng, rng.randint(200, 3000))).decode()
    before = rng.choice(["url(", '<img src="', '"image/png": "'])
    return _hidden("page.html", f"{before}data:image/{kind};base64,", body, '"\n')


def _minified(rng: random.Random) -> Snippet:
    calls = (
        "function {L1}({L1},{L1}){return {L1}.{L4}({L1})}",
        "var {L1}=this.{L5}Token;",
        "{L1}.password={L1}.{L3}||null;",
        'if(!{L1}.secret)throw Error("missing secret");',
        "{L1}={L1}?{L1}.key:{L1}[{d2}];",
        "tokenize:function({L1}){return {L1}.split(/[{L2}]+/)},",
    )
    body = "".join(filled(rng, rng.choice(calls)) for _ in range(rng.randint(30, 90)))
    return _hidden("app.min.js", "!function(){", body, f"}}();//{some(rng, 'h', 8)}\n")
