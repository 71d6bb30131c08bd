import pytest

from dev_stack.parts import base_environment, described_status, pause_before_start


def test_the_first_crash_is_followed_by_a_start_at_once():
    assert pause_before_start(1) == 0


def test_each_further_crash_doubles_the_pause():
    assert [pause_before_start(crashes) for crashes in (2, 3, 4)] == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("crashes", [7, 100, 10_000])
def test_the_pause_never_exceeds_ten_seconds(crashes):
    assert pause_before_start(crashes) == 10.0


@pytest.mark.parametrize(
    ("status", "words"), [(0, "exit status 0"), (3, "exit status 3"), (-9, "SIGKILL")]
)
def test_a_status_is_described_in_words(status, words):
    assert described_status(status) == words


def test_a_signal_without_a_name_is_described_by_its_number():
    assert described_status(-200) == "signal 200"


def test_settings_of_other_installations_are_not_handed_on():
    environ = {
        "PATH": "/bin",
        "RABBITMQ_NODENAME": "theirs",
        "ERL_EPMD_PORT": "4369",
        "PGDATA": "/theirs",
        "UWSGI_HTTP": ":80",
        "LEGACY_WS_PUBLISHED_FAULT": "1",
    }
    assert base_environment(environ) == {"PATH": "/bin", "LEGACY_WS_PUBLISHED_FAULT": "1"}
