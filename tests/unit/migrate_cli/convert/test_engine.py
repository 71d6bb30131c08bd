"""All rules together on whole projects: line ends, order, coming to an end."""

from __future__ import annotations

from pathlib import Path

import pytest
from rule_projects import project_of, rule_named

from migrate_cli.convert.engine import PRAGMA, convert, scan
from migrate_cli.convert.files import ProjectFile
from migrate_cli.convert.findings import Edit, applied, overlaps
from migrate_cli.convert.project import Options, Project
from migrate_cli.convert.registry import Phase, all_rules

PROJECTS = Path(__file__).resolve().parents[3] / "projects"
RULES = [rule for rule in all_rules() if rule.phase is Phase.CUTOVER]
FINISH = [rule for rule in all_rules() if rule.phase is Phase.FINISH]


def texts_of(name: str) -> dict[str, str]:
    root = PROJECTS / name
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def after(project: Project) -> dict[str, str]:
    result = convert(project, RULES).after
    return {path: one.text for path, one in result.files.items()}


@pytest.fixture(params=["tutorial", "split", "half"])
def texts(request: pytest.FixtureRequest) -> dict[str, str]:
    return texts_of(request.param)


def test_a_second_run_changes_nothing(texts: dict[str, str]) -> None:
    first = convert(project_of(texts), RULES, unsafe=True)
    assert first.changed
    assert not convert(first.after, RULES, unsafe=True).changed


def test_finishing_comes_to_an_end_and_leaves_nothing_to_convert(texts: dict[str, str]) -> None:
    converted = convert(project_of(texts), RULES).after
    first = convert(converted, FINISH)
    assert first.changed
    assert not convert(first.after, FINISH).changed
    assert not convert(first.after, RULES).changed


def test_every_module_is_python_afterwards(texts: dict[str, str]) -> None:
    for path, text in after(project_of(texts)).items():
        if path.endswith(".py"):
            compile(text, path, "exec")


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_other_line_ends_give_the_same(texts: dict[str, str], ending: str) -> None:
    python = {path: text for path, text in texts.items() if path.endswith(".py")}
    expected = after(project_of(python))
    other = after(project_of({path: text.replace("\n", ending) for path, text in python.items()}))
    for path, text in other.items():
        if path in python:
            assert text == expected[path].replace("\n", ending), path


def test_the_order_of_files_does_not_matter(texts: dict[str, str]) -> None:
    backwards = dict(reversed(texts.items()))
    assert after(project_of(backwards)) == after(project_of(texts))


def test_scan_finds_what_convert_finds_first(texts: dict[str, str]) -> None:
    found = set(scan(project_of(texts), RULES).findings)
    assert found <= set(convert(project_of(texts), RULES).findings)


def test_rules_can_be_run_one_by_one(texts: dict[str, str]) -> None:
    project = project_of(texts)
    for _ in range(2):
        for rule in RULES:
            project = convert(project, [rule]).after
    assert not convert(project, RULES).changed


def test_the_pragma_is_for_its_line_only() -> None:
    text = (
        f"from notifications.utils import notify\nnotify(obj=a.id)  # {PRAGMA}\nnotify(obj=b.id)\n"
    )
    result = convert(project_of({"a.py": text}), [rule_named("notifs_obj")])
    assert result.after.text("a.py") == text.replace("b.id", "b")


def test_edits_are_made_all_together() -> None:
    assert applied("abcd", [Edit(3, 4, "D"), Edit(1, 1, "-"), Edit(1, 1, "+")]) == "a-+bcD"


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ((0, 2), (2, 4), False),
        ((0, 2), (1, 4), True),
        ((1, 1), (1, 1), False),
        ((1, 1), (0, 2), True),
        ((0, 0), (0, 2), False),
        ((2, 2), (0, 2), False),
    ],
)
def test_which_edits_meet(one: tuple[int, int], other: tuple[int, int], *, meet: bool) -> None:
    assert overlaps([Edit(*one, "")], [Edit(*other, "")]) is meet


