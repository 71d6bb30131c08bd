"""What a module's names stand for by its imports, where that is plain to see."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import libcst as cst

from migrate_cli.convert.syntax import dotted_name

_ASKED_FOR = frozenset({"os", "json"})
_ASKED_FOR_OF_DJANGO = (
    *("django.conf", "django.core.asgi", "django.apps", "django.utils.encoding"),
    *("django.core.urlresolvers", "django.utils.http", "django.utils.translation"),
)
_OF_STAR = {
    "notifications.signals": ("notify", "read"),
    "notifications.utils": ("notify", "read"),
    "notifications.channels": ("BaseNotificationChannel", "ConsoleChannel", "WebSocketChannel"),
    "rest_framework_jwt.views": (
        *("obtain_jwt_token", "refresh_jwt_token", "verify_jwt_token"),
        *("ObtainJSONWebToken", "RefreshJSONWebToken", "VerifyJSONWebToken"),
    ),
    "uwsgi": (
        *("websocket_handshake", "websocket_recv", "websocket_recv_nb", "websocket_send"),
        "websocket_send_binary",
    ),
    "pika": ("BlockingConnection", "ConnectionParameters", "PlainCredentials", "URLParameters"),
}
"""What ``from … import *`` brings of the modules that rules ask for."""
_WITH_TARGET = (
    *(cst.AssignTarget, cst.For, cst.CompFor, cst.NamedExpr, cst.AnnAssign, cst.AugAssign),
)
_BINDERS = (
    *(cst.Import, cst.ImportFrom, cst.FunctionDef, cst.ClassDef, cst.Param, cst.ExceptHandler),
    *(cst.WithItem, cst.AssignTarget, cst.For, cst.CompFor, cst.NamedExpr, cst.AnnAssign),
    *(cst.AugAssign, cst.Global, cst.Nonlocal, cst.Del),
)


class ImportNames:
    """The names that imports bind, and those that are bound in another way too.

    A name that one import binds and nothing else does stands for the same thing wherever it is
    used. For any other LibCST's scopes have to be asked, which takes fifty times as long.
    """

    def __init__(self, nodes_by_type: Mapping[type[cst.CSTNode], Sequence[cst.CSTNode]]) -> None:
        self._imported: dict[str, set[str]] = {}
        self._bound_otherwise: set[str] = set()
        for kind in _BINDERS:
            for node in nodes_by_type.get(kind, ()):
                self._take(node)

    def knows(self, name: str) -> bool:
        """Whether any import binds the name."""
        return name in self._imported

    def meaning(self, dotted: str) -> str | None:
        """The dotted name that a use stands for; "" if no import binds its first part, None if
        the scopes have to be asked."""
        root, _, rest = dotted.partition(".")
        found = self._imported.get(root)
        if not found:
            return ""
        if len(found) > 1 or root in self._bound_otherwise:
            return None if any(map(_matters, found)) else ""
        (name,) = found
        return f"{name}.{rest}" if rest else name

    def _take(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.Import):
            for alias in node.names:
                name = alias.evaluated_name
                if alias.asname is not None:
                    self._add(alias.evaluated_alias or "", name)
                else:
                    root = name.partition(".")[0]
                    self._add(root, root)
        elif isinstance(node, cst.ImportFrom):
            self._take_from(node)
        elif isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            self._bound_otherwise.add(node.name.value)
        elif isinstance(node, cst.Param):
            self._bind(node.name)
        elif isinstance(node, cst.ExceptHandler):
            self._bind_as(node.name)
        elif isinstance(node, cst.WithItem):
            self._bind_as(node.asname)
        elif isinstance(node, _WITH_TARGET):
            self._bind(node.target)
        elif isinstance(node, (cst.Global, cst.Nonlocal, cst.Del)):
            self._bound_otherwise |= {one.value for one in _names_in(node)}

    def _take_from(self, node: cst.ImportFrom) -> None:
        module = "." * len(node.relative) + dotted_name(node.module)
        if isinstance(node.names, cst.ImportStar):
            for name in _OF_STAR.get(module, ()):
                self._add(name, f"{module}.{name}")
            return
        separator = "" if module.endswith(".") else "."
        for alias in node.names:
            bound = alias.evaluated_alias or alias.evaluated_name
            self._add(bound, f"{module}{separator}{alias.evaluated_name}")

    def _add(self, bound: str, name: str) -> None:
        self._imported.setdefault(bound, set()).add(name)

    def _bind_as(self, name: cst.AsName | None) -> None:
        if name is not None:
            self._bind(name.name)

    def _bind(self, target: cst.CSTNode) -> None:
        if isinstance(target, cst.Name):
            self._bound_otherwise.add(target.value)
        elif isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                self._bind(element.value)


def _matters(name: str) -> bool:
    """Whether any rule asks for such names: of the standard library and Django only for a few."""
    root = name.partition(".")[0]
    if root == "django":
        return name == root or name.startswith(_ASKED_FOR_OF_DJANGO)
    return root in _ASKED_FOR or root not in sys.stdlib_module_names


def _names_in(node: cst.CSTNode) -> list[cst.Name]:
    if isinstance(node, (cst.Global, cst.Nonlocal)):
        return [item.name for item in node.names]
    target = node.target if isinstance(node, cst.Del) else None
    return [target] if isinstance(target, cst.Name) else []
