"""Local RabbitMQ, PostgreSQL and HAProxy, and the supervisor behind ``wsmigrate up`` and ``demo``.

Needs the extra ``dev``, Python 3.11 and Linux. Everything that is started here is ended again, also
when its owner is killed (see dev_stack.guardian).
"""
