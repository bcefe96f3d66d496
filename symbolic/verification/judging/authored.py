"""What an author's earlier lines predict for a later one: the derivatives that they claim, carried on."""

from __future__ import annotations

from dataclasses import dataclass, field

from symbolic.calculus.derivatives import jacobian
from symbolic.errors import ChainruleError
from symbolic.language.operations import tensordot
from symbolic.language.shaping import added
from symbolic.program.graph import topological
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration.batches import substituted


@dataclass
class Authored:
    """The derivatives that a document claims so far: (output, variable) → the claimed entries in numerator order."""

    claims: dict[tuple[Tensor, Tensor], Tensor] = field(default_factory=dict)
    wrong: set[tuple[Tensor, Tensor]] = field(default_factory=set)

    def note(self, of: Tensor, by: Tensor, claimed: Tensor, right: bool = False) -> None:
        """Remember a claim; a later one replaces it. ``right``: it was found true."""
        self.claims[of, by] = claimed
        (self.wrong.discard if right else self.wrong.add)((of, by))

    def keyed(self) -> dict[tuple[int, int], Tensor]:
        """The claims by serial numbers, as a scope wants them."""
        return {(of.serial, by.serial): t for (of, by), t in self.claims.items()}

    def predictions(self, of: Tensor, by: Tensor) -> list[Tensor]:
        """Values of ∂of/∂by that follow from earlier claims."""
        found = []
        if (of, by) in self.claims:
            found.append(self.claims[of, by])
        try:
            carried = self._carried(of, by)
        except ChainruleError:
            carried = None
        if carried is not None:
            found.append(carried)
        return [*found, *self._through(of, by)]

    def _through(self, of: Tensor, by: Tensor) -> list[Tensor]:
        """∂of/∂by by way of a v whose own derivative by ``by`` is claimed."""
        found = []
        below = {t.serial for t in topological([of])}
        for (v, variable), claimed in self.claims.items():
            if variable is not by or v is of or v.serial not in below:
                continue
            leaf = Tensor(v.name, v.extents, role="parameter", tex=v.tex)
            top = substituted(of, lambda t, v=v, leaf=leaf: leaf if t is v else None)
            try:
                pieces = [_contracted(jacobian(top, leaf), claimed, v.ndim)]
                if any(t is by for t in topological([top])):
                    pieces.append(jacobian(top, by))
            except ChainruleError:
                continue
            whole = added(pieces) if len(pieces) > 1 else pieces[0]
            found.append(substituted(whole, lambda t, v=v, leaf=leaf: v if t is leaf else None))
        return found

    def second(self, of: Tensor, first: Tensor, then: Tensor) -> list[Tensor]:
        """Values of the second derivative that follow from a claimed first derivative."""
        claimed = self.claims.get((of, first))
        if claimed is None:
            return []
        try:
            return [jacobian(claimed, then)]
        except ChainruleError:
            return []

    def _carried(self, of: Tensor, by: Tensor) -> Tensor | None:
        """The claimed derivatives by what lies between, pulled back to ``by``; None where no claim lies between.

        Each path from ``by`` up to the output belongs to the first claimed quantity that it meets.
        """
        below = {t.serial for t in topological([of])}
        between = [
            v
            for (o, v) in self.claims
            if o is of and v is not by and v.serial in below and any(t is by for t in topological([v]))
        ]
        if not between:
            return None
        cut = {v.serial: Tensor(v.name, v.extents, role="parameter", tex=v.tex) for v in between}
        top = substituted(of, lambda t: cut.get(t.serial))
        pieces = []
        if any(t is by for t in topological([top])):
            pieces.append(jacobian(top, by))
        for v in between:
            operand = substituted(v, lambda t, v=v: cut.get(t.serial) if t is not v else None)
            if not any(t is by for t in topological([operand])):
                continue
            local = jacobian(operand, by)
            claimed = substituted(self.claims[of, v], lambda t: cut.get(t.serial))
            pieces.append(_contracted(claimed, local, v.ndim))
        if not pieces:
            return None
        whole = added(pieces) if len(pieces) > 1 else pieces[0]
        back = {cut[v.serial].serial: v for v in between}
        return substituted(whole, lambda t: back.get(t.serial))


def _contracted(claimed: Tensor, local: Tensor, axes: int) -> Tensor:
    if axes:
        return tensordot(claimed, local, axes)
    return tensordot(claimed, local, 0) if claimed.ndim or local.ndim else claimed * local
