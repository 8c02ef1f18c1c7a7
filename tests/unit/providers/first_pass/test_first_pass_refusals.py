"""Requests that are refused: vague ones, hostile ones, and very long ones."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from workflow.errors import NotUnderstoodError, VagueRequestError, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.providers.offline.drafted import OfflineDraft

    Drafted = Callable[..., OfflineDraft]

SITE = "nginx for s.example.test, upstream 127.0.0.1:8000"
VAGUE = {
    "a server block please": "server name",
    "": "server name",
    "nginx first pass, upstream 127.0.0.1:8000": "server name",
    "nginx for shop.example.test": "upstream",
    "nginx for shop.example.test with /collect": "upstream",
    "nginx for shop.example.test, /a to 127.0.0.1:1000, and /b": "/b",
    f"{SITE}, auth_request on everything": "auth_request",
}


@pytest.mark.parametrize("request_text", VAGUE)
def test_vague_requests_name_what_is_missing(request_text: str, drafted: Drafted) -> None:
    """What cannot be guessed is asked for, with an example."""
    with pytest.raises(VagueRequestError) as caught:
        drafted(request_text)
    assert VAGUE[request_text] in caught.value.message
    assert "shop.example.test" in caught.value.hint


REFUSED = {
    f"{SITE}, without caching": "without caching",
    f"{SITE}, deny 10.0.0.9, allow 10.0.0.0/8 only": "deny 10.0.0.9",
    f"{SITE}, not for robots": "not for robots",
    f"{SITE}; }} evil {{": "'}'",
    f"{SITE}, log $request": "'$'",
    f"{SITE}\\": "'\\",
    f"{SITE}\x00": "U+0000",
    f"{SITE} \u202e": "U+202E",
    "nginx for b\u00fccher.example.test, upstream a:1": "bücher.example.test",
    "nginx for bu\u0308cher.example.test, upstream a:1": "cher.example.test",
    f"{SITE}, POST /caf\u00e9": "/caf\u00e9",
    f"{SITE}, listen on 70000": "70000",
    "nginx for s.example.test, upstream a:99999": "a:99999",
    f"{SITE}, trusted proxies 0.0.0.0/0": "0.0.0.0/0",
    f"{SITE}, trusted proxies 300.0.0.1": "300.0.0.1",
    f"{SITE}, certificate /etc/../x.pem": "/etc/../x.pem",
    f"{SITE}, plain http, certificate /a.pem": "plain HTTP",
    f"{SITE}, in nginx/a.conf and in nginx/b.conf": "nginx/b.conf",
    f"{SITE}, in ../a.conf": "../a.conf",
    f"{SITE}, in /etc/nginx/a.conf": "/etc/nginx/a.conf",
    f"{SITE}, in .git/a.conf": ".git/a.conf",
    f"{SITE}, proxied to http://app:1/base": "/base",
    f"{SITE}, body limit 1m, uploads up to 2m": "1m and 2m",
    f'{SITE}, CSP "default-src <x>"': "<x>",
    f"nginx for {'a' * 60}.{'b' * 60}.test, upstream a:1": "characters long",
    SITE + " x" * 3000: "characters",
}


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refusals_name_the_part(number: int, drafted: Drafted) -> None:
    """What cannot stand in a file is refused, with its words, before anything is written."""
    request, part = list(REFUSED.items())[number]
    with pytest.raises(NotUnderstoodError) as caught:
        drafted(request)
    assert part in caught.value.message
    assert caught.value.hint


HEAVY = (
    "/a" * 1900,
    "/a and " * 500,
    "auth on " * 450,
    "a." * 1900,
    "1:" * 1900,
    "for a.example.test " * 190,
    "GET and " * 450,
    "not " * 950,
    "https://a.example.test, " * 150,
    "/a to b:1 " * 370,
    "(" * 3800,
    "- " * 1900,
    "redirect http " * 270,
    "websocket on /a " * 230,
    "10 m " * 700,
)


@pytest.mark.parametrize("number", range(len(HEAVY)))
def test_no_request_takes_long(number: int, drafted: Drafted) -> None:
    """The longest requests of one kind of word are read in a moment, whatever comes of them."""
    begin = time.monotonic()
    with contextlib.suppress(WorkflowError):
        drafted(f"{SITE}, {HEAVY[number]}")
    assert time.monotonic() - begin < 10
