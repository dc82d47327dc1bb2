//! Term 25, the other way round: that values of columns may be sent to other participants, so that these answer with the
//! rows alone that fit.
//!
//! Where no clause says so, what came from here is put together with the rows of others by the asker alone, who fetches
//! these first: a list of keys tells whoever gets it which of them occur here. So the clause names the columns and who may
//! get them, and lets out more than silence does.

use super::odrl::{iris, says, set, texts, with};
use super::order::{both, subset};
use super::rule::{Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use super::{Clause, Term};
use crate::id::{ClauseId, Name, ParticipantId};
use crate::refusal::Refusal;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// To whom values may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Whoever has a dataset that is asked for in the same question.
    Anybody,
    /// These.
    These(Vec<ParticipantId>),
}

impl Whom {
    /// Whether that participant is among them.
    #[must_use]
    pub fn has(&self, participant: &ParticipantId) -> bool {
        match self {
            Self::Anybody => true,
            Self::These(list) => list.contains(participant),
        }
    }

    fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Anybody) => true,
            (Self::Anybody, Self::These(_)) => false,
            (Self::These(one), Self::These(other)) => one.iter().all(|item| other.contains(item)),
        }
    }
}

/// Term 25: the values of these columns may be sent to these participants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Travel {
    /// Whose values.
    pub columns: Vec<Name>,
    /// To whom.
    pub to: Whom,
}

/// The clause that lets values of columns be sent to others, and what it says.
#[must_use]
pub fn of(clauses: &[Clause]) -> Option<(ClauseId, &Travel)> {
    clauses.iter().find_map(|clause| match &clause.term {
        Term::KeysTravel(travel) => Some((clause.id, travel)),
        _ => None,
    })
}

pub(super) static TRAVEL: Spec = Spec {
    numbers: &[25],
    name: "keys_travel",
    place: Place::Action,
    operand: "h:keyMovement",
    operators: &["isAnyOf"],
    executed: &[Stage::Recorded],
    codes: &[],
    nature: Nature::Technical,
    hides_rows: false,
    mend: "the asker's connector sends the values to nobody else and puts each sending on its books; without the clause it sends none",
    test: "keys_travel_as_the_clause_says",
    read,
};

impl Rule for Travel {
    fn spec(&self) -> &'static Spec {
        &TRAVEL
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        let to = match &self.to {
            Whom::Anybody => iris(["h:anybody"]),
            Whom::These(list) => iris(list.iter().map(ParticipantId::as_str)),
        };
        with(
            says("h:keyMovement", "isAnyOf", to),
            [("h:columns", texts(&self.columns))],
        )
    }

    fn say(&self, tongue: Tongue) -> String {
        let columns = tongue.all_of(&self.columns);
        let to = match &self.to {
            Whom::Anybody => tongue
                .pick(
                    "whoever else is asked in the same question",
                    "alle, die in derselben Frage gefragt werden",
                    "quem mais for consultado na mesma pergunta",
                )
                .to_owned(),
            Whom::These(list) => {
                let domains: Vec<&str> = list.iter().map(ParticipantId::domain).collect();
                tongue.all_of(&domains)
            }
        };
        tongue.pick(
            format!(
                "values of {columns} may be sent to {to}, so that they answer with the rows alone that fit"
            ),
            format!(
                "Werte von {columns} dürfen an {to} gesendet werden, damit nur passende Zeilen zurückkommen"
            ),
            format!(
                "os valores de {columns} podem ser enviados a {to}, para que respondam só com as linhas correspondentes"
            ),
        )
    }

    fn normal(&self) -> Json {
        let to = match &self.to {
            Whom::Anybody => Json::text("anybody"),
            Whom::These(list) => set(list),
        };
        Json::object([("columns", set(&self.columns)), ("to", to)])
    }

    fn columns(&self) -> Vec<Name> {
        self.columns.clone()
    }

    // Keys that stay can't travel.
    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("keys_stay"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        let Term::KeysTravel(other) = other else {
            return None;
        };
        let columns = subset(&self.columns, &other.columns)?;
        let to = both(self.to.within(&other.to), other.to.within(&self.to))?;
        match (columns, to) {
            (Ordering::Equal, order) | (order, Ordering::Equal) => Some(order),
            (one, other) => (one == other).then_some(one),
        }
    }

    fn presence(&self) -> Ordering {
        Ordering::Greater
    }
}

fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    let columns = form.texts("h:columns")?;
    let list = form.iris("rightOperand")?;
    let to = if list == ["h:anybody"] {
        Whom::Anybody
    } else {
        let one = |text: &String| {
            // The one spelling of an identity is the whole one.
            text.parse::<ParticipantId>()
                .ok()
                .filter(|id| id.as_str() == text)
                .ok_or_else(|| form.unknown(format!("`{text}` is no participant")))
        };
        Whom::These(list.iter().map(one).collect::<Result<_, _>>()?)
    };
    Ok(Term::KeysTravel(Travel { columns, to }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{clauses, names, participant};
    use crate::term::of_clauses;
    use crate::term::rule::Binding;

    fn travel(columns: &[&str], to: &[&str]) -> Travel {
        let to = match to {
            [] => Whom::Anybody,
            list => Whom::These(list.iter().map(|id| participant(id)).collect()),
        };
        Travel {
            columns: names(columns),
            to,
        }
    }

    const A: &str = "hansa://a.example";
    const B: &str = "hansa://b.example";

    #[test]
    fn to_fewer_or_less_is_tighter_and_silence_is_tightest() {
        let order = |one: Travel, other: Travel| one.compare(&Term::KeysTravel(other));
        let all = || travel(&["k"], &[]);
        assert_eq!(order(travel(&["k"], &[A]), all()), Some(Ordering::Less));
        assert_eq!(order(all(), travel(&["k", "l"], &[])), Some(Ordering::Less));
        assert_eq!(
            order(travel(&["k"], &[A, B]), travel(&["k"], &[B, A])),
            Some(Ordering::Equal)
        );
        assert_eq!(order(travel(&["k"], &[A]), travel(&["k"], &[B])), None);
        assert_eq!(order(all(), travel(&["k", "l"], &[A])), None);
        assert_eq!(all().presence(), Ordering::Greater);
    }

    #[test]
    fn keys_that_stay_do_not_travel() {
        let asker = participant(A);
        let both = clauses([Term::KeysStay, Term::KeysTravel(travel(&["k"], &[]))]);
        assert!(of_clauses(&both, &Binding::of(&asker)).is_err());
        assert!(of_clauses(&both[1..], &Binding::of(&asker)).is_ok());
        assert!(Whom::Anybody.has(&asker));
        assert!(!travel(&["k"], &[B]).to.has(&asker));
    }
}
