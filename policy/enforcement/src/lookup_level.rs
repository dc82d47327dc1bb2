//! Level of a value in a published table. It can't fail, so that a mask can't fail: a value that is not in the table gives NULL.

use crate::string_view::TEXT;
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use hansa_audit_log::digest::Digest;
use hansa_policy::published_list::hierarchy_table::HierarchyTable;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Expression for the value of `column` on the level number `level` of `levels`, the table whose file has the digest `table`.
pub(crate) fn lookup_level_expr(
    column: Expr,
    table: Digest,
    levels: &Arc<HierarchyTable>,
    level: usize,
) -> Expr {
    let made = LookupLevelFunction {
        table,
        levels: Arc::clone(levels),
        level,
        signature: Signature::any(1, Volatility::Immutable),
    };
    ScalarUDF::from(made).call(vec![column])
}

/// Function with its table. Comparisons use the digest, which determines the table.
struct LookupLevelFunction {
    table: Digest,
    levels: Arc<HierarchyTable>,
    level: usize,
    signature: Signature,
}

impl fmt::Debug for LookupLevelFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Level")
    }
}

impl PartialEq for LookupLevelFunction {
    fn eq(&self, other: &Self) -> bool {
        self.table == other.table && self.level == other.level
    }
}

impl Eq for LookupLevelFunction {}

impl Hash for LookupLevelFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.table.hash(state);
        self.level.hash(state);
    }
}

impl ScalarUDFImpl for LookupLevelFunction {
    fn name(&self) -> &'static str {
        "level"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(TEXT)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), TEXT, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [values] = arrays.as_slice() else {
            return exec_err!("one argument");
        };
        self.look_up_levels(values).map(ColumnarValue::Array)
    }
}

impl LookupLevelFunction {
    fn look_up_levels(&self, values: &ArrayRef) -> Result<ArrayRef> {
        match values.data_type() {
            DataType::Utf8View => Ok(self.map_values(values.as_string_view().iter())),
            DataType::Int64 => {
                let numbers = values.as_primitive::<Int64Type>().iter();
                Ok(self.map_values(numbers.map(|number| number.map(|number| number.to_string()))))
            }
            _ => exec_err!("a column of another type than the mask was made for"),
        }
    }

    fn map_values<T: AsRef<str>>(&self, values: impl Iterator<Item = Option<T>>) -> ArrayRef {
        let mut made = StringViewBuilder::new();
        for value in values {
            let known = value.as_ref().map(AsRef::as_ref);
            made.append_option(
                known.and_then(|value| self.levels.value_at_level(value, self.level)),
            );
        }
        Arc::new(made.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion_common::arrow::array::{Int64Array, StringViewArray};

    #[test]
    fn what_the_table_does_not_know_is_null() {
        let mut levels = HierarchyTable::new(vec!["a".to_owned(), "b".to_owned()]);
        let said = |text: &str| Some(text.to_owned());
        assert!(levels.add_value("1".to_owned(), vec![said("x"), said("y")]));
        assert!(levels.add_value("2".to_owned(), vec![said("x"), None]));
        let made = LookupLevelFunction {
            table: Digest::of(b""),
            levels: Arc::new(levels),
            level: 1,
            signature: Signature::any(1, Volatility::Immutable),
        };
        let texts = [Some("1"), Some("2"), Some("3"), Some(" 1"), None];
        let arrays: [ArrayRef; 2] = [
            Arc::new(StringViewArray::from(texts.to_vec())),
            Arc::new(Int64Array::from(vec![
                Some(1),
                Some(2),
                Some(3),
                Some(-1),
                None,
            ])),
        ];
        for array in arrays {
            let shown = made.look_up_levels(&array).unwrap();
            let shown: Vec<_> = shown.as_string_view().iter().collect();
            assert_eq!(shown, [Some("y"), None, None, None, None]);
        }
    }
}
