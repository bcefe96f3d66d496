"""What is known of each LaTeX command that a formula may hold, as tables that ``mathml_source`` reads."""

from __future__ import annotations

import re

FONTS = {
    r"\mathbf": "bold",
    r"\bold": "bold",
    r"\boldsymbol": "bold-italic",
    r"\bm": "bold-italic",
    r"\pmb": "bold-italic",
    r"\mathbb": "double-struck",
    r"\Bbb": "double-struck",
    r"\mathcal": "script",
    r"\mathscr": "script",
    r"\mathfrak": "fraktur",
    r"\mathsf": "sans-serif",
    r"\mathtt": "monospace",
    r"\mathit": "italic",
    r"\mathrm": "normal",
    r"\mathnormal": "",
}
TEXT = {
    r"\text": "",
    r"\textrm": "",
    r"\textnormal": "",
    r"\textup": "",
    r"\textmd": "",
    r"\mbox": "",
    r"\hbox": "",
    r"\emph": "italic",
    r"\textit": "italic",
    r"\textbf": "bold",
    r"\textsf": "sans-serif",
    r"\texttt": "monospace",
}
# Accents: what stands over (or under), and whether it stretches over its base.
OVER = {
    r"\hat": ("\u02c6", False),
    r"\check": ("\u02c7", False),
    r"\tilde": ("\u02dc", False),
    r"\bar": ("\u00af", False),
    r"\dot": ("\u02d9", False),
    r"\ddot": ("\u00a8", False),
    r"\dddot": ("\u20db", False),
    r"\acute": ("\u00b4", False),
    r"\grave": ("\u0060", False),
    r"\breve": ("\u02d8", False),
    r"\mathring": ("\u02da", False),
    r"\vec": ("\u2192", False),
    r"\widehat": ("\u0302", True),
    r"\widetilde": ("~", True),
    r"\widecheck": ("\u02c7", True),
    r"\overrightarrow": ("\u2192", True),
    r"\overleftarrow": ("\u2190", True),
    r"\overbrace": ("\u23de", True),
    r"\overparen": ("\u23dc", True),
}
UNDER = {r"\underbrace": ("\u23df", True), r"\underparen": ("\u23dd", True)}
# What is drawn by CSS around its argument.
BOXES = {
    r"\boxed": "boxed",
    r"\fbox": "boxed",
    r"\cancel": "cancel",
    r"\bcancel": "bcancel",
    r"\xcancel": "cancel bcancel",
    r"\sout": "strike",
    r"\overline": "overline",
    r"\underline": "underline",
    r"\underbar": "underline",
}
# Operators: with limits under them in display, or not.
LIMITS = {
    r"\argmin": "arg min",
    r"\argmax": "arg max",
    r"\max": "max",
    r"\min": "min",
    r"\sup": "sup",
    r"\inf": "inf",
    r"\lim": "lim",
    r"\limsup": "lim sup",
    r"\liminf": "lim inf",
    r"\det": "det",
    r"\gcd": "gcd",
    r"\Pr": "Pr",
}
NO_LIMITS = "arccos arcsin arctan arg cos cosh cot coth csc deg dim exp hom ker lg ln log sec sin sinh tan tanh"
OPERATORS = {**{name: (text, True) for name, text in LIMITS.items()}}
OPERATORS.update({"\\" + name: (name, False) for name in NO_LIMITS.split()})
ARROWS = {r"\xrightarrow": "\u27f6", r"\xleftarrow": "\u27f5", r"\xleftrightarrow": "\u27f7", r"\xmapsto": "\u27fc"}
ARROWS.update({r"\xRightarrow": "\u27f9", r"\xLeftarrow": "\u27f8"})
SIZES = {"big": 1.2, "Big": 1.8, "bigg": 2.4, "Bigg": 3.0}
BIG = re.compile(r"\\(big|Big|bigg|Bigg)([lrm]?)$")
OPEN = {"(": "(", "[": "[", r"\{": "{", r"\lbrace": "{", r"\langle": "⟨", r"\lfloor": "⌊", r"\lceil": "⌈"}
OPEN.update({r"\lvert": "|", r"\lVert": "‖", r"\lbrack": "[", r"\lparen": "("})
CLOSE = {")": ")", "]": "]", r"\}": "}", r"\rbrace": "}", r"\rangle": "⟩", r"\rfloor": "⌋", r"\rceil": "⌉"}
CLOSE.update({r"\rvert": "|", r"\rVert": "‖", r"\rbrack": "]", r"\rparen": ")"})
BARS = {"|": "|", r"\|": "‖", r"\vert": "|", r"\Vert": "‖", "/": "/", r"\backslash": "\\", ".": ""}
FENCES = {**OPEN, **CLOSE, **BARS}
FORMS = {**dict.fromkeys(OPEN, "prefix"), **dict.fromkeys(CLOSE, "postfix")}

