//! Handler of questions that client programs ask their own connector by Flight SQL, with the workflow of `hansa sql`.

use crate::open_data::OpenDataBlocks;
use crate::query_evidence::QueryEvidence;
use crate::stranger_requests::StrangerRequests;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::contract::clause_citation::cite_clause;
use hansa_node::participant::Connector;
use hansa_node::peer::peer_handler::ParticipantHandler;
use hansa_node::process::blocking_work::run_blocking;
use hansa_node::process::randomness::random_bytes;
use hansa_node::question::answer_report::reads_ahead;
use hansa_node::question::continuation::RequestedRowScope;
use hansa_node::question::peer_query_client::own_answer;
use hansa_node::question::plain_columns::{cast_batch, to_plain_columns};
use hansa_node::question::query_author::QueryAuthor;
use hansa_node::question::query_start::start_query;
use hansa_node::question::reachable_tables;
use hansa_node::question::{self, plan_ahead, unread_rows_refusal};
use hansa_node::token::access_tokens::AccessTokenGrant;
use hansa_node::token::client_answers::ClientAnswerGuard;
use hansa_policy::contract::Requester;
use hansa_policy::decision::{PendingRefusal, RefusedQuery};
use hansa_policy::id::{ContractId, ParticipantId, PurposeId, RequestId};
use hansa_policy::peer::{PeerCertificate, PresentedToken, ProgramAccess};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::federated_answer::FederatedAnswer;
use hansa_query::federation::federated_query::FederatedQuery;
use hansa_query::federation::options::QueryOptions;
use hansa_query::limits::SqlStatementLimits;
use hansa_query::sql::parameters::ParameterizedStatement;
use hansa_query::sql::planner_threads;
use hansa_query::sql::query_text::{NamedTables, QueryText};
use hansa_store::document_folder::StoredDocumentKind;
use hansa_transport::peer_handler::{PeerHandler as _, RejectedConnection};
use hansa_transport::{
    AccessToken, ClientAnswer, ClientCredentials, ClientTable, DataspaceHandler, FlightSqlHandler,
    PURPOSE_HEADER, StatementDescription,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// Handler of requests from client programs.
pub struct ClientHandler {
    pub(crate) connector: Arc<Connector>,
    /// Counter of actions of peers' programs, shared with that of their connectors.
    peers: ParticipantHandler,
    /// Recorded blocks of open data.
    pub(crate) open_blocks: OpenDataBlocks,
    /// Requests of anonymous callers.
    pub strangers: StrangerRequests,
    /// Handler of Dataspace Protocol requests.
    pub dataspace: Option<Arc<dyn DataspaceHandler>>,
}

hansa_node::debug_by_name!(ClientHandler);

/// Client with verified credentials, and the one purpose of the connection. It acts for a user of this participant, or for a
/// participant without a connector.
#[derive(Debug, Clone)]
pub struct VerifiedClient {
    pub(crate) author: QueryAuthor,
    /// Access token of the client, if it presented one.
    token: Option<String>,
    purpose: Option<PurposeId>,
}

impl VerifiedClient {
    /// Name under which its answers are counted: the access token, or the participant of the certificate.
    fn name(&self) -> String {
        match (&self.token, &self.author) {
            (Some(token), _) => token.clone(),
            (None, QueryAuthor::Program(program)) => program.id().to_string(),
            (None, QueryAuthor::House { .. }) => String::new(),
        }
    }
}

impl ClientHandler {
    /// Makes the handler of a participant.
    pub fn new(connector: Arc<Connector>) -> Self {
        let peers = ParticipantHandler::new(Arc::clone(&connector));
        Self {
            connector,
            peers,
            open_blocks: OpenDataBlocks::default(),
            strangers: StrangerRequests::default(),
            dataspace: None,
        }
    }

    /// Adds the handler of the Dataspace Protocol.
    pub fn with_dataspace(mut self, dataspace: Arc<dyn DataspaceHandler>) -> Self {
        self.dataspace = Some(dataspace);
        self
    }

    /// Counts that a peer's program requests its tables. The count is recorded before the answer.
    pub async fn count_table_request(&self, client: &VerifiedClient) -> Result<(), Refusal> {
        match &client.author {
            QueryAuthor::House { .. } => Ok(()),
            QueryAuthor::Program(program) => {
                let counted = self.peers.count_action(program, "catalogue page").await;
                counted.map_err(own_answer::to_plain_refusal)
            }
        }
    }

    /// Plans a statement. A refusal of a peer's program is recorded, like one of its connector.
    pub async fn plan_statement(
        &self,
        client: &VerifiedClient,
        text: &str,
    ) -> Result<FederatedQuery, Refusal> {
        let connector = &self.connector;
        let options = Self::query_options(client);
        let planned = async {
            let text = question::parse_query(connector, text).await?;
            plan_ahead(connector, &text, &options, &client.author).await
        };
        let planned = planned.await;
        match (planned, &client.author) {
            (Ok(planned), _) => Ok(planned),
            (Err(refusal), QueryAuthor::House { .. }) => Err(refusal),
            (Err(refusal), QueryAuthor::Program(program)) => {
                let salt: [u8; 16] = random_bytes();
                let asked = RefusedQuery::new(
                    &Requester::Peer(program.clone()),
                    RequestId(random_bytes()),
                    Vec::new(),
                    options.purpose,
                    Digest::of_parts(&[&salt, text.as_bytes()]),
                );
                let declined = PendingRefusal::from_refusal(refusal, Some(asked));
                Err(own_answer::to_plain_refusal(
                    connector.record_refusal(Some(program.id()), declined).await,
                ))
            }
        }
    }

    /// Types of the parameters. A program may bind any type if the statement determines none.
    async fn parameter_types(
        &self,
        client: &VerifiedClient,
        sql: &str,
    ) -> Result<BTreeMap<usize, DataType>, Refusal> {
        let (text, row_counts) = on_planner_thread(sql, |statement| {
            Ok((statement.to_numbered_text(), statement.row_counts()))
        })
        .await?;
        let options = Self::query_options(client);
        let named = question::parse_query(&self.connector, &text).await?;
        let catalog = reachable_tables::gather_tables(
            &self.connector,
            named.tables(),
            &options,
            &client.author,
        )
        .await?;
        let now = self.connector.now();
        let types = run_blocking(move || {
            let limits = SqlStatementLimits::default();
            catalog.parameter_types(&text, &options, &limits, now)
        });
        let mut types = types.await.unwrap_or_default();
        for number in row_counts {
            types.entry(number).or_insert(DataType::Int64);
        }
        Ok(types)
    }

    /// Client by an access token: a user of this participant, or a program of the consumer of the token's contract.
    fn by_token(
        &self,
        token: &AccessToken,
        presented: ClientCredentials<'_>,
        purpose: Option<&str>,
    ) -> Result<VerifiedClient, Refusal> {
        let connector = &self.connector;
        let now = connector.now();
        let grant = connector
            .access_tokens
            .recognise(token, now)
            .inspect_err(|_| tracing::warn!(token = token.id(), "client.token_refused"))?;
        let person = connector.records.pseudonyms.person(&grant.actor);
        let person = person.ok_or_else(|| {
            Refusal::new(
                ErrorCode::TokenInvalid,
                format!("the person of the access token {} was erased", grant.id),
            )
        })?;
        let author = match consumer_of(connector, &grant, now)? {
            None => QueryAuthor::House {
                person: Some(person),
                access_token: Some(grant.id.clone()),
            },
            Some(token) => {
                let token = token.from_address(presented.address);
                QueryAuthor::Program(connector.identity.trust.recognise_token(token, now)?)
            }
        };
        let participant = author.consumer(connector.id());
        if presented
            .certificate
            .is_some_and(|certificate| *certificate.identity() != participant)
        {
            return Err(Refusal::new(
                ErrorCode::TokenInvalid,
                "the access token is for another participant than the certificate of the connection",
            ));
        }
        Ok(VerifiedClient {
            author,
            token: Some(grant.id.clone()),
            purpose: named_purpose(&grant, purpose)?,
        })
    }

    /// Client by the certificate of its participant. It asks under the contracts that permit programs.
    fn by_certificate(
        &self,
        certificate: &PeerCertificate,
        purpose: Option<&str>,
    ) -> Result<VerifiedClient, Refusal> {
        let connector = &self.connector;
        if *certificate.identity() == connector.id() {
            return Err(Refusal::new(
                ErrorCode::TokenRequired,
                "people of this participant must present an access token, so that the log names who asked",
            )
            .with_help("hansa token create"));
        }
        let trust = &connector.identity.trust;
        let program = trust.recognise_program(certificate, connector.now())?;
        let purpose = purpose.map(|text| {
            text.parse().map_err(|cause| {
                Refusal::new(ErrorCode::PurposeUnknown, format!("`{text}` is no purpose"))
                    .caused_by(cause)
            })
        });
        Ok(VerifiedClient {
            author: QueryAuthor::Program(program),
            token: None,
            purpose: purpose.transpose()?,
        })
    }

    pub(crate) fn query_options(client: &VerifiedClient) -> QueryOptions {
        QueryOptions {
            purpose: client.purpose.clone(),
            ..QueryOptions::default()
        }
    }
}

#[async_trait]
impl FlightSqlHandler for ClientHandler {
    type Client = VerifiedClient;

    fn identify(
        &self,
        presented: ClientCredentials<'_>,
        purpose: Option<&str>,
    ) -> Result<VerifiedClient, Refusal> {
        let identified = match (presented.token, presented.certificate) {
            (Some(token), _) => self.by_token(token, presented, purpose),
            (None, Some(certificate)) => self.by_certificate(certificate, purpose),
            (None, None) => {
                let domain = self.connector.id();
                let domain = domain.domain();
                let refusal = Refusal::new(
                    ErrorCode::TokenRequired,
                    format!("no access token or certificate reached {domain}"),
                );
                Err(refusal
                    .with_help(
                        "present a token: Authorization: Bearer TOKEN, or its id as user and its secret as password",
                    )
                    .with_help("the operator of the connector makes one: hansa token create")
                    .with_help("or show the certificate of a participant in the league"))
            }
        };
        identified.inspect_err(|_| {
            self.peers
                .connection_rejected(RejectedConnection::NoIdentity);
        })
    }

    async fn receipts(&self, client: &VerifiedClient) -> Result<Vec<Bytes>, Refusal> {
        let QueryAuthor::Program(program) = client.author.clone() else {
            // The own connector countersigns the receipts of own users.
            return Ok(Vec::new());
        };
        let connector = Arc::clone(&self.connector);
        let read = move || {
            let contract = match program.program() {
                Some(ProgramAccess::AccessToken { contract, .. }) => Some(*contract),
                Some(ProgramAccess::Certificate) | None => None,
            };
            let records = &connector.records;
            let files = records
                .index_fast(|state| state.one_sided_receipts(program.id(), contract, RECEIPTS))?;
            let files = files.into_iter().map(|file| {
                let read = records
                    .documents
                    .read_document(StoredDocumentKind::Receipt, file);
                read.map(Bytes::from)
            });
            files.collect()
        };
        run_blocking(read).await
    }

    async fn tables(&self, client: &VerifiedClient) -> Result<Vec<ClientTable>, Refusal> {
        let connector = &self.connector;
        self.count_table_request(client).await?;
        // All participants, and the models.
        let peers = match client.author {
            QueryAuthor::House { .. } => connector.known_peers()?,
            QueryAuthor::Program(_) => Vec::new(),
        };
        let named =
            NamedTables::with_models_and_participants(peers.iter().map(|peer| peer.alias.as_str()));
        let options = Self::query_options(client);
        let catalog =
            reachable_tables::gather_tables(connector, &named, &options, &client.author).await?;
        let relations = catalog.relations(&options).into_iter();
        Ok(relations
            .map(|relation| ClientTable {
                owner: relation.owner,
                name: relation.name,
                columns: to_plain_columns(&relation.columns, HashMap::new()),
            })
            .collect())
    }

    async fn describe_statement(
        &self,
        client: &VerifiedClient,
        sql: &str,
        parameters: Option<RecordBatch>,
    ) -> Result<StatementDescription, Refusal> {
        if let Some(word) = SessionWord::of(sql) {
            return Ok(StatementDescription {
                columns: word.columns(),
                parameters: Arc::new(Schema::empty()),
            });
        }
        let (text, count) = match parameters {
            Some(row) => (bind_parameters(sql, Some(row)).await?, 0),
            None => statement_with_nulls(sql).await?,
        };
        self.count_table_request(client).await?;
        let planned = self.plan_statement(client, &text).await?;
        let types = match count {
            0 => BTreeMap::new(),
            _ => self.parameter_types(client, sql).await?,
        };
        let fields = (1..=count).map(|number| {
            let data_type = types.get(&number).cloned().unwrap_or(DataType::Utf8);
            Field::new(format!("${number}"), data_type, true)
        });
        Ok(StatementDescription {
            columns: to_plain_columns(&planned.columns(), reads_ahead(&planned)),
            parameters: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        })
    }

    async fn run(
        &self,
        client: &VerifiedClient,
        sql: &str,
        parameters: Option<RecordBatch>,
    ) -> Result<ClientAnswer, Refusal> {
        if let Some(word) = SessionWord::of(sql) {
            return word.answer(client);
        }
        let span = tracing::info_span!("question");
        let most = self.connector.config().limits.concurrent;
        let answers = &self.connector.queries.client_answers;
        let reading = answers.begin_answer(&client.name(), most)?;
        // Checked again after entering the list: a revocation before that has cut no answer of this client.
        let token = client.token.as_ref();
        if token.is_some_and(|token| self.connector.access_tokens.is_revoked(token)) {
            return Err(token_revoked());
        }
        let text = bind_parameters(sql, parameters).await?;
        if client.author.program().is_some() {
            self.count_table_request(client).await?;
            // Later errors are recorded where they occur.
            let _planned = self.plan_statement(client, &text).await?;
        }
        let options = Self::query_options(client);
        let author = client.author.clone();
        let text = question::parse_query(&self.connector, &text).await?;
        let began = start_query(
            &self.connector,
            &text,
            &options,
            &RequestedRowScope::All,
            &author,
        );
        let began = began.instrument(span.clone()).await?;
        let answer = began
            .answer
            .ok_or_else(|| Refusal::new(ErrorCode::Internal, "a question without an answer"))?;
        let columns = to_plain_columns(&answer.schema, began.reads);
        let evidence = Arc::new(QueryEvidence {
            connector: Arc::clone(&self.connector),
            query_client: began.continuation.query_client(),
            report: answer.report.clone(),
        });
        let revoked = reading.ended.clone();
        let passing = PassingAnswer {
            connector: Arc::clone(&self.connector),
            text,
            author,
            columns: Arc::clone(&columns),
            answer,
            reading,
        };
        let (send, receive) = mpsc::channel(1);
        let work = passing.forward_batches(began.first, send).instrument(span);
        let guard = AbortOnDrop(tokio::spawn(work));
        Ok(ClientAnswer {
            columns,
            rows: receive_rows(receive, guard, revoked),
            evidence: Some(evidence),
        })
    }
}

/// DOOR: resolves the consumer of the token's contract; `None` for a token of an own user. If the contract has ended, the refusal
/// says how.
fn consumer_of(
    connector: &Connector,
    grant: &AccessTokenGrant,
    now: UtcTimestamp,
) -> Result<Option<PresentedToken>, Refusal> {
    let Some(contract) = grant.contract else {
        return Ok(None);
    };
    let consumer = connector.contracts.with_registry(|registry| {
        let agreement = registry.provided_agreement(contract, now)?;
        // A partner gets its data by transfers.
        let consumer = agreement.assignee_id();
        Ok::<_, Refusal>(consumer.filter(|_| agreement.partner().is_none()).cloned())
    })?;
    let consumer = consumer.ok_or_else(|| {
        Refusal::new(
            ErrorCode::TokenInvalid,
            "the contract of the access token has no consumer",
        )
    })?;
    let id = grant.id.clone();
    Ok(Some(PresentedToken::attest(id, contract, consumer)))
}

/// DOOR: access of a transfer's token, which the transfer processes have found by its digest.
pub fn transfer_token(
    transfer: &str,
    contract: ContractId,
    partner: &ParticipantId,
) -> PresentedToken {
    PresentedToken::attest(transfer.to_owned(), contract, partner.clone())
}

/// Purpose of a connection, one of the token's purposes.
fn named_purpose(
    grant: &AccessTokenGrant,
    named: Option<&str>,
) -> Result<Option<PurposeId>, Refusal> {
    let listed: Vec<String> = grant.purposes.iter().map(ToString::to_string).collect();
    match (named, grant.purposes.as_slice()) {
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only.clone())),
        (None, _) => Err(Refusal::new(
            ErrorCode::PurposeMissing,
            "the access token is for several purposes, and a connection names one",
        )
        .with_help(format!(
            "name it in the header {PURPOSE_HEADER}: {}",
            listed.join(", ")
        ))),
        (Some(text), purposes) => {
            let named = purposes.iter().find(|purpose| purpose.to_string() == text);
            let named = named.cloned().ok_or_else(|| {
                Refusal::new(
                    ErrorCode::PurposeNotCovered,
                    format!("the access token is not for the purpose `{text}`"),
                )
                .with_help(match listed.is_empty() {
                    true => "it is for questions that declare no purpose".to_owned(),
                    false => format!("it is for: {}", listed.join(", ")),
                })
            });
            named.map(Some)
        }
    }
}

