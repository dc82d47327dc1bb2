//! Texts as string views during planning and execution: they are compared, grouped and copied without moving the bytes. Files, the
//! wire and schemas of contracts use plain strings.

use datafusion_common::arrow::datatypes::{DataType, Schema, SchemaRef};
use std::sync::Arc;

/// Type of texts in a plan.
pub const TEXT: DataType = DataType::Utf8View;

/// Schema with its texts as [`TEXT`].
#[must_use]
pub fn with_string_views(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        if *field.data_type() == DataType::Utf8 {
            Arc::new(field.as_ref().clone().with_data_type(TEXT))
        } else {
            Arc::clone(field)
        }
    });
    Arc::new(Schema::new_with_metadata(
        fields.collect::<Vec<_>>(),
        schema.metadata().clone(),
    ))
}
