//! Engine functions with adapted calls.
//!
//! The engine's rewrites of a call (`simplify`) are disabled, since they would restore the original function.

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion_common::Result;
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

/// Adapter for the calls of a function.
pub(super) trait CallAdapter: Debug + Eq + Hash + Send + Sync + 'static {
    /// Calls the engine's function with these arguments.
    ///
    /// # Errors
    /// Errors of the function and of the adapter.
    fn call(&self, engine: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue>;
}

/// Wraps an engine function with an adapter for its calls.
pub(super) fn adapt_calls(engine: &Arc<ScalarUDF>, adapter: impl CallAdapter) -> Arc<ScalarUDF> {
    let engine = Arc::clone(engine);
    Arc::new(ScalarUDF::from(AdaptedFunction { engine, adapter }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AdaptedFunction<A> {
    engine: Arc<ScalarUDF>,
    adapter: A,
}

impl<A: CallAdapter> ScalarUDFImpl for AdaptedFunction<A> {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn aliases(&self) -> &[String] {
        self.engine.aliases()
    }

    fn signature(&self) -> &Signature {
        self.engine.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.engine.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.engine.return_field_from_args(args)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.engine.coerce_types(arguments)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.adapter.call(&self.engine, args)
    }
}
