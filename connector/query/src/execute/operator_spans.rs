//! Spans for the operators of a finished plan, as children of the span that ran the plan.
//!
//! A span holds the operator's kind, times and counts, but no expression, name or value of the question. The counts depend on
//! hidden rows, so spans go to the participant's own collector alone.

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};
use opentelemetry::trace::{Span as _, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, global};
use std::sync::Arc;
use std::time::SystemTime;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Maximum number of operators reported for one plan.
const OPERATORS: usize = 200;

/// Keeps the plan for a report if the current span is sampled. Other plans are not kept, because a plan holds memory.
pub(super) fn keep_sampled_plan(
    physical: &Arc<dyn ExecutionPlan>,
) -> Option<Arc<dyn ExecutionPlan>> {
    let context = tracing::Span::current().context();
    let is_sampled = context.span().span_context().is_sampled();
    is_sampled.then(|| Arc::clone(physical))
}

/// Emits the spans of the operators.
pub(super) fn report_spans(physical: &Arc<dyn ExecutionPlan>) {
    report_operator(physical, &tracing::Span::current().context(), &mut 0);
}

fn report_operator(operator: &Arc<dyn ExecutionPlan>, parent: &Context, reported: &mut usize) {
    if *reported >= OPERATORS {
        return;
    }
    *reported = reported.saturating_add(1);
    let metrics = operator
        .metrics()
        .map(|metrics| metrics.aggregate_by_name());
    let context = match metrics.as_ref().and_then(run_times) {
        // An operator that never ran has no times, but its inputs may have some.
        None => parent.clone(),
        Some((begun, ended)) => {
            let tracer = global::tracer("hansa");
            let mut span = tracer
                .span_builder(operator.name().to_owned())
                .with_start_time(begun)
                .with_attributes(metrics.as_ref().map(operator_counts).unwrap_or_default())
                .start_with_context(&tracer, parent);
            span.end_with_timestamp(ended);
            parent.with_span(span)
        }
    };
    for child in operator.children() {
        report_operator(child, &context, reported);
    }
}

/// Start and end of the operator's run.
fn run_times(metrics: &MetricsSet) -> Option<(SystemTime, SystemTime)> {
    let (mut begun, mut ended) = (None, None);
    for metric in metrics.iter() {
        match metric.value() {
            MetricValue::StartTimestamp(time) => begun = time.value(),
            MetricValue::EndTimestamp(time) => ended = time.value(),
            _ => {}
        }
    }
    Some((begun?.into(), ended?.into()))
}

fn operator_counts(metrics: &MetricsSet) -> Vec<KeyValue> {
    let count = |key: &'static str, value: Option<usize>| {
        let value = i64::try_from(value?).ok()?;
        Some(KeyValue::new(key, value))
    };
    [
        count("hansa.rows", metrics.output_rows()),
        count("hansa.compute_ns", metrics.elapsed_compute()),
        count("hansa.spilled_bytes", metrics.spilled_bytes()),
    ]
    .into_iter()
    .flatten()
    .collect()
}
