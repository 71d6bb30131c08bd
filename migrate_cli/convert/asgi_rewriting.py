"""Putting the routes of the new server into an ASGI module that is there."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit
from migrate_cli.convert.notifs_names import alias_removed, imports_of, uses_of
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource, is_import, string_value
from migrate_cli.convert.syntax import below
from migrate_cli.convert.wording import in_style, items_added

Found = tuple[int, str, tuple[Edit, ...]]

_ROUTER = "channels.routing.ProtocolTypeRouter"
_URL_ROUTER = "channels.routing.URLRouter"
_DJANGO = "django.core.asgi.get_asgi_application"
_LAYER = "channels.layers.get_channel_layer"
_OLD_HANDLER = "channels.http.AsgiHandler"
_NOTIFS_ROUTES = "notifications.routing.websocket_urlpatterns"
_OURS = "from channels_ws.routing import lifespan, websocket_urlpatterns  # noqa: E402"
_OURS_BESIDE = "from channels_ws import routing as rooms  # noqa: E402"
_WRAPPER = """\
application = ProtocolTypeRouter(
    {
        "http": %s,
        "websocket": URLRouter(websocket_urlpatterns),
        "lifespan": lifespan,
    }
)
"""


def extended(project: Project, source: PythonSource, attribute: str) -> Iterator[Found]:
    """What the module lacks, as line, sentence and edits; no edits where a person has to look."""
    if "channels_ws" in source.text:
        return
    statements = _assignments(source, attribute)
    if not statements:
        what = f"How `{attribute}` is made cannot be seen: add the routes of docs/install.md to it."
        yield 1, what, ()
        return
    statement, value = statements[-1]
    if isinstance(value, cst.Call) and project.name_of(source, value.func) == _LAYER:
        what = (
            "This is a channel layer, as Channels 1 had it, and no application: write asgi.py anew."
        )
        yield source.line(statement), what, ()
        return
    router = _router_in(project, source, value)
    if router is None:
        yield _wrapped(project, source, attribute, statements)
    else:
        yield _Router(project, source, statement, router).found()


def _assignments(
    source: PythonSource, attribute: str
) -> list[tuple[cst.SimpleStatementLine, cst.BaseExpression]]:
    found = []
    for statement in source.module.body:
        if not isinstance(statement, cst.SimpleStatementLine):
            continue
        for part in statement.body:
            targets: list[cst.BaseExpression] = []
            if isinstance(part, cst.Assign):
                targets = [target.target for target in part.targets]
            elif isinstance(part, cst.AnnAssign):
                targets = [part.target]
            if any(isinstance(one, cst.Name) and one.value == attribute for one in targets):
                value = part.value if isinstance(part, (cst.Assign, cst.AnnAssign)) else None
                if value is not None:
                    found.append((statement, value))
    return found


def _router_in(
    project: Project, source: PythonSource, value: cst.BaseExpression
) -> cst.Call | None:
    for node in source.nodes:
        if isinstance(node, cst.Call) and project.name_of(source, node.func) == _ROUTER:
            if node is value or value in source.ancestors(node):
                return node
    return None


def _wrapped(
    project: Project,
    source: PythonSource,
    attribute: str,
    statements: list[tuple[cst.SimpleStatementLine, cst.BaseExpression]],
) -> Found:
    statement, value = statements[-1]
    what = "The application answers HTTP only: WebSockets need a ProtocolTypeRouter around it."
    names = [node for node in source.of_type(cst.Name) if node.value == attribute]
    inner = attribute
    edits = []
    if len(names) == 1:
        inner = f"http_{attribute}"
        edits.append(source.replaced(names[0], inner))
    code = f"\n{_OURS}\n\n{_WRAPPER % inner}".replace("application =", f"{attribute} =")
    end = source.lines_of(statement)[1]
    lead = "" if source.text[end - 1] in "\r\n" else source.newline
    text = lead + source.newline.join([*in_style(source, code), ""])
    edits += [*_imported(project, source, _ROUTER, _URL_ROUTER), Edit(end, end, text)]
    del value
    return source.line(statement), what, tuple(edits)


def _imported(project: Project, source: PythonSource, *names: str) -> list[Edit]:
    """The edits that import names of channels.routing that the module does not import yet. They go
    in front of the imports of Django, where they sort."""
    missing = [
        name.rpartition(".")[2] for name in names if not list(imports_of(project, source, name))
    ]
    if not missing:
        return []
    module = names[0].rpartition(".")[0]
    line = f"from {module} import {', '.join(missing)}"
    for statement in source.module.body:
        if is_import(statement) and source.code(statement).startswith("from django"):
            first, _ = source.lines_of(statement)
            return [Edit(first, first, line + source.newline)]
    return [source.import_added(line)]


class _Router:
    """A ProtocolTypeRouter that is there."""

    def __init__(
        self,
        project: Project,
        source: PythonSource,
        statement: cst.SimpleStatementLine,
        router: cst.Call,
    ) -> None:
        self._project = project
        self._source = source
        self._statement = statement
        self._router = router
        self._before: list[str] = []
        self._edits: list[Edit] = []
        self._missing: list[str] = []

    def found(self) -> Found:
        source = self._source
        line = source.line(self._router)
        table = self._router.args[0].value if len(self._router.args) == 1 else None
        if not isinstance(table, cst.Dict) or not table.elements:
            return line, "The routes are not written out here: add those of docs/install.md.", ()
        entries = {
            string_value(element.key): element
            for element in table.elements
            if isinstance(element, cst.DictElement)
        }
        self._http(entries.get("http"))
        self._before.append(_OURS_BESIDE)
        if self._before[-2:-1]:
            self._before.insert(-1, "")
        if not self._websocket(entries.get("websocket")):
            what = (
                "The WebSockets are routed in a way that is not understood: put "
                "`channels_ws.routing.websocket_urlpatterns` behind the other routes, in place of "
                "those of `notifications.routing`."
            )
            return line, what, ()
        if "lifespan" not in entries:
            self._missing.append('"lifespan": rooms.lifespan')
        self._add_missing(table)
        start, _ = source.lines_of(self._statement)
        text = source.newline.join([*in_style(source, "\n".join(self._before)), "", ""])
        self._edits.append(Edit(start, start, text))
        what = "The routes need the rooms of the new server, and Django's own HTTP application."
        return line, what, tuple(self._edits)

    def _http(self, entry: cst.DictElement | None) -> None:
        """Django has to be set up before the rooms are imported: get_asgi_application() does it."""
        source, project = self._source, self._project
        set_up = any(
            project.name_of(source, call.func) in {_DJANGO, "django.setup"}
            and self._statement not in source.ancestors(call)
            for call in source.of_type(cst.Call)
        )
        if entry is None:
            self._edits += self._django_import()
            self._before.append("http_application = get_asgi_application()")
            self._missing.append('"http": http_application')
            return
        value = entry.value
        func = value.func if isinstance(value, cst.Call) else value
        if project.name_of(source, func) == _OLD_HANDLER:
            self._edits += self._django_import()
            self._edits += [
                alias_removed(source, *one) for one in imports_of(project, source, _OLD_HANDLER)
            ]
            self._before.append("http_application = get_asgi_application()")
            self._edits.append(source.replaced(value, "http_application"))
        elif not set_up:
            self._before.append(f"http_application = {source.code(value)}")
            self._edits.append(source.replaced(value, "http_application"))

    def _django_import(self) -> list[Edit]:
        if list(imports_of(self._project, self._source, _DJANGO)):
            return []
        return [self._source.import_added("from django.core.asgi import get_asgi_application")]

    def _websocket(self, entry: cst.DictElement | None) -> bool:
        source, project = self._source, self._project
        if entry is None:
            self._edits += _imported(project, source, _URL_ROUTER)
            self._missing.append('"websocket": URLRouter(rooms.websocket_urlpatterns)')
            return True
        for call in source.of_type(cst.Call):
            inside = call is entry.value or entry.value in source.ancestors(call)
            if inside and project.name_of(source, call.func) == _URL_ROUTER and call.args:
                return self._routes(call.args[0].value)
        return False

    def _routes(self, routes: cst.BaseExpression) -> bool:
        """Put the rooms into the routes; False where they are not understood."""
        source, project = self._source, self._project
        if project.name_of(source, routes) == _NOTIFS_ROUTES:
            # Its consumer sends what any client writes to the whole room.
            self._edits.append(source.replaced(routes, "rooms.websocket_urlpatterns"))
            module = "notifications.routing"
            if len(uses_of(project, source, module)) <= 1:
                for name in (module, _NOTIFS_ROUTES):
                    self._edits += [
                        alias_removed(source, *one) for one in imports_of(project, source, name)
                    ]
            return True
        if any(use in below(routes) for use in uses_of(project, source, _NOTIFS_ROUTES)):
            return False  # it would answer some of the rooms
        # Every path is a room, so the project's own routes come first.
        new = f"[*{source.code(routes)}, *rooms.websocket_urlpatterns]"
        if isinstance(routes, cst.BinaryOperation):
            new = f"{source.code(routes)} + rooms.websocket_urlpatterns"
        if isinstance(routes, cst.List) and routes.elements:
            last = source.span(routes.elements[-1].value)[1]
            self._edits.append(Edit(last, last, ", *rooms.websocket_urlpatterns"))
        else:
            self._edits.append(source.replaced(routes, new))
        return True

    def _add_missing(self, table: cst.Dict) -> None:
        source = self._source
        first, last = table.elements[0], table.elements[-1]
        start = source.span(first.key if isinstance(first, cst.DictElement) else first.value)[0]
        own_lines = source.line_at(source.span(table)[0]) != source.line_at(start)
        separator = source.newline + source.indent(first) if own_lines else " "
        texts = [in_style(source, entry)[0] for entry in self._missing]
        if texts:
            self._edits.append(items_added(source, last.value, texts, separator))
