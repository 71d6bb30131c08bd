"""Notification channels that publish to RabbitMQ: what they publish where, and the same by way of
wsmigrate's publisher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import libcst as cst

from migrate_cli.convert.channel_classes import ChannelClass, channel_classes
from migrate_cli.convert.pika_use import argument, method_calls, pika_use
from migrate_cli.convert.project import Project
from migrate_cli.convert.project_settings import settings_modules
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.syntax import below
from migrate_cli.convert.text_values import dumps_argument, key_path, text_of

ROOM_PARAM = "NOTIFICATIONS_WEBSOCKET_URL_PARAM"
DEFAULT_ROOM_PARAM = "room_name"
PUBLICATION = "channels_ws.notify.publication.Publication"


class NotUnderstoodError(Exception):
    """Why a channel is left alone, as the end of a sentence."""


@dataclass(frozen=True, eq=False)
class RabbitChannel:
    """A channel whose method publishes to an exchange with pika."""

    channel: ChannelClass
    method: cst.FunctionDef
    call: cst.Call

    @property
    def room(self) -> cst.BaseExpression | None:
        """The exchange."""
        return argument(self.call, "exchange", 0)

    @property
    def body(self) -> cst.BaseExpression | None:
        """What is published."""
        return argument(self.call, "body", 2)


@lru_cache(maxsize=8)
def rabbit_channels(project: Project) -> tuple[RabbitChannel, ...]:
    """The channels of the project that publish with pika themselves, by what their methods do."""
    found = []
    for one in channel_classes(project):
        use = pika_use(project, one.source)
        for method in one.methods.values():
            for call in method_calls(method, "basic_publish", "publish"):
                if use.comes_from_pika(call.func):
                    found.append(RabbitChannel(one, method, call))
    return tuple(found)


def checked(project: Project, rabbit: RabbitChannel, all_of_them: Sequence[RabbitChannel]) -> None:
    """Raise NotUnderstoodError if it does not publish to rooms, or in more than one place."""
    if sum(one.channel is rabbit.channel for one in all_of_them) > 1:
        raise NotUnderstoodError("it publishes in more than one place")
    if rabbit.room is None or rabbit.body is None:
        raise NotUnderstoodError("the exchange and the body are not written as arguments")
    if string_value(rabbit.room) == "":
        raise NotUnderstoodError("it publishes to a queue, not to a fanout exchange for each room")
    if _declares_otherwise(project, rabbit.channel.source):
        raise NotUnderstoodError(
            "its exchange is declared durable, auto-delete or with arguments, and wsmigrate's "
            "publisher declares it without, which RabbitMQ refuses while the other one is there"
        )
    kinds = _exchange_types(project, rabbit.channel.source)
    routing_key = argument(rabbit.call, "routing_key", 1)
    if kinds - {"fanout"} or (not kinds and string_value(routing_key) != ""):
        raise NotUnderstoodError("its exchange is not known to be a fanout exchange")


def _exchange_types(project: Project, source: PythonSource) -> set[str | None]:
    use = pika_use(project, source)
    found: set[str | None] = set()
    for call in method_calls(source.module, "exchange_declare"):
        if use.comes_from_pika(call.func):
            kind = argument(call, "exchange_type", 1) or argument(call, "type", 1)
            text = string_value(kind) or _constant(source, kind)
            if text is None and kind is not None and source.code(kind).endswith(".fanout"):
                text = "fanout"  # pika.exchange_type.ExchangeType
            found.add("direct" if kind is None else text)
    return found


def _constant(source: PythonSource, value: cst.CSTNode | None) -> str | None:
    """The string that a name, or an attribute of ``self``, is set to, if it is set once."""
    name = value.attr if isinstance(value, cst.Attribute) else value
    if not isinstance(name, cst.Name):
        return None
    made = [
        one.value
        for one in source.of_type(cst.Assign)
        for target in one.targets
        if (isinstance(target.target, cst.Name) and target.target.value == name.value)
        or (isinstance(target.target, cst.Attribute) and target.target.attr.value == name.value)
    ]
    return string_value(made[0]) if len(made) == 1 else None


def _declares_otherwise(project: Project, source: PythonSource) -> bool:
    """Whether an exchange is declared in another way than by default: RabbitMQ answers 406 to who
    declares it by default then."""
    use = pika_use(project, source)
    return any(
        not (isinstance(value, cst.Name) and value.value in {"False", "None"})
        for call in method_calls(source.module, "exchange_declare")
        if use.comes_from_pika(call.func)
        for name, position in (("durable", 3), ("auto_delete", 4), ("arguments", 6))
        if (value := argument(call, name, position)) is not None
    )


def standard_room_key(project: Project, rabbit: RabbitChannel) -> str | None:
    """The key of the room in ``extra_data``, if the channel does what wsmigrate's own does:
    ``json.dumps(extra_data["message"])`` to the exchange ``extra_data[key]``. Else None."""
    channel = rabbit.channel
    if set(channel.methods) - {"construct_message", "notify"} - _pika_methods(project, channel):
        return None
    if _declares_otherwise(project, channel.source):
        return None
    if len(channel.node.bases) != 1 or channel.base is None or rabbit.method.decorators:
        return None
    if rabbit.method is not channel.methods.get("notify") or _has_loops(rabbit.method):
        return None
    if any(
        not isinstance(one, cst.FunctionDef) and not _is_docstring(one)
        for one in channel.node.body.body
    ):
        return None
    made = channel.methods.get("construct_message")
    room = key_path(rabbit.method, rabbit.room)
    if made is None or room is None or len(room) != 2 or room[0] != "extra_data":
        return None
    message = dumps_argument(project, channel.source, made)
    is_message = isinstance(rabbit.body, cst.Name) and rabbit.body.value in _parameters(
        rabbit.method
    )
    if not is_message or message is None or key_path(made, message) != ("extra_data", "message"):
        return None
    return room[1]


@lru_cache(maxsize=8)
def room_param(project: Project) -> str | None:
    """The value that NOTIFICATIONS_WEBSOCKET_URL_PARAM has, or is to have; None for its default."""
    for module in settings_modules(project):
        for one in module.assignments.get(ROOM_PARAM, ()):
            text = string_value(one.value)
            if text is not None:
                return text
    keys: dict[str, bool] = {}
    for rabbit in rabbit_channels(project):
        key = standard_room_key(project, rabbit)
        if key is not None:
            keys[key] = keys.get(key, False) or "websocket" in rabbit.channel.aliases
    if len(keys) == 1:
        return next(iter(keys))
    return next((key for key, is_websocket in keys.items() if is_websocket), None)


def is_standard(project: Project, rabbit: RabbitChannel) -> bool:
    """Whether wsmigrate's own channel can stand in for it."""
    key = standard_room_key(project, rabbit)
    return key is not None and key == (room_param(project) or DEFAULT_ROOM_PARAM)


