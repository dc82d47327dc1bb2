//! File of open data: written once, read by many, completely, in ranges or page by page.

use crate::web::answer_body::AnswerPieces;
use crate::web::format::{AnswerWriter, byte_length};
use crate::web::open_format::OpenFormat;
use crate::web::problem::WebError;
use crate::web::{OpenAnswer, OpenAnswerStanding, OpenDataset};
use axum::body::Body;
use bytes::Bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Largest size of a file, bytes.
const FILE: u64 = 4 * 1024 * 1024 * 1024;

/// Number of bytes of a file that are read at once.
const PIECE: u64 = 64 * 1024;

/// Largest size of all files together, bytes, with removed ones that still have readers.
const ALL: u64 = 4 * FILE;

/// Longest time for which a reader may take no bytes.
const STALL: Duration = Duration::from_secs(60);

/// Interval of the checks that the sent file is still valid, while a reader takes no bytes.
const LOOK: Duration = Duration::from_secs(1);

/// Size of all files, with its limit.
#[derive(Debug, Clone, Default)]
pub(super) struct FileSpace(Arc<AtomicU64>);

/// Share of one file in the size.
#[derive(Debug)]
struct HeldSpace {
    space: FileSpace,
    bytes: u64,
}

impl HeldSpace {
    const fn new(space: FileSpace) -> Self {
        Self { space, bytes: 0 }
    }

    /// Adds bytes to the share.
    fn take_bytes(&mut self, bytes: u64) -> Result<(), Refusal> {
        let before = self.space.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes = self.bytes.saturating_add(bytes);
        if before.saturating_add(bytes) > ALL {
            let sentence = format!("the files of open data would hold more than {ALL} bytes");
            return Err(Refusal::new(ErrorCode::ResourceLimit, sentence));
        }
        Ok(())
    }
}

impl Drop for HeldSpace {
    fn drop(&mut self) {
        self.space.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Complete open dataset in one format. The file has no name.
pub(super) struct OpenFile {
    pub(super) dataset: OpenDataset,
    file: File,
    length: u64,
    /// Entity tag: the digest of its bytes.
    tag: String,
    /// Offsets of its pages, where it has some.
    pub(super) pages: Vec<u64>,
    pub(super) standing: Box<dyn OpenAnswerStanding>,
    _space: HeldSpace,
}

/// Writes an answer into a file.
///
/// # Errors
/// The reason why the answer ended before its last row; `RESULT_TOO_LARGE`.
pub(super) async fn write_open_file(
    dataset: OpenDataset,
    answer: OpenAnswer,
    writer: Box<dyn AnswerWriter>,
    folder: PathBuf,
    space: &FileSpace,
) -> Result<OpenFile, Refusal> {
    let mut held = HeldSpace::new(space.clone());
    let mut pieces = AnswerPieces::new(answer.answer, writer);
    let mut file = tempfile::tempfile_in(folder).map_err(file_write_refusal)?;
    let (mut length_of_file, mut digest) = (0_u64, blake3::Hasher::new());
    while let Some(piece) = pieces.next().await? {
        let bytes = byte_length(piece.len());
        held.take_bytes(bytes)?;
        length_of_file = length_of_file.saturating_add(bytes);
        if length_of_file > FILE {
            return Err(Refusal::new(
                ErrorCode::ResultTooLarge,
                format!(
                    "`{}` is larger than the {FILE} bytes of a file",
                    dataset.name
                ),
            ));
        }
        digest.update(&piece);
        let writes = tokio::task::spawn_blocking(move || {
            file.write_all(&piece)?;
            Ok::<_, io::Error>(file)
        });
        file = writes
            .await
            .map_err(file_write_refusal)?
            .map_err(file_write_refusal)?;
    }
    Ok(OpenFile {
        dataset,
        file,
        length: length_of_file,
        tag: format!("\"{}\"", digest.finalize().to_hex()),
        pages: Vec::new(),
        standing: answer.standing,
        _space: held,
    })
}

fn file_write_refusal(cause: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::StateBroken, "a file of open data can't be kept")
        .caused_by(cause.to_string())
}

/// Page of rows, with the JSON around them.
pub(super) struct RowPage {
    begin: u64,
    end: u64,
    head: String,
    tail: &'static str,
    /// Entity tag, which covers the JSON around the rows as well.
    tag: String,
}

impl RowPage {
    /// Page of a file, counted from 1.
    pub(super) fn new(file: &OpenFile, number: usize, base: &str) -> Result<Self, WebError> {
        let pages = file.pages.len().max(1);
        if number > pages {
            let sentence = format!("there are {pages} pages");
            return Err(WebError::new(StatusCode::NOT_FOUND, sentence));
        }
        let begin = file.pages.get(number.saturating_sub(1)).copied();
        let end = file.pages.get(number).copied();
        let dataset = &file.dataset;
        let mut head = json!({
            "dataset": dataset.name,
            "version": dataset.version,
            "licence": dataset.licence,
            "attribution": dataset.attribution,
            "page": number,
            "pages": pages,
        });
        if let Some(members) = head.as_object_mut()
            && number < pages
        {
            let next = format!(
                "{base}/open/{}/rows?page={}",
                dataset.name,
                number.saturating_add(1)
            );
            members.insert("next".to_owned(), json!(next));
        }
        let head = head.to_string();
        let head = head.strip_suffix('}').unwrap_or(&head);
        let of = format!("{}{head}", file.tag);
        Ok(Self {
            tag: format!("\"{}\"", blake3::hash(of.as_bytes()).to_hex()),
            begin: begin.unwrap_or(0),
            end: end.unwrap_or(file.length),
            head: format!("{head},\"rows\":[\n"),
            tail: "\n],\"complete\":true}\n",
        })
    }

