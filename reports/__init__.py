"""chainrule's documents: derivations, verdicts and training runs in every format, and the command line."""
