"""Reads the expressions of a client: what each can be, followed through its names and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.providers.offline.client import known, literals
from workflow.providers.offline.client.library import Library
from workflow.providers.offline.client.places import (
    ANY_KEY,
    Places,
    given,
    is_conditional,
    plain,
    short,
)
from workflow.providers.offline.client.scopes import FUNCTIONS, Binding, How
from workflow.providers.offline.client.syntax import not_read
from workflow.providers.offline.client.values import (
    NO_ENV,
    UNDEFINED,
    UNKNOWN,
    Call,
    Entry,
    Env,
    Function,
    Hole,
    Items,
    Kind,
    Record,
    Text,
    Value,
    either,
    merged,
    options,
    record,
    spread,
)

if TYPE_CHECKING:
    from workflow.providers.offline.client.scopes import Write
    from workflow.providers.offline.client.syntax import Node

_MAX_STEPS = 300_000
_MAX_DEPTH = 40
_MAX_CALLS = 64
_OVER_ELEMENTS = frozenset({"forEach", "map", "filter", "flatMap", "some", "every", "find"})


class Reader:
    """Evaluates expressions.

    `touched` collects the functions whose parameters an expression needs and nothing binds: who
    asks can then bind them to each of the function's calls, and ask again.
    """

    def __init__(self, roots: tuple[Node, ...]) -> None:
        """Look through the files once."""
        self.places = Places(roots)
        self.touched: set[Node] = set()
        self.chain: frozenset[Node] = frozenset()
        self._library = Library(self)
        self._active: set[tuple[Node | Binding, Env]] = set()
        self._cache: dict[tuple[Node, Env], tuple[Value, frozenset[Node]]] = {}
        self._steps = 0

    def within(self, chain: frozenset[Node]) -> None:
        """From now on leave the parameters of these functions to who asks, if nothing binds them.

        Those of other functions are what all the calls of the function give them.
        """
        if chain != self.chain:
            self._cache.clear()
        self.chain = chain

    def read(self, node: Node | None, env: Env = NO_ENV) -> Value:
        """What an expression can be.

        Raises `NotUnderstoodError` for files in which following the names never ends in time.
        """
        if node is None:
            return UNDEFINED
        node = plain(node)
        if (kept := self._cache.get((node, env))) is not None:
            self.touched |= kept[1]
            return kept[0]
        self._steps += 1
        if self._steps > _MAX_STEPS:
            reason = f"its values are too entangled to follow; the last was on line {node.row}"
            raise not_read(node.source, reason, "name the client's own source, not a bundle")
        key = (node, env)
        if key in self._active or len(self._active) > _MAX_DEPTH:
            return UNKNOWN
        self._active.add(key)
        outer, self.touched = self.touched, set()
        value = self._read(node, env)
        if not self._active - {key}:
            self._cache[key] = (value, frozenset(self.touched))
        self.touched |= outer
        self._active.discard(key)
        return value

    def argument(self, call: Call, index: int) -> Value:
        """What an argument of a call is; `UNDEFINED` for one that is not given."""
        given = call.arguments
        if any(node.kind == "spread_element" for node in given[: index + 1]):
            return UNKNOWN
        return self.read(given[index], call.env) if index < len(given) else UNDEFINED

    def dotted(self, node: Node, env: Env = NO_ENV) -> str:
        """The global name that an expression stands for, such as `navigator.sendBeacon`, or ''."""
        place = self.places.place(node)
        hops = 0
        while place is not None and hops < _MAX_DEPTH:
            owner, path = place
            if isinstance(owner, str):
                return short((owner, *path))
            if isinstance(owner, Binding) and owner.imported:
                return ".".join((owner.name, *path))
            target = self._stands_for(owner, env) if isinstance(owner, Binding) else None
            if target is None:
                return ""
            found, env = target
            start = self.places.place(found)
            place = (start[0], (*start[1], *path)) if start is not None else None
            hops += 1
        return ""

    def _stands_for(self, binding: Binding, env: Env) -> tuple[Node, Env] | None:
        """The expression that a name is another word for."""
        if binding.function is not None and not binding.path:
            call = env.get(binding.function)
            if call is None:
                calls = self.places.calls(binding.function)
                call = Call(given(calls[0]), env) if len(calls) == 1 else None
            if call is not None and binding.index < len(call.arguments):
                return call.arguments[binding.index], call.env
            return None
        if len(binding.writes) != 1 or binding.writes[0].path or binding.writes[0].node is None:
            return None
        value = plain(binding.writes[0].node)
        bound = value.get("function") if value.kind == "call_expression" else None
        return (bound if bound is not None else value), env

    # --- expressions ----------------------------------------------------------------------------

    def _read(  # noqa: C901, PLR0911, PLR0912 - one case for each kind of expression
        self, node: Node, env: Env
    ) -> Value:
        simple = literals.simple(node)
        if simple is not None:
            return simple
        match node.kind:
            case "template_string":
                return literals.template(node, lambda part: self.read(part, env))
            case "object":
                return self._object(node, env)
            case "array":
                elements = [self._element(child, env) for child in node.children]
                return Items(either(elements) if elements else UNDEFINED)
            case "identifier" | "member_expression" | "this":
                return self._place(node, env)
            case "subscript_expression":
                found = self.read(node.get("object"), env)
                return either(
                    one.element if isinstance(one, Items) else UNKNOWN for one in options(found)
                )
            case "binary_expression":
                return self._binary(node, env)
            case "unary_expression":
                return literals.unary(node, self.read(node.get("argument"), env))
            case "ternary_expression":
                sides = (node.get("consequence"), node.get("alternative"))
                return either(self.read(side, env) for side in sides)
            case "call_expression":
                return self._call(node, env)
            case "new_expression":
                return self._library.made(node, env)
            case "assignment_expression":
                return self.read(node.get("right"), env)
            case "sequence_expression":
                return self.read(node.children[-1], env)
            case kind if kind in FUNCTIONS:
                return Function(node, env)
            case _:
                return UNKNOWN

    def _element(self, node: Node, env: Env) -> Value:
        if node.kind != "spread_element":
            return self.read(node, env)
        found = self.read(node.children[0], env)
        return either(one.element if isinstance(one, Items) else UNKNOWN for one in options(found))

    def _object(self, node: Node, env: Env) -> Record:
        found = Record(())
        for child in node.children:
            name = child.get("key")
            if child.kind == "spread_element":
                found = spread(found, self.read(child.children[0], env))
            elif child.kind == "shorthand_property_identifier":
                # It is an identifier by its place: the name is looked up around it.
                value = self._named(child, env)
                found = merged(found, Record((Entry(child.text, value),)))
            elif child.kind == "pair" and name is not None:
                key = literals.key(name, lambda part: self.read(part, env))
                value = self.read(child.get("value"), env)
                one = Record((Entry(key, value),)) if key is not None else Record((), is_open=True)
                found = merged(found, one)
        return found

    def _binary(self, node: Node, env: Env) -> Value:
        # A chain of `+` is flat here, however long: minified clients have long ones.
        operator = node.get("operator")
        if operator is None or operator.text != "+":
            left, right = node.get("left"), node.get("right")
            sides = (self.read(left, env), self.read(right, env))
            return literals.binary(operator.text if operator else "", *sides)
        parts = literals.summands(node)
        return literals.added([(part, self.read(part, env)) for part in parts])

    # --- names ----------------------------------------------------------------------------------

    def _place(self, node: Node, env: Env) -> Value:  # noqa: PLR0911 - the first that is known
        name = self.dotted(node, env)
        if name == "undefined":
            return UNDEFINED
        if name in known.ORIGINS or name == "document.currentScript.src":
            return Text((Hole(name, Kind.STR),))
        found = known.named(name)
        if found is not None:
            return found
        if node.kind == "identifier":
            return self._named(node, env)
        inner, prop = node.get("object"), node.get("property")
        written = self._written(node, env)
        if inner is None or prop is None:
            return written if written is not None else UNKNOWN
        whole = self.read(inner, env)
        values = [self._library.member(one, prop.text) for one in options(whole)]
        have = [value for value in values if value is not None]
        if written is not None:
            have.append(written)
        if have:
            return either(have)
        return known.member(prop.text) or UNKNOWN

    def _written(self, node: Node, env: Env) -> Value | None:
        """What is assigned to `x.y` anywhere in the files."""
        place = self.places.place(node)
        writes = self.places.writes(place) if place is not None else ()
        return self._of_writes(writes, env) if writes else None

    def _named(self, node: Node, env: Env) -> Value:
        binding = self.places.scopes.resolve(node)
        if binding is None:
            place = self.places.place(node) or (node.text, ())
            writes = self.places.writes(place)
            return self._of_writes(writes, env) if writes else UNKNOWN
        if (key := (binding, env)) in self._active:
            return UNKNOWN
        self._active.add(key)
        found = [self._parameter(binding.function, binding, env)] if binding.function else []
        writes = self.places.writes((binding, ()))
        if writes:
            found.append(self._of_writes(writes, env))
        value = self._with_properties(either(found), binding, env)
        self._active.discard(key)
        return value

    def _parameter(self, function: Node, binding: Binding, env: Env) -> Value:
        call = env.get(function)
        if call is not None:
            value = UNKNOWN if binding.is_rest else self.argument(call, binding.index)
        else:
            value = self._unbound(function, binding, env)
        value = self._down(value, binding.path)
        if binding.default is None:
            return value
        return literals.defaulted(value, self.read(binding.default, env))

    def _unbound(self, function: Node, binding: Binding, env: Env) -> Value:
        """A parameter of a function that is not bound to one call: what all its calls give it."""
        calls = self.places.calls(function)
        if function in self.chain or not calls or binding.is_rest:
            self.touched.add(function)
            return self._handed(function, binding, env)
        if len(calls) > _MAX_CALLS:
            return UNKNOWN
        return either(self.argument(Call(given(call), env), binding.index) for call in calls)

    def _handed(self, function: Node, binding: Binding, env: Env) -> Value:
        """What `forEach` and its like hand to a function: an element of the array."""
        outer = function.parent.parent if function.parent is not None else None
        callee = outer.get("function") if outer is not None else None
        if binding.index or callee is None or callee.kind != "member_expression":
            return UNKNOWN
        prop = callee.get("property")
        if prop is None or prop.text not in _OVER_ELEMENTS:
            return UNKNOWN
        found = self.read(callee.get("object"), env)
        return either(one.element if isinstance(one, Items) else UNKNOWN for one in options(found))

    def _down(self, value: Value, path: tuple[str, ...]) -> Value:
        for name in path:
            found = (self._library.member(one, name) for one in options(value))
            value = either(UNKNOWN if one is None else one for one in found)
        return value

    def _of_writes(self, writes: tuple[Write, ...], env: Env) -> Value:
        values: list[Value] = []
        extra: list[Value] = []
        for write in writes:
            if write.how is How.PUSH and write.node is not None:
                extra.append(self._element(write.node, env))
            elif write.how is How.SET:
                value = self._down(self.read(write.node, env), write.path)
                if write.default is not None:
                    value = literals.defaulted(value, self.read(write.default, env))
                values.append(value)
            elif write.how is How.ELEMENT:
                found = self.read(write.node, env)
                elements = (
                    one.element if isinstance(one, Items) else UNKNOWN for one in options(found)
                )
                values.append(self._down(either(elements), write.path))
            elif write.how is How.OTHER:
                values.append(literals.computed(write.site, values))
        return literals.grown(either(values), extra) if values or extra else UNKNOWN

    def _with_properties(self, value: Value, binding: Binding, env: Env) -> Value:
        """An object with what is assigned to its properties later."""
        place = (binding, ())
        if value == UNKNOWN and binding.function is not None and self.places.below(place):
            value = Record((), is_open=True)
        if not any(isinstance(one, Record) for one in options(value)):
            return value
        added: dict[str, Entry] = {}
        gone: set[str] = set()
        is_open = False
        for name in self.places.below(place):
            is_open = is_open or name == ANY_KEY
            writes = self.places.writes((place[0], (*place[1], name)))
            kept = tuple(write for write in writes if write.how is not How.DELETE)
            if len(kept) < len(writes):
                gone.add(name)
            if kept and name != ANY_KEY:
                sure = any(not is_conditional(write.site, binding.node) for write in kept)
                added[name] = Entry(name, self._of_writes(kept, env), not sure)
        late = [one for one in self.places.writes(place) if one.how is How.MERGE]
        extra = record(added, is_open=is_open)
        return either(
            self._merged(literals.less(merged(one, extra), gone), late, env)
            if isinstance(one, Record)
            else one
            for one in options(value)
        )

    def _merged(self, base: Record, late: list[Write], env: Env) -> Record:
        for write in late:
            base = spread(base, self.read(write.node, env))
        return base

    # --- calls ----------------------------------------------------------------------------------

    def _call(self, node: Node, env: Env) -> Value:
        callee = node.get("function")
        made = Call(given(node), env)
        if callee is None:
            return UNKNOWN
        name = self.dotted(callee, env)
        built_in = self._library.call(name, made)
        if built_in is not None:
            return built_in
        functions = self.places.called(node)
        if functions:
            return either(self.result(one, made) for one in functions)
        if callee.kind == "member_expression":
            return self._library.method(callee, made)
        inner = self.read(callee, env)
        return either(
            self.result(one.node, made) if isinstance(one, Function) else UNKNOWN
            for one in options(inner)
        )

    def result(self, function: Node, call: Call) -> Value:
        """What a function returns when it is called like that."""
        return self.returned(function, call.env.binding(function, call))

    def returned(self, function: Node, env: Env) -> Value:
        """What a function returns, its parameters being bound or not."""
        body = function.get("body")
        if body is None:
            return UNKNOWN
        if body.kind != "statement_block":
            return self.read(body, env)
        found = [
            self.read(one.children[0] if one.children else None, env)
            for one in literals.returns(body)
        ]
        return either(found) if found else UNDEFINED
