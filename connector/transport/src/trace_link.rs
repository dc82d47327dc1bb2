//! The trace that a question belongs to travels with it as `traceparent` (W3C Trace Context, section 3.2), so that what several
//! participants did for one question can be put beside each other.
//!
//! Nothing else travels: no state of vendors, no baggage, nothing back. Who is asked takes it as a link. A peer neither becomes the parent
//! of what is traced here, nor decides whether anything is.

use opentelemetry::global;
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::trace::TraceContextExt as _;
use tonic::metadata::{MetadataMap, MetadataValue};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The one header that is written and read.
const HEADER: &str = "traceparent";

/// Puts the context of the current span into the metadata of a request; nothing where no traces are taken here.
pub(crate) fn inject(metadata: &mut MetadataMap) {
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut RequestMetadata(metadata));
    });
}

/// Links a span to the trace of whoever asks. What is no `traceparent` is passed over: the question is the same without it.
pub(crate) fn link(metadata: &MetadataMap, span: &Span) {
    let brought = global::get_text_map_propagator(|propagator| {
        propagator.extract(&PresentedMetadata(metadata))
    });
    let context = brought.span().span_context().clone();
    if context.is_valid() {
        span.add_link(context);
    }
}

struct RequestMetadata<'a>(&'a mut MetadataMap);

impl Injector for RequestMetadata<'_> {
    fn set(&mut self, key: &str, value: String) {
        if key == HEADER
            && let Ok(value) = MetadataValue::try_from(value)
        {
            let _before = self.0.insert(HEADER, value);
        }
    }
}

struct PresentedMetadata<'a>(&'a MetadataMap);

impl Extractor for PresentedMetadata<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        // Of several it is not known which is meant.
        let mut values = self.0.get_all(HEADER).iter();
        match (key, values.next(), values.next()) {
            (HEADER, Some(one), None) => one.to_str().ok(),
            (_, _, _) => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![HEADER]
    }
}
