from pathlib import Path

from dev_stack.services.redis import configuration


def test_it_listens_on_loopback_only_with_a_password_and_keeps_nothing():
    lines = configuration(5001, "s3cret", Path("/home/of/redis")).splitlines()
    assert {"bind 127.0.0.1", "port 5001", "requirepass s3cret", 'save ""'} <= set(lines)
