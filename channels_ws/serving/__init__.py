"""``wsmigrate serve``: runs a project's ASGI application with paced ends, health and metrics.

``runner`` puts the others together. Pure are ``readiness``, ``ending`` and ``options``.
"""
