"""A row of d numbers as a type of the compiler: vector registers, as many as the constant d needs.

Numba leaves LLVM's vectoriser of straight-line code off, so a loop over a constant d stays scalar. As one value of this
type, a row is loaded, added and stored by whole registers, and the order of the sums is that of the plain loop.
"""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model
from numba.np.arrayobj import make_array

from onehot._kernels._cache_size import LINE

__all__ = ["fill", "load", "plus", "prefetch", "prefetch_row", "store", "times"]

REGISTER_BITS = 512  # where registers are shorter, LLVM splits them


class Row(types.Type):
    """d numbers in vector registers, each as wide as the largest power of two that still fits."""

    def __init__(self, dtype: types.Type, d: int) -> None:
        super().__init__(name=f"Row({dtype}, {d})")
        self.dtype = dtype
        self.widths: list[int] = []
        width = REGISTER_BITS // dtype.bitwidth
        while d:
            width = min(width, 1 << d.bit_length() - 1)
            self.widths.append(width)
            d -= width


@register_model(Row)
class _RowModel(models.PrimitiveModel):
    def __init__(self, manager, row):
        number = manager.lookup(row.dtype).get_value_type()
        super().__init__(manager, row, ir.LiteralStructType([ir.VectorType(number, width) for width in row.widths]))


@intrinsic(prefer_literal=True)
def fill(typing_context, array, number, d):
    """Make a row of d times `number`; of the array only its dtype is asked."""
    row = Row(array.dtype, d.literal_value)

    def generate(context, builder, signature, args):
        registers = []
        for register in context.get_value_type(row).elements:
            first = builder.insert_element(ir.Constant(register, ir.Undefined), args[1], ir.IntType(32)(0))
            everywhere = ir.Constant(ir.VectorType(ir.IntType(32), register.count), [0] * register.count)
            registers.append(builder.shuffle_vector(first, first, everywhere))
        return _pack(builder, registers)

    return row(array, array.dtype, d), generate


@intrinsic(prefer_literal=True)
def load(typing_context, array, i, column, d):
    """Read ``array[i, column : column + d]``."""
    row = Row(array.dtype, d.literal_value)

    def generate(context, builder, signature, args):
        pointers = _pointers(context, builder, array, row, *args[:3])
        return _pack(builder, [builder.load(pointer, align=array.dtype.bitwidth // 8) for pointer in pointers])

    return row(array, types.intp, types.intp, d), generate


@intrinsic
def store(typing_context, array, i, column, row):
    """Write a row over ``array[i, column : column + d]``."""

    def generate(context, builder, signature, args):
        *place, value = args
        for k, pointer in enumerate(_pointers(context, builder, array, row, *place)):
            builder.store(builder.extract_value(value, k), pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, row), generate


@intrinsic(prefer_literal=True)
def prefetch(typing_context, array, i, column, d):
    """Prefetch a row: have it loaded into the cache, and do not wait for it."""

    def generate(context, builder, signature, args):
        byte, i32 = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, i32, i32, i32])
        instruction = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        fields = make_array(array)(context, builder, args[0])
        start = cgutils.get_item_pointer(context, builder, array, fields, args[1:3])
        for_reading, second_level, data = i32(0), i32(2), i32(1)  # the first-level cache can have fewer loads pending
        number = array.dtype.bitwidth // 8
        # The last number too: a row that begins within a line ends in one more.
        for offset in {*range(0, d.literal_value * number, LINE), (d.literal_value - 1) * number}:
            line = builder.gep(builder.bitcast(start, byte), [ir.IntType(64)(offset)])
            builder.call(instruction, [line, for_reading, second_level, data])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, d), generate


@njit
def prefetch_row(array, i):
    """Prefetch all columns of a row, where their number is not a constant."""
    for column in range(0, array.shape[1], LINE // array.itemsize):
        prefetch(array, i, column, 1)
    prefetch(array, i, array.shape[1] - 1, 1)


def _register_by_register(operation):
    @intrinsic
    def operate(typing_context, left, right):
        def generate(context, builder, signature, args):
            pairs = [[builder.extract_value(row, k) for row in args] for k in range(len(left.widths))]
            return _pack(builder, [getattr(builder, operation)(*pair) for pair in pairs])

        return left(left, left), generate

    return operate


plus, times = _register_by_register("fadd"), _register_by_register("fmul")


def _pointers(context, builder, array, row, value, i, column):
    """Yield where each register of a row stands in memory; out of bounds, it raises if Numba's checks are on."""
    fields, check = make_array(array)(context, builder, value), context.enable_boundscheck
    for register in context.get_value_type(row).elements:
        next_column = builder.add(column, column.type(register.count))
        if check:  # the last number of the register
            last = builder.sub(next_column, column.type(1))
            cgutils.get_item_pointer(context, builder, array, fields, [i, last], boundscheck=True)
        pointer = cgutils.get_item_pointer(context, builder, array, fields, [i, column], boundscheck=check)
        yield builder.bitcast(pointer, register.as_pointer())
        column = next_column


def _pack(builder, registers):
    row = ir.Constant(ir.LiteralStructType([register.type for register in registers]), ir.Undefined)
    for k, register in enumerate(registers):
        row = builder.insert_value(row, register, k)
    return row
