//! Open data: public views for anyone on the web, and the recorded blocks that bound the sent requests and bytes.

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

/// Requests of the first block and of the largest block.
const REQUESTS: u64 = 100;
const MOST_REQUESTS: u64 = 10_000;

/// Bytes of the first block and of the largest block. A single larger answer gets a larger block.
const BYTES: u64 = 64 * 1024 * 1024;
const MOST_BYTES: u64 = 64 * 1024 * 1024 * 1024;

/// Amounts that may leave without another record: for a public view and its published dataset, or for descriptions of all views.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenDataBlocks(Arc<Mutex<BTreeMap<Option<BlockOwner>, ReservedBlock>>>);

/// Subject of a block: a public view and its current snapshot.
type BlockOwner = (ContractId, String);

/// Recorded block and its remaining amounts.
#[derive(Debug, Clone, Copy, Default)]
struct ReservedBlock {
    requests: u64,
    bytes: u64,
    requests_left: u64,
    bytes_left: u64,
}

impl ReservedBlock {
    /// Block minus one request and `bytes`; `None` if the remaining amounts are too small.
    fn subtract_request(self, bytes: u64) -> Option<Self> {
        Some(Self {
            requests_left: self.requests_left.checked_sub(1)?,
            bytes_left: self.bytes_left.checked_sub(bytes)?,
            ..self
        })
    }

    /// Next block, with room for an answer of `bytes`. It is twice as large, so the log grows with the logarithm of the sent
    /// amount.
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

    /// Used amounts of the block.
    fn usage(self) -> OpenBlockUse {
        OpenBlockUse {
            requests: self.requests.saturating_sub(self.requests_left),
            bytes: self.bytes.saturating_sub(self.bytes_left),
        }
    }
}

/// Most checks of a view when stops come before the record of its block.
const AGAIN: usize = 3;

impl OpenDataBlocks {
    /// Takes a request and `bytes` from the block of a view, and records a new block if the old one is too small. A block is
    /// recorded only while the view is in force.
    ///
    /// # Errors
    /// If nothing can be recorded, or the view is no longer in force; nothing may leave then.
    async fn take_request(
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
        if let Some(left) = held.subtract_request(bytes) {
            blocks.insert(owner, left);
            return Ok(());
        }
        let block = held.next(bytes);
        let left = block
            .subtract_request(bytes)
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
            // Blocks of an older version are no longer used.
            blocks.retain(|known, _| match known {
                Some((of, label)) => of != contract || label == version,
                None => true,
            });
        }
        blocks.insert(owner, left);
        Ok(())
    }
}

/// Records a block at a place of the log at which its view is in force.
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
            Err(unwritable) => return Err(hansa_audit_store::unwritable_log_refusal(&unwritable)),
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

/// Place of an open data file among the running answers, so that a stop also ends the file.
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
    /// Checks that this participant has an open view.
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

    /// Asks for all rows of an open view as an anonymous caller, and holds the place of the answer.
    pub(crate) async fn open_rows(&self, dataset: &OpenDataset) -> Result<OpenAnswer, Refusal> {
        let connector = &self.connector;
        let contract = contract_of(dataset)?;
        let id = DatasetId {
            owner: connector.id(),
            name: dataset.name.parse().map_err(|cause| {
                Refusal::new(ErrorCode::Internal, "an open dataset without a name").caused_by(cause)
            })?,
        };
        // Entered before the question, so that a stop from here on also ends the file.
        // The file and its answer are one question, so that one cancellation ends both.
        let request = RequestId(random_bytes());
        let (place, watch) =
            connector
                .queries
                .running
                .register_query(request, &connector.id(), vec![contract]);
        place.set_reads(vec![contract], vec![id.clone()]);
        let asking = QueryRequestEnvelope {
            credentials: Vec::new(),
            ask: QueryRequest {
                request,
                contracts: vec![contract],
                sql: format!("SELECT * FROM \"{}\"", id.name),
                purpose: None,
                rows: hansa_policy::query_request::RowScope::All,
            },
            deadline: Some(connector.query_limits().time),
            accept: BTreeSet::new(),
            compact_answers: true,
        };
        let delivery = answer::answer_query(connector, QueryCaller::Web, asking)
            .await
            .map_err(own_answer::to_plain_refusal)?;
        let frames = ReceiverStream::new(delivery.frames);
        let rows = own_answer::decode_rows(frames.boxed()).await?;
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
        // Completes even if the caller is gone, so that each recorded block is in the map.
        to_the_end(blocks.take_request(connector, dataset.cloned(), bytes)).await
    }
}
