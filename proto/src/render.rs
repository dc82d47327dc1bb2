//! Contracts and offers as pages that a person reads, and what changed from one to the next.

use crate::odrl::name::{self, Place};
use crate::purposes;
use catalog::offer::{Offer, Recipients, Sign};
use evidence::time::Time;
use policy::contract::{Agreement, Assignee, Legal, OwnPurpose, Party};
use policy::id::{ClauseId, ContractId};
use policy::term::{Clause, Term};
use std::mem::discriminant;

#[cfg(test)]
mod tests;

/// The heading over the clauses that are recorded only.
pub const NOT_ENFORCED: &str = "Not technically enforced";

/// A contract as a page; without its identity it is a draft.
#[must_use]
pub fn agreement(id: Option<ContractId>, agreement: &Agreement) -> String {
    let mut page = Page::default();
    page.line(match (id, &agreement.assignee) {
        (Some(id), Assignee::Participant(_)) => format!("Contract {id}"),
        (Some(id), Assignee::Public) => format!("Public view {id}"),
        (None, _) => "Draft, not signed".to_owned(),
    });
    page.fact(
        "label",
        &format!("{} version {}", agreement.uid, agreement.version),
    );
    page.fact("replaces", &or(agreement.supersedes, "nothing"));
    page.fact("dataset", &agreement.dataset.id.to_string());
    page.fact("schema", &agreement.dataset.schema.to_string());
    if agreement.dataset.high_value {
        page.fact(
            "",
            "a high-value dataset (Implementing Regulation (EU) 2023/138)",
        );
    }
    page.fact("provider", &party(&agreement.provider));
    page.fact(
        "consumer",
        &match &agreement.assignee {
            Assignee::Participant(consumer) => party(consumer),
            Assignee::Public => "every participant of the league".to_owned(),
        },
    );
    page.window(agreement.not_before, agreement.not_after);
    page.fact("proposed", &agreement.proposed_at.to_string());
    page.legal(agreement.legal.as_ref());
    page.fact(
        "signatory",
        &agreement
            .signatory
            .map_or("not stated".to_owned(), |digest| {
                format!("statement sha256 {digest}")
            }),
    );
    page.fact("template", "none");
    page.clauses(&agreement.clauses, &agreement.own_purposes);
    page.text
}

/// An offer as a page.
#[must_use]
pub fn offer(offer: &Offer) -> String {
    let mut page = Page::default();
    page.line(format!("Offer {}: {}", offer.id().short(), offer.title));
    page.fact("dataset", &offer.dataset.to_string());
    page.fact(
        "to",
        &match &offer.to {
            Recipients::League => "every participant of the league".to_owned(),
            Recipients::Public => "every participant of the league, as a public view".to_owned(),
            Recipients::Participants(list) => {
                let names: Vec<&str> = list.iter().map(|one| one.domain()).collect();
                names.join(", ")
            }
        },
    );
    page.fact(
        "signed by",
        match (&offer.to, offer.sign) {
            (Recipients::Public, _) => "the provider alone",
            (_, Sign::Officer) => "an officer of the provider, each contract by hand",
            (_, Sign::Auto) => "the provider's connector, for exactly these terms",
        },
    );
    page.window(offer.not_before, offer.not_after);
    page.legal(offer.legal.as_ref());
    page.clauses(&offer.clauses, &offer.own_purposes);
    page.text
}

/// One clause that is not the same in two policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The clause as it was, absent if it is new.
    pub before: Option<Clause>,
    /// The clause as it is, absent if it was removed.
    pub after: Option<Clause>,
}

impl Change {
    /// The change in one or two lines, marked with `-` and `+`.
    #[must_use]
    pub fn plain(&self) -> String {
        let line = |mark: char, clause: &Clause| {
            format!("{mark} {} {}\n", clause.id, printable(&clause.term.plain()))
        };
        let before = self.before.iter().map(|clause| line('-', clause));
        let after = self.after.iter().map(|clause| line('+', clause));
        before.chain(after).collect()
    }
}

/// What changed, clause by clause; a clause that only has another number did not.
#[must_use]
pub fn changes(before: &[Clause], after: &[Clause]) -> Vec<Change> {
    let mut gone: Vec<&Clause> = before.iter().collect();
    let mut new: Vec<&Clause> = Vec::new();
    for clause in after {
        match gone.iter().position(|old| old.term == clause.term) {
            Some(index) => {
                gone.remove(index);
            }
            None => new.push(clause),
        }
    }
    let mut changes: Vec<Change> = Vec::new();
    for clause in new {
        let same_kind = gone.iter().position(|old| about(old) == about(clause));
        changes.push(Change {
            before: same_kind.map(|index| gone.remove(index).clone()),
            after: Some(clause.clone()),
        });
    }
    changes.extend(gone.into_iter().map(|old| Change {
        before: Some(old.clone()),
        after: None,
    }));
    changes.sort_by_key(number);
    changes
}

