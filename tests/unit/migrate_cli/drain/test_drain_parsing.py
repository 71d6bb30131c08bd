from migrate_cli.drain.broker import legacy_queues_in
from migrate_cli.drain.census import rooms_by_client
from migrate_cli.drain.watching import refused_in


def test_open_sockets_of_the_table_by_client():
    lines = [
        "# table: clients, type: string, size:20480, used:2",
        "0x55f9: key=127.0.0.1:56588|612062 use=1 exp=8789 conn_cur=1",
        "0x55fa: key=2001:db8::1:4|c3a9 use=1 exp=8789 conn_cur=1",
        "0x55fb: key=127.0.0.1:56590|61 use=0 exp=100 conn_cur=0",
    ]
    assert rooms_by_client(lines) == {"127.0.0.1:56588": "a b", "2001:db8::1:4": "é"}


def test_queues_of_legacy_sockets_are_exclusive_and_named_by_the_broker():
    listing = (
        "name\texclusive\n"
        "amq.gen-abc\ttrue\n"
        "amq.gen-def\ttrue\n"
        "amq.gen-other\tfalse\n"
        "wsmigrate.inbox.0\tfalse\n"
        "wsmigrate.watch.1\ttrue\n"
    )
    assert legacy_queues_in(listing) == 2


def test_handshakes_that_the_server_could_not_take_count_and_those_that_may_not_do_not():
    text = (
        'wsmigrate_handshakes_refused_total{reason="broker"} 3.0\n'
        'wsmigrate_handshakes_refused_total{reason="too-many-sockets"} 2.0\n'
        'wsmigrate_handshakes_refused_total{reason="origin"} 90.0\n'
        'wsmigrate_handshakes_refused_created{reason="broker"} 1.7e9\n'
    )
    assert refused_in(text) == 5
