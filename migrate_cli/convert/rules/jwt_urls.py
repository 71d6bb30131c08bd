"""The views of djangorestframework-jwt are those of djangorestframework-simplejwt."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from migrate_cli.convert.findings import Edit, Finding, Safety
from migrate_cli.convert.notifs_names import moved_name
from migrate_cli.convert.project import Project
from migrate_cli.convert.python_source import PythonSource
from migrate_cli.convert.registry import Example, rule
from migrate_cli.convert.stack import uses_stack

RULE = "jwt_urls"
_VIEWS = {
    "obtain_jwt_token": "TokenObtainPairView",
    "refresh_jwt_token": "TokenRefreshView",
    "verify_jwt_token": "TokenVerifyView",
    "ObtainJSONWebToken": "TokenObtainPairView",
    "RefreshJSONWebToken": "TokenRefreshView",
    "VerifyJSONWebToken": "TokenVerifyView",
}

_DIFFERENCES = {
    "TokenObtainPairView": "It answers `access` and `refresh` where `token` was: the frontend has "
    "to read them, or a serializer of yours (TOKEN_OBTAIN_SERIALIZER) adds `token`.",
    "TokenRefreshView": "It takes `refresh` where `token` was posted, and answers `access`: the "
    "frontend has to keep the refresh token, or a serializer of yours (TOKEN_REFRESH_SERIALIZER) "
    "takes `token`.",
    "TokenVerifyView": "It takes `token` as before, and answers nothing where `token` was.",
}

EXAMPLE = Example(
    {
        "chatire/urls.py": """\
from django.urls import path
from rest_framework_jwt.views import obtain_jwt_token, refresh_jwt_token

urlpatterns = [
    path("auth/token/", obtain_jwt_token),
    path("auth/refresh/", refresh_jwt_token),
]
"""
    },
    {
        "chatire/urls.py": """\
from django.urls import path
from rest_framework_simplejwt.views import TokenObtainPairView
from rest_framework_simplejwt.views import TokenRefreshView

urlpatterns = [
    path("auth/token/", TokenObtainPairView.as_view()),
    path("auth/refresh/", TokenRefreshView.as_view()),
]
"""
    },
)


@rule(
    title="simplejwt in place of djangorestframework-jwt: URLs",
    follows="Simple JWT, Getting started; djangorestframework-jwt is unmaintained since 2017",
    example=EXAMPLE,
)
def examine(project: Project) -> Iterator[Finding]:
    """What is posted and answered differs, and each finding says how: `access` and `refresh` in
    place of `token`."""
    if not uses_stack(project):
        return
    for source in project.sources_with("rest_framework_jwt", "_jwt_token", "JSONWebToken"):
        for old, new in _VIEWS.items():
            yield from _view(project, source, old, new)


def _view(project: Project, source: PythonSource, old: str, new: str) -> Iterator[Finding]:
    moved = moved_name(
        project,
        source,
        f"rest_framework_jwt.views.{old}",
        f"rest_framework_simplejwt.views.{new}",
    )
    if moved is None:
        return
    what = f"{old} is simplejwt's {new} now. {_DIFFERENCES[new]}"
    line = source.line(moved.place)
    if moved.problem or _is_base(source, moved.uses):
        why = moved.problem or "it is subclassed here"
        yield Finding(RULE, source.path, line, f"{what} Left alone: {why}.", Safety.BY_HAND)
        return
    is_view_function = not old[0].isupper()
    edits: list[Edit] = list(moved.edits)
    for use in moved.uses:
        name = moved.written(source, use)
        edits.append(source.replaced(use, f"{name}.as_view()" if is_view_function else name))
    if edits:
        yield Finding(RULE, source.path, line, what, Safety.SAFE, tuple(edits))


def _is_base(source: PythonSource, uses: tuple[cst.CSTNode, ...]) -> bool:
    return any(
        isinstance(arg := source.parent(use), cst.Arg)
        and isinstance(source.parent(arg), cst.ClassDef)
        for use in uses
    )
