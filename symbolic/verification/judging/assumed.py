"""What a reader takes an undeclared symbol for where only one meaning is left; each reading is said in a note."""

from __future__ import annotations

import re
from collections.abc import Callable

from symbolic.program.tensors import tensor
from symbolic.verification.elaboration.algebra import total
from symbolic.verification.elaboration.scope import FunctionOf, Scope
from symbolic.verification.elaboration.values import UnknownSymbol, Value, number, pointwise
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.declared import Declarations
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.neighbours import of_numbers
from symbolic.verification.reading.pieces import Piece, Source
from symbolic.verification.reading.program import enter, numeric_leaf
from symbolic.verification.reading.statements import Chain

_OBSERVED = re.compile(
    r"(?i)\b(mean|average|likelihood|sample|observation|i\.?i\.?d|mle|mittel\w*|stichprobe|moyenne|media|campion\w*)\b"
)
_ARRAYS = re.compile(
    r"(?i)\b(?:matri[xckz]\w*|ve[ck]tor\w*|vecteur\w*|vettor\w*)\b|\\(?:mathbf|boldsymbol|bm|vec|otimes|odot|top|intercal|det|lVert|tr|Tr)\b"
    r"|\\operatorname\*?\{(?:tr|Tr|vec|diag|det)\}|\\begin\{[a-zA-Z]?matrix\}|⊤|\^\{?T\b"
)