    /// Number of bytes around the rows.
    pub(super) fn bytes_around_rows(&self) -> u64 {
        byte_length(self.head.len().saturating_add(self.tail.len()))
    }
}

/// Requested part of a file (RFC 9110, sections 13 and 14).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FilePart {
    /// Complete content.
    All { begin: u64, end: u64 },
    /// Range of bytes, without its end.
    Range { begin: u64, end: u64 },
    /// Nothing, since the client has the content already.
    Unchanged,
}

impl FilePart {
    pub(super) fn from_request(
        parts: &Parts,
        file: &OpenFile,
        page: Option<&RowPage>,
    ) -> Result<Self, WebError> {
        let headers = &parts.headers;
        let tag = page.map_or(&file.tag, |page| &page.tag);
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let names_it = |list: &str| {
            list.split(',')
                .map(str::trim)
                .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
        };
        if text(header::IF_NONE_MATCH).is_some_and(names_it) {
            return Ok(Self::Unchanged);
        }
        if let Some(page) = page {
            let RowPage { begin, end, .. } = *page;
            return Ok(Self::All { begin, end });
        }
        let all = Self::All {
            begin: 0,
            end: file.length,
        };
        // A range is valid for GET alone.
        let range = text(header::RANGE).filter(|_| parts.method == Method::GET);
        let Some(range) = range else {
            return Ok(all);
        };
        if text(header::IF_RANGE).is_some_and(|known| known != tag) {
            return Ok(all);
        }
        match Self::parse_range(range, file.length) {
            Some(Some(part)) => Ok(part),
            Some(None) => {
                let beyond = StatusCode::RANGE_NOT_SATISFIABLE;
                let sentence = format!("the file has {} bytes", file.length);
                Err(WebError::new(beyond, sentence))
            }
            // An invalid range is ignored, as the standard demands.
            None => Ok(all),
        }
    }

    /// Single byte range; outer none for an invalid one, inner none for one outside the file.
    fn parse_range(text: &str, length: u64) -> Option<Option<Self>> {
        let (first, last) = text.strip_prefix("bytes=")?.trim().split_once('-')?;
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
        };
        let (begin, end) = match (number(first), number(last)) {
            (Some(begin), Some(last)) if last >= begin => (begin, last.saturating_add(1)),
            (Some(begin), None) if last.is_empty() => (begin, length),
            (None, Some(count)) if first.is_empty() => (length.saturating_sub(count), length),
            _ => return None,
        };
        let end = end.min(length);
        Some((begin < end).then_some(Self::Range { begin, end }))
    }
}

