"""The looks of the HTML report."""

from __future__ import annotations

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem;
  color: #1d2430; background: #fff; }
h1 { font-size: 1.4rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; }
.figures div { border: 1px solid #d5dae3; border-radius: 6px; padding: .5rem .9rem; }
.figures b { display: block; font-size: 1.3rem; }
.figures span, small, figcaption { color: #5b6677; }
details { border-left: 4px solid #b9c1ce; margin: .5rem 0; padding: .2rem .8rem; }
details.matched, details.ignored { border-color: #2e8b57; }
details.mismatched { border-color: #c0392b; }
details.inconclusive { border-color: #d99a1c; }
summary { cursor: pointer; }
summary i { display: inline-block; min-width: 6.5rem; color: #5b6677; font-style: normal; }
pre { background: #f4f6f9; padding: .6rem; overflow-x: auto; font-size: 13px; }
table { border-collapse: collapse; } td, th { padding: .15rem .8rem .15rem 0; text-align: left; }
svg { width: 100%; font-size: 11px; fill: #1d2430; }
svg line { stroke: #d5dae3; } svg .room { font-weight: bold; }
circle.data { fill: #3b76c4; fill-opacity: .6; } circle.control { fill: #b9c1ce; }
circle.bad { fill: #c0392b; }
img { max-width: 100%; border: 1px solid #d5dae3; } figure { margin: 1rem 0; }
@media (prefers-color-scheme: dark) {
  body { color: #dfe5ee; background: #12161d; } pre { background: #1b212b; }
  svg { fill: #dfe5ee; } .figures div, svg line, img { border-color: #39424f; stroke: #39424f; }
}
"""
