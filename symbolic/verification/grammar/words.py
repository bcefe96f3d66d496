"""The fixed lists that reading relies on: commands, Unicode characters and functions. Macros are never expanded."""

from __future__ import annotations

import re

GREEK = frozenset(
    ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "ell"]
)  # fmt: skip
GREEK_VARIANTS = {f"var{name}": name for name in ("epsilon", "theta", "pi", "rho", "sigma", "phi", "kappa")}

# Styles that leave a symbol what it is, and accents that make another one.
STYLES = frozenset(
    [
        "va",
        "vb",
        "vect",
        "mat",
        "vv",
        "mathbf",
        "boldsymbol",
        "bm",
        "mathit",
        "vec",
        "mathnormal",
        "pmb",
        "bf",
        "symbf",
        "mathbfit",
    ]
)
ROMAN = frozenset(
    [
        "mathrm",
        "operatorname",
        "mathsf",
        "mathtt",
        "text",
        "textrm",
        "textbf",
        "textit",
        "textsf",
        "mbox",
        "rm",
        "sf",
        "tt",
        "mathop",
        "textnormal",
    ]
)
SCRIPTS = frozenset(["mathcal", "mathscr", "mathfrak", "cal"])
ACCENTS = {
    "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "widetilde": "tilde",
    "dot": "dot", "ddot": "ddot", "check": "check", "breve": "breve", "underline": "under",
}  # fmt: skip
COMBINING = {
    "\u0302": "hat",
    "\u0304": "bar",
    "\u0305": "bar",
    "\u0303": "tilde",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u20d7": "",
}

# A function's many names -> its name in the language.
FUNCTIONS = {
    **{name: name for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan",
                               "sigmoid", "softplus", "erf", "diag", "trace", "det", "vec", "softmax", "sign", "relu",
                               "logsumexp", "gelu", "silu", "floor", "ceil", "mean", "var", "log_softmax", "logdet", "sqrt",
                               "min", "max", "argmax", "argmin", "sum", "abs", "rank", "norm", "logit", "log2", "log10", "inv")},
    "ln": "log", "tr": "trace", "Tr": "trace", "Sp": "trace", "Spur": "trace", "Trace": "trace", "Diag": "diag", "sgn": "sign", "Sign": "sign",
    "ReLU": "relu", "Relu": "relu", "RELU": "relu", "Softmax": "softmax", "SoftMax": "softmax", "Sigmoid": "sigmoid",
    "LogSoftmax": "log_softmax", "logsoftmax": "log_softmax", "LogSoftMax": "log_softmax", "lse": "logsumexp", "LSE": "logsumexp",
    "atan": "arctan", "asin": "arcsin", "acos": "arccos", "expit": "sigmoid", "sigm": "sigmoid", "logsig": "sigmoid", "Softplus": "softplus", "th": "tanh",
    "Tanh": "tanh", "GELU": "gelu", "SiLU": "silu", "swish": "silu", "Swish": "silu", "Var": "var", "logistic": "sigmoid",
    "Vec": "vec", "Det": "det", "arg\\,max": "argmax", "arg\\,min": "argmin", "sech": "sech", "cot": "cot", "sec": "sec",
    "step": "step", "heaviside": "step", "Heaviside": "step",
}  # fmt: skip
PLAIN_WORDS = tuple(sorted((w for w in FUNCTIONS if len(w) > 1 and w.isalpha() and w != "th"), key=len, reverse=True))
BIG = {"sum": "sum", "prod": "prod", "max": "max", "min": "min", "argmax": "argmax", "argmin": "argmin"}

OPERATORS = {
    "cdot": "CDOT", "times": "TIMES", "odot": "ODOT", "circ": "ODOT", "otimes": "OTIMES", "ast": "AST", "star": "AST",
    "oslash": "OSLASH", "div": "SLASH", "bullet": "CDOT", "circledast": "AST", "pm": "PM", "mp": "PM", "hadamard": "ODOT",
}  # fmt: skip
RELATIONS = {
    "eq": "=", "coloneqq": ":=", "equiv": "=", "triangleq": ":=", "approx": "~", "simeq": "~", "doteq": ":=", "propto": "prop",
    "ne": "!=", "neq": "!=", "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=", "geq": ">=", "geqslant": ">=", "lt": "<",
    "gt": ">", "succeq": ">=", "preceq": "<=", "succ": ">", "prec": "<", "in": "in", "notin": "notin", "ll": "<", "gg": ">", "sim": "~dist", "leftarrow": "<-", "gets": "<-",
    "to": "->", "rightarrow": "->", "mapsto": "->", "longrightarrow": "->", "mid": "|", "subset": "sub", "subseteq": "sub",
    "overset": "=", "setminus": "without", "backslash": "without",
}  # fmt: skip
CONSTANT = re.compile(r"(?i)(?:const|konst|cst|cte|constant|konstante|constante|costante)\.?")
# What is known and not worked out: the command, and what it writes.
BEYOND = {
    **dict.fromkeys(["int", "iint", "iiint", "oint"], "integrals"), **dict.fromkeys(["lim", "limsup", "liminf", "sup", "inf"], "limits"),
}  # fmt: skip
SEPARATORS = frozenset(
    ["quad", "qquad", "Rightarrow", "Longrightarrow", "implies", "iff", "Leftrightarrow", "Longleftrightarrow", "therefore", "because", "land", "wedge", "lor", "vee", "hence", "newline", "hfill", "hspace", "rightsquigarrow", "leadsto", "impliedby", "Leftarrow", "Longleftarrow", "checkmark", "square", "blacksquare", "qed", "qedhere", "qedsymbol"]
)  # fmt: skip
SPACES = frozenset(
    [",", ";", ":", "!", ">", "/", "displaystyle", "textstyle", "scriptstyle", "limits", "nolimits", "nonumber", "notag", "thinspace", "medspace", "thickspace", "negthinspace", "left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr", "bigm", "Bigm", "relax", "strut", "hline", "mathstrut", "noindent", "left.", "right.", "smallskip", "null", "par"]
)  # fmt: skip
DOTS = frozenset(["ldots", "cdots", "dots", "vdots", "ddots", "dotsc", "dotsb", "dotso"])
WITH_ARGUMENT_DROPPED = frozenset(
    [
        "label",
        "tag",
        "vspace",
        "phantom",
        "hphantom",
        "vphantom",
        "cssId",
        "class",
        "color",
        "tag*",
        "mathstrut",
    ]
)
TRANSPOSED = frozenset(["Top", "T", "intercal", "top", "tp", "trans", "transp", "transpose"])
MATRIX_ENVIRONMENTS = frozenset(["matrix", "bmatrix", "pmatrix", "vmatrix", "Bmatrix", "smallmatrix", "array"])
CASES_ENVIRONMENTS = frozenset(["cases", "dcases", "rcases"])
ROW_ENVIRONMENTS = frozenset(
    ["align", "align*", "aligned", "gather", "gather*", "gathered", "split", "multline", "multline*", "equation", "equation*", "eqnarray", "eqnarray*", "alignat", "alignat*", "alignedat", "flalign", "flalign*", "displaymath", "math", "dmath"]
)  # fmt: skip

