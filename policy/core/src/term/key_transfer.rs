//! Term 25, key pushdown: values of columns may be sent to other participants, which then answer with matching rows alone.
//!
//! Without the clause, only the asking participant joins rows of this dataset with others, and fetches them first. A list of keys
//! discloses to its recipient which of them occur in the dataset. So the clause names the columns and the recipients, and a policy
//! with it discloses more than one without.

use super::odrl::{iri_list, sorted_list, text_list};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use super::tightness_order::{compare_lists, order_from_inclusion};
use crate::id::{ParticipantId, SqlIdentifier};
use crate::refusal::Refusal;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Recipients of key values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRecipients {
    /// Every participant with a dataset in the same question.
    Anybody,
    /// Listed participants.
    These(Vec<ParticipantId>),
}

impl KeyRecipients {
    /// True if the participant is a recipient.
    #[must_use]
    pub fn contains(&self, participant: &ParticipantId) -> bool {
        match self {
            Self::Anybody => true,
            Self::These(list) => list.contains(participant),
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Anybody) => true,
            (Self::Anybody, Self::These(_)) => false,
            (Self::These(one), Self::These(other)) => one.iter().all(|item| other.contains(item)),
        }
    }
}

/// Term 25: values of these columns may be sent to these participants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTransferTerm {
    /// Columns whose values may be sent.
    pub columns: Vec<SqlIdentifier>,
    /// Recipients of the values.
    pub to: KeyRecipients,
}

pub(super) static TRAVEL: TermSpec = TermSpec {
    numbers: &[25],
    name: "keys_travel",
    position: OdrlPosition::Action,
    operand: "h:keyMovement",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Recorded],
    codes: &[],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "the asker's connector sends the values to nobody else and records each sending; without the clause it sends none",
    test: "keys_travel_as_the_clause_says",
};

impl TermRule for KeyTransferTerm {
    fn spec(&self) -> &'static TermSpec {
        &TRAVEL
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let to = match &self.to {
            KeyRecipients::Anybody => iri_list(["h:anybody"]),
            KeyRecipients::These(list) => iri_list(list.iter().map(ParticipantId::as_str)),
        };
        Json::object([
            ("rightOperand", to),
            ("h:columns", text_list(&self.columns)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        let to = match &self.to {
            KeyRecipients::Anybody => Json::from_display("anybody"),
            KeyRecipients::These(list) => sorted_list(list),
        };
        Json::object([("columns", sorted_list(&self.columns)), ("to", to)])
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        self.columns.clone()
    }

    // Excludes the clause that key columns are not shown.
    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("keys_stay"))
    }

    fn presence(&self) -> Ordering {
        Ordering::Greater
    }
}

impl KeyTransferTerm {
    /// Comparison with another clause; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        let columns = compare_lists(&self.columns, &other.columns)?;
        let to = order_from_inclusion(self.to.is_within(&other.to), other.to.is_within(&self.to))?;
        match (columns, to) {
            (Ordering::Equal, order) | (order, Ordering::Equal) => Some(order),
            (one, other) => (one == other).then_some(one),
        }
    }
}

/// Reads the ODRL form.
pub(super) fn read_key_transfer(form: &mut OdrlReader<'_>) -> Result<KeyTransferTerm, Refusal> {
    let columns = form.read_texts("h:columns")?;
    let list = form.read_iris("rightOperand")?;
    let to = if list == ["h:anybody"] {
        KeyRecipients::Anybody
    } else {
        let one = |text: &String| {
            // The canonical notation of an identity is the complete one.
            text.parse::<ParticipantId>()
                .ok()
                .filter(|id| id.as_str() == text)
                .ok_or_else(|| form.unknown_refusal(format!("`{text}` is no participant")))
        };
        KeyRecipients::These(list.iter().map(one).collect::<Result<_, _>>()?)
    };
    Ok(KeyTransferTerm { columns, to })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{number_clauses, parse_names, parse_participant};
    use crate::term::Term;
    use crate::term::clause_effects::of_clauses;
    use crate::term::rule::EffectBinding;

    fn travel(columns: &[&str], to: &[&str]) -> KeyTransferTerm {
        let to = match to {
            [] => KeyRecipients::Anybody,
            list => KeyRecipients::These(list.iter().map(|id| parse_participant(id)).collect()),
        };
        KeyTransferTerm {
            columns: parse_names(columns),
            to,
        }
    }

    const A: &str = "hansa://a.example";
    const B: &str = "hansa://b.example";

    #[test]
    fn to_fewer_or_less_is_tighter_and_silence_is_tightest() {
        let order = |one: KeyTransferTerm, other: KeyTransferTerm| one.compare(&other);
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
        let asker = parse_participant(A);
        let both = number_clauses([Term::KeysStay, Term::KeysTravel(travel(&["k"], &[]))]);
        assert!(of_clauses(&both, &EffectBinding::of(&asker)).is_err());
        assert!(of_clauses(&both[1..], &EffectBinding::of(&asker)).is_ok());
        assert!(KeyRecipients::Anybody.contains(&asker));
        assert!(!travel(&["k"], &[B]).to.contains(&asker));
    }
}
