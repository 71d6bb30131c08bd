from django.apps import AppConfig


class ChatConfig(AppConfig):
    """The chat's models, REST API and page."""

    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"
