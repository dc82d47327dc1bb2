//! Index over the log: negotiations, outbox, peers, budgets and receipts in SQLite.
//!
//! The log is the source of truth. Every change of the index is made from records, in their order, and stores the position that it
//! reflects. A lost index is rebuilt from position 0. An index that is ahead of the log is refused, since the log was then replaced
//! by an older one.

pub mod index_transaction;
pub mod query;
pub mod row;

use crate::state_index::index_transaction::IndexTransaction;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row};
use std::path::Path;
use std::time::Duration;

/// Index of one participant. The holder of the state folder's lock has exclusive access.
#[derive(Debug)]
pub struct StateIndex {
    connection: Connection,
    /// Position stored in `meta`, which only this value writes.
    position: u64,
}

impl StateIndex {
    /// Opens or creates the index. `records` is the number of records in the log.
    ///
    /// An index of another version is emptied and rebuilt from the log.
    ///
    /// # Errors
    /// `LEDGER_ROLLBACK` when the index reflects more records than the log has; `STATE_BROKEN` or `DISK_FULL`.
    pub fn open(file: &Path, records: u64) -> Result<Self, Refusal> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let connection = Connection::open_with_flags(file, flags).map_err(database_refusal)?;
        connection
            .busy_timeout(Duration::from_secs(5))
            .map_err(database_refusal)?;
        // Changes lost in a power cut are in the log, which is durable before they are applied here.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
            .map_err(|fault| damaged_file_refusal(fault, file))?;
        // Otherwise SQLite would prepare a statement anew for different bound values.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(database_refusal)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let mut state = Self {
            connection,
            position: 0,
        };
        let position = if state.has_table("meta")? {
            state.read_position()?
        } else {
            0
        };
        if position > records {
            return Err(Refusal::new(
                ErrorCode::LedgerRollback,
                format!(
                    "the state reflects {position} records and the log holds {records}: an older log was put in its place"
                ),
            )
            .with_place(file.display().to_string(), None, None));
        }
        state.lay_out()?;
        state.position = state.read_position()?;
        Ok(state)
    }

    /// Opens the index read-only, also while another process uses it. None where there is no index, or one of another version.
    ///
    /// # Errors
    /// `STATE_BROKEN`.
    pub fn open_read_only(file: &Path) -> Result<Option<Self>, Refusal> {
        if !file.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(file, flags).map_err(database_refusal)?;
        connection
            .busy_timeout(Duration::from_secs(5))
            .map_err(database_refusal)?;
        let found: i32 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(|fault| damaged_file_refusal(fault, file))?;
        if found != schema_version() {
            return Ok(None);
        }
        let mut state = Self {
            connection,
            position: 0,
        };
        state.position = state.read_position()?;
        Ok(Some(state))
    }

    /// Number of records that the index reflects, which is the place of the next one to apply.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    fn read_position(&self) -> Result<u64, Refusal> {
        let sql = "SELECT value FROM meta WHERE key = 'position'";
        let value: Option<i64> = query_row(&self.connection, sql, [], |row| row.get(0))?;
        Ok(value
            .and_then(|value| u64::try_from(value).ok())
            .unwrap_or(0))
    }

    fn has_table(&self, table: &str) -> Result<bool, Refusal> {
        let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        query_row(&self.connection, sql, [table], |_| Ok(())).map(|found| found.is_some())
    }

    /// Creates the tables, if they are missing or of another version.
    fn lay_out(&mut self) -> Result<(), Refusal> {
        let version = schema_version();
        let transaction = self.connection.transaction().map_err(database_refusal)?;
        let found: i32 = transaction
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(database_refusal)?;
        if found == version {
            return Ok(());
        }
        let tables: Vec<String> = transaction
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
            .map_err(database_refusal)?;
        for table in tables {
            transaction
                .execute_batch(&format!("DROP TABLE \"{table}\""))
                .map_err(database_refusal)?;
        }
        transaction
            .execute_batch(SCHEMA)
            .and_then(|()| transaction.pragma_update(None, "user_version", version))
            .and_then(|()| transaction.commit())
            .map_err(database_refusal)
    }

    /// Applies changes from the records before `position`, all of them or none.
    ///
    /// # Errors
    /// The refusal of `make`, or `STATE_BROKEN` or `DISK_FULL`; then nothing has changed.
    pub fn apply_changes<T>(
        &mut self,
        position: u64,
        make: impl FnOnce(&IndexTransaction<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let transaction = self.connection.transaction().map_err(database_refusal)?;
        let change = IndexTransaction::new(&transaction);
        let made = make(&change)?;
        transaction
            .prepare_cached(
                "INSERT INTO meta (key, value) VALUES ('position', ?1)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )
            .and_then(|mut statement| statement.execute([to_signed(position)]))
            .map_err(database_refusal)?;
        transaction.commit().map_err(database_refusal)?;
        self.position = position;
        Ok(made)
    }

    /// Writes a consistent copy of the index into a new file, during use.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`.
    pub fn copy_to(&self, file: &Path) -> Result<(), Refusal> {
        self.connection
            .execute("VACUUM INTO ?1", [file.display().to_string()])
            .map(|_| ())
            .map_err(database_refusal)
    }
}

/// Version of the tables, derived from their text, so that it can't be forgotten.
fn schema_version() -> i32 {
    let digest = Digest::of(SCHEMA.as_bytes());
    let [a, b, c, d, ..] = *digest.as_bytes();
    // Never 0, which is the version of an empty file.
    i32::from_be_bytes([a & 0x7f, b, c, d | 1])
}

fn damaged_file_refusal(fault: rusqlite::Error, file: &Path) -> Refusal {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let lost = matches!(
        fault.sqlite_error_code(),
        Some(NotADatabase | DatabaseCorrupt)
    );
    let refusal = database_refusal(fault).with_place(file.display().to_string(), None, None);
    if !lost {
        return refusal;
    }
    refusal.with_help(format!(
        "move `{}` away: it is made again from the log",
        file.display()
    ))
}

/// Count as a signed integer of SQLite.
pub(crate) fn to_signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn to_unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// Size of the statement cache: more than all statements, so that none is prepared twice.
const STATEMENTS: usize = 256;

/// Rows of a query.
pub(crate) fn query_rows<T>(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Refusal> {
    let mut query = connection.prepare_cached(sql).map_err(database_refusal)?;
    let rows = query.query_map(values, read).map_err(database_refusal)?;
    rows.collect::<Result<_, _>>().map_err(database_refusal)
}

/// Row of a query, if there is one.
pub(crate) fn query_row<T>(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Refusal> {
    connection
        .prepare_cached(sql)
        .and_then(|mut query| query.query_row(values, read).optional())
        .map_err(database_refusal)
}

pub(crate) fn database_refusal(fault: rusqlite::Error) -> Refusal {
    let full = matches!(
        fault.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DiskFull)
    );
    let code = if full {
        ErrorCode::DiskFull
    } else {
        ErrorCode::StateBroken
    };
    Refusal::new(code, format!("the state can't be read or written: {fault}")).caused_by(fault)
}

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS message (
    peer TEXT NOT NULL, direction TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, negotiation TEXT,
    digest TEXT NOT NULL, record INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (peer, direction, id)) STRICT;
CREATE INDEX IF NOT EXISTS message_negotiation ON message (negotiation, record);
CREATE TABLE IF NOT EXISTS negotiation (
    id TEXT PRIMARY KEY, peer TEXT NOT NULL, role TEXT NOT NULL, dataset TEXT NOT NULL, state TEXT NOT NULL,
    contract TEXT, beforehand TEXT, reason TEXT, updated INTEGER NOT NULL, title TEXT) STRICT;
CREATE INDEX IF NOT EXISTS negotiation_peer ON negotiation (peer, state);
CREATE INDEX IF NOT EXISTS negotiation_contract ON negotiation (contract);
CREATE TABLE IF NOT EXISTS outbox (
    peer TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, word TEXT, fetched INTEGER NOT NULL,
    PRIMARY KEY (peer, number)) STRICT;
CREATE TABLE IF NOT EXISTS correspondence (
    peer TEXT PRIMARY KEY, next_out INTEGER NOT NULL, taken_in INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS peer (id TEXT PRIMARY KEY, address TEXT NOT NULL, alias TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS head (peer TEXT PRIMARY KEY, size INTEGER NOT NULL, note TEXT NOT NULL,
    proven INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS gossiped_head (peer TEXT NOT NULL, via TEXT NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL,
    proven INTEGER NOT NULL, PRIMARY KEY (peer, via)) STRICT;
CREATE TABLE IF NOT EXISTS recorded (peer TEXT NOT NULL, size INTEGER NOT NULL, root TEXT NOT NULL, via TEXT NOT NULL,
    note TEXT NOT NULL, proven INTEGER NOT NULL, PRIMARY KEY (peer, size, root)) STRICT;
CREATE TABLE IF NOT EXISTS witness (peer TEXT PRIMARY KEY, size INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS fork (peer TEXT PRIMARY KEY, record INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS incident (
    record INTEGER PRIMARY KEY, peer TEXT NOT NULL, cause TEXT NOT NULL, statement TEXT NOT NULL, at INTEGER NOT NULL,
    first INTEGER, last INTEGER, late INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS budget (
    asker TEXT NOT NULL, dataset TEXT NOT NULL, counts TEXT NOT NULL, at INTEGER NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (asker, dataset, counts, at)) STRICT;
CREATE TABLE IF NOT EXISTS contract (
    id TEXT PRIMARY KEY, dataset TEXT, begins INTEGER, ends INTEGER, activated INTEGER, withdrawn INTEGER,
    withdrawn_by TEXT) STRICT;
CREATE TABLE IF NOT EXISTS model (
    contract TEXT NOT NULL, model TEXT NOT NULL, PRIMARY KEY (contract, model)) STRICT;
CREATE TABLE IF NOT EXISTS answer (
    record INTEGER PRIMARY KEY, request TEXT NOT NULL, peer TEXT NOT NULL, contracts TEXT NOT NULL,
    receipt TEXT NOT NULL, at INTEGER NOT NULL, most_rows INTEGER, most_bytes INTEGER, closed INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS answer_request ON answer (request, peer);
CREATE TABLE IF NOT EXISTS first_answer (
    contract TEXT PRIMARY KEY, at INTEGER NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS reserved (
    opened INTEGER NOT NULL, dataset TEXT NOT NULL, counts TEXT NOT NULL, at INTEGER NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (opened, dataset, counts, at)) STRICT;
CREATE TABLE IF NOT EXISTS receipt (
    request TEXT NOT NULL, peer TEXT NOT NULL, role TEXT NOT NULL, contract TEXT NOT NULL, rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL, digest TEXT NOT NULL, outcome TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL,
    file TEXT, PRIMARY KEY (request, peer, role, contract)) STRICT;
CREATE TABLE IF NOT EXISTS published (
    dataset TEXT PRIMARY KEY, body TEXT NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS notice (
    contract TEXT NOT NULL, topic TEXT NOT NULL, channel TEXT NOT NULL, delivered INTEGER NOT NULL,
    attempts INTEGER NOT NULL, reason TEXT, at INTEGER NOT NULL, PRIMARY KEY (contract, topic, channel)) STRICT;
CREATE TABLE IF NOT EXISTS happened (
    contract TEXT NOT NULL, topic TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (contract, topic)) STRICT;
CREATE TABLE IF NOT EXISTS pending_approval (
    contract TEXT NOT NULL, action TEXT NOT NULL, first TEXT NOT NULL, second TEXT, reason TEXT, at INTEGER NOT NULL,
    PRIMARY KEY (contract, action)) STRICT;
CREATE TABLE IF NOT EXISTS declined_approval (
    contract TEXT NOT NULL, action TEXT NOT NULL, first TEXT NOT NULL, declined TEXT NOT NULL, reason TEXT,
    at INTEGER NOT NULL, PRIMARY KEY (contract, action)) STRICT;
CREATE TABLE IF NOT EXISTS owed (
    contract TEXT NOT NULL, peer TEXT NOT NULL, request TEXT NOT NULL, opened INTEGER NOT NULL, closed INTEGER,
    PRIMARY KEY (contract, peer, request)) STRICT;
CREATE INDEX IF NOT EXISTS owed_due ON owed (contract, peer, closed);
CREATE INDEX IF NOT EXISTS owed_opened ON owed (opened);
CREATE TABLE IF NOT EXISTS taken (
    request TEXT NOT NULL, peer TEXT NOT NULL, contracts TEXT NOT NULL, at INTEGER NOT NULL, ended INTEGER,
    PRIMARY KEY (request, peer)) STRICT;
CREATE TABLE IF NOT EXISTS stated (
    contract TEXT NOT NULL, request TEXT NOT NULL, peer TEXT NOT NULL, record INTEGER NOT NULL,
    PRIMARY KEY (contract, request, peer)) STRICT;
CREATE TABLE IF NOT EXISTS erased (object TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS balance (
    contract TEXT PRIMARY KEY, spent TEXT NOT NULL, topped TEXT NOT NULL, months INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS charge (
    opened INTEGER NOT NULL, contract TEXT NOT NULL, per TEXT NOT NULL, each TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (opened, contract)) STRICT;
CREATE TABLE IF NOT EXISTS listing (
    name TEXT PRIMARY KEY, serial INTEGER NOT NULL, file TEXT NOT NULL, changed INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS restriction (dataset TEXT PRIMARY KEY, file TEXT, record INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS passkey (
    key TEXT PRIMARY KEY, actor TEXT NOT NULL, public_key TEXT NOT NULL, credential TEXT NOT NULL, party TEXT NOT NULL,
    counter INTEGER NOT NULL, added INTEGER NOT NULL, ended INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS unfiled (record INTEGER PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS catalogue (
    peer TEXT NOT NULL, dataset TEXT NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (peer, dataset)) STRICT;
";

#[cfg(test)]
mod crash_recovery;
#[cfg(test)]
mod tests;
