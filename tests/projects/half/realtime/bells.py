import json

import pika
from django.conf import settings
from notifications.channels import BaseNotificationChannel
from notifications.providers import BaseNotificationProvider


class ExchangeProvider(BaseNotificationProvider):
    name = "exchange"

    def send(self, payload):
        with pika.BlockingConnection(pika.URLParameters(settings.RABBIT_HOST_URL)) as connection:
            channel = connection.channel()
            channel.exchange_declare(exchange=payload["room"], exchange_type="fanout")
            channel.basic_publish(
                exchange=payload["room"],
                routing_key="",
                body=json.dumps({"times": payload["times"]}).encode(),
                properties=pika.BasicProperties(content_type="application/json"),
            )


class Bell(BaseNotificationChannel):
    name = "bell"
    providers = ["exchange"]

    def build_payload(self, provider):
        return {"room": self.context["room"], "times": self.context["times"]}
