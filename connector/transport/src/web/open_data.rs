//! Open data: public views that everybody on the web may fetch as files, unidentified.
//!
//! The file is the answer to one question over the whole view, which is decided and recorded like any other. Requests are answered
//! from the file. The sent amount is reserved in the log beforehand, in blocks. When the view ends or is stopped, the file is
//! removed, and running responses break off.

mod open_file;

use super::format::column_rules::describe_columns;
use super::format::csv::CsvWriter;
use super::format::geojson::GeoJsonWriter;
use super::format::row_pages::RowPagesWriter;
use super::format::{AnswerWriter, byte_length};
use super::open_format::OpenFormat;
use super::openapi;
use super::problem::WebError;
use super::request::WebRequest;
use super::{OpenDataset, WebHandler};
use crate::client_connection::ClientConnection;
use crate::web::open_data::open_file::{
    FilePart, FileSpace, OpenFile, RowPage, file_response, write_open_file,
};
use axum::body::Body;
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

/// Headers of each response with open data: every web page may read it, and caches must revalidate it.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-cache"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "cross-origin",
    ),
];

/// Resource of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenPath<'a> {
    /// List of open datasets.
    Index,
    /// OpenAPI description of the open datasets.
    Description,
    /// File of a dataset.
    File(&'a str),
    /// Page of a dataset's rows.
    Rows(&'a str),
}

impl<'a> OpenPath<'a> {
    fn of(path: &'a [String]) -> Option<Self> {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["open"] => Some(Self::Index),
            ["open", "openapi.json"] => Some(Self::Description),
            ["open", file] => Some(Self::File(file)),
            ["open", name, "rows"] => Some(Self::Rows(name)),
            _ => None,
        }
    }
}

/// Requested page of rows.
fn asked_page(request: &WebRequest) -> Result<usize, WebError> {
    let mut number = 1;
    for (name, value) in &request.parameters {
        let known = value.parse().ok().filter(|number| *number > 0);
        number = match (name.as_str(), known) {
            ("page", Some(number)) => number,
            ("page", None) => {
                let sentence = "`page` is a number from 1 on";
                return Err(WebError::new(StatusCode::BAD_REQUEST, sentence));
            }
            _ => {
                let sentence = format!("there is no parameter `{name}` here");
                let error = WebError::new(StatusCode::BAD_REQUEST, sentence);
                return Err(error.with_help("the parameters are page"));
            }
        };
    }
    Ok(number)
}

/// Dataset and format of a file.
fn of_file<'a>(
    file: &str,
    datasets: &'a [OpenDataset],
) -> Result<(&'a OpenDataset, OpenFormat), WebError> {
    let (name, ending) = file.rsplit_once('.').ok_or_else(unknown_dataset_error)?;
    let dataset = datasets.iter().find(|dataset| dataset.name == name);
    let mut formats = OpenFormat::FILES.into_iter();
    let format = formats.find(|format| format.file_extension() == ending);
    match (dataset, format) {
        (Some(dataset), Some(format)) if format.fits_dataset(dataset) => Ok((dataset, format)),
        _ => Err(unknown_dataset_error()),
    }
}

fn unknown_dataset_error() -> WebError {
    let refusal = Refusal::new(
        ErrorCode::DatasetUnknown,
        "there is no open dataset and form of that name",
    );
    WebError::from(refusal.with_help("GET /open lists them"))
}

/// Slot of a file. The task that makes the file holds its lock.
type OpenFileSlot = Arc<AsyncMutex<SlotState>>;

/// File of open data, or the reason why there is none.
#[derive(Default)]
enum SlotState {
    /// The file was not requested yet.
    #[default]
    Empty,
    Made(Arc<OpenFile>),
    Failed(Box<FailedFile>),
}

/// File that could not be made: reason, and time until which it is not made again.
struct FailedFile {
    dataset: OpenDataset,
    refusal: Refusal,
    until: i64,
}

impl SlotState {
    /// Available response for a dataset; none if the file must be made.
    fn cached_file(
        &self,
        dataset: &OpenDataset,
        ticks: i64,
    ) -> Option<Result<Arc<OpenFile>, Refusal>> {
        match self {
            Self::Made(file)
                if file.dataset == *dataset && file.standing.ended_view_refusal().is_none() =>
            {
                Some(Ok(Arc::clone(file)))
            }
            Self::Failed(failed) if failed.dataset == *dataset && ticks < failed.until => {
                Some(Err(failed.refusal.clone()))
            }
            Self::Empty | Self::Made(_) | Self::Failed(_) => None,
        }
    }
}

/// Time for which a file is not made again after a failure, microseconds.
const PAUSE: i64 = 60_000_000;

/// Interval of the checks that a file may still be kept.
const LOOK: Duration = Duration::from_secs(2);

/// Files of open data.
pub(super) struct OpenFiles<H> {
    handler: Arc<H>,
    /// Folder of the files.
    folder: PathBuf,
    slots: Mutex<BTreeMap<(String, OpenFormat), OpenFileSlot>>,
    /// One file is made at a time, so that strangers occupy one place among the questions, however many they request.
    making: Arc<Semaphore>,
    /// Size of all files.
    space: FileSpace,
}

