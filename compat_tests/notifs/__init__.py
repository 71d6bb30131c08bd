"""Publishing by django-notifs, in an environment of its own."""
