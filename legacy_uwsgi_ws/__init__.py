"""The old WebSocket server: a WSGI application under uWSGI and gevent that reads RabbitMQ."""
