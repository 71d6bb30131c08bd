import grp
import pwd
from pathlib import Path

import pytest

from migrate_cli.routers.render.haproxy import HaproxyFiles, haproxy_configuration
from migrate_cli.routers.render.nginx import NginxFiles, nginx_configuration
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
        {"listen": ("0.0.0.0:80", "0.0.0.0:80")},
        {"channels": ("10.0.0.1:8081",)},
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


@pytest.mark.parametrize("place", ["/run/a b.sock", "/run/a;b", "/run/a#b", '/run/"', "/run/a\nb"])
def test_a_path_that_a_configuration_would_take_for_several_words_is_refused(place):
    path = Path(place)
    with pytest.raises(ConfigError, match="cannot stand in a configuration"):
        HaproxyFiles(path, Path("/f"))
    with pytest.raises(ConfigError, match="cannot stand in a configuration"):
        HaproxyFiles(Path("/s"), path)
    for field in ("share", "pid", "room_script", "module", "state_folder"):
        with pytest.raises(ConfigError, match="cannot stand in a configuration"):
            NginxFiles(**{field: path})


@pytest.mark.parametrize("status", ["nonsense", "127.0.0.1:99999", "127.0.0.1:1; x"])
def test_where_nginx_says_its_share_has_to_be_an_address(status):
    with pytest.raises(ConfigError, match="is no address of status"):
        NginxFiles(status=status)


def test_nginx_wants_a_host_or_a_star_before_the_port():
    options = RenderOptions(**{**USUAL, "listen": (":8080",)})
    assert "listen *:8080;" in nginx_configuration(options, NginxFiles())


def test_nginx_has_connections_for_its_own_sockets_too():
    options = RenderOptions(**{**USUAL, "max_connections": 1})
    text = nginx_configuration(options, NginxFiles())
    connections = int(text.partition("worker_connections ")[2].partition(";")[0])
    assert connections > 10
    assert int(text.partition("worker_rlimit_nofile ")[2].partition(";")[0]) > connections


def test_a_user_of_this_machine_comes_with_his_group_where_it_has_another_name():
    text = nginx_configuration(RenderOptions(**USUAL, user="nobody"), NginxFiles())
    group = grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
    assert f"\nuser nobody {group};\n" in text
    text = nginx_configuration(RenderOptions(**USUAL, user="no-such-user"), NginxFiles())
    assert "\nuser no-such-user;\n" in text
