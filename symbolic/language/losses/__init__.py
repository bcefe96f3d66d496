"""Losses: scalar costs of a prediction and a target, written for one sample.

A loss is an ordinary function of tensors (or of arrays), and its derivative follows from the formula. Entry-wise losses
sum over all entries unless ``reduction`` says ``"mean"`` or ``"none"``; losses of a vector along an axis take the mean
over the remaining axes. ``symbolic.average_loss`` makes the mean over samples.
"""
