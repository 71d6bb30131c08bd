"""uWSGI runs this for the browsers."""

import os

from pika import BlockingConnection, URLParameters
from uwsgi import websocket_handshake, websocket_recv_nb, websocket_send


def application(environ, start_response):
    room = environ["PATH_INFO"].strip("/")
    websocket_handshake()
    link = BlockingConnection(URLParameters(os.environ["RABBIT_URL"]))
    channel = link.channel()
    channel.exchange_declare(exchange=room, exchange_type="fanout")
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, room)

    def on_notice(_channel, _method, _properties, body):
        websocket_send(body)

    def listen():
        websocket_recv_nb()
        link.add_timeout(5, listen)

    link.add_timeout(5, listen)
    channel.basic_consume(on_notice, queue, no_ack=True)
    channel.start_consuming()
    return []
