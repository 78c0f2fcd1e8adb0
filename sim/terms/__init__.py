"""Floor 1: the vocabulary and the kernel decorator."""

from sim.terms.kernel import kernel, never_inline

__all__ = ["kernel", "never_inline"]