DEEP = [
    "x = " + "(" * 3000 + ")" * 3000,
    "x = " + " + ".join(["1"] * 4000),
    "x = " + "not " * 20_000 + "1",
    "x = a" + ".f()" * 700,
]


@pytest.mark.parametrize("line", DEEP, ids=["brackets", "sum", "not", "calls"])
def test_code_that_is_nested_too_deep_is_left_alone_and_listed(line: str) -> None:
    text = f"from notifications.signals import notify\nnotify.send(sender=1, a=1)\n{line}\n"
    result = convert(project_of({"a.py": text}), RULES)
    assert result.after.text("a.py") == text
    assert [one.rule for one in result.findings if one.path == "a.py"] == ["unreadable"]


def site(name: str, apps: str) -> dict[str, str]:
    settings = f'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{name}site.settings")\n'
    return {
        f"{name}/manage.py": settings,
        f"{name}/{name}site/wsgi.py": f"import os\n\n{settings}application = 1\n",
        f"{name}/{name}site/settings.py": f"INSTALLED_APPS = ['{apps}', 'rooms']\nDATABASES = {{}}\n"
        f"WSGI_APPLICATION = '{name}site.wsgi.application'\n",
        f"{name}/rooms/__init__.py": "",
        f"{name}/rooms/channels.py": "import json\nimport pika\n"
        "from notifications.channels import BaseNotificationChannel\n\n\n"
        "class Push(BaseNotificationChannel):\n    def construct_message(self):\n"
        "        return json.dumps(self.notification_kwargs['extra_data']['message'])\n\n"
        "    def notify(self, message):\n        channel = pika.BlockingConnection().channel()\n"
        "        room = self.notification_kwargs['extra_data']['room_name']\n"
        "        channel.exchange_declare(room, 'fanout')\n"
        "        channel.basic_publish(room, '', message)\n",
    }


def test_sites_beside_one_another_are_told_apart() -> None:
    texts = {
        "requirements.txt": "",
        **site("alpha", "notifications"),
        "alpha/requirements.txt": "django-notifs==2.6.4\ndjango==2.2\n",
        **site("beta", "notifications"),
        "beta/requirements.txt": "django-notifs==2.6.4\ndjango==2.2\n",
        **site("gamma", "blog"),
        "gamma/requirements.txt": "django==2.2\n",
    }
    texts = {path: text for path, text in texts.items() if path != "gamma/rooms/channels.py"}
    del texts["requirements.txt"]
    project = Project(
        {path: ProjectFile(path, text, text.encode()) for path, text in texts.items()}, Options()
    )
    result = convert(project, RULES)
    for name in ("alpha", "beta"):
        assert f'"{name}site.settings"' in result.after.text(f"{name}/{name}site/asgi.py")
        assert "RoomChannel" in result.after.text(f"{name}/rooms/channels.py")
        assert "wsmigrate[" in result.after.text(f"{name}/requirements.txt")
    assert not any(path.startswith("gamma/") for path in result.changed)
    assert not convert(result.after, RULES).changed
    assert scan(project, RULES).uses_stack


def test_names_that_a_module_hands_on_are_followed_with_the_prefilter_and_without_it() -> None:
    texts = {
        "a/helpers.py": "from notifications.signals import notify\n"
        "from rest_framework_jwt.views import obtain_jwt_token\n",
        "b.py": "from a.helpers import notify\nnotify.send(sender=u, obj=u.id)\n",
        "urls.py": "from a.helpers import obtain_jwt_token\nx = [obtain_jwt_token]\n",
        "c.py": "from django.conf import urls\nx = urls.url('', y)\n",
        "d.py": "from a.c import url\nx = url('', y)\n",
    }
    results = [
        convert(project_of(texts, prefilter=prefilter), RULES) for prefilter in (True, False)
    ]
    assert after(results[0].before) == after(results[1].before)
    assert results[0].after.text("b.py").endswith("\nnotify(obj=u)\n")
    assert results[0].after.text("urls.py").endswith("[obtain_jwt_token.as_view()]\n")
    assert "re_path('', y)" in results[0].after.text("c.py")
    assert results[0].findings == results[1].findings
