//! Prints what a verb sends back.

use crate::admin::command_event::CommandEvent;
use crate::cli::GlobalArgs;
use crate::cli::output::OutputSettings;
use crate::cli::terminal::{
    EscapingWriter, PipeClosedFlag, PipeWriter, TerminalTextKind, is_lively, is_terminal, line_err,
    line_out, object_out,
};
use crate::question::arguments::OutputFormat;
use crate::question::row_sink::{RowSink, format_of};
use arrow_ipc::reader::StreamDecoder;
use bytes::Bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::to_printable;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// Where rows go.
#[derive(Debug, Clone, Default)]
pub(crate) struct OutputTarget {
    /// A file; absent: stdout.
    pub(crate) file: Option<PathBuf>,
    /// The format; absent: by the file's ending, a table on stdout.
    pub(crate) format: Option<OutputFormat>,
    /// Whether more follows: then an answer that failed has its end among the objects, too, also where it has no row.
    pub(crate) goes_on: bool,
    /// How long it may take; absent: whoever calls says so.
    pub(crate) within: Option<Duration>,
}

impl OutputTarget {
    fn format(&self, global: &GlobalArgs) -> Result<OutputFormat, Refusal> {
        if let Some(format) = self.format {
            let binary = matches!(
                format,
                OutputFormat::Arrow | OutputFormat::Arrows | OutputFormat::Parquet
            );
            if binary && self.file.is_none() && is_terminal() {
                return Err(Refusal::new(
                    ErrorCode::UsageWrong,
                    "rows in that format are not text and can't be written to a terminal",
                )
                .with_help("name a file with -o, or read them through a pipe"));
            }
            return Ok(format);
        }
        if global.json && self.file.is_none() {
            return Ok(OutputFormat::Json);
        }
        match &self.file {
            None => Ok(OutputFormat::Table),
            Some(file) => format_of(file).ok_or_else(|| {
                Refusal::new(
                    ErrorCode::UsageWrong,
                    format!(
                        "the ending of `{}` names no format; use .csv, .json, .arrow, .feather, .arrows or .parquet, or --format",
                        file.display()
                    ),
                )
            }),
        }
    }

    fn open(
        &self,
        format: OutputFormat,
        closed: &PipeClosedFlag,
    ) -> Result<Box<dyn Write + Send>, Refusal> {
        match &self.file {
            None => {
                let kind = match format {
                    // Its values are the same either way.
                    OutputFormat::Json => TerminalTextKind::Json,
                    _ if !is_terminal() => TerminalTextKind::Exact,
                    OutputFormat::Table | OutputFormat::Csv => TerminalTextKind::Lines,
                    OutputFormat::Arrow | OutputFormat::Arrows | OutputFormat::Parquet => {
                        TerminalTextKind::Exact
                    }
                };
                let pipe = EscapingWriter::new(PipeWriter::new(closed.clone()), kind);
                Ok(Box::new(std::io::BufWriter::new(pipe)))
            }
            Some(file) => {
                let part = part_of(file);
                let file = std::fs::File::create(&part)
                    .map_err(|fault| hansa_files::unwritable_file_refusal(&part, &fault))?;
                Ok(Box::new(std::io::BufWriter::new(file)))
            }
        }
    }

    /// Puts a finished file in its place; an unfinished one never stands there.
    fn finish_file(&self, whole: bool) -> Result<(), Refusal> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let part = part_of(file);
        if whole {
            // What is told below the rows, as from where the next question goes on, must not outlive them.
            std::fs::File::open(&part)
                .and_then(|written| written.sync_all())
                .map_err(|fault| hansa_files::unwritable_file_refusal(&part, &fault))?;
            std::fs::rename(&part, file)
                .map_err(|fault| hansa_files::unwritable_file_refusal(file, &fault))
        } else {
            let _ = std::fs::remove_file(&part);
            Ok(())
        }
    }
}

/// The status of a command whose reader has gone, as shells count it.
pub(crate) const READER_GONE: u8 = 141;

fn part_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    file.with_file_name(name)
}

/// Prints everything until the verb is done; gives its exit status.
///
/// # Errors
/// What the verb refused, or a place that can't be written.
pub(crate) async fn print_events(
    mut events: Receiver<CommandEvent>,
    global: &GlobalArgs,
    show: OutputSettings,
    target: &OutputTarget,
) -> Result<u8, Refusal> {
    let mut printer = ResultPrinter {
        global,
        show,
        target,
        decoder: StreamDecoder::new(),
        rows: None,
        bar: None,
        closed: PipeClosedFlag::default(),
    };
    let over = async {
        match target.within {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(over);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = &mut over => {
                printer.finish_output(false)?;
                return Err(timed_out(target.within.unwrap_or_default()));
            }
        };
        let Some(event) = event else { break };
        match printer.handle_event(event) {
            Ok(None) => {}
            Ok(Some(status)) => return printer.finish_output(true).map(|()| status),
            Err(_) if printer.closed.is_closed() => {
                printer.quiet_bar();
                return Ok(READER_GONE);
            }
            Err(refusal) => {
                printer.finish_output(false)?;
                return Err(refusal);
            }
        }
    }
    printer.finish_output(false)?;
    Err(Refusal::new(
        ErrorCode::StreamCut,
        "the connector ended in the middle of the answer",
    ))
}

