"""The connection to RabbitMQ."""

from os import environ

import pika as rabbit


def connected():
    return rabbit.BlockingConnection(rabbit.URLParameters(environ["RABBIT_URL"]))
