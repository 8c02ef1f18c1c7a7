"""Values of calls and commands: credentials in pairs, defaults, braces, options behind a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.plausible import Syntax, is_random, is_value
from workflow.redaction.structural.assignment import emit, name_before
from workflow.redaction.structural.names import STEMS, classify
from workflow.redaction.structural.rule import Rule
from workflow.redaction.structural.source import LOOK_BACK
from workflow.redaction.structural.values import Literal, bare, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.redaction.structural.source import Source


def _credentials(source: Source, at: int) -> Iterator[Span]:
    """`auth=("user", "value")`, `SetBasicAuth("user", "value")`, `login("user", "value")`."""
    literal = quoted(source, at - 1)
    if literal is None:
        return
    value = source.text[literal.start : min(literal.end, literal.start + 1024)]
    is_short = value.isdigit() and len(value) >= _CODE_LEAST
    if is_short or is_value(value, sure=True, quoted=True, syntax=Syntax.CODE):
        yield Span(literal.start, literal.end, Kind.PASSWORD, "argument")


# A number below this length is a port or a count.
_CODE_LEAST = 6
_OPTION = re.compile(rb"[\"']-{0,2}([\w.-]+)[\"']\s*,[^()]*\Z")


_BESIDE = re.compile(rb"([\w-]+)(?:[\"'\])]*\.\w+\(|,[ \t]*)\Z")


def _beside(source: Source, at: int) -> Iterator[Span]:
    """`verify(user.password, "value")`, `find("password").send_keys("value")`."""
    found = _BESIDE.search(source.text, max(0, at - LOOK_BACK), at - 1)
    literal = quoted(source, at - 1)
    if found is None or literal is None or (name := classify(found[1])) is None:
        return
    value = source.text[literal.start : min(literal.end, literal.start + 1024)]
    is_number = name.kind is Kind.PASSWORD and re.search(rb"\d", value) and b" " not in value
    if name.is_sure and (is_number or is_random(value, 10)):
        yield from emit(source, name, literal, "argument")


def _defaulted(source: Source, at: int) -> Iterator[Span]:
    """`add_argument("--password", default="value")` and its like."""
    before = source.text[max(0, at - LOOK_BACK) : at]
    opened = before.rpartition(b"(")[2]
    found = _OPTION.search(opened)
    if found and (name := classify(found[1])):
        yield from emit(source, name, quoted(source, at - 1), "argument")


def _braced(source: Source, at: int) -> Iterator[Span]:
    """`std::string name{"value"};`."""
    brace = source.text.rfind(b"{", 0, at)
    found = name_before(source.text, brace)
    literal = quoted(source, at - 1)
    if found is None or literal is None or source.text[literal.end + 1 : literal.end + 2] != b"}":
        return
    if name := classify(found[0]):
        yield from emit(source, name, literal, "assignment")


_CONSTRUCTED = re.compile(rb"[=:][ \t]*[\w.:<>]*[({]\Z")


def _constructed(source: Source, at: int) -> Iterator[Span]:
    """`name = Text("value")`, whatever the constructor; only a value drawn by chance."""
    text = source.text
    low = max(0, at - LOOK_BACK)
    opened = _CONSTRUCTED.search(text, low, at - 1)
    literal = quoted(source, at - 1)
    if opened is None or literal is None:
        return
    found = name_before(text, opened.start())
    value = text[literal.start : min(literal.end, literal.start + 1024)]
    is_plain = b"std::" in opened[0] or is_random(value, 16)
    if found and is_plain and value not in found[0] and (name := classify(found[0])):
        yield from emit(source, name, literal, "assignment")


_LINE_OF = re.compile(rb"(?:[ \t]*|.*[ ({\[]:)([\w.-]+)([ \t]+)")
_END = re.compile(rb"[ \t]*(?:[;,\\)}].*|#.*|//.*|-->.*)?\r?$", re.MULTILINE)


def _directive(source: Source, at: int) -> Iterator[Span]:
    """`clientSecret 'value'`, a line of name and text; `:secret "value"` of Clojure."""
    before = source.before(at - 1)
    found = _LINE_OF.fullmatch(before) if before else None
    if found is None or (name := classify(found[1])) is None:
        return
    literal = quoted(source, at - 1)
    if literal and (
        found[0].endswith(b":" + found[1] + found[2]) or _END.match(source.text, literal.end + 1)
    ):
        yield from emit(source, name, literal, "directive")


def _behind(source: Source, at: int) -> Iterator[Span]:
    """`put-secret … --value VALUE`: the option says nothing, the command before it does."""
    literal = bare(source, at)
    if literal is None or source.text[at : at + 1] in {b"-", b"<", b"["}:
        return
    value = source.text[literal.start : min(literal.end, literal.start + 1024)]
    if is_value(value, sure=True, quoted=True, syntax=Syntax.CONFIG) and (
        source.syntax is Syntax.CONFIG or is_random(value, 8) or re.search(rb"\d", value)
    ):
        yield Span(literal.start, literal.end, Kind.PASSWORD, "option")


_PIPED = re.compile(rb"(?:echo|printf)[ \t]+(?:-\w+[ \t]+|'%s\\?n?'[ \t]+)*")


def _piped(source: Source, at: int) -> Iterator[Span]:
    """`echo VALUE | sudo -S …`, `echo user:VALUE | chpasswd`."""
    before = source.before(at)
    piped = _PIPED.search(before) if before else None
    if before is None or piped is None:
        return
    start = at - len(before) + piped.end()
    literal = bare(source, start)
    if literal is None:
        return
    value = source.text[literal.start : literal.end]
    if before.endswith(b"chpasswd"):
        user, _, value = value.partition(b":")
        literal = Literal(literal.start + len(user) + 1, literal.end, literal.quoted)
    if is_value(value, sure=True, quoted=True, syntax=Syntax.CONFIG):
        yield Span(literal.start, literal.end, Kind.PASSWORD, "option")


def _positional(source: Source, at: int) -> Iterator[Span]:
    """`htpasswd -b FILE USER VALUE`, `sqlplus user/VALUE@db`: the place says what it is."""
    literal = bare(source, at)
    if literal is None:
        return
    if (sign := source.text.find(b"@", literal.start, literal.end)) >= 0 and not literal.quoted:
        literal = Literal(literal.start, sign, quoted=False)
    value = source.text[literal.start : min(literal.end, literal.start + 1024)]
    if source.syntax is not Syntax.CONFIG and not (is_random(value, 8) or re.search(rb"\d", value)):
        return
    if is_value(value, sure=True, quoted=True, syntax=Syntax.CONFIG):
        yield Span(literal.start, literal.end, Kind.PASSWORD, "option")


_STEM = STEMS.encode()
_KEY = rb"(?:" + _STEM + rb")[\w-]*"
RULES = (
    Rule(
        rb"(?:auth|credentials?|authentication|login|sign_?in|authenticate|basic)[ \t]*[=:]?[ \t]*"
        rb"(?:new[ \t]+)?[\w.]*[(\[][\"'][^\"'\n]*[\"'],[ \t]*[\"']",
        _credentials,
        caseless=True,
    ),
    Rule(rb"jwt\.(?:sign|verify|encode|decode)\([^,()\n]*,[ \t]*[\"']", _credentials),
    Rule(
        rb"createHmac\([\"'][\w-]+[\"'],[ \t]*[\"']|(?:hmac\.new|Fernet|AES\.new)\(b?[\"']",
        _credentials,
    ),
    Rule(
        _KEY + rb"(?:[\"'\])]*\.(?:type|fill|send_?keys|setValue|val|auth)\([\"']|,[ \t]*[\"'])",
        _beside,
        caseless=True,
    ),
    Rule(rb"ConvertTo-SecureString[ \t]+(?:-String[ \t]+)?[\"']", _credentials, caseless=True),
    Rule(rb"type=[\"']?password[\"']?[^<>\n]*[ \t]value=[\"']", _credentials, caseless=True),
    Rule(
        rb"\b(?:htpasswd[ \t]+-\w*b\w*[ \t]+\S+[ \t]+\S+|rabbitmqctl[ \t]+(?:add_user|"
        rb"change_password)"
        rb"[ \t]+\S+|wpa_passphrase[ \t]+(?:\"[^\"\n]*\"|[\w-]+)|net[ \t]+user[ \t]+\S+|"
        rb"net[ \t]+use[ \t][^\n]*/user:\S+|(?:kinit|sudo[ \t]+-S|passwd)[ \t][^\n]*<<<|"
        rb"d-i[ \t]+\S*passw\S*[ \t]+(?:password|string)|createUser[ \t]+\S+[ \t]+(?:MD5|SHA\S*)|"
        rb"user(?:add|mod)[ \t][^\n]*-p)[ \t]+",
        _positional,
    ),
    Rule(rb"\bsqlplus[ \t]+(?:-\w+[ \t]+)*[\w.]+/", _positional),
    Rule(rb"\b(?:cmdkey|x?freerdp)[ \t][^\n]*/p(?:ass)?:", _positional, caseless=True),
    Rule(
        rb"(?:getConnection|PDO|mysqli|"
        rb"mysqli_connect)\([^,()\n]*,[ \t]*[\"'][^\"'\n]*[\"'],[ \t]*[\"']",
        _credentials,
    ),
    Rule(
        _KEY + rb"[\"'][ \t]*,[^()]*\b(?:default|fallback|defaultValue|"
        rb"default_value)[ \t]*[=:][ \t]*[bu]?[\"']",
        _defaulted,
        caseless=True,
    ),
    Rule(_KEY + rb"\{[ \t]*[\"']", _braced, caseless=True),
    Rule(_KEY + rb"[ \t]*[:=]{1,2}[ \t]*[\w.:<>]+[({][\"']", _constructed, caseless=True),
    Rule(_KEY + rb"[ \t]+[\"']", _directive, caseless=True),
    Rule(
        rb"(?:secret|securestring|passw|token|credential|api-?key)[^\n]*[ \t]"
        rb"--?(?:value|body|secret-string|string-value|secret-value|data|content|text)[ \t=]+",
        _behind,
        caseless=True,
    ),
    Rule(
        rb"(?:echo|printf)[ \t][^|\n]*\|[ \t]*(?:[^|\n]*(?:password-stdin|passphrase-fd|"
        rb"passwd[ \t]+--stdin|"
        rb"sudo[ \t]+-S|secrets?[ \t]+(?:set|create|put))|(?:sudo[ \t]+)?chpasswd)",
        _piped,
    ),
)
