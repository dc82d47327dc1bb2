//! What programs of analysts ask by Flight SQL, at the participant's own connector: the same walk as for `hansa sql`.

use crate::admin::CommandError;
use crate::admin::sql::continuation::RequestedRowScope;
use crate::admin::sql::contract_succession::start_query;
use crate::admin::sql::result_footer::reads_ahead;
use crate::admin::sql::{plan, unread};
use crate::participant::Connector;
use crate::participant::client_answers::ClientAnswerGuard;
use crate::participant::pseudonyms::Person;
use crate::participant::query_author::QueryAuthor;
use crate::process::blocking_work::blocking;
use crate::workflow::clause_citation::cite;
use crate::workflow::federated_query;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hansa_policy::id::PurposeId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::federated_answer::FederatedAnswer;
use hansa_query::federation::options::QueryOptions;
use hansa_query::limits::SqlStatementLimits;
use hansa_query::sql::parameters::ParameterizedStatement;
use hansa_query::sql::planner_threads;
use hansa_transport::{
    AccessToken, ClientAnswer, ClientTable, FlightSqlHandler, PURPOSE_HEADER, StatementDescription,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::mpsc;
use tracing::Instrument as _;

/// Answers programs of analysts.
#[derive(Debug)]
pub(crate) struct ClientHandler {
    connector: Arc<Connector>,
}

/// A person whose access token counts, and the one purpose of the connection.
#[derive(Debug, Clone)]
pub(crate) struct VerifiedClient {
    person: Person,
    token: String,
    purpose: Option<PurposeId>,
}

impl VerifiedClient {
    fn author(&self) -> QueryAuthor {
        QueryAuthor {
            person: Some(self.person.clone()),
            access_token: Some(self.token.clone()),
        }
    }
}

impl ClientHandler {
    /// The handler of this participant.
    pub(crate) const fn new(connector: Arc<Connector>) -> Self {
        Self { connector }
    }

    /// The types of the places of parameters. Where a statement does not tell one, a program may bind what it likes.
    async fn parameter_types(
        &self,
        client: &VerifiedClient,
        sql: &str,
    ) -> Result<BTreeMap<usize, DataType>, Refusal> {
        let (text, row_counts) = on_planner_thread(sql, |statement| {
            Ok((statement.numbered(), statement.row_counts()))
        })
        .await?;
        let options = Self::options(client);
        let catalog =
            federated_query::reach(&self.connector, &text, &options, &client.author()).await?;
        let now = self.connector.now();
        let types = blocking(move || {
            let limits = SqlStatementLimits::default();
            catalog.parameter_types(&text, &options, &limits, now)
        });
        let mut types = types.await.unwrap_or_default();
        for number in row_counts {
            types.entry(number).or_insert(DataType::Int64);
        }
        Ok(types)
    }

    fn options(client: &VerifiedClient) -> QueryOptions {
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
        presented: Option<&AccessToken>,
        purpose: Option<&str>,
    ) -> Result<VerifiedClient, Refusal> {
        let connector = &self.connector;
        let presented = presented.ok_or_else(|| {
            Refusal::new(
                ErrorCode::TokenRequired,
                format!("no access token reached {}", connector.id().domain()),
            )
            .with_help(
                "present one: Authorization: Bearer TOKEN, or its id as user and its secret as password",
            )
            .with_help("whoever runs the connector makes one: hansa token create")
        })?;
        let grant = connector
            .access_tokens
            .recognise(presented, connector.now())
            .inspect_err(|_| tracing::warn!(token = presented.id(), "client.token_refused"))?;
        let person = connector.records.pseudonyms.person(&grant.actor);
        let person = person.ok_or_else(|| {
            Refusal::new(
                ErrorCode::TokenInvalid,
                format!("whom the access token {} was for was erased", grant.id),
            )
        })?;
        let listed: Vec<String> = grant.purposes.iter().map(ToString::to_string).collect();
        let purpose = match (purpose, grant.purposes.as_slice()) {
            (None, []) => None,
            (None, [only]) => Some(only.clone()),
            (None, _) => {
                return Err(Refusal::new(
                    ErrorCode::PurposeMissing,
                    "the access token is for several purposes, and a connection names one",
                )
                .with_help(format!(
                    "name it in the header {PURPOSE_HEADER}: {}",
                    listed.join(", ")
                )));
            }
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
                Some(named?)
            }
        };
        Ok(VerifiedClient {
            person,
            token: grant.id.clone(),
            purpose,
        })
    }

    async fn tables(&self, client: &VerifiedClient) -> Result<Vec<ClientTable>, Refusal> {
        let connector = &self.connector;
        // All participants, and the models.
        let peers = connector.known_peers()?;
        let mut words: Vec<String> = peers.iter().map(|peer| peer.alias.to_string()).collect();
        words.push("model".to_owned());
        let options = Self::options(client);
        let catalog =
            federated_query::reach(connector, &words.join(" "), &options, &client.author()).await?;
        let relations = catalog.relations(&options).into_iter();
        Ok(relations
            .map(|relation| ClientTable {
                owner: relation.owner,
                name: relation.name,
                columns: plain(&relation.columns, HashMap::new()),
            })
            .collect())
    }

    async fn describe(
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
            Some(row) => (bound(sql, Some(row)).await?, 0),
            None => unbound(sql).await?,
        };
        let planned = plan(
            &self.connector,
            &text,
            &Self::options(client),
            &client.author(),
        )
        .await
        .map_err(refused)?;
        let types = match count {
            0 => BTreeMap::new(),
            _ => self.parameter_types(client, sql).await?,
        };
        let fields = (1..=count).map(|number| {
            let data_type = types.get(&number).cloned().unwrap_or(DataType::Utf8);
            Field::new(format!("${number}"), data_type, true)
        });
        Ok(StatementDescription {
            columns: plain(&planned.columns(), reads_ahead(&planned)),
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
        let reading = answers.begin(&client.token, most)?;
        // Once more behind the list of those that run: a token that was revoked since it was looked at has none cut.
        if self.connector.access_tokens.is_revoked(&client.token) {
            return Err(token_revoked());
        }
        let text = bound(sql, parameters).await?;
        let options = Self::options(client);
        let author = client.author();
        let began = start_query(
            &self.connector,
            &text,
            (&options, &RequestedRowScope::All),
            &author,
        );
        let began = began.instrument(span.clone()).await.map_err(refused)?;
        let answer = began
            .answer
            .ok_or_else(|| Refusal::new(ErrorCode::Internal, "a question without an answer"))?;
        let columns = plain(&answer.schema, began.reads);
        let passing = PassingAnswer {
            connector: Arc::clone(&self.connector),
            text,
            columns: Arc::clone(&columns),
            answer,
            reading,
        };
        let (send, receive) = mpsc::channel(1);
        let work = passing.pass_on(began.first, send).instrument(span);
        let guard = AbortOnDrop(tokio::spawn(work));
        Ok(ClientAnswer {
            columns,
            rows: received(receive, guard),
        })
    }
}

/// What programs ask of the service itself when they connect; it is no question over data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SessionWord {
    Version,
    Schema,
    User,
    Database,
}

