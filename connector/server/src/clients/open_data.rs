//! Open data: the public views that anybody on the web may fetch, and the blocks in which what leaves is reserved on the log.

use super::{ClientHandler, plain};
use crate::participant::Connector;
use crate::participant::audit_event::AuditEvent;
use crate::participant::running_queries::RunningQueryGuard;
use crate::process::randomness::random_bytes;
use crate::workflow::answer::incoming_query::QueryCaller;
use crate::workflow::answer::{self};
use crate::workflow::peer_query_client::own_answer;
use futures::StreamExt as _;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::open_block::OPEN_BLOCK;
use hansa_catalog::query_view::ViewShape;
use hansa_policy::contract::{Agreement, Assignee, ContractStatus};
use hansa_policy::id::{ContractId, DatasetId, RequestId};
use hansa_policy::query_request::QueryRequest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::open_data::is_open;
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_query::execute::cancellation::CancellationSignal;
use hansa_transport::{ClientAnswer, OpenAnswer, OpenAnswerStanding, OpenDataset};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio_stream::wrappers::ReceiverStream;

/// Requests of a block.
const REQUESTS: u64 = 100;

/// Bytes of a block, where no single answer is larger.
const BYTES: u64 = 64 * 1024 * 1024;

/// What may leave without another record, by public view; that without one is for what is told of all of them.
#[derive(Debug, Default)]
pub(super) struct OpenDataBlocks(Mutex<BTreeMap<Option<ContractId>, ReservedBlock>>);

/// A block that is in the log, and what is left of it.
#[derive(Debug, Clone, Copy, Default)]
struct ReservedBlock {
    requests: u64,
    bytes: u64,
    requests_left: u64,
    bytes_left: u64,
}

impl ReservedBlock {
    /// The block without one request and so many bytes, where they are left of it.
    fn without(self, bytes: u64) -> Option<Self> {
        Some(Self {
            requests_left: self.requests_left.checked_sub(1)?,
            bytes_left: self.bytes_left.checked_sub(bytes)?,
            ..self
        })
    }

    /// A new block, from which an answer of so many bytes can be taken.
    const fn for_answer(bytes: u64) -> Self {
        let most = match bytes.checked_mul(4) {
            Some(most) if most > BYTES => most,
            Some(_) => BYTES,
            None => bytes,
        };
        Self {
            requests: REQUESTS,
            bytes: most,
            requests_left: REQUESTS,
            bytes_left: most,
        }
    }
}

impl OpenDataBlocks {
    /// Takes a request and so many bytes from the block of a view, and puts a new one in the log where that has too few.
    ///
    /// # Errors
    /// When nothing can be recorded; then nothing may leave.
    async fn take(
        &self,
        connector: &Connector,
        view: Option<&OpenDataset>,
        bytes: u64,
    ) -> Result<(), Refusal> {
        let contract = view.map(contract_of).transpose()?;
        let mut blocks = self.0.lock().await;
        let held = blocks.get(&contract).copied().unwrap_or_default();
        if let Some(left) = held.without(bytes) {
            blocks.insert(contract, left);
            return Ok(());
        }
        let block = ReservedBlock::for_answer(bytes);
        let used = Json::object([
            (
                "requests",
                Json::count(held.requests.saturating_sub(held.requests_left)),
            ),
            (
                "bytes",
                Json::count(held.bytes.saturating_sub(held.bytes_left)),
            ),
        ]);
        let text = |value: Option<String>| value.map_or(Json::Null, Json::Text);
        let record = AuditEvent::new(
            OPEN_BLOCK,
            [
                ("contract", text(contract.map(|id| id.to_string()))),
                ("dataset", text(view.map(|view| view.name.clone()))),
                ("snapshot", text(view.map(|view| view.version.clone()))),
                ("requests", Json::count(block.requests)),
                ("bytes", Json::count(block.bytes)),
                // Of the block before, since the connector began.
                ("used", used),
            ],
        );
        let _block = connector.record(record).await?;
        let left = block
            .without(bytes)
            .ok_or_else(|| Refusal::new(ErrorCode::Internal, "a block is smaller than its use"))?;
        blocks.insert(contract, left);
        Ok(())
    }
}

/// The public views of ours that are open to anybody on the web, with their datasets, in order of their names.
pub(super) fn open_views(connector: &Connector, now: UtcTimestamp) -> Vec<(ContractId, Agreement)> {
    let own = connector.id();
    let mut views: Vec<(ContractId, Agreement)> = connector.contracts.with_registry(|registry| {
        let open = registry.all(now).filter(|(_, agreement, status)| {
            agreement.provider.id == own
                && agreement.assignee == Assignee::Public
                && *status == ContractStatus::InForce
                && is_open(&agreement.clauses)
        });
        open.map(|(id, agreement, _)| (id, agreement.clone()))
            .collect()
    });
    views.sort_by(|(_, one), (_, other)| one.dataset.id.cmp(&other.dataset.id));
    views
}

