"""Learning from rewards that only come back when probed (L11), and through a differentiable stand-in for them (L12)."""
