"""What the end of a connection says."""

from __future__ import annotations

import pytest
from pika.adapters.utils.connection_workflow import (
    AMQPConnectionWorkflowFailed,
    AMQPConnectorTransportSetupError,
)
from pika.exceptions import (
    AuthenticationError,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    StreamLostError,
)

from wsmigrate.amqp import AmqpClosedError


def closed(code: int, text: str) -> str:
    return repr(ConnectionClosedByBroker(code, text))


@pytest.mark.parametrize(
    "reason",
    [
        StreamLostError("Transport indicated EOF"),
        ProbableAuthenticationError(repr(StreamLostError("Transport indicated EOF"))),
        ProbableAccessDeniedError(repr(StreamLostError("Stream connection lost: (403)"))),
        ProbableAccessDeniedError(closed(320, "CONNECTION_FORCED - broker forced closure")),
        ProbableAccessDeniedError(closed(530, "NOT_ALLOWED - vhost 'site' is down")),
        ProbableAccessDeniedError(
            closed(530, "NOT_ALLOWED - vhost connection limit (100) is reached")
        ),
        "",
    ],
)
def test_an_end_while_logging_in_is_no_refusal(reason: object) -> None:
    assert not AmqpClosedError(reason).is_refused_login


@pytest.mark.parametrize(
    "reason",
    [
        ProbableAuthenticationError(closed(403, "ACCESS_REFUSED - Login was refused")),
        ProbableAccessDeniedError(closed(530, "NOT_ALLOWED - vhost site not found")),
        ProbableAccessDeniedError(
            closed(530, "NOT_ALLOWED - access to vhost 'site' refused for user 'bridge'")
        ),
        AuthenticationError("EXTERNAL"),
    ],
)
def test_a_broker_that_says_no_is_a_refusal(reason: object) -> None:
    assert AmqpClosedError(reason).is_refused_login


def test_why_a_connection_could_not_be_set_up_is_told() -> None:
    tried = AMQPConnectorTransportSetupError(OSError("CERTIFICATE_VERIFY_FAILED"))
    error = AmqpClosedError(AMQPConnectionWorkflowFailed([tried]))
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert not error.is_refused_login
