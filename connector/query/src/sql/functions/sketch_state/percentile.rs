//! `approx_median` and `approx_percentile_cont` over rows, computed by the sketch of the states, so that one participant gives the
//! answer of several. The accuracy is fixed, so the size argument of the engine's function is not supported.

use super::{SketchAccumulator, SketchInput, SketchKind, SketchOutput};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::physical_expr::expressions::Literal;
use datafusion_common::types::{NativeType, logical_float64};
use datafusion_common::{Result, ScalarValue, plan_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Coercion, Signature, TypeSignatureClass,
    Volatility,
};
use std::sync::Arc;

/// Replacement of the engine's function, if it is one of these.
pub(in crate::sql::functions) fn replacement_function(
    engine: &Arc<AggregateUDF>,
) -> Option<Arc<AggregateUDF>> {
    let which = match engine.name() {
        "approx_median" => PercentileKind::Median,
        "approx_percentile_cont" => PercentileKind::Percentile,
        _ => return None,
    };
    let number = || {
        Coercion::new_implicit(
            TypeSignatureClass::Native(logical_float64()),
            vec![TypeSignatureClass::Numeric],
            NativeType::Float64,
        )
    };
    let arguments = match which {
        PercentileKind::Median => vec![number()],
        PercentileKind::Percentile => vec![number(), number()],
    };
    Some(Arc::new(AggregateUDF::from(PercentileFunction {
        which,
        signature: Signature::coercible(arguments, Volatility::Immutable),
    })))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum PercentileKind {
    Median,
    Percentile,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PercentileFunction {
    which: PercentileKind,
    signature: Signature,
}

impl PercentileFunction {
    /// Share of the values below the percentile.
    fn share(&self, args: &AccumulatorArgs<'_>) -> Result<f64> {
        let share = match (self.which, args.exprs) {
            (PercentileKind::Median, _) => return Ok(0.5),
            (PercentileKind::Percentile, [_, share]) => share.downcast_ref::<Literal>(),
            (PercentileKind::Percentile, _) => None,
        };
        match share.map(Literal::value) {
            Some(ScalarValue::Float64(Some(share))) if (0.0..=1.0).contains(share) => Ok(*share),
            _ => plan_err!("the share of `{}` is a number from 0 to 1", self.name()),
        }
    }
}

impl AggregateUDFImpl for PercentileFunction {
    fn name(&self) -> &'static str {
        match self.which {
            PercentileKind::Median => "approx_median",
            PercentileKind::Percentile => "approx_percentile_cont",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return plan_err!("`{}` takes no DISTINCT", self.name());
        }
        let sketch_output = SketchOutput::Quantile {
            share: self.share(&args)?.to_bits(),
            descends: args.order_bys.iter().any(|by| by.options.descending),
        };
        Ok(Box::new(SketchAccumulator::new(
            SketchKind::Percentile,
            SketchInput::Values,
            sketch_output,
        )))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format_state_name(args.name, "sketch");
        Ok(vec![Arc::new(Field::new(name, DataType::Binary, true))])
    }

    fn supports_within_group_clause(&self) -> bool {
        self.which == PercentileKind::Percentile
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}
