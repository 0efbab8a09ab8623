"""What limits a model, and what would help: rules over the facts, each with the number that it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from converters.report.facts import Facts, LayerFacts

LARGE_SHARE = 0.15
SLOW = 1.8
"""Times the instructions a multiply-accumulate of the whole model."""

Rule = Callable[[Facts], Iterator[str]]
RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    RULES.append(function)
    return function


def advice(facts: Facts) -> list[str]:
    """Sentences, the memory first."""
    return [line for r in RULES for line in r(facts)]


def short(name: str) -> str:
    """The end of the first path in a name: converters join the names of everything that they fused."""
    return "/".join(name.split(";")[0].split("/")[-2:])[-40:]


@rule
def _arena(facts: Facts) -> Iterator[str]:
    peak = max(facts.layers, key=lambda x: x.live_bytes, default=None)
    if peak is None or not facts.arena_bytes:
        return
    yield (
        f"The arena's {facts.arena_bytes:,} B are set by {_who(peak)}: while it runs, blocks of {peak.live_bytes:,} B "
        f"are taken ({peak.activation_bytes:,} B of inputs and outputs, {peak.scratch_bytes:,} B of scratch)"
        + (
            f"; sharing memory between input and output saves {peak.live_bytes - facts.arena_bytes:,} B of them."
            if peak.live_bytes > facts.arena_bytes
            else "."
        )
    )
    if facts.arena_bytes > facts.bound_bytes:
        yield (
            f"Placement leaves {facts.arena_bytes - facts.bound_bytes:,} B unused: the largest layer alone needs "
            f"{facts.bound_bytes:,} B."
        )
    others = [x.live_bytes for x in facts.layers if x is not peak]
    if others and peak.live_bytes > 1.3 * max(others):
        yield (
            f"Only {_who(peak)} needs that much; the next largest layer takes {max(others):,} B. Compiling with --ram "
            "computes the layers about it in patches; a stride or fewer channels there would help at once."
        )


@rule
def _states(facts: Facts) -> Iterator[str]:
    if facts.state_bytes > facts.arena_bytes:
        yield (
            f"States take {facts.state_bytes:,} B, more than the arena: they are the receptive field in time. Shorter "
            "kernels over time or fewer channels where kernels are long make them smaller."
        )


@rule
def _dominating(facts: Facts) -> Iterator[str]:
    large = [x for x in _by_share(facts) if (x.share or 0) >= LARGE_SHARE][:4]
    if large:
        text = ", ".join(
            f"{_who(x)} {x.share:.0%} of the instructions for {_part(x, facts)} of the MACs" for x in large
        )
        yield f"Most of the time goes to: {text}."


@rule
def _slow(facts: Facts) -> Iterator[str]:
    if not facts.instructions or not facts.macs:
        return
    mean = facts.instructions / facts.macs
    slow = [
        x for x in _by_share(facts) if (x.instructions_per_mac or 0) > SLOW * mean and (x.share or 0) > 0.03 and x.macs
    ]
    for x in slow[:3]:
        yield (
            f"{_who(x)} takes {x.instructions_per_mac:.2f} instructions a multiply-accumulate where the model takes "
            f"{mean:.2f} on average: {_why(x)}"
        )


def _why(x: LayerFacts) -> str:
    channels = x.input_shapes[0][-1] if x.input_shapes and x.input_shapes[0] else 0
    if x.operator == "DEPTHWISE_CONV_2D":
        odd = f"; its {channels} channels are no multiple of 4" if channels % 4 else ""
        return f"a depthwise convolution uses each weight on one channel only{odd}. More pointwise, less depthwise."
    if channels and channels % 4:
        return f"its {channels} input channels are no multiple of 4; {channels + 3 & ~3} would hardly cost more."
    if x.output_shape and x.output_shape[-1] < 4:
        return f"it has {x.output_shape[-1]} output channels, too few to use a loaded value more than once."
    return "its rows are short, so that the work around the sums counts."


@rule
def _moving(facts: Facts) -> Iterator[str]:
    still = [x for x in facts.layers if not x.macs and x.share is not None]
    share = sum(x.share or 0 for x in still)
    if share > 0.1:
        largest = max(still, key=lambda x: x.share or 0)
        yield (
            f"Layers without a multiply-accumulate take {share:.0%} of the instructions, most of it {_who(largest)} "
            f"({largest.share:.0%}): fuse it into the layer before (an activation), or drop it."
        )


@rule
def _flash(facts: Facts) -> Iterator[str]:
    largest = max(facts.layers, key=lambda x: x.constant_bytes, default=None)
    if largest is not None and facts.const_bytes and largest.constant_bytes > 0.3 * facts.const_bytes:
        yield (
            f"{_who(largest)} holds {largest.constant_bytes:,} of the {facts.const_bytes:,} B of constants "
            f"({largest.constant_bytes / facts.const_bytes:.0%})."
        )


def _by_share(facts: Facts) -> Sequence[LayerFacts]:
    return sorted(facts.layers, key=lambda x: -(x.share or 0))


def _part(x: LayerFacts, facts: Facts) -> str:
    return f"{x.macs / facts.macs:.0%}" if facts.macs else "none"


def _who(x: LayerFacts) -> str:
    return f"layer {x.index} ({x.operator} {short(x.name)})"
