//! Open data: public views that anybody on the web may fetch as files, without being known.
//!
//! The file is the answer to one question over the whole view, which is decided and recorded as any other. Whoever fetches it is
//! answered from the file. What leaves is reserved on the log before, in blocks. Where the view ends, or something stops what stands
//! on it, the file is no longer there, and what is on its way breaks off.

use super::answer_body::AnswerPieces;
use super::format::AnswerWriter;
use super::format::column_rules::described;
use super::format::csv::CsvWriter;
use super::format::geojson::{GeoJsonWriter, coordinates};
use super::problem::WebError;
use super::request::WebRequest;
use super::{OpenAnswer, OpenAnswerStanding, OpenDataset, WebHandler};
use crate::client_connection::ClientConnection;
use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex as AsyncMutex;

/// Bytes of a file.
const FILE: u64 = 4 * 1024 * 1024 * 1024;

/// Bytes that are read of a file at once.
const PIECE: u64 = 64 * 1024;

/// What each answer with open data says beside its body: any page of the web may read it, and whoever keeps it asks again whether it
/// still stands.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-cache"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "cross-origin",
    ),
];

/// The forms in which open data is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum OpenFormat {
    Parquet,
    Csv,
    GeoJson,
}

impl OpenFormat {
    const ALL: [Self; 3] = [Self::Parquet, Self::Csv, Self::GeoJson];

    /// The ending of its files.
    const fn ending(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::GeoJson => "geojson",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::GeoJson => "application/geo+json",
        }
    }

    /// Whether a dataset can be written in it.
    fn fits(self, dataset: &OpenDataset) -> bool {
        match self {
            Self::Parquet | Self::Csv => true,
            Self::GeoJson => coordinates(&dataset.columns).is_some(),
        }
    }
}

/// The whole of an open dataset in one form. The file has no name.
struct OpenFile {
    dataset: OpenDataset,
    file: File,
    length: u64,
    /// Its entity tag: the digest of its bytes.
    tag: String,
    standing: Box<dyn OpenAnswerStanding>,
}

/// A file, once somebody has asked for it; whoever makes it holds the lock.
type OpenFileSlot = Arc<AsyncMutex<Option<Arc<OpenFile>>>>;

/// The files of open data.
pub(super) struct OpenFiles<H> {
    handler: Arc<H>,
    /// Where they lie.
    folder: PathBuf,
    slots: Mutex<BTreeMap<(String, OpenFormat), OpenFileSlot>>,
}

impl<H: WebHandler> OpenFiles<H> {
    pub(super) fn new(handler: Arc<H>, folder: PathBuf) -> Self {
        Self {
            handler,
            folder,
            slots: Mutex::default(),
        }
    }

    /// The answer to whoever asks for open data, known or not; nothing where it asks for something else, or where no dataset is open.
    pub(super) async fn answer(
        &self,
        request: &WebRequest,
        connection: &ClientConnection,
    ) -> Option<Result<Response<Body>, WebError>> {
        let file = match request.path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["open"] => None,
            ["open", file] => Some(file.to_owned()),
            _ => return None,
        };
        // INVARIANT: open-by-signature. A house that opens nothing answers as if there were no such path.
        let datasets = self.handler.open_datasets();
        if datasets.is_empty() {
            return None;
        }
        Some(
            self.answered(request, datasets, file, connection)
                .await
                .map(open_to_all),
        )
    }

    async fn answered(
        &self,
        request: &WebRequest,
        datasets: Vec<OpenDataset>,
        file: Option<String>,
        connection: &ClientConnection,
    ) -> Result<Response<Body>, WebError> {
        if request.parts.method != Method::HEAD {
            request.insist_on(&Method::GET)?;
        }
        request.finish(&[])?;
        let from = connection.credentials(None).address;
        self.handler.admit_stranger(from).map_err(|wait| {
            let many = StatusCode::TOO_MANY_REQUESTS;
            let error = WebError::new(many, "too many requests came from there, or from everybody");
            error.retry_after(wait)
        })?;
        connection.admitted();
        let Some(file) = file else {
            let page = index(&request.base, &datasets).to_string();
            self.handler.reserve(None, length(page.len())).await?;
            let mut response = Response::new(Body::from(page));
            let kind = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            return Ok(response);
        };
        let unknown = || {
            let refusal = Refusal::new(
                ErrorCode::DatasetUnknown,
                "there is no open dataset and form of that name",
            );
            WebError::from(refusal.with_help("GET /open lists them"))
        };
        let (name, ending) = file.rsplit_once('.').ok_or_else(unknown)?;
        let dataset = datasets.iter().find(|dataset| dataset.name == name);
        let format = OpenFormat::ALL
            .into_iter()
            .find(|format| format.ending() == ending);
        let (Some(dataset), Some(format)) = (dataset, format) else {
            return Err(unknown());
        };
        if !format.fits(dataset) {
            return Err(unknown());
        }
        self.forget_closed(&datasets);
        let file = self.file(dataset, format).await?;
        let part = FilePart::wanted(&request.parts.headers, &file)?;
        let sends = match (&part, &request.parts.method) {
            (FilePart::Unchanged, _) | (_, &Method::HEAD) => 0,
            (FilePart::All, _) => file.length,
            (FilePart::Range { begin, end }, _) => end.saturating_sub(*begin),
        };
        // INVARIANT: reserved-before-sent. In the log before the first byte leaves; what follows looks whether the view still stands.
        self.handler.reserve(Some(dataset), sends).await?;
        if let Some(why) = file.standing.ended() {
            return Err(why.into());
        }
        response(file, format, part, sends)
    }

    /// The file of a dataset as it is now. It is made by a task of its own: whoever goes away leaves it to the next one.
    async fn file(
        &self,
        dataset: &OpenDataset,
        format: OpenFormat,
    ) -> Result<Arc<OpenFile>, Refusal> {
        let slot = {
            let mut slots = self.slots.lock();
            let slot = slots.entry((dataset.name.clone(), format)).or_default();
            Arc::clone(slot)
        };
        let (handler, folder) = (Arc::clone(&self.handler), self.folder.clone());
        let dataset = dataset.clone();
        let made = tokio::spawn(async move {
            let mut held = slot.lock().await;
            if let Some(file) = &*held
                && file.dataset == dataset
                && file.standing.ended().is_none()
            {
                return Ok(Arc::clone(file));
            }
            // The old one goes first, so that two of them are never there for long.
            *held = None;
            let answer = handler.open_answer(&dataset).await?;
            let columns = Arc::clone(&answer.answer.columns);
            let writer: Box<dyn AnswerWriter> = match format {
                OpenFormat::Parquet => handler.parquet_writer(columns)?,
                OpenFormat::Csv => Box::new(CsvWriter::new(columns, true)),
                OpenFormat::GeoJson => Box::new(GeoJsonWriter::new(columns)?),
            };
            let file = Arc::new(written(dataset, (answer, writer), folder).await?);
            *held = Some(Arc::clone(&file));
            Ok(file)
        });
        made.await.map_err(|cause| {
            Refusal::new(ErrorCode::Internal, "a file of open data was not made").caused_by(cause)
        })?
    }

    /// Lets go the files of what is open no longer.
    fn forget_closed(&self, datasets: &[OpenDataset]) {
        self.slots.lock().retain(|(name, _), _| {
            let mut open = datasets.iter();
            open.any(|dataset| dataset.name == *name)
        });
    }
}

