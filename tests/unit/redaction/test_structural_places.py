"""Structural rules for tables, calls, commands and talk: what they take and what they leave."""

from __future__ import annotations

import random
import string
import time

import pytest

from workflow.redaction.structural import Structural

_RNG = random.Random(21)  # noqa: S311 - sample values, made here so that the repository holds none
_LETTERS = string.ascii_letters + string.digits
_RANDOM = "x7" + "".join(_RNG.choice(_LETTERS) for _ in range(18)) + "3k"
_WORDS = "otter-lamp" + "42"
# `@` is a value drawn by chance, `~` one of words; the rest stands as it is.
_PLACES: tuple[tuple[str, str], ...] = (
    # Columns.
    ("a.csv", 'id,"password",role\n1,"<~>",x\n2,<~>,y\n'),
    ("a.tsv", "name\tapi_key\nada\t<@>\n"),
    ("a.txt", "user;password\nada;<~>\n"),
    ("a.txt", " name | api_key\n------+------\n ada  | <@>\n bob  | <@>\n(2 rows)\n"),
    ("a.txt", "+------+---------+\n| user | passwd  |\n+------+---------+\n| ada  | <~> |\n"),
    ("a.txt", "NAME     DB_PASSWORD\nada      <~>\n"),
    ("a.md", "| user | password |\n|------|----------|\n| ada | `<~>` |\n"),
    ("a.md", "|| user || password ||\n| ada | <~> |\n"),
    ("a.md", "| db password | <~> |\n"),
    ("a.sql", "INSERT INTO `u` (`id`, `password`) VALUES (1, '<~>'), (2, '<~>');\n"),
    ("a.sql", "INSERT INTO u (name, password) VALUES ('ada', crypt('<~>', gen_salt('bf')));\n"),
    ("a.sql", "COPY u (id, name, password) FROM stdin;\n1\tada\t<~>\n\\.\n"),
    # Calls.
    ("a.py", 'requests.get(u, auth=("bob", "<~>"))\n'),
    ("a.py", 'server.login("bob@corp.example", "<~>")\n'),
    ("a.py", 'parser.add_argument("--password", default="<~>")\n'),
    ("a.py", 'config.set("db", "password", "<~>")\n'),
    ("a.py", 'DB_PASSWORD = (\n    "<~>"\n)\n'),
    ("a.py", 'assert verify(user.password, "<~>")\n'),
    ("a.cs", 'new NetworkCredential("bob", "<~>")\n'),
    ("A.java", 'DriverManager.getConnection("jdbc:x://h/db", "bob", "<~>");\n'),
    ("a.cpp", 'std::string password{"<~>"};\n'),
    ("a.cpp", 'const auto apiToken = std::string("<@>");\n'),
    ("a.c", 'char db_password[] = "<~>";\n'),
    ("a.rs", 'const DB_PASSWORD: &\'static str = "<~>";\n'),
    ("a.gradle", "    keyPassword '<~>'\n"),
    ("a.gradle", "    authToken '<@>'\n"),
    ("a.js", "crypto.createHmac('sha256', '<~>')\n"),
    ("a.ps1", 'Login("bob", (ConvertTo-SecureString "<~>" -AsPlainText -Force))\n'),
    ("a.sh", "xfreerdp /v:srv /u:bob /p:<~>\n"),
    ("a.js", "localStorage.setItem('apiToken', '<@>');\n"),
    ("a.js", "page.fill('#password', '<~>');\n"),
    ("a.js", "jwt.sign(payload, '<~>')\n"),
    ("a.json", '{"secret": {"value": "<~>"}}\n'),
    ("a.json", '{"ParameterKey": "DbPassword", "ParameterValue": "<~>"}\n'),
    ("a.json", '{"headers": [{"name": "Authorization", "value": "Bearer <~>"}]}\n'),
    ("a.xml", "<property><name>dbPassword</name><value><~></value></property>\n"),
    ("a.xml", "<AdminPassword><Value><~></Value></AdminPassword>\n"),
    ("a.html", '<input type="password" value="<~>">\n'),
    ("a.html", "<td>Password:</td>\n<td><code><~></code></td>\n"),
    # Commands.
    ("a.sh", 'aws ssm put-parameter --name /a/b --type SecureString --value "<~>"\n'),
    ("a.sh", "echo '<~>' | docker login -u bob --password-stdin\n"),
    ("a.sh", "echo 'bob:<~>' | chpasswd\n"),
    ("a.sh", "htpasswd -b users bob <~>\n"),
    ("a.sh", "sqlplus bob/<~>@db\n"),
    ("a.txt", "$ PGPASSWORD=<~> psql -h db\n"),
    ("a.txt", "d-i passwd/user-password password <~>\n"),
    # Talk.
    ("a.txt", "login bob / <~>\n"),
    ("a.txt", "admin password - <~>\n"),
    ("a.txt", "password (admin): <~>\n"),
    ("a.txt", "Hi, the password for the box is <~>.\n"),
    ("a.txt", 'The password was changed from "<~>" today.\n'),
    ("a.txt", "use <~> as password\n"),
    ("a.txt", "pw = <~> (till Friday)\n"),
    ("a.md", "user `bob`, pass `<~>`\n"),
    ("a.md", "- **Password**: <~>\n"),
)


