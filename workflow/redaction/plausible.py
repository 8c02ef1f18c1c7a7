"""Tells values from what merely stands where one could: references, examples, code and prose."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache


class Syntax(Enum):
    """What a file's name says of its syntax."""

    CONFIG = "config"
    """Settings, shell, data: an unquoted right-hand side is a value."""
    CODE = "code"
    """Source code: an unquoted right-hand side is an expression."""
    PROSE = "prose"
    """Documents for people: names stand there that have no value."""
    UNKNOWN = "unknown"
    """No name, or one that says nothing, such as text of a prompt."""


# Beyond this many bytes of a value nothing more is learnt about whether it is one.
_LOOK = 512
# In characters: an example is shorter, a passphrase has fewer blanks, a token of letters is longer,
# a password of letters in code is no shorter; so few differing characters are no chance.
_SENTENCE = 80
_PHRASE = 15
_LONG_WORD = 20
_SHORT_WORD = 6
_FEW = 2
_LOWER = b"abcdefghijklmnopqrstuvwxyz"

_REFERENCE = re.compile(
    rb"\$\w+\Z|\$\w+(?:\[|->|-\Z)|\$\w+::|\$[({@][\w.:!/(]|[$#%@]\{|%\([\w.]+\)[a-z]|%[sdrv](?:\W|\Z)|%\w+%\Z|\{\{[\s\w-]|\{%[-\s]|<%[=\s-]\s*\w|<[^<>]*>\Z|"
    rb"@[\w.-]+@\Z|![A-Za-z][\w:/]*(?=\s|\Z)|ref\+|\w+\+vault:|ENC\[|vault:|arn:aws|ssm:|op://|secret[s]?manager|env[:(.]|file:|"
    rb"process\.env|os\.environ|os\.getenv|System\.getenv|ENV\[|getenv|`\w|&[a-z]\w*\Z|\*[a-z]\w*\Z|"
    rb"(?:secrets?|vars?|var|local|data|module|config|settings|params?|self|this|args|options|env|"
    rb"inputs?|context|ctx|req|request|props|state|values|process)\.[a-zA-Z_][\w.\[\]]*\Z|"
    rb"M(?:FkwEwYHKoZI|IIBIjANBgkq|CowBQYDK2Vw|IGfMA0GCSq|IICIjANBgkq|HYwEAYHKoZI)|"
    rb"projects/[\w-]+/secrets|keyring:|lookup\(|hiera\(|\[%\s|(?:\|\||&&)\s|__\w+__\Z"
)
_INNER = re.compile(
    rb"\$\{\w|\{\{[\s\w-]|\w\|\|\w|\s\|\|\s|\$\(\w|%\([\w.]+\)s|<%=\s*\w|#\{\w|\{(?:[A-Za-z_][\w.]*|\d*)(?:![rsa])?(?::[^{}]{0,12})?\}|(?:^|[\s:/@=])%[sdr](?:\Z|[\s:/@])"
)
_BOILER = re.compile(
    rb"(?i)(?:x{3,}|\*{2,}|\.{3,}|-{3,}|_{3,}|#{3,}|\?{3,}|0+|1234(?:5(?:6(?:7(?:89?0?)?)?)?)?|"
    rb"n/?a|true\|false|<.*>|\[.*\]|\(.*\)|.*change[_-]?(?:me|it|this).*|.*replace[_-]?(?:me|with|this).*|"
    rb"(?:.*[^a-z])?your[_ -]?(?:own|api|secret|pass|token|key|name|db|user|app|access|client|"
    rb"auth|private|super|strong|real|very|smtp|jwt|new|long|random|aws|org|id)?[a-z_ -]*.{0,4}|"
    rb".*(?:example|placeholder|redacted|dummy|xxxxx|\*\*\*\*|\.\.\.\.).*|"
    rb"insert[_-].*|enter[_-].*|todo\b.*|fixme\b.*|fill[_-]?(?:me|in).*|.*[_-]here|"
    rb"#[0-9a-f]{3,8}|v?\d+(?:\.\d+)+-?(?:\d+(?:\.\d+)*)?|sha\d{1,3}[:-].*|md5[:-].*|lorem.*|.*&(?:[lr]dquo|nbsp).*|not[_-]?a?[_-]?(?:real|secret|used|set).*|abc(?:123|def)?|foo\w{0,6}|bar|baz|qux|"
    rb"utf[-_]?(?:8|16|32)(?:[-_]?(?:sig|le|be))?|latin[-_]?1|iso-?8859-\d+|cp\d{3,4}|"
    rb"windows-125\d|(?:hmac-?)?sha-?\d{1,3}|aes-?\d{3}(?:-?[cg][bc][cm])?|hs\d{3}|rs\d{3}|"
    rb"\d+\*[a-z]+|(?:my|some|the|prop|a)?[_-]?val(?:ue)?[0-9]?(?:[,/&;' ].*)?|hello\w*|asdf\w*)\Z"
)
_TYPES = re.compile(
    rb"(?:Optional|Union|List|Dict|Set|Tuple|Literal|Secret(?:Str|Bytes)?|Callable|Any|Type|list|"
    rb"dict|set|tuple|type|Array|Map|Record|Promise|Vec|Option|Result|Box)?[\[<].*|"
    rb"(?i:str(?:ing)?|int(?:eger)?|bytes?|bool(?:ean)?|float|number|object|any|None|null|nil|"
    rb"undefined|true|false|yes|no|on|off|void|char|varchar|text|binary|blob|uuid|long|double|"
    rb"array|map|list|dict|optional|required|secretstr|default|empty|unset|auto|never|always)"
    rb"(?:\(\d+\))?\??"
)
_PATH = re.compile(
    rb"(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][\w.@+-]+){2,}[/\\]?\Z|\.{1,2}/[\w./-]+\Z|~/[\w./-]+\Z|"
    rb"/[a-z][\w.-]*\Z|[\w./-]+\.(?:pem|key|crt|cer|json|ya?ml|toml|txt|env|py|js|ts|go|rb|php|p12|"
    rb"pfx|jks|pub|conf|cfg|ini|html?|md|rst|xml|sh|db|log|gpg|asc|so|h|c)\Z|"
    rb"(?:https?|ftp|file|unix|ldaps?|tcp)://[^\s?#@]*\Z|\w+/\w+\.\w+\Z"
)
_CALL = re.compile(
    rb"[\w.$:>-]*[A-Za-z_]\w*[!?]?\s*\(|\w+\[[\w\"']+\]\Z|(?:new|await|return|lambda|function|"
    rb"async|not|if|else|def|class|func|fn)\b"
)
_DOTTED = re.compile(rb"[a-z_]\w*(?:(?:\.|->|::|\?\.)[A-Za-z_]\w*)+(?:\[.*\])?\Z")
_IDENT = re.compile(rb"[A-Za-z_][A-Za-z_]*\Z")
_WORDS = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LETTERS = re.compile(rb"[A-Za-z_ .,:;!?'-]+\Z")
_STOP = re.compile(
    rb"(?i)\b(?:the|a|an|to|of|for|is|are|be|your|you|my|must|and|or|not|with|from|in|on|this|that|"
    rb"please|enter|password|passphrase|token|secret|key|user|if|it|was|will|can|should|may|by|as|"
    rb"at|no|invalid|new|use|used|has|have|when|which|der|die|das|ist|ein|eine|und|nicht|bitte|le|"
    rb"la|les|de|du|est|un|une|pour|votre|mot|el|los|su|para|por|una|contrase\S*)\b"
)
# In prose: letters and digits in one word, or signs where no word of a text has them.
_ODD = re.compile(
    rb"(?=\S*[A-Za-z]\S*\d|\S*\d\S*[A-Za-z])\S{6,}\Z|"
    rb"(?=\w*[%^?!=+~@$&*#.-]+\w*[%^?!=+~@$&#])(?=\S*[A-Za-z])\w[\w%^?!=+~@$&*#.-]{7,}\Z"
)
_COLOUR = re.compile(rb"#[0-9A-Fa-f]{6}\b")
_GENERIC = frozenset(
    b"password passwd pass pwd passphrase passcode secret secrets token tokens api key keys apikey "
    b"access private public client user username name login auth authorization authentication "
    b"authenticate bearer basic digest cookie cookies session id ids email mail host hostname port "
    b"url uri path file database db my new old your our his the some any test testing tests "
    b"tester value values string str type types text data field form input param params query "
    b"header headers body default none null undefined example sample demo dummy fake mock stub "
    b"placeholder invalid valid wrong right correct incorrect bad good missing empty unknown "
    b"refresh reset confirm confirmation current verify verification csrf xsrf middleware oauth "
    b"oauth2 jwt saml ldap credential credentials signing signature encryption encrypted encrypt "
    b"hash hashed salt pepper admin root guest anonymous service account app application server "
    b"config configuration settings setting env environment variable var prod production dev "
    b"development staging local localhost hidden masked plain raw base64 hex json xml yaml sha "
    b"sha1 sha256 sha512 md5 hmac rsa dsa ecdsa ed25519 aes pin otp totp code codes number "
    b"integer boolean bool int object array list dict map of a an to in is for and or not no yes "
    b"on off declare refuse allow allowed deny denied enable enabled disable disabled always never "
    b"true false on off with from by as required optional is_null identifier word words this that "
    b"manager provider store backend handler model view label help prompt message error warning "
    b"info debug webhook dsn connection sid ssl tls ssh pgp gpg cert certificate ca pem der "
    b"passwort kennwort benutzer contrasena clave mot de passe senha parola wachtwoord heslo "
    b"here goes put it set get foo bar baz spam ham eggs xxx abc x y z a b c d e f k v s t "
    b"hello world something anything nothing whatever redacted removed deleted replace change me "
    b"primary secondary master slave read write only generic custom other system operator keyword "
    b"start end begin middle expires expiry expired next previous page sort by order index content "
    b"lifetime scope grant flow implicit exchange introspection revocation endpoint urn ietf "
    b"files systemd compat sss nis winbind scram permissive length min max minimum maximum size "
    b"limit count policy strength show hide toggle forgot "
    b"forgotten remember strong weak short long mixed simple complex interactive".split()
)


