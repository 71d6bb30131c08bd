"""The parity suite: proof that two WebSocket servers send identical frames."""

from wsmigrate.versions import require_python

require_python("The parity suite")
