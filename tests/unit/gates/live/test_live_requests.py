"""Requests that are made from a configuration, and the samples of paths that they ask for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.gates.nginx.live import patterns
from workflow.gates.nginx.live.asked import PUBLIC
from workflow.gates.nginx.live.derive import Doors, requests, unasked
from workflow.gates.nginx.live.ports import listeners, resolvers, upstreams
from workflow.gates.nginx.live.samples import matching, neighbours, primary, shared, target
from workflow.gates.nginx.live.scopes import EVERYWHERE, reaches
from workflow.gates.nginx.live.stage import staged
from workflow.semantics.nginx.diff import difference
from workflow.semantics.nginx.expanded import Config, load
from workflow.semantics.nginx.files import Texts


def _config(http: str) -> Config:
    return load(Texts({"nginx.conf": f"events {{}}\nhttp {{\n{http}\n}}\n"}), "nginx.conf")


def _names(base: str, patched: str, limit: int = 60) -> list[str]:
    sides = [_config(base), _config(patched)]
    reached = reaches(difference(*sides), *sides)
    made, _ = requests(sides, reached, Doors({}), limit)
    return [one.name for one in made]


# --- samples -------------------------------------------------------------------------------------

_PATTERNS = (
    r"^/api/v(\d+)/users/(?<id>[^/]+)$",
    r"^/(?:css|js)/.+\.(?:css|js)$",
    r"^/[^a]{3,}x?$",
    r"^/(a+)+$",
    r"^/(\w{2,4}-?){2}\1$",
)


@pytest.mark.parametrize("pattern", _PATTERNS)
def test_a_sample_matches_its_pattern(pattern: str) -> None:
    """The shortest text that a location's pattern is made for."""
    assert re.search(pattern.replace("(?<", "(?P<"), matching(pattern))


@pytest.mark.parametrize("pattern", ["(((", "(" * 400, "a{99999999}" * 9, "x" * 501, r"\p{L}"])
def test_a_pattern_that_cannot_be_sampled_gives_little(pattern: str) -> None:
    """Nothing, or a bounded text: never an error, and never a long time."""
    assert len(matching(pattern)) <= 300
    assert not matching("x" * 501)


@given(st.text(max_size=40))
def test_a_target_is_always_fit_for_a_request_line(text: str) -> None:
    """Whatever a configuration calls a path, it starts with a slash and has no blank in it."""
    made = target(text.encode("utf-8", "replace").decode())
    assert made.startswith("/")
    assert made.isascii()
    assert not set(made) & set(" \r\n\t#?")


def test_the_path_of_a_location_and_what_is_around_it() -> None:
    """Exact, prefix and pattern; the neighbours are those that silent faults show at."""
    config = _config(
        "server { location = /a { } location /b/ { } location ~ \\.php$ { } location @n { } }"
    )
    exact, prefix, pattern, named = config.blocks("location")
    assert [primary(one) for one in (exact, prefix, pattern, named)] == [
        *("/a", "/b/probe.html", "/probe.php", "")
    ]
    assert {"/b", "/bx", "/b../workflow-neighbour.txt", "/b/x/../probe.html"} <= {
        *neighbours(prefix)
    }
    assert not neighbours(named)
    (root,) = _config("server { location / { } }").blocks("location")
    assert {"/x", "/../workflow-neighbour.txt", "//probe.html"} <= {*neighbours(root)}
    assert all(one.startswith("/") for one in neighbours(root))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (r"\.php$", "/probe.php"),
        (r"/(?:uploads|files)/.*\.php$", "/uploads/a.php"),
        (r"(^|/)\.git", "/.git"),
        (r"^/a$", "/a"),
        (r"^relative$", ""),
        (r"^/(?!a)[a-z]$", ""),
        (r"(", ""),
    ],
)
def test_a_path_of_a_pattern_is_one_that_it_matches(pattern: str, path: str) -> None:
    """Where none is found the location is not asked at all, rather than another one."""
    (location,) = _config(f"server {{ location ~* '{pattern}' {{ }} }}").blocks("location")
    assert primary(location) == path


def test_a_pattern_that_could_backtrack_for_long_is_not_tried() -> None:
    """One star within another, or many in a row; a usual one is."""
    path = f"/{'a' * 60}"
    for pattern in ("(a+)+b", "(?=(a+)+b)", ".*.*.*.*b", "(a|a)" * 30, "a?" * 30):
        assert patterns.fits(pattern, path, ignores_case=False) is None
    assert patterns.fits("^/A+$", path, ignores_case=True) is True
    assert patterns.fits("^/A+$", path, ignores_case=False) is False


_ORDER = r"location ~ /\. { deny all; } location ~ \.(css|js)$ { return 200 a; }"


