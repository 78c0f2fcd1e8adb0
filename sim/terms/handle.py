"""A table holder that compiled code takes as one pointer.

A tuple of thirty arrays costs a compiled call thirty reference counts and two hundred arguments. This holder
keeps a small array of addresses and shapes instead; `holder.name` in compiled code builds the array view from it,
without counting. Plain Python sees ordinary attributes, so kernels read the same with the JIT off.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numba import types
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, models, register_model, typeof_impl, unbox
from numba.np import numpy_support
from numba.np.arrayobj import populate_array

SLOT = 3  # words a table takes in the address array: data, first extent, second extent


class Holder:
    """Base of a record of arrays. `columns` gives dtype and number of dimensions of each, in order.

    Arrays are checked once (dtype, dimensions, C order) and must never be replaced: TypeError otherwise.
    """

    columns: Mapping[str, tuple[np.dtype, int]] = {}

    def __init__(self, **arrays: np.ndarray) -> None:
        if set(arrays) != set(self.columns):
            raise TypeError(f"tables given and declared differ: {sorted(set(arrays) ^ set(self.columns))}")
        addresses = np.zeros(SLOT * len(arrays), np.int64)
        for i, (name, (dtype, ndim)) in enumerate(self.columns.items()):
            array = arrays[name]
            if array.dtype != dtype or array.ndim != ndim or not array.flags.c_contiguous:
                raise TypeError(
                    f"table {name} is {array.dtype}, {array.ndim} dimensions; declared {dtype}, {ndim}, C order"
                )
            addresses[SLOT * i] = array.ctypes.data
            addresses[SLOT * i + 1 : SLOT * i + 1 + ndim] = array.shape
            object.__setattr__(self, name, array)
        object.__setattr__(self, "_addresses", addresses)
        object.__setattr__(self, "_pointer", addresses.ctypes.data)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{name}: tables are filled in place, never replaced")


class HolderType(types.Type):
    """The compiled type of one Holder class."""

    def __init__(self, holder: type[Holder]) -> None:
        self.holder = holder
        super().__init__(name=f"Holder({holder.__module__}.{holder.__qualname__})")

    @property
    def key(self) -> str:
        """Equal for the same class in every process, so that the disk cache hits."""
        return self.name


@register_model(HolderType)
class _HolderModel(models.OpaqueModel):
    pass


@typeof_impl.register(Holder)
def _typeof_holder(value: Holder, _context: Any) -> HolderType:
    return _type_of(type(value))


_TYPES: dict[type, HolderType] = {}


def _type_of(holder: type[Holder]) -> HolderType:
    if holder not in _TYPES:
        _TYPES[holder] = HolderType(holder)
    return _TYPES[holder]


@unbox(HolderType)
def _unbox_holder(_typ: HolderType, value: Any, context: Any) -> NativeValue:
    attribute = context.pyapi.object_getattr_string(value, "_pointer")
    address = context.pyapi.long_as_longlong(attribute)
    context.pyapi.decref(attribute)
    return NativeValue(context.builder.inttoptr(address, context.context.get_value_type(types.voidptr)))


@cache
def _array_type(dtype: np.dtype, ndim: int) -> types.Array:
    return types.Array(numpy_support.from_dtype(dtype), ndim, "C", aligned=True)


@infer_getattr
class _HolderAttribute(AttributeTemplate):
    key = HolderType

    def generic_resolve(self, typ: HolderType, attr: str) -> types.Array | None:
        column = typ.holder.columns.get(attr)
        return None if column is None else _array_type(*column)


@lower_getattr_generic(HolderType)
def _lower_holder_getattr(context: Any, builder: Any, typ: HolderType, value: Any, attr: str) -> Any:
    dtype, ndim = typ.holder.columns[attr]
    first = SLOT * list(typ.holder.columns).index(attr)
    array_type = _array_type(dtype, ndim)
    word = context.get_value_type(types.intp)
    table = builder.bitcast(value, word.as_pointer())

    # The address table never changes while compiled code runs: a load may be hoisted past any store.
    unchanging = builder.module.add_metadata([])

    def load(offset: int) -> Any:
        value = builder.load(builder.gep(table, [context.get_constant(types.intp, first + offset)]))
        value.set_metadata("invariant.load", unchanging)
        return value

    shape = [load(1 + axis) for axis in range(ndim)]
    item = context.get_constant(types.intp, dtype.itemsize)
    strides = [item]
    for axis in range(ndim - 1, 0, -1):
        strides.insert(0, builder.mul(strides[0], shape[axis]))
    array = context.make_array(array_type)(context, builder)
    data = builder.inttoptr(load(0), context.get_data_type(array_type.dtype).as_pointer())
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=item, meminfo=None)
    return array._getvalue()