/// What is told of an open view; nothing where it can't be answered now.
pub(super) fn described(
    connector: &Connector,
    now: UtcTimestamp,
    id: ContractId,
) -> Option<OpenDataset> {
    let active = connector
        .contracts
        .with_registry(|registry| registry.on_web(id, now))
        .ok()?;
    let dataset = active.grants().keys().next()?.clone();
    let holdings = connector.datasets.snapshots.holdings();
    let version = holdings.get(&dataset)?.dataset.version.clone();
    connector.datasets.catalog(|catalog| {
        let entry = catalog.by_id(&dataset)?;
        let view = catalog.view(&active, None).ok()?;
        let ViewShape::Rows(columns) = &view.table(dataset.name.as_str())?.shape else {
            return None;
        };
        Some(OpenDataset {
            name: dataset.name.to_string(),
            title: entry.title.clone(),
            licence: entry.licence.clone(),
            attribution: entry.attribution.clone(),
            contract: id.to_string(),
            version,
            columns: plain(columns, HashMap::new()),
        })
    })
}

fn contract_of(dataset: &OpenDataset) -> Result<ContractId, Refusal> {
    dataset.contract.parse().map_err(|cause| {
        Refusal::new(ErrorCode::Internal, "an open dataset without its view").caused_by(cause)
    })
}

/// Keeps a file of open data among the answers under way, so that whatever stops one of these stops it.
struct OpenFileStanding {
    connector: Arc<Connector>,
    _place: RunningQueryGuard,
    watch: CancellationSignal,
    contract: ContractId,
}

impl OpenAnswerStanding for OpenFileStanding {
    fn ended(&self) -> Option<Refusal> {
        if let Some(why) = self.watch.ended() {
            return Some(why);
        }
        let now = self.connector.now();
        let stands = self
            .connector
            .contracts
            .with_registry(|registry| registry.on_web(self.contract, now).map(drop));
        stands.err()
    }
}

impl ClientHandler {
    pub(super) fn open_views(&self) -> Vec<OpenDataset> {
        let (connector, now) = (&self.connector, self.connector.now());
        let views = open_views(connector, now);
        let described = views
            .into_iter()
            .filter_map(|(id, _)| described(connector, now, id));
        described.collect()
    }

    /// Asks for all rows of an open view, as anybody might, and keeps the place of the answer.
    pub(super) async fn open_rows(&self, dataset: &OpenDataset) -> Result<OpenAnswer, Refusal> {
        let connector = &self.connector;
        let contract = contract_of(dataset)?;
        let id = DatasetId {
            owner: connector.id(),
            name: dataset.name.parse().map_err(|cause| {
                Refusal::new(ErrorCode::Internal, "an open dataset without a name").caused_by(cause)
            })?,
        };
        // Before it is asked: what ends the view from here on ends the file, too.
        let (place, watch) = connector.queries.running.enter(
            RequestId(random_bytes()),
            &connector.id(),
            vec![contract],
        );
        place.reads(vec![contract], vec![id.clone()]);
        let asking = QueryRequestEnvelope {
            credentials: Vec::new(),
            ask: QueryRequest {
                request: RequestId(random_bytes()),
                contracts: vec![contract],
                sql: format!("SELECT * FROM \"{}\"", id.name),
                purpose: None,
                rows: hansa_policy::query_request::RowScope::All,
            },
            deadline: Some(connector.query_limits().time),
            accept: BTreeSet::new(),
            compact_answers: true,
        };
        let delivery = answer::answer(connector, QueryCaller::Web, asking)
            .await
            .map_err(own_answer::plain)?;
        let frames = ReceiverStream::new(delivery.frames);
        let rows = own_answer::rows(frames.boxed()).await?;
        let standing = OpenFileStanding {
            connector: Arc::clone(connector),
            _place: place,
            watch,
            contract,
        };
        Ok(OpenAnswer {
            answer: ClientAnswer {
                columns: rows.schema,
                rows: rows.batches,
                evidence: None,
            },
            standing: Box::new(standing),
        })
    }

    pub(super) async fn reserve_open(
        &self,
        dataset: Option<&OpenDataset>,
        bytes: u64,
    ) -> Result<(), Refusal> {
        self.open_blocks.take(&self.connector, dataset, bytes).await
    }
}
