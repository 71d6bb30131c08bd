from pathlib import Path

import pytest

from migrate_cli.routers.render.haproxy import HaproxyFiles, haproxy_configuration
from migrate_cli.routers.render.options import RenderOptions
from wsmigrate.errors import ConfigError

USUAL = {"listen": ("0.0.0.0:80",), "legacy": ("10.0.0.1:8081",), "channels": ("10.0.0.2:8000",)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"legacy": ()},
        {"legacy": ("10.0.0.1",)},
        {"legacy": ("*:80",)},
        {"channels": ("host:99999",)},
        {"channels": ("host:80 weight 5",)},
        {"listen": ("0.0.0.0:80\n    stats enable",)},
        {"percent": 101},
        {"door_path": "/a b"},
        {"trusted": ("somewhere",)},
        {"user": "root; x"},
    ],
)
def test_what_cannot_stand_in_a_configuration_is_refused(wrong):
    with pytest.raises(ConfigError):
        RenderOptions(**{**USUAL, **wrong})


def test_several_servers_of_a_side_share_its_part():
    options = RenderOptions(**{**USUAL, "channels": ("a:1", "b:2"), "percent": 50})
    text = haproxy_configuration(options, HaproxyFiles(Path("/s"), Path("/f")))
    assert "server legacy 10.0.0.1:8081 weight 100 track checks_legacy/legacy\n" in text
    assert "server channels1 a:1 weight 50 track checks/channels1\n" in text
    assert "server channels2 b:2 weight 50 track checks/channels2\n" in text


def test_the_check_of_the_new_server_alone_asks_a_question():
    text = haproxy_configuration(RenderOptions(**USUAL), HaproxyFiles(Path("/s"), Path("/f")))
    before, after = text.split("backend checks\n")
    assert "httpchk" not in before
    assert "option httpchk GET /wsmigrate/door\n" in after
    assert "httpchk" not in after.partition("backend checks_legacy")[2]
