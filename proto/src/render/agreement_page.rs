//! Page of a contract. The page alone answers the usual questions of a lawyer.
//!
//! The page tells signatories the permitted uses, the days in local time, the meaning and minimum size of groups, the clauses that
//! the connector enforces, the duties that only bind the parties, the open points, and the ways to end the contract.

use crate::purpose_taxonomy;
use crate::render::message::message;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{Agreement, Assignee, ContractParty, LegalText};
use hansa_policy::safe_text::signed_line;
use hansa_policy::term::duty::ForbiddenUse;
use hansa_policy::term::rule::OdrlPosition;
use hansa_policy::term::wording::Wording;
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::time::QuotaDays;
use std::fmt::Display;

/// Part of a page, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PagePart {
    /// Parties.
    Parties,
    /// Dataset and the meaning of a row.
    Subject,
    /// Time and signing.
    Time,
    /// Clauses that the provider's connector enforces.
    Enforced,
    /// Clauses that only bind the parties.
    Agreed,
    /// Points that the clauses leave open.
    Open,
    /// Ways to end the contract.
    End,
    /// Documents beside the page.
    Documents,
}

impl PagePart {
    /// Word of the part for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parties => "parties",
            Self::Subject => "subject",
            Self::Time => "time",
            Self::Enforced => "enforced",
            Self::Agreed => "agreed",
            Self::Open => "open",
            Self::End => "end",
            Self::Documents => "documents",
        }
    }
}

/// Form of a block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageBlockForm {
    /// Heading of a part.
    Heading,
    /// Heading within a part.
    Subheading,
    /// Value of a fact, with its name. The name is empty where the value goes on.
    Fact(String),
    /// Clause, with its identity.
    Clause(String),
    /// Note on the clauses above it.
    ClauseNote,
    /// Item of a list.
    Item,
    /// Sentence of the part.
    Note,
}

impl PageBlockForm {
    /// Word of the form for programs.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Heading => "heading",
            Self::Subheading => "subheading",
            Self::Fact(_) => "fact",
            Self::Clause(_) => "clause",
            Self::ClauseNote => "clause_note",
            Self::Item => "item",
            Self::Note => "note",
        }
    }
}

/// Line of a page, with its place and its form. The lines of all blocks are the page that is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageBlock {
    /// Part of the page.
    pub part: PagePart,
    /// Form of the block.
    pub form: PageBlockForm,
    /// Text of the block, without its name.
    pub text: String,
}

impl PageBlock {
    /// Line of the block on the page, as it is signed.
    fn line(&self) -> String {
        let text = &self.text;
        signed_line(&match &self.form {
            PageBlockForm::Heading => text.clone(),
            PageBlockForm::Subheading => format!("  {text}:"),
            PageBlockForm::Fact(name) => format!("  {name:<16} {text}"),
            PageBlockForm::Clause(id) => format!("  {id:<6} {text}"),
            PageBlockForm::ClauseNote => format!("         {text}"),
            PageBlockForm::Item => format!("  - {text}"),
            PageBlockForm::Note => format!("  {text}"),
        })
    }
}

/// Page of a contract as text: the lines of its blocks, with an empty line between two parts.
pub(super) fn render_page(rendering: PageRendering, agreement: &Agreement) -> String {
    let mut text = String::new();
    for block in page_blocks(rendering, agreement) {
        if block.form == PageBlockForm::Heading && !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&block.line());
        text.push('\n');
    }
    text
}

/// Page of a contract as blocks.
pub(super) fn page_blocks(rendering: PageRendering, agreement: &Agreement) -> Vec<PageBlock> {
    let mut page = AgreementPage {
        words: agreement_wording(rendering, agreement),
        agreement,
        part: PagePart::Parties,
        blocks: Vec::new(),
    };
    page.write_parties();
    page.write_subject();
    page.write_time();
    page.write_enforced_clauses();
    page.write_recorded_clauses();
    page.write_open_points();
    page.write_end();
    page.write_documents();
    page.blocks
}

