//! Where a verb writes what it sends back.

use crate::admin::command_event::CommandEvent;
use crate::cli::command_report::{CommandReport, ReportRow, report_json, report_table};
use bytes::Bytes;
use hansa_policy::refusal::Refusal;
use hansa_transport::internal_error;
use serde_json::Value;
use tokio::sync::mpsc;

/// Where a verb writes; bounded, so that a slow reader holds the verb and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct EventSink(mpsc::Sender<CommandEvent>);

/// The reader is gone; the verb should stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientDisconnected;

impl EventSink {
    /// A pair of ends.
    pub(crate) fn channel() -> (Self, mpsc::Receiver<CommandEvent>) {
        let (sender, receiver) = mpsc::channel(8);
        (Self(sender), receiver)
    }

    /// A result.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) async fn send_report(
        &self,
        report: &impl CommandReport,
    ) -> Result<(), ClientDisconnected> {
        self.send_object(report_json(report), report.to_text())
            .await
    }

    /// A list: its objects, and the table for people.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) async fn send_list<R: ReportRow>(
        &self,
        rows: &[R],
    ) -> Result<(), ClientDisconnected> {
        for row in rows {
            self.send_row(row).await?;
        }
        self.send_text(report_table(rows)).await
    }

    /// An object of a list whose table follows.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) async fn send_row(&self, row: &impl ReportRow) -> Result<(), ClientDisconnected> {
        self.send_object(report_json(row), "").await
    }

    /// An object with its text.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) async fn send_object(
        &self,
        data: Value,
        text: impl Into<String>,
    ) -> Result<(), ClientDisconnected> {
        let text = text.into();
        self.send(CommandEvent::Object { data, text }).await
    }

    /// An object with the document that it is of.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) async fn send_document(
        &self,
        data: Value,
        text: impl Into<String>,
    ) -> Result<(), ClientDisconnected> {
        let text = text.into();
        self.send(CommandEvent::Document { data, text }).await
    }

    /// Text that only people get; the objects before it said the same.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) async fn send_text(
        &self,
        text: impl Into<String>,
    ) -> Result<(), ClientDisconnected> {
        self.send(CommandEvent::Text(text.into())).await
    }

    /// Rows.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) async fn send_row_bytes(&self, bytes: Bytes) -> Result<(), ClientDisconnected> {
        self.send(CommandEvent::Rows(bytes)).await
    }

    /// A line for people.
    pub(crate) async fn send_notice(&self, text: impl Into<String>) {
        let _ = self.send(CommandEvent::Notice(text.into())).await;
    }

    /// A part that was refused or failed, while the rest goes on.
    pub(crate) async fn send_fault(&self, refusal: &Refusal) {
        let refusal = internal_error::with_trace_number(refusal.clone());
        let fault = CommandEvent::Fault {
            data: crate::cli::output::refusal_json(&refusal),
            text: crate::cli::output::refusal_text(&refusal),
        };
        let _ = self.send(fault).await;
    }

    /// Reports the faults of the state that a command leaves, each once. Gives the status of the command: that of the first, or 0.
    pub(crate) async fn report_faults(&self, faults: &[Refusal]) -> u8 {
        let mut told: Vec<&Refusal> = Vec::new();
        for fault in faults {
            if !told.contains(&fault) {
                self.send_fault(fault).await;
                told.push(fault);
            }
        }
        told.first()
            .map_or(0, |first| first.code.kind().exit_code())
    }

    /// Progress; dropped where the reader is behind.
    pub(crate) fn send_progress(&self, label: &str, done: u64, total: u64) {
        let _ = self.0.try_send(CommandEvent::Progress {
            label: label.to_owned(),
            done,
            total,
        });
    }

    /// Comes back when nobody reads any more.
    pub(crate) async fn wait_until_closed(&self) {
        self.0.closed().await;
    }

    /// Anything.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) async fn send(&self, event: CommandEvent) -> Result<(), ClientDisconnected> {
        self.0.send(event).await.map_err(|_| ClientDisconnected)
    }
}
