//! Counters of a connector, and their text form.

use crate::monitoring::day_figures::DayLedger;
use crate::monitoring::minute_figures::MinuteRing;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::atomic::AtomicU64;

/// Names of labels with their values.
type LabelSet = Vec<(&'static str, String)>;

type LabelledGauge = Family<LabelSet, Gauge<f64, AtomicU64>>;

/// Origin of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryOrigin {
    /// Question of a peer.
    Peer,
    /// Question of an own user over own datasets.
    Own,
}

impl QueryOrigin {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Own => "own",
        }
    }
}

/// Outcome of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryOutcome {
    /// All rows were sent.
    Done,
    /// The answer was cut, or it failed after its start.
    Cut,
    /// The question was refused before its first row.
    Refused,
    /// No rows came since the earlier answer.
    NothingNew,
}

impl QueryOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Cut => "cut",
            Self::Refused => "refused",
            Self::NothingNew => "nothing_new",
        }
    }
}

/// Counters of a connector. Gauges that need a lookup are set when metrics are read.
pub struct ConnectorMetrics {
    registry: Registry,
    /// Lock while gauges are set and written.
    pub(super) reading: Mutex<()>,
    queries: Family<LabelSet, Counter>,
    duration: Family<LabelSet, Histogram, fn() -> Histogram>,
    first_row: Family<LabelSet, Histogram, fn() -> Histogram>,
    rows: Family<LabelSet, Counter>,
    sent: Family<LabelSet, Counter>,
    decisions: Family<LabelSet, Counter>,
    source_errors: Family<LabelSet, Counter>,
    reload: Gauge,
    pub(super) records: Counter<u64, AtomicU64>,
    pub(super) log_writable: Gauge,
    pub(super) log_free: Gauge<f64, AtomicU64>,
    pub(super) head_stamped: Gauge<f64, AtomicU64>,
    pub(super) stamping_failing: Gauge,
    pub(super) clock_trusted: Gauge,
    pub(super) ready: Gauge,
    pub(super) running: Gauge,
    pub(super) memory: Gauge,
    pub(super) spilled: Gauge,
    pub(super) datasets: Gauge,
    pub(super) published: LabelledGauge,
    pub(super) damaged: LabelledGauge,
    pub(super) contracts: LabelledGauge,
    pub(super) expiring: LabelledGauge,
    pub(super) expiry: LabelledGauge,
    pub(super) validity: LabelledGauge,
    pub(super) connected: LabelledGauge,
    pub(super) forked: LabelledGauge,
    pub(super) overdue_receipts: Gauge,
    /// Figures of each minute of the last day.
    pub minutes: MinuteRing,
    /// Figures of the last finished days.
    pub days: DayLedger,
}

impl fmt::Debug for ConnectorMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorMetrics").finish_non_exhaustive()
    }
}

