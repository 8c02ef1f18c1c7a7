from __future__ import annotations

import pytest

from workflow.gates.nginx.complaints import answer, complaint, warnings
from workflow.gates.nginx.manifest import Kind, Shim
from workflow.gates.nginx.modules import missing_module

NOTHING: dict[str, Kind] = {}


@pytest.mark.parametrize(
    ("said", "shim"),
    [
        (
            'cannot load certificate "/c/a.crt": BIO_new_file() failed (SSL: error:80000002:x)',
            Shim(Kind.CERTIFICATE, "/c/a.crt"),
        ),
        ('host not found in upstream "app:80" in /etc/nginx/a:1', Shim(Kind.HOST, "app")),
        ('getpwnam("www-data") failed in /etc/nginx/a:1', Shim(Kind.ACCOUNT, "www-data")),
        (
            'open() "/etc/nginx/mime.types" failed (2: No such file or directory) in /a:3',
            Shim(Kind.INCLUDE, "/etc/nginx/mime.types"),
        ),
        (
            'open() "/var/log/x/a.log" failed (2: No such file or directory)',
            Shim(Kind.FOLDER, "/var/log/x"),
        ),
        (
            "bind() to unix:/run/app/a.sock failed (2: No such file or directory)",
            Shim(Kind.FOLDER, "/run/app"),
        ),
        ('mkdir() "/data/cache" failed (2: No such file or directory)', Shim(Kind.FOLDER, "/data")),
    ],
)
def test_complaints_have_answers(said: str, shim: Shim) -> None:
    """What nginx misses in its surroundings is recognized."""
    assert answer(said, NOTHING) == shim


@pytest.mark.parametrize(
    "said",
    [
        'unknown directive "brotli" in /etc/nginx/a:1',
        'invalid number of arguments in "listen" directive in /etc/nginx/a:1',
        'unknown "a b" variable',
        'open() "/proc/x/y" failed (2: No such file or directory)',
        'open() "/lib/x/y" failed (2: No such file or directory)',
        'host not found in upstream "a b" in /x:1',
        'getpwnam("x:0:0") failed in /x:1',
    ],
)
def test_faults_of_the_configuration_have_none(said: str) -> None:
    """No shim for a wrong directive, for a place of the system's, or for a strange name."""
    assert answer(said, NOTHING) is None


def test_names_from_elsewhere_are_recognized() -> None:
    """A variable that another file defines has an answer; whether it may have is for others."""
    said = 'unknown "upgrade" variable'
    assert answer(said, NOTHING) == Shim(Kind.VARIABLE, "upgrade")


def test_zone_is_of_the_kind_that_is_used() -> None:
    """Nginx says the same of both kinds of zones; the text decides."""
    said = 'zero size shared memory zone "perip"'
    shim = answer(said, {"perip": Kind.CONNECTION_ZONE})
    assert shim == Shim(Kind.CONNECTION_ZONE, "perip")


@pytest.mark.parametrize("front", ["nginx: ", "2026/11/22 13:34:45 ", ""])
def test_complaint_is_found_in_both_forms(front: str) -> None:
    """Nginx prints with and without a time in front."""
    text = f"{front}[emerg] {'2#2: ' if front.startswith('2') else ''}bad in /x:1\n"
    assert complaint(f"nginx: [warn] w in /x:9\n{text}") == ("bad in /x:1" if front else "")


def test_warnings_have_no_lines() -> None:
    """A warning that only moved is the same warning."""
    assert warnings("nginx: [warn] old in /x:9\n") == {"old in /x"}


@pytest.mark.parametrize(
    ("said", "module"),
    [
        ('unknown directive "brotli_static" in /x:1', "brotli (ngx_brotli)"),
        ('the "quic" parameter requires ngx_http_v3_module in /x:1', "http_v3"),
        ('dlopen() "/usr/lib/nginx/modules/a.so" failed (x)', "a.so"),
        ('unknown directive "proxy_pas" in /x:1', ""),
        ('host not found in upstream "a"', ""),
    ],
)
def test_lacking_modules_are_named(said: str, module: str) -> None:
    """A module's directive is told from a typing mistake."""
    assert missing_module(said) == module
