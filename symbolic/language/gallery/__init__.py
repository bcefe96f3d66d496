"""The gallery: models to derive, print and train, each as its loss.

>>> loss = GALLERY["softmax-regression"].build()
>>> loss.name, loss.shape
('C', ())
"""

from symbolic.language.gallery import chapter, classical, networks, transformers
from symbolic.language.gallery.entry import KINDS, Entry, named

GALLERY: dict[str, Entry] = {
    entry.name: entry for module in (chapter, classical, networks, transformers) for entry in module.MODELS
}

__all__ = ["GALLERY", "KINDS", "Entry", "named"]
