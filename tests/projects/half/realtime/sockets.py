"""The old server: ``uwsgi --http :8080 --module realtime.sockets --gevent 100``."""

import os

import pika
import uwsgi as server


def application(environ, start_response):
    room = environ["PATH_INFO"].replace("/", "")
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["RABBIT_URL"]))
    channel = connection.channel()
    channel.exchange_declare(exchange=room, exchange_type="fanout")
    queue = channel.queue_declare(queue="", exclusive=True).method.queue
    channel.queue_bind(queue=queue, exchange=room)
    server.websocket_handshake()
    for _method, _properties, body in channel.consume(queue, auto_ack=True):
        server.websocket_send(body)
    return []
