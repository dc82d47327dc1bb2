//! `count` over windows with a moving start. The engine assumes that such a count never decreases and omits sorts by it (DataFusion
//! 55.2). A count over a RANGE frame decreases where fewer rows are in range.

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ReversedUDAF, SetMonotonicity, Signature,
};
use std::sync::Arc;

/// Function with the name and the results of `count`, but without known monotonicity.
#[must_use]
pub fn moving_count(count: &Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    let inner = Arc::clone(count);
    Arc::new(AggregateUDF::from(MovingCount { inner }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MovingCount {
    inner: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for MovingCount {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn is_nullable(&self) -> bool {
        self.inner.is_nullable()
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        self.inner.create_sliding_accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn default_value(&self, kind: &DataType) -> Result<ScalarValue> {
        self.inner.default_value(kind)
    }

    fn set_monotonicity(&self, _kind: &DataType) -> SetMonotonicity {
        SetMonotonicity::NotMonotonic
    }
}
