"""The page and its files."""

from __future__ import annotations

import re

import pytest
from chatire_site import SITE_FOLDER, Site, environment, manage, running_site, runserver, uwsgi

ASSETS = sorted(
    path.name for path in (SITE_FOLDER / "frontend").iterdir() if path.suffix != ".html"
)


def test_the_page_comes_with_all_its_files(site: Site) -> None:
    page = site.http.get("/")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    named = set(re.findall(r'(?:href|src)="/assets/([^"]+)"', page.text))
    for name in sorted(named):
        named |= set(re.findall(r'from "\./([^"]+)"', site.http.get(f"/assets/{name}").text))
    for name in named:
        assert site.http.get(f"/assets/{name}").status_code == 200, name
    assert {"app.js", "api.js", "base.css"} <= named


@pytest.mark.parametrize("name", ASSETS)
def test_a_file_has_its_type_and_is_not_sent_twice(site: Site, name: str) -> None:
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    answer = site.http.get(f"/assets/{name}")
    assert answer.headers["Content-Type"].startswith(kinds[name.rpartition(".")[2]])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert site.http.get(f"/assets/{name}", headers=tag).status_code == 304


@pytest.mark.parametrize("name", ASSETS)
def test_nothing_is_fetched_from_elsewhere(site: Site, name: str) -> None:
    addresses = re.findall(r"https?://[^\s\"'`)]+", site.http.get(f"/assets/{name}").text)
    assert [address for address in addresses if "www.w3.org" not in address] == []


@pytest.mark.parametrize(
    "path", ["assets/nothing.js", "assets/index.html", "assets/..%2Fmanage.py", "assets/"]
)
def test_other_files_are_not_served(site: Site, path: str) -> None:
    assert site.http.get(f"/{path}").status_code == 404


def test_the_page_may_only_load_its_own_files_and_open_its_socket(site: Site) -> None:
    policy = site.http.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert f"connect-src 'self' ws://127.0.0.1:{site.port};" in policy


def test_the_page_says_where_the_websocket_is(tmp_path) -> None:
    with running_site(uwsgi, tmp_path, {"CHATIRE_WS_URL": "ws://127.0.0.1:8002"}) as site:
        page = site.http.get("/")
        assert '<meta name="websocket-url" content="ws://127.0.0.1:8002">' in page.text
        assert "connect-src 'self' ws://127.0.0.1:8002;" in page.headers["Content-Security-Policy"]


def test_the_page_is_the_same_under_both_kinds_of_server(site: Site, tmp_path) -> None:
    with running_site(runserver, tmp_path) as other:
        assert other.http.get("/").content == site.http.get("/").content
        for name in ASSETS:
            path = f"/assets/{name}"
            assert other.http.get(path).content == site.http.get(path).content


def test_a_foreign_host_is_refused(site: Site) -> None:
    assert site.http.get("/", headers={"Host": "elsewhere.example"}).status_code == 400


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CHATIRE_WS_URL", "http://127.0.0.1:8002"),
        ("CHATIRE_DEBUG", "maybe"),
        ("WSMIGRATE_POSTGRES_DSN", "postgresql://me:a-secret@127.0.0.1:port/db"),
        ("WSMIGRATE_AMQP_URL", "http://me:a-secret@127.0.0.1/"),
        ("CHATIRE_DATABASE", "/proc/no/such/folder/site.sqlite3"),
    ],
)
def test_a_wrong_setting_gets_one_sentence_and_exit_code_2(tmp_path, variable, value) -> None:
    done = manage(["migrate"], environment(tmp_path, {variable: value}))
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("manage.py: ")
    assert done.stderr.count("\n") == 1
    assert "a-secret" not in done.stderr


def test_the_models_and_the_migrations_agree(tmp_path) -> None:
    done = manage(["makemigrations", "chat", "--check", "--dry-run"], environment(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
