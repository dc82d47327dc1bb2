//! Dominance test: an aggregate over pairs of unit and value that reports a cell dominated by few units.

use crate::string_view::TEXT;
use datafusion_common::arrow::array::{
    ArrayRef, AsArray, Float64Builder, ListBuilder, StringBuilder,
};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility, cast,
};
use hansa_policy::value::cube::DominanceRule;
use std::collections::HashMap;
use std::sync::Arc;

/// Expression that is true if the cell is unsafe by `rule`. `unit` is compared as text, `value` is a float. NULL values are
/// ignored; rows without a unit count together as one unit.
#[must_use]
pub fn dominance_expr(unit: Expr, value: Expr, rule: DominanceRule) -> Expr {
    let function = DominanceAggregate {
        rule,
        signature: Signature::exact(vec![TEXT, DataType::Float64], Volatility::Immutable),
    };
    Expr::AggregateFunction(AggregateFunction::new_udf(
        Arc::new(AggregateUDF::from(function)),
        // A string view: the plain texts of one batch could have any size.
        vec![cast(unit, TEXT), value],
        false,
        None,
        vec![],
        None,
    ))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DominanceAggregate {
    rule: DominanceRule,
    signature: Signature,
}

impl AggregateUDFImpl for DominanceAggregate {
    fn name(&self) -> &'static str {
        "dominated"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(DominanceAccumulator {
            rule: self.rule,
            of: HashMap::new(),
            bytes: 0,
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let list = |name: &str, kind| {
            let item = Field::new_list_field(kind, true);
            Arc::new(Field::new(
                format!("{}[{name}]", args.name),
                DataType::List(Arc::new(item)),
                true,
            ))
        };
        Ok(vec![
            list("units", DataType::Utf8),
            list("parts", DataType::Float64),
        ])
    }
}

/// Accumulator of each unit's contribution.
#[derive(Debug)]
struct DominanceAccumulator {
    rule: DominanceRule,
    of: HashMap<Option<String>, f64>,
    bytes: usize,
}

impl DominanceAccumulator {
    fn add(&mut self, unit: Option<&str>, value: f64) {
        let unit = unit.map(str::to_owned);
        if let Some(part) = self.of.get_mut(&unit) {
            *part += value.abs();
            return;
        }
        let length = unit.as_ref().map_or(0, String::len);
        self.bytes = self.bytes.saturating_add(length.saturating_add(64));
        self.of.insert(unit, value.abs());
    }

    fn is_unsafe(&self) -> bool {
        let mut parts: Vec<f64> = self.of.values().copied().collect();
        parts.sort_by(|one, other| other.total_cmp(one));
        let largest = |count: usize| -> f64 { parts.iter().take(count).sum() };
        let total: f64 = parts.iter().sum();
        match self.rule {
            DominanceRule::P(p) => {
                let rest: f64 = parts.iter().skip(2).sum();
                rest < largest(1) * f64::from(p) / 100.0
            }
            DominanceRule::Nk { n, k } => {
                let most = usize::try_from(n).unwrap_or(usize::MAX);
                largest(most) > total * f64::from(k) / 100.0
            }
        }
    }
}

impl Accumulator for DominanceAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [units, values] = values else {
            return exec_err!("two arguments");
        };
        let (Some(units), Some(values)) = (
            units.as_string_view_opt(),
            values.as_primitive_opt::<Float64Type>(),
        ) else {
            return exec_err!("units are texts and parts are floats");
        };
        for (unit, value) in units.iter().zip(values) {
            if let Some(value) = value {
                self.add(unit, value);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Boolean(Some(self.is_unsafe())))
    }

    fn size(&self) -> usize {
        size_of_val(self).saturating_add(self.bytes)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut units = ListBuilder::new(StringBuilder::new());
        let mut parts = ListBuilder::new(Float64Builder::new());
        for (unit, part) in &self.of {
            units.values().append_option(unit.as_deref());
            parts.values().append_value(*part);
        }
        units.append(true);
        parts.append(true);
        Ok(vec![
            ScalarValue::List(Arc::new(units.finish())),
            ScalarValue::List(Arc::new(parts.finish())),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [units, parts] = states else {
            return exec_err!("two states");
        };
        let (units, parts) = (units.as_list::<i32>(), parts.as_list::<i32>());
        for (units, parts) in units.iter().zip(parts.iter()) {
            let (Some(units), Some(parts)) = (units, parts) else {
                continue;
            };
            let (units, parts) = (
                units.as_string::<i32>(),
                parts.as_primitive::<Float64Type>(),
            );
            for (unit, part) in units.iter().zip(parts.values()) {
                self.add(unit, *part);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion_common::arrow::array::{Float64Array, StringViewArray};

    fn parts(rule: DominanceRule, of: &[(Option<&str>, Option<f64>)]) -> DominanceAccumulator {
        let mut made = DominanceAccumulator {
            rule,
            of: HashMap::new(),
            bytes: 0,
        };
        let units: ArrayRef = Arc::new(
            of.iter()
                .map(|(unit, _)| *unit)
                .collect::<StringViewArray>(),
        );
        let values: ArrayRef =
            Arc::new(of.iter().map(|(_, value)| *value).collect::<Float64Array>());
        made.update_batch(&[units, values]).unwrap();
        made
    }

    #[track_caller]
    fn check(rule: DominanceRule, of: &[(Option<&str>, Option<f64>)], expect: bool) {
        let mut whole = parts(rule, of);
        assert_eq!(whole.is_unsafe(), expect);
        // Two halves, merged from their states.
        let (one, other) = of.split_at(of.len() / 2);
        let mut merged = parts(rule, &[]);
        for half in [one, other] {
            let state = parts(rule, half).state().unwrap();
            let arrays: Vec<ArrayRef> = state.iter().map(|s| s.to_array().unwrap()).collect();
            merged.merge_batch(&arrays).unwrap();
        }
        assert_eq!(merged.is_unsafe(), expect);
        assert_eq!(whole.evaluate().unwrap(), merged.evaluate().unwrap());
    }

    #[test]
    fn rules() {
        let a = |value: f64| (Some("a"), Some(value));
        let b = |value: f64| (Some("b"), Some(value));
        let c = |value: f64| (Some("c"), Some(value));
        let p = DominanceRule::P(15);
        check(p, &[a(100.0), b(50.0), c(15.0)], false);
        check(p, &[a(100.0), b(50.0), c(14.9)], true);
        check(p, &[a(60.0), b(50.0), a(40.0), c(14.9)], true);
        check(p, &[a(-100.0), b(50.0), c(15.0)], false);
        check(p, &[a(5.0)], true);
        check(p, &[a(5.0), b(5.0)], true);
        check(p, &[(Some("a"), None), (None, None)], false);
        let nk = DominanceRule::Nk { n: 2, k: 85 };
        check(nk, &[a(50.0), b(35.0), c(15.0)], false);
        check(nk, &[a(50.0), b(35.1), c(14.9)], true);
        check(nk, &[(None, Some(50.0)), (None, Some(50.0)), c(50.0)], true);
    }
}
