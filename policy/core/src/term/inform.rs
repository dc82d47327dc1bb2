//! Term 41: of what the parties tell each other. Where the clause says who is told, the provider's connector does it;
//! without that it is recorded and shown.

use super::Term;
use super::odrl::{duty, iris, set, with, word};
use super::order::subset;
use super::rule::{Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 41: of what one party tells the other.
pub(super) struct Tell<'a>(pub(super) &'a [Event]);

/// Of what one party tells the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// The first question under the contract.
    FirstUse,
    /// A question was refused.
    Refusal,
    /// The dataset's schema changes.
    SchemaChange,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 3] = [Self::FirstUse, Self::Refusal, Self::SchemaChange];

    /// Of what, in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstUse => "first-use",
            Self::Refusal => "refusal",
            Self::SchemaChange => "schema-change",
        }
    }
}

const EVENTS: [(&str, Event); 3] = [
    ("h:firstUse", Event::FirstUse),
    ("h:refusal", Event::Refusal),
    ("h:schemaChange", Event::SchemaChange),
];

pub(super) static TELL: Spec = Spec {
    numbers: &[41],
    name: "inform",
    place: Place::Duty,
    operand: "inform",
    operators: &[],
    executed: &[Stage::Recorded],
    codes: &[],
    nature: Nature::Technical,
    hides_rows: false,
    mend: "tell the other party; nothing is sent by itself",
    test: "every_term_has_a_sentence_of_its_own",
    read: read_tell,
};

impl Rule for Tell<'_> {
    fn spec(&self) -> &'static Spec {
        &TELL
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        let events = self.0.iter().map(|event| word(&EVENTS, event));
        with(duty("inform", "h:always"), [("h:event", iris(events))])
    }

    fn say(&self, tongue: Tongue) -> String {
        let events = said(self.0, tongue);
        let list = tongue.all_of(&events);
        tongue.pick(
            format!("the parties tell each other of {list}"),
            format!("die Parteien teilen einander mit: {list}"),
            format!("as partes comunicam entre si {list}"),
        )
    }

    fn normal(&self) -> Json {
        let names: Vec<&str> = self.0.iter().map(|event| event.as_str()).collect();
        set(&names)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("inform"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            // More of which somebody is told is tighter.
            Term::Inform(other) => subset(other, self.0),
            _ => None,
        }
    }
}

/// Events in words.
fn said(events: &[Event], tongue: Tongue) -> Vec<&'static str> {
    let each = events.iter().map(|event| match event {
        Event::FirstUse => tongue.pick(
            "the first use",
            "die erste Nutzung",
            "a primeira utilização",
        ),
        Event::Refusal => tongue.pick("refusals", "Ablehnungen", "as recusas"),
        Event::SchemaChange => tongue.pick(
            "changes of the schema",
            "Änderungen des Schemas",
            "as mudanças do esquema",
        ),
    });
    each.collect()
}

/// Term 41, executed: of what the provider's connector tells whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Of what.
    pub of: Vec<Event>,
    /// Whom.
    pub whom: Vec<Side>,
}

/// A party that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Who gives.
    Provider,
    /// Who receives.
    Consumer,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Provider, Self::Consumer];

    /// Which, in one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Consumer => "consumer",
        }
    }
}

const SIDES: [(&str, Side); 2] = [
    ("h:assigner", Side::Provider),
    ("h:assignee", Side::Consumer),
];

pub(super) static NOTIFY: Spec = Spec {
    numbers: &[41],
    name: "notify",
    place: Place::Duty,
    operand: "inform",
    operators: &[],
    executed: &[Stage::Ledger],
    codes: &[Code::NoticeUndeliverable],
    nature: Nature::Technical,
    hides_rows: false,
    mend: "people are told as [notice] says; what can't be delivered is shown by hansa status",
    test: "what_happens_is_told_once_on_both_sides",
    read: read_tell,
};

impl Rule for Notify {
    fn spec(&self) -> &'static Spec {
        &NOTIFY
    }

    fn odrl(&self, script: &mut Script<'_>) -> Json {
        let whom = self.whom.iter().map(|side| word(&SIDES, side));
        with(Tell(&self.of).odrl(script), [("informedParty", iris(whom))])
    }

    fn say(&self, tongue: Tongue) -> String {
        let events = tongue.all_of(&said(&self.of, tongue));
        let whom: Vec<&str> = self
            .whom
            .iter()
            .map(|side| match side {
                Side::Provider => tongue.pick(
                    "the provider's people",
                    "den Leuten des Anbieters",
                    "às pessoas do fornecedor",
                ),
                Side::Consumer => tongue.pick(
                    "the consumer's people",
                    "den Leuten der Nutzerin",
                    "às pessoas do utilizador",
                ),
            })
            .collect();
        let whom = tongue.all_of(&whom);
        tongue.pick(
            format!("the provider's connector tells {whom} of {events}"),
            format!("der Konnektor des Anbieters teilt {whom} mit: {events}"),
            format!("o conector do fornecedor comunica {whom} {events}"),
        )
    }

    fn normal(&self) -> Json {
        let whom: Vec<&str> = self.whom.iter().map(|side| side.as_str()).collect();
        Json::object([("of", Tell(&self.of).normal()), ("whom", set(&whom))])
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("notify"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            // Who is told of more lets out nothing less; it is only another clause.
            Term::Notify(other) if subset(&self.of, &other.of) == Some(Ordering::Equal) => {
                (subset(&self.whom, &other.whom) == Some(Ordering::Equal))
                    .then_some(Ordering::Equal)
            }
            _ => None,
        }
    }
}

fn read_tell(form: &mut Form<'_>) -> Result<Term, Refusal> {
    form.when("h:always")?;
    let whom = if form.members.has("informedParty") {
        let list = form.iris("informedParty")?;
        let list = list.iter().map(|one| form.one_of(&SIDES, one, "party"));
        Some(list.collect::<Result<Vec<_>, _>>()?)
    } else {
        None
    };
    let list = form.iris("h:event")?;
    let list = list.iter().map(|one| form.one_of(&EVENTS, one, "event"));
    let of = list.collect::<Result<_, _>>()?;
    Ok(match whom {
        Some(whom) => Term::Notify(Notify { of, whom }),
        None => Term::Inform(of),
    })
}
