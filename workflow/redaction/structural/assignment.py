"""Values below a name that says secret: assignments, keys, elements, pairs and arguments."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from workflow.redaction.interface import Kind, Span
from workflow.redaction.plausible import Syntax, is_random, is_value
from workflow.redaction.structural.names import STEMS, Name, classify, words
from workflow.redaction.structural.rule import Rule
from workflow.redaction.structural.source import LOOK_BACK
from workflow.redaction.structural.talk_shapes import is_said
from workflow.redaction.structural.values import Literal, bare, block, quoted, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.redaction.structural.source import Source

# A name, read backwards from the separator behind it; group 1 is what closed it.
_BACK = re.compile(
    rb"[:=,>(\s\"'\\;]*?[?+|.!]?[ \t]*((?:;touq&|\]\w{0,12}\[|[\"'\\\])}>*]){0,8})"
    rb"([\w\x80-\xff](?:[\w\x80-\xff.$-]*[\w\x80-\xff$@-])?"
    rb"(?:[ _](?:ipa|ssecca|terces|etavirp|tneilc|derahs|tnuocca|retsam|noitpyrcne|gningis|"
    rb"noisses))?)",
    re.IGNORECASE,
)
_STEM = STEMS.encode()
_KEY = rb"(?:" + _STEM + rb")[\w.$-]*(?:\\*[\"'\])}]|\*|\[\w*\]|&quot;)*"


def name_before(text: bytes, at: int) -> tuple[bytes, int, bool] | None:
    """The name that ends before the separator at `at`: itself, its offset, whether in quotes."""
    window = text[max(0, at - LOOK_BACK) : at][::-1]
    match = _BACK.match(window)
    if match is None:
        return None
    return match[2][::-1], at - match.end(2), bool(match[1].strip(b")}]>[*0123456789"))


# No more of a value is looked at to tell whether it is one.
_ENOUGH = 1024
_PLAIN = (Syntax.CONFIG, Syntax.UNKNOWN)
# `NAME=value` without blanks, as environments are written.
_ENV = re.compile(rb"[\w.-]=\Z")


_SESSION = words("sessionid phpsessid jsessionid session_id sid connect")
_MIXED = re.compile(rb"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[\w%+/=-]{8,}")
# Behind a value without quotes that is one word stands a comment, or the command it is set for.
_FIRST = re.compile(rb"(?=\S*\d)(?=\S*[A-Za-z]\S*[A-Za-z])\S{6,}(?=[ \t]+(?:\(|[\w./-]+[ \t]+-))")
# In a log words follow that have nothing to do with the value.
_SPACED = re.compile(rb"(\S+)[ \t]")


def _is_told(name: Name, value: bytes) -> bool:
    """Whether `value` is what this very name promises: digits, or `user:password` in base64."""
    if name.words & {"pin", "otp"}:
        return re.fullmatch(rb"\d{4,8}", value) is not None
    if name.words >= {"access", "key", "id"}:
        return re.fullmatch(rb"[A-Z0-9]{16,128}", value) is not None
    if name.kind is Kind.COOKIE:
        return not name.words.isdisjoint(_SESSION) and _MIXED.fullmatch(value) is not None
    if not name.words & {"auth", "authorization"} or not re.fullmatch(rb"[\w+/-]{8,}=*", value):
        return False
    return b":" in _decoded(value)


def _decoded(value: bytes) -> bytes:
    try:
        plain = base64.b64decode(value + b"==", validate=False)
    except binascii.Error:
        return b""
    return plain if plain.isascii() and plain.decode().isprintable() else b""


def emit(source: Source, name: Name, literal: Literal | None, rule: str) -> Iterator[Span]:
    """The value as a span, if it is a literal one."""
    if literal is None:
        return
    value = source.text[literal.start : min(literal.end, literal.start + _ENOUGH)]
    syntax = source.syntax
    if not literal.quoted and syntax in _PLAIN and (first := _FIRST.match(value)):
        literal = Literal(literal.start, literal.start + first.end(), quoted=False)
        value = first[0]
    if syntax is Syntax.UNKNOWN and _ENV.search(
        source.text, max(0, literal.start - 64), literal.start
    ):
        syntax = Syntax.CONFIG
    if is_value(
        value,
        sure=name.is_sure,
        quoted=literal.quoted,
        syntax=syntax,
        word=name.kind is Kind.PASSWORD or "secret" in name.words,
    ) or _is_told(name, value):
        source.covered = max(source.covered, literal.end)
        yield Span(literal.start, literal.end, name.kind, rule)
    elif source.is_log and not literal.quoted:
        word = _SPACED.match(value)
        if word and is_said(word[1]):
            yield Span(literal.start, literal.start + word.end(1), name.kind, rule)


def _assigned(source: Source, at: int) -> Iterator[Span]:
    """`name = value`, `name: value`, `"name" => "value"`, `name := value` and the like."""
    if at <= source.covered:
        return
    found = name_before(source.text, at)
    if found is None or (name := classify(found[0])) is None:
        return
    if (
        source.text[found[1] - 1 : found[1]] == b":"
        and b"arn:" in source.text[max(0, found[1] - 80) : at]
    ):
        return
    literal = read(source, at, found[1], keyed=found[2])
    yield from emit(source, name, literal, "assignment")
    if literal is not None and source.text[literal.start - 2 : literal.start - 1] == b"[":
        yield from _listed(source, name, literal.end + 1)


_NEXT = re.compile(rb"[ \t]*,\s{0,256}(?=[\"'])")


def _listed(source: Source, name: Name, at: int) -> Iterator[Span]:
    """The further items of a list in brackets."""
    if not source.reads_on("list", at, at):
        return
    while more := _NEXT.match(source.text, at):
        literal = quoted(source, more.end())
        if literal is None:
            return
        yield from emit(source, name, literal, "assignment")
        at = source.listed["list"] = literal.end + 1


_SETTER = re.compile(
    rb"(?:define|(?:\b|[._])(?:set|put|add|append|with|store|save|assign|Set|Put|Add|With)"
    rb"(?:_?[a-zA-Z]+)?|header|property|env|fetch|get|getenv|getEnv|secret|environ|Header|var|"
    rb"option|config|param|setdefault|fill|type|send_keys|sendKeys|buildConfigField|resValue|"
    rb"[Ss]tring\w{0,4})"
    rb"\(\s*(?:(?:[\w.$]{1,64}|[\"'][^\"'\n]{0,64}[\"'])\s*,\s*){0,2}[bu]?\\?[\"'][#.$@]?\Z"
)


def _argument(source: Source, at: int) -> Iterator[Span]:
    """`setdefault("NAME", "value")`, `define('NAME', 'value')`, a tuple of name and value."""
    found = name_before(source.text, at - 1)
    if found is None or (name := classify(found[0])) is None:
        return
    opening = at - 1
    while source.text[opening - 1 : opening] == b"\\":
        opening -= 1
    literal = quoted(source, opening)
    if literal is None:
        return
    if source.text.startswith(b'\\"', literal.start):
        literal = Literal(literal.start + 2, literal.end - 2, quoted=True)
    value = source.text[literal.start : min(literal.end, literal.start + _ENOUGH)]
    is_set = _SETTER.search(source.text, max(0, found[1] - LOOK_BACK), found[1]) is not None
    is_pair = source.text[found[1] - 2 : found[1] - 1] in {b"(", b"["}
    if is_set or (is_pair and is_random(value, 10)):
        yield from emit(source, name, literal, "argument")


def _called(source: Source, at: int) -> Iterator[Span]:
    """`setPassword("value")`, `.password("value")`."""
    found = name_before(source.text, at - 1)
    if found is None or (name := classify(found[0])) is None:
        return
    literal = quoted(source, at - 1)
    if literal is None:
        return
    value = source.text[literal.start : min(literal.end, literal.start + _ENOUGH)]
    if is_random(value, 8) or (name.kind is Kind.PASSWORD and re.search(rb"\d|[^\w\s.:/-]", value)):
        yield from emit(source, name, literal, "call")


_OPENED = re.compile(
    rb"(?:[\w.:-]+|(?!(?:a|h[1-6]|div|p|li|dt|section)[ \t])[\w.:-]+[ \t][^<>]*\b(?:name|key|id|"
    rb"Name|Key)=[\"'][^\"'<>]*[\"'][ \t]*)>"
)


_TAG = re.compile(rb"[\w.:-]+")
_INNER_TAG = re.compile(rb"\s{0,80}<(?:value|plaintext|string|content)>", re.IGNORECASE)


def _element(source: Source, at: int) -> Iterator[Span]:
    """`<password>value</password>`, and `<entry key="password">value</entry>`."""
    text = source.text
    found = name_before(text, at)
    if found is None or (name := classify(found[0])) is None:
        return
    before = source.before(at) or text[max(0, at - LOOK_BACK) : at]
    opened = before.rpartition(b"<")[2]
    if not _OPENED.fullmatch(opened) or not before.count(b"<"):
        return
    tag = _TAG.match(opened)
    if inner_tag := _INNER_TAG.match(text, at):
        at, tag = inner_tag.end(), _TAG.match(inner_tag[0].strip(b" \t\r\n<"))
    end = text.find(b"<", at, at + 65536)
    if text.startswith(b"<![CDATA[", at):
        at, end = at + 9, text.find(b"]]>", at, at + 65536)
    if end <= at or not (
        text.startswith(b"]]", end) or (tag and text.startswith(b"</" + tag[0], end))
    ):
        return
    inner = text[at:end]
    start = at + len(inner) - len(inner.lstrip())
    yield from emit(source, name, Literal(start, at + len(inner.rstrip()), quoted=True), "element")


_VALUE_KEY = re.compile(
    rb"\\{0,4}[\"']?\s{0,80}[,;]?\s{0,80}(?:>\s{0,8})?[{]?\s{0,8}(?:<)?\\{0,4}[\"']?"
    rb"(?:(?:type|kind|in|required|secure|"
    rb"description)[\"']?[ \t]*[:=][ \t]*[\"']?[\w -]{1,80}[\"']?"
    rb"\s{0,80}[,;]?\s{0,80}[\"']?)?"
    rb"(?:value|val|content|string|secret|data|default|parametervalue|optionvalue)"
    rb"\\{0,4}[\"']?[ \t]*(?:[:=>])[ \t]*",
    re.IGNORECASE,
)


def _paired(source: Source, at: int) -> Iterator[Span]:
    """`name: NAME` and then `value: value`, in YAML, JSON, TOML, HCL, XML."""
    text = source.text
    found = name_before(text, at)
    if found is None or (name := classify(found[0])) is None:
        return
    key = _VALUE_KEY.match(text, at - 1)
    if key is None:
        return
    if key[0].endswith(b">"):
        end = text.find(b"<", key.end(), key.end() + 65536)
        literal = Literal(key.end(), end, quoted=True) if end > 0 else None
    else:
        literal = read(source, key.end(), key.end() - 1, keyed=False)
        literal = block(source, key.end(), key.start() + 1) or literal
    yield from emit(source, name, literal, "pair")


_SECRET_KEY = re.compile(
    rb"(?m)^([ \t]+)(\"?)[\w.-]+\"?:[ \t]+(?![|>{\[&*])[\"']?([^\s\"'#][^\r\n\"']*)"
)
_SECRET_DATA = re.compile(
    rb"(?m)^(?:data|stringData):[ \t]*\r?\n((?:[ \t]+[^\n]*\n?|[ \t]*\r?\n)*)"
)


def _manifest(source: Source, at: int) -> Iterator[Span]:
    """Every value below `data` or `stringData` of a Secret of Kubernetes."""
    text = source.text
    if not source.reads_on("manifest", at, at):
        return
    stop = text.find(b"\n---", at)
    stop = source.listed["manifest"] = len(text) if stop < 0 else stop
    low = max(text.rfind(b"\n---", 0, at), 0)
    for data in _SECRET_DATA.finditer(text, low, stop):
        for entry in _SECRET_KEY.finditer(text, *data.span(1)):
            start, end = entry.span(3)
            value = text[start:end].rstrip()
            if is_value(value, sure=True, quoted=True, syntax=Syntax.CONFIG):
                yield Span(start, start + len(value), Kind.TOKEN, "manifest")


_GETTER = re.compile(rb"\{[^{}\n]{0,40}\}[ \t]*=[ \t]*(?=[@$]?\")")
_DEFAULT = re.compile(rb"(?m)^[ \t]*(?:default|value)[ \t]*=[ \t]*(?=\")")


def _property(source: Source, at: int) -> Iterator[Span]:
    """`string ApiKey { get; set; } = "value"` of C#."""
    found = name_before(source.text, source.text.rfind(b"{", 0, at))
    if found is None or (name := classify(found[0])) is None:
        return
    if getter := _GETTER.match(source.text, source.text.rfind(b"{", 0, at)):
        yield from emit(source, name, quoted(source, getter.end()), "assignment")


