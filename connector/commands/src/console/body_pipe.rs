//! Body of a response that a thread writes while the browser takes it.

use bytes::Bytes;
use futures::StreamExt as _;
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

/// Body that `write` makes. Where it fails, the browser gets no end, so that it takes no part for the whole.
pub(super) fn stream_body(
    write: impl FnOnce(BodyPipe) -> Result<(), Refusal> + Send + 'static,
) -> ConsoleBody {
    let (sender, receiver) = mpsc::channel(WAITING);
    let pipe = BodyPipe(Arc::new(Mutex::new(PipeState {
        sender,
        runtime: Handle::current(),
        bytes: Vec::new(),
    })));
    let _work = tokio::task::spawn_blocking(move || {
        let mut end = pipe.clone();
        let written = write(pipe);
        let ended = written
            .and_then(|()| end.flush().map_err(report_unread))
            .and_then(|()| end.0.lock().send(None).map_err(report_unread));
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

/// Refusal of a file that its browser has not taken to its end.
pub(super) fn report_unread(cause: io::Error) -> Refusal {
    Refusal::new(ErrorCode::Internal, "the file was not read to its end").caused_by(cause)
}

/// Writing end of a body. It waits for the browser, and gives up where that takes too long.
#[derive(Clone)]
pub(super) struct BodyPipe(Arc<Mutex<PipeState>>);

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
