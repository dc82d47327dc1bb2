//! Contracts and offers as pages that a person reads.

use crate::purpose_taxonomy;
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

pub mod contract_status;
mod second_form;
mod template;
#[cfg(test)]
mod tests;

/// The heading over the clauses that are recorded only, in English.
pub const NOT_ENFORCED: &str = "Not technically enforced";

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
            format!("{} {id}", tongue.pick("Contract", "Vertrag", "Contrato"))
        }
        (Some(id), Assignee::Public) => {
            let view = tongue.pick("Public view", "Öffentliche Sicht", "Vista pública");
            format!("{view} {id}")
        }
        (None, _) => tongue
            .pick(
                "Draft, not signed",
                "Entwurf, nicht unterschrieben",
                "Rascunho, não assinado",
            )
            .to_owned(),
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
    let version = tongue.pick("version", "Fassung", "versão");
    page.fact(
        tongue.pick("label", "Kennung", "rótulo"),
        &format!("{} {version} {}", agreement.uid, agreement.version),
    );
    page.fact(
        tongue.pick("replaces", "ersetzt", "substitui"),
        &or(
            agreement.supersedes,
            tongue.pick("nothing", "nichts", "nada"),
        ),
    );
    page.fact(
        tongue.pick("dataset", "Datensatz", "dados"),
        &agreement.dataset.id.to_string(),
    );
    page.fact(
        tongue.pick("schema", "Schema", "esquema"),
        &agreement.dataset.schema.to_string(),
    );
    if agreement.dataset.high_value {
        page.fact(
            "",
            tongue.pick(
                "a high-value dataset (Implementing Regulation (EU) 2023/138)",
                "ein hochwertiger Datensatz (Durchführungsverordnung (EU) 2023/138)",
                "um conjunto de dados de elevado valor (Regulamento de Execução (UE) 2023/138)",
            ),
        );
    }
    page.fact(
        tongue.pick("provider", "Anbieter", "fornecedor"),
        &party(tongue, &agreement.provider),
    );
    page.fact(
        tongue.pick("consumer", "Nutzer", "utilizador"),
        &match &agreement.assignee {
            Assignee::Participant(consumer) => party(tongue, consumer),
            Assignee::Public => league(tongue).to_owned(),
        },
    );
    page.window(agreement.not_before, agreement.not_after);
    page.fact(
        tongue.pick("proposed", "vorgelegt", "proposto"),
        &agreement.proposed_at.to_string(),
    );
    page.legal(agreement.legal.as_ref());
    let unsaid = tongue.pick("not stated", "nicht genannt", "não indicado");
    let statement = tongue.pick("statement sha256", "Erklärung sha256", "declaração sha256");
    page.fact(
        tongue.pick("signatory", "Zeichnung", "signatário"),
        &agreement
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
        tongue.pick("Offer", "Angebot", "Oferta"),
        offer.id().short(),
        offer.title
    ));
    page.fact(
        tongue.pick("dataset", "Datensatz", "dados"),
        &offer.dataset.to_string(),
    );
    page.fact(
        tongue.pick("to", "an", "para"),
        &match &offer.to {
            OfferRecipients::League => league(tongue).to_owned(),
            OfferRecipients::Public => {
                let as_view = tongue.pick(
                    "as a public view",
                    "als öffentliche Sicht",
                    "como vista pública",
                );
                format!("{}, {as_view}", league(tongue))
            }
            OfferRecipients::Participants(list) => {
                let names: Vec<&str> = list.iter().map(|one| one.domain()).collect();
                names.join(", ")
            }
        },
    );
    page.fact(
        tongue.pick("signed by", "zeichnet", "assina"),
        match (&offer.to, offer.sign) {
            (OfferRecipients::Public, _) => tongue.pick(
                "the provider alone",
                "der Anbieter allein",
                "só o fornecedor",
            ),
            (_, SigningMode::Officer) => tongue.pick(
                "an officer of the provider, each contract by hand",
                "eine Person des Anbieters, jeden Vertrag von Hand",
                "um responsável do fornecedor, cada contrato à mão",
            ),
            (_, SigningMode::Auto) => tongue.pick(
                "the provider's connector, for exactly these terms",
                "der Konnektor des Anbieters, für genau diese Bedingungen",
                "o conector do fornecedor, exatamente para estes termos",
            ),
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

    fn fact(&mut self, name: &str, value: &str) {
        self.line(format!("  {name:<10} {value}"));
    }

    fn window(&mut self, from: UtcTimestamp, until: UtcTimestamp) {
        let tongue = self.tongue;
        let from = if from == UtcTimestamp::EARLIEST {
            tongue
                .pick("without a beginning", "ohne Anfang", "sem início")
                .to_owned()
        } else {
            format!("{} {from}", tongue.pick("from", "ab", "a partir de"))
        };
        let until = if until == UtcTimestamp::LATEST {
            tongue
                .pick("without an end", "ohne Ende", "sem fim")
                .to_owned()
        } else {
            tongue.pick(
                format!("until {until}, that instant not included"),
                format!("bis {until}, dieser Zeitpunkt nicht eingeschlossen"),
                format!("até {until}, esse instante não incluído"),
            )
        };
        self.fact(tongue.pick("in force", "in Kraft", "em vigor"), &from);
        self.fact("", &until);
    }

    fn legal(&mut self, legal: Option<&LegalText>) {
        let name = self
            .tongue
            .pick("legal text", "Vertragstext", "texto legal");
        match legal {
            None => self.fact(
                name,
                self.tongue.pick("none bound", "keiner gebunden", "nenhum"),
            ),
            Some(legal) => {
                self.fact(name, &format!("{} ({})", legal.text_ref, legal.language));
                self.fact("", &format!("sha256 {}", legal.text));
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
            tongue.pick(
                "For what, when and how much",
                "Wofür, wann und wie viel",
                "Para quê, quando e quanto",
            ),
            clauses,
            &at(OdrlPosition::Permission),
        );
        self.purposes(OdrlPosition::Permission, clauses, own);
        self.section(
            tongue.pick(
                "Which part of the dataset",
                "Welcher Teil des Datensatzes",
                "Que parte do conjunto de dados",
            ),
            clauses,
            &at(OdrlPosition::Target),
        );
        self.section(
            tongue.pick("In what form", "In welcher Form", "De que forma"),
            clauses,
            &at(OdrlPosition::Action),
        );
        if clauses.iter().any(|clause| clause.term.aggregates()) {
            self.line(tongue.pick(
                "       groups that are empty and groups that are withheld look alike",
                "       leere und zurückgehaltene Gruppen sehen gleich aus",
                "       grupos vazios e grupos retidos têm o mesmo aspeto",
            ));
        }
        self.section(
            tongue.pick(
                "What is prohibited",
                "Was untersagt ist",
                "O que é proibido",
            ),
            clauses,
            &at(OdrlPosition::Prohibition),
        );
        self.purposes(OdrlPosition::Prohibition, clauses, own);
        self.section(
            tongue.pick(
                "What is owed, and executed",
                "Was geschuldet ist und ausgeführt wird",
                "O que é devido e executado",
            ),
            clauses,
            &|clause| {
                let spec = clause.term.spec();
                let owed = matches!(spec.position, OdrlPosition::Duty | OdrlPosition::Obligation);
                owed && !spec.is_recorded_only()
            },
        );
        self.section(
            tongue.pick(
                NOT_ENFORCED,
                "Technisch nicht durchgesetzt",
                "Não imposto tecnicamente",
            ),
            clauses,
            &|clause| clause.term.is_recorded_only(),
        );
    }

    fn section(&mut self, heading: &str, clauses: &[Clause], which: &dyn Fn(&Clause) -> bool) {
        let mut headed = false;
        for clause in clauses.iter().filter(|clause| which(clause)) {
            if !headed {
                self.line("");
                self.line(heading);
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
                let narrower = tongue.pick(
                    "and what is narrower",
                    "und was enger ist",
                    "e o que é mais restrito",
                );
                self.line(format!("       {purpose}: {title}, {narrower}"));
            }
            if let Some(own) = own.iter().find(|own| own.name == *purpose) {
                let part = tongue.pick("part of", "Teil von", "parte de");
                self.line(format!(
                    "       {purpose}: {} ({part} {})",
                    own.text, own.parent
                ));
            }
        }
    }
}

const fn league(tongue: Language) -> &'static str {
    match tongue {
        Language::En => "every participant of the league",
        Language::De => "alle Teilnehmer des Bundes",
        Language::Pt => "todos os participantes da liga",
    }
}

fn party(tongue: Language, party: &ContractParty) -> String {
    let number = match &party.legal_id {
        Some(number) => format!(", {number}"),
        None => tongue
            .pick(
                ", no register number stated",
                ", keine Registernummer genannt",
                ", sem número de registo indicado",
            )
            .to_owned(),
    };
    format!("{} ({}{number})", party.name, party.id)
}

fn or(value: Option<impl ToString>, otherwise: &str) -> String {
    value.map_or_else(|| otherwise.to_owned(), |value| value.to_string())
}
