import pytest

from dev_stack.services.given import reachable_postgres, reachable_rabbitmq
from wsmigrate.errors import ConfigError


@pytest.mark.parametrize(
    "url",
    ["http://guest:s3cret@127.0.0.1/", "amqp://", "amqp://u:s3cret@h:port/", "nonsense"],
)
def test_what_is_no_amqp_url_is_refused_without_its_password(url):
    with pytest.raises(ConfigError) as refused:
        reachable_rabbitmq(url)
    assert "AMQP URL" in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "mysql://u:s3cret@127.0.0.1/db",
        "postgresql://u:s3cret@127.0.0.1",
        "postgresql:///db",
        "postgresql://u:s3cret@127.0.0.1:port/db",
        "postgresql://u:s3cret@127.0.0.1:5/db?no_such_option=s3cret",
        "host=127.0.0.1 password=s3cret",
    ],
)
def test_what_is_no_postgres_dsn_is_refused_without_its_password(dsn):
    with pytest.raises(ConfigError) as refused:
        reachable_postgres(dsn)
    assert "PostgreSQL DSN" in str(refused.value)
    assert "s3cret" not in str(refused.value)