def published_by_wsmigrate(project: Project, rabbit: RabbitChannel) -> cst.ClassDef:
    """The class with its publish in the publisher's hands, and without what only that needed.
    Raises NotUnderstoodError."""
    channel = rabbit.channel
    body = _Rewriting(project, rabbit).block(rabbit.method.body)
    method = rabbit.method.with_changes(body=body)
    kept: list[cst.CSTNode] = []
    unused = _pika_methods(project, channel) - _called_elsewhere(project, channel, rabbit)
    for one in channel.node.body.body:
        if one is rabbit.method:
            kept.append(method)
        elif not (isinstance(one, cst.FunctionDef) and one.name.value in unused):
            kept.append(one)
    return channel.node.with_changes(body=channel.node.body.with_changes(body=kept))


class _Rewriting:
    """Leaves out the statements of a method that concern pika, and replaces its publish."""

    def __init__(self, project: Project, rabbit: RabbitChannel) -> None:
        self._project = project
        self._source = rabbit.channel.source
        self._rabbit = rabbit
        self._use = pika_use(project, self._source)

    def block(self, block: cst.BaseSuite) -> cst.BaseSuite:
        if not isinstance(block, cst.IndentedBlock):
            raise NotUnderstoodError("it is written in one line")
        kept = [new for old in block.body for new in self._statement(old)]
        return block.with_changes(body=kept or [cst.parse_statement("pass")])

    def _statement(self, one: cst.BaseStatement) -> list[cst.BaseStatement]:
        if not self._use.mentions(one):
            return [one]
        if isinstance(one, cst.SimpleStatementLine):
            return self._simple(one)
        if isinstance(one, cst.With) and not isinstance(one.body, cst.SimpleStatementSuite):
            items = [item for item in one.items if not self._use.comes_from_pika(item.item)]
            inner = self.block(one.body)
            if any(self._use.mentions(item) for item in items):
                raise NotUnderstoodError("a connection goes to something else")
            if not items:
                return list(inner.body)  # type: ignore[arg-type]
            items[-1] = items[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            return [one.with_changes(items=items, body=inner)]
        if isinstance(one, cst.Try) and not one.handlers and one.orelse is None:
            return self._try_finally(one)
        if isinstance(one, cst.For) and not self._use.mentions(one.iter) and one.orelse is None:
            return [one.with_changes(body=self.block(one.body))]
        if isinstance(one, cst.If) and not self._use.mentions(one.test):
            return [self._if(one)]
        raise NotUnderstoodError("what it does with the connection is not understood")

    def _if(self, one: cst.If) -> cst.If:
        orelse = one.orelse
        if isinstance(orelse, cst.If):
            orelse = self._if(orelse)
        elif orelse is not None:
            orelse = orelse.with_changes(body=self.block(orelse.body))
        return one.with_changes(body=self.block(one.body), orelse=orelse)

    def _try_finally(self, one: cst.Try) -> list[cst.BaseStatement]:
        inner = self.block(one.body)
        last = one.finalbody
        if last is None or not isinstance(last.body, cst.IndentedBlock):
            raise NotUnderstoodError("what it does with the connection is not understood")
        kept = [new for old in last.body.body for new in self._statement(old)]
        if not kept:
            return list(inner.body)  # type: ignore[arg-type]
        body = last.with_changes(body=last.body.with_changes(body=kept))
        return [one.with_changes(body=inner, finalbody=body)]

    def _simple(self, one: cst.SimpleStatementLine) -> list[cst.BaseStatement]:
        if len(one.body) > 1:
            raise NotUnderstoodError("several statements stand in one line")
        part = one.body[0]
        if isinstance(part, cst.Expr):
            if part.value is self._rabbit.call:
                return [self._publish().with_changes(leading_lines=one.leading_lines)]
            if self._use.comes_from_pika(part.value):
                return []
        if isinstance(part, (cst.Assign, cst.AnnAssign)) and part.value is not None:
            holds_publish = any(node is self._rabbit.call for node in below(part.value))
            if self._use.comes_from_pika(part.value) and not holds_publish:
                return []
        raise NotUnderstoodError("what it does with the connection is not understood")

    def _publish(self) -> cst.SimpleStatementLine:
        source, rabbit = self._source, self._rabbit
        assert rabbit.room is not None  # noqa: S101 - see checked()
        assert rabbit.body is not None  # noqa: S101
        text = text_of(self._project, source, rabbit.method, rabbit.channel, rabbit.body)
        mark = source.quote
        code = (
            f"django_apps.get_app_config({mark}channels_ws_notify{mark}).publisher.publish(\n"
            f"{source.module.default_indent}Publication("
            f"{source.code(rabbit.room)}, {text}, uuid.uuid4().hex)\n)"
        ).replace("\n", source.newline)
        made = cst.parse_statement(code, config=source.module.config_for_parsing)
        return cst.ensure_type(made, cst.SimpleStatementLine)


def _pika_methods(project: Project, channel: ChannelClass) -> set[str]:
    """The methods that only hand out connections or channels."""
    use = pika_use(project, channel.source)
    return {
        name
        for name, method in channel.methods.items()
        if use.returns_pika(method) and name not in {"notify", "construct_message", "send"}
    }


def _called_elsewhere(project: Project, channel: ChannelClass, rabbit: RabbitChannel) -> set[str]:
    """The names of methods that stand somewhere else than in what is being left out."""
    inside = {id(node) for node in below(rabbit.method)}
    for name in _pika_methods(project, channel):
        inside |= {id(node) for node in below(channel.methods[name])}
    return {
        node.attr.value
        for source in project.sources.values()
        for node in source.of_type(cst.Attribute)
        if id(node) not in inside
    }


def _has_loops(function: cst.FunctionDef) -> bool:
    return any(isinstance(node, (cst.For, cst.While, cst.If)) for node in below(function))


def _parameters(function: cst.FunctionDef) -> set[str]:
    return {param.name.value for param in function.params.params[1:]}


def _is_docstring(statement: cst.CSTNode) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and isinstance(statement.body[0], cst.Expr)
        and string_value(statement.body[0].value) is not None
    )
