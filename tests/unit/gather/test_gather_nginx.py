"""What nginx reads with a named file is found in both directions, as nginx would find it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.gather.conftest import LibraryOf

MAIN = "events {}\nhttp {\n  include mime.types;\n  include sites/*.conf;\n}\n"
SITE = "server {\n  listen 80;\n  include snippets/tls.conf;\n}\n"
SETTING = "gzip on;\n"
TREE = {
    "etc/nginx.conf": MAIN,
    "etc/mime.types": "types { text/html html; }\n",
    "etc/sites/a.conf": SITE,
    "etc/sites/b.conf": "server { listen 81; }\n",
    "etc/sites/off/c.conf": SITE,
    "etc/snippets/tls.conf": "include snippets/ciphers.conf;\nssl_protocols TLSv1.3;\n",
    "etc/snippets/ciphers.conf": "ssl_ciphers HIGH;\n",
    "etc/snippets/unused.conf": SETTING,
    "other/nginx.conf": MAIN,
    "other/sites/z.conf": SITE,
}
INCLUDES = ("includes",)


def test_both_directions(library: LibraryOf) -> None:
    """The includer, and what is included from nginx's folder, the nearest include first."""
    found = library(TREE).context("etc/sites/a.conf", rules=INCLUDES)
    assert found == ["etc/nginx.conf", "etc/snippets/tls.conf", "etc/snippets/ciphers.conf"]


def test_from_the_main_file(library: LibraryOf) -> None:
    """All that nginx reads, and what comes with nginx itself last."""
    assert library(TREE).context("etc/nginx.conf", rules=INCLUDES) == [
        *("etc/sites/a.conf", "etc/sites/b.conf", "etc/snippets/tls.conf"),
        *("etc/snippets/ciphers.conf", "etc/mime.types"),
    ]


def test_a_part_has_all_its_includers(library: LibraryOf) -> None:
    """The files on the way up to the main file."""
    assert library(TREE).context("etc/snippets/ciphers.conf", rules=INCLUDES) == [
        *("etc/snippets/tls.conf", "etc/sites/a.conf", "etc/nginx.conf"),
    ]


def test_other_files_are_not_looked_around(library: LibraryOf) -> None:
    """A name that fits is not enough: the text must be nginx configuration."""
    made = library({**TREE, "app.conf": "[section]\ninclude = etc/sites/a.conf\n"})
    assert made.context("app.conf", rules=INCLUDES) == []
    assert made.left_out("app.conf", rules=INCLUDES) == {}


WAYS = (
    *("/etc/nginx/snippets/x.conf", "/usr/local/nginx/conf/snippets/x.conf"),
    *('"snippets/x.conf"', "snippets/../snippets/x.conf", "./snippets/x.conf", "*/x.conf"),
    *("snippets/[w-y].conf", "snippets/?.conf", "snippets/x.*"),
)
NOTHING = (
    *("../../etc/passwd", "/etc/passwd", "/conf/x.conf", "../outside.conf", "..", ".", "/"),
    *("snippets", "snippets/", "SNIPPETS/x.conf", "*.conf.d", "x.conf", "$dir/x.conf"),
    *("{x,y}.conf", "snippets/*.d", "snippets/.*x", "[", "snippets/[!x].conf", "**"),
    *("a" * 5000, "../*/snippets/x.conf"),
)


def test_ways_to_write_an_include(library: LibraryOf) -> None:
    """As nginx and glob(3) read them, seen from the main file's folder."""
    files = {}
    for number, include in enumerate(WAYS):
        files[f"{number}/nginx.conf"] = f"events {{}}\nhttp {{ include {include}; }}\n"
        files[f"{number}/snippets/x.conf"] = SETTING
    made = library(files)
    for number, include in enumerate(WAYS):
        found = made.context(f"{number}/nginx.conf", rules=INCLUDES)
        assert found == [f"{number}/snippets/x.conf"], include


def test_includes_that_name_nothing(library: LibraryOf) -> None:
    """Nothing outside the tree, no folder, and no pattern that only resembles a name."""
    includes = "".join(f'include "{include}";\n' for include in NOTHING)
    files = {
        "nginx.conf": f"events {{}}\nhttp {{\n{includes}}}\n",
        "snippets/x.conf": SETTING,
        "snippets/.hidden": SETTING,
        "conf/x.conf": SETTING,
    }
    assert library(files).context("nginx.conf", rules=INCLUDES) == []


def test_a_hidden_file_has_to_be_written(library: LibraryOf) -> None:
    """A star does not match a leading dot, as with glob(3)."""
    main = "events {}\nhttp { include d/*; include e/.*; }\n"
    made = library({"nginx.conf": main, "d/.x": SETTING, "d/y": SETTING, "e/.z": SETTING})
    assert made.context("nginx.conf", rules=INCLUDES) == ["d/y", "e/.z"]


