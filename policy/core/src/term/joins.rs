//! Terms 23 to 25: over which columns, and with which datasets, the dataset meets others in one question here, and whether
//! those columns stay here.
//!
//! A question meets where one of its operators has rows of the dataset and rows of another on different sides. Only an equal
//! comparison of bare columns is a join that can be permitted; everything else by which rows of two datasets could be told
//! to belong together is refused.

use super::odrl::{iri, says, set, texts};
use super::order::subset;
use super::rule::{Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use super::{Clause, Term};
use crate::id::{DatasetId, Name};
use crate::refusal::{Code, Refusal};
use crate::ruling::Meeting;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 23.
pub(super) struct Keys<'a>(pub(super) &'a [Name]);

pub(super) static KEYS: Spec = Spec {
    numbers: &[23],
    name: "join_keys",
    place: Place::Action,
    operand: "h:joinKey",
    operators: &["isAnyOf"],
    executed: &[Stage::Plan],
    codes: &[Code::JoinKeyNotAllowed],
    nature: Nature::Protection,
    hides_rows: false,
    mend: "join over the columns of the clause, compared bare and as equal",
    test: "joins_are_over_the_keys_alone",
    read: |form| form.texts("rightOperand").map(Term::JoinKeys),
};

impl Rule for Keys<'_> {
    fn spec(&self) -> &'static Spec {
        &KEYS
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:joinKey", "isAnyOf", texts(self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let list = tongue.all_of(self.0);
        tongue.pick(
            format!("joined here over {list} only"),
            format!("hier nur über {list} verknüpft"),
            format!("aqui só se junta por {list}"),
        )
    }

    fn normal(&self) -> Json {
        set(self.0)
    }

    fn columns(&self) -> Vec<Name> {
        self.0.to_vec()
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("join_keys"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::JoinKeys(other) => subset(self.0, other),
            _ => None,
        }
    }
}

/// Term 24.
pub(super) struct With<'a>(pub(super) &'a [DatasetId]);

pub(super) static WITH: Spec = Spec {
    numbers: &[24],
    name: "join_with",
    place: Place::Action,
    operand: "h:joinWith",
    operators: &["isAnyOf", "eq"],
    executed: &[Stage::Plan],
    codes: &[Code::JoinPartnerNotAllowed],
    nature: Nature::Protection,
    hides_rows: false,
    mend: "ask for the datasets in questions of their own",
    test: "partners_are_listed",
    read: read_with,
};

impl Rule for With<'_> {
    fn spec(&self) -> &'static Spec {
        &WITH
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        if self.0.is_empty() {
            says("h:joinWith", "eq", iri("h:none"))
        } else {
            says("h:joinWith", "isAnyOf", texts(self.0))
        }
    }

    fn say(&self, tongue: Tongue) -> String {
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

    fn normal(&self) -> Json {
        set(self.0)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("join_with"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::JoinWith(other) => subset(self.0, other),
            _ => None,
        }
    }
}

fn read_with(form: &mut Form<'_>) -> Result<Term, Refusal> {
    if form.operator == "eq" {
        return match form.iri("rightOperand")?.as_str() {
            "h:none" => Ok(Term::JoinWith(Vec::new())),
            other => Err(form.unknown(format!("the join partner `{other}` is not known"))),
        };
    }
    form.texts("rightOperand").map(Term::JoinWith)
}

/// Term 25.
pub(super) struct Stay;

pub(super) static STAY: Spec = Spec {
    numbers: &[25],
    name: "keys_stay",
    place: Place::Action,
    operand: "h:keyMovement",
    operators: &["eq"],
    executed: &[Stage::Plan],
    codes: &[Code::KeyMustStay],
    nature: Nature::Protection,
    hides_rows: false,
    mend: "let this participant execute the join, and don't show the keys",
    test: "keys_stay_here",
    read: read_stay,
};

impl Rule for Stay {
    fn spec(&self) -> &'static Spec {
        &STAY
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:keyMovement", "eq", iri("h:providerSide"))
    }

    fn say(&self, tongue: Tongue) -> String {
        tongue
            .pick(
                "the columns that it is joined over are used for joins here and shown to nobody",
                "die Spalten, über die verknüpft wird, dienen hier der Verknüpfung und werden niemandem gezeigt",
                "as colunas de junção servem aqui para juntar e não são mostradas a ninguém",
            )
            .to_owned()
    }

    fn normal(&self) -> Json {
        Json::Bool(true)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("keys_stay"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        matches!(other, Term::KeysStay).then_some(Ordering::Equal)
    }
}

