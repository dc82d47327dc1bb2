"""The comparison of two answers."""

import pyarrow
import pyarrow.compute as pc


def compare(name, ours, theirs):
    """Ends the run where an answer is not the other one, but for the order of rows and the last digits of a number."""
    if ours.num_rows != theirs.num_rows or ours.num_columns != theirs.num_columns:
        size = lambda table: f"{table.num_rows} rows of {table.num_columns} columns"
        raise SystemExit(f"{name}: {size(ours)}, and beside it {size(theirs)}")
    # A quotient of decimals has the digits of its type.
    scales = [kind.scale if pyarrow.types.is_decimal(kind) else 9 for kind in ours.schema.types]
    ours, theirs = sort(ours), sort(theirs)
    for place, (one, other) in enumerate(zip(ours.columns, theirs.columns)):
        equal = pc.equal(one, other)
        if pyarrow.types.is_floating(one.type):
            allowed = pc.add(pc.multiply(pc.abs(other), 1e-9), max(10.0 ** -scales[place], 1e-9))
            equal = pc.or_(equal, pc.less_equal(pc.abs(pc.subtract(one, other)), allowed))
        both_null = pc.and_(pc.is_null(one), pc.is_null(other))
        differs = pc.invert(pc.fill_null(pc.or_kleene(equal, both_null), False))
        if pc.any(differs).as_py():
            row = pc.index(differs, True).as_py()
            raise SystemExit(f"{name}, column {place}: {one[row].as_py()!r}, and beside it {other[row].as_py()!r}")


def sort(table):
    """The rows in one order, with numbers as floats, times as timestamps, and texts without what fills them up."""
    columns = [normalise(column).combine_chunks() for column in table.columns]
    names = [str(place) for place in range(len(columns))]
    table = pyarrow.table(columns, names=names)
    # Sums of floats differ in their last digits, so that they come last.
    by_kind = sorted(names, key=lambda name: pyarrow.types.is_floating(table.schema.field(name).type))
    return table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in by_kind]))


def normalise(column):
    is_of, kind = pyarrow.types, column.type
    if is_of.is_decimal(kind) or is_of.is_floating(kind) or is_of.is_integer(kind):
        # A sum of integers may be a decimal on one side.
        return column.cast(pyarrow.float64(), safe=False)
    if is_of.is_timestamp(kind) or is_of.is_date(kind):
        return column.cast(pyarrow.timestamp("us"))
    if is_of.is_string(kind) or is_of.is_large_string(kind) or is_of.is_string_view(kind):
        return pc.utf8_rtrim_whitespace(column.cast(pyarrow.string()))
    return column
