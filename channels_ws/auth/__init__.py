"""Who opens a socket, and whether they may.

``guard.py`` decides at the handshake, inside the consumer, where no ``asgi.py`` can forget it.
``middleware.py`` does the part that says who it is, for consumers of a project's own.
"""
