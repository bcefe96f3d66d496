"""From the syntax tree to tensors: declared shapes decide what a juxtaposition, a subscript or a superscript means."""