def _variable(source: Source, at: int) -> Iterator[Span]:
    """`variable "name" { default = "value" }` of Terraform."""
    text = source.text
    found = name_before(text, text.rfind(b"{", 0, at))
    if found is None or (name := classify(found[0])) is None:
        return
    stop = text.find(b"\n}", at, at + 4096)
    if default := _DEFAULT.search(text, at, at + 4096 if stop < 0 else stop):
        yield from emit(source, name, quoted(source, default.end()), "assignment")


_ARROW = re.compile(rb"[ \t]*(?:<-|->|<<<)?[ \t]*")


def _arrow(source: Source, at: int) -> Iterator[Span]:
    """`name <- "value"` of R, `name -> value` of a dump, `read name <<< value`."""
    text = source.text
    low = max(0, at - LOOK_BACK)
    end = low + len(text[low:at].rstrip(b" \t<>-"))
    found = name_before(text, end)
    if found is None or (name := classify(found[0])) is None:
        return
    arrow = _ARROW.match(text, end)
    start = arrow.end() if arrow else end
    literal = quoted(source, start)
    if literal is None and source.syntax is not Syntax.CODE:
        literal = bare(source, start)
    yield from emit(source, name, literal, "assignment")


_DECLARED = re.compile(rb"[ \t]+(?:as[ \t]+)?string[ \t]*=\Z", re.IGNORECASE)