_COUNTS = frozenset(b"0 00 1 01 2 02 3 12 123 1234 16 32 64 128 256 512 2fa".split())
_NAMED = re.compile(
    rb"(?i)(?:^|[_.-])(?:secrets?|passwords?|credentials?|tokens?|keys?|creds)\Z|(?:Password|Secret|Token|Key)\Z"
)


@lru_cache(maxsize=4096)
def _is_generic(value: bytes) -> bool:
    """Whether `value` is put together of nothing but the words that such names are made of."""
    if not _LETTERS.match(value) and not re.match(rb"[\w -]+\Z", value):
        return False
    words = [w.lower() for w in _WORDS.findall(value)]
    if any(w.isdigit() for w in words) and any(len(w) == 1 and w.isalpha() for w in words):
        return False
    return bool(words) and all(w in _GENERIC or w in _COUNTS for w in words)


def is_boilerplate(value: bytes) -> bool:
    """Whether `value` is an example that nobody is let in by, such as `changeme` or `xxxx`."""
    head = value[:_LOOK]
    if b"EXAMPLE" in head or b"xxxxxx" in head or b"XXXXXX" in head:
        return True
    return len(head) < _SENTENCE and (_BOILER.match(head) is not None or len(set(head)) <= _FEW)


def is_random(value: bytes, least: int = 12) -> bool:
    """Whether `value` looks drawn by chance: long enough, one word, of mixed characters."""
    head = value[:_LOOK]
    if len(head) < least or b" " in head or len(set(head)) < min(8, len(head) // 2 + 1):
        return False
    digits = len(head) - len(head.translate(None, b"0123456789"))
    lower = len(head) - len(head.translate(None, _LOWER))
    upper = len(head) - len(head.translate(None, _LOWER.upper()))
    if digits >= _FEW and lower + upper >= _FEW:
        # Chance changes between letters and digits every few characters.
        turns = len(re.findall(rb"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])|[a-z](?=[A-Z])", head))
        return turns >= _FEW and turns * 9 >= len(head)
    # Mixed case within a word, as chance makes it: neither CamelCase nor CONSTANT_CASE.
    turns = len(re.findall(rb"[a-z][A-Z]|[A-Z][A-Z][a-z]", head))
    return min(upper, lower) > _FEW and turns * 5 >= len(head)


def is_reference(value: bytes) -> bool:
    """Whether `value` names a place where the secret is, instead of being it."""
    head = value[:_LOOK]
    return _REFERENCE.match(head) is not None or _INNER.search(head) is not None


def _is_expression(value: bytes, syntax: Syntax) -> bool:
    """Whether an unquoted right-hand side is code, a type or a YAML construct."""
    if syntax is Syntax.CODE:
        return True
    if _CALL.match(value) or value[:1] in b"[{(&*|>":
        return True
    if _DOTTED.match(value) and (syntax is not Syntax.CONFIG or not re.search(rb"\d", value)):
        return True
    return syntax is not Syntax.CONFIG and _IDENT.match(value) is not None


def is_value(  # noqa: PLR0911 - one reason a line, cheapest first
    value: bytes, *, sure: bool, quoted: bool, syntax: Syntax = Syntax.CONFIG, word: bool = True
) -> bool:
    """Whether `value`, that stands where a secret would, is a literal one.

    `sure`: the name above it is unambiguous.  `quoted`: it stood in quotes.  `word`: the name is
    that of a password, of which one plain word may be the value.
    """
    head = value[:_LOOK].strip()
    if len(head) < (4 if sure else 8) or is_reference(head) or is_boilerplate(head):
        return False
    if not quoted and _is_expression(head, syntax):
        return False
    if (
        _TYPES.fullmatch(head)
        or (_PATH.match(head) and not is_random(head, 24))
        or _is_generic(head)
    ):
        return False
    if not sure:
        return is_random(head, 12)
    if syntax is Syntax.CODE and not word and not re.search(rb"\d", head):
        # A token of a program: no word, no sign and no phrase of it.
        return is_random(head, 10) or re.match(rb"[A-Z]{16,}\Z", head) is not None
    if b" " in head:
        return _is_phrase(head, quoted=quoted, syntax=syntax)
    if _LETTERS.match(head):
        return _is_plain_word(head, syntax=syntax, word=word)
    if syntax is not Syntax.PROSE or quoted or is_random(head, 8):
        return True
    return _ODD.match(head) is not None


def _is_phrase(value: bytes, *, quoted: bool, syntax: Syntax) -> bool:
    """Whether words with spaces are a passphrase, not a sentence about one."""
    if syntax is Syntax.PROSE and not quoted:
        return False
    if _STOP.search(value) or _COLOUR.search(value) or value.endswith((b":", b"...", b"?")):
        return False
    if value.count(b" ") > _PHRASE or re.search(rb"[=(){}<>]\s|\s[=(){}<>|]", value):
        return False
    # A capital and a full stop make a sentence; digits and signs do not.
    return not re.match(rb"[A-Z][a-z]+(?: [a-z]+)*[.!]\Z", value)


def _is_plain_word(value: bytes, *, syntax: Syntax, word: bool) -> bool:
    """Whether letters alone, such as `letmein`, are a value."""
    if syntax is Syntax.PROSE:
        return is_random(value, 8)
    if is_random(value, 10):
        return True
    if not word:
        # A token of letters alone is drawn by chance, or it is a word of the program.
        return (
            syntax is Syntax.CONFIG and len(value) >= _LONG_WORD and _IDENT.match(value) is not None
        ) or (re.match(rb"[A-Z]{16,}\Z", value) is not None)
    if _NAMED.search(value) or b"_" in value:
        # `shop-db-credentials` is where a secret is kept.
        return False
    return syntax is not Syntax.CODE or (b"." not in value and len(value) >= _SHORT_WORD)
