//! Random rounding of counts by cell keys. A cell's key is computed from the keys of its units, so cells with equal units are
//! rounded equally in every cube, release and dimension.

use crate::release::columns::bare_column;
use arrow_array::builder::Int64Builder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array};
use arrow_schema::DataType;
use datafusion::functions_aggregate::expr_fn::sum_distinct;
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast,
};
use std::fmt;
use std::sync::Arc;

/// Secret for the rounding in one dataset.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CellKeys([u8; 32]);

impl fmt::Debug for CellKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lots")
    }
}

impl CellKeys {
    /// Derives the secret of a dataset from the owner's secret.
    pub(super) fn for_dataset(secret: &[u8; 32], dataset: &hansa_policy::id::DatasetId) -> Self {
        let label = format!("hansa/cell-key/1\0{dataset}");
        Self(*blake3::keyed_hash(secret, label.as_bytes()).as_bytes())
    }

    /// Key of a group of rows: computed over its distinct units, independent of their order.
    pub(super) fn key(self, unit: Expr) -> Expr {
        let keyed = ScalarUDF::from(CellKeyFunction::new(self, CellKeyOperation::Unit));
        sum_distinct(keyed.call(vec![cast(unit, DataType::Utf8)]))
    }

    /// Count rounded to a multiple of `base`. It is rounded up with a probability proportional to the remainder, decided by the
    /// key.
    pub(super) fn rounded_count(self, count: &str, key: &str, base: u32) -> Expr {
        let rounded = ScalarUDF::from(CellKeyFunction::new(self, CellKeyOperation::Round(base)));
        rounded.call(vec![bare_column(count), bare_column(key)])
    }

    fn unit(self, unit: &str) -> i64 {
        let hash = blake3::keyed_hash(&self.0, unit.as_bytes());
        let [a, b, c, d, ..] = hash.as_bytes();
        i64::from(u32::from_le_bytes([*a, *b, *c, *d]) >> 1)
    }

    fn round(self, count: i64, key: i64, base: u32) -> i64 {
        let label = [b"round".as_slice(), &key.to_le_bytes()].concat();
        let hash = blake3::keyed_hash(&self.0, &label);
        let [a, b, c, d, e, f, g, h, ..] = hash.as_bytes();
        let lot = u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
        // Uniform number below the base, with a bias of at most 2^-50.
        let lot = u128::from(lot).saturating_mul(u128::from(base)) >> 64;
        let base = i64::from(base);
        let over = count.rem_euclid(base);
        let down = count.saturating_sub(over);
        match i64::try_from(lot) {
            Ok(lot) if lot < over => down.saturating_add(base),
            _ => down,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CellKeyFunction {
    keys: CellKeys,
    operation: CellKeyOperation,
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum CellKeyOperation {
    Unit,
    Round(u32),
}

impl CellKeyFunction {
    fn new(cell_keys: CellKeys, operation: CellKeyOperation) -> Self {
        let arguments = match operation {
            CellKeyOperation::Unit => 1,
            CellKeyOperation::Round(_) => 2,
        };
        Self {
            keys: cell_keys,
            operation,
            signature: Signature::any(arguments, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for CellKeyFunction {
    fn name(&self) -> &'static str {
        match self.operation {
            CellKeyOperation::Unit => "unit_key",
            CellKeyOperation::Round(_) => "rounded_by_key",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let made: ArrayRef = match (self.operation, arrays.as_slice()) {
            (CellKeyOperation::Unit, [units]) => {
                let Some(units) = units.as_string_opt::<i32>() else {
                    return exec_err!("a unit is a text");
                };
                let keys = units
                    .iter()
                    .map(|unit| unit.map(|unit| self.keys.unit(unit)));
                Arc::new(keys.collect::<Int64Array>())
            }
            (CellKeyOperation::Round(base), [counts, keys]) => {
                let whole = |array: &ArrayRef| array.as_primitive_opt::<Int64Type>().cloned();
                let (Some(counts), Some(keys)) = (whole(counts), whole(keys)) else {
                    return exec_err!("counts and keys are whole numbers");
                };
                let mut made = Int64Builder::with_capacity(counts.len());
                for (count, key) in counts.iter().zip(&keys) {
                    // A group without units has the key 0.
                    let key = key.unwrap_or(0);
                    made.append_option(count.map(|count| self.keys.round(count, key, base)));
                }
                Arc::new(made.finish())
            }
            _ => return exec_err!("another number of arguments"),
        };
        Ok(ColumnarValue::Array(made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_up_as_often_as_what_is_left_over() {
        let cell_keys = CellKeys([5; 32]);
        for base in [2, 3, 5, 10] {
            for count in 0..25_i64 {
                let up = (0..2000)
                    .filter(|key| {
                        let rounded = cell_keys.round(count, *key, base);
                        assert_eq!(rounded % i64::from(base), 0);
                        assert!((rounded - count).abs() < i64::from(base));
                        rounded > count
                    })
                    .count();
                let due = 2000 * (count % i64::from(base)) / i64::from(base);
                assert!(
                    (up as i64 - due).abs() < 120,
                    "{base} {count}: {up} of {due}"
                );
            }
        }
    }
}
