//! Acts on a contract or a negotiation: the page before an act, and the page that waits until its person has proven to be present.

mod form;

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::page::act::form::{render_field_faults, render_fields, terms_of};
use crate::page::contract::report::{
    ContractDetail, ContractReport, NegotiationDetail, OfficerApproval, ShownPage, TermText,
};
use crate::page::passkey::PASSKEYS_ADDRESS;
use crate::page::unsent_form::{UnsentForm, render_unsent_form};
use crate::part::act_value::{ActValue, render_act_values};
use crate::part::address::{decline_address, own_path};
use crate::part::contract_words::is_own_turn;
use crate::part::layout::{PageContent, render_layout};
use crate::part::passkey_element::{
    PasskeyForm, PasskeyOperation, PasskeyRequest, render_passkey_form,
};
use crate::part::signed_page::render_signed_page;
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Act on a contract or a negotiation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActKind {
    /// Signature of the proposal.
    Sign,
    /// Comment on a clause.
    Comment,
    /// End of the negotiation.
    Decline,
    /// End of the contract.
    Withdraw,
}

impl ActKind {
    /// All acts.
    pub const ALL: [Self; 4] = [Self::Sign, Self::Comment, Self::Decline, Self::Withdraw];

    /// Last word of the address of its page.
    #[must_use]
    pub const fn path_word(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Comment => "comment",
            Self::Decline => "decline",
            Self::Withdraw => "withdraw",
        }
    }

    /// Words of the command that it runs.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Sign => "contract sign",
            Self::Comment => "contract comment",
            Self::Decline => "contract decline",
            Self::Withdraw => "contract withdraw",
        }
    }

    /// Act of the last word of an address.
    #[must_use]
    pub fn from_path_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.path_word() == word)
    }

    /// Act of the words of a command.
    #[must_use]
    pub fn from_command(words: &str) -> Option<Self> {
        // A withdrawal from an instant on names it behind the words.
        let command = words.split(" from ").next().unwrap_or_default();
        Self::ALL.into_iter().find(|kind| kind.command() == command)
    }

    /// Role whose people may do it.
    #[must_use]
    pub const fn role(self) -> PersonRole {
        match self {
            Self::Sign | Self::Withdraw => PersonRole::Signer,
            Self::Comment | Self::Decline => PersonRole::Officer,
        }
    }

    /// `true` if the session alone is no proof for it.
    #[must_use]
    pub const fn needs_presence(self) -> bool {
        matches!(self, Self::Sign | Self::Withdraw)
    }

    /// `true` if people of these roles can do it on a contract or negotiation now.
    #[must_use]
    pub fn is_offered(self, roles: &[PersonRole], report: &ContractReport) -> bool {
        Self::list_offered(roles, report).contains(&self)
    }

    /// Acts that people of these roles can do on a contract or negotiation now.
    pub(crate) fn list_offered(roles: &[PersonRole], report: &ContractReport) -> Vec<Self> {
        let possible: &[Self] = match report {
            ContractReport::Negotiation(detail) if detail.state == "TERMINATED" => &[],
            ContractReport::Negotiation(detail) if is_own_turn(detail.turn.as_deref()) => {
                &[Self::Sign, Self::Comment, Self::Decline]
            }
            ContractReport::Negotiation(_) => &[Self::Comment, Self::Decline],
            ContractReport::Contract(detail) => match detail.summary.state.as_str() {
                "in force" | "not yet in force" if detail.withdrawal.is_none() => &[Self::Withdraw],
                _ => &[],
            },
        };
        let offered = possible.iter().copied();
        offered
            .filter(|kind| roles.contains(&kind.role()))
            .collect()
    }

    fn title(self, language: Language) -> String {
        match self {
            Self::Sign => message!(language, "act-sign-title"),
            Self::Comment => message!(language, "act-comment-title"),
            Self::Decline => message!(language, "act-decline-title"),
            Self::Withdraw => message!(language, "act-withdraw-title"),
        }
    }

    /// Words of a link or a button.
    pub(crate) fn label(self, language: Language) -> String {
        match self {
            Self::Sign => message!(language, "act-sign"),
            Self::Comment => message!(language, "act-comment"),
            Self::Decline => message!(language, "act-decline"),
            Self::Withdraw => message!(language, "act-withdraw"),
        }
    }

    /// Words of the button with which a second person approves the act.
    fn approval_label(self, language: Language) -> String {
        match self {
            Self::Sign => message!(language, "act-approve-sign"),
            Self::Withdraw => message!(language, "act-approve-withdraw"),
            Self::Comment | Self::Decline => self.label(language),
        }
    }

    /// Consequences, and what can't be undone.
    fn list_consequences(self, language: Language) -> Vec<String> {
        match self {
            Self::Sign => vec![
                message!(language, "act-sign-effect"),
                message!(language, "act-sign-for-good"),
            ],
            Self::Comment => vec![message!(language, "act-comment-effect")],
            Self::Decline => vec![
                message!(language, "act-decline-effect"),
                message!(language, "act-decline-for-good"),
            ],
            Self::Withdraw => vec![
                message!(language, "act-withdraw-effect"),
                message!(language, "act-withdraw-for-good"),
            ],
        }
    }
}

