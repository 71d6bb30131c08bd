import json

from dev_stack.endpoints import Endpoints

ENDPOINTS = Endpoints(
    amqp_url="amqp://guest:s3cret@127.0.0.1:1/%2F",
    postgres_dsn="postgresql://u:s3cret@127.0.0.1:2/db",
    http_url="http://127.0.0.1:3",
    legacy_ws_url="ws://127.0.0.1:4",
    channels_ws_url="ws://127.0.0.1:5",
    channels_admin_url="http://127.0.0.1:7",
    front_ws_url="ws://127.0.0.1:6",
    public_ws_url="ws://127.0.0.1:6",
    haproxy_socket="/run/socket",
    pids={"legacy": [10, 11]},
    logs={"legacy": "/run/legacy.log"},
)


def test_the_json_has_the_agreed_keys_and_values():
    assert json.loads(ENDPOINTS.to_json()) == {
        "amqp_url": "amqp://guest:s3cret@127.0.0.1:1/%2F",
        "postgres_dsn": "postgresql://u:s3cret@127.0.0.1:2/db",
        "http_url": "http://127.0.0.1:3",
        "legacy_ws_url": "ws://127.0.0.1:4",
        "channels_ws_url": "ws://127.0.0.1:5",
        "channels_admin_url": "http://127.0.0.1:7",
        "front_ws_url": "ws://127.0.0.1:6",
        "public_ws_url": "ws://127.0.0.1:6",
        "haproxy_socket": "/run/socket",
        "pids": {"legacy": [10, 11]},
        "logs": {"legacy": "/run/legacy.log"},
    }


def test_no_password_gets_into_a_traceback_by_way_of_repr():
    assert "s3cret" not in repr(ENDPOINTS)