def _declared(source: Source, at: int) -> Iterator[Span]:
    """`Dim name As String = "value"` of Basic, `var name string = "value"` of Go."""
    typed = _DECLARED.search(source.text, max(0, at - LOOK_BACK), at)
    found = name_before(source.text, typed.start()) if typed else None
    if found and (name := classify(found[0])):
        start = at + 1 if source.text[at : at + 1] == b" " else at
        yield from emit(source, name, quoted(source, start), "assignment")


_PLIST = re.compile(
    rb"</(?:key|name|td|th|dt|b|strong|label|span)>:?\s*(?:</\w+>\s*)?"
    rb"<(?:string|data|value|td|dd|code|span)(?: [^<>]{0,80})?>\s*(?:<(?:code|b|tt|kbd)>)?"
)


def _plist(source: Source, at: int) -> Iterator[Span]:
    """`<key>name</key><string>value</string>`, `<td>name</td><td>value</td>`."""
    text = source.text
    low = max(0, at - LOOK_BACK)
    close = low + text[low:at].rstrip(b"<").rfind(b"</")
    if (earlier := text.rfind(b"</", low, close)) >= 0 and not text[earlier + 2 : close].strip(
        b"abcdefghijklmnopqrstuvwxyz>: \t\r\n"
    ):
        close = earlier
    found = name_before(text, close)
    opened = _PLIST.match(text, close)
    if found is None or opened is None or (name := classify(found[0])) is None:
        return
    end = text.find(b"<", opened.end(), opened.end() + 65536)
    if end > 0:
        literal = quoted(source, opened.end()) or Literal(opened.end(), end, quoted=True)
        yield from emit(source, name, literal, "element")