/// Values of the form of an act, as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActFields {
    /// Reason of a decline or a withdrawal.
    pub reason: String,
    /// Day or instant from which a withdrawal counts; empty: at once.
    pub from: String,
    /// Number of the clause of a comment.
    pub clause: String,
    /// Text of a comment.
    pub text: String,
    /// `true` if the person has confirmed to have read the page.
    pub has_read: bool,
}

/// Fault of a field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActFault {
    /// The reading of the page is not confirmed.
    NotRead,
    /// The reason is missing, or is not one line of text.
    Reason,
    /// The day is not one on which the contract can end.
    From,
    /// No clause is chosen.
    Clause,
    /// The comment is missing, or is not one line of text.
    Text,
}

/// Page before an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActCheckView {
    /// Act.
    pub kind: ActKind,
    /// Object of `hansa contract show --json`, with the page in the language of the signatures.
    pub report: ContractReport,
    /// Key of the form.
    pub key: String,
    /// Values that were typed before.
    pub fields: ActFields,
    /// Faults of these values.
    pub faults: Vec<ActFault>,
    /// Reason why the form was sent and did nothing; absent for a page that was only opened, and beside faults.
    pub unsent: Option<UnsentForm>,
}

/// Clauses that no connector enforces, before the page of which they are a part.
fn render_agreed_terms(language: Language, terms: &[TermText]) -> Markup {
    let mut agreed = terms.iter().filter(|term| !term.enforced).peekable();
    if agreed.peek().is_none() {
        return html! {};
    }
    html! {
        h2 { (message!(language, "fact-agreed")) }
        p.hint { (message!(language, "act-agreed-hint")) }
        ul lang="en" {
            @for term in agreed {
                li { (reveal_controls(&term.clause)) " " (reveal_controls(&term.text)) }
            }
        }
    }
}

/// End of a contract that a first person has asked for.
fn render_end(frame: &PageFrame<'_>, from: &str) -> Markup {
    let language = frame.language;
    html! {
        @if from.is_empty() {
            p { (message!(language, "act-second-now")) }
        } @else {
            p { (message!(language, "act-second-from")) " " (render_instant_text(frame, from)) }
        }
    }
}

