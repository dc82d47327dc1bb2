//! Check of the declared purpose against the purpose clauses of a grant.

use crate::contract::DatasetGrant;
use crate::id::{DatasetId, PurposeId};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::purpose::Taxonomy;
use crate::term::{Clause, Term, cite_clause};

/// Checks the declared purpose against every purpose clause of the grant.
pub(crate) fn check_purpose(
    dataset: &DatasetId,
    grant: &DatasetGrant,
    taxonomy: &Taxonomy,
    declared: Option<&PurposeId>,
) -> Result<(), Refusal> {
    let mut clauses = grant.clauses().iter();
    clauses.try_for_each(|clause| check_clause(dataset, grant, clause, taxonomy, declared))
}

/// Checks the declared purpose against one clause of the grant.
pub(super) fn check_clause(
    dataset: &DatasetId,
    grant: &DatasetGrant,
    clause: &Clause,
    taxonomy: &Taxonomy,
    declared: Option<&PurposeId>,
) -> Result<(), Refusal> {
    let (needed, excluded): (&[PurposeId], &[PurposeId]) = match &clause.term {
        Term::Purpose(needed) => (needed, &[]),
        Term::PurposeNot(excluded) => (&[], excluded),
        _ => return Ok(()),
    };
    if taxonomy.label != grant.purpose_vocabulary() {
        return Err(cite_clause(
            Refusal::new(
                ErrorCode::TermUnknown,
                format!(
                    "the contract uses the purposes `{}`, this connector has `{}`",
                    grant.purpose_vocabulary(),
                    taxonomy.label
                ),
            )
            .with_help("amend the contract"),
            clause,
        ));
    }
    let whole = taxonomy.with_own(grant.own_purposes())?;
    let Some(declared) = declared else {
        return Err(cite_clause(
            missing_purpose_refusal(dataset, needed, &whole),
            clause,
        ));
    };
    if !whole.contains(declared) {
        return Err(cite_clause(
            unknown_purpose_refusal(declared, needed),
            clause,
        ));
    }
    let fits = if excluded.is_empty() {
        needed.iter().any(|needed| whole.covers(needed, declared))
    } else {
        // A purpose wider than an excluded one is refused too, since it contains the excluded one.
        !excluded
            .iter()
            .any(|excluded| whole.covers(excluded, declared) || whole.covers(declared, excluded))
    };
    if !fits {
        return Err(cite_clause(not_covered(dataset, declared, needed), clause));
    }
    Ok(())
}

fn missing_purpose_refusal(
    dataset: &DatasetId,
    needed: &[PurposeId],
    taxonomy: &Taxonomy,
) -> Refusal {
    let mut covered = taxonomy.covered_by(needed);
    covered.retain(|purpose| !needed.contains(purpose));
    let mut refusal = Refusal::new(
        ErrorCode::PurposeMissing,
        format!("`{}` needs a purpose and none was declared", dataset.name),
    );
    for purpose in needed {
        refusal = refusal.with_help(format!("ask with --purpose {purpose}"));
    }
    if let Some(more) = some_of(&covered) {
        refusal = refusal.with_help(format!("covered as well: {more}"));
    }
    refusal
}

fn unknown_purpose_refusal(declared: &PurposeId, needed: &[PurposeId]) -> Refusal {
    let refusal = Refusal::new(
        ErrorCode::PurposeUnknown,
        format!("there is no purpose `{declared}`"),
    );
    with_first(refusal, needed)
}

fn not_covered(dataset: &DatasetId, declared: &PurposeId, needed: &[PurposeId]) -> Refusal {
    let refusal = Refusal::new(
        ErrorCode::PurposeNotCovered,
        format!(
            "the purpose `{declared}` is not permitted on `{}`",
            dataset.name
        ),
    );
    with_first(refusal, needed).with_help(format!(
        "or request an amendment: hansa contract request {}",
        dataset.name
    ))
}

fn with_first(refusal: Refusal, needed: &[PurposeId]) -> Refusal {
    match needed.first() {
        Some(first) => refusal.with_help(format!("ask with --purpose {first}")),
        None => refusal,
    }
}

/// First few purposes and the number of further ones, as text.
fn some_of(purposes: &[PurposeId]) -> Option<String> {
    const SHOWN: usize = 8;
    if purposes.is_empty() {
        return None;
    }
    let mut text: Vec<String> = purposes
        .iter()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect();
    if purposes.len() > SHOWN {
        text.push(format!("and {} more", purposes.len() - SHOWN));
    }
    Some(text.join(", "))
}
