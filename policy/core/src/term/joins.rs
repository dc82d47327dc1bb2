//! Terms 23 to 25: over which columns, and with which datasets, the dataset meets others in one question here, and whether
//! those columns stay here.
//!
//! A question meets where one of its operators has rows of the dataset and rows of another on different sides. Only an equal
//! comparison of bare columns is a join that can be permitted; everything else by which rows of two datasets could be told
//! to belong together is refused.

use super::language::Language;
use super::odrl::{iri, says, set, texts};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use super::tightness_order::subset;
use super::{Clause, Term};
use crate::decision::JoinUse;
use crate::id::{DatasetId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 23.
pub(super) struct JoinKeysTerm<'a>(pub(super) &'a [SqlIdentifier]);

pub(super) static KEYS: TermSpec = TermSpec {
    numbers: &[23],
    name: "join_keys",
    position: OdrlPosition::Action,
    operand: "h:joinKey",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::JoinKeyNotAllowed],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "join over the columns of the clause, compared bare and as equal",
    test: "joins_are_over_the_keys_alone",
    read: |form| form.texts("rightOperand").map(Term::JoinKeys),
};

impl TermRule for JoinKeysTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &KEYS
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        says("h:joinKey", "isAnyOf", texts(self.0))
    }

    fn render(&self, tongue: Language) -> String {
        let list = tongue.all_of(self.0);
        tongue.pick(
            format!("joined here over {list} only"),
            format!("hier nur über {list} verknüpft"),
            format!("aqui só se junta por {list}"),
        )
    }

    fn canonical(&self) -> Json {
        set(self.0)
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        self.0.to_vec()
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("join_keys"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::JoinKeys(other) => subset(self.0, other),
            _ => None,
        }
    }
}

/// Term 24.
pub(super) struct JoinWithTerm<'a>(pub(super) &'a [DatasetId]);

pub(super) static WITH: TermSpec = TermSpec {
    numbers: &[24],
    name: "join_with",
    position: OdrlPosition::Action,
    operand: "h:joinWith",
    operators: &["isAnyOf", "eq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::JoinPartnerNotAllowed],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "ask for the datasets in questions of their own",
    test: "partners_are_listed",
    read: read_with,
};

impl TermRule for JoinWithTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &WITH
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        if self.0.is_empty() {
            says("h:joinWith", "eq", iri("h:none"))
        } else {
            says("h:joinWith", "isAnyOf", texts(self.0))
        }
    }

    fn render(&self, tongue: Language) -> String {
        if self.0.is_empty() {
            return tongue
                .pick(
                    "not in one question with another dataset here",
                    "hier nicht in einer Frage mit einem anderen Datensatz",
                    "aqui não entra numa pergunta com outro conjunto de dados",
                )
                .to_owned();
        }
        let list = tongue.one_of(self.0);
        tongue.pick(
            format!("in one question here with {list} only"),
            format!("hier in einer Frage nur mit {list}"),
            format!("aqui numa pergunta só com {list}"),
        )
    }

    fn canonical(&self) -> Json {
        set(self.0)
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("join_with"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::JoinWith(other) => subset(self.0, other),
            _ => None,
        }
    }
}

fn read_with(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    if form.operator == "eq" {
        return match form.iri("rightOperand")?.as_str() {
            "h:none" => Ok(Term::JoinWith(Vec::new())),
            other => Err(form.unknown(format!("the join partner `{other}` is not known"))),
        };
    }
    form.texts("rightOperand").map(Term::JoinWith)
}

/// Term 25.
pub(super) struct KeysStayTerm;

