"""The bridge: relays what is published to RabbitMQ into the channel layer."""

from wsmigrate.versions import require_python

require_python("The bridge")
