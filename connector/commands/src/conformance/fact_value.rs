//! Values of facts, as programs read them.

use hansa_audit_log::time::UtcTimestamp;
use serde::Serialize;

/// Value of a fact. The names of its fields are stable.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum FactValue {
    /// Text, where there is one.
    Text(Option<String>),
    /// Number of things.
    Count(u64),
    /// Names of things.
    Names(Vec<String>),
    /// Number of datasets, and those that lack a statement.
    LackingDatasets {
        datasets: usize,
        lacking: Vec<String>,
    },
    /// Number of contracts over personal data, and those that lack a clause.
    LackingContracts {
        contracts: usize,
        lacking: Vec<String>,
    },
    /// Number of columns, and of those without a meaning.
    ColumnMeanings { columns: u64, without_meaning: u64 },
    /// Key that signs.
    SigningKey {
        algorithm: &'static str,
        key: String,
    },
    /// Number of officers; `true` if two are needed.
    Officers { officers: usize, second: bool },
    /// Records in the archive, and expired records.
    Archive {
        archived_before: u64,
        expired_before: u64,
    },
    /// Times for which records and texts are kept.
    Retention {
        decisions_days: u64,
        texts_days: u64,
    },
    /// Forked logs and stated incidents.
    Incidents { forks: usize, incidents: usize },
    /// Contracts in force.
    Contracts {
        as_provider: usize,
        as_consumer: usize,
    },
    /// Contracts that are over.
    EndedContracts {
        withdrawn: usize,
        expired: usize,
        superseded: usize,
    },
    /// Clauses in force.
    Clauses { executed: usize, recorded: usize },
    /// Offers, and the public views among them.
    Offers { offers: usize, public_views: usize },
    /// Datasets with personal data, and those without categories of data subjects.
    PersonalDatasets {
        datasets: Vec<String>,
        without_data_subjects: Vec<String>,
    },
    /// Ends of validity, the first one first.
    Validity(Vec<ValidityEnd>),
    /// League and its members.
    Membership {
        league: String,
        bundle: u64,
        until: UtcTimestamp,
        participants: usize,
        peers: usize,
        demo: bool,
    },
    /// Log, its signed head, and those who cosigned it.
    Log {
        records: u64,
        head: u64,
        cosigned: Option<u64>,
        witnesses: Vec<String>,
    },
}

/// End of the validity of a certificate, contract or the like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ValidityEnd {
    /// Kind of the thing.
    pub(crate) what: &'static str,
    /// Name of the thing.
    pub(crate) name: String,
    /// First instant after the validity.
    pub(crate) at: UtcTimestamp,
}

impl FactValue {
    /// A number of things in memory.
    pub(crate) fn of_count(count: usize) -> Self {
        Self::Count(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Names, in their order.
    pub(crate) fn of_names<T: ToString>(names: impl IntoIterator<Item = T>) -> Self {
        Self::Names(names.into_iter().map(|name| name.to_string()).collect())
    }
}
