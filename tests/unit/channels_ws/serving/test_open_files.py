import resource

import pytest

from channels_ws.serving.open_files import warn_if_too_few


@pytest.mark.parametrize(
    ("limit", "warned"),
    [(1000, True), (1199, True), (1200, False), (resource.RLIM_INFINITY, False)],
)
def test_a_limit_that_is_too_low_for_the_sockets_and_some_more_is_said(
    limit: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    warn_if_too_few(limit, max_sockets=1000)
    assert ("MAX_SOCKETS" in caplog.text) is warned