/// Page that says what an act will do, with the form that does it.
#[must_use]
pub fn render_act_check(frame: &PageFrame<'_>, view: &ActCheckView) -> String {
    let language = frame.language;
    let kind = view.kind;
    let subject = ActSubject::of(&view.report);
    let own = reveal_controls(frame.participant_name);
    let other = match subject.other {
        Some(other) => reveal_controls(other).into_owned(),
        None => message!(language, "party-everyone"),
    };
    let dataset = reveal_controls(subject.dataset);
    let waits = subject.waits_for_second(kind);
    let body = html! {
        @if let Some(unsent) = &view.unsent {
            (render_unsent_form(language, unsent))
            @if *unsent == UnsentForm::Changed {
                p { a href={ (subject.address()) "/compare" } { (message!(language, "unsent-compare")) } }
            }
        }
        (render_field_faults(language, &view.faults))
        p { bdi { (message!(language, "act-parties", own, other, dataset)) } }
        @if waits {
            p.notice { strong { (message!(language, "act-second")) } }
            @if let Some(asked) = subject.find_asked(kind) {
                p {
                    (message!(language, "act-second-by")) " " code { (reveal_controls(&asked.first)) }
                    @if !asked.at.is_empty() { ", " (render_instant_text(frame, &asked.at)) }
                }
            }
            @if let Some(reason) = subject.asked_reason(kind) {
                p { (message!(language, "act-second-reason")) " " q lang="" dir="auto" { (reveal_controls(reason)) } }
            }
            @if kind == ActKind::Withdraw {
                (render_end(frame, &view.fields.from))
            }
        }
        h2 { (message!(language, "act-consequences")) }
        ul {
            @for line in kind.list_consequences(language) {
                li { (line) }
            }
        }
        @if matches!(kind, ActKind::Sign | ActKind::Withdraw) {
            (render_agreed_terms(language, terms_of(&view.report)))
        }
        @if kind != ActKind::Comment {
            (render_whole_page(language, subject.shown, subject.page))
        }
        form.act-form method="post" action=(subject.act_address(kind)) {
            input type="hidden" name="key" value=(reveal_controls(&view.key));
            input type="hidden" name="shown" value=(reveal_controls(&subject.shown.sha256));
            @if let Some(contract) = subject.becomes {
                input type="hidden" name="becomes" value=(reveal_controls(contract));
            }
            (render_fields(frame, view, waits))
            button.main type="submit" {
                @if waits { (kind.approval_label(language)) } @else { (kind.label(language)) }
            }
        }
        @if let Some(address) = subject.decline_address(kind).filter(|_| waits) {
            p { a.act href=(address) { (message!(language, "act-second-decline")) } }
        }
        p { a.back href=(subject.address()) { (message!(language, "act-back")) } }
    };
    let mut content = PageContent::new(kind.title(language), body);
    content.is_error = !view.faults.is_empty() || view.unsent.is_some();
    render_layout(frame, &content)
}

/// Text of the page of the contract, in the language of the signatures, to its last line.
fn render_whole_page(language: Language, shown: &ShownPage, page: &str) -> Markup {
    let tag = shown.language.parse::<Language>().map_or("", Language::tag);
    html! {
        h2 { (message!(language, "act-page")) }
        p.hint { (message!(language, "act-page-signed")) }
        (render_signed_page(page, tag))
        p.hint {
            (message!(language, "act-page-digest")) " "
            code { (reveal_controls(&shown.sha256)) }
        }
    }
}

/// Contract or negotiation of an act.
struct ActSubject<'a> {
    id: &'a str,
    other: Option<&'a str>,
    dataset: &'a str,
    shown: &'a ShownPage,
    page: &'a str,
    /// Contract that a signature would make.
    becomes: Option<&'a str>,
    /// Steps that one officer has asked for.
    asked: Vec<&'a OfficerApproval>,
}

impl<'a> ActSubject<'a> {
    fn of(report: &'a ContractReport) -> Self {
        match report {
            ContractReport::Contract(detail) => Self::of_contract(detail),
            ContractReport::Negotiation(detail) => Self::of_negotiation(detail),
        }
    }

