"""timeline.js merges history and frames: nothing is lost or shown twice, whatever comes when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.async_api import Browser

TIMELINE = Path(__file__).resolve().parents[2] / "examples" / "chatire" / "frontend" / "timeline.js"

# A site with few different texts; a client connects at a random moment. The site saves a message,
# then publishes it; frames arrive some time later, in order; answers hold what was saved when the
# request came, and arrive some time later, too. Some steps of all that, then quiet.
SIMULATION = """
async ([source, seeds]) => {
  const module = new Blob([source], { type: "text/javascript" });
  const { Timeline } = await import(URL.createObjectURL(module));
  const simulate = (seed) => {
    let state = seed + 1;
    const below = (n) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return (state >>> 8) % n;
    };
    const saved = [];
    let published = 0;
    let connected = false;
    let underway = [];
    let request = null;
    let wanted = false;
    const timeline = new Timeline();
    const ask = () => {
      wanted = false;
      const after = timeline.cursor;
      request = { mark: timeline.mark(), messages: saved.slice(after), cursor: saved.length };
    };
    const actions = [
      () => saved.push(JSON.stringify({ user: { id: below(2) }, message: "abc"[below(3)] })),
      () => {
        if (published === saved.length) return;
        if (connected) underway.push(saved[published]);
        published += 1;
      },
      () => {
        if (underway.length > 0 && !timeline.receive(JSON.parse(underway.shift()))) wanted = true;
      },
      () => {
        if (request === null) return;
        const messages = request.messages.map((text) => JSON.parse(text));
        if (!timeline.settle(messages, request.cursor, request.mark)) wanted = true;
        request = null;
      },
      () => { if (connected && wanted && request === null) ask(); },
      () => {
        if (below(8) > 0) return;
        connected = !connected;
        underway = []; // what was on its way to a socket that is closed is lost
        if (connected) wanted = true;
      },
    ];
    for (let step = 0; step < 120; step += 1) actions[below(actions.length)]();
    if (!connected) { connected = true; wanted = true; }
    // Quiet: what is saved gets published, what is published arrives, what is asked is answered.
    while (published < saved.length || underway.length > 0 || request !== null || wanted) {
      for (const action of actions.slice(1, 5)) action();
    }
    const shown = () => timeline.items.map((item) => JSON.stringify(item));
    const sorted = (texts) => [...texts].sort().join();
    const complete = sorted(shown()) === sorted(saved);
    ask();
    actions[3]();
    return { complete, settled: shown().join() === saved.join() };
  };
  const bad = [];
  for (let seed = 0; seed < seeds; seed += 1) {
    const outcome = simulate(seed);
    if (!outcome.complete || !outcome.settled) bad.push([seed, outcome]);
  }
  return bad;
}
"""


@pytest.mark.parametrize("seeds", [10000])
async def test_nothing_is_lost_or_shown_twice_and_the_order_is_the_historys(
    browser: Browser, seeds: int
) -> None:
    page = await browser.new_page()
    assert await page.evaluate(SIMULATION, [TIMELINE.read_text(), seeds]) == []
