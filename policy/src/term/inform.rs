//! Term 41: of what the parties tell each other; recorded and shown.

use super::Term;
use super::odrl::{duty, iris, set, with, word};
use super::order::subset;
use super::rule::{Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::refusal::Refusal;
use evidence::json::Json;
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
        let events: Vec<&str> = self
            .0
            .iter()
            .map(|event| match event {
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
            })
            .collect();
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

fn read_tell(form: &mut Form<'_>) -> Result<Term, Refusal> {
    form.when("h:always")?;
    let list = form.iris("h:event")?;
    let list = list.iter().map(|one| form.one_of(&EVENTS, one, "event"));
    Ok(Term::Inform(list.collect::<Result<_, _>>()?))
}