/// Most receipts in one answer, the newest first.
const RECEIPTS: u32 = 100;

/// Statement about the service itself that programs send when they connect. It reads no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SessionWord {
    Version,
    Schema,
    User,
    Database,
}

impl SessionWord {
    /// Parses a complete statement of this kind.
    fn of(sql: &str) -> Option<Self> {
        let text = sql.trim().trim_end_matches(';').to_lowercase();
        let mut words = text.split_whitespace();
        let (Some("select"), Some(word), None) = (words.next(), words.next(), words.next()) else {
            return None;
        };
        match word.trim_end_matches("()") {
            "version" => Some(Self::Version),
            "current_schema" => Some(Self::Schema),
            "current_user" => Some(Self::User),
            "current_database" | "current_catalog" => Some(Self::Database),
            _ => None,
        }
    }

    fn columns(self) -> SchemaRef {
        let name = match self {
            Self::Version => "version",
            Self::Schema => "current_schema",
            Self::User => "current_user",
            Self::Database => "current_database",
        };
        Arc::new(Schema::new(vec![Field::new(name, DataType::Utf8, true)]))
    }

    fn answer(self, client: &VerifiedClient) -> Result<ClientAnswer, Refusal> {
        let value = match self {
            Self::Version => Some(format!("Hansa {}", env!("CARGO_PKG_VERSION"))),
            Self::User => Some(client.name()),
            // Names are qualified by their owner, and the only catalog has no name.
            Self::Schema | Self::Database => None,
        };
        let columns = self.columns();
        let values: ArrayRef = Arc::new(StringArray::from(vec![value]));
        let batch = RecordBatch::try_new(Arc::clone(&columns), vec![values]);
        let batch = batch.map_err(|cause| {
            Refusal::new(ErrorCode::Internal, "a row can't be built").caused_by(cause)
        })?;
        Ok(ClientAnswer {
            columns,
            rows: futures::stream::iter([Ok(batch)]).boxed(),
            evidence: None,
        })
    }
}

