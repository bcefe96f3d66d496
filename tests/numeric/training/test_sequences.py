"""Sequences: what a sample is, a GPT from derived equations against PyTorch's, and what a trained one writes."""

import numpy as np
import pytest

from numeric import generate, lambdify, train
from numeric.errors import DataError, OptionError
from numeric.training.data import load
from numeric.training.initial import initial_parameters
from numeric.training.metrics import accuracy_of, prediction_of
from numeric.training.sequences import characters, sorting
from symbolic import average_loss, cross_entropy, gradient, tensor
from symbolic.errors import DeclarationError
from symbolic.language.gallery import GALLERY
from symbolic.language.gallery.transformers import GPT
from symbolic.language.samples import batched, variables


def test_sorting_is_sorted():
    data = load("sorting").arrays
    tokens, following = data["tokens"], data["following"]
    assert tokens.shape == (10_000, 11)
    assert np.array_equal(np.sort(tokens[:, :6], axis=1), following)
    assert np.array_equal(tokens[:, 6:], following[:, :-1])
    assert set(np.unique(tokens)) == {0, 1, 2}


def test_characters_stand_one_place_on(tmp_path):
    file = tmp_path / "t.txt"
    file.write_text("añ∂bañ∂b𝒙", encoding="utf-8")
    data = characters(file, 3)
    assert [data.classes[k] for k in data.arrays["tokens"][0]] == list("añ∂")
    assert [data.classes[k] for k in data.arrays["following"][1]] == list("añ∂")
    assert len(data) == 2
    assert len(characters(file, 3, every=1)) == 6
    many = characters(file, 3, every=1).arrays
    assert np.array_equal(many["tokens"][1:], many["following"][:-1])
    assert np.shares_memory(many["tokens"], many["following"])


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"ab", "2 characters are too few for windows of 3"), (b"\xff\xfe\xff\xff", "UTF-8"), (None, "no such file")],
)
def test_what_is_no_text(content, message, tmp_path):
    file = tmp_path / "t.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=message):
        characters(file, 3)


def torch_gpt(torch, p, tokens, heads=4, depth=3):
    """The same network as PyTorch's users write it."""
    f = torch.nn.functional

    def norm(x, label):
        return f.layer_norm(x, x.shape[-1:], p[f"gamma_{label}"], p[f"beta_{label}"])

    x = p["E_tok"][tokens] + p["E_pos"]
    count, length, width = x.shape
    for k in range(1, depth + 1):
        y = norm(x, f"a{k}")
        q, key, v = (
            f.linear(y, p[f"W_{n}_{k}"]).view(count, length, heads, width // heads).transpose(1, 2) for n in "qkv"
        )
        mixed = f.scaled_dot_product_attention(q, key, v, is_causal=True).transpose(1, 2).reshape(count, length, width)
        x = x + f.linear(mixed, p[f"W_o_{k}"])
        inner = f.gelu(f.linear(norm(x, f"b{k}"), p[f"W_{k}"], p[f"b_{k}"]), approximate="tanh")
        x = x + f.linear(inner, p[f"U_{k}"], p[f"c_{k}"])
    return f.linear(norm(x, "f"), p["W_out"])


@pytest.mark.slow
def test_derived_gradients_of_the_gpt_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    loss = GALLERY["gpt-sort"].build()
    data = sorting(5, seed=3).arrays
    rng = np.random.default_rng(7)
    values = {k: v + 0.05 * rng.normal(size=v.shape) for k, v in initial_parameters(loss).items()}
    mean = average_loss(loss, "P")
    given = variables(mean)
    f = lambdify(list(given.values()), [mean, *(gradient(mean, given[name]) for name in values)])
    ours, *slopes = f(*({**values, **data}[name] for name in given))

    leaves = {k: torch.tensor(v, requires_grad=True) for k, v in values.items()}
    scores = torch_gpt(torch, leaves, torch.tensor(data["tokens"]))[:, 5:]
    theirs = torch.nn.functional.cross_entropy(scores.reshape(-1, 3), torch.tensor(data["following"]).reshape(-1))
    theirs.backward()
    assert ours == pytest.approx(theirs.item(), rel=1e-13)
    for name, slope in zip(values, slopes, strict=True):
        np.testing.assert_allclose(slope, leaves[name].grad.numpy(), rtol=1e-10, atol=1e-14, err_msg=name)


def small(length=5, digits=3, count=3):
    tokens, following = tensor("tokens", length, dtype="int"), tensor("following", count, role="target", dtype="int")
    s = GPT(digits, length, 16, 2, 1)(tokens)
    return cross_entropy(s[count - 1 :].named("s"), following).named("C")


def test_a_gpt_learns_to_sort_and_writes_sorted_sequences():
    loss = small()
    history = train(
        loss, sorting(1500, count=3).arrays, method="adam", learning_rate=5e-3, epochs=6, dtype="float32",
        metrics={"accuracy": accuracy_of(loss)},
    )  # fmt: skip
    assert history.records[-1].metrics["accuracy"] > 0.98
    start = np.random.default_rng(11).integers(0, 3, (40, 3))
    written = generate(prediction_of(loss), history.parameters, start, 3, temperature=0)
    assert np.array_equal(written[:, :3], start)
    assert np.mean(np.all(written[:, 3:] == np.sort(start, axis=1), axis=1)) > 0.9


def markov(tokens):
    """Scores that say: after k comes k + 1, three times as likely as k + 2."""
    table = tensor("A", "4 4", role="parameter")
    return table[tokens], {"A": np.log(np.roll(np.eye(4), 1, 1) * 3 + np.roll(np.eye(4), 2, 1) + 1e-30)}


def test_tokens_are_drawn_from_the_softmax():
    scores, parameters = markov(tensor("tokens", 3, dtype="int"))
    greedy = generate(scores, parameters, [0], 6, temperature=0)
    assert greedy.tolist() == [0, 1, 2, 3, 0, 1, 2]
    drawn = generate(scores, parameters, np.zeros((4000, 1)), 1, seed=2)[:, 1]
    assert np.bincount(drawn, minlength=4) / 4000 == pytest.approx([0, 0.75, 0.25, 0], abs=0.03)
    colder = generate(scores, parameters, np.zeros((4000, 1)), 1, seed=2, temperature=0.5)[:, 1]
    assert np.mean(colder == 1) == pytest.approx(0.9, abs=0.02)
    again = generate(scores, parameters, np.zeros((4000, 1)), 1, seed=2)[:, 1]
    assert np.array_equal(drawn, again)


def test_a_full_window_says_what_all_its_rows_say():
    loss = small()
    scores, parameters = prediction_of(loss), initial_parameters(loss, seed=4)
    (many,) = batched([scores], "samples_")
    given = variables(many)
    f = lambdify(list(given.values()), many)
    start = np.random.default_rng(5).integers(0, 3, (6, 4))
    written = generate(scores, parameters, start, 5, temperature=0)
    for end in range(5, 9):
        window = written[:, end - 5 : end]
        rows = f(*(window if name == "tokens" else parameters[name] for name in given))
        assert np.array_equal(written[:, end], rows[:, -1].argmax(axis=1))


def test_what_generate_refuses():
    scores, parameters = markov(tensor("tokens", 3, dtype="int"))
    with pytest.raises(OptionError, match="at least one token"):
        generate(scores, parameters, [], 2)
    with pytest.raises(OptionError, match="says nothing after 1 tokens"):
        generate(scores[1:], parameters, [0], 2)
    with pytest.raises(DeclarationError, match="one sequence of integers"):
        generate(tensor("x", "3 4"), {}, [0], 2)
