"""Which words of what people type have the shape of a secret, and which are names of things."""

from __future__ import annotations

import re

from workflow.redaction.plausible import Syntax, is_boilerplate, is_random, is_reference, is_value

_LEAST, _MIXED, _LONG, _KEY = 6, 8, 16, 24
_HUMP = 4
"""Letters that the words of a name have on average: chance changes sooner."""
_HEAD = 1024
_SIZE = re.compile(
    rb"[#v~<>=+-]{0,2}\d[\d.,_]*[A-Za-z%]{0,4}\Z|[a-z]{1,3}\d+(?:\.\d+)*\Z|"
    rb"\d{1,4}[-/.:]\d{1,2}(?:[-/.:]\d{1,4})?(?:[T ][\d:.,+-]+Z?)?\Z|"
    rb"[A-Za-z]+[/-]?v?\d+(?:\.\d+)+\Z",
)
"""Sizes, times, dates, versions: `16k`, `30s`, `2026-11-22`, `TLSv1.3`."""
_TECHNICAL = re.compile(
    rb"(?i)(?:utf8mb[34]|secp\d+[kr]1|prime\d+v\d|base\d\durl|argon2id?|x86_64|x509v3|"
    rb"(?:pbkdf2|hmac|rsa|ecdsa|ed25519)?[_-]?(?:with)?[_-]?sha[_-]?\d+(?:[_-]?(?:sum|rsa|ecdsa))?|"
    rb"(?:c?[hrepk]s)\d{3}k?|aes[_-]?\d+[_-]?[a-z]{3}(?:[_-]?sha\d+)?|[a-z]?2fa|oauth2?[a-z]*|"
    rb"i18n|l10n|a11y|k8s\w*|e2e\w*|s3|ec2\w*|b2b\w*|p2p\w*|ipv[46]\w*|http[s23]{0,2}|h2c)\Z"
)
_NAME = re.compile(rb"[A-Za-z]+\d{0,2}(?:[_-]+(?:[A-Za-z]{3,}\d{0,4}|[A-Za-z]+|v?\d{1,4}))*\Z")
"""A word or words that are joined, with a number at the most: `proxy_read_timeout`, `us-east-1`."""
_ALIKE = re.compile(
    rb"[\w./-]*#(?:\d+|[A-Za-z]+)\Z|[\w.*-]+(?:\|[\w.*-]+)+\Z|0x[0-9A-Fa-f]{1,16}\Z|.*\.\.\.|"
    rb"[\w.-]*/[\w./-]*\?[\w.-]+\Z|U\+[0-9A-F]{4,6}\Z|.*\\[ux][0-9a-f]{2}|.*\]\(|_?\*\*|%[\w.]+%"
)
"""Names with a sign: `owner/project#12`, `Class#method`, `this|that`, addresses."""
_EXTENDED = re.compile(rb"[\w.@+-]*\w\.[A-Za-z][A-Za-z0-9]{0,9}(?::\d+)*\Z")
_DOMAIN = re.compile(rb"(?:[\w*-]+\.)+[A-Za-z][A-Za-z-]+(?::\d+)?\Z")
_ADDRESS = re.compile(
    rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)+\Z|\[?[0-9a-fA-F]*:[0-9a-fA-F:.]*\]?(?:/\d+)?\Z"
)
_NETWORK = re.compile(rb"\d+(?:\.\d+){3}(?:[/:]\d+)?\Z")
_CODE = re.compile(
    rb"\w\(|\A[\w.-]*\[[\w\"']*\]|::|->|\A[-+*/=|&<>#]+\Z|\A-[a-z][a-z-]*\Z|\A--[a-z][a-z0-9-]*\Z|\A-[A-Za-z]\Z|\A@\w+\Z"
)
_UUID = re.compile(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_TURN = re.compile(rb"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])")
_SIGN = re.compile(rb"[!#$%^&*~+@?|](?=.)|(?<=[0-9])[!#$%^&*~+@?|]\Z")
_LETTERS = re.compile(rb"[A-Za-z]+\Z")
_HUMPS = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ENDED = re.compile(rb"[A-Za-z]+(?:[_-][A-Za-z]+)*\d+\w*\Z")
_ONE = re.compile(rb"[^_/=]*[A-Za-z][^_/=]*\Z")
_JOINED = re.compile(rb"[A-Za-z]+(?:-(?:[A-Za-z]+|\d{1,4}))+\Z")
_CAMEL = re.compile(rb"[A-Z]?[a-z]{2,}(?:[A-Z][a-z]{2,})+\Z|[A-Z]+\Z")
_HARSH = re.compile(rb"(?i)[bcdfghjklmnpqrtvwxz]{5}|q[^u]|[jv][bcdfghjkmnpqtvwxz]|[jqvxz]\w*[jqxz]")
_VOWEL = re.compile(rb"(?i)[aeiouy]")
_PATH = re.compile(rb"(?:~|\.{0,2})/|[\w.@+-]+(?:/[\w.@+-]+)*/?\Z")
_GIT = re.compile(rb"[0-9a-f]{7,40}\Z")


def is_git_id(value: bytes) -> bool:
    """Whether `value` could be the id of a commit, whole or short."""
    return _GIT.match(value) is not None


def is_thing(value: bytes) -> bool:
    """Whether `value` names a place, a size, a version or code, or is an example."""
    head = value[:_HEAD]
    if (
        head.startswith(b"//")
        or is_reference(head)
        or is_boilerplate(head)
        or _CODE.search(head)
        or b"://" in head
    ):
        return True
    if _SIZE.match(head) and not head.isdigit():
        return True
    if any(p.match(head) for p in (_TECHNICAL, _ADDRESS, _NETWORK)):
        return True
    return _is_place(head)


def _is_place(head: bytes) -> bool:
    """Whether `head` is a path, a file or a host, and no part of it is drawn by chance."""
    if b"/" in head:
        if not _PATH.match(head):
            return False
    elif not _EXTENDED.match(head) and not _DOMAIN.match(head):
        return False
    if head[:1] not in b"/.~" and b"." not in head and is_random(head, _KEY):
        return False
    return not any(is_random(part, _LONG) for part in re.split(rb"[/.]", head))


def is_secret_word(value: bytes) -> bool:
    """Whether no name and no word of a sentence looks like `value`, wherever it stands."""
    head = value[:_HEAD]
    if len(head) < _LEAST or is_thing(head) or _UUID.match(head) or _ALIKE.match(head):
        return False
    if _LETTERS.match(head):
        return is_random(head, _MIXED) or (len(head) >= _LONG and _is_noise(head))
    has_digit = re.search(rb"\d", head) is not None
    has_letter = re.search(rb"[A-Za-z]", head) is not None
    if has_letter and _SIGN.search(head):
        return has_digit or _is_mixed_case(head)
    return _is_drawn(head) if has_digit and has_letter else is_random(head, _LONG)


def _is_drawn(head: bytes) -> bool:
    """Whether letters and digits change as they do in no name."""
    if _NAME.match(head):
        return len(head) >= _MIXED and _is_jumbled(head)
    if re.search(rb"[_.-]", head):
        parts = re.split(rb"[_.-]+", head)
        return is_random(head, _LONG) or any(len(_TURN.findall(part)) > 1 for part in parts)
    humps = _HUMPS.findall(head)
    is_camel = head.upper() != head and sum(map(len, humps)) >= _HUMP * len(humps)
    if is_camel and not any(_HARSH.search(hump) for hump in humps):
        return False  # `Http2Session`
    return len(_TURN.findall(head)) > 1 or is_random(head, _MIXED)


def is_said(value: bytes) -> bool:
    """Whether `value`, directly behind the word for a secret, is one: `hunter2`, `otter-lamp42`."""
    head = value[:_HEAD]
    if is_secret_word(head) or _UUID.match(head):
        return True
    if len(head) < _LEAST or is_thing(head):
        return False
    if head.isdigit():
        return True
    if _LETTERS.match(head):
        return len(head) >= _LONG and not _CAMEL.match(head)
    if not re.search(rb"\d", head):
        return False
    return _ENDED.match(head) is not None or (
        _ONE.match(head) is not None and not _JOINED.match(head)
    )


def is_quoted(value: bytes) -> bool:
    """Whether text in quotes, directly behind the word for a secret, is one; plain words are."""
    head = value[:_HEAD]
    if is_thing(head) or re.fullmatch(rb"[A-Za-z]+(?:[_-]+[A-Za-z]+)+|[A-Z_]+", head):
        return False
    if re.fullmatch(rb"[\d.]+[A-Za-z]{0,2}", head) and len(head) < _LEAST:
        return False
    return is_value(head, sure=True, quoted=True, syntax=Syntax.UNKNOWN)


def _is_mixed_case(value: bytes) -> bool:
    return value.lower() != value and value.upper() != value and len(value) >= _MIXED


def _is_jumbled(value: bytes) -> bool:
    """Whether capitals and small letters of one word change as they do in no name."""
    humps = _HUMPS.findall(value)
    is_one = not re.search(rb"[_-]", value)
    return is_one and _is_mixed_case(value) and sum(map(len, humps)) < 3 * len(humps)


def _is_noise(value: bytes) -> bool:
    """Whether letters are drawn by chance: too few vowels, or ones that never meet in words."""
    humps = _HUMPS.findall(value)
    if len(humps) > 1:
        return len(value) < 3 * len(humps) or any(_HARSH.search(hump) for hump in humps)
    return _HARSH.search(value) is not None or len(_VOWEL.findall(value)) * 10 < len(value) * 3
