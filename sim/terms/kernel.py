"""`@kernel`: numba's njit with a disk cache that cannot be stale.

Numba keys its cache on one file, so an edit in a callee or in a constant of another file would go
unseen; compile flags are not in its key either. Ours is stamped with every source file and the flags.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
import numpy
from numba import types
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)
from numba.extending import intrinsic

from sim.terms.linking import CalledCompiler, LinkedCompiler

ROOT = Path(__file__).resolve().parents[1]
KEPT_STAMPS = 3
F = TypeVar("F", bound=Callable[..., Any])

# Only these folders hold kernels or constants that kernels read.
KERNEL_FOLDERS = (
    "terms",
    "tables",
    "rules",
    "strategies",
    "margin_regimes",
    "liquidation_policies",
    "waterfall_layers",
    "price_sources",
    "engine",
)


@lru_cache(maxsize=1)
def source_stamp() -> str:
    """SHA-256 over compiler versions, compile flags and all kernel sources, as hex."""
    flags = (numba.__version__, llvmlite.__version__, numpy.__version__, numba.config.BOUNDSCHECK, numba.config.OPT)
    digest = sha256(repr(flags).encode())
    sources = [p for folder in KERNEL_FOLDERS for p in (ROOT / folder).rglob("*.py")]
    for path in sorted([*sources, ROOT / "streams.py"]):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _stamped(base: type) -> type:
    class Locator(base):  # type: ignore[misc]
        def get_source_stamp(self) -> str:
            return source_stamp()

        def get_disambiguator(self) -> str:
            return f"{self._lineno}-{source_stamp()[:12]}"

    return Locator


class _KernelCacheImpl(CompileResultCacheImpl):
    _locator_classes = [_stamped(c) for c in (UserProvidedCacheLocator, InTreeCacheLocator, UserWideCacheLocator)]


class _KernelCache(FunctionCache):
    _impl_class = _KernelCacheImpl


def kernel(function: F) -> F:
    """Compile `function` when compiled code first calls it; a plain function when the JIT is off.

    A constant in a call counts as its type: numba would compile one variant per constant otherwise.
    Compiled callers link `linked`, which has no machine code of its own; a call from Python compiles the kernel itself.
    """
    return _linked_by_type(function, no_cfunc_wrapper=True)


def phase(function: F) -> F:
    """A kernel that is written into its only caller: every level of calls costs another pass over all beneath it."""
    return _linked_by_type(function, no_cfunc_wrapper=True, inline="always")


def _linked_by_type(function: F, **options: Any) -> F:
    dispatcher = numba.njit(pipeline_class=CalledCompiler, **options)(function)
    if not hasattr(dispatcher, "enable_caching"):  # a plain function when the JIT is off
        return dispatcher
    linked = numba.njit(pipeline_class=LinkedCompiler, **options)(function)

    def get_call_template(args: Sequence[Any], kws: Mapping[str, Any]) -> Any:
        plain = {name: types.unliteral(kind) for name, kind in kws.items()}
        return linked.get_call_template(tuple(types.unliteral(kind) for kind in args), plain)

    dispatcher.get_call_template = get_call_template
    dispatcher.get_overload = linked.get_overload
    dispatcher.linked = linked
    return dispatcher


def entry(function: F) -> F:
    """A kernel that Python calls: its machine code, with all that lies beneath, is kept on disk."""
    dispatcher = kernel(function)
    if hasattr(dispatcher, "enable_caching"):
        dispatcher._cache = _KernelCache(function)
    return dispatcher


@intrinsic
def _never_inline(_context: Any) -> Any:
    def codegen(context: Any, builder: Any, _signature: Any, _args: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.none(), codegen


def _nothing() -> None:
    return None


# Called first in a kernel that many others call: each caller would otherwise compile its own copy of the body.
never_inline = _nothing if numba.config.DISABLE_JIT else _never_inline


def prune_cache() -> None:
    """Delete cache files of all but the newest source stamps (each edit leaves some megabytes behind)."""
    for folder in ROOT.rglob("__pycache__"):
        files = [p for p in folder.iterdir() if p.suffix in (".nbi", ".nbc")]
        newest: dict[str, float] = {}
        for path in files:
            stamp = _stamp_of(path.name)
            newest[stamp] = max(newest.get(stamp, 0.0), path.stat().st_mtime)
        kept = set(sorted(newest, key=lambda s: -newest[s])[:KEPT_STAMPS]) | {source_stamp()[:12]}
        for path in files:
            if _stamp_of(path.name) not in kept:
                path.unlink(missing_ok=True)


def _stamp_of(name: str) -> str:
    head = name.split(".py")[0]
    return head.rsplit("-", 1)[-1]


__all__ = ["entry", "kernel", "never_inline", "phase", "prune_cache", "source_stamp"]
