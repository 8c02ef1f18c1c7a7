"""Rules for headers, origins, policies and TLS on one configuration: what each tells and leaves."""

from __future__ import annotations

import pytest

from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.fault import Level, found, new
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.rules.facts import nearest, site, tls_site
from workflow.semantics.nginx.rules.headers import HEADERS

CSP = "add_header Content-Security-Policy {} always;"
HSTS = "add_header Strict-Transport-Security {} always;"
ORIGIN = "add_header Access-Control-Allow-Origin {} always;"
CREDENTIALS = "add_header Access-Control-Allow-Credentials true always;"
VARY = "add_header Vary Origin always;"
UPSTREAM = "proxy_pass http://127.0.0.1:8000;"


def told(text: str, *, tls: bool = False) -> list[str]:
    """Return the rules that a server's text breaks, and how much each weighs."""
    main = tls_site(text) if tls else site(text)
    config = load(Texts({"nginx.conf": main}), "nginx.conf")
    assert not config.unread
    return [f"{one.rule} {one.level}" for one in found(HEADERS, config)]


WRONG = {
    "an if loses headers": (
        (
            "add_header X-Frame-Options DENY always;\n"
            "location / { if ($arg_a) { add_header X-A b; return 204; } root /srv; }"
        ),
        ["header-inheritance fault"],
    ),
    "some are repeated": (
        (
            "add_header X-Frame-Options DENY always;\n"
            "add_header Referrer-Policy no-referrer always;\n"
            "location /a { add_header X-Frame-Options DENY always; }"
        ),
        ["header-inheritance doubt"],
    ),
    "a harmless one is lost": (
        "add_header X-Served-By a; location /a { add_header X-A b; }",
        ["header-inheritance doubt"],
    ),
    "merge is switched off again": (
        (
            "add_header_inherit merge; add_header X-Frame-Options DENY always;\n"
            "location /a { add_header_inherit on; add_header X-A b; }"
        ),
        ["header-inheritance fault"],
    ),
    "a colon in the name": ("add_header Referrer-Policy: no-referrer;", ["header-broken fault"]),
    "a line break in the value": (
        CSP.format("\"default-src 'self';\n  img-src *\""),
        ["header-broken fault"],
    ),
    "a name with a letter too few": (
        "add_header X-Frame-Option DENY always;",
        ["header-misspelled fault"],
    ),
    "a request header misspelled": (
        f"location / {{ proxy_set_header X-Forwarded-Fro $remote_addr; {UPSTREAM} }}",
        ["header-misspelled fault"],
    ),
    "nosniff misspelled": (
        "add_header X-Content-Type-Options nosnif always;",
        ["header-value fault"],
    ),
    "a policy for referrers misspelled": (
        "add_header Referrer-Policy strict-origin-when-crossorigin always;",
        ["header-value fault"],
    ),
    "an old way to frame": (
        'add_header X-Frame-Options "ALLOW-FROM https://a.example" always;',
        ["header-value doubt"],
    ),
    "features in the old syntax": (
        "add_header Permissions-Policy \"camera 'none'\" always;",
        ["header-value fault"],
    ),
    "credentials with a capital": (
        "add_header Access-Control-Allow-Credentials True always;",
        ["header-value fault"],
    ),
    "a comma in HSTS": (
        HSTS.format('"max-age=31536000, includeSubDomains"'),
        ["hsts-value fault"],
    ),
    "an unknown word in HSTS": (
        HSTS.format('"max-age=31536000; includeSubdomain"'),
        ["hsts-value fault"],
    ),
    "HSTS for minutes": (HSTS.format("max-age=300"), ["hsts-value doubt"]),
    "HSTS taken back": (HSTS.format("max-age=0"), ["hsts-value doubt"]),
    "preload without subdomains": (
        HSTS.format('"max-age=31536000; preload"'),
        ["hsts-value doubt"],
    ),
    "an unknown directive": (CSP.format("\"defualt-src 'self'\""), ["csp-unknown-directive fault"]),
    "a source behind a stray semicolon": (
        CSP.format("\"script-src 'self'; https://a.example\""),
        ["csp-unknown-directive fault"],
    ),
    "a policy by a variable": (
        f'set $csp "script-src self"; {CSP.format("$csp")}',
        ["csp-unquoted-keyword fault"],
    ),
    "a nonce without quotes": (
        CSP.format('"script-src nonce-$request_id"').replace("$request_id", "abc"),
        ["csp-unquoted-keyword fault"],
    ),
    "typographic quotes": (
        CSP.format(
            '"script-src \N{LEFT SINGLE QUOTATION MARK}self\N{RIGHT SINGLE QUOTATION MARK}"'
        ),
        ["csp-unquoted-keyword fault"],
    ),
    "a keyword misspelled": (
        CSP.format("\"script-src 'unsafe-inlne'\""),
        ["csp-invalid-source fault"],
    ),
    "a comma between sources": (
        CSP.format("\"script-src 'self', https://a.example\""),
        ["csp-invalid-source fault"],
    ),
    "the semicolon before frame-ancestors": (
        CSP.format("\"default-src 'self' frame-ancestors 'none'\""),
        ["csp-missing-semicolon fault"],
    ),
    "any origin with credentials": (
        f"{ORIGIN.format('*')} {CREDENTIALS}",
        ["cors-wildcard-credentials fault"],
    ),
    "the asking origin, unchecked": (
        f"{ORIGIN.format('$http_origin')} {VARY}",
        ["cors-reflected-origin doubt"],
    ),
    "the asking origin by set": (
        f"set $o $http_origin; {ORIGIN.format('$o')} {CREDENTIALS} {VARY}",
        ["cors-reflected-origin fault"],
    ),
    "an open pattern in an if": (
        (
            r"location / { if ($http_origin ~* https://.*\.example\.org) {"
            f" {ORIGIN.format('$http_origin')} {VARY} }} {UPSTREAM} }}"
        ),
        ["cors-origin-pattern fault"],
    ),
    "an open dot in an if": (
        (
            "location / { if ($http_origin ~* ^https://www.example.org$) {"
            f" {ORIGIN.format('$http_origin')} {VARY} }} {UPSTREAM} }}"
        ),
        ["cors-origin-pattern doubt"],
    ),
    "two origins": (
        ORIGIN.format('"https://a.example, https://b.example"'),
        ["cors-origin-value fault"],
    ),
    "null by itself": (ORIGIN.format("null"), ["cors-null-origin doubt"]),
    "HTTP/3 offered in an if": (
        "location / { if ($arg_a) { add_header Alt-Svc 'h3=\":443\"' always; return 204; } }",
        ["alt-svc-without-quic fault"],
    ),
    "a preflight that limit_except refuses": (
        (
            f"location / {{ {ORIGIN.format('https://a.example')}\n"
            "add_header Access-Control-Allow-Methods PUT always;\n"
            f"limit_except PUT {{ deny all; }} {UPSTREAM} }}"
        ),
        ["cors-preflight-denied fault"],
    ),
    "a certificate without ssl": (
        "ssl_certificate a.crt; ssl_certificate_key a.key; listen 443;",
        ["tls-port-without-ssl fault"],
    ),
    "one address without ssl": (
        "listen 443 ssl; listen [::]:443; ssl_certificate a.crt; ssl_certificate_key a.key;",
        ["tls-port-without-ssl fault"],
    ),
    "certbot's folders mixed up": (
        (
            "ssl_certificate /etc/letsencrypt/live/a.example/fullchain.pem;\n"
            "ssl_certificate_key /etc/letsencrypt/live/b.example/privkey.pem; listen 443 ssl;"
        ),
        ["tls-certificate-of-another fault"],
    ),
    "3DES": ("ssl_ciphers ECDHE-RSA-DES-CBC3-SHA;", ["tls-weak-cipher doubt"]),
    "export suites": ("ssl_ciphers HIGH:EXP-RC4-MD5;", ["tls-weak-cipher fault"]),
    "no list for the real address": (
        "set_real_ip_from ::/0; real_ip_header X-Forwarded-For;",
        ["real-ip-trusts-all fault"],
    ),
    "a login and a return": (
        "location /a { auth_basic a; auth_basic_user_file f; return 200 x; }",
        ["access-skipped-by-return fault"],
    ),
    "HTTP/3 on another port than it is offered on": (
        (
            "listen 8443 ssl; listen 8443 quic; ssl_certificate a.crt; ssl_certificate_key a.key;\n"
            "add_header Alt-Svc 'h3=\":443\"' always;"
        ),
        ["alt-svc-without-quic doubt"],
    ),
    "one of two is enough, and there is one": (
        "location /a { satisfy any; allow 10.0.0.0/8; root /srv; }",
        ["access-allow-without-deny fault"],
    ),
    "a system's folder by alias": ("location /x/ { alias /etc/; }", ["root-exposes-system fault"]),
    "a system's folder by the path": ("location /etc { root /; }", ["root-exposes-system fault"]),
    "an API of nginx open": ("location /s { stub_status; }", ["status-open fault"]),
    "an error log called off": ("error_log off;", ["error-log-off fault"]),
}
RIGHT = {
    "merged headers": (
        "add_header X-Frame-Options DENY always; add_header_inherit merge;\n"
        "location /a { add_header X-A b; }"
    ),
    "headers switched off on purpose": (
        "add_header X-Frame-Options DENY always;\n"
        "location /a { add_header_inherit off; add_header X-A b; }"
    ),
    "more_set_headers adds up": (
        'more_set_headers "X-Frame-Options: DENY";\nlocation /a { add_header X-A b; }'
    ),
    "a chosen value": "add_header X-Frame-Options $a always; add_header X-Frame-Options $b always;",
    "a list of policies for referrers": (
        'add_header Referrer-Policy "no-referrer, strict-origin" always;'
    ),
    "features as they are written": (
        'add_header Permissions-Policy "camera=(), geolocation=(self \\"https://a.example\\"),'
        ' fullscreen=*" always;'
    ),
    "other headers of one's own": "add_header X-Cache $upstream_cache_status always;",
    "Content-Type of the application hidden": (
        f"location / {{ proxy_hide_header Content-Type; add_header Content-Type a/b; {UPSTREAM} }}"
    ),
    "nonces, hashes and schemes": CSP.format(
        "\"script-src 'nonce-$request_id' 'sha256-YQ==' 'strict-dynamic' https: blob:;"
        ' upgrade-insecure-requests; sandbox allow-scripts"'
    ),
    "an empty report": CSP.format("\"default-src 'none'; report-uri /csp; report-to csp\""),
    "a checked origin": (
        r"location / { if ($http_origin ~ ^https://(www\.)?example\.org$) {"
        f" {ORIGIN.format('$http_origin')} {CREDENTIALS} {VARY} }} {UPSTREAM} }}"
    ),
    "a preflight in its own if": (
        f"location / {{ if ($request_method = OPTIONS) {{ {ORIGIN.format('*')} return 204; }}\n"
        f"{UPSTREAM} }}"
    ),
    "GET alone": (
        f"{ORIGIN.format('*')} add_header Access-Control-Allow-Methods GET always;\n"
        f"location /a {{ if ($request_method != GET) {{ return 405; }} {UPSTREAM} }}"
    ),
    "strong suites and bans": "ssl_ciphers HIGH:!aNULL:!MD5:!RC4:!3DES;",
    "TLS ended before nginx": "listen 8443;",
    "headers repeated for the application": (
        "proxy_set_header Host $host;\n"
        f"location / {{ proxy_set_header Host $host; proxy_set_header X-A b; {UPSTREAM} }}"
    ),
    "what nginx sends anyway": (
        "proxy_set_header Host $proxy_host; proxy_set_header Connection close;\n"
        f"location / {{ proxy_set_header X-Real-IP $remote_addr; {UPSTREAM} }}"
    ),
    "headers for a block that passes nothing on": (
        "proxy_set_header Host $host; location / { proxy_set_header X-A b; root /srv; }"
    ),
    "an allow list with a login": (
        "location /a { satisfy any; allow 10.0.0.0/8; auth_basic a; auth_basic_user_file f; }"
    ),
    "one file of a folder above": "location = /a.js { root ..; }",
    "an alias whose files have other names": "location /x/ { alias /etc; }",
    "an alias that no path reaches": "location ~ ^/x/ { alias /etc/; }",
    "a status page for the machine itself": (
        "location /s { allow 127.0.0.1; deny all; stub_status; }"
    ),
    "empty values": 'add_header X-Frame-Options "" always; add_header X-Frame-Options DENY always;',
}


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_is_told_once_with_its_weight(name: str) -> None:
    """What is wrong is told by the rule for it, and by no other."""
    text, expected = WRONG[name]
    assert told(text) == expected


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_left_alone(name: str) -> None:
    """What works as it seems to is told by no rule."""
    assert told(RIGHT[name]) == []


