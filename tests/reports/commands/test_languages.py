"""``--lang``: pages, worksheets and the terminal say what the catalogue says, and nothing else.

The language that is planted writes each sentence in Cyrillic letters; what is still in Latin letters was put there by the
program itself.
"""

import json
import re
from pathlib import Path
from string import Formatter

import pytest
from click.testing import CliRunner

from reports.commands import main
from reports.document import catalogue as catalogues
from reports.document.catalogue import catalogue
from reports.document.said import mistake, said
from symbolic.verification.diagnosis.mistakes import MISTAKES, explained

CYRILLIC = {ord("a") + k: 0x430 + k for k in range(26)} | {ord("A") + k: 0x410 + k for k in range(26)}
HOMEWORK = r"""
Пусть $x \in \mathbb{R}^n$, $W \in \mathbb{R}^{m \times n}$ and $y \in \mathbb{R}^m$. Set $s = Wx$, $z = \tanh(s)$ and
$C = \frac12 \lVert z - y \rVert^2$. Then
$$\frac{\partial C}{\partial z} = z - y$$
$$\frac{\partial C}{\partial s} = (z - y) \odot (1 - s^2)$$
$$\frac{\partial C}{\partial W} = \frac{\partial C}{\partial s}\, x^\top$$
$$\frac{\partial C}{\partial x} = 2 W^\top ((z-y) \odot (1 - z^2))$$
$$\frac{\partial C}{\partial y} = (y - z)^\top$$
$$\frac{\partial C}{\partial x} = W ((z-y) \odot (1 - z^2))$$
$$\frac{\partial C}{\partial q} = q$$
"""
BACKWARD = """
import numpy as np

def net(x: "n d", W: "d h", b: "h"):
    return np.tanh(x @ W + b)

def net_backward(dy, x, W, b):
    z = np.tanh(x @ W + b)
    ds = dy * (1 - z ** 2)
    dW = 2 * x.T @ ds
    db = np.sum(ds, axis=0)
    dx = ds @ W.T
    return dx, dW, db
"""


@pytest.fixture
def strange(tmp_path, monkeypatch):
    """The language ``xx``; English keeps what the judges' sentences are recognised by."""
    (tmp_path / "words").mkdir()
    for language in ("en", "xx"):
        known = catalogue("en").sentences
        told = {k: _planted(t) if language == "xx" else t for k, t in known.items()}
        lines = [f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in told.items()]
        (tmp_path / "words" / f"{language}.toml").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path / "words")
    yield "xx"
    catalogue.cache_clear()


def _planted(sentence):
    return "".join(p if p[:1] == "{" else p.translate(CYRILLIC) for p in re.split(r"(\{\w*\})", sentence))


def left_in_english(text):
    """Words in Latin letters outside formulas, code and names."""
    bare = re.sub(
        r"\$[^$]*\$|`[^`]*`|\\[A-Za-z]+|<a id=.*?>|\bhomework\S*|\bnet\\?_\w+|\S*back\.py\S*|http\S+", " ", text
    )
    return [word for word in re.findall(r"[A-Za-z]{4,}", bare) if word not in ("chainrule", "tanh", "frac")]


def ran(*arguments):
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.output


@pytest.mark.parametrize("style", ["text", "md"])
def test_the_verdict_on_a_hand_calculation(style, strange, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = Path("homework.md")
    page.write_text(re.sub(r"\b(and|Set|Then)\b", "и", HOMEWORK), encoding="utf-8")
    said_of_it = ran("check", "--lang", strange, "--format", style, page)
    own = said_of_it.replace("$$", "")
    assert left_in_english("\n".join(line for line in own.splitlines() if "\\" not in line)) == []
    table = ran("check", "--lang", strange, page, page).splitlines()[-3:]
    assert left_in_english("\n".join(table)) == []


def test_the_verdict_on_backward_code(strange, tmp_path, monkeypatch):
    (tmp_path / "back.py").write_text(BACKWARD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    lines = ran("check", "--lang", strange, "back.py:net_backward", "--of", "net").splitlines()
    assert left_in_english("\n".join(lines)) == []
    page = ran("check", "--lang", strange, "--format", "md", "back.py:net_backward", "--of", "net")
    assert left_in_english(re.sub(r"```.*?```", "", page, flags=re.DOTALL)) == []


def test_a_worksheet_and_its_key(strange):
    page = ran("exercise", "ridge-regression", "--seed", "3", "--lang", strange)
    own = re.sub(r"\$\$.*?\$\$", "", page.split("\n", 1)[1], flags=re.DOTALL)
    assert left_in_english(own) == []


def test_italian(tmp_path):
    page = tmp_path / "homework.md"
    page.write_text(HOMEWORK, encoding="utf-8")
    told = ran("check", "--lang", "it", page)
    for sentence in (
        "errore probabile: fattore 2: un fattore 2 o ½ è di troppo: l’affermazione è 2 volte il valore vero",
        "la riga 5 è sbagliata; dovrebbe essere",
        "la trasposta del primo fattore combacerebbe",
    ):
        assert sentence in told
    assert "Esercizio: Regressione ridge" in ran("exercise", "ridge-regression", "--lang", "it")


def test_the_catalogue_has_every_mistake():
    words, english = catalogue("it"), catalogue("en")
    for name in MISTAKES:
        sentence = explained(name, "W")
        assert mistake(f"{name}: {sentence}", english) == f"{name}: {sentence}"
        if name != "wrong tensor":
            assert said(sentence, words) != sentence
        assert mistake(f"{name}: {sentence}", words).partition(": ")[0] != name or name == "factor 2"


def test_what_the_catalogue_does_not_know_stays():
    message = "ValueError: matmul: shapes (2,3) and (4,5); no luck"
    assert said(message, catalogue("it")) == message


SAID = sorted(
    key for key in catalogue("en").sentences if key.startswith("said.") and key != "said.of_shape"
)  # a part of others


@pytest.mark.parametrize("key", SAID)
def test_no_sentence_of_the_judges_hides_another(key):
    names = dict.fromkeys(name for _, name, _, _ in Formatter().parse(catalogue("en")(key)) if name)
    fields = {name: f"{chr(0x3B1 + k)}{k}" for k, name in enumerate(names)}
    english, italian = (words(key, **fields) if fields else words(key) for words in (catalogue("en"), catalogue("it")))
    assert said(english, catalogue("it")) == italian
