//! Sketch states for approximate distinct counts and percentiles over several participants: functions that return a state and can
//! be used in a remote query, and functions that merge states.
//!
//! The function names contain the version of the state format. The version of `distinct_state` depends on the engine, whose hashes
//! it uses. A release with another format has other function names, and a participant that does not know a name refuses with
//! `FUNCTION_UNKNOWN`, so incompatible states are never merged. Consumers may call these functions on rows that they see. The
//! functions are not in the list of names, since only a connector can use their results.

mod hyperloglog;
pub(super) mod percentile;
mod quantile_sketch;

use crate::engine_error;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::types::{NativeType, logical_float64};
use datafusion_common::{Result, ScalarValue, internal_datafusion_err, internal_err, plan_err};
use datafusion_expr::expr::AggregateFunction;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Coercion, Expr, Signature, TypeSignatureClass,
    Volatility,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hyperloglog::HyperLogLogRegisters;
use quantile_sketch::QuantileSketch;
use std::sync::Arc;

/// Approximate maximum size of a state, in bytes.
pub const LARGEST: u32 = 16_384;

/// Approximate size for each value in a small state, in bytes.
pub const EACH: u32 = 8;

/// Maximum number of values in a state.
const VALUES: u64 = 1 << 53;

/// Kind of sketch state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SketchKind {
    /// State for distinct counts.
    Distinct,
    /// State for percentiles.
    Percentile,
}

/// Result of a merge of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SketchOutput {
    /// Merged state.
    State,
    /// Distinct count.
    Count,
    /// Quantile: the value at this share, in ascending or descending order.
    Quantile {
        /// Bits of the share, a floating-point number.
        share: u64,
        /// Set for descending order.
        descends: bool,
    },
}

impl SketchKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Distinct, Self::Percentile];

    /// Name of the state function, with its version.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Distinct => "distinct_state_v1",
            Self::Percentile => "percentile_state_v2",
        }
    }

    /// Kind for the name of a state function.
    #[must_use]
    pub fn from_function_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Checks that values of this type have states.
    #[must_use]
    pub const fn accepts_type(self, kind: &DataType) -> bool {
        match self {
            Self::Distinct => hyperloglog::accepts_type(kind),
            Self::Percentile => quantile_sketch::accepts_type(kind),
        }
    }

    /// State function of the kind.
    #[must_use]
    pub fn function(self) -> Arc<AggregateUDF> {
        let signature = match self {
            Self::Distinct => Signature::any(1, Volatility::Immutable),
            // All numbers are cast to this type, as in the engine's percentiles.
            Self::Percentile => Signature::coercible(
                vec![Coercion::new_implicit(
                    TypeSignatureClass::Native(logical_float64()),
                    vec![TypeSignatureClass::Numeric],
                    NativeType::Float64,
                )],
                Volatility::Immutable,
            ),
        };
        Arc::new(AggregateUDF::from(SketchFunction {
            state: self,
            of: SketchInput::Values,
            sketch_output: SketchOutput::State,
            signature,
        }))
    }

    /// Call that merges states.
    #[must_use]
    pub fn merge_call(self, sketch_output: SketchOutput, states: Expr) -> Expr {
        let function = AggregateUDF::from(SketchFunction {
            state: self,
            of: SketchInput::States,
            sketch_output,
            signature: Signature::exact(vec![DataType::Binary], Volatility::Immutable),
        });
        Expr::AggregateFunction(AggregateFunction::new_udf(
            Arc::new(function),
            vec![states],
            false,
            None,
            Vec::new(),
            None,
        ))
    }

    /// Refuses received states if one is neither NULL nor well-formed.
    ///
    /// # Errors
    /// `PEER_DATA_INVALID`.
    pub fn check(self, states: &dyn Array) -> Result<(), Refusal> {
        let states = states
            .as_binary_opt::<i32>()
            .ok_or_else(|| self.malformed_state_refusal())?;
        for state in states.iter().flatten() {
            SketchState::of(self)
                .merge(state)
                .ok_or_else(|| self.malformed_state_refusal())?;
        }
        Ok(())
    }

    fn malformed_state_refusal(self) -> Refusal {
        Refusal::new(
            ErrorCode::PeerDataInvalid,
            format!("it sent a state that is none of `{}`", self.name()),
        )
    }
}

/// Input of the aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum SketchInput {
    Values,
    States,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SketchFunction {
    state: SketchKind,
    of: SketchInput,
    sketch_output: SketchOutput,
    signature: Signature,
}