RULES = (
    Rule(rb"(?:" + _STEM + rb")\w*[ \t]+(?:as[ \t]+)?string[ \t]*=", _declared, caseless=True),
    Rule(rb"(?:" + _STEM + rb")[\w.]*[ \t]*(?:<-|->|<<<)", _arrow, caseless=True),
    Rule(
        rb"(?:"
        + _STEM
        + rb")[\w.-]*:?</(?:key|name|td|th|dt|b|strong|label|span)>:?\s*(?:</\w+>\s*)?"
        rb"<(?:string|data|value|td|dd|code|span)(?: [^<>]*)?>",
        _plist,
        caseless=True,
    ),
    Rule(rb"[\w-]pat\\{0,3}[\"'\])}]{0,2}[ \t]*[:=]", _assigned, caseless=True),
    Rule(rb"(?:" + _STEM + rb")\w*[ \t]*\{[ \t]*get;", _property, caseless=True),
    Rule(
        rb"(?:variable|output)[ \t]+\"[\w-]*(?:" + _STEM + rb")[\w-]*\"[ \t]*\{",
        _variable,
        caseless=True,
    ),
    Rule(_KEY + rb"[ \t]*[?+|!]{0,2}[:=]", _assigned, caseless=True),
    Rule(
        rb"(?:" + _STEM + rb")[\w.$-]*\\{0,3}[\"'][ \t]*,\s*\\{0,3}[\"']",
        _argument,
        caseless=True,
    ),
    Rule(
        rb"(?:passw|passphrase|pwd|secret|token|key)\w*\([ \t]{0,2}[\"']",
        _called,
        caseless=True,
    ),
    Rule(rb"(?:" + _STEM + rb")[\w.-]*[\"']?>", _element, caseless=True),
    Rule(
        rb"(?:name|key|id|variable|header|property)\\{0,3}[\"']?[ \t]*[:=][ "
        rb"\t]*\\{0,3}[\"']?[\w.$/-]*(?:" + _STEM + rb")[\w.-]*(?:[\"'\s,;}])",
        _paired,
        caseless=True,
    ),
    Rule(
        rb"^[ \t\"]*kind[\"]?:[ \t]{1,4}[\"']?Secret[\"']?[ \t]*\r?$",
        _manifest,
        multiline=True,
    ),
)
