"""The old server: WebSockets under uWSGI + gevent that read RabbitMQ with pika.

A socket joins the room that its path names and gets every message that is published to the room's
exchange as one text frame, byte for byte. It stands alone: beside `wsmigrate` it needs only uWSGI,
gevent and pika, and runs on Python 3.9 and newer.

Start it with ``uwsgi --ini legacy_uwsgi_ws/uwsgi.ini`` or ``python -m legacy_uwsgi_ws``; the
settings come from the environment (`legacy_uwsgi_ws.settings`).
"""
