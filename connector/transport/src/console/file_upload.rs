//! File that a browser sends as `multipart/form-data` (RFC 7578): the fields before it, then its bytes, in bounded memory.

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use hansa_policy::refusal::{ErrorCode, Refusal};
use multer::{Field, Multipart};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// Path to which a browser sends a file. No other path takes one.
pub const UPLOAD_PATH: &str = "/datasets/upload";

/// Name of the field with the file: the last one of its form.
pub const FILE_FIELD: &str = "file";

/// Most bytes of boundaries, heads of parts and fields before the file, and behind it.
const AROUND: u64 = 16 * 1024;

/// Least bytes that a sender sends in a second, on average over each window of time.
const LEAST_RATE: u64 = 64 * 1024;

/// Time for which a refused sender is read on, so that its browser reads the response (RFC 9112, section 9.6).
const DISCARD: Duration = Duration::from_secs(5);

/// Fields before a file, and the name of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadHead {
    /// Fields before the file.
    pub fields: BTreeMap<String, String>,
    /// Name that the browser gives the file, unchecked. It is for people, and never a path.
    pub file_name: String,
}

/// File that comes from a browser. Nothing of it has been read before [`Self::read_head`].
pub struct FileUpload {
    length: u64,
    form: Multipart<'static>,
    file: Option<Field<'static>>,
    body: Arc<Mutex<BodyDataStream>>,
    progress: Arc<UploadProgress>,
    pace: SenderPace,
}

impl fmt::Debug for FileUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileUpload")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Stated form of a body with a file.
#[derive(Debug)]
pub(super) struct UploadForm {
    /// Boundary between the parts.
    pub(super) boundary: String,
    /// Length of the body, bytes.
    pub(super) length: u64,
}

impl FileUpload {
    /// Upload whose sender must keep to the least rate in each window of `time`.
    pub(super) fn new(form: UploadForm, body: Body, time: Duration) -> Self {
        let body = Arc::new(Mutex::new(body.into_data_stream()));
        let progress = Arc::new(UploadProgress::default());
        let parts = PartStream {
            body: Arc::clone(&body),
            progress: Arc::clone(&progress),
            has_given: false,
        };
        Self {
            length: form.length,
            form: Multipart::new(parts, form.boundary),
            file: None,
            body,
            pace: SenderPace {
                window: Box::pin(tokio::time::sleep(time)),
                time,
                before: 0,
                progress: Arc::clone(&progress),
            },
            progress,
        }
    }

    /// Stated length of the whole form, bytes. The file is shorter.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads the fields before the file.
    ///
    /// # Errors
    /// `UPLOAD_INCOMPLETE` for a form that is cut, too slow, or not one file behind its fields.
    pub async fn read_head(&mut self) -> Result<UploadHead, Refusal> {
        let mut fields = BTreeMap::new();
        loop {
            let next = self.pace.keep(self.form.next_field()).await?;
            let Some(mut field) = next.map_err(unreadable_form)? else {
                return Err(wrong_form("the form holds no file"));
            };
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned);
            match file_name {
                Some(file_name) if name == FILE_FIELD => {
                    self.progress.is_in_file.store(true, Ordering::Relaxed);
                    self.file = Some(field);
                    return Ok(UploadHead { fields, file_name });
                }
                // A file under another name, and a file that comes as a text.
                Some(_) => return Err(wrong_form("the form holds another file")),
                None if name == FILE_FIELD => return Err(wrong_form("the form holds no file")),
                None => {}
            }
            let mut bytes = Vec::new();
            while let Some(chunk) = self
                .pace
                .keep(field.chunk())
                .await?
                .map_err(unreadable_form)?
            {
                bytes.extend_from_slice(&chunk);
            }
            let text = String::from_utf8(bytes).ok();
            let text = text.filter(|text| !text.chars().any(char::is_control));
            let text = text.ok_or_else(|| wrong_form("a field of the form is no plain text"))?;
            if fields.insert(name, text).is_some() {
                return Err(wrong_form("a field of the form is given twice"));
            }
        }
    }

    /// Next bytes of the file; none at its end, when the form has ended, too.
    ///
    /// # Errors
    /// As [`Self::read_head`].
    pub async fn read_bytes(&mut self) -> Result<Option<Bytes>, Refusal> {
        let Some(file) = &mut self.file else {
            return Ok(None);
        };
        let read = self.pace.keep(file.chunk()).await?;
        if let Some(bytes) = read.map_err(unreadable_form)? {
            return Ok(Some(bytes));
        }
        self.file = None;
        self.progress.around.store(0, Ordering::Relaxed);
        self.progress.is_in_file.store(false, Ordering::Relaxed);
        let next = self.pace.keep(self.form.next_field()).await?;
        match next.map_err(unreadable_form)? {
            None => Ok(None),
            Some(_) => Err(wrong_form("the file is not the last field of the form")),
        }
    }

    /// Reads what the browser still sends, for a moment.
    pub(super) async fn discard_rest(self) {
        let read_on = async {
            loop {
                let next =
                    std::future::poll_fn(|context| self.body.lock().poll_next_unpin(context));
                match next.await {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                }
            }
        };
        let _ = tokio::time::timeout(DISCARD, read_on).await;
    }
}