/// Writes an answer into a file.
///
/// # Errors
/// Why the answer ended before its last row; `RESULT_TOO_LARGE`.
async fn written(
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
        standing: answer.standing,
    })
}

fn unstored(cause: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::StateBroken, "a file of open data can't be kept")
        .caused_by(cause.to_string())
}

fn open_to_all(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// Which part of a file a request wants (RFC 9110, sections 13 and 14).
#[derive(Debug, PartialEq, Eq)]
enum FilePart {
    All,
    /// From this byte to before that one.
    Range {
        begin: u64,
        end: u64,
    },
    /// None: the client has it.
    Unchanged,
}

impl FilePart {
    fn wanted(headers: &HeaderMap, file: &OpenFile) -> Result<Self, WebError> {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let names_it = |list: &str| {
            list.split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == file.tag)
        };
        if text(header::IF_NONE_MATCH).is_some_and(names_it) {
            return Ok(Self::Unchanged);
        }
        let Some(range) = text(header::RANGE) else {
            return Ok(Self::All);
        };
        if text(header::IF_RANGE).is_some_and(|tag| tag != file.tag) {
            return Ok(Self::All);
        }
        match Self::range(range, file.length) {
            Some(Some(part)) => Ok(part),
            Some(None) => {
                let beyond = StatusCode::RANGE_NOT_SATISFIABLE;
                let sentence = format!("the file has {} bytes", file.length);
                Err(WebError::new(beyond, sentence))
            }
            // What is not understood is left out of account, as the standard has it.
            None => Ok(Self::All),
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

fn response(
    file: Arc<OpenFile>,
    format: OpenFormat,
    part: FilePart,
    sends: u64,
) -> Result<Response<Body>, WebError> {
    let internal =
        |cause| Refusal::new(ErrorCode::Internal, "a header can't be written").caused_by(cause);
    let mut response = Response::new(Body::empty());
    let tag = HeaderValue::from_str(&file.tag).map_err(internal)?;
    let name = &file.dataset.name;
    let named = format!("attachment; filename=\"{name}.{}\"", format.ending());
    let named = HeaderValue::from_str(&named).map_err(internal)?;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let kind = HeaderValue::from_static(format.content_type());
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_DISPOSITION, named);
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
        FilePart::All => (0, file.length),
        FilePart::Range { begin, end } => {
            let last = end.saturating_sub(1);
            let range = format!("bytes {begin}-{last}/{}", file.length);
            let range = HeaderValue::from_str(&range).map_err(internal)?;
            headers.insert(header::CONTENT_RANGE, range);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            (begin, end)
        }
    };
    let length = HeaderValue::from(end.saturating_sub(begin));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    if sends > 0 {
        *response.body_mut() = body(file, begin, end);
    }
    Ok(response)
}

/// The file ended, or could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the file was cut")]
struct CutFileError;

/// The bytes of a file, as long as what it stands on does.
fn body(file: Arc<OpenFile>, begin: u64, end: u64) -> Body {
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
    Body::from_stream(pieces)
}

/// What is open.
fn index(base: &str, datasets: &[OpenDataset]) -> Value {
    let datasets = datasets.iter().map(|dataset| {
        let files = OpenFormat::ALL
            .into_iter()
            .filter(|format| format.fits(dataset));
        let files = files.map(|format| {
            json!({
                "href": format!("{base}/open/{}.{}", dataset.name, format.ending()),
                "type": format.content_type(),
            })
        });
        json!({
            "name": dataset.name,
            "title": dataset.title,
            "licence": dataset.licence,
            "attribution": dataset.attribution,
            "contract": dataset.contract,
            "version": dataset.version,
            "columns": described(&dataset.columns),
            "files": files.collect::<Vec<Value>>(),
        })
    });
    json!({"datasets": datasets.collect::<Vec<Value>>()})
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
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