impl Default for ConnectorMetrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let of = registry.sub_registry_with_prefix("hansa");
        let build: LabelledGauge = Family::default();
        build
            .get_or_create(&vec![("version", env!("CARGO_PKG_VERSION").to_owned())])
            .set(1.0);
        of.register("build_info", "The version that runs", build);
        let metrics = Self {
            registry: Registry::default(),
            reading: Mutex::default(),
            queries: Family::default(),
            duration: Family::new_with_constructor(seconds_histogram),
            first_row: Family::new_with_constructor(seconds_histogram),
            rows: Family::default(),
            sent: Family::default(),
            decisions: Family::default(),
            source_errors: Family::default(),
            reload: Gauge::default(),
            records: Counter::default(),
            log_writable: Gauge::default(),
            log_free: Gauge::default(),
            head_stamped: Gauge::default(),
            stamping_failing: Gauge::default(),
            clock_trusted: Gauge::default(),
            ready: Gauge::default(),
            running: Gauge::default(),
            memory: Gauge::default(),
            spilled: Gauge::default(),
            datasets: Gauge::default(),
            published: Family::default(),
            damaged: Family::default(),
            contracts: Family::default(),
            expiring: Family::default(),
            expiry: Family::default(),
            validity: Family::default(),
            connected: Family::default(),
            forked: Family::default(),
            overdue_receipts: Gauge::default(),
            minutes: MinuteRing::default(),
            days: DayLedger::default(),
        };
        metrics.reload.set(1);
        // Counters of alerts exist from the start, because monitoring sees no step from an absent counter to one.
        metrics
            .decisions
            .get_or_create(&decision_labels("refused", ErrorCode::Internal.as_str()))
            .inc_by(0);
        for origin in [QueryOrigin::Peer, QueryOrigin::Own] {
            metrics
                .queries
                .get_or_create(&ending_labels(origin, QueryOutcome::Cut))
                .inc_by(0);
        }
        let own = &metrics;
        of.register(
            "queries",
            "Questions by who asked and how they ended",
            own.queries.clone(),
        );
        of.register_with_unit(
            "query_duration",
            "From the question to the end of its answer",
            Unit::Seconds,
            own.duration.clone(),
        );
        of.register_with_unit(
            "query_first_row",
            "From the question to its first message of rows",
            Unit::Seconds,
            own.first_row.clone(),
        );
        of.register("query_rows", "Rows that were handed on", own.rows.clone());
        of.register_with_unit(
            "sent",
            "Bytes of rows that were handed on to a peer",
            Unit::Bytes,
            own.sent.clone(),
        );
        of.register(
            "policy_decisions",
            "Decisions over questions, with the code of a refusal",
            own.decisions.clone(),
        );
        of.register(
            "config_last_reload_successful",
            "Whether the last reload of the configuration was good",
            own.reload.clone(),
        );
        of.register("audit_records", "Records of the log", own.records.clone());
        of.register(
            "audit_writable",
            "Whether the log can be written; where not, nothing is answered",
            own.log_writable.clone(),
        );
        of.register_with_unit(
            "audit_free",
            "Free space on the disk of the log",
            Unit::Bytes,
            own.log_free.clone(),
        );
        of.register_with_unit(
            "audit_head_stamped_timestamp",
            "Before when the newest head with a time stamp existed, since 1970; 0 where there is none",
            Unit::Seconds,
            own.head_stamped.clone(),
        );
        of.register(
            "audit_head_stamping_failing",
            "Whether the last request to the time-stamp authority gave no token",
            own.stamping_failing.clone(),
        );
        of.register(
            "clock_trusted",
            "Whether the clock can be relied on; where not, no peer is answered",
            own.clock_trusted.clone(),
        );
        of.register(
            "ready",
            "Whether questions can be answered, as /readyz says",
            own.ready.clone(),
        );
        of.register("queries_running", "Answers under way", own.running.clone());
        of.register_with_unit(
            "memory_pool",
            "Memory that questions hold now",
            Unit::Bytes,
            own.memory.clone(),
        );
        of.register_with_unit(
            "spill",
            "Temporary files that questions hold now",
            Unit::Bytes,
            own.spilled.clone(),
        );
        of.register(
            "source_errors",
            "Attempts to publish a dataset that failed, with the code of why",
            own.source_errors.clone(),
        );
        of.register("datasets", "Published datasets", own.datasets.clone());
        of.register_with_unit(
            "dataset_published_timestamp",
            "When the version in force of a dataset was published, since 1970",
            Unit::Seconds,
            own.published.clone(),
        );
        of.register(
            "dataset_damaged",
            "Whether a published dataset is not as it was published",
            own.damaged.clone(),
        );
        of.register(
            "contracts",
            "Contracts by their state",
            own.contracts.clone(),
        );
        of.register(
            "contracts_expiring",
            "Contracts in force that end within so many days",
            own.expiring.clone(),
        );
        of.register_with_unit(
            "expiry_timestamp",
            "When the next of its kind is over, since 1970: tls_certificate, trust_bundle, contract, credential",
            Unit::Seconds,
            own.expiry.clone(),
        );
        of.register_with_unit(
            "validity",
            "How long it counts in all, from its beginning to its end",
            Unit::Seconds,
            own.validity.clone(),
        );
        of.register(
            "peer_connected",
            "Whether a connection to a known peer is open",
            own.connected.clone(),
        );
        of.register(
            "peer_log_forked",
            "Whether a peer showed two heads of its log that can't both be true",
            own.forked.clone(),
        );
        of.register(
            "receipts_overdue",
            "Receipts that a consumer has not acknowledged for more than a day",
            own.overdue_receipts.clone(),
        );
        Self {
            registry,
            ..metrics
        }
    }
}

impl ConnectorMetrics {
    /// Counts a refused question. `micros` is the time since its arrival, in microseconds.
    pub(crate) fn count_refusal(&self, origin: QueryOrigin, code: ErrorCode, micros: i64) {
        self.count_answer_end(origin, QueryOutcome::Refused, micros);
        self.count_decision("refused", code.as_str());
    }

    /// Counts an answer without new rows.
    pub(crate) fn nothing_new(&self, origin: QueryOrigin, micros: i64) {
        self.count_answer_end(origin, QueryOutcome::NothingNew, micros);
        self.count_permit();
    }

    /// Counts a permitted question whose answer has begun.
    pub(crate) fn count_permit(&self) {
        self.count_decision("permitted", "");
    }

    fn count_decision(&self, decision: &str, code: &str) {
        self.decisions
            .get_or_create(&self::decision_labels(decision, code))
            .inc();
    }

    /// Counts the first message of rows. `micros` is the time since the arrival of the question, in microseconds.
    pub(crate) fn first_row(&self, origin: QueryOrigin, micros: i64) {
        let labels = vec![("origin", origin.as_str().to_owned())];
        self.first_row
            .get_or_create(&labels)
            .observe(in_seconds(micros));
    }

