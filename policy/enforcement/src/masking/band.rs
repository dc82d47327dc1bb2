//! Band of a value: the largest edge that is not above it.

use datafusion_common::arrow::array::{Array as _, ArrowPrimitiveType, PrimitiveArray};
use datafusion_common::arrow::buffer::{BooleanBuffer, NullBuffer};

/// Largest edge at or below each value. NULL for a value below all edges, NaN and NULL. The edges ascend.
pub(super) fn find_lower_edges<T: ArrowPrimitiveType>(
    values: &PrimitiveArray<T>,
    edges: &[T::Native],
) -> PrimitiveArray<T> {
    let Some((lowest, higher)) = edges.split_first() else {
        return PrimitiveArray::new_null(values.len());
    };
    if edges.len() > FEW {
        return values.unary_opt(|value| {
            let reached = edges.partition_point(|edge| *edge <= value);
            edges.get(reached.checked_sub(1)?).copied()
        });
    }
    let stored = values.values();
    let mut shown = vec![*lowest; stored.len()];
    for edge in higher {
        for (shown, value) in shown.iter_mut().zip(stored) {
            *shown = if *edge <= *value { *edge } else { *shown };
        }
    }
    let reached: BooleanBuffer = stored.iter().map(|value| *lowest <= *value).collect();
    let nulls = NullBuffer::union(values.nulls(), Some(&NullBuffer::new(reached)));
    PrimitiveArray::new(shown.into(), nulls)
}

/// Largest number of edges that are compared one after another, each with all values and without a branch. More edges are searched.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion_common::arrow::array::{Float64Array, Int64Array};

    /// Band of one value.
    fn band<N: PartialOrd + Copy>(value: Option<N>, edges: &[N]) -> Option<N> {
        let value = value?;
        edges.iter().copied().rfind(|edge| *edge <= value)
    }

    #[test]
    fn few_edges_and_many_give_the_greatest_that_is_reached() {
        for count in [0, 1, 2, 6, FEW, FEW + 1, 100] {
            let edges: Vec<i64> = (0..count).map(|edge| edge as i64 * 10 - 20).collect();
            let mut values: Vec<Option<i64>> = (-40..1_100).map(Some).collect();
            values.extend([None, Some(i64::MIN), Some(i64::MAX), None]);
            let expected: Int64Array = values.iter().map(|value| band(*value, &edges)).collect();
            assert_eq!(
                find_lower_edges(&Int64Array::from(values), &edges),
                expected,
                "{count}"
            );

            let edges: Vec<f64> = edges.iter().map(|edge| *edge as f64 / 4.0).collect();
            let mut values: Vec<Option<f64>> = (-80..2_200)
                .map(|value| Some(f64::from(value) / 8.0))
                .collect();
            values.extend([f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0].map(Some));
            values.push(None);
            let expected: Float64Array = values.iter().map(|value| band(*value, &edges)).collect();
            assert_eq!(
                find_lower_edges(&Float64Array::from(values), &edges),
                expected,
                "{count}"
            );
        }
    }
}