pub(super) static STAY: TermSpec = TermSpec {
    numbers: &[25],
    name: "keys_stay",
    position: OdrlPosition::Action,
    operand: "h:keyMovement",
    operators: &["eq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::KeyMustStay],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "let this participant execute the join, and don't show the keys",
    test: "keys_stay_here",
    read: read_stay,
};

impl TermRule for KeysStayTerm {
    fn spec(&self) -> &'static TermSpec {
        &STAY
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        says("h:keyMovement", "eq", iri("h:providerSide"))
    }

    fn render(&self, tongue: Language) -> String {
        tongue
            .pick(
                "the columns that it is joined over are used for joins here and shown to nobody",
                "die Spalten, über die verknüpft wird, dienen hier der Verknüpfung und werden niemandem gezeigt",
                "as colunas de junção servem aqui para juntar e não são mostradas a ninguém",
            )
            .to_owned()
    }

    fn canonical(&self) -> Json {
        Json::Bool(true)
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("keys_stay"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        matches!(other, Term::KeysStay).then_some(Ordering::Equal)
    }
}

fn read_stay(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    match form.iri("rightOperand")?.as_str() {
        "h:providerSide" => Ok(Term::KeysStay),
        other => Err(form.unknown(format!("the movement of keys `{other}` is not known"))),
    }
}

/// What a clause about joins says to how a question uses its dataset.
pub(crate) fn check(term: &Term, keys: &[SqlIdentifier], met: &JoinUse) -> Result<(), Refusal> {
    match term {
        Term::JoinWith(list) => match met.with.iter().find(|other| !list.contains(other)) {
            None => Ok(()),
            Some(other) => Err(Refusal::new(
                ErrorCode::JoinPartnerNotAllowed,
                format!("the question brings it together with `{}`", other.name),
            )
            .with_help("ask for the two in questions of their own")),
        },
        Term::JoinKeys(list) => {
            if let Some(how) = &met.otherwise {
                return Err(Refusal::new(
                    ErrorCode::JoinKeyNotAllowed,
                    format!("it meets another dataset by {how}, not by equal keys"),
                )
                .with_help("join with ON and equal columns"));
            }
            match met.over.iter().find(|column| !list.contains(column)) {
                None => Ok(()),
                Some(column) => Err(Refusal::new(
                    ErrorCode::JoinKeyNotAllowed,
                    format!("it is joined over `{column}`"),
                )
                .with_help(format!("join over {}", Language::En.one_of(list)))),
            }
        }
        Term::KeysStay => match met.used.iter().find(|column| keys.contains(column)) {
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

/// On which side a dataset is put together with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinSite {
    /// On either.
    Either,
    /// At the consumer: the provider permits certain keys or partners alone, and what happens elsewhere is not its to judge.
    Consumer,
    /// At the provider: keys stay there.
    Provider,
}

/// Where clauses let a dataset be put together with others.
#[must_use]
pub fn side(clauses: &[Clause]) -> JoinSite {
    let has = |which: fn(&Term) -> bool| clauses.iter().any(|clause| which(&clause.term));
    if has(|term| matches!(term, Term::KeysStay)) {
        JoinSite::Provider
    } else if has(|term| matches!(term, Term::JoinKeys(_) | Term::JoinWith(_))) {
        JoinSite::Consumer
    } else {
        JoinSite::Either
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{dataset, name, names};

    fn met(with: &[&str], over: &[&str], used: &[&str], otherwise: Option<&str>) -> JoinUse {
        JoinUse {
            with: with.iter().map(|text| dataset(text)).collect(),
            over: over.iter().map(|text| name(text)).collect(),
            used: used.iter().map(|text| name(text)).collect(),
            otherwise: otherwise.map(str::to_owned),
        }
    }

    #[track_caller]
    fn refused(term: &Term, met: &JoinUse, code: ErrorCode) {
        let keys = names(&["lau"]);
        assert_eq!(check(term, &keys, met).unwrap_err().code, code);
    }

    #[test]
    fn joins_are_over_the_keys_alone() {
        let term = Term::JoinKeys(names(&["lau", "hour"]));
        let keys = names(&["lau"]);
        assert!(check(&term, &keys, &met(&["parishes"], &["lau"], &["lau"], None)).is_ok());
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
        assert!(check(&none, &[], &met(&[], &[], &["lau"], None)).is_ok());
        let one = Term::JoinWith(vec![dataset("parishes")]);
        assert!(check(&one, &[], &met(&["parishes"], &["lau"], &[], None)).is_ok());
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
        let keys = names(&["lau"]);
        assert!(check(&Term::KeysStay, &keys, &met(&["p"], &["lau"], &["n"], None)).is_ok());
    }
}