    fn of_contract(detail: &'a ContractDetail) -> Self {
        let open = detail.officers.iter().filter(|step| step.second.is_none());
        Self {
            id: &detail.summary.contract,
            other: detail.summary.other_party(),
            dataset: &detail.summary.dataset,
            shown: &detail.shown,
            page: &detail.page,
            becomes: None,
            asked: open.collect(),
        }
    }

    fn of_negotiation(detail: &'a NegotiationDetail) -> Self {
        let open = detail.officers.iter().filter(|step| step.second.is_none());
        Self {
            id: &detail.negotiation,
            other: detail.participant.as_deref(),
            dataset: detail.dataset.as_deref().unwrap_or_default(),
            shown: &detail.shown,
            page: &detail.page,
            becomes: detail.would_become.as_deref(),
            asked: open.collect(),
        }
    }

    /// `true` if one officer has asked for the act already.
    fn waits_for_second(&self, kind: ActKind) -> bool {
        self.find_asked(kind).is_some()
    }

    /// Reason of the officer who has asked for the act.
    fn asked_reason(&self, kind: ActKind) -> Option<&'a str> {
        self.find_asked(kind)?.reason.as_deref()
    }

    /// Page on which the second person declines the act.
    fn decline_address(&self, kind: ActKind) -> Option<String> {
        match kind {
            ActKind::Sign => decline_address(self.becomes?),
            ActKind::Withdraw => decline_address(self.id),
            ActKind::Comment | ActKind::Decline => None,
        }
    }

    fn find_asked(&self, kind: ActKind) -> Option<&'a OfficerApproval> {
        let word = match kind {
            ActKind::Sign => "sign",
            ActKind::Withdraw => "withdraw",
            ActKind::Comment | ActKind::Decline => return None,
        };
        let mut asked = self.asked.iter().copied();
        asked.find(|step| step.action.starts_with(word))
    }

    fn address(&self) -> String {
        crate::part::address::contract_address(self.id).unwrap_or_else(|| "/contracts".to_owned())
    }

    fn act_address(&self, kind: ActKind) -> String {
        format!("{}/{}", self.address(), kind.path_word())
    }
}

/// Subject of an act that waits for its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingActKind {
    /// Act on a contract or a negotiation.
    Contract(ActKind),
    /// Addition of a passkey.
    AddPasskey,
    /// Act of a form.
    Form(PendingForm),
}

/// Words of an act of a form, as its page showed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingForm {
    /// Language of the page.
    pub language: Language,
    /// Words of the act.
    pub label: String,
    /// Values that the person has entered.
    pub values: Vec<ActValue>,
    /// Page to which the person can go back, as a path of this console.
    pub back: String,
}

impl PendingActKind {
    fn label(&self, language: Language) -> String {
        match self {
            Self::Contract(kind) => kind.label(language),
            Self::AddPasskey => message!(language, "passkey-act-add"),
            Self::Form(form) => reveal_controls(&form.label).into_owned(),
        }
    }

    fn back_address(&self, subject: &str) -> String {
        match self {
            Self::Contract(_) => crate::part::address::contract_address(subject)
                .unwrap_or_else(|| "/contracts".to_owned()),
            Self::AddPasskey => PASSKEYS_ADDRESS.to_owned(),
            Self::Form(form) => own_path(&form.back).to_owned(),
        }
    }

    /// Values that the person has entered.
    fn render_values(&self, language: Language) -> Markup {
        let Self::Form(form) = self else {
            return html! {};
        };
        let tag = (form.language != language).then(|| form.language.tag());
        html! {
            @if !form.values.is_empty() {
                div lang=[tag] { (render_act_values(&form.values)) }
            }
        }
    }
}

/// Fault of a try to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PendingFault {
    /// The number was not typed.
    NumberMissing,
    /// The answer of the passkey proves nothing.
    PasskeyRefused,
}

/// Fresh login at the issuer as the proof of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginStep {
    /// It is no proof of this act, or not one of this person.
    NotOffered,
    /// The person can log in.
    Offered,
    /// The person has logged in.
    Done,
}

