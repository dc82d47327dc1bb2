//! Contracts and offers as pages that a person reads.

use crate::purpose_taxonomy;
use crate::render::message::message;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::offer::{Offer, OfferRecipients, SigningMode};
use hansa_policy::contract::rendering::{PageRendering, RenderingVersion};
use hansa_policy::contract::{Agreement, Assignee, ContractPartner, ContractParty, LegalText};
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
    let language = agreement.rendering.unwrap_or_default().language;
    agreement_in(language, id, agreement)
}

/// The same in a language; the form and the zone stay those of the page that is signed.
#[must_use]
pub fn agreement_in(language: Language, id: Option<ContractId>, agreement: &Agreement) -> String {
    let rendering = agreement
        .rendering
        .unwrap_or_default()
        .in_language(language);
    let title = match (id, &agreement.assignee) {
        (Some(id), Assignee::Participant(_) | Assignee::Partner(_)) => {
            format!("{} {id}", message!(language, "title-contract"))
        }
        (Some(id), Assignee::Public) => {
            let view = message!(language, "title-public-view");
            format!("{view} {id}")
        }
        (None, _) => message!(language, "title-draft"),
    };
    let space = match rendering.version {
        RenderingVersion::One => "",
        RenderingVersion::Two => "\n",
    };
    format!("{title}\n{space}{}", page(rendering, agreement))
}

/// The page that signers are shown, and whose digest they sign. It names neither the hash nor itself.
///
/// What a form has once said it says for ever: the files in `golden/` hold it.
#[must_use]
pub fn page(rendering: PageRendering, agreement: &Agreement) -> String {
    match rendering.version {
        RenderingVersion::One => first(rendering.language, agreement),
        RenderingVersion::Two => second_form::page(rendering, agreement),
    }
}

