//! Term 2: everybody may fetch all rows of a public view over the web, unidentified.

use super::odrl::{iri_json, right_operand};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use super::{Clause, Term};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;

/// Term 2: everybody may fetch the rows over the web. The provider signs the clause in a public view, which has no consumer.
pub(super) struct OpenDataTerm;

pub(super) static OPEN_DATA: TermSpec = TermSpec {
    numbers: &[2],
    name: "open_data",
    position: OdrlPosition::Permission,
    operand: "recipient",
    operators: &["eq"],
    executed: &[EnforcementPoint::Signing, EnforcementPoint::Admission],
    codes: &[ErrorCode::DatasetUnknown, ErrorCode::PolicyContradiction],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "without the clause nobody on the web learns of the dataset: ask as a participant of the league",
    test: "only_an_open_view_is_given_to_the_web",
};

impl TermRule for OpenDataTerm {
    fn spec(&self) -> &'static TermSpec {
        &OPEN_DATA
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(iri_json("odrl:All"))
    }

    fn to_canonical_json(&self) -> Json {
        Json::Bool(true)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("open_data"))
    }

    /// A policy with the term permits more than one without.
    fn presence(&self) -> Ordering {
        Ordering::Greater
    }
}

/// Recipients that the clause names: all.
const RECIPIENTS: [(&str, ()); 1] = [("odrl:All", ())];

/// Reads the ODRL form.
pub(super) fn read_open_data(form: &mut OdrlReader<'_>) -> Result<(), Refusal> {
    form.read_word("rightOperand", &RECIPIENTS, "recipient")
}

/// True if a clause opens the view to everybody on the web.
#[must_use]
pub fn is_open(clauses: &[Clause]) -> bool {
    let mut terms = clauses.iter().map(|clause| &clause.term);
    terms.any(|term| matches!(term, Term::OpenData))
}

/// First clause whose period does not contain `now`.
#[must_use]
pub fn clause_out_of_time(clauses: &[Clause], now: UtcTimestamp) -> Option<&Clause> {
    clauses.iter().find(|clause| match clause.term {
        Term::NotBefore(from) => now < from,
        Term::NotAfter(until) => now >= until,
        _ => false,
    })
}

/// First instant at which a clause ends the view, where one does.
#[must_use]
pub fn end_by_clause(clauses: &[Clause]) -> Option<UtcTimestamp> {
    let ends = clauses.iter().filter_map(|clause| match clause.term {
        Term::NotAfter(until) => Some(until),
        _ => None,
    });
    ends.min()
}

/// First clause that excludes `open_data`: one that demands something of the caller, counts what a caller receives, or shows no
/// rows.
/// Every term that is not listed as harmless counts as such a clause.
#[must_use]
pub fn closing_clause(clauses: &[Clause]) -> Option<&Clause> {
    clauses.iter().find(|clause| !stands_open(&clause.term))
}

/// True if a term has an effect on rows that is equal for all callers at all times of its period.
fn stands_open(term: &Term) -> bool {
    match term {
        // A filter that names the caller is not open.
        Term::Rows(filter) => filter.bind_consumer("") == *filter,
        Term::OpenData
        | Term::NotBefore(_)
        | Term::NotAfter(_)
        | Term::Columns(_)
        | Term::Pseudonym(_)
        | Term::Mask { .. }
        | Term::Prefix(_)
        | Term::Band(_)
        | Term::Lookup(_)
        | Term::TimeBucket { .. }
        | Term::Area { .. }
        | Term::PublishedArea(_)
        | Term::PlaceCells(_)
        | Term::Attribution(_)
        | Term::Service(_)
        | Term::LegalBasis(_)
        | Term::OneSidedReceipts
        | Term::Version(_) => true,
        Term::Group(_)
        | Term::Sector(_)
        | Term::Purpose(_)
        | Term::PurposeNot(_)
        | Term::Lasts(_)
        | Term::Hours(_)
        | Term::Functions(_)
        | Term::Dimensions(_)
        | Term::Measures(_)
        | Term::Grid(_)
        | Term::Release(_)
        | Term::MinGroup { .. }
        | Term::Dominance(_)
        | Term::TotalsFromPublished
        | Term::SuppressComplement
        | Term::CellKey(_)
        | Term::Budget(_)
        | Term::JoinKeys(_)
        | Term::JoinWith(_)
        | Term::KeysStay
        | Term::KeysTravel(_)
        | Term::Queries(_)
        | Term::RowQuota(_)
        | Term::ByteQuota(_)
        | Term::RowsPerSecond(_)
        | Term::Concurrent(_)
        | Term::ResultRows(_)
        // A published file would still hide rows that have since passed the embargo.
        | Term::Embargo(_)
        | Term::Networks(_)
        | Term::Region(_)
        | Term::Formats(_)
        | Term::DeleteAfter { .. }
        | Term::Attest { .. }
        | Term::Prohibit(_)
        | Term::Prohibition(_)
        | Term::Exclusive
        | Term::Price(_)
        | Term::Inform(_)
        | Term::Notify(_)
        | Term::ObtainConsent
        | Term::Receipts(_) => false,
    }
}
