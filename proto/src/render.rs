//! Contracts and offers as pages that a person reads.

use crate::purposes;
use catalog::offer::{Offer, Recipients, Sign};
use evidence::time::Time;
use policy::contract::{Agreement, Assignee, Legal, OwnPurpose, Party};
use policy::id::ContractId;
use policy::plain::printable;
use policy::term::rule::Place;
use policy::term::{Clause, Term};

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
        let from = if from == Time::EARLIEST {
            "without a beginning".to_owned()
        } else {
            format!("from {from}")
        };
        let until = if until == Time::LATEST {
            "without an end".to_owned()
        } else {
            format!("until {until}, that instant not included")
        };
        self.fact("in force", &from);
        self.fact("", &until);
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
        if clauses.iter().any(|clause| clause.term.aggregates()) {
            self.line("       groups that are empty and groups that are withheld look alike");
        }
        self.section(NOT_ENFORCED, clauses, &[Place::Duty, Place::Prohibition]);
    }

    fn section(&mut self, heading: &str, clauses: &[Clause], places: &[Place]) {
        let mut headed = false;
        for clause in clauses {
            if !places.contains(&clause.term.spec().place) {
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