def test_without_a_main_file_the_nearest_folder_counts(library: LibraryOf) -> None:
    """A repository may hold the parts alone."""
    made = library(
        {
            "nginx/sites/a.conf": SITE,
            "nginx/snippets/tls.conf": SETTING,
            "snippets/tls.conf": SETTING,
        }
    )
    assert made.context("nginx/sites/a.conf", rules=INCLUDES) == ["nginx/snippets/tls.conf"]
    assert made.context("nginx/snippets/tls.conf", rules=INCLUDES) == ["nginx/sites/a.conf"]


def test_a_link_is_not_followed(library: LibraryOf) -> None:
    """It is said to be left out, and what it leads to is not read."""
    main = "events {}\nhttp { include enabled/*; }\n"
    files = {"nginx.conf": main, "available/a": "server { include secret.conf; }\n"}
    made = library({**files, "secret.conf": SETTING}, {"enabled/a": "../available/a"})
    assert made.context("nginx.conf", rules=INCLUDES) == []
    assert made.left_out("nginx.conf", rules=INCLUDES) == {"enabled/a": "a symbolic link"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a\0b", "binary"),
        (b"gzip on;\xff", "not UTF-8"),
        (b"#" * (1024 * 1024 + 1), "larger than 1 MiB"),
    ],
)
def test_what_cannot_be_shown_is_said(library: LibraryOf, data: bytes, why: str) -> None:
    """An included file that is no text is left out with the reason."""
    made = library({"nginx.conf": "events {}\nhttp { include x.conf; }\n", "x.conf": data})
    assert made.left_out("nginx.conf", rules=INCLUDES) == {"x.conf": why}


def test_a_file_that_nginx_cannot_read_is_shown_and_not_followed(library: LibraryOf) -> None:
    """Its includes are not known; that is said, with the line."""
    made = library({"nginx.conf": "events {}\nhttp {\n  include x.conf;\n", "x.conf": SETTING})
    found = made.gather("nginx.conf", rules=INCLUDES)
    assert [file.path for file in found.files] == ["nginx.conf"]
    assert [(one.path, one.why) for one in found.left_out] == [
        ("nginx.conf", "its includes were not followed: not valid at line 4")
    ]


def test_circles_end(library: LibraryOf) -> None:
    """Files that include one another, and themselves, are each shown once."""
    made = library(
        {
            "nginx.conf": "events {}\nhttp { include a.conf; include nginx.conf; }\n",
            "a.conf": "include b.conf; include a.conf;",
            "b.conf": "include a.conf; include nginx.conf; gzip on;",
        }
    )
    assert made.context("nginx.conf", rules=INCLUDES) == ["a.conf", "b.conf"]
    assert made.context("b.conf", rules=INCLUDES) == ["a.conf", "nginx.conf"]


def test_a_long_chain_ends_after_32(library: LibraryOf) -> None:
    """Deeper includes are of no use any more."""
    chain = {f"{number}.conf": f"include {number + 1}.conf;" for number in range(50)}
    main = {"nginx.conf": "events {}\nhttp { include 0.conf; }\n"}
    assert len(library({**main, **chain}).context("nginx.conf", rules=INCLUDES)) == 32


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("include x.conf;\n" * 100_000, None),
        ("".join(f"include {number}.conf;\n" for number in range(2000)), "more than 1,000"),
        ("include x.conf;\n" + "#" * 200_000, "longer than 131,072 characters"),
    ],
)
def test_very_many_includes_are_not_followed(
    library: LibraryOf, text: str, why: str | None
) -> None:
    """A hostile file costs little, and what was not done is said."""
    made = library({"nginx.conf": "events {}\nhttp { include a.conf; }\n", "a.conf": text})
    expected = f"its includes were not followed: {why}" if why else "larger than 1 MiB"
    (found,) = made.left_out("nginx.conf", rules=INCLUDES).values()
    assert found.startswith(expected)


def test_hostile_patterns_are_bounded(library: LibraryOf) -> None:
    """Many patterns that match everything neither take long nor find more than there is."""
    stars = "".join(f"include {'*' * number}/?*{'a*' * number}*;\n" for number in range(1, 300))
    parts = {f"d{number}/{'a' * 60}{number}": SETTING for number in range(300)}
    made = library({"nginx.conf": f"events {{}}\nhttp {{ {stars} }}\n", **parts})
    assert set(made.context("nginx.conf", rules=INCLUDES)) <= set(parts)