impl SessionWord {
    /// The one that a whole statement asks for, if it is one.
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
            Self::User => Some(client.token.clone()),
            // Each name is written with its owner, and there is one catalogue without a name.
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
        })
    }
}

/// What is passed on of an answer.
enum AnswerPart {
    Rows(RecordBatch),
    Failed(Box<Refusal>),
    /// All of it came, and nobody is lacking.
    Ended,
}

/// An answer on its way to a program.
struct PassingAnswer {
    connector: Arc<Connector>,
    text: String,
    columns: SchemaRef,
    answer: FederatedAnswer,
    reading: ClientAnswerGuard,
}

impl PassingAnswer {
    /// Passes it on, one batch at a time. Whoever does not read for as long as a question may take loses it: what it holds is
    /// waited for by others.
    async fn pass_on(mut self, first: Option<RecordBatch>, send: mpsc::Sender<AnswerPart>) {
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
                Some(Ok(batch)) => match conformed(&batch, &self.columns) {
                    Ok(batch) => (AnswerPart::Rows(batch), false),
                    Err(refusal) => (AnswerPart::Failed(Box::new(refusal)), true),
                },
                Some(Err(refusal)) => {
                    let refusal = cite(&self.connector, &self.text, refusal);
                    (AnswerPart::Failed(Box::new(refusal)), true)
                }
                None => (self.end(), true),
            };
            let sent = tokio::select! {
                biased;
                () = revoked.cancelled(), if !is_last => {
                    let _ = send.try_send(AnswerPart::Failed(Box::new(token_revoked())));
                    return;
                }
                sent = tokio::time::timeout(time, send.send(part)) => sent,
            };
            match sent {
                Ok(Ok(())) if !is_last => {}
                Err(_) => {
                    // It reads again, one day: then it is told that there is no more.
                    tracing::info!(refusal = %unread(&self.connector), "client.unread");
                    return;
                }
                Ok(_) => return,
            }
        }
    }

    fn end(&self) -> AnswerPart {
        let missing = self.answer.report.missing();
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

/// The rows of an answer that is passed on.
fn received(
    receive: mpsc::Receiver<AnswerPart>,
    guard: AbortOnDrop,
) -> BoxStream<'static, Result<RecordBatch, Refusal>> {
    let rows = futures::stream::unfold(Some((receive, guard)), |state| async move {
        let (mut receive, guard) = state?;
        match receive.recv().await {
            Some(AnswerPart::Rows(batch)) => Some((Ok(batch), Some((receive, guard)))),
            Some(AnswerPart::Failed(refusal)) => Some((Err(*refusal), None)),
            Some(AnswerPart::Ended) => None,
            // INVARIANT: answer-has-an-end. Without its last word an answer is no answer.
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

/// Ends the work on an answer when its stream is let go.
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

fn refused(error: CommandError) -> Refusal {
    match error {
        CommandError::Refused(refusal) => *refusal,
        CommandError::Gone => Refusal::new(ErrorCode::Interrupted, "nobody reads any more"),
    }
}

/// The statement with its values in their places.
async fn bound(sql: &str, parameters: Option<RecordBatch>) -> Result<String, Refusal> {
    if parameters.is_none() && !may_have_parameters(sql) {
        return Ok(sql.to_owned());
    }
    on_planner_thread(sql, move |statement| {
        statement.with_values(parameters.as_ref())
    })
    .await
}

/// The statement with nothing in its places, and how many there are.
async fn unbound(sql: &str) -> Result<(String, usize), Refusal> {
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

async fn on_planner_thread<T: Send + 'static>(
    sql: &str,
    work: impl FnOnce(ParameterizedStatement) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let (sql, limits) = (sql.to_owned(), SqlStatementLimits::default());
    planner_threads::run(limits.planning, move || {
        work(ParameterizedStatement::of(&sql, &limits)?)
    })
    .await
}

/// Columns in the types that all programs read, with what they read as metadata of the whole. Each may lack values: what a plan knows of that before and after it
/// is made ready differs, and a program compares the two.
fn plain(columns: &Schema, reads: HashMap<String, String>) -> SchemaRef {
    let fields = columns.fields().iter().map(|field| {
        let data_type = match field.data_type() {
            DataType::Utf8View => DataType::Utf8,
            DataType::BinaryView => DataType::Binary,
            other => other.clone(),
        };
        Field::new(field.name(), data_type, true)
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), reads))
}

/// Rows in these columns.
fn conformed(batch: &RecordBatch, columns: &SchemaRef) -> Result<RecordBatch, Refusal> {
    let failed = |cause| {
        Refusal::new(ErrorCode::Internal, "rows are of other types than was said").caused_by(cause)
    };
    let cast = batch
        .columns()
        .iter()
        .zip(columns.fields())
        .map(
            |(column, field)| match column.data_type() == field.data_type() {
                true => Ok(Arc::clone(column)),
                false => arrow_cast::cast(column, field.data_type()),
            },
        )
        .collect::<Result<Vec<ArrayRef>, _>>()
        .map_err(failed)?;
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(columns), cast, &options).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Int64Array;

    fn batch() -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        RecordBatch::try_from_iter([("n", numbers)]).unwrap()
    }

    /// What a program is told of an answer of which these parts came, before whoever sent them went away.
    async fn told(parts: Vec<AnswerPart>) -> Vec<Result<usize, ErrorCode>> {
        let (send, receive) = mpsc::channel(8);
        let guard = AbortOnDrop(tokio::spawn(async {}));
        for part in parts {
            assert!(send.send(part).await.is_ok());
        }
        drop(send);
        let rows: Vec<_> = received(receive, guard).collect().await;
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
