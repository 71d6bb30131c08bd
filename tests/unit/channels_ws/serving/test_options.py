import pytest

from channels_ws.serving.ending import Ending
from channels_ws.serving.options import Address, ServeOptions, address_of
from wsmigrate.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9100", Address("127.0.0.1", 9100)),
        (":9100", Address("127.0.0.1", 9100)),
        ("0.0.0.0:9100", Address("0.0.0.0", 9100)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:9100", Address("::1", 9100)),
    ],
)
def test_an_address_is_host_and_port(text: str, address: Address) -> None:
    assert address_of(text) == address


@pytest.mark.parametrize("text", ["", "host", "host:", "a:b:1", "::1:80", "1:65536", "x:-1", "٣"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no address"):
        address_of(text)


def test_an_address_reads_as_it_is_written() -> None:
    assert [str(Address("::1", 80)), str(Address("a.b", 80))] == ["[::1]:80", "a.b:80"]


@pytest.mark.parametrize("path", ["", "door", "/dôor"])
def test_a_path_for_the_front_door_that_cannot_be_asked_for_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="front door"):
        ServeOptions(Address("127.0.0.1", 0), Ending(), door_path=path)


@pytest.mark.parametrize("late_s", [float("nan"), float("inf")])
def test_a_canary_is_late_at_some_time(late_s: float) -> None:
    with pytest.raises(ConfigError, match="canary"):
        ServeOptions(Address("127.0.0.1", 0), Ending(), canary_late_s=late_s)
