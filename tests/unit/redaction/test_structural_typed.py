"""What people type, without a path: which values are taken from it, and what stays readable."""

from __future__ import annotations

import ast
import random
import re
import string
import time
from pathlib import Path

import pytest

from workflow.redaction.find import merged
from workflow.redaction.structural import Structural, talk

_TOP = Path(__file__).resolve().parents[3]
_RNG = random.Random(48)  # noqa: S311 - sample values, made here so that the repository holds none
_MIXED = string.ascii_letters + string.digits


def _drawn(alphabet: str, size: int) -> str:
    return "".join(_RNG.choice(alphabet) for _ in range(size))


_VALUES = (
    "T8" + _drawn(_MIXED, 10),
    _drawn(_MIXED, 30) + "4k",
    _drawn(string.hexdigits.lower(), 32),
    "Xq" + _drawn(string.ascii_letters, 28) + "jV",
    "4" + _drawn(_MIXED, 5) + "!" + _drawn(_MIXED, 4) + "$7",
    _drawn(_MIXED + "+/", 40) + "9Q==",
)
# `~` is a value, `@` another one.
_PHRASES = (
    "set the db password to ~",
    "set DB_PASSWORD to ~",
    "set DB_PASSWORD to '~'",
    "set `DB_PASSWORD` to `~`",
    "DB_PASSWORD should be ~",
    "use ~ as the password",
    "rotate the API key (~)",
    "change the secret from @ to ~",
    "replace the old key @ by ~",
    "the credentials are admin and ~",
    "log in as admin / ~",
    "login bob, ~",
    "admin:~",
    "user bob pass ~",
    "the pw is ~",
    "set proxy header X-Api-Key to ~",
    "use secret ~ for the webhook",
    "new password ~ please",
    "change it. Password:\n~",
    "password=~ must go first",
    "the password for the database of ours should from now on be ~.",
    "in the vault we have ~",
    "use ~ to sign in",
    "call it with Bearer ~ and -u bob:@",
    "Das Passwort lautet ~, bitte eintragen",
    "paßwort ~",
    "le mot de passe est ~",
    "la contraseña es ~",
    "the value of API_TOKEN: ~; and the password is @",
    'send {"password":"~","url":"http://h/x"}',
    "**password**: **~**",
)


def _left(text: str) -> str:
    data = text.encode()
    for span in reversed(merged(Structural().find(data, ""))):
        data = data[: span.start] + b"#" + data[span.end :]
    return data.decode()


@pytest.mark.parametrize("phrase", _PHRASES)
def test_values_that_are_told_are_taken(phrase: str) -> None:
    """Every value goes, of whatever shape, and nothing besides does."""
    for at, value in enumerate(_VALUES):
        text = phrase.replace("~", value).replace("@", _VALUES[at - 1])
        assert _left(text) == re.sub("[~@]", "#", phrase), at


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("the PIN is now 48" + "1516", "the PIN is now #"),
        ("change the password to hunter" + "2", "change the password to #"),
        ("sign with hunter" + "2", "sign with #"),
        ("set the token to otter-" + "lamp42", "set the token to #"),
        ("the password should be 'correct" + "horse'", "the password should be '#'"),
        ("the password should be 'otter lamp " + "river'", "the password should be '#'"),
        ("the password is Winter" + "2025!", "the password is #"),
    ],
)
def test_directly_behind_its_word_less_is_a_value(text: str, left: str) -> None:
    """Digits, words with digits, and words in quotes count only there."""
    assert _left(text) == left


_ORDINARY = (
    "limit tokens to 16k and set max-age=31536000 for cookies",
    "add header X-Api-Key to /v1/validate in nginx/site.conf, see app.py",
    "set proxy_read_timeout to 30s, HTTP/2 and TLSv1.3 on 8080 for the login page",
    "pass $http_authorization and ${DB_PASSWORD} on; get_token() reads API_TOKEN",
    "the secret expires on 2026-11-22, rotate it with https://vault.corp.example/ui/v2 please",
    "set the token limit to 100000 and the password length to 128000",
    "revert commit 8535bf7a, it broke the login with OAuth2 and sha256",
    "use Http2Session and AES-256-GCM for the key; PROJ-1234, us-east-1, owner/project#1389",
    "mail bob42@corp.example the password policy, host db12.corp.example, 10.0.0.12",
    "token: <your-token-here1>, password changeme, secret xxxxxxxx",
    "change client_max_body_size to '16k' and the cookie to `proxy_cookie_path`",
    "internationalization of the password prompt, misconfiguration of tokens",
)


@pytest.mark.parametrize("text", _ORDINARY)
def test_ordinary_words_stay(text: str) -> None:
    """Names, places, sizes, times, versions and references stay, near such words, too."""
    assert _left(text) == text


def _requests() -> list[str]:
    """What the tests and documents of this project ask for."""
    found: set[str] = set()
    for path in [_TOP / "README.md", *sorted((_TOP / "docs").glob("*.md"))]:
        text = path.read_text("utf-8")
        found.update(re.findall(r'workflow propose "([^"]+)"', text))
    for folder in ("tests/integration", "tests/unit/providers"):
        for path in sorted((_TOP / folder).rglob("test_*.py")):
            nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
            texts = (node.value for node in nodes if isinstance(node, ast.Constant))
            start = re.compile(
                r"(?:add|allow|set|limit|change|make|raise|remove|block|let) ", re.IGNORECASE
            )
            found.update(t for t in texts if isinstance(t, str) and start.match(t))
    return sorted(found)


def test_the_requests_of_this_project_stay() -> None:
    """The offline drafter still reads them: each is byte for byte what was typed."""
    requests = _requests()
    assert len(requests) > 50
    assert "Add a /collect endpoint and allow origin https://s.ado.im via CORS and CSP" in requests
    assert [text for text in requests if _left(text) != text] == []


def test_a_file_is_not_read_as_talk() -> None:
    """With a path, and in a patch, words of a secret's shape near `key` are names."""
    text = f"rotate the API key ({_VALUES[0]})".encode()
    assert list(Structural().find(text, ""))
    assert not list(Structural().find(text, "a.py"))
    assert not list(Structural().find(b"diff --git a/x b/x\n" + text, ""))


def test_a_log_has_words_behind_its_values() -> None:
    """In a log the first word behind `password=` is the value, and only if it looks like one."""
    for value in _VALUES:
        text = f"12:01 password={value} must go first\n".encode()
        (span,) = Structural().find(text, "deploy.log")
        assert text[span.start : span.end].decode() == value
    assert not list(Structural().find(b"password: please enter it again\n", "deploy.log"))


_PIECES = ("password ", "password", "password to `", "password: 'x", "key=Aa1Bb2Cc3&", "pw\n")


@pytest.mark.parametrize(
    ("piece", "size"), [*((piece, 1 << 18) for piece in _PIECES), ("password" + "=" * 900, 1 << 21)]
)
def test_talk_is_read_in_linear_time(piece: str, size: int) -> None:
    """Four times the text takes no more than about four times the time."""
    seconds = []
    for part in (size // 4, size):
        data = (piece * (part // len(piece))).encode()
        start = time.process_time()
        list(talk.find(data))
        seconds.append(time.process_time() - start)
    assert seconds[1] < 8 * seconds[0] + 0.1


def test_a_secret_in_a_long_pasted_text_is_told() -> None:
    """Right behind its word a value is taken from a text of any length."""
    text = f"{'some words here. ' * 3000}\nset the password to {_VALUES[0]}\n"
    assert _left(text) == text.replace(_VALUES[0], "#")