# Commands that the library reads well, with how many arguments they take.
READ = {r"\frac": 2, r"\dfrac": 2, r"\tfrac": 2, r"\cfrac": 2, r"\binom": 2, r"\dbinom": 2, r"\tbinom": 2}
READ.update({r"\overset": 2, r"\underset": 2, r"\stackrel": 2, r"\sqrt": 1, r"\pmod": 1})
READ.update({r"\phantom": 1, r"\hphantom": 1, r"\vphantom": 1})
READ.update(dict.fromkeys((r"\displaystyle", r"\textstyle", r"\scriptstyle", r"\scriptscriptstyle"), 0))
READ.update(dict.fromkeys((r"\bmod", r"\over", r"\choose"), 0))
SPACES = {r"\,": 0.1667, r"\:": 0.2222, r"\>": 0.2222, r"\;": 0.2778, r"\!": -0.1667, r"\quad": 1.0, r"\qquad": 2.0}
SPACES.update({r"\ ": 0.25, "~": 0.25, r"\enspace": 0.5, r"\thinspace": 0.1667, r"\negthinspace": -0.1667})
TRANSPARENT = (r"\mathrel", r"\mathbin", r"\mathord", r"\mathopen", r"\mathclose", r"\mathpunct", r"\mathinner")
DROPPED = {
    r"\nonumber",
    r"\notag",
    r"\relax",
    r"\mathstrut",
    r"\strut",
    r"\displaylimits",
    r"\limits",
    r"\nolimits",
    r"\allowbreak",
    r"\hfil",
}
DROPPED_WITH = {r"\label": 1}
KEPT_SECOND = (r"\cssId", r"\htmlId", r"\style", r"\htmlStyle", r"\htmlData")
RELATIONS = {r"\implies": "⟹", r"\iff": "⟺", r"\impliedby": "⟸"}
VARIANTS = {r"\epsilon": "ϵ", r"\varepsilon": "ε", r"\phi": "ϕ", r"\varphi": "φ"}  # as TeX draws them
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱ", "0123456789+-ni", strict=True)) | {"ᵀ": r"\top "}
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₙₘ", "0123456789+-ijknm", strict=True))

MATRICES = {"matrix": ("", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "Bmatrix": (r"\{", r"\}")}
MATRICES.update({"vmatrix": ("|", "|"), "Vmatrix": (r"\|", r"\|"), "smallmatrix": ("", "")})
ALIGNED = {"aligned", "align", "split", "alignedat", "alignat", "eqnarray", "flalign"}
CENTRED = {"gathered", "gather", "multline", "multlined", "equation", "displaymath", "subequations"}
CASES = {"cases": ("{", ""), "dcases": ("{", ""), "rcases": ("", "}"), "drcases": ("", "}")}
SAFE_LINK = re.compile(r"(https?://|mailto:|#)[^\s\"'<>\\]*$", re.IGNORECASE)
COLOR = re.compile(r"(#[0-9a-fA-F]{3,8}|[a-zA-Z]{1,30})$")
