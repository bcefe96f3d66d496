"""Mathematical alphabets: letters as Unicode has them in bold, double-struck, script and the rest.

Browsers draw these; of MathML's ``mathvariant`` they know only ``normal``.
"""

from __future__ import annotations

# Where each alphabet starts: A, a, 0, Α, α (None: it has none).
STARTS: dict[str, tuple[int | None, int | None, int | None, int | None, int | None]] = {
    "bold": (0x1D400, 0x1D41A, 0x1D7CE, 0x1D6A8, 0x1D6C2),
    "italic": (0x1D434, 0x1D44E, None, 0x1D6E2, 0x1D6FC),
    "bold-italic": (0x1D468, 0x1D482, 0x1D7CE, 0x1D71C, 0x1D736),
    "script": (0x1D49C, 0x1D4B6, None, None, None),
    "fraktur": (0x1D504, 0x1D51E, None, None, None),
    "double-struck": (0x1D538, 0x1D552, 0x1D7D8, None, None),
    "sans-serif": (0x1D5A0, 0x1D5BA, 0x1D7E2, None, None),
    "sans-serif-bold": (0x1D5D4, 0x1D5EE, 0x1D7EC, 0x1D756, 0x1D770),
    "monospace": (0x1D670, 0x1D68A, 0x1D7F6, None, None),
}
# Letters that Unicode had before the alphabets and left out of them.
EXCEPTIONS = {
    "italic": {"h": "ℎ"},
    "script": dict(zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)),
    "fraktur": dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True)),
    "double-struck": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)),
}
GREEK_VARIANTS = "∂ϵϑϰϕϱϖ"  # after ω in the alphabets, in this order
NABLA = 25  # the place of ∇ after Α, just before α


def styled(character: str, variant: str) -> str:
    """The character in that alphabet, or itself where the alphabet lacks it.

    >>> styled("W", "bold") + styled("θ", "bold-italic") + styled("1", "double-struck") + styled("+", "bold")
    '𝐖𝜽𝟙+'
    """
    if character in EXCEPTIONS.get(variant, {}):
        return EXCEPTIONS[variant][character]
    upper, lower, digit, greek_upper, greek_lower = STARTS.get(variant, (None,) * 5)
    places = (
        (upper, "A", "Z"),
        (lower, "a", "z"),
        (digit, "0", "9"),
        (greek_upper, "Α", "Ω"),
        (greek_lower, "α", "ω"),
    )
    for start, first, last in places:
        if start is not None and first <= character <= last:
            return chr(start + ord(character) - ord(first))
    if greek_lower is not None and character in GREEK_VARIANTS:
        return chr(greek_lower + NABLA + GREEK_VARIANTS.index(character))
    if greek_upper is not None and character == "∇":
        return chr(greek_upper + NABLA)
    return character


def plain_letter(character: str) -> str:
    """The letter without its alphabet: the inverse of ``styled``, for fonts and ears that know only plain ones."""
    return PLAIN.get(character, character)


PLAIN = {
    styled(letter, variant): letter
    for variant in STARTS
    for letter in (
        *map(chr, range(ord("A"), ord("Z") + 1)),
        *map(chr, range(ord("a"), ord("z") + 1)),
        *map(chr, range(ord("Α"), ord("Ω") + 1)),
        *map(chr, range(ord("α"), ord("ω") + 1)),
        *"0123456789∇",
        *GREEK_VARIANTS,
    )
    if styled(letter, variant) != letter
}
