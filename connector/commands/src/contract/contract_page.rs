//! `contract show`: one contract or negotiation as a page.

mod obligation_ledger;
pub(crate) mod quota_usage;
mod timeline;

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::report_json;
use crate::contract::comment::CommentReport;
use crate::contract::contract_lookup::{load_negotiation, own_role_and_counterparty};
use crate::contract::contract_page::obligation_ledger::ObligationLedger;
use crate::contract::contract_page::quota_usage::{QuotaReport, QuotaUsage, read_quota_usage};
use crate::contract::contract_page::timeline::{TimelineEvent, read_timeline};
use crate::contract::contract_text::{
    ContractReport, TermReport, describe_changes, payload_text, turn_text,
};
use crate::contract::{comment, exchange_messages};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::seal;
use hansa_node::log::record_keeping::RecordKeeping;
use hansa_node::participant::Connector;
use hansa_node::participant::approval::read_approval_reason;
use hansa_node::{negotiation, withdrawal};
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::signature::{SignatoryRole, SignedMandate};
use hansa_policy::contract::{Agreement, ContractStatus, SignedWithdrawal};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::negotiation::PartyRole;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::language::Language;
use hansa_proto::contract::page_digest;
use hansa_proto::render::agreement_page::{PageBlock, PageBlockForm, PagePart};
use hansa_proto::render::contract_status::{
    ContractStatusLines, SignatureFacts, StatusLineLabel, WithdrawalFacts,
};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// How a contract is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct ContractShowOptions {
    /// Changes since the last message.
    pub(super) diff: bool,
    /// The document instead of the page.
    pub(super) odrl: bool,
    /// True if no peer is asked for its messages first.
    pub(super) as_known: bool,
    /// Language of the page; absent: that in which it is signed.
    pub(super) language: Option<Language>,
}

pub(super) async fn show_contract(
    connector: &Arc<Connector>,
    prefix: &str,
    options: ContractShowOptions,
    out: &EventSink,
) -> CommandResult {
    let ContractShowOptions {
        diff,
        odrl,
        as_known,
        language,
    } = options;
    let now = connector.now();
    let by_contract: Vec<_> = connector.contracts.with_registry(|registry| {
        let all = registry.all_contracts(now);
        let named = all.filter(|(id, _, _)| id.to_string().starts_with(prefix));
        // Two already name none.
        let copied = named.map(|(id, agreement, status)| (id, agreement.clone(), status));
        copied.take(2).collect()
    });
    if let [(id, agreement, status)] = by_contract.as_slice() {
        let (role, _) = own_role_and_counterparty(connector, agreement);
        let read = RenderedPage::new(agreement, language);
        let signatures = check_signatures(connector, *id);
        let budgets = read_quota_usage(connector, *id, agreement)?;
        let owed = ObligationLedger::load(connector, *id, agreement)?;
        let is_withdrawn = connector
            .contracts
            .with_registry(|registry| registry.withdrawn_from(*id).is_some());
        let shows_end = match status {
            ContractStatus::Withdrawn => true,
            ContractStatus::InForce | ContractStatus::NotYet => is_withdrawn,
            ContractStatus::Expired | ContractStatus::Superseded => false,
        };
        let ended = shows_end.then(|| withdrawal::withdrawal_of(&connector.records, *id));
        let ended = ended.flatten();
        let text = if odrl {
            payload_text(agreement)
        } else {
            let ending = ended.as_ref().map(|ended| WithdrawalFacts {
                party: &ended.party,
                issued_at: ended.issued_at,
                effective_from: withdrawal::effective_from(ended),
                reason: &ended.reason,
            });
            let lines = ContractStatusLines::new(read.language, agreement);
            let state = lines.state(*status, ending);
            render_contract_page(&lines, &read, *id, agreement, &state, &signatures, &budgets)
                + &owed.to_text()
        };
        let history = ContractHistory {
            contract: *id,
            negotiation: None,
            agreement,
            signatures: &signatures,
            ended: ended.as_ref(),
        };
        let report = ContractPageReport {
            contract: ContractReport::new(*id, agreement, *status, role),
            owed,
            shown: ShownPage::of(agreement),
            page: &read.page,
            blocks: read.blocks.iter().map(PageBlockReport::of).collect(),
            timeline: read_timeline(connector, &history)?,
            withdrawal: ended.as_ref().map(WithdrawalReport::of),
            officers: read_approvals(&connector.records, *id)?,
            declined_steps: read_declined_steps(&connector.records, *id)?,
            signatures: signatures.iter().map(CheckedSignature::to_report).collect(),
            budgets: budgets.iter().map(QuotaUsage::to_report).collect(),
        };
        out.send_object(report_json(&report), text).await?;
        return Ok(0);
    }
    if !as_known {
        exchange_messages(connector, out).await?;
    }
    let (name, open) = load_negotiation(connector, prefix)?;
    let agreement = &open.state.proposal().agreement;
    let read = RenderedPage::new(agreement, language);
    let comments = negotiation::clause_comment::read_comments(connector, &name)?;
    let text = if diff {
        match &open.before {
            None => "nothing was changed yet".to_owned(),
            Some(before) => describe_changes(before, agreement),
        }
    } else if odrl {
        payload_text(agreement)
    } else {
        let lines = ContractStatusLines::new(read.language, agreement);
        format!(
            "{}{}\n{}",
            render_contract_page(
                &lines,
                &read,
                open.state.proposal().contract,
                agreement,
                &format!("{} ({name})", lines.phase(open.state.phase())),
                &[],
                &[],
            ),
            comment::render_comments(&comments),
            open.turn_sentence()
        )
    };
    let proposal = open.state.proposal();
    let history = ContractHistory {
        contract: proposal.contract,
        negotiation: Some(&name),
        agreement,
        signatures: &[],
        ended: None,
    };
    let report = NegotiationPageReport {
        negotiation: &name,
        participant: match open.own {
            PartyRole::Provider => agreement.assignee_id().map_or("", ParticipantId::domain),
            PartyRole::Consumer => agreement.provider.id.domain(),
        },
        dataset: agreement.dataset.id.name.as_str(),
        role: open.own.as_str(),
        state: open.state.phase().as_str(),
        would_become: proposal.contract,
        turn: turn_text(&open),
        comments: comments.iter().map(CommentReport::of).collect(),
        terms: TermReport::from_agreement(agreement),
        shown: ShownPage::of(agreement),
        page: &read.page,
        blocks: read.blocks.iter().map(PageBlockReport::of).collect(),
        timeline: read_timeline(connector, &history)?,
        officers: read_approvals(&connector.records, proposal.contract)?,
        declined_steps: read_declined_steps(&connector.records, proposal.contract)?,
        diff: open
            .before
            .as_ref()
            .map(|before| describe_changes(before, agreement)),
    };
    out.send_object(report_json(&report), text).await?;
    Ok(0)
}

