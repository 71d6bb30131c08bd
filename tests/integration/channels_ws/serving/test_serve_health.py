"""What a running server says of itself while its services come and go."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pika
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from project import Project, Served, wait_until
from relay import Relay

Channel = Any


def becomes_ready(served: Served) -> None:
    wait_until(lambda: served.not_ready_for() == [], served.log)


def test_while_postgresql_is_away_it_is_not_ready_and_the_front_door_keeps_it(
    project: Project, way_to_postgres: Relay
) -> None:
    served = project.serve("--canary-late", "3")
    becomes_ready(served)
    way_to_postgres.cut()
    wait_until(lambda: served.not_ready_for() == ["canary-late"], served.log)
    assert served.status("/wsmigrate/door", admin=False) == 200
    assert served.status("/livez") == 200
    way_to_postgres.restore()
    becomes_ready(served)
    assert served.figure("wsmigrate_layer_reconnects_total") >= 1


def test_while_rabbitmq_is_away_it_is_not_ready_and_the_front_door_keeps_it(
    project: Project, relay: Relay, relayed_url: str
) -> None:
    project.amqp_url = relayed_url
    served = project.serve()
    becomes_ready(served)
    relay.cut()
    wait_until(lambda: served.not_ready_for() == ["broker-down"], served.log)
    assert served.status("/wsmigrate/door", admin=False) == 200
    relay.restore()
    becomes_ready(served)


def test_a_broker_is_not_missed_where_no_room_has_to_be_bound(
    project: Project, free_port: Callable[[], int]
) -> None:
    project.amqp_url = ""  # the sample site then publishes straight to the layer
    served = project.serve()
    becomes_ready(served)
    assert '"broker_linked": null' in served.get("/readyz")[1]


def test_the_admin_endpoints_are_not_on_the_clients_port(project: Project) -> None:
    served = project.serve()
    for path in ("/livez", "/readyz", "/metrics"):
        assert served.status(path) == 200 or path == "/readyz"
        assert served.status(path, admin=False) == 404
    assert served.status("/") == 404


def test_the_metrics_equal_what_clients_got(project: Project, broker: Channel, room: str) -> None:
    served = project.serve()
    project.start_bridge()
    bodies = ["x", "é" * 1000, ""]
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(connect(f"{served.url}/{path}", open_timeout=30))
            for path in (room, room, room, f"{room}-2")
        ]
        for body in bodies:
            broker.basic_publish(room, "", body.encode())
        for client in clients[:3]:
            assert [client.recv(timeout=30) for _ in bodies] == bodies
        assert served.figure("wsmigrate_sockets") == 4
        assert served.figure("wsmigrate_rooms") == 2
        assert served.figure("wsmigrate_frames_sent_total") == 9
        assert served.figure("wsmigrate_bytes_sent_total") == 3 * (1 + 2000)
    wait_until(lambda: served.figure("wsmigrate_sockets") == 0)
    assert served.figure('wsmigrate_sockets_closed_total{reason="service-restart"}') == 0


def test_what_is_dropped_is_counted_by_its_reason(
    project: Project, broker: Channel, room: str
) -> None:
    served = project.serve()
    project.start_bridge()
    with connect(f"{served.url}/{room}", open_timeout=30) as client:
        for message_id in ("1", "1", "2"):
            properties = pika.BasicProperties(message_id=message_id)
            broker.basic_publish(room, "", message_id.encode(), properties)
        assert [client.recv(timeout=30) for _ in range(2)] == ["1", "2"]
    assert served.figure('wsmigrate_events_dropped_total{reason="duplicate"}') == 1
    assert served.figure("wsmigrate_frames_sent_total") == 2


def test_refusals_are_counted_by_their_reason(project: Project) -> None:
    served = project.serve()
    for _ in range(2):
        with pytest.raises(InvalidStatus):
            connect(f"{served.url}/amq.fanout", open_timeout=30)
    assert served.figure('wsmigrate_handshakes_refused_total{reason="no-room"}') == 2


def test_the_latency_is_that_from_notify_to_the_sockets(project: Project, room: str) -> None:
    served = project.serve()
    project.start_bridge()
    with connect(f"{served.url}/{room}", open_timeout=30) as client:
        project.run("manage.py", "shell", "-c", NOTIFY.format(room=room))
        assert client.recv(timeout=30) == '"hello"'
    assert served.figure("wsmigrate_publish_to_send_seconds_count") == 1
    assert 0 <= served.figure("wsmigrate_publish_to_send_seconds_sum") < 30


NOTIFY = """
from channels_ws.notify.publication import Publication
from django.apps import apps
publisher = apps.get_app_config("channels_ws_notify").publisher
publisher.publish(Publication({room!r}, '"hello"', "id-1"))
"""


MOUNTED = """
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path
http = get_asgi_application()
from channels_ws.routing import lifespan, metrics, websocket_urlpatterns
application = ProtocolTypeRouter({
    "http": URLRouter([path("metrics", metrics), re_path("", http)]),
    "websocket": URLRouter(websocket_urlpatterns),
    "lifespan": lifespan,
})
"""


def test_the_metrics_can_be_mounted_under_another_asgi_server(project: Project, room: str) -> None:
    (project.folder / "mounted_site.py").write_text(MOUNTED)
    project.variables = {"PYTHONPATH": f"{project.environment['PYTHONPATH']}:{project.folder}"}
    url, process = project.start_server("mounted_site:application")
    port = int(url.rpartition(":")[2])
    served = Served(process, port, port, project.log("channels"))
    with connect(f"{url}/{room}", open_timeout=30):
        assert served.figure("wsmigrate_sockets") == 1
    assert served.status("/") == 200  # the site's page
