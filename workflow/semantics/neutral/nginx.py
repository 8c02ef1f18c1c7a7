"""What an nginx file means: its words, blocks and Lua code, without layout and comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.neutral.comments import is_meant
from workflow.semantics.nginx import TokenKind, directives, parse, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx import Tree
    from workflow.types import RepoPath

_ENDINGS = (".conf", ".nginx", ".vhost", ".inc", ".ngx", ".nginxconf")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
# Other formats have braces and semicolons, too: dhcpd's and BIND's know none of these.
_OWN = re.compile(
    r"""(?: server | location | http | events | stream | upstream | listen | server_name | root
          | alias | try_files | add_header | error_page | access_log | error_log | expires
          | client_max_body_size | worker_processes | types | log_format | charset
          | (?:proxy|fastcgi|uwsgi|scgi|ssl|gzip|limit|real_ip|auth|grpc|keepalive)_\w+
          | gzip | map | geo | rewrite )\Z""",
    re.VERBOSE,
)


def is_named(path: RepoPath) -> bool:
    """Whether a file is called, or lies, as nginx's are; its content decides."""
    return path.name.endswith(_ENDINGS) or "nginx" in path.lower()


def tokens(text: str) -> Iterator[str]:
    """The meaning, in pieces.

    Words count as they are spelled, so another quoting is another meaning.  Raises
    `NginxSyntaxError`, and `ValueError` for text that is likelier another format.
    """
    tree = parse(text)
    if not _is_nginx(tree):
        message = "not nginx configuration"
        raise ValueError(message)
    has_code_before = False
    for token in tree.tokens:
        match token.kind:
            case TokenKind.SPACE:
                has_code_before = has_code_before and "\n" not in token.text
            case TokenKind.COMMENT:
                if is_meant(token.text):
                    yield f"comment {has_code_before} {token.text.rstrip()!r}"
            case _:
                has_code_before = True
                yield f"{token.kind.name} {token.text!r}"


def _is_nginx(tree: Tree) -> bool:
    """Whether the outermost directives look like nginx's, and one somewhere is its own."""
    top = directives(tree.children)
    return all(_NAME.match(one.name) for one in top) and any(
        _OWN.match(one.name) for one in walk(tree.children)
    )
