"""Compile a kernel for compiled callers only: typed and lowered, then left to the entry that links it.

Numba optimises each function with all that lies beneath it and turns it into machine code at once, although each of
its callers does so again with a copy of its own. What only compiled code calls needs neither: half the cold compile.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from numba import _dynfunc, types
from numba.core.codegen import CodeLibrary, JITCodeLibrary
from numba.core.compiler import Compiler, CompilerBase, DefaultPassBuilder, Flags
from numba.core.compiler_machinery import LoweringPass, PassManager, register_pass
from numba.core.typed_passes import InlineOverloads, NativeLowering, NopythonRewrites
from numba.core.untyped_passes import DeadBranchPrune, InlineClosureLikes, LiteralUnroll

# Passes for closures, array expressions, `literal_unroll` and branches on types, of which kernels have none.
NOT_IN_KERNELS = (InlineClosureLikes, DeadBranchPrune, LiteralUnroll, InlineOverloads, NopythonRewrites)
SCALARS = (types.Number, types.Boolean, types.IntegerLiteral, types.BooleanLiteral)


class _LinkedLibrary(JITCodeLibrary):
    """Code that waits, beside the code that it calls, to be linked into an entry."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout
        for function in ll_module.functions:
            if not function.is_declaration:
                passes, builder = self._codegen._function_pass_manager()
                passes.run(function, builder)

    def finalize(self) -> None:
        self._linking_libraries = list(dict.fromkeys(self._linking_libraries))
        self._finalized = True

    def with_callees(self) -> list[CodeLibrary]:
        """This code and all that lies beneath it, for whoever calls it."""
        self._ensure_finalized()
        return [self, *self._linking_libraries]


@register_pass(mutates_CFG=False, analysis_only=False)
class _MakeCallable(LoweringPass):
    """Tell compiled callers where the code is; the function made here is a key and has no machine code."""

    _name = "make_callable_from_compiled_code"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        lowered = state["cr"]
        fndesc = lowered.fndesc
        name = fndesc.qualname.split(".")[-1]
        key = _dynfunc.make_function(fndesc.lookup_module(), name, "", 0, lowered.env, (state.library,))
        state.targetctx.insert_user_function(key, fndesc, state.library.with_callees())
        state["cr"] = lowered._replace(cfunc=key)
        return True


class _SettledFlags(Flags):
    """Flags that change no more and know their hash: each call that is typed looks up implementations by them."""

    __slots__ = ("_hash",)

    def __init__(self, copy_from: Flags) -> None:
        super().__init__(copy_from)
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        return self._hash


class _Flags(Flags):
    """Flags of one compilation; numba's copy of them is one object for all kernels."""

    __slots__ = ()

    def copy(self) -> Flags:
        return _settled(Flags(self))


@cache
def _settled(flags: Flags) -> _SettledFlags:
    return _SettledFlags(flags)


class _Typing:
    """Numba's typing context; what an operator or `max` makes of the same scalars is found out once for all kernels."""

    known: ClassVar[dict[tuple[Any, ...], Any]] = {}

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, function: Any, args: tuple[Any, ...], kws: Any) -> Any:
        if kws or not isinstance(function, types.Function) or not all(isinstance(kind, SCALARS) for kind in args):
            return self._context.resolve_function_type(function, args, kws)
        signature = self.known.get((function, args))
        if signature is None:
            signature = self.known[function, args] = self._context.resolve_function_type(function, args, kws)
        return signature


class LinkedCompiler(CompilerBase):
    """Numba's own pipeline, ending where the code is lowered."""

    def __init__(
        self, typingctx: Any, targetctx: Any, library: Any, args: Any, return_type: Any, flags: Any, locals: Any
    ) -> None:
        flags = _Flags(flags)
        flags.no_compile = True
        flags.no_cpython_wrapper = True
        library = _LinkedLibrary(targetctx.codegen(), "linked")
        super().__init__(_Typing(typingctx), targetctx, library, args, return_type, flags, locals)

    def define_pipelines(self) -> list[PassManager]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [row for row in passes.passes if row[0] not in NOT_IN_KERNELS]
        passes.add_pass_after(_MakeCallable, NativeLowering)
        passes.finalize()
        return [passes]


@contextmanager
def _old_objects_kept() -> Iterator[None]:
    """No garbage is collected while the compiler runs, at the price of some 300 MB.

    Its trees live as long as it runs: going through them again and again is a quarter of its time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class CalledCompiler(Compiler):
    """Numba's compiler for what Python calls; all that lies beneath is compiled on the way."""

    def compile_extra(self, func: Any) -> Any:
        with _old_objects_kept():
            return super().compile_extra(func)
