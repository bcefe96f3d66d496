"""Judging documents: each line against the model and against the line before."""
