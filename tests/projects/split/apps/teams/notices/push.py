# -*- coding: utf-8 -*-
import json

from notifications.channels import BaseNotificationChannel

from apps.teams.broker import connected


class TeamPush(BaseNotificationChannel):
    """Whatever a team is told, in the browsers of its members."""

    prefix = "team-"

    def construct_message(self):
        notice = self.notification_kwargs
        return json.dumps({"text": notice["short_description"], "by": notice["extra_data"]["context"]["by"]})

    def notify(self, message):
        team = self.notification_kwargs["extra_data"]["team"]
        broker = connected()
        try:
            # One exchange a team.
            sockets = broker.channel()
            exchange = "%s%s" % (self.prefix, team)
            sockets.exchange_declare(exchange, "fanout")
            sockets.basic_publish(exchange, "", message.encode("utf-8"))
        finally:
            broker.close()
