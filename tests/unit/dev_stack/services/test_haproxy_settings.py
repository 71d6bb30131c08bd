from pathlib import Path

from dev_stack.services.haproxy import FrontDoorPorts, configuration

TEXT = configuration(FrontDoorPorts(front=5001, legacy=5002, channels=5003), Path("/run/door"))


def test_everything_goes_to_the_old_server_at_first():
    assert "server legacy 127.0.0.1:5002 weight 100 " in TEXT
    assert "server channels 127.0.0.1:5003 weight 0 " in TEXT


def test_the_page_is_told_its_server():
    assert 'Set-Cookie "wsmigrate_server=legacy; ' in TEXT
    assert 'Set-Cookie "wsmigrate_server=channels; ' in TEXT


def test_it_lies_in_its_folder():
    assert "stats socket /run/door/runtime.sock mode 600 level admin" in TEXT
    assert "server-state-file /run/door/servers.state" in TEXT
