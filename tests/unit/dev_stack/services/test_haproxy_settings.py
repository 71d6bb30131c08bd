from pathlib import Path

from dev_stack.services.haproxy import FrontDoorPorts, configuration

TEXT = configuration(FrontDoorPorts(front=5001, legacy=5002, channels=5003), Path("/run/door"))


def test_everything_goes_to_the_old_server_at_first():
    assert "server legacy 127.0.0.1:5002 weight 100 " in TEXT
    assert "server channels 127.0.0.1:5003 weight 0 " in TEXT


def test_each_directive_is_one_line():
    rules = [line for line in TEXT.splitlines() if "http-re" in line]
    assert [rule.split()[0] for rule in rules] == ["http-request", "http-request", "http-response"]
    assert all(rule.count("{") == rule.count("}") for rule in rules)


def test_the_check_of_the_front_door_asks_the_new_server_only():
    backend, checks = TEXT.split("backend checks\n")
    assert "httpchk" not in backend
    assert "server channels 127.0.0.1:5003 weight 0 track checks/channels\n" in backend
    assert "option httpchk GET /wsmigrate/door\n" in checks
    assert "legacy" not in checks