/// Wording of an agreement in the language and time zone of its page.
pub(super) fn agreement_wording(rendering: PageRendering, agreement: &Agreement) -> Wording<'_> {
    Wording {
        language: rendering.language,
        zone: rendering.zone,
        clauses: &agreement.clauses,
        own_purposes: &agreement.own_purposes,
        find_title: purpose_taxonomy::title_in,
    }
}

struct AgreementPage<'a> {
    words: Wording<'a>,
    agreement: &'a Agreement,
    part: PagePart,
    blocks: Vec<PageBlock>,
}

impl AgreementPage<'_> {
    fn write_block(&mut self, form: PageBlockForm, text: impl Display) {
        self.blocks.push(PageBlock {
            part: self.part,
            form,
            text: text.to_string(),
        });
    }

    /// Begins a part with its heading.
    fn begin_part(&mut self, part: PagePart, title: impl Display) {
        self.part = part;
        self.write_block(PageBlockForm::Heading, title);
    }

    fn write_fact(&mut self, name: impl AsRef<str>, value: impl Display) {
        self.write_block(PageBlockForm::Fact(name.as_ref().to_owned()), value);
    }

    fn write_note(&mut self, note: impl Display) {
        self.write_block(PageBlockForm::Note, note);
    }

    fn write_clause_note(&mut self, note: impl Display) {
        self.write_block(PageBlockForm::ClauseNote, note);
    }

    fn write_parties(&mut self) {
        self.begin_part(
            PagePart::Parties,
            message!(self.words.language, "page-parties"),
        );
        let provider = self.party_text(&self.agreement.provider);
        self.write_fact(message!(self.words.language, "page-provider"), &provider);
        let consumer = match &self.agreement.assignee {
            Assignee::Participant(consumer) => self.party_text(consumer),
            Assignee::Partner(partner) => {
                let (name, id) = (&partner.name, &partner.id);
                let protocol_id = &partner.protocol_id;
                message!(self.words.language, "page-partner", name, id, protocol_id)
            }
            Assignee::Public => match self.singles_out() {
                false => message!(self.words.language, "page-everyone"),
                true => message!(self.words.language, "page-everyone-fitting"),
            },
        };
        self.write_fact(message!(self.words.language, "page-consumer"), &consumer);
        let who = match &self.agreement.assignee {
            Assignee::Participant(_) | Assignee::Partner(_) => {
                message!(self.words.language, "page-consumer-alone")
            }
            Assignee::Public => match self.singles_out() {
                false => message!(self.words.language, "page-everyone-may"),
                true => message!(self.words.language, "page-everyone-fitting-may"),
            },
        };
        self.write_fact(message!(self.words.language, "page-who-may"), who);
    }

    /// Checks that a clause admits only some participants.
    fn singles_out(&self) -> bool {
        let mut clauses = self.agreement.clauses.iter();
        clauses.any(|clause| clause.term.rests_on_a_statement())
    }

    fn party_text(&self, party: &ContractParty) -> String {
        let words = self.words;
        let number = match &party.legal_id {
            Some(number) => message!(words.language, "page-register-number", number),
            None => message!(words.language, "page-register-number-none"),
        };
        format!("{} ({}, {number})", party.name, party.id)
    }

    fn write_subject(&mut self) {
        let (agreement, words) = (self.agreement, self.words);
        self.begin_part(
            PagePart::Subject,
            message!(self.words.language, "page-subject"),
        );
        self.write_fact(
            message!(words.language, "page-dataset"),
            agreement.dataset.id.to_string(),
        );
        if agreement.dataset.high_value {
            self.write_fact("", message!(words.language, "page-high-value"));
        }
        self.write_fact(
            message!(words.language, "page-schema"),
            words.digest(&agreement.dataset.schema),
        );
        let aggregates = agreement
            .clauses
            .iter()
            .any(|one| one.term.limits_to_aggregates());
        let hides_single_rows = agreement
            .clauses
            .iter()
            .any(|one| matches!(one.term, Term::MinGroup { at_least, .. } if at_least > 1));
        let row = match (aggregates, hides_single_rows) {
            (true, true) => message!(words.language, "page-row-hidden"),
            (true, false) => message!(words.language, "page-row-group"),
            (false, _) => message!(words.language, "page-row-entry"),
        };
        self.write_fact(message!(words.language, "page-row"), row);
    }

    fn write_time(&mut self) {
        let (agreement, words) = (self.agreement, self.words);
        self.begin_part(PagePart::Time, message!(self.words.language, "page-time"));
        let from = match (agreement.not_before, &agreement.assignee) {
            (UtcTimestamp::EARLIEST, Assignee::Participant(_)) => {
                message!(words.language, "page-from-second-signature")
            }
            (UtcTimestamp::EARLIEST, Assignee::Public | Assignee::Partner(_)) => {
                message!(words.language, "page-from-signature")
            }
            (time, _) => words.period_start(time),
        };
        let until = words.end(agreement.not_after);
        self.write_fact(message!(words.language, "page-in-force"), &from);
        self.write_fact("", &until);
        self.write_fact("", message!(words.language, "page-instants-decide"));
        self.write_fact(
            message!(words.language, "page-proposed"),
            words.moment(agreement.proposed_at),
        );
        let signing = match &agreement.assignee {
            Assignee::Participant(_) => message!(words.language, "page-signing-both"),
            Assignee::Public => message!(words.language, "page-signing-provider"),
            Assignee::Partner(_) => message!(words.language, "page-signing-partner"),
        };
        self.write_fact(message!(words.language, "page-signing"), signing);
    }

    fn write_enforced_clauses(&mut self) {
        self.begin_part(
            PagePart::Enforced,
            message!(self.words.language, "page-enforced"),
        );
        let clauses = &self.agreement.clauses;
        if clauses.iter().all(|clause| clause.term.is_recorded_only()) {
            self.write_note(message!(self.words.language, "page-enforced-none"));
            return;
        }
        self.write_note(message!(self.words.language, "page-enforced-note"));
        let at =
            |position: OdrlPosition| move |clause: &Clause| clause.term.spec().position == position;
        if self.write_section(
            message!(self.words.language, "page-permission"),
            &at(OdrlPosition::Permission),
        ) {
            self.purpose_note();
            self.period_notes();
        }
        self.write_section(
            message!(self.words.language, "page-target"),
            &at(OdrlPosition::Target),
        );
        self.write_section(
            message!(self.words.language, "page-action"),
            &at(OdrlPosition::Action),
        );
        for line in self.words.group_lines() {
            self.write_clause_note(line);
        }
        self.write_section(
            message!(self.words.language, "page-prohibition"),
            &at(OdrlPosition::Prohibition),
        );
        self.write_section(message!(self.words.language, "page-duty"), &|clause| {
            matches!(
                clause.term.spec().position,
                OdrlPosition::Duty | OdrlPosition::Obligation
            )
        });
    }

    /// Writes the enforced clauses of a place below a subheading. Returns true if there are any.
    fn write_section(&mut self, heading: impl Display, which: &dyn Fn(&Clause) -> bool) -> bool {
        let clauses = &self.agreement.clauses;
        let here: Vec<&Clause> = clauses
            .iter()
            .filter(|clause| !clause.term.is_recorded_only() && which(clause))
            .collect();
        if here.is_empty() {
            return false;
        }
        self.write_block(PageBlockForm::Subheading, heading);
        for clause in here {
            self.write_clause(clause);
        }
        true
    }

    fn write_clause(&mut self, clause: &Clause) {
        let (id, sentence) = (clause.id.to_string(), self.words.sentence(&clause.term));
        self.write_block(PageBlockForm::Clause(id), sentence);
    }

    /// Note on purposes: a connector sees the declared purpose, but not the later use of the data.
    fn purpose_note(&mut self) {
        let purpose = |clause: &Clause| !clause.term.purposes().is_empty();
        if self.agreement.clauses.iter().any(purpose) {
            let note = message!(self.words.language, "page-purpose-note");
            self.write_clause_note(note);
        }
    }

    /// Notes on periods: days of quotas are civil days; hours and periods of several days count from the contract's first instant.
    fn period_notes(&mut self) {
        let quotas = self.agreement.clauses.iter();
        let quotas = quotas.filter_map(|clause| match &clause.term {
            Term::Queries(quota) | Term::RowQuota(quota) | Term::ByteQuota(quota) => Some(quota),
            _ => None,
        });
        let lengths: Vec<Option<QuotaDays>> = quotas.map(|quota| quota.per.days()).collect();
        let first = self.agreement.not_before;
        let start = match first {
            UtcTimestamp::EARLIEST => first.to_string(),
            _ => self.words.moment(first),
        };
        let language = self.words.language;
        if lengths.iter().any(Option::is_some) {
            let note = message!(language, "page-day-note");
            self.write_clause_note(note);
        }
        if lengths.iter().flatten().any(|days| *days > QuotaDays::One) {
            let note = message!(language, "page-days-note", start);
            self.write_clause_note(note);
        }
        if lengths.iter().any(Option::is_none) {
            let note = message!(language, "page-hour-note", start);
            self.write_clause_note(note);
        }
    }

    fn write_recorded_clauses(&mut self) {
        self.begin_part(
            PagePart::Agreed,
            message!(self.words.language, "page-recorded"),
        );
        let clauses = &self.agreement.clauses;
        let here: Vec<&Clause> = clauses
            .iter()
            .filter(|clause| clause.term.is_recorded_only())
            .collect();
        if here.is_empty() {
            return self.write_note(message!(self.words.language, "page-recorded-none"));
        }
        self.write_note(message!(self.words.language, "page-recorded-note"));
        for clause in here {
            self.write_clause(clause);
        }
    }

    fn write_open_points(&mut self) {
        let (agreement, words) = (self.agreement, self.words);
        let has = |which: &dyn Fn(&Term) -> bool| {
            agreement.clauses.iter().any(|clause| which(&clause.term))
        };
        let prohibits = |act: ForbiddenUse| has(&|term| *term == Term::Prohibit(act));
        let mut open: Vec<String> = Vec::new();
        let mut unless = |said: bool, what| {
            if !said {
                open.push(what);
            }
        };
        unless(
            prohibits(ForbiddenUse::Distribute),
            message!(words.language, "page-open-distribute"),
        );
        unless(
            prohibits(ForbiddenUse::Sell),
            message!(words.language, "page-open-sell"),
        );
        unless(
            prohibits(ForbiddenUse::Derive),
            message!(words.language, "page-open-derive"),
        );
        unless(
            has(&|term| matches!(term, Term::DeleteAfter { .. } | Term::Attest { .. })),
            message!(words.language, "page-open-delete"),
        );
        unless(
            has(&|term| matches!(term, Term::Attribution(_))),
            message!(words.language, "page-open-attribution"),
        );
        unless(
            has(&|term| match term {
                Term::Purpose(_) | Term::PurposeNot(_) => true,
                Term::Prohibition(one) => one.condition.purpose.is_some(),
                _ => false,
            }),
            message!(words.language, "page-open-purpose"),
        );
        unless(
            has(&|term| matches!(term, Term::Price(_))),
            message!(words.language, "page-open-price"),
        );
        unless(
            has(&|term| matches!(term, Term::Service(_))),
            message!(words.language, "page-open-service"),
        );
        unless(false, message!(words.language, "page-open-liability"));
        self.begin_part(PagePart::Open, message!(words.language, "page-open"));
        self.write_note(message!(words.language, "page-open-note"));
        for one in open {
            self.write_block(PageBlockForm::Item, one);
        }
        if agreement.legal.is_some() {
            self.write_note(message!(words.language, "page-open-legal"));
        }
    }

    fn write_end(&mut self) {
        self.begin_part(PagePart::End, message!(self.words.language, "page-end"));
        let endless = self.agreement.not_after == UtcTimestamp::LATEST;
        let by_clauses = self.ending_clauses();
        let sentence = match (endless, by_clauses) {
            (true, None) => message!(self.words.language, "page-end-none"),
            (true, Some(clauses)) => message!(self.words.language, "page-end-by-clauses", clauses),
            (false, None) => message!(self.words.language, "page-end-instant"),
            (false, Some(clauses)) => {
                message!(self.words.language, "page-end-instant-or-clauses", clauses)
            }
        };
        self.write_note(sentence);
        match &self.agreement.assignee {
            Assignee::Participant(_) => {
                self.write_note(message!(self.words.language, "page-withdrawal"));
                self.write_note(message!(self.words.language, "page-withdrawal-provider"));
            }
            Assignee::Public => {
                self.write_note(message!(self.words.language, "page-withdrawal-view"))
            }
            Assignee::Partner(_) => {
                self.write_note(message!(self.words.language, "page-withdrawal-partner"));
            }
        }
        self.write_note(message!(self.words.language, "page-after-end"));
    }

    /// End of a sentence with the clauses that end the contract before its end date.
    fn ending_clauses(&self) -> Option<String> {
        let not_after = self.agreement.not_after;
        let ends_earlier = |clause: &&Clause| match clause.term {
            Term::Lasts(_) => true,
            Term::NotAfter(until) => until < not_after,
            _ => false,
        };
        let clauses = self.agreement.clauses.iter().filter(ends_earlier);
        let ids: Vec<String> = clauses.map(|clause| clause.id.to_string()).collect();
        let list = self.words.language.all_of(&ids);
        match ids.len() {
            0 => None,
            1 => Some(message!(self.words.language, "page-clause-says", list)),
            _ => Some(message!(self.words.language, "page-clauses-say", list)),
        }
    }

    fn write_documents(&mut self) {
        let (agreement, words) = (self.agreement, self.words);
        self.begin_part(
            PagePart::Documents,
            message!(self.words.language, "page-documents"),
        );
        let (uid, number) = (&agreement.uid, agreement.version);
        self.write_fact(
            message!(words.language, "page-reference"),
            message!(words.language, "page-reference-version", uid, number),
        );
        let replaces = agreement.supersedes.map_or_else(
            || message!(words.language, "page-replaces-none"),
            |earlier| message!(words.language, "page-replaces-contract", earlier),
        );
        self.write_fact(message!(words.language, "page-replaces"), &replaces);
        self.write_legal(agreement.legal.as_ref());
        let signatory = agreement.signatory.map_or_else(
            || message!(words.language, "page-signatory-none"),
            |statement| {
                let digest = words.digest(&statement);
                message!(words.language, "page-signatory-statement", digest)
            },
        );
        self.write_fact(message!(words.language, "page-signatory"), &signatory);
        let template = agreement.template.as_ref().map_or_else(
            || message!(words.language, "page-template-none"),
            |one| {
                let (title, version) = (words.quote(&one.title), one.version);
                let (author, digest) = (one.author.domain(), words.digest(&one.sha256));
                message!(
                    words.language,
                    "page-template-title",
                    title,
                    version,
                    author,
                    digest
                )
            },
        );
        self.write_fact(message!(words.language, "page-template"), &template);
    }

    fn write_legal(&mut self, legal: Option<&LegalText>) {
        let words = self.words;
        let text = match legal {
            None => message!(words.language, "page-legal-none"),
            Some(legal) => {
                let (name, language) = (&legal.text_ref, words.language_name(&legal.language));
                format!("{name} ({language}), {}", words.digest(&legal.text))
            }
        };
        self.write_fact(message!(words.language, "page-legal"), &text);
    }
}
