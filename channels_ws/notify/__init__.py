"""The publisher's side: the django-notifs channel ``websocket``.

Put ``"channels_ws.notify"`` into INSTALLED_APPS, after ``"notifications"``. With django-notifs 4
that is all; with 3.x also name the class in the settings:
``NOTIFICATIONS_CHANNELS = {"websocket": "channels_ws.notify.channel.WebSocketChannel"}``.
"""

default_app_config = "channels_ws.notify.apps.NotifyConfig"  # Django before 3.2 asks for it