# A character, or what a keyboard offers, as the LaTeX that it stands for.
UNICODE = {
    "∂": r"\partial ", "∇": r"\nabla ", "∑": r"\sum ", "∏": r"\prod ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "×": r"\times ",
    "⊙": r"\odot ", "∘": r"\circ ", "⊗": r"\otimes ", "∗": r"\ast ", "⊘": r"\oslash ", "÷": r"\div ", "−": "-", "–": "-", "≤": r"\le ",
    "≥": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "≡": r"\equiv ", "∈": r"\in ", "∉": r"\notin ", "→": r"\to ", "←": r"\leftarrow ",
    "⇒": r"\Rightarrow ", "⟹": r"\Longrightarrow ", "⇔": r"\iff ", "∝": r"\propto ", "∞": r"\infty ", "√": r"\sqrt ", "‖": r"\|",
    "∥": r"\|", "∣": "|", "⊤": r"\top ", "…": r"\ldots ", "⋯": r"\cdots ", "⟨": r"\langle ", "⟩": r"\rangle ", "ℝ": r"\mathbb{R}",
    "′": "'", "’": "'", "ℓ": r"\ell ", "½": r"\frac{1}{2}", "¼": r"\frac{1}{4}", "⌊": r"\lfloor ", "⌋": r"\rfloor ",
    "𝟙": r"\mathbb{1}", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "≔": ":=", "ᵗ": r"^\top ", "⟂": r"\perp ", "ẟ": r"\delta ",
    "ϵ": r"\epsilon ", "ϕ": r"\phi ", "ϑ": r"\theta ", "ς": r"\sigma ", "µ": r"\mu ", "∼": r"\sim ", "±": r"\pm ", "ϱ": r"\rho ",
    **dict(zip("αβγδεζηθικλμνξπρστυφχψω", (f"\\{n} " for n in ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"]), strict=True)),
    **dict(zip("ΓΔΘΛΞΠΣΥΦΨΩ", (f"\\{n} " for n in ["Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"]), strict=True)),
}  # fmt: skip
SUPERSCRIPTS = dict(
    zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵀⁿⁱᵐᵏᵈᵖᵃᵇᶜᵉᶠᵍʰʲˡᵒʳˢᵘᵛʷˣʸᶻᴺᴹᴷᴾᴰ", "0123456789+-()TnimkdpabcefghjlorsuvwxyzNMKPD", strict=True)
)
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-()aehijklmnoprstuvx", strict=True))

# What opens and closes, and the commands that change its size.
FENCES = {"langle": "LANGLE", "rangle": "RANGLE", "lfloor": "LFLOOR", "rfloor": "RFLOOR", "lVert": "LNORM", "rVert": "RNORM",
           "lvert": "LABS", "rvert": "RABS", "lbrace": "LCURLY", "rbrace": "RCURLY", "lbrack": "LBRACK", "rbrack": "RBRACK",
           "{": "LCURLY", "}": "RCURLY"}  # fmt: skip
OPENERS = frozenset(["left", "big", "Big", "bigg", "Bigg", "bigl", "Bigl", "biggl", "Biggl"])
CLOSERS = frozenset(["right", "bigr", "Bigr", "biggr", "Biggr"])

# Tokens after which an operand is over.
ENDS_OPERAND = frozenset(
    [
        "NUMBER",
        "SYMBOL",
        "RPAR",
        "RBRACK",
        "RCURLY",
        "RBRACE",
        "RINDEX",
        "RNORM",
        "RABS",
        "PRIME",
        "TOP",
        "RANGLE",
        "RFLOOR",
        "ENDM",
        "ENDCASES",
        "DOTS",
        "MARK",
    ]
)
