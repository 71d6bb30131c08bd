import pytest

from migrate_cli.routers.settings import cutover_document, front_door_of, front_door_table
from wsmigrate.errors import ConfigError

HAPROXY = {"kind": "haproxy", "socket": "/run/h.sock"}


def test_several_doors_share_what_is_said_once():
    door = front_door_of(
        {"kind": "haproxy", "backend": "chat", "doors": [{"socket": "/a"}, {"socket": "/b"}]}
    )
    assert [one.name for one in door.doors] == ["haproxy /a", "haproxy /b"]
    assert {one.backend for one in door.doors} == {"chat"}


def test_commands_are_split_as_a_shell_would():
    table = {"kind": "command", "get": "lb get", "set": "lb set '{percent} %'"}
    (door,) = front_door_of(table).doors
    assert door.commands.set == ("lb", "set", "{percent} %")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "kind"),
        (3, "has to be a table"),
        ({"kind": ["haproxy"]}, "kind"),
        ({**HAPROXY, "url": 5}, "url"),
        ({**HAPROXY, "url": "chat.example.com"}, "url"),
        ({"kind": "envoy"}, "kind"),
        ({"kind": "haproxy"}, "socket"),
        ({**HAPROXY, "sokcet": 1}, "'sokcet'"),
        ({**HAPROXY, "legacy": ["a"], "channels": ["a"]}, "both sides"),
        ({**HAPROXY, "state_file": "/a", "configuration": "/b"}, "one place"),
        ({**HAPROXY, "legacy": []}, "legacy"),
        ({**HAPROXY, "doors": [{"socket": "/a"}, {"socket": "/a"}]}, "twice"),
        ({**HAPROXY, "doors": {}}, "list of tables"),
        ({"kind": "nginx", "status": "127.0.0.1:1"}, "share"),
        ({"kind": "nginx", "share": "/s", "status": "h:1", "legacy": ["a:1"]}, "channels"),
        ({"kind": "command", "get": "x"}, "set"),
        ({"kind": "command", "get": "x", "set": "y", "persists": 1}, "persists"),
        ({"kind": "command", "get": "'x", "set": "y"}, "get"),
    ],
)
def test_a_table_that_cannot_be_is_refused_by_what_is_wrong(table, said):
    with pytest.raises(ConfigError, match=said):
        front_door_of(table)


def test_a_file_that_is_not_there_or_no_toml_is_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        front_door_table(tmp_path / "none.toml")
    file = tmp_path / "wsmigrate.toml"
    file.write_text("[front_door")
    with pytest.raises(ConfigError, match="no TOML"):
        front_door_table(file)
    file.write_text("[gates]")
    with pytest.raises(ConfigError, match=r"no table \[front_door\]"):
        front_door_table(file)


@pytest.mark.parametrize("text", ["[frontdoor]\nkind = 'haproxy'\n", "percentages = [1, 100]\n"])
def test_what_stands_in_no_known_table_is_refused(tmp_path, text):
    path = tmp_path / "wsmigrate.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"cutover, drain, front_door, gates, project"):
        cutover_document(path)


def test_a_list_of_doors_that_is_empty_is_refused():
    with pytest.raises(ConfigError, match=r"\[\[front_door.doors\]\]"):
        front_door_of({**HAPROXY, "doors": []})