class Assumed:
    """The part of a reader that reads undeclared symbols."""

    source: Source
    declared: Declarations
    scope: Scope
    everything: list[tuple[Piece, Chain]]
    side: Callable[[Chain, int], s.Node | ReadingError]
    enter_next: Callable[[s.Node, s.Node, int], bool]

    def function_alone(self, error: UnknownSymbol) -> bool:
        """Enter the x of ``mẍ + kx`` by what is told of x(t)."""
        told = self.scope.functions.get(error.name)
        if not isinstance(told, FunctionOf) or not all(name in self.scope.values for name in told.parameters):
            return False
        return self.enter_next(s.Symbol(error.span, error.name, error.name), told.body, 0)

    def assume_argument(self, error: UnknownSymbol) -> bool:
        """The x of f(x) = x² − a, which nothing else tells, is a real number as far as numbers go into f; it is said so."""
        for name, told in self.scope.functions.items():
            if not isinstance(told, FunctionOf) or told.parameters != (error.name,):
                continue
            places = [re.fullmatch(rf"{re.escape(error.name)}_(\d)", name_of(n) or "") for n in s.walk(told.body)]
            size = max((int(m[1]) for m in places if m), default=0)
            if size > 1:
                numeric_leaf(self.scope, error.name, (size,), error.name)
                self.scope.notes.append(
                    f"{error.name} is not declared and read as an array of {size} numbers, as in {name}"
                )
                return True
            if of_numbers(self.scope, told.body):
                numeric_leaf(self.scope, error.name, (), error.name)
                self.scope.notes.append(f"{error.name} is not declared and read as a real number, as in {name}")
                return True
        return self._assume_dummy(error.name)

    def _assume_dummy(self, name: str) -> bool:
        """The t of ``σ(t) = 1/(1 + e^{−t})`` is a real number elsewhere too, as in σ(−t) = 1 − σ(t); it is said so."""
        for _, chain in self.everything:
            left, right = (self.side(chain, k) for k in (0, 1)) if chain.signs[:1] == ("=",) else (None, None)
            called = isinstance(left, s.Call) and isinstance(left.head, s.Symbol) and len(left.arguments) == 1
            if not called or not isinstance(right, s.Node) or name_of(left.arguments[0]) != name:  # type: ignore[union-attr]
                continue
            named = {n.name for n in s.walk(right) if isinstance(n, s.Symbol)} - {"e", "exp", "pi"}
            if named == {name} and of_numbers(self.scope, right, True):
                numeric_leaf(self.scope, name, (), name)
                function = self.source.text[slice(*left.head.span)]  # type: ignore[union-attr]
                self.scope.notes.append(f"{name} is not declared and read as a real number, as in {function}")
                return True
        return False

    def assume_rate(self, error: UnknownSymbol) -> bool:
        """``q̇`` and ``q̈`` of a declared or free q have its shape; it is said so."""
        base, _, dots = error.name.rpartition("_")
        of = self.scope.values.get(base)
        if dots not in ("dot", "ddot") or of is None or of.tensor.definition is not None or of.form:
            return False
        tex = rf"\{dots} {self.scope.tex.get(base, base)}"
        self.scope.values[error.name] = Value(tensor(error.name, of.tensor.extents, role="input", tex=tex), (), of.row)
        self.scope.tex[error.name] = tex
        self.scope.notes.append(f"{error.name} is not declared and read as what {base} is")
        return True

    def assume_mean(self, name: str) -> bool:
        """``x̄`` of a declared list x of observations is their mean; it is said so."""
        of = self.scope.values.get(name.removesuffix("_bar"))
        if not name.endswith("_bar") or of is None or of.tensor.definition is not None or of.rank != 1:
            return False
        if not _OBSERVED.search(self.declared.prose):
            return False
        mean = pointwise(lambda total, n: total / n, [total(of, (0, 0)), number(of.core[0])], (0, 0))
        enter(self.scope, name, mean, rf"\bar {self.scope.tex.get(name.removesuffix('_bar'), '')}")
        self.scope.notes.append(f"{name} is read as the mean of {name.removesuffix('_bar')}")
        return True

    def assume_vector(self, error: UnknownSymbol) -> bool:
        """The p of ``p − y``, where the document has numbers p_1, …, p_K, is the vector of them; it is said so."""
        name, count = error.name, 0
        while f"{name}_{count + 1}" in self.scope.values and not self.scope.values[f"{name}_{count + 1}"].rank:
            count += 1
        if count < 2 or name in self.scope.functions or "_" in name:
            return False
        base = s.Symbol(error.span, name, name)
        entries = [s.Scripted(error.span, base, s.Number(error.span, str(k + 1)), None) for k in range(count)]
        if not self.enter_next(base, s.Matrix(error.span, tuple((e,) for e in entries)), 0):
            return False
        self.scope.notes.append(f"{name} is read as the vector of {name}_1, …, {name}_{count}")
        return True

    def is_entry_or_index(self, name: str) -> bool:
        """Whether a name is that of an entry, the z_i of a document that writes z_j too, or of a letter that counts entries."""
        base, _, letter = name.partition("_")
        below = rf"{re.escape(base) if letter else '[A-Za-z]'}\s*_\s*(?:([a-z])|\{{\s*([a-z]+)\s*\}})(?![A-Za-z])"
        letters = {m[1] or m[2] for m in re.finditer(rf"(?<![A-Za-z]){below}", self.source.text)}
        return bool(letters - {letter}) if len(letter) == 1 else len(name) == 1 and name in letters

    def assume_scalar(self, error: UnknownSymbol) -> bool:
        """In a document that declares nothing and speaks of no arrays, an undeclared symbol is a real number; it is said so."""
        if self.counts_entries(error.name):
            return False
        if self.declared.names or not re.fullmatch(r"[A-Za-z]\w*", error.name) or self.speaks_of_arrays():
            return False
        told = self.scope.functions.get(error.name)
        if told is None and self.is_entry_or_index(error.name):
            return False
        if told is None and re.search(
            rf"(?<![A-Za-z]){re.escape(error.name)}\s*_\s*(?:[a-z]|\{{\s*[a-z])", self.source.text
        ):
            return False  # it has entries
        if told is None:
            numeric_leaf(self.scope, error.name, (), error.name)
            self.scope.notes.append(f"{error.name} is not declared and read as a real number")
            return True
        if not isinstance(told, FunctionOf) or all(name in self.scope.values for name in told.parameters):
            return False
        for name in told.parameters:
            if name not in self.scope.values:
                numeric_leaf(self.scope, name, (), name)
        return self.enter_next(s.Symbol(error.span, error.name, error.name), told.body, 0)

    def counts_entries(self, name: str) -> bool:
        """Whether c_k is an entry: some sum of the document runs over k."""
        letter = re.fullmatch(r"[A-Za-z]+_([a-z])", name)
        return letter is not None and bool(
            re.search(rf"(?:\\sum|\\prod|∑|Σ)\s*(?:\\limits)?\s*_\s*\{{?\s*{letter[1]}\b", self.source.text)
        )

    def speaks_of_arrays(self) -> bool:
        """Whether anything in the document, in words or signs, belongs to vectors and matrices."""
        found = self.__dict__.get("_arrays")
        if found is None:
            found = bool(_ARRAYS.search(self.source.text))
            self.__dict__["_arrays"] = found
        return found
