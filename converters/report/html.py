"""The report as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from converters.report.advice import advice, short
from converters.report.facts import Facts, LayerFacts
from converters.report.picture import picture

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 1100px; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: 2px 8px; border-bottom: 1px solid #8884; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.bar { background: linear-gradient(90deg, #4a90d966 var(--share), transparent var(--share)); }
dl { display: grid; grid-template-columns: max-content auto; gap: 2px 16px; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; }
svg text { font-size: 12px; fill: currentColor; }
svg .grid { stroke: #8886; }
svg rect { stroke: #0006; stroke-width: .5; }
.scroll { overflow-x: auto; }
"""


def html(facts: Facts) -> str:
    """The whole document."""
    title = f"{facts.model} on {facts.board or facts.target}"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            _totals(facts),
            "<h2>What limits it, and what would help</h2>",
            "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in advice(facts)) + "</ul>",
            "<h2>The arena over time</h2>",
            picture(facts),
            "<h2>Layers</h2>",
            '<div class="scroll">' + _layers(facts) + "</div>",
            "</body></html>",
            "",
        ]
    )


def _totals(facts: Facts) -> str:
    pairs = [("MACs", f"{facts.macs:,}"), *_measured(facts)]
    pairs += [
        ("arena", f"{facts.arena_bytes:,} B"),
        ("variables", f"{facts.state_bytes:,} B"),
        ("constants", f"{facts.const_bytes:,} B"),
        ("file's SHA-256", facts.sha256),
    ]
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in pairs) + "</dl>"


def _measured(facts: Facts) -> Iterator[tuple[str, str]]:
    r = facts.measured
    if r is None:
        yield "instructions", "not measured; give a board"
        return
    per_mac = f", {r.instructions_per_mac:.2f} a MAC" if r.instructions_per_mac else ""
    yield "instructions", f"{r.instructions:,}{per_mac}; init {r.init_instructions:,}"
    yield r.judge, f"equal on {r.inputs} inputs" if r.bit_exact else f"DIFFERENT: {r.first_difference}"
    yield "code", f"{r.flash_code_bytes:,} B"
    yield "stack", f"{r.stack_bytes:,} B"
    yield "built and run by", "; ".join(r.tools)


_HEADS = (
    *("", "operator", "name", "kernel"),
    *("inputs", "output", "MACs", "constants B", "in + out B", "scratch B", "instructions", "share", "a MAC"),
)


def _layers(facts: Facts) -> str:
    heads = "".join(f'<th class="{"n" if i > 3 else ""}">{h}</th>' for i, h in enumerate(_HEADS))
    rows = "".join(f"<tr>{''.join(_cells(x))}</tr>" for x in facts.layers)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(x: LayerFacts) -> Iterator[str]:
    yield _number(str(x.index))
    yield f"<td>{escape(x.operator)}</td>"
    yield f'<td title="{escape(x.name)}">{escape(short(x.name))}</td>'
    yield f'<td title="{escape(x.kernel)}">{escape(x.variant or x.kernel)}</td>'
    yield _number(", ".join(_shape(s) for s in x.input_shapes))
    yield _number(_shape(x.output_shape))
    for n in (x.macs, x.constant_bytes, x.activation_bytes, x.scratch_bytes):
        yield _number(f"{n:,}")
    yield _number("" if x.instructions is None else f"{x.instructions:,}")
    share = x.share or 0.0
    yield f'<td class="n bar" style="--share:{share:.1%}">{"" if x.share is None else f"{share:.1%}"}</td>'
    yield _number("" if x.instructions_per_mac is None else f"{x.instructions_per_mac:.2f}")


def _number(text: str) -> str:
    return f'<td class="n">{escape(text)}</td>'


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
