import pytest

from migrate_cli.routers.takeover import Takeover, Way
from wsmigrate.errors import ConfigError


def plan(way: Way, **more) -> Takeover:
    ports = {"port": 8081, "door_port": 8080, "legacy_port": 8082}
    return Takeover(way, "haproxy", url="ws://chat.example.com", **{**ports, **more})


@pytest.mark.parametrize("way", list(Way))
def test_each_way_ends_with_the_check_at_the_address_of_the_browsers(way):
    steps = plan(way).steps()
    assert steps[-1].check == "wsmigrate route door --check --url ws://chat.example.com"
    assert steps[0].commands[0].startswith("wsmigrate route render haproxy ")


def test_redirecting_can_be_taken_back_by_the_same_rule():
    moving = plan(Way.REDIRECT).steps()[3]
    assert moving.commands[0].replace(" -A ", " -D ") == moving.undo[0]
    assert "--dport 8081 -j REDIRECT --to-ports 8080" in moving.commands[0]


def test_rebinding_leaves_the_port_to_the_door():
    text = str(plan(Way.REBIND).steps())
    assert "--listen 0.0.0.0:8081 --legacy 127.0.0.1:8082" in text


@pytest.mark.parametrize(
    ("way", "ports"), [(Way.REDIRECT, {"door_port": 8081}), (Way.REBIND, {"legacy_port": 8081})]
)
def test_two_programs_on_one_port_are_refused(way, ports):
    with pytest.raises(ConfigError):
        plan(way, **ports)