/// Part of an answer that is passed on.
enum AnswerPart {
    Rows(RecordBatch),
    Failed(Box<Refusal>),
    /// The answer is complete, with the rows of all participants.
    Ended,
}

/// Answer that is passed on to a program.
struct PassingAnswer {
    connector: Arc<Connector>,
    text: QueryText,
    author: QueryAuthor,
    columns: SchemaRef,
    answer: FederatedAnswer,
    reading: ClientAnswerGuard,
}

impl PassingAnswer {
    /// Passes the answer on, one batch at a time. A reader that stops for longer than the time limit of a question loses the
    /// answer, because other questions wait for its resources.
    async fn forward_batches(mut self, first: Option<RecordBatch>, send: mpsc::Sender<AnswerPart>) {
        let time = self.connector.query_limits().time;
        let revoked = self.reading.ended.clone();
        let mut first = first;
        loop {
            let next = async {
                match first.take() {
                    Some(batch) => Some(Ok(batch)),
                    None => self.answer.batches.next().await,
                }
            };
            let next = tokio::select! {
                biased;
                () = revoked.cancelled() => Some(Err(token_revoked())),
                next = next => next,
            };
            let (part, is_last) = match next {
                Some(Ok(batch)) => match cast_batch(&batch, &self.columns) {
                    Ok(batch) => (AnswerPart::Rows(batch), false),
                    Err(refusal) => (AnswerPart::Failed(Box::new(refusal)), true),
                },
                Some(Err(refusal)) => {
                    let refusal =
                        cite_clause(&self.connector, self.text.tables(), &self.author, refusal);
                    (AnswerPart::Failed(Box::new(refusal)), true)
                }
                None => (self.end(), true),
            };
            let sent = tokio::select! {
                biased;
                // The reader sees the revocation after the rows in the channel.
                () = revoked.cancelled(), if !is_last => return,
                sent = tokio::time::timeout(time, send.send(part)) => sent,
            };
            match sent {
                Ok(Ok(())) if !is_last => {}
                Err(_) => {
                    // A reader that continues later sees that the answer has ended.
                    tracing::info!(refusal = %unread_rows_refusal(&self.connector), "client.unread");
                    return;
                }
                Ok(_) => return,
            }
        }
    }

