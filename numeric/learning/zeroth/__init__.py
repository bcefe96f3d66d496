"""Zeroth-order methods: they compare values of the loss and ask for no gradient (L10)."""
