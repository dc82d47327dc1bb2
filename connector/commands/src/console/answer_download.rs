//! Files of a kept answer, made while they are sent.

use crate::question::arguments::OutputFormat;
use crate::question::row_sink::RowSink;
use bytes::Bytes;
use futures::StreamExt as _;
use hansa_node::answer::spreadsheet_text::{guard_columns, guard_rows};
use hansa_node::console::kept_answers::KeptAnswer;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleBody;
use parking_lot::Mutex;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Bytes of one piece of a body.
const PIECE: usize = 64 << 10;

/// Pieces that wait for the browser.
const WAITING: usize = 2;

/// Time within which a browser takes a piece.
const PATIENCE: Duration = Duration::from_secs(60);

/// Format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DownloadFormat {
    /// For spreadsheets: texts that begin like a formula are marked as text.
    Csv,
    /// Parquet.
    Parquet,
    /// Arrow IPC file.
    Arrow,
}

impl DownloadFormat {
    /// Format of the last word of an address.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            "arrow" => Some(Self::Arrow),
            _ => None,
        }
    }

    /// Ending of the file.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// Media type of the file.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.file",
        }
    }

    const fn output_format(self) -> OutputFormat {
        match self {
            Self::Csv => OutputFormat::Csv,
            Self::Parquet => OutputFormat::Parquet,
            Self::Arrow => OutputFormat::Arrow,
        }
    }
}

/// Body with all rows of an answer.
pub(super) fn stream_answer(answer: Arc<KeptAnswer>, format: DownloadFormat) -> ConsoleBody {
    let (sender, receiver) = mpsc::channel(WAITING);
    let pipe = BodyPipe(Arc::new(Mutex::new(PipeState {
        sender,
        runtime: Handle::current(),
        bytes: Vec::new(),
    })));
    let _work = tokio::task::spawn_blocking(move || {
        let written = write_answer(&answer, format, pipe.clone());
        let ended = written.and_then(|()| pipe.0.lock().send(None).map_err(unread));
        if let Err(refusal) = ended {
            tracing::debug!(code = %refusal.code, "console.download_cut");
        }
    });
    let pieces = futures::stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Some(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(None) => None,
            // Without the end of the file, no browser takes it for a whole one.
            None => Some((Err(io::ErrorKind::BrokenPipe.into()), None)),
        }
    });
    ConsoleBody::Stream(pieces.boxed())
}

fn write_answer(
    answer: &KeptAnswer,
    format: DownloadFormat,
    mut pipe: BodyPipe,
) -> Result<(), Refusal> {
    let is_csv = format == DownloadFormat::Csv;
    let Some(columns) = answer.rows.schema() else {
        let sentence = "the answer has no columns";
        return Err(Refusal::new(ErrorCode::Internal, sentence));
    };
    let mut sink = RowSink::new(format.output_format(), Box::new(pipe.clone()));
    sink.begin_rows(&match is_csv {
        true => guard_columns(&columns),
        false => columns,
    })?;
    for number in 0..answer.rows.pieces() {
        for rows in answer.rows.read_piece(number)? {
            sink.write_batch(&match is_csv {
                true => guard_rows(&rows)?,
                false => rows,
            })?;
        }
    }
    if let Some(report) = answer.report() {
        sink.set_footer(&serde_json::json!({ "hansa": report }));
    }
    sink.finish()?;
    pipe.flush().map_err(unread)
}

fn unread(cause: io::Error) -> Refusal {
    Refusal::new(ErrorCode::Internal, "the file was not read to its end").caused_by(cause)
}

/// Writing end of a body. It waits for the browser, and gives up where that takes too long.
#[derive(Clone)]
struct BodyPipe(Arc<Mutex<PipeState>>);

struct PipeState {
    /// The bytes of the file, then nothing as its end.
    sender: mpsc::Sender<Option<Bytes>>,
    runtime: Handle,
    bytes: Vec<u8>,
}

impl PipeState {
    fn send(&self, piece: Option<Bytes>) -> io::Result<()> {
        let sent = async { tokio::time::timeout(PATIENCE, self.sender.send(piece)).await };
        match self.runtime.block_on(sent) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn send_bytes(&mut self) -> io::Result<()> {
        match self.bytes.is_empty() {
            true => Ok(()),
            false => {
                let bytes = std::mem::take(&mut self.bytes);
                self.send(Some(bytes.into()))
            }
        }
    }
}

impl Write for BodyPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        state.bytes.extend_from_slice(bytes);
        if state.bytes.len() >= PIECE {
            state.send_bytes()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().send_bytes()
    }
}