/// Act that waits for a passkey, a fresh login, or the number at the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingActView {
    /// Identity of the pending act.
    pub id: String,
    /// Act.
    pub kind: PendingActKind,
    /// Identity of the subject, such as a contract or a passkey.
    pub subject: String,
    /// Number to type, or the command line with it where somebody else types it; absent where nobody can.
    pub number: Option<String>,
    /// `true` if whoever runs the connector types the number, for a person without a Unix user.
    pub is_for_other: bool,
    /// Key of the form that goes on.
    pub key: String,
    /// Request to a passkey of the person; absent where the person has none.
    pub passkey: Option<PasskeyRequest>,
    /// `true` if a passkey would be enough, and the person has none.
    pub can_add_passkey: bool,
    /// Fresh login.
    pub login: LoginStep,
    /// Fault of the last try.
    pub fault: Option<PendingFault>,
}

/// Page with the ways in which the person can prove to be present: a passkey, a fresh login, the number at the machine.
#[must_use]
pub fn render_pending_act(frame: &PageFrame<'_>, view: &PendingActView) -> String {
    let language = frame.language;
    let act = view.kind.label(language);
    let subject = reveal_controls(&view.subject);
    let address = format!("/acts/{}", reveal_controls(&view.id));
    let body = html! {
        @if let Some(fault) = view.fault {
            div.summary tabindex="-1" autofocus {
                h2 { (message!(language, "error-summary")) }
                @match fault {
                    PendingFault::NumberMissing => p { (message!(language, "pending-missing")) },
                    PendingFault::PasskeyRefused => p { (message!(language, "passkey-act-refused")) },
                }
            }
        }
        p { bdi { (message!(language, "pending-act", act, subject)) } }
        (view.kind.render_values(language))
        (render_proofs(frame, view, &address))
        p { a.back href=(view.kind.back_address(&view.subject)) { (message!(language, "pending-leave")) } }
    };
    let is_at_machine = view.passkey.is_none() && view.login == LoginStep::NotOffered;
    let title = match is_at_machine && view.number.is_some() {
        true => message!(language, "pending-title"),
        false => message!(language, "passkey-act-title"),
    };
    let mut content = PageContent::new(title, body);
    content.is_error = view.fault.is_some();
    render_layout(frame, &content)
}

/// Ways to prove that the person is present; the first one in full.
fn render_proofs(frame: &PageFrame<'_>, view: &PendingActView, address: &str) -> Markup {
    let language = frame.language;
    let is_open = view.fault == Some(PendingFault::NumberMissing);
    html! {
        @match (view.login, &view.passkey, &view.number) {
            (LoginStep::Done, _, _) => {
                p { (message!(language, "pending-login-done")) }
                (render_go_on(language, view, address))
            }
            (login, Some(request), number) => {
                p { (message!(language, "passkey-act-how")) }
                (render_passkey_form(frame, &PasskeyForm {
                    action: address,
                    key: &view.key,
                    request,
                    operation: PasskeyOperation::Get,
                    label: message!(language, "passkey-act-sign"),
                    begins: view.fault.is_none(),
                }))
                @if login == LoginStep::Offered || number.is_some() {
                    details open[is_open] {
                        summary { (message!(language, "passkey-act-other")) }
                        @if login == LoginStep::Offered {
                            (render_login(language, view))
                        }
                        @if let Some(number) = number {
                            (render_number(language, view, number, address))
                        }
                    }
                }
                p { a href=(PASSKEYS_ADDRESS) { (message!(language, "passkey-act-list")) } }
            }
            (LoginStep::Offered, None, number) => {
                (render_login(language, view))
                @if let Some(number) = number {
                    details open[is_open] {
                        summary { (message!(language, "pending-at-machine")) }
                        (render_number(language, view, number, address))
                    }
                }
            }
            (LoginStep::NotOffered, None, Some(number)) => {
                (render_number(language, view, number, address))
                @if view.can_add_passkey {
                    p {
                        (message!(language, "passkey-act-have-one")) " "
                        a href=(PASSKEYS_ADDRESS) { (message!(language, "passkey-act-list")) }
                    }
                }
            }
            (LoginStep::NotOffered, None, None) => {
                p.notice { (message!(language, "pending-no-proof")) }
                p { a href=(PASSKEYS_ADDRESS) { (message!(language, "passkey-act-list")) } }
            }
        }
    }
}

