"""Structural rules, syntax by syntax: what they take, to the byte, and what they leave."""

from __future__ import annotations

import random
import string
import time

import pytest

from workflow.redaction.interface import Kind
from workflow.redaction.structural import Structural

_RNG = random.Random(20)  # noqa: S311 - sample values, made here so that the repository holds none


def _some(alphabet: str, length: int) -> str:
    return "".join(_RNG.choice(alphabet) for _ in range(length))


_MIXED = "x7" + _some(string.ascii_letters + string.digits, 18) + "3k"
_HEX = "a1" + _some("0123456789abcdef", 30)
_WORDS = "otter-lamp" + "42"
_SIGNS = "p!7" + _some("abc%^*=~+-9", 9) + "Z2"
_TEMPLATES: tuple[tuple[str, str], ...] = (
    # Settings.  `@` is a mixed value, `~` one of words, `!` one with signs, `#` hexadecimal.
    (".env", "DB_PASSWORD=<~>\nPORT=1\n"),
    (".env", "DB_PASSWORD='<!>'\n"),
    ("a.sh", 'export MYAPP_API_KEY="<@>"\n'),
    ("a.yaml", "db:\n  password: <~>  # why\n"),
    ("a.yaml", "password: '<~>''s'\n"),
    ("a.yaml", "token: |\n  <@>\nnext: 1\n"),
    ("a.yaml", "env:\n  - name: DB_PASSWORD\n    value: <~>\n  - name: X\n"),
    ("a.yaml", "{user: bob, password: <~>, port: 1}\n"),
    ("a.yaml", "environment:\n  - API_TOKEN=<@>\n"),
    ("s.yaml", "kind: Secret\nstringData:\n  anything: <~>\n"),
    ("a.toml", 'client_secret = "<@>"\n'),
    ("a.json", '{"user": "bob", "dbPassword": "<~>", "port": 1}'),
    ("a.json", '{"name": "API_KEY", "value": "<@>"}'),
    ("log.txt", '{"body": "{\\"password\\": \\"<~>\\"}"}'),
    ("a.ini", "[db]\npassword = <!>\n"),
    ("a.properties", "spring.datasource.password=<~>\n"),
    ("a.xml", "<db><password><~></password></db>"),
    ("a.config", '<add key="ApiKey" value="<@>" />'),
    ("site.conf", 'proxy_set_header Authorization "Bearer <@>";\n'),
    ("site.conf", "    set $api_token <@>;\n"),
    ("site.conf", "fastcgi_param DB_PASSWORD <~>;\n"),
    ("a.service", 'Environment="A=1" "DB_PASSWORD=<~>"\n'),
    ("Dockerfile", "ENV PORT=1 DB_PASSWORD=<~> TZ=UTC\n"),
    ("Dockerfile", "ENV DB_PASSWORD <~>\n"),
    ("main.tf", 'variable "db_password" {\n  type = string\n  default = "<~>"\n}\n'),
    # Commands.
    ("a.sh", "curl -u bob:<~> https://db/\n"),
    ("a.sh", "curl -H 'Authorization: Bearer <@>' https://db/\n"),
    ("a.sh", "app --db-password=<~> start\n"),
    ("a.sh", "app --db-password '<~>' start\n"),
    ("a.sh", "mysql -u root -p<~> shop\n"),
    ("a.sh", "sshpass -p <~> ssh db\n"),
    ("a.sh", "docker build --build-arg NPM_TOKEN=<@> .\n"),
    # Code.
    ("a.py", 'password = "<~>"\n'),
    ("a.py", "connect(host, password='<~>', port=1)\n"),
    ("a.py", 'if password == "<~>":\n    pass\n'),
    ("a.py", 'password: str = "<~>"\n'),
    ("a.py", 'os.environ.setdefault("DB_PASSWORD", "<~>")\n'),
    ("a.py", 'token = os.environ.get("API_TOKEN") or "<@>"\n'),
    ("a.py", 'api_key = SecretStr("<@>")\n'),
    ("a.py", 'password = b"<~>"\n'),
    ("a.js", "const apiKey = `<@>`;\n"),
    ("a.ts", "const token: string = '<@>';\n"),
    ("a.go", 'cfg := Config{Password: "<~>"}\n'),
    ("a.php", "define('DB_PASSWORD', '<~>');\n"),
    ("a.rb", "{ :password => '<~>' }\n"),
    ("a.rs", 'let api_key: &str = "<@>";\n'),
    ("A.java", 'config.setPassword("<~>");\n'),
    ("A.cs", 'public string ApiKey { get; set; } = "<@>";\n'),
    ("a.py", 'dsn = "host=db user=bob password=<~> dbname=x"\n'),
    ("a.sql", "CREATE USER bob IDENTIFIED BY '<~>';\n"),
    # Files of credentials.
    (".netrc", "machine db login bob password <~>\n"),
    (".pgpass", "db:5432:shop:bob:<~>\n"),
    (".npmrc", "//registry.corp/:_authToken=<#>\n"),
    ("redis.conf", "requirepass <~>\n"),
    ("redis.conf", "user bob on ><~> +@all\n"),
    ("haproxy.cfg", "user bob insecure-password <~>\n"),
    ("sasl_passwd", "[smtp.corp]:587 bob:<~>\n"),
    ("wg0.conf", "PrivateKey = <@>=\n"),
    # URLs and connection strings.
    ("a.ini", "url = postgres://bob:<~>@db:5432/shop\n"),
    ("a.ini", "url = redis://:<~>@db\n"),
    ("a.txt", "GET /v1?page=2&api_key=<@>&sort=1\n"),
    ("a.json", '{"main": "Server=db;User Id=bob;Password=<~>;Encrypt=True"}'),
    ("a.txt", "https://hooks.slack.com/services/<@>\n"),
    # Headers.
    ("a.http", "Authorization: Basic <@>\n"),
    ("a.http", "X-Api-Key: <@>\n"),
    ("a.http", "Cookie: theme=dark; sessionid=<@>; a=b\n"),
    ("a.go", 'req.SetBasicAuth("bob", "<~>")\n'),
    ("a.vb", 'Dim dbPassword As String = "<~>"\n'),
    ("a.go", 'var apiToken string = "<@>"\n'),
    ("a.py", 'if headers["X-Token"] != "<@>":\n    pass\n'),
    ("a.md", 'It fails with token "<@>" since then.\n'),
    ("CMakeLists.txt", 'set(DB_PASSWORD "<~>")\n'),
    ("a.fish", 'set -gx API_TOKEN "<@>"\n'),
    ("a.R", 'db_password <- "<~>"\n'),
    ("a.clj", '{:host "db" :signing-key "<@>"}\n'),
    ("a.plist", "<key>clientSecret</key>\n<string><~></string>\n"),
    ("a.sh", 'gh secret set DB_PASSWORD --body "<~>"\n'),
    # Prose.
    ("a.md", "export API_TOKEN=<@>   <- put this there\n"),
    ("a.md", "The admin password is `<~>`, keep it.\n"),
    ("a.md", "**Token:** `<@>`\n"),
)
_VALUES = {"@": _MIXED, "~": _WORDS, "!": _SIGNS, "#": _HEX}


