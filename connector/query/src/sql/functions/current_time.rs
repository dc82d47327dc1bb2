//! `now()` and its aliases: the instant at which the question was admitted, constant for the whole question.

use datafusion::arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use hansa_audit_log::time::UtcTimestamp;

/// Names of these functions.
pub const NAMES: [&str; 4] = ["now", "current_timestamp", "current_date", "today"];

/// Function with this name, which returns `now`.
#[must_use]
pub fn current_time_function(name: &str, now: UtcTimestamp) -> Option<ScalarUDF> {
    let (name, value) = match name {
        "now" | "current_timestamp" => (
            "now",
            ScalarValue::TimestampMicrosecond(Some(now.micros()), Some("UTC".into())),
        ),
        "current_date" | "today" => (
            "current_date",
            ScalarValue::Date32(i32::try_from(now.micros().div_euclid(86_400_000_000)).ok()),
        ),
        _ => return None,
    };
    Some(ScalarUDF::from(CurrentTimeFunction {
        name,
        value,
        signature: Signature::nullary(Volatility::Immutable),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CurrentTimeFunction {
    name: &'static str,
    value: ScalarValue,
    signature: Signature,
}

impl ScalarUDFImpl for CurrentTimeFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.value.data_type())
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(self.value.clone()))
    }
}
