"""The prose of checked documents: what authors mark up becomes blocks, the rest is text as it stands."""

from __future__ import annotations

import pytest

from reports.document import prose
from reports.document.catalogue import catalogue
from reports.document.handwork import annotated
from reports.document.model import Formula, List, Math, Paragraph, Section, Table, Text
from reports.writers import written
from symbolic.verification.documents import check_document


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"El error cuadr\'atico medio, \~n y \c{c}a va, \"Ubung,", "El error cuadrático medio, ñ y ça va, Übung,"),
        (r"\textbf{a) \emph{Now}} -- or ``never'' --- 5\,\% \& more~so", "a) Now – or “never” — 5 % & more\u00a0so"),
        (r"Stra\ss e, \o{} and \ldots", "Straße, ø and …"),
        (r"\noindent\label{eq:1}Let\footnote{as usual} % a remark", "  Let (as usual) "),
        (r"\begin{center}[2ex]\end{center}<b>no markup</b>", "  <b>no markup</b>"),
    ],
)  # fmt: skip
def test_words_of_latex(written, shown):
    assert prose.plain(written, latex=True) == shown


def test_markdown_loses_comments_quotes_and_emphasis():
    assert prose.plain("<!-- draft -->**Now** a *small* remark\n> quoted", latex=False) == "Now a small remark\nquoted"


def test_a_table_and_what_stands_around_it():
    text = [Text("Symbols:\n| name | size |\n|---|:--:|\n| "), Math("W"), Text(" | "), Math("m"), Text(" |\nand so on")]
    before, table, after = prose.blocks(text, latex=False)
    assert isinstance(before, Paragraph)
    assert isinstance(after, Paragraph)
    assert isinstance(table, Table)
    assert [column.title for column in table.columns] == [(Text("name"),), (Text("size"),)]
    assert [[part for part in cell if isinstance(part, Math)] for cell in table.rows[0]] == [[Math("W")], [Math("m")]]


@pytest.mark.parametrize(
    ("text", "latex", "ordered"),
    [("First:\n1. one\n   more\n2. two", False, True), ("First:\n- one\n- two", False, False),
     ("First:\n\\begin{itemize}\n\\item one\n\\item two\n\\end{itemize}", True, False)],
)  # fmt: skip
def test_lists(text, latex, ordered):
    before, items = prose.blocks([Text(text)], latex)
    assert isinstance(before, Paragraph)
    assert isinstance(items, List)
    assert (len(items.items), items.ordered) == (2, ordered)


def test_a_sheet_with_macros_of_its_own_is_shown_without_them():
    text = r"""\documentclass{article}
\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}
\DeclareMathOperator{\tr}{tr}
\begin{document}
\section*{Aufgabe: \"Ubung}
Let $X, A \in \mathbb{R}^{n\times n}$.
\begin{enumerate}
\item $\phi = \tr(AX)$ gives \[ \pd{\phi}{X} = A^\top \]
\end{enumerate}
\end{document}"""
    document = annotated("a.tex", text, check_document(text, latex=True), catalogue("en"), latex=True)
    (section,) = [b for b in document.blocks if isinstance(b, Section) and "Übung" in str(b.title)]
    formulas = [b.latex for b in section.blocks if isinstance(b, Formula)]
    assert formulas == [r"\frac{\partial \phi}{\partial X} = A^\top"]
    page = written(document, "html")
    for raw in (r"\pd", r"\tr", r"\item", r"\begin{enumerate}"):
        assert raw not in str(page)