/// Response with a part of a file.
///
/// # Errors
/// When a header can't be written.
pub(super) fn file_response(
    file: Arc<OpenFile>,
    format: OpenFormat,
    part: FilePart,
    page: Option<RowPage>,
    sends: u64,
) -> Result<Response<Body>, WebError> {
    let internal =
        |cause| Refusal::new(ErrorCode::Internal, "a header can't be written").caused_by(cause);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let tag = page.as_ref().map_or(&file.tag, |page| &page.tag);
    let tag = HeaderValue::from_str(tag).map_err(internal)?;
    headers.insert(header::ETAG, tag);
    let kind = HeaderValue::from_static(format.content_type());
    headers.insert(header::CONTENT_TYPE, kind);
    if page.is_none() {
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let name = &file.dataset.name;
        let named = format!(
            "attachment; filename=\"{name}.{}\"",
            format.file_extension()
        );
        let named = HeaderValue::from_str(&named).map_err(internal)?;
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    let licence = &file.dataset.licence;
    let is_address = licence.starts_with("https://") || licence.starts_with("http://");
    let licence = format!("<{licence}>; rel=\"license\"");
    if is_address && let Ok(licence) = HeaderValue::from_str(&licence) {
        headers.insert(header::LINK, licence);
    }
    let (begin, end) = match part {
        FilePart::Unchanged => {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        FilePart::All { begin, end } => (begin, end),
        FilePart::Range { begin, end } => {
            let last = end.saturating_sub(1);
            let range = format!("bytes {begin}-{last}/{}", file.length);
            let range = HeaderValue::from_str(&range).map_err(internal)?;
            headers.insert(header::CONTENT_RANGE, range);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            (begin, end)
        }
    };
    let around = page.as_ref().map_or(0, RowPage::bytes_around_rows);
    let whole = end.saturating_sub(begin).saturating_add(around);
    let length = HeaderValue::from(whole);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    if sends > 0 {
        let (head, tail) = page.map_or((String::new(), ""), |page| (page.head, page.tail));
        *response.body_mut() = file_body(file, begin, end, head, tail);
    }
    Ok(response)
}

/// Error of a file that ended, or could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the file was cut")]
struct CutFileError;

/// Bytes of the file, as long as its view is valid. A task reads them, so that the file is released even while a reader takes no
/// bytes.
fn file_body(file: Arc<OpenFile>, begin: u64, end: u64, head: String, tail: &'static str) -> Body {
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(async move {
        let around = |text: Bytes| (!text.is_empty()).then_some(Ok(text));
        if let Some(head) = around(Bytes::from(head))
            && !send_piece(&file, &send, head).await
        {
            return;
        }
        let mut at = begin;
        while at < end {
            let count = end.saturating_sub(at).min(PIECE);
            let piece = read_part(&file, at, count).await;
            let is_broken = piece.is_err();
            if !send_piece(&file, &send, piece).await || is_broken {
                return;
            }
            at = at.saturating_add(count);
        }
        if let Some(tail) = around(Bytes::from_static(tail.as_bytes())) {
            send_piece(&file, &send, tail).await;
        }
    });
    Body::from_stream(ReceiverStream::new(receive))
}

async fn read_part(file: &Arc<OpenFile>, at: u64, count: u64) -> Result<Bytes, CutFileError> {
    let reading = Arc::clone(file);
    let read = tokio::task::spawn_blocking(move || {
        let mut piece = vec![0; usize::try_from(count).unwrap_or(0)];
        reading.file.read_exact_at(&mut piece, at)?;
        Ok::<_, io::Error>(Bytes::from(piece))
    });
    match read.await {
        Ok(Ok(piece)) => Ok(piece),
        Ok(Err(error)) => {
            tracing::warn!(%error, "web.open_file_unread");
            Err(CutFileError)
        }
        Err(_) => Err(CutFileError),
    }
}

/// Sends a piece as soon as there is room; false if the body ends: with an error, or since its reader is gone.
async fn send_piece(
    file: &OpenFile,
    send: &mpsc::Sender<Result<Bytes, CutFileError>>,
    piece: Result<Bytes, CutFileError>,
) -> bool {
    let mut waited = Duration::ZERO;
    let room = loop {
        // INVARIANT: open-files-end-with-their-view. Checked before each piece, and while a reader takes no bytes.
        let why = file.standing.ended_view_refusal();
        let is_late = waited >= STALL;
        if why.is_some() || is_late {
            tracing::info!(?why, is_late, "web.open_file_cut");
            // An active reader gets the error. For an inactive one the task keeps only a message and not the file.
            let send = send.clone();
            tokio::spawn(async move { send.send(Err(CutFileError)).await.is_ok() });
            return false;
        }
        match tokio::time::timeout(LOOK, send.reserve()).await {
            Ok(Ok(room)) => break room,
            Ok(Err(_)) => return false,
            Err(_) => waited = waited.saturating_add(LOOK),
        }
    };
    // Checked again after the wait.
    match file.standing.ended_view_refusal() {
        None => {
            room.send(piece);
            true
        }
        Some(refusal) => {
            tracing::info!(%refusal, "web.open_file_cut");
            room.send(Err(CutFileError));
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FilePart;

    #[test]
    fn ranges_are_those_of_the_standard() {
        let range = |text| FilePart::parse_range(text, 10);
        let part = |begin, end| Some(Some(FilePart::Range { begin, end }));
        assert_eq!(range("bytes=0-3"), part(0, 4));
        assert_eq!(range("bytes=4-"), part(4, 10));
        assert_eq!(range("bytes=-3"), part(7, 10));
        assert_eq!(range("bytes=-30"), part(0, 10));
        assert_eq!(range("bytes=9-99999999999999999999999"), part(9, 10));
        assert_eq!(range("bytes=10-"), Some(None));
        assert_eq!(range("bytes=-0"), Some(None));
        for other in [
            "bytes=0-1,3-4",
            "bytes=3-1",
            "bytes=-",
            "rows=0-1",
            "bytes=+1-2",
            "",
        ] {
            assert_eq!(range(other), None, "{other}");
        }
    }
}
