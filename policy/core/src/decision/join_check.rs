//! Check of a question's joins against the clauses about joins.

use super::query_shape::JoinUse;
use crate::contract::DatasetGrant;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::language::Language;
use crate::term::{Term, cite_clause};

/// Checks the joins of a grant's dataset with other datasets, by the clauses of the grant.
pub(super) fn check_joins(grant: &DatasetGrant, join_use: &JoinUse) -> Result<(), Refusal> {
    let mut clauses = grant.clauses().iter();
    let keys = clauses.find_map(|clause| match &clause.term {
        Term::JoinKeys(list) => Some(list.as_slice()),
        _ => None,
    });
    grant.clauses().iter().try_for_each(|clause| {
        check_term(&clause.term, keys.unwrap_or_default(), join_use)
            .map_err(|refusal| grant.name_contract(cite_clause(refusal, clause)))
    })
}

/// Checks the use of a dataset in joins against one clause.
fn check_term(term: &Term, keys: &[SqlIdentifier], join_use: &JoinUse) -> Result<(), Refusal> {
    match term {
        Term::JoinWith(list) => match join_use.with.iter().find(|other| !list.contains(other)) {
            None => Ok(()),
            Some(other) => Err(Refusal::new(
                ErrorCode::JoinPartnerNotAllowed,
                format!("the question combines it with `{}`", other.name),
            )
            .with_help("ask for the two datasets in separate questions")),
        },
        Term::JoinKeys(list) => {
            if let Some(how) = &join_use.otherwise {
                return Err(Refusal::new(
                    ErrorCode::JoinKeyNotAllowed,
                    format!("it is combined with another dataset by {how}, not by equal keys"),
                )
                .with_help("join with ON and equal columns"));
            }
            match join_use.over.iter().find(|column| !list.contains(column)) {
                None => Ok(()),
                Some(column) => Err(Refusal::new(
                    ErrorCode::JoinKeyNotAllowed,
                    format!("the question joins it over `{column}`"),
                )
                .with_help(format!("join over {}", Language::En.one_of(list)))),
            }
        }
        Term::KeysStay => match join_use.used.iter().find(|column| keys.contains(column)) {
            None => Ok(()),
            Some(column) => Err(Refusal::new(
                ErrorCode::KeyMustStay,
                format!("`{column}` is used for more than a join here"),
            )
            .with_help("compare it in ON alone, and let this participant execute the join")),
        },
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{parse_name, parse_names, provider_dataset};

    fn met(with: &[&str], over: &[&str], used: &[&str], otherwise: Option<&str>) -> JoinUse {
        JoinUse {
            with: with.iter().map(|text| provider_dataset(text)).collect(),
            over: over.iter().map(|text| parse_name(text)).collect(),
            used: used.iter().map(|text| parse_name(text)).collect(),
            otherwise: otherwise.map(str::to_owned),
        }
    }

    #[track_caller]
    fn refused(term: &Term, join_use: &JoinUse, code: ErrorCode) {
        let keys = parse_names(&["lau"]);
        assert_eq!(check_term(term, &keys, join_use).unwrap_err().code, code);
    }

    #[test]
    fn joins_are_over_the_keys_alone() {
        let term = Term::JoinKeys(parse_names(&["lau", "hour"]));
        let keys = parse_names(&["lau"]);
        assert!(check_term(&term, &keys, &met(&["parishes"], &["lau"], &["lau"], None)).is_ok());
        refused(
            &term,
            &met(&["parishes"], &["district"], &[], None),
            ErrorCode::JoinKeyNotAllowed,
        );
        refused(
            &term,
            &met(&["parishes"], &[], &[], Some("a union")),
            ErrorCode::JoinKeyNotAllowed,
        );
    }

    #[test]
    fn partners_are_listed() {
        let none = Term::JoinWith(Vec::new());
        refused(
            &none,
            &met(&["parishes"], &["lau"], &[], None),
            ErrorCode::JoinPartnerNotAllowed,
        );
        assert!(check_term(&none, &[], &met(&[], &[], &["lau"], None)).is_ok());
        let one = Term::JoinWith(vec![provider_dataset("parishes")]);
        assert!(check_term(&one, &[], &met(&["parishes"], &["lau"], &[], None)).is_ok());
        refused(
            &one,
            &met(&["air"], &["lau"], &[], None),
            ErrorCode::JoinPartnerNotAllowed,
        );
    }

    #[test]
    fn keys_stay_here() {
        refused(
            &Term::KeysStay,
            &met(&[], &[], &["lau"], None),
            ErrorCode::KeyMustStay,
        );
        let keys = parse_names(&["lau"]);
        assert!(check_term(&Term::KeysStay, &keys, &met(&["p"], &["lau"], &["n"], None)).is_ok());
    }
}
