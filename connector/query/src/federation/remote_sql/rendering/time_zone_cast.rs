//! Time zones in the notation `at AT TIME ZONE 'Europe/Berlin'`. A cast would lose the zone, since SQL has no type with a named
//! zone.

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::keywords::ALL_KEYWORDS;
use datafusion::sql::unparser::Unparser;
use datafusion::sql::unparser::dialect::Dialect;
use std::sync::{Arc, LazyLock};

/// Marks every cast to a named zone and every timestamp in one, so that [`TimeZoneDialect`] writes it.
pub(super) fn mark_zone_casts(expr: Expr) -> Result<Expr> {
    expr.transform_up(|node| {
        Ok(match node {
            Expr::Cast(Cast { expr, field }) => match zone_name(field.data_type()) {
                Some(zone) => Transformed::yes(ZONED.call(vec![*expr, lit(zone)])),
                None => Transformed::no(Expr::Cast(Cast { expr, field })),
            },
            Expr::Literal(value, metadata) => match zone_name(&value.data_type()) {
                Some(zone) if !value.is_null() => {
                    let text = lit(value.cast_to(&DataType::Utf8)?);
                    Transformed::yes(ZONED.call(vec![text, lit(zone)]))
                }
                // The engine would write the literal without its zone.
                None if !value.is_null() && has_zone(&value.data_type()) => {
                    let kind = value.data_type();
                    let text = lit(value.cast_to(&DataType::Utf8)?);
                    Transformed::yes(Expr::Cast(Cast::new(Box::new(text), kind)))
                }
                _ => Transformed::no(Expr::Literal(value, metadata)),
            },
            other => Transformed::no(other),
        })
    })
    .data()
}

/// Time zone of a type, if it is a named one.
fn zone_name(kind: &DataType) -> Option<String> {
    match kind {
        DataType::Timestamp(TimeUnit::Nanosecond, Some(zone)) if &**zone != "+00:00" => {
            Some(zone.to_string())
        }
        _ => None,
    }
}

fn has_zone(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, Some(_)))
}

/// Quote character for a name, if it needs one. The rule is that of the engine's default dialect, which compiles a regular
/// expression for each name: no quotes for lower-case letters, digits and underscores that do not begin with a digit and are no SQL
/// keyword.
pub(super) fn quote_character(name: &str) -> Option<char> {
    let mut letters = name.bytes();
    let first = letters.next();
    let small = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let plain =
        first.is_some_and(small) && letters.all(|byte| small(byte) || byte.is_ascii_digit());
    // `id` is a keyword in other dialects alone.
    let word = || name != "id" && ALL_KEYWORDS.contains(&name.to_uppercase().as_str());
    (!plain || word()).then_some('"')
}

/// Default dialect with time zones.
pub(super) struct TimeZoneDialect;

impl Dialect for TimeZoneDialect {
    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        quote_character(identifier)
    }

    fn scalar_function_to_sql_overrides(
        &self,
        unparser: &Unparser<'_>,
        name: &str,
        args: &[Expr],
    ) -> Result<Option<ast::Expr>, DataFusionError> {
        let (NAME, [of, zone]) = (name, args) else {
            return Ok(None);
        };
        // AT TIME ZONE has a high precedence, so an operand other than a column or literal is in parentheses.
        let timestamp = match unparser.expr_to_sql(of)? {
            plain @ (ast::Expr::Identifier(_) | ast::Expr::Value(_)) => plain,
            other => ast::Expr::Nested(Box::new(other)),
        };
        Ok(Some(ast::Expr::AtTimeZone {
            timestamp: Box::new(timestamp),
            time_zone: Box::new(unparser.expr_to_sql(zone)?),
        }))
    }
}

const NAME: &str = "at time zone";

static ZONED: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    Arc::new(ScalarUDF::from(TimeZoneCast {
        signature: Signature::any(2, Volatility::Immutable),
    }))
});

/// Marker for a cast while it is written. It is never evaluated.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TimeZoneCast {
    signature: Signature,
}

impl ScalarUDFImpl for TimeZoneCast {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        internal_err!("only written")
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("only written")
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL_KEYWORDS, Dialect, quote_character};
    use datafusion::sql::unparser::dialect::DefaultDialect;

    #[test]
    fn names_are_quoted_as_by_the_engine() {
        let words = ALL_KEYWORDS
            .iter()
            .step_by(9)
            .map(|word| word.to_lowercase());
        let names = [
            "id", "ID", "bikes", "Bikes", "_a1", "1a", "", "a b", "ä", "a-b", "k0", "select",
        ];
        for name in words.chain(names.map(str::to_owned)) {
            let engine = DefaultDialect {}.identifier_quote_style(&name);
            assert_eq!(quote_character(&name), engine, "{name}");
        }
    }
}
