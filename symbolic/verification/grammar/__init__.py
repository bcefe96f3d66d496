"""Reading mathematics: LaTeX (and Unicode) text to a typed syntax tree. Nothing that is read is ever executed."""

from symbolic.verification.grammar.parser import parse
from symbolic.verification.grammar.tokens import ReadingError, Vocabulary, tokenize

__all__ = ["ReadingError", "Vocabulary", "parse", "tokenize"]
