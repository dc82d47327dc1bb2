//! Open data: the public views that anybody on the web may fetch, and the blocks in which what leaves is reserved on the log.

use crate::program_handler::ClientHandler;
use futures::StreamExt as _;
use hansa_audit_log::ledger::LedgerError;
use hansa_audit_log::record::answers::{OpenBlockRecord, OpenBlockUse};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::epoch::DecisionValidity;
use hansa_node::answer;
use hansa_node::answer::incoming_query::QueryCaller;
use hansa_node::answer::running_queries::RunningQueryGuard;
use hansa_node::log::audit_event::AuditEvent;
use hansa_node::offer::open_views::{find_open_dataset, open_views, unavailable_dataset_refusal};
use hansa_node::participant::Connector;
use hansa_node::process::randomness::random_bytes;
use hansa_node::process::run_to_completion::to_the_end;
use hansa_node::question::peer_query_client::own_answer;
use hansa_policy::id::{ContractId, DatasetId, RequestId};
use hansa_policy::query_request::QueryRequest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::open_data::end_by_clause;
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_query::execute::cancellation::CancellationSignal;
use hansa_transport::{ClientAnswer, OpenAnswer, OpenAnswerStanding, OpenDataset};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio_stream::wrappers::ReceiverStream;

/// Requests of a first block, and of the largest.
const REQUESTS: u64 = 100;
const MOST_REQUESTS: u64 = 10_000;

/// Bytes of a first block, and of the largest, where no single answer is larger.
const BYTES: u64 = 64 * 1024 * 1024;
const MOST_BYTES: u64 = 64 * 1024 * 1024 * 1024;

/// What may leave without another record: of a public view as its dataset is published, or of what is told of all views.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenDataBlocks(Arc<Mutex<BTreeMap<Option<BlockOwner>, ReservedBlock>>>);

/// For what a block is: a public view, and the snapshot that is shown under it.
type BlockOwner = (ContractId, String);

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

    /// The block behind this one, from which an answer of so many bytes can be taken. It is twice as large, so that the log grows
    /// with the logarithm of what leaves.
    fn next(self, bytes: u64) -> Self {
        let requests = self
            .requests
            .saturating_mul(2)
            .clamp(REQUESTS, MOST_REQUESTS);
        let most = self.bytes.saturating_mul(2).clamp(BYTES, MOST_BYTES);
        let most = most.max(bytes);
        Self {
            requests,
            bytes: most,
            requests_left: requests,
            bytes_left: most,
        }
    }

    /// What was taken of it.
    fn usage(self) -> OpenBlockUse {
        OpenBlockUse {
            requests: self.requests.saturating_sub(self.requests_left),
            bytes: self.bytes.saturating_sub(self.bytes_left),
        }
    }
}

/// So often a view is looked at anew, since something was stopped before its block was in the log.
const AGAIN: usize = 3;

impl OpenDataBlocks {
    /// Takes a request and so many bytes from the block of a view, and puts a new one in the log where that has too few. A block is in
    /// the log only where the view still stands at its place there.
    ///
    /// # Errors
    /// When nothing can be recorded, or the view stands no longer; then nothing may leave.
    async fn take(
        self,
        connector: Arc<Connector>,
        view: Option<OpenDataset>,
        bytes: u64,
    ) -> Result<(), Refusal> {
        let owner = match &view {
            Some(view) => Some((contract_of(view)?, view.version.clone())),
            None => None,
        };
        let mut blocks = self.0.lock().await;
        let held = blocks.get(&owner).copied().unwrap_or_default();
        if let Some(left) = held.without(bytes) {
            blocks.insert(owner, left);
            return Ok(());
        }
        let block = held.next(bytes);
        let left = block
            .without(bytes)
            .ok_or_else(|| Refusal::new(ErrorCode::Internal, "a block is smaller than its use"))?;
        let record = OpenBlockRecord {
            contract: view.as_ref().map(|view| view.contract.as_str().to_owned()),
            dataset: view.as_ref().map(|view| view.name.as_str().to_owned()),
            snapshot: view.as_ref().map(|view| view.version.as_str().to_owned()),
            requests: block.requests,
            bytes: block.bytes,
            used: held.usage(),
        };
        record_block(&connector, owner.as_ref(), record.into()).await?;
        if let Some((contract, version)) = &owner {
            // Of a version that has passed nothing is taken any more.
            blocks.retain(|known, _| match known {
                Some((of, label)) => of != contract || label == version,
                None => true,
            });
        }
        blocks.insert(owner, left);
        Ok(())
    }
}

