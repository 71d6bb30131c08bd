"""Hands each client what is published to the room that its path names."""

import os
import sys

import pika
import uwsgi


def application(env, start_response):
    connection = pika.BlockingConnection(
        pika.URLParameters(os.environ.get('RABBIT_URL', 'amqp://guest:guest@localhost:5672/%2F'))
    )
    channel = connection.channel()
    room = env['PATH_INFO'].replace('/', '')
    channel.exchange_declare(exchange=room, exchange_type='fanout')

    # Gone together with the connection.
    mine = channel.queue_declare(exclusive=True).method.queue
    channel.queue_bind(exchange=room, queue=mine)

    uwsgi.websocket_handshake(env['HTTP_SEC_WEBSOCKET_KEY'], env.get('HTTP_ORIGIN', ''))

    def stay_alive():
        try:
            uwsgi.websocket_recv_nb()
            connection.add_timeout(30, stay_alive)
        except OSError:
            sys.exit(1)

    stay_alive()

    while True:
        for method, _, body in channel.consume(mine):
            try:
                uwsgi.websocket_send(body)
            except OSError:
                sys.exit(1)
            channel.basic_ack(method.delivery_tag)