struct ResultPrinter<'a> {
    global: &'a GlobalArgs,
    show: OutputSettings,
    target: &'a OutputTarget,
    decoder: StreamDecoder,
    rows: Option<RowSink>,
    bar: Option<ProgressBar>,
    closed: PipeClosedFlag,
}

impl ResultPrinter<'_> {
    fn handle_event(&mut self, event: CommandEvent) -> Result<Option<u8>, Refusal> {
        match event {
            CommandEvent::Object { data, text } => {
                if let Some(rows) = self.rows.as_mut() {
                    rows.set_footer(&data);
                }
                self.finish_rows()?;
                self.quiet_bar();
                let rows_on_stdout = self.target.file.is_none() && self.target.format.is_some();
                // INVARIANT: lacks-a-city. The answer says so, also to whoever wants to hear little.
                let lacks = data.pointer("/hansa/complete").and_then(Value::as_bool) == Some(false);
                if self.show.json {
                    object_out(&data);
                } else if rows_on_stdout && lacks {
                    line_err(&text);
                } else if rows_on_stdout {
                    self.show.print_note(&text);
                } else {
                    self.show.print_result(&data, &text);
                }
                Ok(None)
            }
            CommandEvent::Document { data, text } => {
                self.quiet_bar();
                self.show.print_document(&data, &text);
                Ok(None)
            }
            CommandEvent::Text(text) => {
                self.quiet_bar();
                if !self.show.json && !text.is_empty() {
                    line_out(text.trim_end_matches('\n'));
                }
                Ok(None)
            }
            CommandEvent::Rows(bytes) => self.decode(bytes).map(|()| None),
            CommandEvent::Progress { label, done, total } => {
                self.show_progress(label, done, total);
                Ok(None)
            }
            CommandEvent::Notice(text) => {
                self.quiet_bar();
                self.show.print_note(&text);
                Ok(None)
            }
            CommandEvent::Fault { data, text } => {
                self.quiet_bar();
                self.show.print_fault(&data, &text);
                Ok(None)
            }
            CommandEvent::Failed(refusal) => Err(refusal),
            CommandEvent::Done(status) => Ok(Some(status)),
        }
    }

    fn decode(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        let mut buffer = arrow_buffer::Buffer::from(bytes);
        while !buffer.is_empty() {
            let batch = self
                .decoder
                .decode(&mut buffer)
                .map_err(unreadable_rows_refusal)?;
            if self.rows.is_none()
                && let Some(schema) = self.decoder.schema()
            {
                let format = self.target.format(self.global)?;
                let mut rows = RowSink::new(format, self.target.open(format, &self.closed)?);
                rows.begin_rows(&schema)?;
                self.rows = Some(rows);
            }
            if let (Some(batch), Some(rows)) = (batch, self.rows.as_mut()) {
                rows.write_batch(&batch)?;
            }
        }
        Ok(())
    }

    fn finish_rows(&mut self) -> Result<(), Refusal> {
        if let Some(rows) = self.rows.take() {
            self.quiet_bar();
            if let Some(table) = rows.finish()? {
                line_out(&table);
            }
            self.target.finish_file(true)?;
        }
        Ok(())
    }

    fn show_progress(&mut self, label: String, done: u64, total: u64) {
        if !is_lively() || self.show.json || self.show.quiet {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::no_length();
            if let Ok(style) =
                ProgressStyle::with_template("{msg} [{bar:30}] {human_pos}/{human_len} {eta}")
            {
                bar.set_style(style);
            }
            bar
        });
        if total > 0 {
            bar.set_length(total);
        }
        bar.set_message(to_printable(&label));
        bar.set_position(done);
    }

    fn quiet_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn finish_output(mut self, whole: bool) -> Result<(), Refusal> {
        self.quiet_bar();
        if whole {
            return self.finish_rows();
        }
        let begun = self.rows.take().is_some();
        if begun {
            self.target.finish_file(false)?;
            if self.target.file.is_none() && !self.show.quiet {
                line_err("the rows above are not the whole answer");
            }
        }
        if self.show.json && (begun || self.target.goes_on) {
            object_out(&json!({"hansa": {"complete": false}}));
        }
        Ok(())
    }
}

/// What was not done within its time.
pub(crate) fn timed_out(limit: Duration) -> Refusal {
    let sentence = format!("not done within {} seconds", limit.as_secs());
    Refusal::new(ErrorCode::TimedOut, sentence)
}

fn unreadable_rows_refusal(fault: arrow_schema::ArrowError) -> Refusal {
    Refusal::new(
        ErrorCode::PeerDataInvalid,
        format!("the rows can't be read: {fault}"),
    )
}
