from pathlib import Path

import pytest

from dev_stack.frontdoor import FrontDoor
from wsmigrate.errors import ConfigError, ExitCode


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_share_that_cannot_be_is_refused_before_anything_is_asked(percent):
    with pytest.raises(ConfigError, match=f"^{percent} % of the rooms") as refused:
        FrontDoor(Path("/nowhere")).set_share(percent)
    assert refused.value.exit_code == ExitCode.COULD_NOT_ACT
