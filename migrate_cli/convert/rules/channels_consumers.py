"""Consumers in routes are ASGI applications."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_stack

RULE = "channels_consumers"
_ROUTES = frozenset({"django.urls.path", "django.urls.re_path", "django.conf.urls.url"})
_BASES = ("channels.generic.", "channels.consumer.")

EXAMPLE = Example(
    {
        "live/routing.py": """\
from django.urls import re_path

from live import consumers

websocket_urlpatterns = [re_path(r"^live/$", consumers.Live)]
""",
        "live/consumers.py": """\
from channels.generic.websocket import WebsocketConsumer


class Live(WebsocketConsumer):
    pass
""",
    },
    {
        "live/routing.py": """\
from django.urls import re_path

from live import consumers

websocket_urlpatterns = [re_path(r"^live/$", consumers.Live.as_asgi())]
"""
    },
)


@rule(
    title="Consumers in routes",
    follows="Channels 3.0 release notes: routes take `consumer.as_asgi()`",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """Channels 2 took the class itself. Found by the class's bases, in another module too."""
    if not uses_stack(project):
        return
    for source in project.sources_with("urlpatterns", "URLRouter"):
        for call in source.of_type(cst.Call):
            if len(call.args) < 2 or call.args[1].keyword is not None:
                continue
            if project.name_of(source, call.func) not in _ROUTES:
                continue
            view = call.args[1].value
            if _is_consumer(project, _dotted(project, source, view), depth=5):
                at = source.span(view)[1]
                what = "A route takes the consumer as an ASGI application since Channels 3."
                edits = (Edit(at, at, ".as_asgi()"),)
                yield Finding(RULE, source.path, source.line(view), what, Safety.SAFE, edits)


def _dotted(project: Project, source: PythonSource, node: cst.CSTNode) -> str:
    """The name of a class that is imported, or of the module itself."""
    imported = project.name_of(source, node)
    if imported or not isinstance(node, cst.Name):
        return imported
    return f"{project.module_name(source.path)}.{node.value}"


def _is_consumer(project: Project, dotted: str, *, depth: int) -> bool:
    if dotted.startswith(_BASES):
        return True
    module, _, name = dotted.rpartition(".")
    path = project.module_path(module) if module and depth else None
    # Others are not parsed, with the prefilter and without it: a route names mostly views.
    is_likely = path is not None and "onsumer" in path + project.text(path)
    source = project.cache.get(path, project.text(path)) if path and is_likely else None
    return source is not None and any(
        _is_consumer(project, _dotted(project, source, base.value), depth=depth - 1)
        for one in source.module.body
        if isinstance(one, cst.ClassDef) and one.name.value == name
        for base in one.bases
    )