/// Link to a fresh login at the issuer.
fn render_login(language: Language, view: &PendingActView) -> Markup {
    let address = format!("/oidc/start?act={}", reveal_controls(&view.id));
    html! {
        p { (message!(language, "pending-login-how")) }
        p.buttons { a href=(address) { (message!(language, "pending-login")) } }
    }
}

/// Number that the person types at the machine, and the form that goes on.
fn render_number(language: Language, view: &PendingActView, number: &str, address: &str) -> Markup {
    html! {
        @if view.is_for_other {
            p { (message!(language, "pending-how-other")) }
            pre { code { (reveal_controls(number)) } }
        } @else {
            p { (message!(language, "pending-how")) }
            pre { code { "hansa console confirm " (reveal_controls(number)) } }
            p { (message!(language, "pending-why")) }
        }
        (render_go_on(language, view, address))
    }
}

fn render_go_on(language: Language, view: &PendingActView, address: &str) -> Markup {
    html! {
        form method="post" action=(address) {
            input type="hidden" name="key" value=(reveal_controls(&view.key));
            button.main type="submit" { (message!(language, "pending-go-on")) }
        }
    }
}

/// Act that the person has done a moment ago, on the page of its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneActView {
    /// Act.
    pub kind: ActKind,
    /// Number of its record.
    pub record: u64,
    /// `true` if another person must approve it.
    pub waits: bool,
}

/// Message about an act that was done.
pub(crate) fn render_done_act(language: Language, done: &DoneActView) -> Markup {
    let sentence = match (done.waits, done.kind) {
        (true, _) => message!(language, "done-waits"),
        (false, ActKind::Sign) => message!(language, "done-sign"),
        (false, ActKind::Comment) => message!(language, "done-comment"),
        (false, ActKind::Decline) => message!(language, "done-decline"),
        (false, ActKind::Withdraw) => message!(language, "done-withdraw"),
    };
    let number = done.record;
    html! {
        div.done role="status" {
            p { strong { (sentence) } }
            p { a href={ "/evidence/records/" (number) } { (message!(language, "done-record", number)) } }
        }
    }
}

/// Links to the acts that a person can do now.
pub(crate) fn render_act_links(frame: &PageFrame<'_>, report: &ContractReport) -> Markup {
    let roles = frame.person.map_or(&[][..], |person| person.roles);
    let offered = ActKind::list_offered(roles, report);
    let subject = ActSubject::of(report);
    html! {
        @if !offered.is_empty() {
            nav.buttons aria-label=(message!(frame.language, "acts")) {
                ul {
                    @for kind in offered {
                        li { a href=(subject.act_address(kind)) { (kind.label(frame.language)) "…" } }
                    }
                    @if offers_counter(roles, report) {
                        li {
                            a href={ (subject.address()) "/counter" } { (message!(frame.language, "counter")) "…" }
                        }
                    }
                }
            }
        }
    }
}

/// `true` if people of these roles can answer a negotiation with other terms now.
#[must_use]
pub fn offers_counter(roles: &[PersonRole], report: &ContractReport) -> bool {
    let is_own_turn = match report {
        ContractReport::Negotiation(detail) => {
            let is_open = matches!(detail.state.as_str(), "REQUESTED" | "OFFERED");
            is_open && is_own_turn(detail.turn.as_deref())
        }
        ContractReport::Contract(_) => false,
    };
    is_own_turn && roles.contains(&PersonRole::Officer)
}
