//! Saved queries that programs run by name: own ones, and those that peers publish with their datasets.

use crate::parquet_writer::ParquetWriter;
use crate::program_handler::{ClientHandler, VerifiedClient, on_planner_thread};
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use futures::future::join_all;
use hansa_catalog::SavedQuery;
use hansa_catalog::dataset::Dataset;
use hansa_node::peer::peer_connections::KnownPeer;
use hansa_node::process::blocking_work::run_blocking;
use hansa_node::question::answer_report::reads_ahead;
use hansa_node::question::plain_columns::to_plain_columns;
use hansa_node::question::query_author::QueryAuthor;
use hansa_node::question::reachable_tables;
use hansa_node::question::unavailable_dataset;
use hansa_node::question::{self, clause_texts};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::peer::VerifiedPeer;
use hansa_policy::refusal::{ErrorClass, ErrorCode, Refusal};
use hansa_query::federation::federated_query::FederatedQuery;
use hansa_query::limits::SqlStatementLimits;
use hansa_query::sql::query_text::NamedTables;
use hansa_query::sql::saved_statement::SavedStatement;
use hansa_transport::{
    AnswerWriter, ClientSavedQuery, DataspaceHandler, OpenAnswer, OpenDataset, PortalPage,
    WebHandler,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Saved query with its statement.
struct DeclaredQuery {
    /// Alias of the dataset's owner; absent for an own saved query.
    owner: Option<SqlIdentifier>,
    query: SavedQuery,
    /// Statement with numbered parameters, over `owner.dataset`.
    statement: String,
}

#[async_trait]
impl WebHandler for ClientHandler {
    async fn saved_queries(
        &self,
        client: &VerifiedClient,
    ) -> Result<Vec<ClientSavedQuery>, Refusal> {
        let connector = &self.connector;
        self.count_table_request(client).await?;
        let declared = match client.author.program() {
            Some(program) => self.of_own(program).await?,
            None => {
                let mut declared = self.of_house();
                let peers = connector.known_peers()?;
                let shown = join_all(peers.iter().map(|peer| self.of_peer(peer)));
                // Unreachable peers are skipped.
                declared.extend(shown.await.into_iter().flatten().flatten());
                declared
            }
        };
        let options = Self::query_options(client);
        let mut named = NamedTables::default();
        let mut texts = Vec::new();
        for one in declared {
            let text = without_values(&one.statement).await?;
            // One that can't be parsed here can't be planned either.
            if let Ok(parsed) = question::parse_query(connector, &text).await {
                named.extend(parsed.tables());
                texts.push((one, text));
            }
        }
        // One look at what can be asked from here, for all of them.
        let catalog =
            reachable_tables::gather_tables(connector, &named, &options, &client.author).await?;
        let mut queries = Vec::new();
        for (one, text) in texts {
            let (catalog, options, now) = (catalog.clone(), options.clone(), connector.now());
            let planned = run_blocking(move || {
                catalog.plan(&text, &options, &SqlStatementLimits::default(), now)
            });
            // INVARIANT: listed-as-permitted. Only queries that can be planned under the current contracts are listed.
            if let Ok(planned) = planned.await {
                queries.push(one.into_saved_query(&planned));
            }
        }
        Ok(queries)
    }

    async fn saved_query(
        &self,
        client: &VerifiedClient,
        owner: Option<&str>,
        name: &str,
    ) -> Result<ClientSavedQuery, Refusal> {
        let unknown = || unknown_query_refusal(owner, name);
        let is_named = |one: &DeclaredQuery| one.query.name.as_str() == name;
        if client.author.program().is_some() {
            self.count_table_request(client).await?;
        }
        let one = match (owner, client.author.program()) {
            (None, Some(_)) => None,
            (Some(alias), Some(program)) => {
                let own = self.of_own(program).await?;
                let is_own = self.connector.config().participant.alias.as_str() == alias;
                own.into_iter().find(|one| is_own && is_named(one))
            }
            (None, None) => self.of_house().into_iter().find(is_named),
            (Some(alias), None) => {
                let peers = self.connector.known_peers()?;
                let peer = peers.iter().find(|peer| peer.alias.as_str() == alias);
                let peer = peer.ok_or_else(unknown)?;
                let found = self.of_peer(peer).await?.into_iter().find(is_named);
                if found.is_none()
                    && let Some(why) = self
                        .lapsed_query_refusal(peer, name, &client.author)
                        .await?
                {
                    return Err(why);
                }
                found
            }
        };
        let one = one.ok_or_else(unknown)?;
        let text = without_values(&one.statement).await?;
        match self.plan_statement(client, &text).await {
            Ok(planned) => Ok(one.into_saved_query(&planned)),
            // A dataset without a contract is reported as unknown, even if its owner has saved a query for it.
            Err(why) => match why.code.kind() {
                ErrorClass::Unknown | ErrorClass::Usage if owner.is_some() => Err(unknown()),
                _ => Err(why),
            },
        }
    }

    async fn explain_statement(
        &self,
        client: &VerifiedClient,
        sql: &str,
    ) -> Result<Value, Refusal> {
        self.count_table_request(client).await?;
        let explanation = self.plan_statement(client, sql).await?.explain();
        let mut asked = Vec::new();
        for remote_query in &explanation.remote_queries {
            let reads = remote_query.reads.iter().map(|reading| {
                let contract = reading.contract;
                let clauses = contract.and_then(|contract| clause_texts(&self.connector.contracts, contract));
                let clauses = clauses.unwrap_or_default().into_iter();
                json!({
                    "dataset": reading.dataset.name.as_str(),
                    "contract": contract.map(|contract| contract.to_string()),
                    "clauses": clauses.map(|(number, effect)| json!({"clause": number, "effect": effect})).collect::<Vec<Value>>(),
                })
            });
            asked.push(json!({
                "participant": remote_query.participant.domain(),
                "sql": remote_query.sql,
                "reads": reads.collect::<Vec<Value>>(),
            }));
        }
        Ok(json!({"asked": asked, "plan": explanation.to_string()}))
    }

    fn open_datasets(&self) -> Vec<OpenDataset> {
        self.open_views()
    }

    fn opens_anything(&self) -> bool {
        self.has_open_views()
    }

    fn tells_portals(&self, path: &[String]) -> bool {
        self.connector.config().portal.is_some() && hansa_portal::is_portal_path(path)
    }

    fn dataspace(&self) -> Option<Arc<dyn DataspaceHandler>> {
        self.dataspace.clone()
    }

    fn ticks(&self) -> i64 {
        self.connector.ticks()
    }

    async fn find_portal_page(
        &self,
        path: &[String],
        accept: Option<&[String]>,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Option<PortalPage>, Refusal> {
        self.portal_page(path, accept, parameters).await
    }

    fn admit_stranger(&self, from: Option<IpAddr>) -> Result<(), Duration> {
        self.strangers.count(from, self.connector.ticks())
    }

    async fn open_answer(&self, dataset: &OpenDataset) -> Result<OpenAnswer, Refusal> {
        self.open_rows(dataset).await
    }

    fn parquet_writer(&self, columns: SchemaRef) -> Result<Box<dyn AnswerWriter>, Refusal> {
        Ok(Box::new(ParquetWriter::new(columns)?))
    }

    async fn reserve(&self, dataset: Option<&OpenDataset>, bytes: u64) -> Result<(), Refusal> {
        self.reserve_open(dataset, bytes).await
    }
}

impl ClientHandler {
    /// Own saved queries.
    fn of_house(&self) -> Vec<DeclaredQuery> {
        let config = self.connector.config();
        let queries = config.queries.iter();
        queries
            .map(|saved| DeclaredQuery {
                owner: None,
                query: saved.query.clone(),
                statement: saved.numbered.clone(),
            })
            .collect()
    }

    /// Saved queries on own datasets that the catalog shows to the program's participant.
    async fn of_own(&self, program: &VerifiedPeer) -> Result<Vec<DeclaredQuery>, Refusal> {
        let (connector, peer) = (Arc::clone(&self.connector), program.id().clone());
        run_blocking(move || {
            let now = connector.now();
            let entries: Vec<Dataset> = connector.datasets.catalog(|catalog| {
                connector.contracts.with_registry(|registry| {
                    let page = catalog.visible_entries(&peer, registry, now, None, usize::MAX);
                    let seen = page.entries.into_iter();
                    seen.map(|seen| seen.entry(registry)).collect()
                })
            });
            let owner = connector.config().participant.alias.clone();
            Ok(over_all(&owner, &entries))
        })
        .await
    }

    /// Saved queries on a peer's datasets with an own contract, as its catalog shows them. Malformed ones are left out, because
    /// they come from outside.
    async fn of_peer(&self, peer: &KnownPeer) -> Result<Vec<DeclaredQuery>, Refusal> {
        let connector = &self.connector;
        let mut shown = reachable_tables::fetch_catalog(connector, peer).await?;
        shown.retain(|visible| !reachable_tables::usable_contracts(connector, visible).is_empty());
        let owner = peer.alias.clone();
        let entries: Vec<Dataset> = shown.into_iter().map(|visible| visible.dataset).collect();
        run_blocking(move || Ok(over_all(&owner, &entries))).await
    }

    /// Refusal if the contract of a peer's saved query has ended.
    async fn lapsed_query_refusal(
        &self,
        peer: &KnownPeer,
        name: &str,
        author: &QueryAuthor,
    ) -> Result<Option<Refusal>, Refusal> {
        let shown = reachable_tables::fetch_catalog(&self.connector, peer).await?;
        for visible in shown {
            let mut queries = visible.dataset.queries.iter();
            if queries.any(|query| query.name.as_str() == name) {
                let dataset =
                    NamedTables::with_table(peer.alias.as_str(), visible.dataset.id.name.as_str());
                if let Some(why) =
                    unavailable_dataset::lapsed_contract_refusal(&self.connector, &dataset, author)?
                {
                    return Ok(Some(why));
                }
            }
        }
        Ok(None)
    }
}

/// Saved queries on the datasets of one owner.
fn over_all(owner: &SqlIdentifier, entries: &[Dataset]) -> Vec<DeclaredQuery> {
    let all = entries.iter().flat_map(|dataset| {
        let queries = dataset.queries.iter();
        queries.map(move |query| (dataset, query))
    });
    let mut declared = Vec::new();
    for (dataset, query) in all.take(MOST) {
        match DeclaredQuery::new(owner, dataset, query) {
            Ok(one) => declared.push(one),
            Err(refusal) => {
                tracing::warn!(dataset = %dataset.id, query = %query.name, %refusal, "saved_query.unusable");
            }
        }
    }
    declared
}

/// Most saved queries of one peer that are read.
const MOST: usize = 200;

impl DeclaredQuery {
    fn new(owner: &SqlIdentifier, dataset: &Dataset, query: &SavedQuery) -> Result<Self, Refusal> {
        let saved = SavedStatement::of(query.clone())?;
        let statement = saved.to_qualified_text(owner, dataset)?;
        Ok(Self {
            owner: Some(owner.clone()),
            query: saved.query,
            statement,
        })
    }

    fn into_saved_query(self, planned: &FederatedQuery) -> ClientSavedQuery {
        ClientSavedQuery {
            owner: self.owner.map(|owner| owner.to_string()),
            query: self.query,
            statement: self.statement,
            columns: to_plain_columns(&planned.columns(), reads_ahead(planned)),
        }
    }
}

async fn without_values(statement: &str) -> Result<String, Refusal> {
    on_planner_thread(statement, |statement| Ok(statement.without_values())).await
}

fn unknown_query_refusal(owner: Option<&str>, name: &str) -> Refusal {
    let written = match owner {
        Some(owner) => format!("{owner}/{name}"),
        None => name.to_owned(),
    };
    Refusal::new(
        ErrorCode::QueryUnknown,
        format!("there is no saved query `{written}` for this token and purpose"),
    )
    .with_help("GET /v1/queries lists those that can be asked")
}
