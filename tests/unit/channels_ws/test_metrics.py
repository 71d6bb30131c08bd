from channels_ws.metrics import CONTENT_TYPE, Metrics


def test_two_servers_in_one_process_count_apart() -> None:
    one, two = Metrics(), Metrics()
    one.fan_out.count(3, 10)
    assert b"wsmigrate_frames_sent_total 3.0\n" in one.exposition()
    assert b"wsmigrate_frames_sent_total 0.0\n" in two.exposition()


def test_a_label_becomes_a_series_of_its_own() -> None:
    metrics = Metrics()
    metrics.events_dropped.labels(reason="duplicate").inc(2)
    metrics.events_dropped.labels(reason="no-room").inc()
    exposition = metrics.exposition()
    assert b'wsmigrate_events_dropped_total{reason="duplicate"} 2.0\n' in exposition
    assert b'wsmigrate_events_dropped_total{reason="no-room"} 1.0\n' in exposition


def test_memory_and_open_files_of_the_process_are_among_the_figures() -> None:
    exposition = Metrics().exposition()
    assert b"process_resident_memory_bytes " in exposition
    assert b"process_open_fds " in exposition


def test_its_media_type_is_the_text_format() -> None:
    assert CONTENT_TYPE.startswith("text/plain; version=")