@pytest.mark.parametrize(("path", "template"), _PLACES)
def test_a_value_is_taken_at_its_place(path: str, template: str) -> None:
    """Every copy of the value is covered, and but for signs nothing besides."""
    value = _RANDOM if "<@>" in template else _WORDS
    text = template.replace("<@>", value).replace("<~>", value).encode()
    covered = {at for span in Structural().find(text, path) for at in range(span.start, span.end)}
    assert covered
    at = text.find(value.encode())
    while at >= 0:
        assert set(range(at, at + len(value))) <= covered
        covered -= set(range(at, at + len(value)))
        at = text.find(value.encode(), at + 1)
    assert not covered


_ALIKE: tuple[tuple[str, str], ...] = (
    (
        "a.md",
        "| token | meaning |\n|-------|---------|\n| NUMBER | a number |\n| NAME | a name |\n",
    ),
    ("a.csv", "model,tokens,cost\nsmall,120000,1.25\nlarge,340000,7.5\n"),
    ("a.csv", "name,password\nada,${ADA_PASSWORD}\nbob,changeme\n"),
    ("a.txt", "Use a password, token\nor a key, whichever-2 fits\n"),
    ("a.py", "def f(\n    user,\n    password,\n    code2x,\n): ...\n"),
    ("a.sql", "INSERT INTO u (name, password) VALUES ('ada', :password), ('bob', NULL);\n"),
    ("a.py", 'requests.get(u, auth=("user", "password"))\n'),
    ("a.py", 'parser.add_argument("--token", default=None, help="a default=\'x\'")\n'),
    ("a.py", '_ApiKeyT = TypeVar("_ApiKeyT", bound=str)\n'),
    ("a.py", "# C.f http://rt.corp.example/Bug?id=41003\n"),
    ("a.py", 'parse(password, "utf-8")\ncheck(token, "bearer")\n'),
    ("a.md", "Pass `--all` and a token `args[token.index]` of the user.\n"),
    ("a.md", "The password - see above - is required; set `token` as password.\n"),
    ("a.md", '<h4 id="listing-tokens">Listing all2 tokens3x</h4>\n'),
    ("a.md", "run it with key1=value1,key2=value2\n"),
    ("a.py", 'Token.Comment: "italic #A3AAB2",\n'),
    ("a.txt", "# token = 1*tchar\n"),
    ("a.sh", 'echo "$PASSWORD" | docker login --password-stdin\n'),
    ("a.sh", "aws secretsmanager create-secret --secret-string file://secret.json\n"),
)


@pytest.mark.parametrize(("path", "text"), _ALIKE)
def test_a_look_alike_stays(path: str, text: str) -> None:
    """Tables of words, references, defaults of nothing and prose are left as they are."""
    assert list(Structural().find(text.encode(), path)) == []


@pytest.mark.parametrize(
    "unit",
    [
        b"a,token\n",
        b"token,",
        b"| token | x |\n",
        b"insert into a(token)values(",
        b"copy a (token) from stdin;\n",
        b'auth=("a","',
        b'"token",default="',
        b'token{"',
        b"echo x | chpasswd",
        b"pass `",
        b"login a / ",
        b"<b>token</b><td>",
    ],
)
def test_hostile_lines_stay_linear(unit: bytes) -> None:
    """Eight times the text takes about eight times as long, not sixty-four."""
    detector = Structural()
    taken = []
    for size in (10_000, 80_000):
        text = unit * (size // len(unit))
        start = time.process_time()
        list(detector.find(text, ""))
        taken.append(time.process_time() - start)
    assert taken[1] < 24 * taken[0] + 0.05
