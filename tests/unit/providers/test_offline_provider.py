"""The provider as a whole: roles, files, answers, and the diff dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.errors import NothingToDoError, NotUnderstoodError
from workflow.providers.offline import OfflineProvider
from workflow.providers.offline.dialect import as_answer
from workflow.providers.offline.revision import first_revision, revise, split_lines
from workflow.semantics.nginx import Edit
from workflow.types import AnswerKind, Brief, Outcome, Prompt, RepoPath, Role, SourceFile

if TYPE_CHECKING:
    from workflow.providers import Provider

SITE = "server {\n    listen 80;\n    send_timeout 5s;\n}\n"


def test_is_a_provider() -> None:
    """It has the protocol's name and destination."""
    provider: Provider = OfflineProvider()
    assert (provider.name, provider.destination) == ("offline", "nowhere")


def test_answer(surgeon: Any) -> None:
    """The answer is one fenced diff with bare hunk heads, forecasts, and no prose."""
    draft = surgeon.draft("set send_timeout to 9s", {"nginx/a.conf": SITE})
    assert draft.text == (
        "```diff\n--- a/nginx/a.conf\n+++ b/nginx/a.conf\n@@ server\n server {\n     listen 80;\n"
        "-    send_timeout 5s;\n+    send_timeout 9s;\n }\n```\n"
    )
    assert [(item.gate, item.outcome) for item in draft.forecasts] == [
        ("nginx", Outcome.PASS),
        ("pytest", Outcome.PASS),
    ]
    assert (draft.provider, draft.model) == ("offline", "codemods-1")
    assert draft.notes == ("send_timeout: 5s becomes 9s in server (nginx/a.conf:3)",)


def test_green_field_is_refused(surgeon: Any) -> None:
    """An architect without a template is refused by name, with the setting for a model."""
    with pytest.raises(NotUnderstoodError, match="architect") as caught:
        surgeon.draft("Add a /collect endpoint", {"a.conf": SITE}, Role.ARCHITECT)
    assert "roles.architect" in caught.value.hint


@pytest.mark.parametrize(
    ("files", "part"),
    [
        ({"app/main.py": "import os\n"}, "nginx configuration only, and the brief has app/main.py"),
        ({"style.css": "a { color: red; }\n"}, "style.css"),
        ({"README.md": "# hello\n"}, "README.md"),
        ({}, "no file"),
        ({"nginx/a.conf": "server {\n listen 80;\n"}, "nginx/a.conf is not readable .* line 3"),
        ({"a.conf": SITE, "nginx/b.conf": "server {"}, "nginx/b.conf is not readable"),
    ],
)
def test_other_files_are_refused(surgeon: Any, files: dict[str, str], part: str) -> None:
    """A brief without a readable nginx file is refused with the file's name."""
    with pytest.raises(NotUnderstoodError, match=part):
        surgeon.draft("add HSTS", files)


def test_all_or_nothing(surgeon: Any) -> None:
    """One part that cannot be done stops the whole request."""
    with pytest.raises(NotUnderstoodError, match="no upstream 'nope'"):
        surgeon.draft("add HSTS and add server 1.1.1.1:1 to upstream nope", {"a.conf": SITE})


def test_partly_so_already(surgeon: Any) -> None:
    """What is already so is noted, and the rest is done."""
    draft = surgeon.draft("set send_timeout to 5s and add HSTS", {"a.conf": SITE})
    assert "already so: send_timeout 5s in server (a.conf:4)" in draft.notes
    assert "send_timeout" not in [line for line in draft.text.splitlines() if line[0] == "+"]


def test_nothing_to_do_says_where(surgeon: Any) -> None:
    """A request that is already true is refused with the place, and exit code 3."""
    with pytest.raises(NothingToDoError, match=r"in server \(a.conf:3\)") as caught:
        surgeon.draft("set send_timeout to 5s", {"a.conf": SITE})
    assert caught.value.exit_code == 3


def test_several_files(surgeon: Any) -> None:
    """Every changed file has its part of the diff, others none."""
    files = {
        "a.conf": SITE.replace("80;", "80;\n    server_name a.io;"),
        "b.conf": SITE.replace("80;", "80;\n    server_name b.io;"),
        "c.conf": "upstream u {\n    server 1.1.1.1:1;\n}\n",
    }
    request = "set send_timeout to 9s for b.io and add server 1.1.1.1:2 to upstream u"
    results = surgeon.results(request, files)
    assert [path for path in files if results[path] != files[path]] == ["b.conf", "c.conf"]


