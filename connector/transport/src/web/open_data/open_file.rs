//! A file of open data: written once, read by many, whole, in parts or a page at a time.

use crate::web::answer_body::AnswerPieces;
use crate::web::format::{AnswerWriter, length};
use crate::web::open_format::OpenFormat;
use crate::web::problem::WebError;
use crate::web::{OpenAnswer, OpenAnswerStanding, OpenDataset};
use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::json;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes of a file.
const FILE: u64 = 4 * 1024 * 1024 * 1024;

/// Bytes that are read of a file at once.
const PIECE: u64 = 64 * 1024;

/// The whole of an open dataset in one form. The file has no name.
pub(super) struct OpenFile {
    pub(super) dataset: OpenDataset,
    file: File,
    length: u64,
    /// Its entity tag: the digest of its bytes.
    tag: String,
    /// Where its pages begin, where it has some.
    pub(super) pages: Vec<u64>,
    pub(super) standing: Box<dyn OpenAnswerStanding>,
}

/// Writes an answer into a file.
///
/// # Errors
/// Why the answer ended before its last row; `RESULT_TOO_LARGE`.
pub(super) async fn written(
    dataset: OpenDataset,
    (answer, writer): (OpenAnswer, Box<dyn AnswerWriter>),
    folder: PathBuf,
) -> Result<OpenFile, Refusal> {
    let mut pieces = AnswerPieces::of(answer.answer, writer);
    let mut file = tempfile::tempfile_in(folder).map_err(unstored)?;
    let (mut length_of_file, mut digest) = (0_u64, blake3::Hasher::new());
    while let Some(piece) = pieces.next().await? {
        length_of_file = length_of_file.saturating_add(length(piece.len()));
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
        file = writes.await.map_err(unstored)?.map_err(unstored)?;
    }
    Ok(OpenFile {
        dataset,
        file,
        length: length_of_file,
        tag: format!("\"{}\"", digest.finalize().to_hex()),
        pages: Vec::new(),
        standing: answer.standing,
    })
}

fn unstored(cause: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::StateBroken, "a file of open data can't be kept")
        .caused_by(cause.to_string())
}

/// A page of rows, and what stands around them.
pub(super) struct RowPage {
    begin: u64,
    end: u64,
    head: String,
    tail: &'static str,
}

impl RowPage {
    /// A page of a file, counted from 1.
    pub(super) fn of(file: &OpenFile, number: usize, base: &str) -> Result<Self, WebError> {
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
        Ok(Self {
            begin: begin.unwrap_or(0),
            end: end.unwrap_or(file.length),
            head: format!("{head},\"rows\":[\n"),
            tail: "\n],\"complete\":true}\n",
        })
    }

    /// Bytes around the rows.
    pub(super) fn around(&self) -> u64 {
        length(self.head.len().saturating_add(self.tail.len()))
    }
}

/// Which part of a file a request wants (RFC 9110, sections 13 and 14).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FilePart {
    /// All that there is at the address.
    All { begin: u64, end: u64 },
    /// From this byte to before that one.
    Range { begin: u64, end: u64 },
    /// None: the client has it.
    Unchanged,
}

impl FilePart {
    pub(super) fn wanted(
        headers: &HeaderMap,
        file: &OpenFile,
        page: Option<&RowPage>,
    ) -> Result<Self, WebError> {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let names_it = |list: &str| {
            list.split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == file.tag)
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
        let Some(range) = text(header::RANGE) else {
            return Ok(all);
        };
        if text(header::IF_RANGE).is_some_and(|tag| tag != file.tag) {
            return Ok(all);
        }
        match Self::range(range, file.length) {
            Some(Some(part)) => Ok(part),
            Some(None) => {
                let beyond = StatusCode::RANGE_NOT_SATISFIABLE;
                let sentence = format!("the file has {} bytes", file.length);
                Err(WebError::new(beyond, sentence))
            }
            // What is not understood is left out of account, as the standard has it.
            None => Ok(all),
        }
    }

    /// One range of bytes; nothing in the outer place where it is not one, in the inner one where the file has none of it.
    fn range(text: &str, length: u64) -> Option<Option<Self>> {
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

/// The answer with a part of a file.
///
/// # Errors
/// Where a header can't be written.
pub(super) fn response(
    file: Arc<OpenFile>,
    format: OpenFormat,
    (part, page): (FilePart, Option<RowPage>),
    sends: u64,
) -> Result<Response<Body>, WebError> {
    let internal =
        |cause| Refusal::new(ErrorCode::Internal, "a header can't be written").caused_by(cause);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let tag = HeaderValue::from_str(&file.tag).map_err(internal)?;
    headers.insert(header::ETAG, tag);
    let kind = HeaderValue::from_static(format.content_type());
    headers.insert(header::CONTENT_TYPE, kind);
    if page.is_none() {
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        let name = &file.dataset.name;
        let named = format!("attachment; filename=\"{name}.{}\"", format.ending());
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
    let around = page.as_ref().map_or(0, RowPage::around);
    let whole = end.saturating_sub(begin).saturating_add(around);
    let length = HeaderValue::from(whole);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    if sends > 0 {
        let (head, tail) = page.map_or((String::new(), ""), |page| (page.head, page.tail));
        *response.body_mut() = body(file, begin, end, (head, tail));
    }
    Ok(response)
}

/// The file ended, or could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the file was cut")]
struct CutFileError;

/// The bytes of a file, as long as what it stands on does.
fn body(file: Arc<OpenFile>, begin: u64, end: u64, (head, tail): (String, &'static str)) -> Body {
    let pieces = stream::unfold(Some((file, begin)), move |left| async move {
        let (file, at) = left.filter(|(_, at)| *at < end)?;
        // INVARIANT: open-files-end-with-their-view. Looked at before each piece.
        if let Some(refusal) = file.standing.ended() {
            tracing::info!(%refusal, "web.open_file_cut");
            return Some((Err(CutFileError), None));
        }
        let count = end.saturating_sub(at).min(PIECE);
        let reading = Arc::clone(&file);
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; usize::try_from(count).unwrap_or(0)];
            reading.file.read_exact_at(&mut piece, at)?;
            Ok::<_, io::Error>(Bytes::from(piece))
        });
        match read.await {
            Ok(Ok(piece)) => Some((Ok(piece), Some((file, at.saturating_add(count))))),
            Ok(Err(error)) => {
                tracing::warn!(%error, "web.open_file_unread");
                Some((Err(CutFileError), None))
            }
            Err(_) => Some((Err(CutFileError), None)),
        }
    });
    let around = |text: Bytes| {
        let text = (!text.is_empty()).then_some(Ok(text));
        stream::iter(text)
    };
    let pieces = around(Bytes::from(head)).chain(pieces);
    Body::from_stream(pieces.chain(around(Bytes::from_static(tail.as_bytes()))))
}

#[cfg(test)]
mod tests {
    use super::FilePart;

    #[test]
    fn ranges_are_those_of_the_standard() {
        let range = |text| FilePart::range(text, 10);
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