/// A contract as a page.
fn render_contract_page(
    lines: &ContractStatusLines<'_>,
    read: &RenderedPage,
    id: ContractId,
    agreement: &Agreement,
    state: &str,
    signatures: &[CheckedSignature],
    budgets: &[QuotaUsage],
) -> String {
    let mut text = hansa_proto::render::agreement_in(read.language, Some(id), agreement);
    let mut line = |label: StatusLineLabel, value: &str| {
        text.push('\n');
        text.push_str(&lines.line(label, value));
    };
    line(StatusLineLabel::Shown, &lines.describe_page());
    line(StatusLineLabel::State, state);
    for signature in signatures {
        line(StatusLineLabel::Signed, &signature.to_text(lines));
    }
    for budget in budgets {
        line(StatusLineLabel::Used, &budget.to_text(lines));
    }
    text
}

/// The page as somebody reads it now.
struct RenderedPage {
    language: Language,
    page: String,
    blocks: Vec<PageBlock>,
}

impl RenderedPage {
    /// In the language that was asked for, else in that in which it is signed; always in the form that is signed.
    fn new(agreement: &Agreement, wanted: Option<Language>) -> Self {
        let signed = agreement.rendering;
        let rendering = match wanted {
            Some(language) => signed.in_language(language),
            None => signed,
        };
        Self {
            language: rendering.language,
            page: hansa_proto::render::render_page(rendering, agreement),
            blocks: hansa_proto::render::page_blocks(rendering, agreement),
        }
    }
}

/// Values from which the events of a contract are read.
struct ContractHistory<'a> {
    /// Contract, proposed or concluded.
    contract: ContractId,
    /// Negotiation; absent: the one that made the contract.
    negotiation: Option<&'a str>,
    agreement: &'a Agreement,
    signatures: &'a [CheckedSignature],
    ended: Option<&'a SignedWithdrawal>,
}

