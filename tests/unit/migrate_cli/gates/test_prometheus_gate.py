"""A query, asked of something that answers as Prometheus does."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from migrate_cli.gates.prometheus_gate import QueryGate
from wsmigrate.gates import GateResult, Outcome
from wsmigrate.rungs import Rung, Stage

STEP = Rung(Stage.SHADOW), Rung(Stage.CANARY, 50)


class Answers(http.server.BaseHTTPRequestHandler):
    status = 200
    body = b""
    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def prometheus() -> Iterator[type[Answers]]:
    handler = type("Handler", (Answers,), {"asked": []})
    server = http.server.HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    server.server_close()


def ask(prometheus: Any, result: Any = None, body: bytes | None = None) -> GateResult:
    answer = {"status": "success", "data": result}
    prometheus.body = json.dumps(answer).encode() if body is None else body
    table = {"name": "load", "query": "max(x)", "at_most": 5}
    return QueryGate.of(table, prometheus.url).ask(*STEP)


def vector(*values: str) -> dict[str, Any]:
    series = [{"metric": {"n": f"{n}"}, "value": [1.5, one]} for n, one in enumerate(values)]
    return {"resultType": "vector", "result": series}


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (vector("4.5"), Outcome.PASS),
        (vector("4.5", "5.5"), Outcome.FAIL),
        (vector("+Inf"), Outcome.FAIL),
        (vector("NaN"), Outcome.INCONCLUSIVE),
        (vector(), Outcome.INCONCLUSIVE),
        ({"resultType": "scalar", "result": [1.5, "1"]}, Outcome.PASS),
        ({"resultType": "matrix", "result": []}, Outcome.INCONCLUSIVE),
    ],
)
def test_the_values_are_judged(prometheus: Any, result: Any, outcome: Outcome) -> None:
    assert ask(prometheus, result).outcome is outcome
    assert prometheus.asked == ["/api/v1/query?query=max%28x%29"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": {}}'])
def test_an_answer_that_is_none_is_not_known(prometheus: Any, body: bytes) -> None:
    found = ask(prometheus, body=body)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "something else than values" in found.why


def test_an_error_is_not_known(prometheus: Any) -> None:
    prometheus.status = 503
    found = ask(prometheus, vector("1"))
    assert (found.outcome, "503" in found.why) == (Outcome.INCONCLUSIVE, True)


def test_a_query_that_is_refused_is_not_known_and_prometheus_says_why(prometheus: Any) -> None:
    prometheus.status = 400
    found = ask(
        prometheus, body=b'{"status":"error","errorType":"bad_data","error":"1:4: parse error"}'
    )
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.why == "Prometheus refused the query (400: 1:4: parse error)."


def test_where_nobody_answers_it_is_not_known() -> None:
    table = {"name": "load", "query": "up", "at_most": 5}
    found = QueryGate.of(table, "http://127.0.0.1:1").ask(*STEP)
    assert found.outcome is Outcome.INCONCLUSIVE
