//! How texts are held while a question is planned and run: as views, which are compared, grouped and copied without moving
//! the texts. On file, on the wire and in a contract's schema they are plain.

use datafusion_common::arrow::datatypes::{DataType, Schema, SchemaRef};
use std::sync::Arc;

/// The type of a text in a plan.
pub const TEXT: DataType = DataType::Utf8View;

/// The schema with its texts as [`TEXT`].
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