/// Line of the page, with its place.
#[derive(Debug, Serialize)]
struct PageBlockReport<'a> {
    /// Part: `parties`, `subject`, `time`, `enforced`, `agreed`, `open`, `end` or `documents`.
    part: &'static str,
    /// Form: `heading`, `subheading`, `fact`, `clause`, `clause_note`, `item` or `note`.
    form: &'static str,
    /// Name of a fact.
    name: Option<&'a str>,
    /// Identity of a clause.
    clause: Option<&'a str>,
    text: &'a str,
    /// `true` if the provider's connector enforces the clause; absent outside clauses.
    enforced: Option<bool>,
}

impl<'a> PageBlockReport<'a> {
    fn of(block: &'a PageBlock) -> Self {
        let (name, clause) = match &block.form {
            PageBlockForm::Fact(name) => (Some(name.as_str()), None),
            PageBlockForm::Clause(id) => (None, Some(id.as_str())),
            _ => (None, None),
        };
        Self {
            part: block.part.as_str(),
            form: block.form.as_str(),
            name,
            clause,
            text: &block.text,
            enforced: clause.map(|_| block.part == PagePart::Enforced),
        }
    }
}

/// Contract as a page.
#[derive(Debug, Serialize)]
struct ContractPageReport<'a> {
    #[serde(flatten)]
    contract: ContractReport,
    #[serde(flatten)]
    owed: ObligationLedger,
    shown: ShownPage,
    page: &'a str,
    blocks: Vec<PageBlockReport<'a>>,
    timeline: Vec<TimelineEvent>,
    withdrawal: Option<WithdrawalReport>,
    officers: Vec<ApprovalReport>,
    declined_steps: Vec<DeclinedStepReport>,
    signatures: Vec<SignatureReport<'a>>,
    budgets: Vec<QuotaReport<'a>>,
}

/// Negotiation as a page.
#[derive(Debug, Serialize)]
struct NegotiationPageReport<'a> {
    negotiation: &'a str,
    /// Domain of the other side.
    participant: &'a str,
    dataset: &'a str,
    /// Own role.
    role: &'static str,
    state: &'static str,
    would_become: ContractId,
    turn: String,
    comments: Vec<CommentReport>,
    terms: Vec<TermReport>,
    shown: ShownPage,
    page: &'a str,
    blocks: Vec<PageBlockReport<'a>>,
    timeline: Vec<TimelineEvent>,
    officers: Vec<ApprovalReport>,
    declined_steps: Vec<DeclinedStepReport>,
    diff: Option<String>,
}

/// Withdrawal of a contract.
#[derive(Debug, Serialize)]
struct WithdrawalReport {
    by: String,
    at: UtcTimestamp,
    from: UtcTimestamp,
    reason: String,
}

impl WithdrawalReport {
    fn of(ended: &SignedWithdrawal) -> Self {
        Self {
            by: ended.party.domain().to_owned(),
            at: ended.issued_at,
            from: withdrawal::effective_from(ended),
            reason: ended.reason.to_string(),
        }
    }
}

/// Action that needs two officers: who has asked for it, and who has approved it.
#[derive(Debug, Serialize)]
struct ApprovalReport {
    action: String,
    first: String,
    first_user: Option<Value>,
    second: Option<String>,
    second_user: Option<Value>,
    /// Reason of the first officer, while it is stored.
    reason: Option<String>,
    /// Instant of the request of the first officer.
    at: UtcTimestamp,
}

/// Action that one officer has asked for, and that was declined.
#[derive(Debug, Serialize)]
struct DeclinedStepReport {
    action: String,
    first: String,
    declined: String,
    /// Reason of the officer who has declined it, while it is stored.
    reason: Option<String>,
    at: UtcTimestamp,
}

/// The actions at a contract that were declined, the latest first.
fn read_declined_steps(
    records: &RecordKeeping,
    contract: ContractId,
) -> Result<Vec<DeclinedStepReport>, Refusal> {
    let rows = records.index(|state| state.declined_approvals(Some(contract)))?;
    let reported = rows.into_iter().map(|row| {
        Ok::<_, Refusal>(DeclinedStepReport {
            reason: read_approval_reason(records, row.reason.as_deref())?,
            action: row.action,
            first: row.first,
            declined: row.declined,
            at: row.at,
        })
    });
    reported.collect()
}