impl<H: WebHandler> OpenFiles<H> {
    pub(super) fn new(handler: Arc<H>, folder: PathBuf) -> Self {
        Self {
            handler,
            folder,
            slots: Mutex::default(),
            making: Arc::new(Semaphore::new(1)),
            space: FileSpace::default(),
        }
    }

    /// Response to a request for open data, identified or not; none for other paths, or where no dataset is open.
    pub(super) async fn answer_request(
        &self,
        request: &WebRequest,
        connection: &ClientConnection,
    ) -> Option<Result<Response<Body>, WebError>> {
        let path = OpenPath::of(&request.path)?;
        // INVARIANT: open-by-signature. A participant without open data answers as if the path did not exist.
        if !self.handler.opens_anything() {
            return None;
        }
        let answered = match admit_caller(&*self.handler, connection) {
            Ok(()) => self.answer_admitted_request(request, path).await,
            Err(error) => Err(error),
        };
        Some(answered.map(open_to_all))
    }

    async fn answer_admitted_request(
        &self,
        request: &WebRequest,
        path: OpenPath<'_>,
    ) -> Result<Response<Body>, WebError> {
        if request.parts.method != Method::HEAD {
            request.insist_on(&Method::GET)?;
        }
        let number = match path {
            OpenPath::Rows(_) => asked_page(request)?,
            OpenPath::Index | OpenPath::Description | OpenPath::File(_) => {
                request.finish(&[])?;
                1
            }
        };
        let datasets = self.handler.open_datasets();
        let (dataset, format) = match path {
            OpenPath::Index => {
                return self
                    .send_json_page(&dataset_index(&request.base, &datasets))
                    .await;
            }
            OpenPath::Description => {
                return self
                    .send_json_page(&openapi::of_open_data(&request.base, &datasets))
                    .await;
            }
            OpenPath::File(file) => of_file(file, &datasets)?,
            OpenPath::Rows(name) => {
                let mut all = datasets.iter();
                let found = all.find(|dataset| dataset.name == name);
                (found.ok_or_else(unknown_dataset_error)?, OpenFormat::Rows)
            }
        };
        self.forget_closed(&datasets);
        let file = self
            .load_file(dataset, format)
            .await
            .map_err(told_to_strangers)?;
        let page = match format {
            OpenFormat::Rows => Some(RowPage::new(&file, number, &request.base)?),
            OpenFormat::Parquet | OpenFormat::Csv | OpenFormat::GeoJson => None,
        };
        let part = FilePart::from_request(&request.parts, &file, page.as_ref())?;
        let sends = match (&part, &request.parts.method) {
            (FilePart::Unchanged, _) | (_, &Method::HEAD) => 0,
            (FilePart::All { begin, end } | FilePart::Range { begin, end }, _) => {
                let around = page.as_ref().map_or(0, RowPage::bytes_around_rows);
                end.saturating_sub(*begin).saturating_add(around)
            }
        };
        // INVARIANT: reserved-before-sent. Recorded before the first byte is sent; then the view is checked again.
        self.handler
            .reserve(Some(dataset), sends)
            .await
            .map_err(told_to_strangers)?;
        if let Some(why) = file.standing.ended_view_refusal() {
            return Err(told_to_strangers(why));
        }
        file_response(file, format, part, page, sends)
    }

    /// Sends a JSON page about all open datasets.
    async fn send_json_page(&self, page: &Value) -> Result<Response<Body>, WebError> {
        let page = page.to_string();
        self.handler
            .reserve(None, byte_length(page.len()))
            .await
            .map_err(told_to_strangers)?;
        let mut response = Response::new(Body::from(page));
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        Ok(response)
    }

    /// File of a dataset's present version. A separate task makes it: if the caller leaves, the next caller finds the file.
    async fn load_file(
        &self,
        dataset: &OpenDataset,
        format: OpenFormat,
    ) -> Result<Arc<OpenFile>, Refusal> {
        let slot = {
            let mut slots = self.slots.lock();
            let slot = slots.entry((dataset.name.clone(), format)).or_default();
            Arc::clone(slot)
        };
        let weak = Arc::downgrade(&slot);
        let mut held = slot.lock_owned().await;
        if let Some(known) = held.cached_file(dataset, self.handler.ticks()) {
            return known;
        }
        // The old file is removed first, so that both don't exist for long.
        *held = SlotState::Empty;
        let making = Arc::clone(&self.making);
        let (handler, folder) = (Arc::clone(&self.handler), self.folder.clone());
        let (dataset, space) = (dataset.clone(), self.space.clone());
        let made = tokio::spawn(async move {
            let _turn = making.acquire_owned().await;
            let made = make_open_file(&*handler, &dataset, format, folder, space).await;
            *held = match &made {
                Ok(file) => SlotState::Made(Arc::clone(file)),
                Err(refusal) => SlotState::Failed(Box::new(FailedFile {
                    dataset,
                    refusal: refusal.clone(),
                    until: handler.ticks().saturating_add(PAUSE),
                })),
            };
            if let Ok(file) = &made {
                tokio::spawn(let_go(weak, Arc::downgrade(file)));
            }
            made
        });
        made.await.map_err(|cause| {
            Refusal::new(ErrorCode::Internal, "a file of open data was not made").caused_by(cause)
        })?
    }