    /// Counts the end of an answer. `micros` is the time since the arrival of the question, in microseconds.
    pub(crate) fn count_answer_end(&self, origin: QueryOrigin, outcome: QueryOutcome, micros: i64) {
        self.queries
            .get_or_create(&ending_labels(origin, outcome))
            .inc();
        match outcome {
            QueryOutcome::Refused => self.minutes.count_refusal(),
            QueryOutcome::Done | QueryOutcome::Cut | QueryOutcome::NothingNew => {
                self.minutes.count_answer(micros);
            }
        }
        let origin = ("origin", origin.as_str().to_owned());
        self.duration
            .get_or_create(&vec![origin])
            .observe(in_seconds(micros));
    }

    /// Counts the rows and bytes of an answer, by peer.
    pub(crate) fn count_sent_rows(
        &self,
        origin: QueryOrigin,
        peer: Option<&str>,
        rows: u64,
        bytes: u64,
    ) {
        let labels = vec![("origin", origin.as_str().to_owned())];
        self.rows.get_or_create(&labels).inc_by(rows);
        self.minutes.count_rows(rows);
        if let Some(peer) = peer {
            let labels = vec![("peer", peer.to_owned())];
            self.sent.get_or_create(&labels).inc_by(bytes);
        }
    }

    /// Counts a failed publication of a dataset.
    pub(crate) fn source_failed(&self, dataset: &str, code: ErrorCode) {
        let labels = vec![
            ("dataset", dataset.to_owned()),
            ("code", code.as_str().to_owned()),
        ];
        self.source_errors.get_or_create(&labels).inc();
    }

    /// Sets the result of the last reload.
    pub fn set_reload_result<T>(&self, faults: &Result<T, Refusal>) {
        self.reload.set(i64::from(faults.is_ok()));
    }

    /// Returns all metrics in the text form of OpenMetrics 1.0.
    ///
    /// # Errors
    /// `INTERNAL`; no input is known to cause it.
    pub(super) fn render_text(&self) -> Result<String, Refusal> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).map_err(|cause| {
            Refusal::new(ErrorCode::Internal, "the metrics can't be written").caused_by(cause)
        })?;
        Ok(text)
    }
}

fn decision_labels(decision: &str, code: &str) -> LabelSet {
    vec![("decision", decision.to_owned()), ("code", code.to_owned())]
}

fn ending_labels(origin: QueryOrigin, outcome: QueryOutcome) -> LabelSet {
    let origin = ("origin", origin.as_str().to_owned());
    vec![origin, ("outcome", outcome.as_str().to_owned())]
}

/// Sets the given gauges of a family and removes the others.
pub(super) fn set_all(
    family: &LabelledGauge,
    name: &'static str,
    values: impl IntoIterator<Item = (String, f64)>,
) {
    family.clear();
    for (label, value) in values {
        family.get_or_create(&vec![(name, label)]).set(value);
    }
}

/// Buckets from a millisecond to a little more than two minutes, the default time limit of a question.
fn seconds_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 18))
}

/// Converts microseconds to seconds.
pub(super) fn in_seconds(micros: i64) -> f64 {
    std::time::Duration::from_micros(u64::try_from(micros).unwrap_or(0)).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use crate::monitoring::connector_metrics::{ConnectorMetrics, QueryOrigin, QueryOutcome};
    use hansa_policy::refusal::ErrorCode;

    #[test]
    fn the_text_form_is_that_of_openmetrics() {
        let metrics = ConnectorMetrics::default();
        metrics.count_refusal(QueryOrigin::Peer, ErrorCode::AggregateOnly, 1_500);
        metrics.count_permit();
        metrics.first_row(QueryOrigin::Peer, 20_000);
        metrics.count_answer_end(QueryOrigin::Peer, QueryOutcome::Done, 40_000);
        metrics.count_sent_rows(QueryOrigin::Peer, Some("acme.example"), 3, 512);
        let text = metrics.render_text().unwrap();
        for line in [
            "# TYPE hansa_queries counter",
            "hansa_queries_total{origin=\"peer\",outcome=\"refused\"} 1",
            "hansa_queries_total{origin=\"peer\",outcome=\"done\"} 1",
            "hansa_policy_decisions_total{decision=\"refused\",code=\"AGGREGATE_ONLY\"} 1",
            "hansa_query_first_row_seconds_count{origin=\"peer\"} 1",
            "hansa_sent_bytes_total{peer=\"acme.example\"} 512",
            "hansa_query_rows_total{origin=\"peer\"} 3",
            "hansa_config_last_reload_successful 1",
            "hansa_policy_decisions_total{decision=\"refused\",code=\"INTERNAL\"} 0",
            "hansa_queries_total{origin=\"own\",outcome=\"cut\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        // Every family has a help text and a type.
        let types = text
            .lines()
            .filter(|line| line.starts_with("# TYPE "))
            .count();
        let helps = text
            .lines()
            .filter(|line| line.starts_with("# HELP "))
            .count();
        assert_eq!(types, helps);
    }
}
