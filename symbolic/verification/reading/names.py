"""The name under which a symbol with its scripts is declared."""

from __future__ import annotations

import re

from symbolic.verification.elaboration.names import script_name
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar import words


def full_name(item: s.Scripted) -> str:
    """W_1 of ``W_1``, ``W^1`` … with its scripts and primes."""
    base = item.base.name if isinstance(item.base, s.Symbol) else "x"
    base += "_prime" * item.primes
    layer = "l" if isinstance(item.sup, s.Group) else "u"
    sub, sup = script_name(item.sub), script_name(item.sup)
    return "_".join(filter(None, [base, sub, f"{layer}{sup}" if sup else ""]))


def name_of(node: s.Node) -> str | None:
    """The name that a bare or scripted symbol would be declared under."""
    if isinstance(node, s.Symbol):
        return node.name
    if isinstance(node, s.Scripted) and isinstance(node.base, s.Symbol) and node.indexed is None:
        return full_name(node)
    return None


def tex_of(name: str) -> str:
    """A name in LaTeX: ``theta_t`` is ``\\theta_{t}``."""
    base, _, below = name.partition("_")
    return (base if len(base) == 1 else rf"\{base}") + (f"_{{{below}}}" if below else "")


def latex_of(name: str) -> str:
    r"""The LaTeX of a name that is only known as such.

    >>> [latex_of(name) for name in ("sigma", "x_1", "mu_hat", "W_l2")]
    ['\\sigma', 'x_{1}', '\\hat{\\mu}', 'W_l2']
    """
    base, _, below = name.partition("_")
    letter = rf"\{base}" if base in words.GREEK else base
    if below in ("bar", "hat", "tilde", "dot"):
        return rf"\{below}{{{letter}}}"
    if below and not re.fullmatch(r"\d+|[a-z]", below):
        return name
    return letter + (f"_{{{below}}}" if below else "")