fn number(change: &Change) -> Option<ClauseId> {
    let clause = change.after.as_ref().or(change.before.as_ref());
    clause.map(|clause| clause.id)
}

/// What a clause is about: its kind, and the column or the period where a policy may hold several of that kind.
fn about(clause: &Clause) -> (std::mem::Discriminant<Term>, String) {
    let which = match &clause.term {
        Term::Mask { column, .. } | Term::TimeBucket { column, .. } => column.to_string(),
        Term::Queries(quota) | Term::RowQuota(quota) | Term::ByteQuota(quota) => {
            quota.per.as_str().to_owned()
        }
        Term::Prohibit(what) => what.as_str().to_owned(),
        Term::Purpose(_)
        | Term::NotBefore(_)
        | Term::NotAfter(_)
        | Term::Rows(_)
        | Term::Columns(_)
        | Term::Area { .. }
        | Term::Functions(_)
        | Term::Dimensions(_)
        | Term::Measures(_)
        | Term::Grid(_)
        | Term::MinGroup { .. }
        | Term::TotalsFromPublished
        | Term::ResultRows(_)
        | Term::DeleteAfter { .. }
        | Term::Attribution(_) => String::new(),
    };
    (discriminant(&clause.term), which)
}

/// Text from another participant as it is safe on a terminal: control characters and characters that turn the direction
/// of writing are shown as escapes.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = character.is_control()
            || matches!(
                character,
                '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
            );
        if hidden {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(&printable(line.as_ref()));
        self.text.push('\n');
    }

    fn fact(&mut self, name: &str, value: &str) {
        self.line(format!("  {name:<10} {value}"));
    }

    fn window(&mut self, from: Time, until: Time) {
        self.fact("in force", &format!("from {from}"));
        self.fact("", &format!("until {until}, that instant not included"));
    }

    fn legal(&mut self, legal: Option<&Legal>) {
        match legal {
            None => self.fact("legal text", "none bound"),
            Some(legal) => {
                self.fact(
                    "legal text",
                    &format!("{} ({})", legal.text_ref, legal.language),
                );
                self.fact("", &format!("sha256 {}", legal.text));
            }
        }
    }

    fn clauses(&mut self, clauses: &[Clause], own: &[OwnPurpose]) {
        self.section("For what, when and how much", clauses, &[Place::Permission]);
        self.purposes(clauses, own);
        self.section("Which part of the dataset", clauses, &[Place::Target]);
        self.section("In what form", clauses, &[Place::Action]);
        if clauses.iter().any(|clause| name::aggregates(&clause.term)) {
            self.line("       groups that are empty and groups that are withheld look alike");
        }
        self.section(NOT_ENFORCED, clauses, &[Place::Duty, Place::Prohibition]);
    }

    fn section(&mut self, heading: &str, clauses: &[Clause], places: &[Place]) {
        let mut headed = false;
        for clause in clauses {
            if !places.contains(&name::place(&clause.term)) {
                continue;
            }
            if !headed {
                self.line("");
                self.line(heading);
                headed = true;
            }
            let id = clause.id.to_string();
            self.line(format!("  {id:<5}{}", clause.term.plain()));
        }
    }

    /// What the purposes of the clauses mean.
    fn purposes(&mut self, clauses: &[Clause], own: &[OwnPurpose]) {
        let listed = clauses.iter().flat_map(|clause| {
            if let Term::Purpose(list) = &clause.term {
                list.as_slice()
            } else {
                &[]
            }
        });
        for purpose in listed {
            if let Some(title) = purposes::title(purpose) {
                self.line(format!("       {purpose}: {title}, and what is narrower"));
            }
            if let Some(own) = own.iter().find(|own| own.name == *purpose) {
                self.line(format!(
                    "       {purpose}: {} (part of {})",
                    own.text, own.parent
                ));
            }
        }
    }
}

fn party(party: &Party) -> String {
    let number = match &party.legal_id {
        Some(number) => format!(", {number}"),
        None => ", no register number stated".to_owned(),
    };
    format!("{} ({}{number})", party.name, party.id)
}

fn or(value: Option<impl ToString>, otherwise: &str) -> String {
    value.map_or_else(|| otherwise.to_owned(), |value| value.to_string())
}
