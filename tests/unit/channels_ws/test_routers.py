from __future__ import annotations

from types import SimpleNamespace

import pytest

from channels_ws import routers
from channels_ws.routers import LayerRouter


@pytest.fixture
def router(monkeypatch: pytest.MonkeyPatch) -> LayerRouter:
    monkeypatch.setattr(routers, "settings", SimpleNamespace(WSMIGRATE={}))
    return LayerRouter()


def model_of(app_label: str) -> object:
    return SimpleNamespace(_meta=SimpleNamespace(app_label=app_label))


def test_it_has_no_opinion_on_the_projects_own_tables(router: LayerRouter) -> None:
    assert router.db_for_read(model_of("chat")) is None
    assert router.db_for_write(model_of("chat")) is None
    assert router.allow_migrate("default", "chat") is None


def test_the_layers_tables_are_in_the_layers_database_only(router: LayerRouter) -> None:
    for label in ("channels_postgres", "channels_ws"):
        assert router.db_for_read(model_of(label)) == "channels_postgres"
        assert router.db_for_write(model_of(label)) == "channels_postgres"
        assert router.allow_migrate("channels_postgres", label) is True
        assert router.allow_migrate("default", label) is False


def test_nothing_else_is_put_into_the_layers_database(router: LayerRouter) -> None:
    assert router.allow_migrate("channels_postgres", "chat") is False


def test_a_project_whose_only_database_is_postgresql_may_keep_everything_in_it(
    router: LayerRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = SimpleNamespace(WSMIGRATE={"DATABASE": "default"})
    monkeypatch.setattr(routers, "settings", one)
    assert router.allow_migrate("default", "channels_ws") is True
    assert router.allow_migrate("default", "chat") is None
