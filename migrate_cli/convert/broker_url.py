"""Where a project's pika code connects to, as code that settings can hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

import libcst as cst

from migrate_cli.convert.pika_use import argument
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, string_value
from migrate_cli.convert.stack import uwsgi_modules

_ENVIRONMENT = frozenset({"os.environ.get", "os.getenv", "os.environ"})
_PARAMETERS = frozenset({"pika.ConnectionParameters", "pika.connection.ConnectionParameters"})
_URL_PARAMETERS = frozenset({"pika.URLParameters", "pika.connection.URLParameters"})
_CREDENTIALS = frozenset({"pika.PlainCredentials", "pika.credentials.PlainCredentials"})


@dataclass(frozen=True)
class BrokerUrl:
    """A broker's URL. ``code`` is an expression for it ("" if there is none that settings can
    hold), ``plain`` the URL itself if it is written out, ``settings`` what of the settings the code
    uses."""

    code: str
    plain: str
    settings: frozenset[str]


@dataclass(frozen=True)
class _Value:
    code: str
    plain: str | None
    settings: frozenset[str] = frozenset()


@lru_cache(maxsize=8)
def broker_urls(project: Project) -> tuple[BrokerUrl, ...]:
    """What the project's publishers connect to, in the order of the files; if they show nothing,
    what the old server does."""
    if project.is_local("pika"):
        return ()
    old = uwsgi_modules(project)
    sources = [one for one in project.sources_with("pika") if "pika" in one.text]
    return _in(project, [one for one in sources if one not in old]) or _in(project, old)


def _in(project: Project, sources: list[PythonSource]) -> tuple[BrokerUrl, ...]:
    found = []
    for source in sources:
        for call in source.of_type(cst.Call):
            name = project.name_of(source, call.func)
            if name in _URL_PARAMETERS and call.args:
                value = _value(project, source, call.args[0].value)
                found.append(_url_of(value))
            elif name in _PARAMETERS:
                found.append(_from_parameters(project, source, call))
    return tuple(found)


def _url_of(value: _Value | None) -> BrokerUrl:
    if value is None:
        return BrokerUrl("", "", frozenset())
    return BrokerUrl(value.code, value.plain or "", value.settings)


def _from_parameters(project: Project, source: PythonSource, call: cst.Call) -> BrokerUrl:
    parts: dict[str, _Value | None] = {}
    for position, (name, default) in enumerate(
        [("host", "localhost"), ("port", "5672"), ("virtual_host", "/")]
    ):
        node = argument(call, name, position)
        parts[name] = _literal(default) if node is None else _value(project, source, node)
    credentials = argument(call, "credentials", 3)
    parts["user"] = parts["password"] = _literal("guest")
    if credentials is not None:
        made = _resolved(source, credentials)
        is_plain = isinstance(made, cst.Call) and (
            project.name_of(source, made.func) in _CREDENTIALS
        )
        for position, name in enumerate(["username", "password"]):
            node = argument(made, name, position) if is_plain else None  # type: ignore[arg-type]
            key = "user" if name == "username" else name
            parts[key] = None if node is None else _value(project, source, node)
    known = {name: value for name, value in parts.items() if value is not None}
    if len(known) < len(parts):
        return BrokerUrl("", "", frozenset())
    settings = frozenset().union(*(one.settings for one in known.values()))
    plain = {name: one.plain for name, one in known.items()}
    if all(one is not None for one in plain.values()):
        safe = {name: quote(one or "", safe="") for name, one in plain.items()}
        url = "amqp://{user}:{password}@{host}:{port}/{virtual_host}".format(**safe)
        return BrokerUrl(f'"{url}"', url, settings)
    code = (
        '"amqp://%s:%s@%s:%s/%s" % ('
        + ", ".join(
            _escaped(known[name]) for name in ("user", "password", "host", "port", "virtual_host")
        )
        + ")"
    )
    return BrokerUrl(code, "", settings)


def _escaped(value: _Value) -> str:
    """Code for a part of a URL; other characters than a host's are for the operator to escape."""
    if value.plain is not None:
        return '"' + quote(value.plain, safe="") + '"'
    return value.code


def _literal(text: str) -> _Value:
    return _Value(f'"{text}"', text)


def _value(project: Project, source: PythonSource, node: cst.CSTNode) -> _Value | None:
    """A literal, a Django setting, or a look-up in the environment; None for anything else."""
    node = _resolved(source, node)
    text = string_value(node)
    if text is not None:
        return _literal(text)
    if isinstance(node, cst.Integer):
        return _literal(node.value)
    name = project.name_of(source, node)
    if name.startswith("django.conf.settings."):
        setting = name.removeprefix("django.conf.settings.")
        return _Value(setting, None, frozenset({setting})) if setting.isidentifier() else None
    if isinstance(node, cst.Call) and project.name_of(source, node.func) in _ENVIRONMENT:
        if all(string_value(arg.value) is not None for arg in node.args):
            arguments = ", ".join(f'"{string_value(arg.value)}"' for arg in node.args)
            return _Value(f"os.environ.get({arguments})", None)
    if isinstance(node, cst.Subscript) and project.name_of(source, node.value) == "os.environ":
        index = node.slice[0].slice
        key = string_value(index.value) if isinstance(index, cst.Index) else None
        return None if key is None else _Value(f'os.environ["{key}"]', None)
    if (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Name)
        and node.func.value == "getattr"
    ):
        is_setting = len(node.args) >= 2 and (
            project.name_of(source, node.args[0].value) == "django.conf.settings"
        )
        named = string_value(node.args[1].value) if is_setting else None
        return None if named is None else _Value(named, None, frozenset({named}))
    return None


def _resolved(source: PythonSource, node: cst.CSTNode) -> cst.CSTNode:
    """What a name was set to, if it is set once in the module."""
    if not isinstance(node, cst.Name):
        return node
    made = [
        one.value
        for one in source.of_type(cst.Assign)
        for target in one.targets
        if isinstance(target.target, cst.Name) and target.target.value == node.value
    ]
    return made[0] if len(made) == 1 and not isinstance(made[0], cst.Name) else node