fn read_stay(form: &mut Form<'_>) -> Result<Term, Refusal> {
    match form.iri("rightOperand")?.as_str() {
        "h:providerSide" => Ok(Term::KeysStay),
        other => Err(form.unknown(format!("the movement of keys `{other}` is not known"))),
    }
}

/// What a clause about joins says to how a question uses its dataset.
pub(crate) fn check(term: &Term, keys: &[Name], met: &Meeting) -> Result<(), Refusal> {
    match term {
        Term::JoinWith(list) => match met.with.iter().find(|other| !list.contains(other)) {
            None => Ok(()),
            Some(other) => Err(Refusal::new(
                Code::JoinPartnerNotAllowed,
                format!("the question brings it together with `{}`", other.name),
            )
            .with_help("ask for the two in questions of their own")),
        },
        Term::JoinKeys(list) => {
            if let Some(how) = &met.otherwise {
                return Err(Refusal::new(
                    Code::JoinKeyNotAllowed,
                    format!("it meets another dataset by {how}, not by equal keys"),
                )
                .with_help("join with ON and equal columns"));
            }
            match met.over.iter().find(|column| !list.contains(column)) {
                None => Ok(()),
                Some(column) => Err(Refusal::new(
                    Code::JoinKeyNotAllowed,
                    format!("it is joined over `{column}`"),
                )
                .with_help(format!("join over {}", Tongue::En.one_of(list)))),
            }
        }
        Term::KeysStay => match met.used.iter().find(|column| keys.contains(column)) {
            None => Ok(()),
            Some(column) => Err(Refusal::new(
                Code::KeyMustStay,
                format!("`{column}` is used for more than a join here"),
            )
            .with_help("compare it in ON alone, and let this participant execute the join")),
        },
        _ => Ok(()),
    }
}

/// On which side a dataset is put together with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// On either.
    Either,
    /// At the consumer: the provider permits certain keys or partners alone, and what happens elsewhere is not its to judge.
    Consumer,
    /// At the provider: keys stay there.
    Provider,
}

/// Where clauses let a dataset be put together with others.
#[must_use]
pub fn side(clauses: &[Clause]) -> Side {
    let has = |which: fn(&Term) -> bool| clauses.iter().any(|clause| which(&clause.term));
    if has(|term| matches!(term, Term::KeysStay)) {
        Side::Provider
    } else if has(|term| matches!(term, Term::JoinKeys(_) | Term::JoinWith(_))) {
        Side::Consumer
    } else {
        Side::Either
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{dataset, name, names};

    fn met(with: &[&str], over: &[&str], used: &[&str], otherwise: Option<&str>) -> Meeting {
        Meeting {
            with: with.iter().map(|text| dataset(text)).collect(),
            over: over.iter().map(|text| name(text)).collect(),
            used: used.iter().map(|text| name(text)).collect(),
            otherwise: otherwise.map(str::to_owned),
        }
    }

    #[track_caller]
    fn refused(term: &Term, met: &Meeting, code: Code) {
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
            Code::JoinKeyNotAllowed,
        );
        refused(
            &term,
            &met(&["parishes"], &[], &[], Some("a union")),
            Code::JoinKeyNotAllowed,
        );
    }

    #[test]
    fn partners_are_listed() {
        let none = Term::JoinWith(Vec::new());
        refused(
            &none,
            &met(&["parishes"], &["lau"], &[], None),
            Code::JoinPartnerNotAllowed,
        );
        assert!(check(&none, &[], &met(&[], &[], &["lau"], None)).is_ok());
        let one = Term::JoinWith(vec![dataset("parishes")]);
        assert!(check(&one, &[], &met(&["parishes"], &["lau"], &[], None)).is_ok());
        refused(
            &one,
            &met(&["air"], &["lau"], &[], None),
            Code::JoinPartnerNotAllowed,
        );
    }

    #[test]
    fn keys_stay_here() {
        refused(
            &Term::KeysStay,
            &met(&[], &[], &["lau"], None),
            Code::KeyMustStay,
        );
        let keys = names(&["lau"]);
        assert!(check(&Term::KeysStay, &keys, &met(&["p"], &["lau"], &["n"], None)).is_ok());
    }
}