fn first(language: Language, agreement: &Agreement) -> String {
    let mut page = FirstFormPage::new(language);
    let version = message!(language, "first-version");
    page.fact(
        message!(language, "first-label"),
        format!("{} {version} {}", agreement.uid, agreement.version),
    );
    page.fact(
        message!(language, "first-replaces"),
        or(
            agreement.supersedes,
            message!(language, "first-replaces-none"),
        ),
    );
    page.fact(
        message!(language, "first-dataset"),
        agreement.dataset.id.to_string(),
    );
    page.fact(
        message!(language, "first-schema"),
        agreement.dataset.schema.to_string(),
    );
    if agreement.dataset.high_value {
        page.fact("", message!(language, "first-high-value"));
    }
    page.fact(
        message!(language, "first-provider"),
        party(language, &agreement.provider),
    );
    page.fact(
        message!(language, "first-consumer"),
        &match &agreement.assignee {
            Assignee::Participant(consumer) => party(language, consumer),
            Assignee::Partner(partner) => partner_line(language, partner),
            Assignee::Public => league(language).to_owned(),
        },
    );
    page.window(agreement.not_before, agreement.not_after);
    page.fact(
        message!(language, "first-proposed"),
        agreement.proposed_at.to_string(),
    );
    page.legal(agreement.legal.as_ref());
    let unsaid = message!(language, "first-signatory-none");
    let statement = message!(language, "first-signatory-statement");
    page.fact(
        message!(language, "first-signatory"),
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
pub fn offer_in(language: Language, offer: &Offer) -> String {
    let mut page = FirstFormPage::new(language);
    page.line(format!(
        "{} {}: {}",
        message!(language, "offer"),
        offer.id().short(),
        offer.title
    ));
    page.fact(
        message!(language, "offer-dataset"),
        offer.dataset.to_string(),
    );
    page.fact(
        message!(language, "offer-to"),
        &match &offer.to {
            OfferRecipients::League => league(language).to_owned(),
            OfferRecipients::Public => {
                let as_view = message!(language, "offer-public");
                format!("{}, {as_view}", league(language))
            }
            OfferRecipients::Participants(list) => {
                let names: Vec<&str> = list.iter().map(|one| one.domain()).collect();
                names.join(", ")
            }
        },
    );
    page.fact(
        message!(language, "offer-signed-by"),
        match (&offer.to, offer.sign) {
            (OfferRecipients::Public, _) => message!(language, "offer-signed-by-provider"),
            (_, SigningMode::Officer) => message!(language, "offer-signed-by-officer"),
            (_, SigningMode::Auto) => message!(language, "offer-signed-by-connector"),
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
    language: Language,
    text: String,
}

impl FirstFormPage {
    const fn new(language: Language) -> Self {
        Self {
            language,
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
        let language = self.language;
        let from = if from == UtcTimestamp::EARLIEST {
            message!(language, "first-no-beginning")
        } else {
            format!("{} {from}", message!(language, "first-from"))
        };
        let until = if until == UtcTimestamp::LATEST {
            message!(language, "first-no-end")
        } else {
            message!(language, "first-until", until)
        };
        self.fact(message!(language, "first-in-force"), &from);
        self.fact("", &until);
    }

    fn legal(&mut self, legal: Option<&LegalText>) {
        let name = message!(self.language, "first-legal");
        match legal {
            None => self.fact(name, message!(self.language, "first-legal-none")),
            Some(legal) => {
                self.fact(name, format!("{} ({})", legal.text_ref, legal.language));
                self.fact("", format!("sha256 {}", legal.text));
            }
        }
    }

    fn clauses(&mut self, clauses: &[Clause], own: &[OwnPurpose]) {
        let language = self.language;
        let at = |position: OdrlPosition| {
            move |clause: &Clause| {
                let spec = clause.term.spec();
                spec.position == position && !spec.is_recorded_only()
            }
        };
        self.section(
            message!(language, "first-permission"),
            clauses,
            &at(OdrlPosition::Permission),
        );
        self.purposes(OdrlPosition::Permission, clauses, own);
        self.section(
            message!(language, "first-target"),
            clauses,
            &at(OdrlPosition::Target),
        );
        self.section(
            message!(language, "first-action"),
            clauses,
            &at(OdrlPosition::Action),
        );
        if clauses.iter().any(|clause| clause.term.aggregates()) {
            let note = message!(language, "first-groups-note");
            self.line(format!("       {note}"));
        }
        self.section(
            message!(language, "first-prohibition"),
            clauses,
            &at(OdrlPosition::Prohibition),
        );
        self.purposes(OdrlPosition::Prohibition, clauses, own);
        self.section(message!(language, "first-duty"), clauses, &|clause| {
            let spec = clause.term.spec();
            let owed = matches!(spec.position, OdrlPosition::Duty | OdrlPosition::Obligation);
            owed && !spec.is_recorded_only()
        });
        self.section(message!(language, "first-recorded"), clauses, &|clause| {
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
            self.line(format!("  {id:<5}{}", clause.term.render(self.language)));
        }
    }

    /// What the purposes of the clauses in a place mean.
    fn purposes(&mut self, position: OdrlPosition, clauses: &[Clause], own: &[OwnPurpose]) {
        let language = self.language;
        let there = clauses
            .iter()
            .filter(|clause| clause.term.spec().position == position);
        let listed = there.flat_map(|clause| clause.term.purposes());
        for purpose in listed {
            if let Some(title) = purpose_taxonomy::title(purpose) {
                let narrower = message!(language, "first-narrower");
                self.line(format!("       {purpose}: {title}, {narrower}"));
            }
            if let Some(own) = own.iter().find(|own| own.name == *purpose) {
                let part = message!(language, "first-part-of");
                self.line(format!(
                    "       {purpose}: {} ({part} {})",
                    own.text, own.parent
                ));
            }
        }
    }
}

fn league(language: Language) -> String {
    message!(language, "first-league")
}

fn party(language: Language, party: &ContractParty) -> String {
    let number = match &party.legal_id {
        Some(number) => format!(", {number}"),
        None => message!(language, "first-register-number-none"),
    };
    format!("{} ({}{number})", party.name, party.id)
}

/// A partner in one line.
fn partner_line(language: Language, partner: &ContractPartner) -> String {
    let (name, id, protocol_id) = (&partner.name, &partner.id, &partner.protocol_id);
    message!(language, "page-partner", name, id, protocol_id)
}

fn or(value: Option<impl ToString>, otherwise: String) -> String {
    value.map_or(otherwise, |value| value.to_string())
}
