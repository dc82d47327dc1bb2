//! Contracts that a new version of a dataset would break.

use crate::dataset::{Dataset, DatasetColumn};
use crate::grid_alignment;
use crate::schema_compatibility::{self, SchemaSecret};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::{Agreement, Assignee, ContractRegistry, ContractStatus};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::clause_effects;

/// Contract that is valid for the published version and would be refused under the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractBreak {
    /// Identity of the contract.
    pub contract: ContractId,
    /// Consumer of the contract; absent for a public view.
    pub peer: Option<ParticipantId>,
    /// End of the contract.
    pub not_after: UtcTimestamp,
    /// Code of the later refusals: `SCHEMA_CHANGED` or `GRID_CONFLICT`.
    pub code: ErrorCode,
}

/// Dataset before and after a publication.
#[derive(Debug, Clone, Copy)]
pub struct DatasetVersions<'a> {
    /// Published version.
    pub old: &'a Dataset,
    /// Version that would replace it.
    pub new: &'a Dataset,
}

/// Contracts, in force or in the future, that publishing the new version in place of the old one would break.
#[must_use]
pub fn find_contract_breaks(
    versions: DatasetVersions<'_>,
    seal: Option<&SchemaSecret>,
    registry: &ContractRegistry,
    now: UtcTimestamp,
) -> Vec<ContractBreak> {
    let DatasetVersions { old, new } = versions;
    registry
        .contracts_on_dataset(&new.id, now)
        .filter(|(_, agreement, status)| {
            matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
                && contract_fault(agreement, old, seal).is_none()
        })
        .filter_map(|(contract, agreement, _)| {
            Some(ContractBreak {
                contract,
                peer: match &agreement.assignee {
                    Assignee::Participant(party) => Some(party.id.clone()),
                    Assignee::Public | Assignee::Partner(_) => None,
                },
                not_after: agreement.not_after,
                code: contract_fault(agreement, new, seal)?,
            })
        })
        .collect()
}

/// Code of the refusal of a contract for this version of the dataset; none for a valid contract.
fn contract_fault(
    agreement: &Agreement,
    dataset: &Dataset,
    seal: Option<&SchemaSecret>,
) -> Option<ErrorCode> {
    if !schema_compatibility::is_schema_compatible(
        agreement.dataset.schema,
        &agreement.clauses,
        dataset,
        seal,
    ) {
        return Some(ErrorCode::SchemaChanged);
    }
    cells_fit(agreement, dataset)
        .err()
        .map(|refusal| refusal.code)
}

fn cells_fit(agreement: &Agreement, dataset: &Dataset) -> Result<(), Refusal> {
    match clause_effects::cube_of(&agreement.clauses)? {
        None => Ok(()),
        Some(cube) => grid_alignment::check_nesting(&cube, dataset),
    }
}

/// Changes of the schema in a new version, one sentence each.
#[must_use]
pub fn schema_changes(old: &Dataset, new: &Dataset) -> Vec<String> {
    let find = |columns: &[DatasetColumn], wanted: &DatasetColumn| {
        columns
            .iter()
            .find(|column| column.name == wanted.name)
            .cloned()
    };
    let mut changes = Vec::new();
    for column in &old.columns {
        match find(&new.columns, column) {
            None => changes.push(format!("the column {} goes", column.name)),
            Some(now) => changes.extend(column_changes(column, &now)),
        }
    }
    for column in &new.columns {
        if find(&old.columns, column).is_none() {
            changes.push(format!(
                "the column {} ({}) comes",
                column.name, column.kind
            ));
        }
    }
    if changes.is_empty() && old.schema_digest() != new.schema_digest() {
        changes.push("the order of the columns changes".to_owned());
    }
    changes
}

fn column_changes(old: &DatasetColumn, new: &DatasetColumn) -> Vec<String> {
    let mut changes = Vec::new();
    if old.kind != new.kind {
        changes.push(format!(
            "{} was {} and becomes {}",
            old.name, old.kind, new.kind
        ));
    }
    match (old.nullable, new.nullable) {
        (false, true) => changes.push(format!("{} may become NULL", old.name)),
        (true, false) => changes.push(format!("{} is never NULL any more", old.name)),
        (true, true) | (false, false) => {}
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::ColumnType;
    use crate::fixture::{counts_dataset, sample_column};

    #[test]
    fn changes_in_words() {
        let old = counts_dataset();
        let mut new = counts_dataset();
        assert!(schema_changes(&old, &new).is_empty());
        new.columns.swap(0, 1);
        assert_eq!(
            schema_changes(&old, &new),
            ["the order of the columns changes"]
        );
        new.columns.remove(0);
        new.columns[1].kind = ColumnType::Instant;
        new.columns[2].nullable = false;
        new.columns.push(sample_column("weather", ColumnType::Text));
        assert_eq!(
            schema_changes(&old, &new),
            [
                "the column at goes",
                "day was date and becomes instant",
                "bikes is never NULL any more",
                "the column weather (text) comes",
            ]
        );
    }
}
