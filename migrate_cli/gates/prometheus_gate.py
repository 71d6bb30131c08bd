"""A gate that is a query of Prometheus."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migrate_cli.gates.stage_names import stages_of
from migrate_cli.gates.table_values import Values
from wsmigrate.errors import ConfigError
from wsmigrate.gates import GateResult, Outcome
from wsmigrate.gates.further import Bounds, judge_values
from wsmigrate.rungs import Rung, Stage

_KEYS = frozenset({"name", "query", "at_least", "at_most", "series", "stages"})
_WITHIN_S = 15.0


@dataclass(frozen=True)
class QueryGate:
    """An instant query (https://prometheus.io/docs/prometheus/latest/querying/api/), each value of
    which has to keep to the bounds."""

    name: str
    query: str
    bounds: Bounds
    stages: frozenset[Stage]
    url: str

    @classmethod
    def of(cls, table: Mapping[str, Any], url: str) -> QueryGate:
        """Of a table ``[[gates.queries]]``. Raises ConfigError."""
        values = Values("gates.queries", table, _KEYS)
        name, query = values.needed("name"), values.needed("query")
        if not url:
            raise ConfigError(
                f"The gate {name!r} is a query, and where Prometheus is was not said.",
                remedy='Set prometheus = "http://host:9090" in [gates] of wsmigrate.toml.',
            )
        bounds = Bounds(
            values.limit("at_least"),
            values.limit("at_most"),
            int(values.number("series", 1, least=1)),
        )
        if bounds.at_least is None and bounds.at_most is None:
            raise ConfigError(f"The gate {name!r} needs at_most or at_least, or both.")
        return cls(name, query, bounds, stages_of(values), url)

    @property
    def measures(self) -> str:
        """For people."""
        return f"Prometheus: {self.query}"

    @property
    def passes(self) -> str:
        """For people."""
        return f"{self.bounds.text}, of at least {self.bounds.series} values"

    def ask(self, _rung: Rung, _goal: Rung) -> GateResult:
        """Ask Prometheus."""
        try:
            return judge_values(self.name, self._values(), self.bounds)
        except urllib.error.HTTPError as error:
            why = f"Prometheus refused the query ({error.code}{_said_in(error)})."
        except (OSError, http.client.HTTPException) as error:
            why = f"Prometheus could not be asked ({type(error).__name__})."
        except (ValueError, KeyError, TypeError, IndexError):
            why = "Prometheus answered with something else than values."
        return GateResult(self.name, Outcome.INCONCLUSIVE, why)

    def _values(self) -> list[float]:
        query = urllib.parse.urlencode({"query": self.query})
        request = f"{self.url}/api/v1/query?{query}"
        with urllib.request.urlopen(request, timeout=_WITHIN_S) as answer:  # noqa: S310 - http(s)
            data = json.load(answer)["data"]
        result = data["result"]
        if data["resultType"] == "scalar":
            return [float(result[1])]
        if data["resultType"] != "vector":
            raise ValueError("neither a scalar nor a vector")
        return [float(series["value"][1]) for series in result]


def _said_in(refusal: urllib.error.HTTPError) -> str:
    """Prometheus' own words; most refusals are mistakes in a query."""
    try:
        said = json.loads(refusal.read(4096))["error"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return ""
    return f": {said}"
