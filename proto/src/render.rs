//! Contracts and offers as pages that a person reads.

use crate::purpose_taxonomy;
use crate::render::message::message;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::offer::{Offer, OfferRecipients, SigningMode};
use hansa_policy::contract::rendering::{PageRendering, RenderingVersion};
use hansa_policy::contract::{Agreement, Assignee, ContractParty, LegalText};
use hansa_policy::id::ContractId;
use hansa_policy::safe_text::signed_line;
use hansa_policy::term::Clause;
use hansa_policy::term::language::Language;
use hansa_policy::term::purpose::OwnPurpose;
use hansa_policy::term::rule::OdrlPosition;
use std::fmt::Display;

pub mod contract_status;
mod message;
mod second_form;
mod template;
#[cfg(test)]
mod tests;

/// A contract as the page that its signers are shown; without its identity it is a draft.
#[must_use]
pub fn agreement(id: Option<ContractId>, agreement: &Agreement) -> String {
    let tongue = agreement.rendering.unwrap_or_default().language;
    agreement_in(tongue, id, agreement)
}

/// The same in a language; the form and the zone stay those of the page that is signed.
#[must_use]
pub fn agreement_in(tongue: Language, id: Option<ContractId>, agreement: &Agreement) -> String {
    let shown = agreement.rendering.unwrap_or_default().in_language(tongue);
    let title = match (id, &agreement.assignee) {
        (Some(id), Assignee::Participant(_)) => {
            format!("{} {id}", message!(tongue, "title-contract"))
        }
        (Some(id), Assignee::Public) => {
            let view = message!(tongue, "title-public-view");
            format!("{view} {id}")
        }
        (None, _) => message!(tongue, "title-draft"),
    };
    let space = match shown.version {
        RenderingVersion::One => "",
        RenderingVersion::Two => "\n",
    };
    format!("{title}\n{space}{}", page(shown, agreement))
}

/// The page that signers are shown, and whose digest they sign. It names neither the hash nor itself.
///
/// What a form has once said it says for ever: the files in `golden/` hold it.
#[must_use]
pub fn page(shown: PageRendering, agreement: &Agreement) -> String {
    match shown.version {
        RenderingVersion::One => first(shown.language, agreement),
        RenderingVersion::Two => second_form::page(shown, agreement),
    }
}

fn first(tongue: Language, agreement: &Agreement) -> String {
    let mut page = FirstFormPage::new(tongue);
    let version = message!(tongue, "first-version");
    page.fact(
        message!(tongue, "first-label"),
        format!("{} {version} {}", agreement.uid, agreement.version),
    );
    page.fact(
        message!(tongue, "first-replaces"),
        or(
            agreement.supersedes,
            message!(tongue, "first-replaces-none"),
        ),
    );
    page.fact(
        message!(tongue, "first-dataset"),
        agreement.dataset.id.to_string(),
    );
    page.fact(
        message!(tongue, "first-schema"),
        agreement.dataset.schema.to_string(),
    );
    if agreement.dataset.high_value {
        page.fact("", message!(tongue, "first-high-value"));
    }
    page.fact(
        message!(tongue, "first-provider"),
        party(tongue, &agreement.provider),
    );
    page.fact(
        message!(tongue, "first-consumer"),
        &match &agreement.assignee {
            Assignee::Participant(consumer) => party(tongue, consumer),
            Assignee::Public => league(tongue).to_owned(),
        },
    );
    page.window(agreement.not_before, agreement.not_after);
    page.fact(
        message!(tongue, "first-proposed"),
        agreement.proposed_at.to_string(),
    );
    page.legal(agreement.legal.as_ref());
    let unsaid = message!(tongue, "first-signatory-none");
    let statement = message!(tongue, "first-signatory-statement");
    page.fact(
        message!(tongue, "first-signatory"),
        agreement
            .signatory
            .map_or(unsaid.to_owned(), |digest| format!("{statement} {digest}")),
    );
    page.template(agreement.template.as_ref());
    page.clauses(&agreement.clauses, &agreement.own_purposes);
    page.text
}

/// An offer as a page.
#[must_use]
pub fn offer(offer: &Offer) -> String {
    offer_in(Language::En, offer)
}

/// The same in a language.
#[must_use]
pub fn offer_in(tongue: Language, offer: &Offer) -> String {
    let mut page = FirstFormPage::new(tongue);
    page.line(format!(
        "{} {}: {}",
        message!(tongue, "offer"),
        offer.id().short(),
        offer.title
    ));
    page.fact(message!(tongue, "offer-dataset"), offer.dataset.to_string());
    page.fact(
        message!(tongue, "offer-to"),
        &match &offer.to {
            OfferRecipients::League => league(tongue).to_owned(),
            OfferRecipients::Public => {
                let as_view = message!(tongue, "offer-public");
                format!("{}, {as_view}", league(tongue))
            }
            OfferRecipients::Participants(list) => {
                let names: Vec<&str> = list.iter().map(|one| one.domain()).collect();
                names.join(", ")
            }
        },
    );
    page.fact(
        message!(tongue, "offer-signed-by"),
        match (&offer.to, offer.sign) {
            (OfferRecipients::Public, _) => message!(tongue, "offer-signed-by-provider"),
            (_, SigningMode::Officer) => message!(tongue, "offer-signed-by-officer"),
            (_, SigningMode::Auto) => message!(tongue, "offer-signed-by-connector"),
        },
    );
    page.window(offer.not_before, offer.not_after);
    page.legal(offer.legal.as_ref());
    if offer.template.is_some() {
        page.template(offer.template.as_ref());
    }
    page.clauses(&offer.clauses, &offer.own_purposes);
    page.text
}