/// Records a block at a place of the log where its view stands.
async fn record_block(
    connector: &Connector,
    owner: Option<&BlockOwner>,
    record: AuditEvent,
) -> Result<(), Refusal> {
    let log = &connector.records.log;
    for _ in 0..AGAIN {
        let epoch = log.epoch().await;
        let until = match owner {
            None => UtcTimestamp::LATEST,
            Some((contract, _)) => {
                let now = connector.now();
                connector.contracts.with_registry(|registry| {
                    registry.on_web(*contract, now)?;
                    let agreement = registry.provided_agreement(*contract, now)?;
                    let by_clause = end_by_clause(&agreement.clauses);
                    let end = by_clause.unwrap_or(UtcTimestamp::LATEST);
                    let over = registry.over_from(*contract);
                    Ok::<_, Refusal>(end.min(over.unwrap_or(agreement.not_after)))
                })?
            }
        };
        let validity = DecisionValidity { epoch, until };
        match log
            .record_while_valid(record.clone(), validity, false)
            .await
        {
            Ok(_durable) => return Ok(()),
            Err(LedgerError::Overtaken) => {}
            Err(unwritable) => return Err(hansa_audit_store::refusal(&unwritable)),
        }
    }
    Err(Refusal::new(
        ErrorCode::StreamCut,
        "contracts, restrictions or members were changed again and again meanwhile",
    )
    .with_help("ask again"))
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
    dataset: DatasetId,
}

impl OpenAnswerStanding for OpenFileStanding {
    fn ended_view_refusal(&self) -> Option<Refusal> {
        if let Some(why) = self.watch.end_reason() {
            return Some(why);
        }
        let now = self.connector.now();
        let stands = self
            .connector
            .contracts
            .with_registry(|registry| registry.on_web(self.contract, now).map(drop));
        stands
            .err()
            .or_else(|| unavailable_dataset_refusal(&self.connector, &self.dataset))
    }
}

impl ClientHandler {
    /// Whether any view of ours is open.
    pub(crate) fn has_open_views(&self) -> bool {
        let now = self.connector.now();
        self.connector.contracts.with_registry(|registry| {
            registry
                .public_views(now)
                .any(|(id, _)| registry.on_web(id, now).is_ok())
        })
    }

    pub(crate) fn open_views(&self) -> Vec<OpenDataset> {
        let (connector, now) = (&self.connector, self.connector.now());
        let views = open_views(connector, now);
        let described = views
            .into_iter()
            .filter_map(|(id, _)| find_open_dataset(connector, now, id));
        described.collect()
    }

    /// Asks for all rows of an open view, as anybody might, and keeps the place of the answer.
    pub(crate) async fn open_rows(&self, dataset: &OpenDataset) -> Result<OpenAnswer, Refusal> {
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
            dataset: id,
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

    pub(crate) async fn reserve_open(
        &self,
        dataset: Option<&OpenDataset>,
        bytes: u64,
    ) -> Result<(), Refusal> {
        let (blocks, connector) = (self.open_blocks.clone(), Arc::clone(&self.connector));
        // To its end, also where nobody waits: what is in the log is in the map.
        to_the_end(blocks.take(connector, dataset.cloned(), bytes)).await
    }
}
