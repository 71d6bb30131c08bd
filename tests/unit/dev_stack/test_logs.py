from dev_stack.logs import last_words


def test_the_last_lines_that_are_not_blank_are_quoted(tmp_path):
    log = tmp_path / "part.log"
    log.write_text("first\nsecond\n\nthird\nfourth\n\n")
    assert last_words(log) == f"its log {log} ends with: second | third | fourth"


def test_an_empty_log_is_said_to_be_empty(tmp_path):
    log = tmp_path / "part.log"
    log.touch()
    assert last_words(log) == f"its log {log} is empty"


def test_a_missing_log_is_no_failure(tmp_path):
    assert "cannot be read" in last_words(tmp_path / "part.log")


def test_bytes_that_are_not_utf8_and_endless_lines_are_no_failure(tmp_path):
    log = tmp_path / "part.log"
    log.write_bytes(b"\xff" * 100_000)
    assert len(last_words(log)) < 500