/// The actions at a contract that need two officers.
fn read_approvals(
    records: &RecordKeeping,
    contract: ContractId,
) -> Result<Vec<ApprovalReport>, Refusal> {
    let words = records.index(|state| state.pending_approvals())?;
    let of = words.into_iter().filter(|word| word.contract == contract);
    // Who it was stands beside the log, as long as nobody has erased it.
    let user = |pseudonym: &str| {
        let person = records.pseudonyms.person(pseudonym);
        person.map(|person| person.to_json())
    };
    let reported = of.map(|word| {
        Ok::<_, Refusal>(ApprovalReport {
            first_user: user(&word.first),
            second_user: word.second.as_deref().and_then(user),
            reason: read_approval_reason(records, word.reason.as_deref())?,
            at: word.at,
            action: word.action,
            first: word.first,
            second: word.second,
        })
    });
    reported.collect()
}

/// Page that is part of what is signed.
#[derive(Debug, Serialize)]
pub(super) struct ShownPage {
    form: &'static str,
    language: &'static str,
    zone: String,
    sha256: Digest,
}

impl ShownPage {
    /// The page of an agreement.
    pub(super) fn of(agreement: &Agreement) -> Self {
        let PageRendering { language, zone } = agreement.rendering;
        Self {
            form: PageRendering::FORM,
            language: language.tag(),
            zone: zone.as_str().to_owned(),
            sha256: page_digest(agreement),
        }
    }
}

/// A signature of a contract, checked again now.
struct CheckedSignature {
    role: SignatoryRole,
    key: String,
    algorithm: String,
    /// When it was made, by the signer's clock, in seconds.
    issued_at: i64,
    /// To whom the seal is issued, where it is one.
    sealed_for: Option<String>,
    mandate: Option<SignedMandate>,
    fault: Option<Refusal>,
}

/// Signature for programs.
#[derive(Debug, Serialize)]
struct SignatureReport<'a> {
    role: &'static str,
    key: &'a str,
    algorithm: &'a str,
    /// Seconds by the signer's clock.
    issued_at: i64,
    sealed_for: Option<&'a str>,
    mandate: Option<MandateReport<'a>>,
    valid: bool,
    fault: Option<String>,
}

/// Mandate on which a signature rests.
#[derive(Debug, Serialize)]
struct MandateReport<'a> {
    statement: Digest,
    capacity: &'a str,
    up_to: &'static str,
    longest_days: u32,
    until: UtcTimestamp,
}

impl<'a> MandateReport<'a> {
    fn of(signed: &'a SignedMandate) -> Self {
        let mandate = &signed.mandate;
        Self {
            statement: signed.statement,
            capacity: &mandate.capacity,
            up_to: mandate.up_to.as_str(),
            longest_days: mandate.longest_days,
            until: mandate.not_after,
        }
    }
}

impl CheckedSignature {
    fn to_report(&self) -> SignatureReport<'_> {
        SignatureReport {
            role: self.role.as_str(),
            key: &self.key,
            algorithm: &self.algorithm,
            issued_at: self.issued_at,
            sealed_for: self.sealed_for.as_deref(),
            mandate: self.mandate.as_ref().map(MandateReport::of),
            valid: self.fault.is_none(),
            fault: self.fault.as_ref().map(ToString::to_string),
        }
    }

    fn to_text(&self, lines: &ContractStatusLines<'_>) -> String {
        lines.signature(&SignatureFacts {
            role: self.role,
            algorithm: &self.algorithm,
            key: &self.key,
            issued_at: self.issued_at,
            sealed_for: self.sealed_for.as_deref(),
            mandate: self
                .mandate
                .as_ref()
                .map(|signed| (&signed.mandate, signed.statement)),
            valid: self.fault.is_none(),
        })
    }
}

fn check_signatures(connector: &Connector, id: ContractId) -> Vec<CheckedSignature> {
    let Ok(bytes) = connector.records.documents.read_contract(id) else {
        return Vec::new();
    };
    let Ok(signed) = hansa_proto::envelope::parse_any_contract(&bytes) else {
        return Vec::new();
    };
    let at = connector
        .records
        .index(|state| state.contract_activation(id))
        .ok()
        .flatten()
        .unwrap_or_else(|| connector.now());
    let bundle = connector.identity.trust.bundle();
    signed
        .signatures
        .iter()
        .map(|signature| {
            let checked = signed.check_signature(signature.role, &bundle.keys(at));
            CheckedSignature {
                role: signature.role,
                key: signature.kid.clone(),
                algorithm: signature.alg.to_string(),
                issued_at: signature.issued_at,
                sealed_for: signature.seal.as_ref().and_then(seal::stated_organisation),
                mandate: signature.mandate.as_deref().cloned(),
                fault: checked.err(),
            }
        })
        .collect()
}
