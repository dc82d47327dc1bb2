//! Trace context of a question, sent as `traceparent` (W3C Trace Context, section 3.2), so that the traces of several participants
//! for one question can be compared.
//!
//! Nothing else is sent: no vendor state, no baggage, nothing in the response. The provider uses it as a link only. A peer does not
//! become the parent of a local span, and does not decide on sampling.

use opentelemetry::global;
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::trace::TraceContextExt as _;
use tonic::metadata::{MetadataMap, MetadataValue};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The only header that is written and read.
const HEADER: &str = "traceparent";

/// Writes the context of the present span into the metadata of a request; nothing if tracing is off.
pub(crate) fn inject_context(metadata: &mut MetadataMap) {
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut RequestMetadata(metadata));
    });
}

/// Links a span to the caller's trace. An invalid `traceparent` is ignored, since the question does not depend on it.
pub(crate) fn link_span(metadata: &MetadataMap, span: &Span) {
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
        // With several values the right one is unknown.
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