def test_a_path_that_two_patterns_match_is_asked_where_their_order_matters() -> None:
    """Of their own paths neither is matched by the other."""
    first, second = _config(f"server {{ {_ORDER} }}").blocks("location")
    assert shared(first, second) == shared(second, first) == "/.css"
    patched = " }".join(reversed(_ORDER.split(" }")[:2])) + " }"
    names = _names(f"server {{ {_ORDER} }}", f"server {{ {patched} }}")
    assert any(name.endswith("/.css") for name in names[:4]), names


def test_a_changed_location_without_a_path_is_told() -> None:
    """Nobody takes the other answers for its own."""
    base = r"server { location ~ '^/(?!a)[a-z]$' { return 200 a; } }"
    sides = [_config(base), _config(base.replace("200 a", "200 b"))]
    (note,) = unasked(sides, reaches(difference(*sides), *sides))
    assert note.startswith("no request was found for the location ~ ^/(?!a)[a-z]$")
    assert not unasked(sides, reaches((), *sides))


def test_files_are_there_for_what_is_tried_before_an_upstream() -> None:
    """Or `try_files $uri =404` would hide the upstream; the names of indexes are made, too."""
    site = _config(
        "server { root /var/www; index index.php; location ~ \\.php$ { try_files $uri =404;"
        " fastcgi_pass unix:/run/php/f.sock; } }"
    )
    assert {"/var/www/probe.php", "/var/www/index.php"} <= {*staged(None, site, frozenset()).pages}


# --- ports ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("80", "*:80"),
        ("*:81", "*:81"),
        ("*", "*:80"),
        ("localhost:82", "127.0.0.1:82"),
        ("10.0.0.1:83", "10.0.0.1:83"),
        ("[::]:84", ":::84"),
        ("unix:/run/n.sock", "unix:/run/n.sock"),
    ],
)
def test_an_address_of_a_listener(written: str, found: str) -> None:
    """As nginx reads it."""
    (server,) = _config(f"server {{ listen {written}; }}").servers
    assert [str(one) for one in listeners(server)] == [found]


def test_words_of_a_listener() -> None:
    """TLS, HTTP/2 and QUIC, on one line or by directives of their own; without any, port 80."""
    (one,) = _config("server { listen 443 ssl http2; listen 443 quic; http2 on; }").servers
    assert [each.protocols for each in listeners(one)] == [("http/1.1", "h2"), ("h3",)]
    (bare,) = _config("server { }").servers
    assert [str(each) for each in listeners(bare)] == ["*:80"]
    (proxied,) = _config("server { listen 80 proxy_protocol; }").servers
    assert listeners(proxied)[0].has_proxy_line


def test_the_upstreams_of_a_configuration() -> None:
    """Through groups, variables and maps, for every protocol, each once."""
    config = _config(
        "upstream pool { server one:1; server two; server unix:/run/p.sock; }"
        "map $host $way { default http://mapped:2; }"
        "server { set $up three:3; location /a { proxy_pass http://pool/x; }"
        "location /b { proxy_pass http://$up; } location /c { proxy_pass $way; }"
        "location /d { fastcgi_pass unix:/run/f.sock; } location /e { grpc_pass grpcs://g; }"
        "location /f { proxy_pass https://10.0.0.1; } location /g { proxy_pass http://$host; } }"
    )
    assert {str(one): one.protocol for one in upstreams(config)} == {
        "one:1": "http",
        "two:80": "http",
        "unix:/run/p.sock": "http",
        "three:3": "http",
        "mapped:2": "http",
        "unix:/run/f.sock": "fastcgi",
        "g:443": "https",
        "10.0.0.1:443": "https",
    }


def test_name_servers_by_address_stand_in() -> None:
    """With the port that is given, or 53; options and names are no addresses."""
    config = _config("resolver 8.8.8.8 10.0.0.1:5353 ns.example.test valid=10s ipv6=off;")
    assert resolvers(config) == (("8.8.8.8", 53), ("10.0.0.1", 5353))


def test_an_upstream_in_place_of_another_does_not_stand_in() -> None:
    """One that the patch only adds does, and one that is vouched for."""
    base = _config("server { location / { proxy_pass http://app:1; } }")
    moved = _config("server { location / { proxy_pass http://app:2; } }")
    added = _config(
        "server { location / { proxy_pass http://app:1; }"
        " location /n { proxy_pass http://new:2; } }"
    )
    assert [str(one) for one in staged(base, moved, frozenset()).unvouched] == ["app:2"]
    assert not staged(base, moved, frozenset({"app:2"})).unvouched
    # That the host is known does not say that something listens on another port of it.
    assert staged(base, moved, frozenset({"app"})).unvouched
    stage = staged(base, added, frozenset())
    assert [str(one) for one in stage.stubs] == ["app:1", "new:2"]
    assert stage.notes == ("new:2 stands in: only the patch names it",)


