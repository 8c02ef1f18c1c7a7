"""What the variables of a configuration may hold, as far as `set`, `map` and `geo` say."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from workflow.semantics.nginx.rules.routes import variables, with_value

if TYPE_CHECKING:
    from workflow.semantics.nginx.expanded import Config

_PAIR = len(("$name", "value"))
_MAX_STEPS = 8
_MAX_VALUES = 64
_LONGEST = 500
# These run code for each request, which may set any variable.
_CODE = (
    "rewrite_by_lua_block",
    "access_by_lua_block",
    "rewrite_by_lua_file",
    "access_by_lua_file",
    "auth_jwt",
)


class Variables:
    """The texts that `set`, `map`, `geo` and `split_clients` give to variables.

    A variable that code may set is taken for unknown.  Work is bounded: 64 values of a text, in 8
    steps, none longer than 500 characters.
    """

    __slots__ = ("_code", "_known", "_texts")

    def __init__(self, config: Config) -> None:
        self._known: dict[str, tuple[str, ...]] = {}
        self._texts: dict[str, list[str]] = {}
        self._code: set[str] = set()
        for item in config.every("set"):
            if len(item.args) == _PAIR:
                self._texts.setdefault(item.args[0].lstrip("$"), []).append(item.args[1])
        for block in config.every("map", "geo", "split_clients"):
            if block.is_block and block.args:
                values = [one.args[0] for one in block.items if one.args and one.name != "proxy"]
                if block.name != "map":
                    values = [one.replace("$", "") for one in values]  # plain texts there
                self._texts.setdefault(block.args[-1].lstrip("$"), []).extend(values)
        for item in config.every("set_by_lua_block", "set_by_lua", "set_by_lua_file", "js_set"):
            self._code.update(one.lstrip("$") for one in item.args[:1])
        if next(config.every(*_CODE), None) is not None:
            self._code.update(self._texts)

    def values(self, text: str) -> tuple[str, ...]:
        """The texts that a value may become, variables replaced as far as they are known."""
        if text not in self._known:
            self._known[text] = self._values(text)
        return self._known[text]

    def _values(self, text: str) -> tuple[str, ...]:
        done: dict[str, None] = {}
        waiting = [(text, 0)]
        while waiting and len(done) < _MAX_VALUES:
            value, depth = waiting.pop()
            name = next((one for one in variables(value) if one in self._texts), "")
            if not name or name in self._code or depth >= _MAX_STEPS or len(value) > _LONGEST:
                done[value] = None
                continue
            waiting += [
                (with_value(value, name, one[:_LONGEST]), depth + 1)
                for one in dict.fromkeys(self._texts[name][:_MAX_VALUES])
            ]
        return tuple(done)


@lru_cache(maxsize=2)
def variables_of(config: Config) -> Variables:
    """The variables of a configuration, read once for all rules."""
    return Variables(config)
