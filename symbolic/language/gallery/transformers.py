"""Transformers: one block, and a small GPT. (Radford et al. 2019: normalisation before each part, gelu in tanh form.)"""

from __future__ import annotations

from typing import Any

from symbolic.language.activations import gelu_tanh
from symbolic.language.gallery.entry import Entry
from symbolic.language.layers.attention import MultiHeadAttention
from symbolic.language.layers.gates import FeedForward
from symbolic.language.layers.layer import Layer
from symbolic.language.layers.linear import Embedding, Linear
from symbolic.language.layers.norms import LayerNorm
from symbolic.language.losses.classification import cross_entropy
from symbolic.language.losses.regression import squared_error
from symbolic.program.dims import Dim
from symbolic.program.tensors import Tensor, tensor


class Block(Layer):
    """x + attention(norm(x)), then x + feed-forward(norm(x)), with causal attention and a hidden width of 4 d."""

    def __init__(self, width: Any, heads: int, *, label: str = ""):
        self.label = label
        self.norm_a = LayerNorm(width, label=f"a{label}")
        self.attention = MultiHeadAttention(width, heads, causal=True, label=label)
        self.norm_b = LayerNorm(width, label=f"b{label}")
        hidden = 4 * (Dim(width) if isinstance(width, str) else width)
        self.feed_forward = FeedForward(width, hidden, gelu_tanh, label=label)

    def __call__(self, x: Any) -> Any:
        x = x + self.attention(self.norm_a(x))
        return x + self.feed_forward(self.norm_b(x))


class GPT(Layer):
    """Token and position embeddings, blocks, a last normalisation, and scores for the next token at every position."""

    def __init__(self, tokens: int, length: int, width: int, heads: int, depth: int):
        self.E = Embedding(tokens, width, deviation=0.02, label="tok")
        self.P = Embedding(length, width, deviation=0.02, label="pos")
        self.blocks = [Block(width, heads, label=str(k + 1)) for k in range(depth)]
        self.norm = LayerNorm(width, label="f")
        self.head = Linear(width, tokens, bias=False, label="out")

    def __call__(self, tokens: Any) -> Any:
        h = self.E(tokens) + self.P.E
        for k, block in enumerate(self.blocks, start=1):
            h = block(h)
            if isinstance(h, Tensor):
                h.named(f"h_{k}")
        return self.head(self.norm(h))


def transformer_block() -> Tensor:
    """One block of GPT on T positions of width 8 with two heads, and the squared distance to a target."""
    x, y = tensor("x", "T 8"), tensor("y", "T 8", role="target")
    return squared_error(Block(8, 2)(x).named("z"), y).named("C")


def small_gpt(tokens: int = 65, length: int = 32) -> Tensor:
    """GPT with three blocks, width 48 and four heads; the mean cross-entropy of the next token at every position."""
    read = tensor("tokens", length, dtype="int")
    following = tensor("following", length, role="target", dtype="int")
    return cross_entropy(GPT(tokens, length, 48, 4, 3)(read).named("s"), following).named("C")


def sorting_gpt() -> Tensor:
    """The same GPT on six digits 0 to 2 and the first five of them in order; the mean cross-entropy of the six in order.

    (The demonstration of Karpathy's minGPT.)
    """
    tokens, following = tensor("tokens", 11, dtype="int"), tensor("following", 6, role="target", dtype="int")
    s = GPT(3, 11, 48, 4, 3)(tokens)
    return cross_entropy(s[5:].named("s"), following).named("C")


MODELS = (
    Entry("gpt-block", "Transformer block", "sequence", transformer_block),
    Entry("gpt", "Small GPT, three blocks of width 48", "sequence", small_gpt),
    Entry("gpt-sort", "Small GPT that sorts digits", "sequence", sorting_gpt),
)