    fn end(&self) -> AnswerPart {
        let missing = self.answer.report.missing_participants();
        match missing.into_iter().next() {
            None => AnswerPart::Ended,
            Some((participant, why)) => AnswerPart::Failed(Box::new(
                Refusal::new(
                    ErrorCode::AnswerIncomplete,
                    format!("the answer lacks {}: {why}", participant.domain()),
                )
                .with_participant(participant),
            )),
        }
    }
}

/// Rows of an answer that is passed on.
fn receive_rows(
    receive: mpsc::Receiver<AnswerPart>,
    guard: AbortOnDrop,
    revoked: CancellationToken,
) -> BoxStream<'static, Result<RecordBatch, Refusal>> {
    let rows = futures::stream::unfold(Some((receive, guard, revoked)), |state| async move {
        let (mut receive, guard, revoked) = state?;
        match receive.recv().await {
            Some(AnswerPart::Rows(batch)) => Some((Ok(batch), Some((receive, guard, revoked)))),
            Some(AnswerPart::Failed(refusal)) => Some((Err(*refusal), None)),
            Some(AnswerPart::Ended) => None,
            None if revoked.is_cancelled() => Some((Err(token_revoked()), None)),
            // INVARIANT: answer-has-an-end. An answer without its end mark is an error.
            None => Some((
                Err(Refusal::new(
                    ErrorCode::StreamCut,
                    "the answer ended before its last row",
                )),
                None,
            )),
        }
    });
    rows.boxed()
}

