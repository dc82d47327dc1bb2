//! Files of a kept answer, made while they are sent. A workbook is written before it is sent.

use crate::console::asked_question::check_disk;
use crate::console::body_pipe::{BodyPipe, report_unread, stream_body};
use crate::question::arguments::OutputFormat;
use crate::question::row_sink::RowSink;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use hansa_node::console::kept_answers::{AnswerPhase, KeptAnswer, SentAnswer};
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::{AnswerWriter, ConsoleBody, CsvWriter, GeoJsonWriter, WorkbookWriter};
use serde_json::json;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows that are written at once.
const ROWS: usize = 1024;

/// Format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DownloadFormat {
    /// For spreadsheets: texts that begin like a formula are marked as text.
    Csv,
    /// Workbook of Office Open XML.
    Workbook,
    /// Parquet.
    Parquet,
    /// Arrow IPC file.
    Arrow,
    /// Collection of points.
    GeoJson,
}

impl DownloadFormat {
    const ALL: [Self; 5] = [
        Self::Csv,
        Self::Workbook,
        Self::Parquet,
        Self::Arrow,
        Self::GeoJson,
    ];

    /// Format of the last word of an address.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.ending() == word)
    }

    /// Ending of the file, and the last word of its address.
    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Workbook => "xlsx",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::GeoJson => "geojson",
        }
    }

    /// Media type of the file.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Workbook => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.file",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// Name of a file. The file of an answer that lacks a participant says so in its name, since not every format has a place for it.
///
/// # Errors
/// `STREAM_CUT` while the answer has not ended, or where it was stopped or failed.
pub(super) fn download_file_name(
    id: &str,
    phase: &AnswerPhase,
    format: DownloadFormat,
) -> Result<String, Refusal> {
    let mark = match phase {
        AnswerPhase::Complete => "",
        AnswerPhase::Incomplete => "-incomplete",
        AnswerPhase::Running | AnswerPhase::Stopped | AnswerPhase::Failed(_) => {
            let sentence = "the answer has not come to its end, so there is no file of it";
            return Err(Refusal::new(ErrorCode::StreamCut, sentence));
        }
    };
    let short: String = id.chars().take(8).collect();
    Ok(format!("hansa-{short}{mark}.{}", format.ending()))
}

/// Body with all rows of an answer that has ended.
///
/// # Errors
/// The reason why the answer has no form in this format.
pub(super) async fn open_download(
    connector: &Arc<Connector>,
    sent: SentAnswer,
    format: DownloadFormat,
) -> Result<ConsoleBody, Refusal> {
    let columns = sent.answer().rows.schema().ok_or_else(|| {
        let sentence = "the answer has no columns";
        Refusal::new(ErrorCode::Internal, sentence)
    })?;
    let is_incomplete = matches!(sent.answer().phase(), AnswerPhase::Incomplete);
    let file: DownloadFile = match format {
        DownloadFormat::Csv => DownloadFile::Format(Box::new(CsvWriter::new(columns, true))),
        DownloadFormat::GeoJson => {
            let writer = GeoJsonWriter::new(columns)?;
            DownloadFile::Format(Box::new(match is_incomplete {
                true => writer.of_incomplete_answer(),
                false => writer,
            }))
        }
        DownloadFormat::Parquet | DownloadFormat::Arrow => {
            let format = match format {
                DownloadFormat::Parquet => OutputFormat::Parquet,
                _ => OutputFormat::Arrow,
            };
            DownloadFile::Sink(format, columns)
        }
        DownloadFormat::Workbook => {
            let connector = Arc::clone(connector);
            let written = run_blocking(move || {
                let file = write_workbook(&connector, sent.answer(), columns, is_incomplete)?;
                Ok((file, sent))
            });
            let (file, sent) = written.await?;
            return Ok(send_body(sent, DownloadFile::Written(file)));
        }
    };
    Ok(send_body(sent, file))
}

/// File that is sent.
enum DownloadFile {
    /// Rows in a format of the HTTP interface.
    Format(Box<dyn AnswerWriter>),
    /// Rows in a format of `hansa sql`, with the columns of the answer.
    Sink(OutputFormat, SchemaRef),
    /// File that is written already.
    Written(File),
}

fn send_body(sent: SentAnswer, file: DownloadFile) -> ConsoleBody {
    stream_body(move |pipe| write_file(sent.answer(), file, pipe))
}

fn write_file(answer: &KeptAnswer, file: DownloadFile, mut pipe: BodyPipe) -> Result<(), Refusal> {
    match file {
        DownloadFile::Format(mut writer) => {
            let mut out = Vec::new();
            writer.write_begin(&mut out)?;
            visit_rows(answer, |rows| {
                writer.write_rows(rows, &mut out)?;
                pipe.write_all(&out).map_err(report_unread)?;
                out.clear();
                Ok(())
            })?;
            writer.write_end(&mut out)?;
            pipe.write_all(&out).map_err(report_unread)
        }
        DownloadFile::Sink(format, columns) => {
            let mut sink = RowSink::new(format, Box::new(pipe));
            sink.begin_rows(&columns)?;
            visit_rows(answer, |rows| sink.write_batch(rows))?;
            if let Some(report) = answer.report() {
                sink.set_footer(&json!({ "hansa": report }));
            }
            sink.finish().map(|_| ())
        }
        DownloadFile::Written(mut file) => io::copy(&mut file, &mut pipe)
            .map_err(report_unread)
            .map(|_| ()),
    }
}

/// Visits the rows of an answer in their order, a few at a time.
fn visit_rows(
    answer: &KeptAnswer,
    mut visit: impl FnMut(&RecordBatch) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    for number in 0..answer.rows.pieces() {
        for batch in answer.rows.read_piece(number)? {
            for first in (0..batch.num_rows()).step_by(ROWS) {
                let count = batch.num_rows().saturating_sub(first).min(ROWS);
                visit(&batch.slice(first, count))?;
            }
        }
    }
    Ok(())
}

/// Writes the whole workbook into a file without a name.
fn write_workbook(
    connector: &Connector,
    answer: &KeptAnswer,
    columns: SchemaRef,
    is_incomplete: bool,
) -> Result<File, Refusal> {
    let begun = WorkbookWriter::begin(columns, &connector.config().state)?;
    let mut workbook = match is_incomplete {
        true => begun.of_incomplete_answer(),
        false => begun,
    };
    for number in 0..answer.rows.pieces() {
        check_disk(connector)?;
        for rows in answer.rows.read_piece(number)? {
            workbook = workbook.add_rows(&rows)?;
        }
    }
    workbook.finish().map(|(file, _)| file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_an_incomplete_answer_says_so_in_its_name() {
        let name = |phase: &AnswerPhase, word| {
            let format = DownloadFormat::from_word(word).unwrap();
            download_file_name("00112233445566", phase, format)
        };
        assert_eq!(
            name(&AnswerPhase::Complete, "csv").unwrap(),
            "hansa-00112233.csv"
        );
        for word in ["csv", "xlsx", "parquet", "arrow", "geojson"] {
            let file = name(&AnswerPhase::Incomplete, word).unwrap();
            assert_eq!(file, format!("hansa-00112233-incomplete.{word}"));
        }
        for phase in [AnswerPhase::Running, AnswerPhase::Stopped] {
            assert_eq!(name(&phase, "csv").unwrap_err().code, ErrorCode::StreamCut);
        }
        assert!(DownloadFormat::from_word("exe").is_none());
    }
}