def _filled(template: str) -> tuple[bytes, int, int]:
    start = min(template.find(f"<{sign}>") for sign in _VALUES if f"<{sign}>" in template)
    value = _VALUES[template[start + 1]]
    text = template[:start] + value + template[start + 3 :]
    return text.encode(), start, start + len(value)


@pytest.mark.parametrize(("path", "template"), _TEMPLATES)
def test_a_value_is_taken_whole(path: str, template: str) -> None:
    """Every character of the value lies in a span, and nothing but closing signs besides."""
    text, start, end = _filled(template)
    covered = {at for span in Structural().find(text, path) for at in range(span.start, span.end)}
    assert set(range(start, end)) <= covered
    assert all(text[at : at + 1] in b"'s=@[" for at in covered - set(range(start, end)))


_ALIKE: tuple[tuple[str, str], ...] = (
    ("a.py", 'password = os.environ["DB_PASSWORD"]\n'),
    ("a.py", "password = get_password()\n"),
    ("a.py", "password: str\ntoken: Token | None = None\n"),
    ("a.py", "token = tokens[0]\nkey = token_key\n"),
    ("a.py", 'parser.add_argument("--password", help="the password to use")\n'),
    ("a.py", 'f"password={password!r}"\n'),
    ("a.py", 'KEY = "key"\nTOKEN_TYPE = "bearer"\nsecret_name = "db-main-7"\n'),
    ("a.py", "# The client passing `credentials=` calls\n# `for_base_url` twice\n"),
    ("a.ts", "password = process.env.PASSWORD;\n"),
    (".env", "PASSWORD=${DB_PASSWORD}\nTOKEN=$TOKEN\nKEY=changeme\nAPI_KEY=your-api-key-here\n"),
    ("a.yaml", "password: {{ vault_password }}\ntoken: !vault |\n  $ANSIBLE_VAULT\n"),
    ("a.yaml", "secretKeyRef:\n  name: shop-db-credentials\n  key: password\n"),
    ("a.yaml", "password: '********'\ntoken: null\npassword_min_length: 12\n"),
    ("a.json", '{"password": "Enter your password", "token": "<token>"}'),
    ("site.conf", "proxy_set_header Authorization $http_authorization;\nset $token $arg_t;\n"),
    ("poetry.lock", f'content-hash = "{_HEX}"\n'),
    ("r.txt", f"pkg==1.2 --hash=sha256:{_HEX}\n"),
    ("a.md", "Set the password in the settings; the token is required and expires.\n"),
    ("a.pem", f"-----BEGIN CERTIFICATE-----\n{_HEX * 2}\n-----END CERTIFICATE-----\n"),
    ("a.ini", "url = http://localhost:8080/a@b\nurl2 = postgres://user:${PW}@db/x\n"),
)


