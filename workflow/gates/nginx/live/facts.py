"""What two answers can differ in, each as a name and a text."""

from __future__ import annotations

import hashlib
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from workflow.gates.text import listed, one_line

if TYPE_CHECKING:
    from workflow.gates.nginx.live.report import Answer

STATUS, BODY, UPSTREAM = "status", "body", "what the upstream is asked"
HEADER, UPSTREAM_HEADER = "header ", "header to the upstream "
UPSTREAM_BODY = "body to the upstream"
PROTOCOL, TLS, CERTIFICATE = "protocol", "version of TLS", "certificate"
# What differs from one run to the next, and says nothing about the configuration.
_PASSING = {"date", "last-modified", "etag", "connection", "keep-alive", "content-length"}
# What nginx makes from the content, so that it says nothing more than that.
OF_BODY = frozenset(f"header {name}" for name in ("etag", "last-modified", "accept-ranges"))
_MAX_VALUE = 2000
"""A policy of content is long, and what is cut off is not compared."""
# As nginx writes them: $time_iso8601, $time_local, a date of HTTP, $msec, $request_time.
_TIMES = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+Z][\d:]*"), "(time)"),
    (re.compile(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}"), "(time)"),
    (re.compile(r"\w{3}, \d\d[ -]\w{3}[ -]\d{2,4} \d\d:\d\d:\d\d GMT"), "(time)"),
    (re.compile(r"\b1\d{9}\.\d{3}\b"), "(time)"),
    (re.compile(r"(?<![\d.])\d{1,3}\.\d{3}(?![\d.])"), "(seconds)"),
)


def steady(text: str) -> str:
    """Return a text without the time of day, and without how long something took."""
    for pattern, word in _TIMES:
        text = pattern.sub(word, text)
    return text


def _expiry(answer: Answer) -> str:
    """Return how long after the answer's own time it expires; its words where that is not said."""
    given = answer.header("expires")
    try:
        end, now = (parsedate_to_datetime(text) for text in (given, answer.header("date")))
        return f"{(end - now).total_seconds():.0f} s later"
    except (ValueError, TypeError, OverflowError):
        return one_line(given, _MAX_VALUE)


def _body(answer: Answer) -> str:
    digest = answer.digest
    if answer.size == len(answer.body):
        digest = hashlib.sha256(steady(answer.body.decode("latin-1")).encode()).hexdigest()
    start = one_line(answer.body.split(b"\n", 1)[0], 60)
    return f"{answer.size} bytes, {steady(start)!r} ({digest[:8]})"


def facts(answer: Answer, method: str) -> dict[str, str]:
    """Return everything that is compared of the answer to a request of that method."""
    end = "" if answer.end == "answer" else f", {answer.end}"
    found = {STATUS: f"{answer.status}{end}" if answer.status else answer.told}
    if not answer.status:
        return found
    for name in dict.fromkeys(name for name, _ in answer.headers):
        value = answer.header(name)
        value = "there" if name in _PASSING else one_line(steady(value), _MAX_VALUE)
        found[f"{HEADER}{name}"] = _expiry(answer) if name == "expires" else value
    if answer.size:
        found[BODY] = _body(answer)
    found |= {PROTOCOL: answer.protocol}
    if answer.tls:
        found |= {TLS: answer.tls, CERTIFICATE: answer.certificate[:16]}
    return found | _upstream(answer, method)


def _upstream(answer: Answer, method: str) -> dict[str, str]:
    found: dict[str, str] = {}
    words = [
        f"{'' if one.method == method else f'{one.method} '}{one.target} of {one.name}"
        for one in answer.upstream
    ]
    if words:
        found[UPSTREAM] = listed(words)
    # The last is the one for the request itself: who is asked for leave comes before.
    for one in answer.upstream[-1:]:
        for name in dict.fromkeys(name for name, _ in one.headers):
            values = ", ".join(value for key, value in one.headers if key == name)
            found[f"{UPSTREAM_HEADER}{name}"] = one_line(steady(values), _MAX_VALUE)
        if one.size:
            found[UPSTREAM_BODY] = f"{one.size} bytes ({one.digest[:8]})"
    return found
