//! Compatibility of a signed contract's schema with the present schema of its dataset.

use crate::dataset::Dataset;
use hansa_audit_log::digest::Digest;
use hansa_policy::term::Clause;
use hansa_policy::term::schema_version::SchemaCompatibility;
use std::collections::BTreeSet;
use std::fmt;

/// Owner's secret for the digests of its schemas. It is never disclosed.
#[derive(Clone, PartialEq, Eq)]
pub struct SchemaSecret([u8; 32]);

impl SchemaSecret {
    /// Secret of these bytes.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// Digests of the earlier schemas from which the present one grew: of its first column, of its first two, and so on. The secret
    /// is enough to recognise an earlier schema.
    #[must_use]
    pub fn earlier_digests(&self, dataset: &Dataset) -> BTreeSet<Digest> {
        let mut before = dataset.clone();
        let mut names = BTreeSet::new();
        while before.columns.pop().is_some() && !before.columns.is_empty() {
            names.insert(before.sealed_digest(&self.0));
        }
        names
    }
}

impl fmt::Debug for SchemaSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

/// True if a contract with these clauses, signed for `schema`, is valid for the present dataset. Without the secret, only the
/// unchanged schema is accepted.
#[must_use]
pub fn is_schema_compatible(
    schema: Digest,
    clauses: &[Clause],
    dataset: &Dataset,
    seal: Option<&SchemaSecret>,
) -> bool {
    schema == dataset.schema_digest()
        || (SchemaCompatibility::of(clauses) == SchemaCompatibility::Compatible
            && seal.is_some_and(|seal| seal.earlier_digests(dataset).contains(&schema)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::ColumnType;
    use crate::fixture::{counts_dataset, sample_column};
    use hansa_policy::id::ClauseId;
    use hansa_policy::term::Term;

    fn sealed(secret: [u8; 32], change: impl FnOnce(&mut Dataset)) -> Dataset {
        let mut dataset = counts_dataset();
        change(&mut dataset);
        dataset.whole_schema = Some(dataset.sealed_digest(&secret));
        dataset
    }

    #[test]
    fn what_was_only_added_to_is_known_again() {
        let signed = sealed([1; 32], |_| {}).schema_digest();
        let clause = |schemas| {
            [Clause {
                id: ClauseId(2),
                term: Term::Version(schemas),
            }]
        };
        let good = |change: fn(&mut Dataset), schemas| {
            let now = sealed([1; 32], change);
            is_schema_compatible(
                signed,
                &clause(schemas),
                &now,
                Some(&SchemaSecret::new([1; 32])),
            )
        };
        let more = |dataset: &mut Dataset| {
            dataset
                .columns
                .push(sample_column("weather", ColumnType::Text));
            dataset
                .columns
                .push(sample_column("wind", ColumnType::Float));
        };
        assert!(
            good(|_| {}, SchemaCompatibility::Exact)
                && good(|_| {}, SchemaCompatibility::Compatible)
        );
        assert!(good(more, SchemaCompatibility::Compatible));
        assert!(!good(more, SchemaCompatibility::Exact));
        let between = |dataset: &mut Dataset| {
            dataset
                .columns
                .insert(1, sample_column("weather", ColumnType::Text));
        };
        let less = |dataset: &mut Dataset| {
            dataset.columns.pop();
        };
        let typed = |dataset: &mut Dataset| {
            dataset.columns[0].kind = ColumnType::Float;
            dataset
                .columns
                .push(sample_column("weather", ColumnType::Text));
        };
        let nullable = |dataset: &mut Dataset| {
            dataset.columns[0].nullable = !dataset.columns[0].nullable;
            dataset
                .columns
                .push(sample_column("weather", ColumnType::Text));
        };
        for change in [between, less, typed, nullable] {
            assert!(!good(change, SchemaCompatibility::Compatible));
        }
        // Another secret recognises no earlier schema.
        let now = sealed([1; 32], more);
        let compatible = clause(SchemaCompatibility::Compatible);
        assert!(!is_schema_compatible(
            signed,
            &compatible,
            &now,
            Some(&SchemaSecret::new([2; 32]))
        ));
        assert!(!is_schema_compatible(signed, &compatible, &now, None));
        assert_eq!(format!("{:?}", SchemaSecret::new([7; 32])), "Seal");
    }
}