@pytest.mark.parametrize(("path", "text"), _ALIKE)
def test_a_look_alike_survives(path: str, text: str) -> None:
    """References, placeholders, code and prose are left as they are."""
    assert list(Structural().find(text.encode(), path)) == []


@pytest.mark.parametrize(
    ("before", "between", "after"),
    [("", "\n", ""), ("    ", "\n", ""), ('k: "', "\\n", '"'), ("> ", "\n", ""), ("+", "\n", "")],
)
@pytest.mark.parametrize("kind", ["", "RSA ", "ENCRYPTED ", "OPENSSH "])
def test_a_private_key_is_taken_whole(kind: str, before: str, between: str, after: str) -> None:
    """Each line of the body is covered, however the key is indented, quoted or escaped."""
    body = [_some(string.ascii_letters + string.digits + "+/", 64) for _ in range(4)]
    lines = [f"-----BEGIN {kind}PRIVATE KEY-----", *body, f"-----END {kind}PRIVATE KEY-----"]
    glue = between if between == "\\n" else between + before
    text = (before + glue.join(lines) + after + "\n").encode()
    spans = list(Structural().find(text, "a.txt"))
    assert {span.kind for span in spans} == {Kind.PRIVATE_KEY}
    for line in body:
        at = text.index(line.encode())
        assert any(span.start <= at and at + len(line) <= span.end for span in spans)
    assert all(b"PRIVATE" not in text[span.start : span.end] for span in spans)


def test_a_key_without_its_end_is_taken() -> None:
    """A body that was cut off is sealed as far as it goes."""
    body = _some(string.ascii_letters + string.digits, 64)
    text = f"-----BEGIN PRIVATE KEY-----\n{body}\n{body[:40]}\n\nplain words here\n".encode()
    spans = list(Structural().find(text, "a.txt"))
    assert min(span.start for span in spans) == text.index(body.encode())
    assert max(span.end for span in spans) <= text.index(b"plain")


@pytest.mark.parametrize(
    ("head", "length", "alphabet"),
    [
        ("gh" + "p_", 36, string.ascii_letters + string.digits),
        ("AK" + "IA", 16, string.ascii_uppercase + string.digits),
        ("xox" + "b-", 40, string.digits + string.ascii_letters),
        ("sk-" + "ant-", 60, string.ascii_letters + string.digits + "_-"),
        ("gl" + "pat-", 20, string.ascii_letters + string.digits),
        ("s.", 24, string.ascii_letters + string.digits),
        ("ey" + "JhbGciOiJub25lIn0.ey", 30, string.ascii_letters),
    ],
)
def test_a_shape_needs_no_name(head: str, length: int, alphabet: str) -> None:
    """A token with a known head is found in plain text, by itself, to its last character."""
    token = head + "q7".upper() + _some(alphabet, length - 2) + ("." if "." in head[2:] else "")
    stop = "" if token.endswith(".") else "."
    text = f"use {token}{stop}\nand go".encode()
    (span,) = Structural().find(text, "notes.txt")
    assert (span.start, span.end) == (4, 4 + len(token))


@pytest.mark.parametrize(
    "unit",
    [
        b"=",
        b'"',
        b"a",
        b"[({",
        b"password=",
        b"password=$",
        b"token=${",
        b'"token: [", ',
        b"cookie:a=b;",
        b"kind: Secret\n",
        b"://a:b@",
        b"-eyJabcdefgh",
        b'password=\\"',
        b"-----BEGIN PRIVATE KEY-----",
        b"hooks.slack.com/services/",
        b"secret=)",
        b"`",
        b"token: |\n ",
    ],
)
def test_hostile_lines_stay_linear(unit: bytes) -> None:
    """Eight times the text takes about eight times as long, not sixty-four."""
    detector = Structural()
    taken = []
    for size in (15_000, 120_000):
        text = unit * (size // len(unit))
        start = time.process_time()
        list(detector.find(text, ""))
        taken.append(time.process_time() - start)
    assert taken[1] < 24 * taken[0] + 0.05