def test_a_lost_header_is_named_with_its_block() -> None:
    """The cause of the best known silent fault names the block, the number and each header."""
    text = (
        "add_header X-Frame-Options DENY always; add_header Referrer-Policy no-referrer always;\n"
        "location /collect { add_header Cache-Control no-store; }"
    )
    (fault,) = found(HEADERS, load(Texts({"a.conf": site(text)}), "a.conf"))
    assert fault.level is Level.FAULT
    assert fault.cause == (
        "`location /collect of server example.test` has an add_header of its own, so its answers"
        " lose 2 inherited headers: X-Frame-Options, Referrer-Policy"
    )
    assert fault.evidence == "add_header Cache-Control no-store;"
    assert fault.parts == ("referrer-policy", "x-frame-options")


def test_fewer_of_the_same_is_not_new() -> None:
    """A location that loses one header instead of two has no new fault; the other way it has."""
    two = site(
        "add_header X-Frame-Options DENY always; add_header Referrer-Policy no-referrer always;\n"
        "location /a { add_header X-A b; }"
    )
    one = two.replace(
        "add_header X-A b;", "add_header X-A b; add_header X-Frame-Options DENY always;"
    )
    less, more = (load(Texts({"a.conf": text}), "a.conf") for text in (one, two))
    assert new(HEADERS, more, less) == ()
    assert "header-inheritance" in [fault.rule for fault in new(HEADERS, less, more)]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("x-frame-optoins", "x-frame-options"),
        ("x-fraem-optoins", "x-frame-options"),
        ("x-frame-option", "x-frame-options"),
        ("xframe-options", "x-frame-options"),
        ("x-cache-status", ""),
        ("x", ""),
    ],
)
def test_a_misspelled_word_has_a_meaning(word: str, meant: str) -> None:
    """Two letters wrong, missing, too many or swapped are a slip; more is another word."""
    assert nearest(word, ["x-frame-options", "referrer-policy"]) == meant


def test_hostile_values_cost_little() -> None:
    """Long values, deep patterns and many names are read once, and shown on one bounded line."""
    junk = "(" * 20_000 + "[" * 20_000
    text = (
        f'map $http_origin $o {{ "~{junk}" $http_origin; }}\n'
        f'server {{ add_header Access-Control-Allow-Origin $o; add_header {"x" * 50_000} "a";\n'
        f'add_header Content-Security-Policy "{"script-src * ; " * 5000}; {"y" * 50_000}";\n'
        f'if ($http_origin ~ "{"  " * 20_000}") {{ return 403; }}\n'
        f'if ($request_method !~ "{"  " * 20_000}x") {{ return 403; }} }}'
    )
    config = load(Texts({"a.conf": f"http {{ {text} }}"}), "a.conf")
    faults = found(HEADERS, config)
    assert faults
    assert all(len(str(one)) < 2000 and str(one).isprintable() for one in faults)