impl AggregateUDFImpl for SketchFunction {
    fn name(&self) -> &'static str {
        match (self.of, self.sketch_output) {
            (SketchInput::Values, _) => self.state.name(),
            (SketchInput::States, SketchOutput::State) => "merged state",
            (SketchInput::States, SketchOutput::Count) => "merged approx_distinct",
            (SketchInput::States, SketchOutput::Quantile { .. }) => "merged approx_percentile_cont",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match (self.of, arguments) {
            (SketchInput::Values, [kind]) if !self.state.accepts_type(kind) => {
                plan_err!("there is no `{}` of values of this type", self.state.name())
            }
            (_, [_]) => Ok(match self.sketch_output {
                SketchOutput::State => DataType::Binary,
                SketchOutput::Count => DataType::UInt64,
                SketchOutput::Quantile { .. } => DataType::Float64,
            }),
            _ => plan_err!("`{}` takes one argument", self.name()),
        }
    }

    fn is_nullable(&self) -> bool {
        self.sketch_output != SketchOutput::Count
    }

    fn default_value(&self, kind: &DataType) -> Result<ScalarValue> {
        match self.sketch_output {
            SketchOutput::Count => Ok(ScalarValue::UInt64(Some(0))),
            SketchOutput::State | SketchOutput::Quantile { .. } => ScalarValue::try_from(kind),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return plan_err!("`{}` takes no DISTINCT", self.name());
        }
        Ok(Box::new(SketchAccumulator::new(
            self.state,
            self.of,
            self.sketch_output,
        )))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format_state_name(args.name, "state");
        Ok(vec![Arc::new(Field::new(name, DataType::Binary, true))])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// State of a group.
#[derive(Debug)]
enum SketchState {
    Registers(HyperLogLogRegisters),
    Quantiles(QuantileSketch),
}

impl SketchState {
    fn of(state: SketchKind) -> Self {
        match state {
            SketchKind::Distinct => Self::Registers(HyperLogLogRegisters::default()),
            SketchKind::Percentile => Self::Quantiles(QuantileSketch::default()),
        }
    }

    fn add(&mut self, values: &ArrayRef) -> Result<()> {
        match self {
            Self::Registers(registers) => registers.add(values),
            Self::Quantiles(sketch) => sketch.add(values),
        }
    }

    fn merge(&mut self, state: &[u8]) -> Option<()> {
        match self {
            Self::Registers(registers) => registers.merge(state),
            Self::Quantiles(sketch) => sketch.merge(state),
        }
    }

    fn write(&self) -> Option<Vec<u8>> {
        match self {
            Self::Registers(registers) => registers.write(),
            Self::Quantiles(sketch) => sketch.write(),
        }
    }
}

#[derive(Debug)]
struct SketchAccumulator {
    state: SketchKind,
    of: SketchInput,
    sketch_output: SketchOutput,
    held: SketchState,
}

impl SketchAccumulator {
    fn new(state: SketchKind, of: SketchInput, sketch_output: SketchOutput) -> Self {
        Self {
            state,
            of,
            sketch_output,
            held: SketchState::of(state),
        }
    }

    fn merge(&mut self, states: &BinaryArray) -> Result<()> {
        for state in states.iter().flatten() {
            self.held
                .merge(state)
                .ok_or_else(|| engine_error::wrap_refusal(self.state.malformed_state_refusal()))?;
        }
        Ok(())
    }
}

impl Accumulator for SketchAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        match (self.of, values) {
            // A percentile has its share as a second argument.
            (SketchInput::Values, [values, ..]) => self.held.add(values),
            (SketchInput::States, [states]) => {
                let states = states.as_binary_opt::<i32>().ok_or_else(state_type_error)?;
                self.merge(states)
            }
            _ => Err(state_type_error()),
        }
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        match states {
            [states] => self.merge(states.as_binary_opt::<i32>().ok_or_else(state_type_error)?),
            _ => Err(state_type_error()),
        }
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(self.held.write())])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        match (self.sketch_output, &self.held) {
            (SketchOutput::State, held) => Ok(ScalarValue::Binary(held.write())),
            (SketchOutput::Count, SketchState::Registers(registers)) => {
                let count = registers.count()?;
                // No dataset has so many values, so the state is malformed.
                if count > VALUES {
                    return Err(engine_error::wrap_refusal(
                        self.state.malformed_state_refusal(),
                    ));
                }
                Ok(ScalarValue::UInt64(Some(count)))
            }
            (SketchOutput::Quantile { share, descends }, SketchState::Quantiles(sketch)) => {
                let reported = sketch.quantile(f64::from_bits(share), descends);
                Ok(ScalarValue::Float64(reported))
            }
            _ => internal_err!("another state than is told of"),
        }
    }

    fn size(&self) -> usize {
        let held = match &self.held {
            SketchState::Registers(registers) => registers.heap_bytes(),
            SketchState::Quantiles(sketch) => sketch.heap_bytes(),
        };
        size_of_val(self).saturating_add(held)
    }
}

fn state_type_error() -> datafusion_common::DataFusionError {
    internal_datafusion_err!("a state of another type")
}

#[cfg(test)]
mod tests;
