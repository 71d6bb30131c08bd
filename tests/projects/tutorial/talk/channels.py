"""Where notifications go."""

from json import dumps

import pika

from django.conf import settings

from notifications.channels import BaseNotificationChannel


class EverybodyInTheRoom(BaseNotificationChannel):
    """To the fanout exchange of the room."""

    def _connect(self):
        connection = pika.BlockingConnection(
            pika.URLParameters(settings.NOTIFICATIONS_RABBIT_MQ_URL)
        )
        channel = connection.channel()

        return connection, channel

    def construct_message(self):
        """What the clients get."""
        extra_data = self.notification_kwargs['extra_data']

        return dumps(extra_data['message'])

    def notify(self, message):
        """Publish it."""
        connection, channel = self._connect()

        uri = self.notification_kwargs['extra_data']['uri']

        channel.exchange_declare(exchange=uri, exchange_type='fanout')
        channel.basic_publish(exchange=uri, routing_key='', body=message)

        connection.close()
