"""A private PgBouncer in transaction mode."""

import psutil
import psycopg


def test_its_clients_get_to_postgresql(services):
    with psycopg.connect(services.pgbouncer()) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("wsmigrate",)


def test_two_clients_that_are_there_at_once_share_one_session(services):
    with (
        psycopg.connect(services.pgbouncer(), autocommit=True) as one,
        psycopg.connect(services.pgbouncer(), autocommit=True) as other,
    ):
        sessions = [link.execute("SELECT pg_backend_pid()").fetchone() for link in (one, other)]
    assert sessions[0] == sessions[1]


def test_it_is_not_root_and_listens_on_loopback_only(services):
    services.pgbouncer()
    process = psutil.Process(services.pid("pgbouncer"))
    assert process.uids().effective != 0
    listening = process.net_connections("inet")
    assert {link.laddr.ip for link in listening if link.status == psutil.CONN_LISTEN} == {
        "127.0.0.1"
    }
