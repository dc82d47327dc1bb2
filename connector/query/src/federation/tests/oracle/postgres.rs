//! PostgreSQL server that the tests start as the second engine.

use super::comparison::{Answer, Cell};
use super::random_tables::RandomTables;
use crate::fixture::storage::shared_server;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// Database with the byte order as collation and UTC as time zone.
pub(super) struct PostgresOracle {
    runtime: Runtime,
    client: Client,
}

impl PostgresOracle {
    pub(super) fn start() -> Self {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (server, endpoint) = shared_server();
        let name = format!("oracle_{number}");
        server.run(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        ));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let database = endpoint
            .database
            .replace("dbname=postgres", &format!("dbname={name}"));
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&database, NoTls).await.unwrap();
            tokio::spawn(connection);
            client
                .batch_execute(
                    "SET timezone = 'UTC'; SET statement_timeout = '20s'; SET intervalstyle = 'postgres'; \
                     SET datestyle = 'ISO, YMD'; SET jit = off",
                )
                .await
                .unwrap();
            client
        });
        Self { runtime, client }
    }

    pub(super) fn load(&self, tables: &RandomTables) {
        self.run(&tables.postgres());
    }

    pub(super) fn run(&self, sql: &str) {
        self.runtime
            .block_on(self.client.batch_execute(sql))
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Rows as the server writes them, or the SQLSTATE of its error.
    pub(super) fn text(&self, sql: &str) -> Result<Vec<String>, String> {
        let asked = self.runtime.block_on(self.client.simple_query(sql));
        let messages = asked.map_err(|error| {
            let state = error.code().cloned().unwrap_or(SqlState::INTERNAL_ERROR);
            state.code().to_owned()
        })?;
        let mut rows = Vec::new();
        for message in messages {
            if let SimpleQueryMessage::Row(row) = message {
                let cells: Vec<&str> = (0..row.len())
                    .map(|at| row.get(at).unwrap_or("NULL"))
                    .collect();
                rows.push(cells.join(", "));
            }
        }
        Ok(rows)
    }

    pub(super) fn ask(&self, sql: &str) -> Answer {
        let asked = self.runtime.block_on(async {
            let wait = Duration::from_secs(30);
            let statement = tokio::time::timeout(wait, self.client.prepare(sql))
                .await
                .unwrap()?;
            let kinds: Vec<Type> = statement
                .columns()
                .iter()
                .map(|column| column.type_().clone())
                .collect();
            let messages = self.client.simple_query(sql).await?;
            Ok::<_, tokio_postgres::Error>((kinds, messages))
        });
        let (kinds, messages) = match asked {
            Ok(asked) => asked,
            Err(error) => {
                let state = error.code().cloned().unwrap_or(SqlState::INTERNAL_ERROR);
                let text = error
                    .as_db_error()
                    .map_or_else(|| error.to_string(), |error| error.message().to_owned());
                return Answer::Failed {
                    state: state.code().to_owned(),
                    text,
                };
            }
        };
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                let cells = kinds
                    .iter()
                    .enumerate()
                    .map(|(at, kind)| Cell::of_postgres(row.get(at), kind));
                Some(cells.collect())
            }
            _ => None,
        });
        Answer::Rows(rows.collect())
    }
}
