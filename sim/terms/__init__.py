"""Floor 1: the vocabulary and the kernel decorator."""

from sim.terms.kernel import entry, kernel, never_inline, phase

__all__ = ["entry", "kernel", "never_inline", "phase"]
