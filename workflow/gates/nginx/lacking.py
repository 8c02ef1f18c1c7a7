"""What to do where this nginx lacks a module or is of another edition than a configuration's own.

A dynamic module beside the program is loaded.  What cannot be had is left out of the test on the
base's word alone, line by line, and told: a patch can neither add nor change such a line.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from workflow.gates.nginx import complaints
from workflow.gates.nginx.manifest import Kind, Shim
from workflow.gates.nginx.modules import missing_module, module_of
from workflow.gates.nginx.overlay import line_shim, tree_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.gates.nginx.binaries import Binary
    from workflow.semantics.nginx.expanded import Config, Item

# A directive that only this module has, to see whether it is built in.
_MAX_NAMES = 2000
_UNKNOWN = re.compile(r'unknown directive "([^"]+)"')
_SIGNS = {
    "ngx_http_js": "js_set",
    "ngx_stream_js": "js_set",
    "ngx_http_headers_more_filter": "more_set_headers",
    "ngx_http_echo": "echo_sleep",
    "ngx_http_set_misc": "set_escape_uri",
    "ngx_stream": "proxy_protocol_timeout",
    "ngx_mail": "smtp_greeting_delay",
    "ngx_http_brotli_filter": "brotli_comp_level",
    "ngx_http_brotli_static": "brotli_static",
    "ngx_http_image_filter": "image_filter_jpeg_quality",
    "ngx_http_xslt_filter": "xslt_stylesheet",
    "ngx_http_geoip": "geoip_city",
    "ngx_http_geoip2": "geoip2",
    "ngx_stream_geoip2": "geoip2",
    "ngx_http_perl": "perl_modules",
    "ngx_http_lua": "content_by_lua_file",
    "ngx_http_fancyindex": "fancyindex",
    "ngx_http_auth_jwt": "auth_jwt",
    "ngx_http_keyval": "keyval_zone",
}


def loads(config: Config, binary: Binary, text: Callable[[str], str]) -> Iterator[Shim]:
    """Yield what answers the `load_module` lines of modules that this nginx has in its own way.

    `text` gives the text of a file by its path.
    """
    for item in config.every("load_module"):
        if not item.args or item.directive is None:
            continue
        name = posixpath.basename(item.args[0]).removesuffix(".so")
        sign = _SIGNS.get(name.removesuffix("_module"), "")
        is_elsewhere = name in binary.dynamic and item.args[0].startswith("/")
        if is_elsewhere:
            yield Shim(Kind.MODULE, name)
        if is_elsewhere or (name not in binary.dynamic and sign and binary.has(sign)):
            yield from _lines(Kind.BUILT_IN, [item], text)


def provided(said: str, binary: Binary) -> tuple[Shim, ...]:
    """Return the dynamic module that has the directive which a complaint says is unknown."""
    unknown = _UNKNOWN.match(said)
    name = binary.providing(unknown[1]) if unknown else ""
    return (Shim(Kind.MODULE, name),) if name else ()


def masks(
    said: str, config: Config, binary: Binary, folder: str, text: Callable[[str], str]
) -> tuple[Shim, ...]:
    """Return what leaves out what a complaint says that this nginx does not know.

    `folder` is the tree's folder that stands for /etc/nginx; `text` gives a file's text.
    """
    if not missing_module(said) or "dlopen" in said:
        return ()
    unknown = _UNKNOWN.match(said)
    if unknown:
        return tuple(_lines(Kind.MASK, _unknown(unknown[1], config, binary), text))
    variable = re.match(r'unknown "(\w+)" variable', said)
    if variable:
        return (Shim(Kind.VARIABLE, variable[1], f"of {missing_module(said)}"),)
    return tuple(_lines(Kind.MASK, _meant(said, config, folder), text))


def _meant(said: str, config: Config, folder: str) -> list[Item]:
    """Return the directive that a complaint is about, by its line or by the value it quotes."""
    place = complaints.spot(said)
    path = tree_path(place.path, folder) if place else ""
    if not place or not path:
        quoted = set(re.findall(r'"([^"]+)"', said))
        return [item for item in config.main.walk() if quoted.intersection(item.args)][:1]
    directive = re.search(r'in "(\w+)" directive|"(\w+)" directive', said)
    name = (directive[1] or directive[2]) if directive else ""
    found = [item for item in config.main.walk() if item.place.path == path and not item.is_block]
    before = [one for one in found if one.place.line <= place.line and name in {"", one.name}]
    quoted = set(re.findall(r'"([^"]+)"', said))
    fitting = [one for one in before if quoted.intersection(one.args)]
    return (fitting or before)[-1:]


def _unknown(first: str, config: Config, binary: Binary) -> list[Item]:
    """Return every directive of a module that this nginx lacks, without those in its blocks."""
    names = sorted({item.name for item in config.main.walk()})[:_MAX_NAMES]
    lacked = {name for name in names if module_of(name) and not binary.has(name)} | {first}
    found = [item for item in config.main.walk() if item.name in lacked]
    return [item for item in found if not any(one.name in lacked for one in item.around)]


def _lines(kind: Kind, items: list[Item], text: Callable[[str], str]) -> Iterator[Shim]:
    for item in items:
        if item.directive is not None:
            path = item.place.path
            shim = line_shim(kind, text(path), path, item.directive.span.start)
            yield from [shim] if shim else []
