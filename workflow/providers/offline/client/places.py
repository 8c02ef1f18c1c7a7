"""Where a client keeps its values and from where its functions are called, found in one walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from workflow.providers.offline.client.scopes import FUNCTIONS, Binding, How, Scopes, Write

if TYPE_CHECKING:
    from workflow.providers.offline.client.syntax import Node

Owner: TypeAlias = "Binding | Node | str"
"""Whose property it is: a declared name, an object or class without one, or a global name."""
Place: TypeAlias = "tuple[Owner, tuple[str, ...]]"


@dataclass(frozen=True, slots=True)
class MethodCall:
    """A call of a method on what is kept at a place."""

    site: Node
    name: str
    is_conditional: bool


GLOBALS = frozenset({"window", "globalThis", "self", "global", "top"})
_WRAPPERS = frozenset({"parenthesized_expression", "await_expression"})
_NAMES = frozenset({"identifier", "shorthand_property_identifier"})
_GROWING = frozenset({"push", "unshift"})
_MAX_ALIASES = 8
_BRANCHES = FUNCTIONS | {
    *("if_statement", "switch_case", "switch_default", "for_statement", "for_in_statement"),
    *("while_statement", "do_statement", "catch_clause", "ternary_expression"),
}
_SHORT = frozenset({"&&", "||", "??"})


def plain(node: Node) -> Node:
    """The expression without parentheses and `await` around it."""
    while node.kind in _WRAPPERS and node.children:
        node = node.children[0]
    return node


ANY_KEY = "[]"


def _key(node: Node) -> str:
    """The name of a property, `ANY_KEY` for one that is only known when the client runs."""
    if node.name == "property":
        return node.text
    return node.text[1:-1] if node.kind == "string" else ANY_KEY


def short(names: tuple[str, ...]) -> str:
    """A global name without what only says that it is one."""
    while len(names) > 1 and names[0] in GLOBALS:
        names = names[1:]
    found = names[1:] if names[:2] == ("document", "location") else names
    return ".".join(found).removesuffix(".bind")


def given(call: Node) -> tuple[Node, ...]:
    """The arguments of a call."""
    listed = call.get("arguments")
    return tuple(listed.children) if listed is not None and listed.kind == "arguments" else ()


def is_conditional(site: Node, home: Node) -> bool:
    """Whether something between `site` and the declaration at `home` may keep it from running."""
    around = set(home.above())
    for node in site.above():
        if node in around:
            return False
        operator = node.get("operator")
        if node.kind in _BRANCHES or (operator is not None and operator.text in _SHORT):
            return True
    return False


class Places:
    """The writes to each place, and the calls of each function."""

    def __init__(self, roots: tuple[Node, ...]) -> None:
        """Walk through all files."""
        self.scopes = Scopes(roots)
        self._writes: dict[Place, list[Write]] = {}
        self._under: dict[Owner, set[tuple[str, ...]]] = {}
        self._calls: dict[Node, list[Node]] = {}
        self._methods: dict[Place, list[Node]] = {}
        self._kept: dict[Place, tuple[Node, ...]] = {}
        self._called_on: dict[tuple[Place, frozenset[str]], tuple[MethodCall, ...]] = {}
        self._escaped: dict[Node, bool] = {}
        nodes = [node for root in roots for node in root.walk()]
        for node in nodes:
            self._write(node)
        for node in nodes:
            if node.kind in {"call_expression", "new_expression"}:
                for function in self.called(node):
                    self._calls.setdefault(function, []).append(node)

    def calls(self, function: Node) -> tuple[Node, ...]:
        """The calls of a function from outside itself."""
        found = self._calls.get(function, [])
        return tuple(call for call in found if function not in set(call.above()))

    def writes(self, place: Place) -> tuple[Write, ...]:
        """How a place gets its values."""
        owner, path = place
        own = owner.writes if isinstance(owner, Binding) and not path else []
        return (*own, *self._writes.get(place, ()))

    def method_calls(self, place: Place, names: frozenset[str]) -> tuple[MethodCall, ...]:
        """The calls of methods of these names on what is at a place, in the order of the text."""
        kept = self._called_on.get((place, names))
        if kept is None:
            kept = self._called_on[place, names] = self._method_calls(place, names)
        return kept

    def _method_calls(self, place: Place, names: frozenset[str]) -> tuple[MethodCall, ...]:
        found = []
        for site in self._methods.get(place, ()):
            callee = site.get("function")
            name = callee.get("property") if callee is not None else None
            if name is not None and name.text in names:
                home = place[0].node if isinstance(place[0], Binding) else site
                found.append(MethodCall(site, name.text, is_conditional(site, home)))
        return tuple(found)

    def below(self, place: Place) -> tuple[str, ...]:
        """The names of the properties that are set on what is at a place."""
        owner, path = place
        size = len(path)
        found = [one for one in self._under.get(owner, ()) if len(one) > size]
        return tuple(sorted({one[size] for one in found if one[:size] == path}))

    def place(self, node: Node, hops: int = 0) -> Place | None:
        """Where an expression's value is kept; `None` for one that is not a place."""
        names: list[str] = []
        node = plain(node)
        while node.kind in {"member_expression", "subscript_expression"}:
            name, inner = node.get("property") or node.get("index"), node.get("object")
            if name is None or inner is None:
                return None
            names.append(_key(name))
            node = plain(inner)
        path = tuple(reversed(names))
        if node.kind == "this":
            owner = self.owner(node)
            return (owner, path) if owner is not None else None
        if node.kind != "identifier":
            return None
        binding = self.scopes.resolve(node)
        if binding is None:
            return self._global(node.text, path)
        start = self._alias(binding, hops)
        return (start[0], (*start[1], *path))

    def _global(self, name: str, path: tuple[str, ...]) -> Place:
        if name in GLOBALS and path:
            return path[0], path[1:]
        return name, path

    def _alias(self, binding: Binding, hops: int) -> Place:
        """The place that a name stands for: `const self = this`, `const t = new Tracker()`."""
        first = binding.writes[0] if len(binding.writes) == 1 else None
        if first is None or first.node is None or first.path or first.how is not How.SET:
            return binding, ()
        value = plain(first.node)
        if hops < _MAX_ALIASES:
            if value.kind in {"this", "identifier"}:
                found = self.place(value, hops + 1)
                return found if found is not None else (binding, ())
            maker = value.get("constructor") if value.kind == "new_expression" else None
            if maker is not None and maker.kind == "identifier" and self.scopes.resolve(maker):
                found = self.place(maker, hops + 1)
                return found if found is not None else (binding, ())
        return binding, ()

    def owner(self, node: Node) -> Owner | None:
        """What `this` is at a node: a class, a constructor or an object with methods."""
        for around in node.above():
            if around.kind == "field_definition":
                return self._class(around)
            if around.kind in FUNCTIONS and around.kind != "arrow_function":
                return self._owner_of(around)
        return None

    def _owner_of(self, function: Node) -> Owner | None:
        parent = function.parent
        if parent is None:
            return None
        if parent.kind == "class_body":
            return self._class(function)
        if parent.kind == "pair" and parent.parent is not None:
            parent = parent.parent
        if parent.kind == "object":
            return self._home(parent)
        if parent.kind == "assignment_expression":
            left = parent.get("left")
            found = self.place(left) if left is not None else None
            if found is not None and len(found[1]) > 1 and found[1][-2] == "prototype":
                return found[0]
        name = function.get("name")
        return self.scopes.resolve(name) if name is not None else self._home(function)

    def _class(self, member: Node) -> Owner | None:
        """The class around a member, by its name if it has one."""
        body = next((one for one in member.above() if one.kind == "class_body"), None)
        around = body.parent if body is not None else None
        name = around.get("name") if around is not None else None
        binding = self.scopes.resolve(name) if name is not None else None
        return binding or (self._home(around) if around is not None else None)

    def _home(self, node: Node) -> Owner:
        """The name that an object is given, or the object itself."""
        parent = node.parent
        if parent is not None and parent.kind == "variable_declarator":
            name = parent.get("name")
            found = self.scopes.resolve(name) if name is not None else None
            return found or node
        if parent is not None and parent.kind == "assignment_expression":
            left = parent.get("left")
            found_place = self.place(left) if left is not None else None
            if found_place is not None and found_place[1][-1:] == ("prototype",):
                return found_place[0]
            if found_place is not None and not found_place[1]:
                return found_place[0]
        return node

    def escapes(self, function: Node) -> bool:
        """Whether something else than a call in these files may call a function."""
        if function not in self._escaped:
            self._escaped[function] = self._is_handed_out(function)
        return self._escaped[function]

    def _is_handed_out(self, function: Node) -> bool:
        if function.kind == "method_definition":
            name = function.get("name")
            return name is not None and not name.text.startswith(("#", "_"))
        holder = function.parent if function.parent is not None else function
        if any(one.kind == "export_statement" for one in (holder, *holder.above())):
            return not any(one.kind in FUNCTIONS for one in function.above())
        name = function.get("name") or holder.get("name")
        binding = self.scopes.resolve(name) if name is not None and name.kind in _NAMES else None
        if binding is None:
            return holder.kind in {"pair", "assignment_expression"}
        top = [*function.above()][-1]
        uses = (one for one in top.walk() if one.kind in _NAMES and one.text == binding.name)
        return any(
            one is not binding.node
            and one.name not in {"function", "constructor"}
            and self.scopes.resolve(one) is binding
            for one in uses
        )

    # --- collecting -----------------------------------------------------------------------------

    def _write(self, node: Node) -> None:
        match node.kind:
            case "assignment_expression" | "augmented_assignment_expression":
                left, right = node.get("left"), node.get("right")
                operator = node.get("operator")
                is_plain = operator is None or operator.text in {"||=", "??=", "&&="}
                if left is not None and right is not None:
                    self._keep(left, Write(right, node, How.SET if is_plain else How.OTHER))
            case "call_expression":
                self._growth(node)
            case "unary_expression" if node.text.startswith("delete "):
                gone = node.get("argument")
                if gone is not None:
                    self._keep(gone, Write(None, node, How.DELETE))
            case "field_definition":
                name = node.get("property")
                owner = self._class(node)
                if name is not None and owner is not None:
                    self._put((owner, (name.text,)), Write(node.get("value"), node))
            case _:
                pass

    def _growth(self, node: Node) -> None:
        """`queue.push(x)` and `Object.assign(target, x)`."""
        callee, given = node.get("function"), node.get("arguments")
        if callee is None or given is None or callee.kind != "member_expression":
            return
        name, inner = callee.get("property"), callee.get("object")
        if name is None or inner is None:
            return
        place = self.place(inner)
        if place is not None:
            self._methods.setdefault(place, []).append(node)
        if name.text in _GROWING:
            for value in given.children:
                self._keep(inner, Write(value, node, How.PUSH))
        elif name.text == "assign" and inner.text == "Object" and given.children:
            for value in given.children[1:]:
                self._keep(given.children[0], Write(value, node, How.MERGE))

    def _keep(self, target: Node, write: Write) -> None:
        place = self.place(target)
        if place is not None:
            self._put(place, write)

    def _put(self, place: Place, write: Write) -> None:
        self._writes.setdefault(place, []).append(write)
        self._under.setdefault(place[0], set()).add(place[1])

    # --- functions ------------------------------------------------------------------------------

    def called(self, call: Node) -> tuple[Node, ...]:
        """The functions of these files that a call may run."""
        callee = call.get("function") or call.get("constructor")
        if callee is None:
            return ()
        callee = plain(callee)
        if callee.kind in FUNCTIONS:
            return (callee,)
        place = self.place(callee)
        return self.functions(place) if place is not None else ()

    def functions(self, place: Place) -> tuple[Node, ...]:
        """The functions that are kept at a place."""
        found = self._kept.get(place)
        if found is None:
            found = self._kept[place] = self._functions(place)
        return found

    def _functions(self, place: Place) -> tuple[Node, ...]:
        owner, path = place
        found: list[Node] = []
        if isinstance(owner, Binding) and not path:
            found += [write.node for write in owner.writes if write.node and not write.path]
        found += [write.node for write in self._writes.get(place, ()) if write.node]
        if len(path) == 1:
            found += [
                write.node
                for write in self._writes.get((owner, ("prototype", *path)), ())
                if write.node
            ]
        bodies = [one for node in found for one in _callable(plain(node))]
        if path:
            bodies += self._members(owner, path)
        return tuple(dict.fromkeys(bodies))

    def _members(self, owner: Owner, path: tuple[str, ...]) -> list[Node]:
        """The methods of a class or an object literal."""
        if len(path) != 1:
            return []
        homes: list[Node] = [owner] if not isinstance(owner, Binding | str) else []
        places = [(owner, ()), (owner, ("prototype",))] if not homes else []
        homes += [write.node for one in places for write in self.writes(one) if write.node]
        found = []
        for home in map(plain, homes):
            body = home.get("body") if home.kind in {"class", "class_declaration"} else home
            if body is None or body.kind not in {"class_body", "object"}:
                continue
            for member in body.children:
                found += _member(member, path[0])
        return found


def _callable(node: Node) -> list[Node]:
    """The function that a value is; of a class its constructor."""
    if node.kind in FUNCTIONS:
        return [node]
    if node.kind in {"class", "class_declaration"}:
        body = node.get("body")
        members = body.children if body is not None else []
        return [found for member in members for found in _member(member, "constructor")]
    return []


def _member(member: Node, name: str) -> list[Node]:
    key = member.get("name") or member.get("key") or member.get("property")
    if key is None or key.text.strip("'\"") != name:
        return []
    if member.kind == "method_definition":
        return [member]
    value = member.get("value")
    return [value] if value is not None and value.kind in FUNCTIONS else []