def test_file_named_in_the_request(surgeon: Any) -> None:
    """A file that the request names decides between servers."""
    files = {"x/a.conf": SITE, "x/b.conf": SITE}
    results = surgeon.results("set send_timeout to 9s in b.conf", files)
    assert results["x/a.conf"] == SITE
    assert "9s" in results["x/b.conf"]


def test_redirect_servers_are_ignored(surgeon: Any) -> None:
    """A server that only redirects, ACME challenges aside, is no candidate."""
    text = """\
server {
    listen 80;
    location /.well-known/acme-challenge/ { root /var/www; }
    location / { return 301 https://$host$request_uri; }
}
server { listen 80 default_server; return 444; }
server {
    listen 443;
    server_name a.io;
}
"""
    result = surgeon.result("set send_timeout to 9s", text)
    assert "    server_name a.io;\n    send_timeout 9s;\n}\n" in result


def test_strange_bytes_survive(surgeon: Any) -> None:
    """A byte-order mark, Latin-1 bytes, CRLF, and a missing last newline stay."""
    text = "\ufeff# caf\udce9\r\nserver {\r\n\tsend_timeout 5s;\r\n}"
    surgeon.check("set send_timeout to 9s", text, ("5s", "9s"))


def test_last_line_without_newline(surgeon: Any) -> None:
    """A changed last line keeps its missing newline, with git's marker on both sides."""
    text = "proxy_read_timeout 5s;"
    draft = surgeon.draft("set proxy_read_timeout to 9s", {"a.conf": text})
    assert draft.text.count("\\ No newline at end of file\n") == 2
    surgeon.check("set proxy_read_timeout to 9s", text, ("5s", "9s"))


def test_context_grows_until_it_is_unique(surgeon: Any) -> None:
    """Servers that look alike are told apart by more context, not by numbers."""
    block = "    send_timeout 5s;\n    root /srv;\n    index a;\n    charset utf-8;\n    gzip on;\n"
    text = "".join(f"server {{\n    server_name {name}.io;\n{block}}}\n" for name in "abc")
    surgeon.check(
        "set send_timeout to 9s for b.io",
        text,
        ("b.io;\n    send_timeout 5s", "b.io;\n    send_timeout 9s"),
    )


def test_fence_is_longer_than_any_in_the_file(surgeon: Any) -> None:
    """Backticks in a file cannot close the fence."""
    text = SITE.replace("listen 80;", "listen 80;  # ```")
    draft = surgeon.draft("set send_timeout to 9s", {"a.conf": text})
    assert draft.text.startswith("````diff\n")
    assert draft.text.endswith("\n````\n")


@given(st.lists(st.sampled_from(["a;", "b;", "c;", ""]), max_size=12), st.data())
def test_answers_describe_the_edits(surgeon: Any, lines: list[str], data: st.DataObject) -> None:
    """Whatever lines are replaced, the strict reader gets from the answer to the edited text."""
    text = "\n".join(lines)
    starts = [0]
    for line in split_lines(text):
        starts.append(starts[-1] + len(line))
    low, high = sorted(data.draw(st.tuples(*[st.sampled_from(starts)] * 2)))
    edit = Edit(low, high, data.draw(st.sampled_from(["new;\n", "new; ", "a;\n"])))
    revision = revise(first_revision(RepoPath("a"), text), [edit])
    again = revise(revision, [Edit(0, 0, "first;\n")])
    assert surgeon.read(as_answer([again]), text, "a") == again.text


def test_split_lines_knows_one_line_end() -> None:
    r"""Only `\n` ends a line; a form feed, `\r` and U+2028 do not."""
    assert split_lines("a\r\nb\x0cc\u2028d") == ("a\r\n", "b\x0cc\u2028d")


def test_another_round_is_refused(surgeon: Any) -> None:
    """A codemod would draft the same again, and says so instead."""
    file = SourceFile(RepoPath("a.conf"), SITE.encode())
    brief = Brief("add HSTS", Role.SURGEON, (file,), Prompt("", "", ""), complaint="not so")
    with pytest.raises(NotUnderstoodError, match="the same again"):
        surgeon.provider.draft(brief, print)


def test_a_check_needs_a_model(surgeon: Any) -> None:
    """What cannot be answered from a table is refused, and not answered with an edit."""
    file = SourceFile(RepoPath("a.conf"), SITE.encode())
    brief = Brief(
        *("add HSTS", Role.SURGEON, (file,), Prompt("", "", "")),
        recipe="safety-check",
        answer=AnswerKind.FINDINGS,
    )
    with pytest.raises(NotUnderstoodError, match="safety-check needs a model"):
        surgeon.provider.draft(brief, print)