def test_a_wildcard_gives_way_to_an_upstream() -> None:
    """Only on the port that both need, and to an address that no other listener has."""
    base = _config("server { location / { proxy_pass http://app; } }")
    assert staged(None, base, frozenset()).doors.moved == {80: "127.0.0.1"}
    both = _config(
        "server { listen 80; location / { proxy_pass http://app; } }server { listen 127.0.0.1:80; }"
    )
    assert staged(None, both, frozenset()).doors.moved == {80: "127.0.0.2"}
    other = _config("server { listen 81; location / { proxy_pass http://app; } }")
    assert not staged(None, other, frozenset()).doors.moved


# --- requests ------------------------------------------------------------------------------------

_BASE = (
    "server { listen 80; server_name a.example.test;\nlocation / { return 200 a; }\n"
    "location /b/ { return 200 b; }\n}\n"
    "server { listen 80; server_name c.example.test;\nlocation / { return 200 c; }\n}"
)


def test_what_a_change_is_about_is_asked_first() -> None:
    """Methods, origins and neighbours of the changed place, then the rest of the configuration."""
    names = _names(_BASE, _BASE.replace("200 b", "200 other"))
    assert names[0] == "GET http://a.example.test/b/probe.html"
    assert "OPTIONS http://a.example.test/b/probe.html" in names
    assert "BREW http://a.example.test/b/probe.html" in names
    assert names.index("GET http://c.example.test/") > names.index("GET http://a.example.test/bx")


def test_requests_are_bounded_and_no_two_are_the_same() -> None:
    """Of very many servers, those that a change is in come first."""
    many = "".join(f"server {{ listen 80; server_name s{n}.example.test; }}\n" for n in range(600))
    names = _names(many, many.replace("s590.example.test;", "s590.example.test; return 410;"), 20)
    assert len(names) == len(set(names)) == 20
    assert names[0] == "GET http://s590.example.test/"


def test_what_is_removed_is_asked_for_too() -> None:
    """A place that only the base has is where its loss shows."""
    names = _names(_BASE, _BASE.replace("location /b/ { return 200 b; }\n", ""))
    assert "GET http://a.example.test/b/probe.html" in names


def test_sizes_are_those_of_both_sides() -> None:
    """Just within and just above each limit; large ones are only declared."""
    base = "client_max_body_size 10k;" + _BASE
    names = _names(base, base.replace("10k", "20m"))
    sizes = {int(found[1]) for name in names if (found := re.search(r"body of (\d+) bytes", name))}
    assert sizes == {10239, 10241, 20971519, 20971521}


def test_origins_that_only_look_allowed() -> None:
    """One in front, one behind, of what a map lets in."""
    base = (
        'map $http_origin $o { default ""; "~^https://ok\\.example\\.test$" $http_origin; }' + _BASE
    )
    names = _names(base, base.replace("return 200 b;", "return 200 b; add_header A $o;"))
    origins = {name.partition("(Origin: ")[2].rstrip(")") for name in names if "(Origin: " in name}
    assert {
        *("https://ok.example.test", "https://ok.example.test.lookalike.invalid"),
        *("https://lookalikeok.example.test", "null", "https://lookalike.invalid"),
    } <= origins


def test_an_origin_that_the_patch_brings_is_asked_first() -> None:
    """However many the base knows already."""
    old = "".join(f'"https://o{number}.test" 1; ' for number in range(9))
    base = f"map $http_origin $o {{ {old} }} server {{ location / {{ add_header A $o; }} }}"
    names = _names(base, base.replace(old, f'{old} "https://new.test" 1; '))
    asked = [name for name in names if "(Origin: https://" in name]
    assert any("(Origin: https://new.test)" in name for name in asked), names


def test_a_host_header_names_the_port_that_is_not_the_standard_one() -> None:
    """As a browser sends it; a server without a name is asked for by its address."""
    made, _ = requests(
        [_config("server { listen 8080; }")], reaches((), None, _config("")), Doors({}), 5
    )
    assert made[0].name == f"GET http://{PUBLIC}:8080/"
    assert ("Host", f"{PUBLIC}:8080") in made[0].ask()["headers"]


# --- scopes --------------------------------------------------------------------------------------


def test_a_change_reaches_its_block_or_everything() -> None:
    """A location's change touches requests made for it; one in `http` may touch them all."""
    patched = _BASE.replace("200 b", "200 other")
    sides = _config(_BASE), _config(patched)
    reached = reaches(difference(*sides), *sides)
    assert reached.labels == {"location /b/ of server a.example.test"}
    assert not reached.touching(frozenset({"server c.example.test"}))
    wide = _config("gzip on;" + _BASE)
    (everywhere,) = reaches(difference(sides[0], wide), sides[0], wide).everywhere
    assert everywhere.labels == {EVERYWHERE}
