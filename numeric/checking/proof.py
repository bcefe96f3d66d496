"""A proof, where both functions run on symbolic tensors."""

from __future__ import annotations

from dataclasses import replace

import symbolic
from numeric.checking.arrays import parts_of
from numeric.checking.calls import Call
from numeric.checking.verdicts import OutputVerdict
from symbolic.errors import ChainruleError


def proved(call: Call, verdict: OutputVerdict, seed: int = 0) -> OutputVerdict:
    """The verdict with a proof, where there is one; ``seed`` chooses the points that the proof is tried at."""
    try:
        tensors = {
            n: symbolic.tensor(
                n, tuple(int(d) if d.isdigit() else d for d in s), dtype="int" if n in call.integers else "real"
            )
            for n, s in call.shapes.items()
        }
        state, result = call.raw_forward(tensors, {})
        (out,) = (parts_of(result)[k] for k in call.roles.outputs)
        bar = symbolic.tensor("cotangent_", tuple(out.extents)) if out.ndim else symbolic.constant(1)
        claimed = call.raw_backward(tensors, (bar,), state, result)[verdict.name]
        judged = symbolic.check(claimed, symbolic.vjp(out, tensors[verdict.name], bar), seed=seed)
    except (ChainruleError, TypeError, ValueError, AttributeError, KeyError, IndexError, RuntimeError):
        return verdict  # code that only runs on numbers: what the numbers say stands
    if judged.status == "proved":
        return replace(verdict, status="proved", evidence=str(judged.evidence))
    return verdict
