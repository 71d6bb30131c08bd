"""``wsmigrate gates`` on a real site."""

from __future__ import annotations

from typing import Any


def test_on_a_quiet_site_the_synthetic_rooms_feed_every_gate(gate_site: Any, served: str) -> None:
    gate_site.put_at("shadow")
    code, gates = gate_site.ask()
    for gate in gates.values():
        print(gate)
    assert {name: gate["outcome"] for name, gate in gates.items()} == dict.fromkeys(gates, "pass")
    assert code == 0