    /// Removes the files of datasets that are not open any more.
    fn forget_closed(&self, datasets: &[OpenDataset]) {
        self.slots.lock().retain(|(name, _), _| {
            let mut open = datasets.iter();
            open.any(|dataset| dataset.name == *name)
        });
    }
}

/// Makes the file of a dataset. The dataset must have an equal version before and after the decision on the question.
async fn make_open_file<H: WebHandler>(
    handler: &H,
    dataset: &OpenDataset,
    format: OpenFormat,
    folder: PathBuf,
    space: FileSpace,
) -> Result<Arc<OpenFile>, Refusal> {
    let answer = handler.open_answer(dataset).await?;
    // Versions only advance: if the version is equal before and after the decision, it is the one that is read.
    if !handler.open_datasets().contains(dataset) {
        let sentence = format!("`{}` was changed meanwhile", dataset.name);
        return Err(Refusal::new(ErrorCode::StreamCut, sentence).with_help("ask again"));
    }
    let columns = Arc::clone(&answer.answer.columns);
    let mut pages = None;
    let writer: Box<dyn AnswerWriter> = match format {
        OpenFormat::Parquet => handler.parquet_writer(columns)?,
        OpenFormat::Csv => Box::new(CsvWriter::new(columns, true)),
        OpenFormat::GeoJson => Box::new(GeoJsonWriter::new(columns)?),
        OpenFormat::Rows => {
            let (writer, beginnings) = RowPagesWriter::new(&columns)?;
            pages = Some(beginnings);
            Box::new(writer)
        }
    };
    let mut file = write_open_file(dataset.clone(), answer, writer, folder, &space).await?;
    file.pages = pages.map(|pages| pages.lock().clone()).unwrap_or_default();
    Ok(Arc::new(file))
}

/// Removes a file as soon as its basis has ended, even without requests.
async fn let_go(slot: Weak<AsyncMutex<SlotState>>, file: Weak<OpenFile>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let (Some(slot), Some(file)) = (slot.upgrade(), file.upgrade()) else {
            return;
        };
        if file.standing.ended_view_refusal().is_none() {
            continue;
        }
        let mut held = slot.lock().await;
        if matches!(&*held, SlotState::Made(kept) if Arc::ptr_eq(kept, &file)) {
            *held = SlotState::Empty;
        }
        return;
    }
}

/// Error for an unidentified caller: not found, can't be recorded, or not available now. The cause is only for local users.
fn told_to_strangers(refusal: Refusal) -> WebError {
    tracing::info!(%refusal, "web.open_data_refused");
    match refusal.code {
        ErrorCode::DatasetUnknown | ErrorCode::DatasetRestricted | ErrorCode::Withdrawn => {
            unknown_dataset_error()
        }
        ErrorCode::EvidenceUnavailable | ErrorCode::DiskFull => WebError::from(Refusal::new(
            ErrorCode::EvidenceUnavailable,
            "nothing can be recorded now, so nothing is given",
        )),
        _ => {
            let later = Duration::from_micros(PAUSE.unsigned_abs());
            let sentence = "the dataset can't be given now";
            WebError::new(StatusCode::SERVICE_UNAVAILABLE, sentence).retry_after(later)
        }
    }
}

/// Counts a request of an unidentified caller, and lets its connection last.
///
/// # Errors
/// 429, with the time after which another request is possible.
pub(super) fn admit_caller<H: WebHandler>(
    handler: &H,
    connection: &ClientConnection,
) -> Result<(), WebError> {
    let from = connection.credentials(None).address;
    handler.admit_stranger(from).map_err(|wait| {
        let many = StatusCode::TOO_MANY_REQUESTS;
        let error = WebError::new(many, "too many requests came from there, or from everybody");
        error.retry_after(wait)
    })?;
    connection.mark_admitted();
    Ok(())
}

/// Adds the headers by which everybody may read the response, web pages included.
pub(super) fn open_to_all(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// List of open datasets.
fn dataset_index(base: &str, datasets: &[OpenDataset]) -> Value {
    let datasets = datasets.iter().map(|dataset| {
        let files = OpenFormat::FILES
            .into_iter()
            .filter(|format| format.fits_dataset(dataset));
        let files = files.map(|format| {
            json!({
                "href": format!("{base}/open/{}.{}", dataset.name, format.file_extension()),
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
            "columns": describe_columns(&dataset.columns),
            "rows": format!("{base}/open/{}/rows", dataset.name),
            "files": files.collect::<Vec<Value>>(),
        })
    });
    json!({
        "datasets": datasets.collect::<Vec<Value>>(),
        "description": format!("{base}/open/openapi.json"),
    })
}