/// Task that is aborted when the stream of its answer is dropped.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn token_revoked() -> Refusal {
    Refusal::new(
        ErrorCode::TokenInvalid,
        "the access token was revoked while its question was under way",
    )
}

/// Binds the values of parameters in a statement.
async fn bind_parameters(sql: &str, parameters: Option<RecordBatch>) -> Result<String, Refusal> {
    if parameters.is_none() && !may_have_parameters(sql) {
        return Ok(sql.to_owned());
    }
    on_planner_thread(sql, move |statement| {
        statement.with_values(parameters.as_ref())
    })
    .await
}

/// Statement with null parameters, and their number.
async fn statement_with_nulls(sql: &str) -> Result<(String, usize), Refusal> {
    if !may_have_parameters(sql) {
        return Ok((sql.to_owned(), 0));
    }
    on_planner_thread(sql, |statement| {
        Ok((statement.without_values(), statement.count()))
    })
    .await
}

fn may_have_parameters(sql: &str) -> bool {
    sql.contains(['?', '$'])
}

pub(crate) async fn on_planner_thread<T: Send + 'static>(
    sql: &str,
    work: impl FnOnce(ParameterizedStatement) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let (sql, limits) = (sql.to_owned(), SqlStatementLimits::default());
    planner_threads::run_on_planner_thread(limits.planning, move || {
        work(ParameterizedStatement::parse(&sql, &limits)?)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Int64Array;

    fn batch() -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        RecordBatch::try_from_iter([("n", numbers)]).unwrap()
    }

    /// Items that a program receives from these parts before the sender is dropped.
    async fn told(parts: Vec<AnswerPart>) -> Vec<Result<usize, ErrorCode>> {
        told_where(parts, CancellationToken::new()).await
    }

    /// Items that a program receives if the token may be revoked.
    async fn told_where(
        parts: Vec<AnswerPart>,
        revoked: CancellationToken,
    ) -> Vec<Result<usize, ErrorCode>> {
        let (send, receive) = mpsc::channel(8);
        let guard = AbortOnDrop(tokio::spawn(async {}));
        for part in parts {
            assert!(send.send(part).await.is_ok());
        }
        drop(send);
        let rows: Vec<_> = receive_rows(receive, guard, revoked).collect().await;
        let rows = rows.into_iter();
        rows.map(|part| part.map(|batch| batch.num_rows()).map_err(|why| why.code))
            .collect()
    }

    #[tokio::test]
    async fn an_answer_without_its_end_is_an_error() {
        let rows = || AnswerPart::Rows(batch());
        let cut = Err(ErrorCode::StreamCut);
        assert_eq!(told(vec![rows(), AnswerPart::Ended]).await, [Ok(2)]);
        assert_eq!(told(vec![AnswerPart::Ended]).await, []);
        assert_eq!(told(vec![]).await, [cut]);
        assert_eq!(told(vec![rows(), rows()]).await, [Ok(2), Ok(2), cut]);
        let revoked = AnswerPart::Failed(Box::new(token_revoked()));
        let revoked = told(vec![rows(), revoked]).await;
        assert_eq!(revoked, [Ok(2), Err(ErrorCode::TokenInvalid)]);
        // The channel was full, so the reason follows the waiting rows.
        let token = CancellationToken::new();
        token.cancel();
        let cut = told_where(vec![rows(), rows()], token.clone()).await;
        assert_eq!(cut, [Ok(2), Ok(2), Err(ErrorCode::TokenInvalid)]);
        // A complete answer stays complete.
        let whole = told_where(vec![rows(), AnswerPart::Ended], token).await;
        assert_eq!(whole, [Ok(2)]);
    }

    #[test]
    fn words_of_a_session_are_whole_statements() {
        for (sql, word) in [
            ("SELECT version()", Some(SessionWord::Version)),
            (" select  VERSION() ;\n", Some(SessionWord::Version)),
            ("SELECT current_user", Some(SessionWord::User)),
            ("SELECT version(), 1", None),
            ("SELECT version() FROM t", None),
            ("SELECT now()", None),
        ] {
            assert_eq!(SessionWord::of(sql), word, "{sql}");
        }
    }
}
