//! Removal of values under NULLs. Readers leave values of other rows there, including hidden rows, and messages would contain them.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float64Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, StringViewArray};
use arrow_schema::{DataType, TimeUnit};
use std::sync::Arc;

/// Copy of a column with default values under its NULLs.
pub(super) fn blank_null_values(column: &ArrayRef) -> ArrayRef {
    let Some(nulls) = column.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Arc::clone(column);
    };
    match column.data_type() {
        DataType::Boolean => {
            let values = column.as_boolean().values() & nulls.inner();
            Arc::new(BooleanArray::new(values, Some(nulls.clone())))
        }
        DataType::Int64 => scrub_primitive::<Int64Type>(column),
        DataType::Float64 => scrub_primitive::<Float64Type>(column),
        DataType::Decimal128(..) => scrub_primitive::<Decimal128Type>(column),
        DataType::Date32 => scrub_primitive::<Date32Type>(column),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            scrub_primitive::<TimestampMicrosecondType>(column)
        }
        DataType::Utf8View => Arc::new(scrub_texts(column.as_string_view())),
        // Other types are never stored.
        _ => Arc::clone(column),
    }
}

/// Copy of a text column with empty views under its NULLs. The texts are not copied, since many views may refer to one text.
fn scrub_texts(column: &StringViewArray) -> StringViewArray {
    let views = column.views().iter().enumerate();
    let views: Vec<u128> = views
        .map(|(row, view)| if column.is_valid(row) { *view } else { 0 })
        .collect();
    let buffers = column.data_buffers().to_vec();
    StringViewArray::try_new(views.into(), buffers, column.nulls().cloned())
        .unwrap_or_else(|_| column.iter().collect())
}

fn scrub_primitive<T: ArrowPrimitiveType>(column: &ArrayRef) -> ArrayRef {
    let array = column.as_primitive::<T>();
    let values: Vec<T::Native> = array
        .iter()
        .map(|value| value.unwrap_or_default())
        .collect();
    let blank = PrimitiveArray::<T>::new(values.into(), array.nulls().cloned());
    Arc::new(blank.with_data_type(array.data_type().clone()))
}

#[cfg(test)]
mod tests {
    use super::blank_null_values;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array};
    use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
    use std::sync::Arc;

    #[test]
    fn leaves_nothing_under_a_null() {
        let nulls = NullBuffer::from(vec![true, false, true]);
        let numbers: ArrayRef =
            Arc::new(Int64Array::new(vec![1, 777, 3].into(), Some(nulls.clone())));
        let blank = blank_null_values(&numbers);
        assert_eq!(
            blank.as_primitive::<Int64Type>().values().to_vec(),
            [1, 0, 3]
        );
        assert_eq!(&blank, &numbers);
        let bits = BooleanBuffer::from(vec![true, true, false]);
        let flags: ArrayRef = Arc::new(BooleanArray::new(bits, Some(nulls)));
        assert!(!blank_null_values(&flags).as_boolean().values().value(1));
        assert_eq!(blank_null_values(&flags).null_count(), 1);
    }
}
