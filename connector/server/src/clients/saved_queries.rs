//! The saved queries that programs ask by name: those of the house.

use super::{ClientHandler, VerifiedClient, on_planner_thread, plain, refused};
use crate::admin::sql::plan;
use crate::admin::sql::result_footer::reads_ahead;
use crate::process::blocking_work::blocking;
use crate::workflow::federated_query;
use async_trait::async_trait;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::federated_query::FederatedQuery;
use hansa_query::limits::SqlStatementLimits;
use hansa_query::sql::saved_statement::SavedStatement;
use hansa_transport::{ClientSavedQuery, WebHandler};

#[async_trait]
impl WebHandler for ClientHandler {
    async fn saved_queries(
        &self,
        client: &VerifiedClient,
    ) -> Result<Vec<ClientSavedQuery>, Refusal> {
        let connector = &self.connector;
        let config = connector.config();
        let texts: Vec<&str> = config
            .queries
            .iter()
            .map(|saved| saved.query.sql.as_str())
            .collect();
        let options = Self::options(client);
        // One look at what can be asked from here, for all of them.
        let catalog =
            federated_query::reach(connector, &texts.join(" "), &options, &client.author()).await?;
        let mut queries = Vec::new();
        for saved in &config.queries {
            let text = without_values(saved).await?;
            let (catalog, options, now) = (catalog.clone(), options.clone(), connector.now());
            let planned = blocking(move || {
                catalog.plan(&text, &options, &SqlStatementLimits::default(), now)
            });
            // INVARIANT: listed-as-permitted. What can't be planned under the contracts of this moment is not listed.
            if let Ok(planned) = planned.await {
                queries.push(described(None, saved, &planned));
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
        let config = self.connector.config();
        let mut own = config.queries.iter().filter(|_| owner.is_none());
        let saved = own.find(|saved| saved.query.name.as_str() == name);
        let saved = saved.ok_or_else(|| unknown(owner, name))?;
        let text = without_values(saved).await?;
        let (options, author) = (Self::options(client), client.author());
        let planned = plan(&self.connector, &text, &options, &author).await;
        let planned = planned.map_err(refused)?;
        Ok(described(None, saved, &planned))
    }
}

fn described(
    owner: Option<String>,
    saved: &SavedStatement,
    planned: &FederatedQuery,
) -> ClientSavedQuery {
    ClientSavedQuery {
        owner,
        query: saved.query.clone(),
        statement: saved.numbered.clone(),
        columns: plain(&planned.columns(), reads_ahead(planned)),
    }
}

async fn without_values(saved: &SavedStatement) -> Result<String, Refusal> {
    on_planner_thread(&saved.numbered, |statement| Ok(statement.without_values())).await
}

fn unknown(owner: Option<&str>, name: &str) -> Refusal {
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