#[derive(Debug)]
struct FirstFormPage {
    tongue: Language,
    text: String,
}

impl FirstFormPage {
    const fn new(tongue: Language) -> Self {
        Self {
            tongue,
            text: String::new(),
        }
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(&signed_line(line.as_ref()));
        self.text.push('\n');
    }

    fn fact(&mut self, name: impl AsRef<str>, value: impl Display) {
        self.line(format!("  {:<10} {value}", name.as_ref()));
    }

    fn window(&mut self, from: UtcTimestamp, until: UtcTimestamp) {
        let tongue = self.tongue;
        let from = if from == UtcTimestamp::EARLIEST {
            message!(tongue, "first-no-beginning")
        } else {
            format!("{} {from}", message!(tongue, "first-from"))
        };
        let until = if until == UtcTimestamp::LATEST {
            message!(tongue, "first-no-end")
        } else {
            message!(tongue, "first-until", until)
        };
        self.fact(message!(tongue, "first-in-force"), &from);
        self.fact("", &until);
    }

    fn legal(&mut self, legal: Option<&LegalText>) {
        let name = message!(self.tongue, "first-legal");
        match legal {
            None => self.fact(name, message!(self.tongue, "first-legal-none")),
            Some(legal) => {
                self.fact(name, format!("{} ({})", legal.text_ref, legal.language));
                self.fact("", format!("sha256 {}", legal.text));
            }
        }
    }

    fn clauses(&mut self, clauses: &[Clause], own: &[OwnPurpose]) {
        let tongue = self.tongue;
        let at = |place: OdrlPosition| {
            move |clause: &Clause| {
                let spec = clause.term.spec();
                spec.position == place && !spec.is_recorded_only()
            }
        };
        self.section(
            message!(tongue, "first-permission"),
            clauses,
            &at(OdrlPosition::Permission),
        );
        self.purposes(OdrlPosition::Permission, clauses, own);
        self.section(
            message!(tongue, "first-target"),
            clauses,
            &at(OdrlPosition::Target),
        );
        self.section(
            message!(tongue, "first-action"),
            clauses,
            &at(OdrlPosition::Action),
        );
        if clauses.iter().any(|clause| clause.term.aggregates()) {
            let note = message!(tongue, "first-groups-note");
            self.line(format!("       {note}"));
        }
        self.section(
            message!(tongue, "first-prohibition"),
            clauses,
            &at(OdrlPosition::Prohibition),
        );
        self.purposes(OdrlPosition::Prohibition, clauses, own);
        self.section(message!(tongue, "first-duty"), clauses, &|clause| {
            let spec = clause.term.spec();
            let owed = matches!(spec.position, OdrlPosition::Duty | OdrlPosition::Obligation);
            owed && !spec.is_recorded_only()
        });
        self.section(message!(tongue, "first-recorded"), clauses, &|clause| {
            clause.term.is_recorded_only()
        });
    }

    fn section(
        &mut self,
        heading: impl AsRef<str>,
        clauses: &[Clause],
        which: &dyn Fn(&Clause) -> bool,
    ) {
        let mut headed = false;
        for clause in clauses.iter().filter(|clause| which(clause)) {
            if !headed {
                self.line("");
                self.line(&heading);
                headed = true;
            }
            let id = clause.id.to_string();
            self.line(format!("  {id:<5}{}", clause.term.render(self.tongue)));
        }
    }

    /// What the purposes of the clauses in a place mean.
    fn purposes(&mut self, place: OdrlPosition, clauses: &[Clause], own: &[OwnPurpose]) {
        let tongue = self.tongue;
        let there = clauses
            .iter()
            .filter(|clause| clause.term.spec().position == place);
        let listed = there.flat_map(|clause| clause.term.purposes());
        for purpose in listed {
            if let Some(title) = purpose_taxonomy::title(purpose) {
                let narrower = message!(tongue, "first-narrower");
                self.line(format!("       {purpose}: {title}, {narrower}"));
            }
            if let Some(own) = own.iter().find(|own| own.name == *purpose) {
                let part = message!(tongue, "first-part-of");
                self.line(format!(
                    "       {purpose}: {} ({part} {})",
                    own.text, own.parent
                ));
            }
        }
    }
}

fn league(tongue: Language) -> String {
    message!(tongue, "first-league")
}

fn party(tongue: Language, party: &ContractParty) -> String {
    let number = match &party.legal_id {
        Some(number) => format!(", {number}"),
        None => message!(tongue, "first-register-number-none"),
    };
    format!("{} ({}{number})", party.name, party.id)
}

fn or(value: Option<impl ToString>, otherwise: String) -> String {
    value.map_or(otherwise, |value| value.to_string())
}
