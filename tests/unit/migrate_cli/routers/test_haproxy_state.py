import pytest

from migrate_cli.routers.haproxy_state import (
    configured_weights,
    set_aside,
    weights,
    with_weights,
)
from wsmigrate.errors import ConfigError

STATE = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight
4 ws 1 legacy 127.0.0.1 2 0 70 100
4 ws 2 channels 127.0.0.1 2 0 30 0
5 checks 1 channels 127.0.0.1 2 0 1 1
"""
CONFIGURATION = """\
backend other
    server legacy 127.0.0.1:1 weight 5
backend ws  # the sockets
    server legacy 127.0.0.1:1 weight 100 check # keep
    server channels 127.0.0.1:2 check
listen stats
    server channels 127.0.0.1:3 weight 9
"""


def test_weights_of_a_state():
    assert weights(STATE, "ws") == {"legacy": 70, "channels": 30}
    assert weights(STATE, "nobody") == {}


def test_weights_of_a_configuration_are_those_of_its_backend():
    assert configured_weights(CONFIGURATION, "ws") == {"legacy": 100, "channels": 1}


def test_only_the_weights_are_rewritten():
    text = with_weights(CONFIGURATION, "ws", {"legacy": 70, "channels": 30})
    assert text == CONFIGURATION.replace("weight 100 check", "weight 70 check").replace(
        "127.0.0.1:2 check", "127.0.0.1:2 check weight 30"
    )
    assert with_weights(text, "ws", {"legacy": 70, "channels": 30}) == text


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match="no server uwsgi in a backend ws"):
        with_weights(CONFIGURATION, "ws", {"uwsgi": 1})


def test_servers_that_somebody_has_set_aside():
    aside = STATE.replace("127.0.0.1 2 0 30 0", "127.0.0.1 0 9 30 0")
    assert set_aside(STATE, "ws") == set()
    assert set_aside(aside, "ws") == {"channels"}


@pytest.mark.parametrize(
    ("server", "rewritten"),
    [
        ('server a 1:1 cookie "a#b"', 'server a 1:1 cookie "a#b" weight 7'),
        ("server a 1:1 cookie a\\#b # x", "server a 1:1 cookie a\\#b weight 7 # x"),
        ("server a 1:1 weight 3 cookie 'x y'", "server a 1:1 weight 7 cookie 'x y'"),
        ("server\ta\t1:1\tcheck\r", "server\ta\t1:1\tcheck weight 7\r"),
    ],
)
@pytest.mark.parametrize("section", ["backend ws", "  backend ws", 'backend "ws"', "listen ws #"])
def test_what_an_operator_may_write_stays_as_it_is(section, server, rewritten):
    text = f"{section}\n    {server}\n"
    assert with_weights(text, "ws", {"a": 7}) == f"{section}\n    {rewritten}\n"
    assert configured_weights(with_weights(text, "ws", {"a": 7}), "ws") == {"a": 7}


def test_a_server_on_several_lines_is_not_touched():
    text = "backend ws\n  server a 1:1 \\\n    check\n"
    with pytest.raises(ConfigError, match="with each server on one line"):
        with_weights(text, "ws", {"a": 7})
