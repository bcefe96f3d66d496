"""Two documents that go through every writer: one with all that a report may hold, one with hostile names."""

from reports.document.model import (
    Code,
    Column,
    Document,
    Emphasis,
    Figure,
    Fold,
    Formula,
    Link,
    List,
    Mark,
    Math,
    Note,
    Paragraph,
    Section,
    Step,
    Steps,
    Table,
)

SVG = """<?xml version="1.0" encoding="utf-8"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 320 70" width="320" height="70">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>
<g fill="none" stroke="currentColor" stroke-width="1.5"><circle cx="30" cy="35" r="18" fill="currentColor"/>
<path d="M48 35H98" marker-end="url(#tip)"/><path d="M100 17H150A18 18 0 0 1 150 53H100Z"/><path d="M168 35H218" marker-end="url(#tip)"/>
<circle cx="238" cy="35" r="18"/></g></svg>"""


def rich(language="en"):
    """Every kind of node at least once."""
    cost = Formula(
        number="1",
        id="cost",
        styles={
            "index": r"C = \tfrac12 \sum_{i=1}^{m} (\bar y_i - y_i)^2",
            "matrix": r"C = \tfrac12 \lVert \class{t1}{\bar y} - y\rVert^2",
            "perturbation": r"dC = (\bar y - y)^\top d\bar y",
        },
    )
    long = (
        r"\frac{\partial C}{\partial W_{ij}} = \sum_{k} \class{t2}{\frac{\partial C}{\partial s_k}} \class{t3}{\frac{\partial s_k}"
        r"{\partial W_{ij}}} = \sum_{k} \class{t2}{\delta_k} \mathbb{1}_{k=i}\, x_j = \sum_{k} (\bar y_k - y_k)\,h'(s_k)\,"
        r"\mathbb{1}_{k=i}\, x_j + \lambda W_{ij} + \lambda\,\mu\,\operatorname{sgn}(W_{ij}) = \class{t2}{\delta_i} x_j"
    )
    steps = Steps(
        [
            Step(
                1,
                "Write the cost",
                cost,
                rule="definition",
                shapes=Math(r"[1] = [1\times m]\cdot[m\times 1]"),
                code=Code("C = 0.5 * np.sum((ybar - y) ** 2)", "python"),
                check=Mark("proved", "normal forms coincide"),
                level=0,
            ),
            Step(
                2,
                ["Through ", Math("h")],
                Formula(
                    styles={
                        "index": r"\delta_i = (\bar y_i - y_i)\, h'(s_i)",
                        "matrix": r"\class{t2}{\delta} = (\class{t1}{\bar y} - y)\odot h'(s)",
                    }
                ),
                rule="chain rule; the Jacobian of an elementwise map is diagonal",
                shapes=Math(r"[1\times m] = [1\times m]\cdot[m\times m]"),
                conditions=[["no ", Math("s_i"), " is 0"], "real input"],
                inputs=[1],
                check=Mark(
                    "agrees", ["equal at ", Math("12"), " random points, relative error below ", Math("10^{-12}")]
                ),
                level=1,
                details=[Table(["symbol", "value"], [[Math("s"), "0.25"]], caption="Worked numbers")],
            ),
            Step(3, "Weights", Formula(long), inputs=[1, 2], level=1),
            Step(
                4,
                "Delta collapses the sum",
                Formula(r"\sum_k \delta_k \mathbb{1}_{k=i} = \delta_i"),
                level=2,
                open=False,
            ),
        ],
        id="net",
    )
    return Document(
        ["Gradient of a one-layer net, ", Math(r"\bar y = h(Wx + b)")],
        [
            Paragraph(
                [
                    "A model ",
                    Math(r"\bar y = h(Wx+b)"),
                    " with ",
                    Emphasis("one"),
                    " layer and ",
                    Emphasis("squared", strong=True),
                    " cost, see ",
                    Link("#cost", "equation (1)"),
                    " and ",
                    Link("https://numpy.org/doc/?a=1&b=2", "NumPy"),
                    "; in code ",
                    Code("W @ x + b"),
                    ".",
                ]
            ),
            Section(
                "Computation graph",
                [
                    Figure(
                        SVG, "x enters Wx + b, whose result s is drawn as an open circle", caption="Filled: observed."
                    )
                ],
            ),
            Section(
                "Symbols and shapes",
                [
                    Table(
                        [Column("Symbol"), Column("Meaning"), Column("Shape", "center"), Column("Size", "right")],
                        [
                            [Math("x"), "observed input", Math(r"n\times 1"), "600"],
                            [Math("W"), "parameter", Math(r"m\times n"), "36,000"],
                            [Math(r"\class{t1}{\bar y}"), "prediction", Math(r"m\times 1"), "60"],
                        ],
                        caption="Every symbol used below",
                        row_headers=True,
                    )
                ],
            ),
            Section(
                "Derivation",
                [
                    steps,
                    Note(Paragraph(["At ", Math("s=0"), " the slope counts as 0."]), kind="condition"),
                    Section("Batches", [Formula(r"\begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix}^\top"), "Nothing new."]),
                ],
            ),
            Section(
                "Result",
                [
                    Code(
                        "def gradient(W, x, y):\n    return np.outer(delta, x)  # 100 %\n",
                        "python",
                        caption="Generated NumPy",
                    ),
                    List(["first", ["second, ", Math("n > 1")]], ordered=True),
                    List(["a point"]),
                    Note("Check the shapes before you believe the values.", kind="warning", title="Beware"),
                    Note("Time grows linearly with depth."),
                    Fold("All numbers", [Paragraph(["The check says ", Mark("refuted", "at x = 2"), "."])]),
                ],
            ),
        ],
        language=language,
        metadata={"Model": "net.py", "Seed": "0"},
    )


HOSTILE = [
    "<script>alert(1)</script>",
    "</code></pre><img src=x onerror=alert(1)>",
    r"\input{/etc/passwd} \write18{rm} $x^2$ % & # _ ~ ^ {} \\",
    "\"double\" 'single' `back` ``` fence",
    "| pipe | [link](javascript:alert(1)) *star* _under_ # head",
    "日本語 naïve ∂W ŷ ∑ 😀 \u202e rtl",
    "x" * 300,
    r"a \end{verbatim} \end{lstlisting} \end{document}",
    "{{ 7 * 7 }} {% raw %}",
]


def hostile():
    """Names that mean something to HTML, TeX, Markdown or Jinja, in every place that takes text."""
    sections = []
    for name in HOSTILE:
        step = Step(
            1, name, Formula("x"), rule=name, conditions=[name], code=Code(name, "python"), check=Mark("agrees", name)
        )
        sections.append(
            Section(
                name,
                [
                    Paragraph([name, Code(name), Emphasis(name), Link("javascript:alert(1)", name)]),
                    Steps([step]),
                    Table([name], [[name]], caption=name),
                    Code(name, caption=name),
                    Figure(SVG, name, caption=name),
                    List([name]),
                    Note(name, title=name),
                    Fold(name, name),
                ],
            )
        )
    return Document(HOSTILE[0], sections, metadata={name: name for name in HOSTILE})