/// Bytes that have come.
#[derive(Debug, Default)]
struct UploadProgress {
    /// All bytes.
    total: AtomicU64,
    /// Bytes before the file, or behind it.
    around: AtomicU64,
    /// True while the file comes.
    is_in_file: AtomicBool,
}

/// Body as the reader of the parts takes it. That reader takes all that is there into memory, so it gets one piece at a time.
struct PartStream {
    body: Arc<Mutex<BodyDataStream>>,
    progress: Arc<UploadProgress>,
    has_given: bool,
}

impl Stream for PartStream {
    type Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_given) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let is_in_file = self.progress.is_in_file.load(Ordering::Relaxed);
        if !is_in_file && self.progress.around.load(Ordering::Relaxed) > AROUND {
            return Poll::Ready(Some(Err("the fields around a file are too long".into())));
        }
        let next = ready!(self.body.lock().poll_next_unpin(context));
        Poll::Ready(next.map(|read| {
            let bytes = read?;
            let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.progress.total.fetch_add(count, Ordering::Relaxed);
            if !is_in_file {
                self.progress.around.fetch_add(count, Ordering::Relaxed);
            }
            self.has_given = true;
            Ok(bytes)
        }))
    }
}

/// Speed of a sender, judged at the end of each window of time.
struct SenderPace {
    window: Pin<Box<Sleep>>,
    time: Duration,
    /// Bytes that had come at the beginning of the window.
    before: u64,
    progress: Arc<UploadProgress>,
}

impl SenderPace {
    /// Waits for bytes of the sender.
    ///
    /// # Errors
    /// `UPLOAD_INCOMPLETE` where too few came in a window.
    async fn keep<T>(&mut self, read: impl Future<Output = T>) -> Result<T, Refusal> {
        tokio::pin!(read);
        loop {
            tokio::select! {
                biased;
                read = &mut read => return Ok(read),
                () = self.window.as_mut() => self.judge_window()?,
            }
        }
    }

    fn judge_window(&mut self) -> Result<(), Refusal> {
        let total = self.progress.total.load(Ordering::Relaxed);
        let milliseconds = u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX);
        let least = LEAST_RATE.saturating_mul(milliseconds) / 1000;
        if total.saturating_sub(self.before) < least {
            let sentence = format!("the file came more slowly than {LEAST_RATE} bytes a second");
            return Err(Refusal::new(ErrorCode::UploadIncomplete, sentence));
        }
        self.before = total;
        self.window = Box::pin(tokio::time::sleep(self.time));
        Ok(())
    }
}

fn unreadable_form(cause: multer::Error) -> Refusal {
    let sentence = "the file did not come whole";
    Refusal::new(ErrorCode::UploadIncomplete, sentence).caused_by(cause)
}

fn wrong_form(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::UploadIncomplete, sentence)
}
