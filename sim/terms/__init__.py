"""Floor 1: the vocabulary and the kernel decorator."""

from sim.terms.kernel import kernel

__all__ = ["kernel"]
