//! The steps after the request: counter, sign, decline.

use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::event_sink::EventSink;
use crate::catalog::find_dataset;
use crate::cli::command_report::{CommandReport, report_json};
use crate::contract::contract_lookup::{load_negotiation, read_negotiations};
use crate::contract::contract_text::NegotiationReport;
use crate::contract::exchange_messages;
use crate::contract::proposal_terms::terms_from;
use hansa_node::dataset::dataset_state::DatasetState;
use hansa_node::negotiation;
use hansa_node::negotiation::open_negotiation::OpenNegotiation;
use hansa_node::negotiation::outgoing_message;
use hansa_node::offer::offers::PendingView;
use hansa_node::participant::Connector;
use hansa_node::participant::approval;
use hansa_node::participant::approval::{Approval, ApprovalAction};
use hansa_node::participant::caller::Caller;
use hansa_node::peer::mailbox;
use hansa_node::peer::peer_connections::KnownPeer;
use hansa_node::process::blocking_work::run_blocking;
use hansa_node::process::randomness::random_bytes;
use hansa_policy::contract::Agreement;
use hansa_policy::id::{ContractId, SqlIdentifier};
use hansa_policy::negotiation::{NextMessage, PartyRole, Phase};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_policy::term::Term;
use hansa_policy::value::cube::CubeFunction;
use hansa_proto::contract;
use hansa_proto::peer::message::MessageContent;
use serde::Serialize;
use std::sync::Arc;

pub(super) async fn counter_offer(
    connector: &Arc<Connector>,
    args: ReadProposal,
    policy: &str,
    out: &EventSink,
) -> CommandResult {
    exchange_messages(connector, out).await?;
    let (name, open) = load_negotiation(connector, &args.id)?;
    args.check_contract(open.state.proposal().contract)?;
    let mut agreement = change_terms(connector, &open, policy).await?;
    agreement.proposed_at = connector.now();
    agreement.nonce = hansa_proto::base64url::encode(&random_bytes::<16>());
    let payload = contract::to_bytes(&agreement).into();
    let content = match open.own {
        PartyRole::Provider => MessageContent::Offer {
            negotiation: name.clone(),
            payload,
        },
        PartyRole::Consumer => MessageContent::Request {
            negotiation: name.clone(),
            dataset: agreement.dataset.id.clone(),
            offer: None,
            payload,
        },
    };
    send_step(connector, &name, &open, content, out).await
}

/// Agreement of the last proposal with the terms of a policy. Nothing is sent.
///
/// # Errors
/// Why the policy can't be read, or the dataset is not here.
pub(crate) async fn change_terms(
    connector: &Arc<Connector>,
    open: &OpenNegotiation,
    policy: &str,
) -> Result<Agreement, Refusal> {
    let mut agreement = open.state.proposal().agreement.clone();
    let dataset = match open.own {
        PartyRole::Provider => connector
            .datasets
            .catalog(|catalog| catalog.by_id(&agreement.dataset.id).cloned())
            .ok_or_else(|| {
                Refusal::new(
                    ErrorCode::DatasetNotPublished,
                    "the dataset is not published",
                )
            })?,
        PartyRole::Consumer => {
            let peer = peer_of(connector, open)?;
            let name = format!("{}.{}", peer.alias, agreement.dataset.id.name);
            find_dataset(connector, &name).await?.dataset
        }
    };
    terms_from(policy, &dataset, &mut agreement, connector)?;
    agreement.version = agreement.version.saturating_add(1);
    agreement.rendering = agreement.rendering.in_zone(&dataset.zone);
    Ok(agreement)
}

/// Negotiation, and the contract that a signature of its proposal must make.
pub(super) struct ReadProposal {
    pub(super) id: String,
    /// Absent: that of the proposal as it stands.
    pub(super) becomes: Option<String>,
}

impl ReadProposal {
    /// Refuses a proposal that is another one than the person has read.
    pub(super) fn check_contract(&self, contract: ContractId) -> Result<(), Refusal> {
        match &self.becomes {
            Some(wanted) if *wanted != contract.to_string() => {
                let sentence = format!(
                    "a signature would make the contract {contract}, not {wanted}; nothing was done"
                );
                Err(Refusal::new(ErrorCode::TermsChanged, sentence))
            }
            Some(_) | None => Ok(()),
        }
    }
}

pub(super) async fn sign_contract(
    connector: &Arc<Connector>,
    args: ReadProposal,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    exchange_messages(connector, out).await?;
    let prefix = args.id.as_str();
    if let Some(held) = held_view(&connector.datasets, prefix) {
        args.check_contract(held.key)?;
        return sign_view(connector, &held, caller, out).await;
    }
    let (name, open) = load_negotiation(connector, prefix)?;
    args.check_contract(open.state.proposal().contract)?;
    if waits_for_second_officer(connector, &name, &open, caller, out).await? {
        return Ok(0);
    }
    let content = outgoing_message::due_message(connector, &open)?;
    send_step(connector, &name, &open, content, out).await
}

/// The public view that waits for two officers, by a prefix of what they say it of.
fn held_view(datasets: &DatasetState, prefix: &str) -> Option<PendingView> {
    let mut all = datasets.pending_views().into_iter();
    all.find(|held| prefix.len() >= 4 && held.key.to_string().starts_with(prefix))
}

/// Takes an officer's word on a public view; with the second one it is signed and in force.
async fn sign_view(
    connector: &Arc<Connector>,
    held: &PendingView,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    let word =
        approval::take_approval(connector, caller, held.key, ApprovalAction::Sign, None).await?;
    let signed = matches!(word, Approval::Enough(_));
    let mut status = 0;
    if signed {
        let inner = Arc::clone(connector);
        let faults =
            run_blocking(move || hansa_node::offer::offer_renewal::renew_offers(&inner)).await?;
        status = out.report_faults(&faults).await;
    }
    out.send_report(&ApprovedView {
        dataset: &held.dataset.name,
        view: held.key,
        signed,
        waits_for: (!signed).then_some("second officer"),
        verdict: held.verdict.as_str(),
    })
    .await?;
    Ok(status)
}

/// Public view that an officer has approved.
#[derive(Debug, Serialize)]
struct ApprovedView<'a> {
    dataset: &'a SqlIdentifier,
    view: ContractId,
    signed: bool,
    waits_for: Option<&'static str>,
    /// Comparison with the view in force.
    verdict: &'static str,
}

impl CommandReport for ApprovedView<'_> {
    fn to_text(&self) -> String {
        let Self {
            dataset, verdict, ..
        } = self;
        match self.signed {
            true => format!("the public view of {dataset} is signed and in force"),
            false => format!(
                "the public view of {dataset} is {verdict} compared with the one in force; your approval is recorded, and nothing is signed yet\n\
                 a second officer approves with: hansa contract sign {}",
                self.view.to_short_text()
            ),
        }
    }
}

/// Whether our signature has to wait for a second officer; then that is said.
pub(super) async fn waits_for_second_officer(
    connector: &Arc<Connector>,
    name: &str,
    open: &OpenNegotiation,
    caller: &Caller,
    out: &EventSink,
) -> Result<bool, CommandError> {
    let Some(NextMessage::Agreement(contract) | NextMessage::Finalization(contract)) =
        open.state.next_message(open.own)
    else {
        return Ok(false);
    };
    let Some(verdict) = approval::needs_two(connector, &open.state.proposal().agreement) else {
        return Ok(false);
    };
    match approval::take_approval(connector, caller, contract, ApprovalAction::Sign, None).await? {
        Approval::Enough(_) => Ok(false),
        Approval::Waits => {
            out.send_report(&WaitingSignature {
                negotiation: name,
                would_become: contract,
                signed: false,
                waits_for: "second officer",
                verdict: verdict.as_str(),
            })
            .await?;
            Ok(true)
        }
    }
}

/// Signature that waits for a second officer.
#[derive(Debug, Serialize)]
struct WaitingSignature<'a> {
    negotiation: &'a str,
    would_become: ContractId,
    signed: bool,
    waits_for: &'static str,
    /// Comparison with the contracts in force.
    verdict: &'static str,
}

impl CommandReport for WaitingSignature<'_> {
    fn to_text(&self) -> String {
        let (name, verdict) = (self.negotiation, self.verdict);
        format!(
            "{name} is {verdict} compared with what is in force; your approval is recorded, and nothing is signed yet\n\
             a second officer approves with: hansa contract sign {name}"
        )
    }
}

pub(super) async fn decline_negotiation(
    connector: &Arc<Connector>,
    read: ReadProposal,
    reason: SingleLineText,
    out: &EventSink,
) -> CommandResult {
    exchange_messages(connector, out).await?;
    let (name, open) = load_negotiation(connector, &read.id)?;
    read.check_contract(open.state.proposal().contract)?;
    let content = MessageContent::Termination {
        negotiation: name.clone(),
        code: None,
        reason: reason.to_string(),
    };
    send_step(connector, &name, &open, content, out).await
}

/// That a contract is concluded, and from when it counts where that is not now.
pub(super) fn in_force_from(connector: &Connector, open: &OpenNegotiation) -> String {
    let proposal = open.state.proposal();
    let (contract, begins) = (
        proposal.contract.to_short_text(),
        proposal.agreement.not_before,
    );
    match begins > connector.now() {
        true => format!("contract {contract} is signed by both and begins at {begins}"),
        false if open.own == PartyRole::Consumer => format!(
            "contract {contract} is in force\nnext: {}",
            first_question(connector, &proposal.agreement)
        ),
        false => format!("contract {contract} is in force"),
    }
}

/// A command that asks a question which the contract permits.
fn first_question(connector: &Connector, agreement: &Agreement) -> String {
    let dataset = &agreement.dataset.id;
    let owner = match connector.find_peer(dataset.owner.as_str()) {
        Ok(peer) => peer.alias.to_string(),
        Err(_) => dataset.owner.domain().to_owned(),
    };
    let terms = || agreement.clauses.iter().map(|clause| &clause.term);
    let functions = terms().find_map(|term| match term {
        Term::Functions(functions) => Some(functions),
        _ => None,
    });
    let sql = match functions {
        None => format!("SELECT * FROM {owner}.{} LIMIT 10", dataset.name),
        Some(functions) if functions.contains(&CubeFunction::Count) => {
            format!("SELECT count(*) FROM {owner}.{}", dataset.name)
        }
        Some(_) => {
            let measure = terms().find_map(|term| match term {
                Term::Measures(measures) => measures.first(),
                _ => None,
            });
            let measure = measure.map_or_else(|| "…".to_owned(), ToString::to_string);
            format!("SELECT sum({measure}) FROM {owner}.{}", dataset.name)
        }
    };
    let purpose = terms().find_map(|term| match term {
        Term::Purpose(purposes) => purposes.first(),
        _ => None,
    });
    match purpose {
        Some(purpose) => format!("hansa sql \"{sql}\" --purpose {purpose}"),
        None => format!("hansa sql \"{sql}\""),
    }
}

/// Says how a negotiation stands after a step, and whether the post could be carried.
pub(super) async fn report_step(
    connector: &Arc<Connector>,
    name: &str,
    carried: Result<(), Refusal>,
    out: &EventSink,
    text: impl Fn(&OpenNegotiation) -> String,
) -> CommandResult {
    let row = read_negotiations(connector)?
        .into_iter()
        .find(|row| row.id == name);
    let open = negotiation::message_replay::load_negotiation(connector, name)?;
    if let (Some(row), Some(open)) = (row, open) {
        let is_finalized = open.state.phase() == Phase::Finalized;
        let report = SteppedNegotiation {
            negotiation: NegotiationReport::new(&row, Some(&open)),
            contract: is_finalized.then(|| open.state.proposal().contract),
        };
        out.send_object(report_json(&report), text(&open)).await?;
    }
    match carried {
        Ok(()) => Ok(0),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Negotiation after a step, with the contract that it has made.
#[derive(Debug, Serialize)]
struct SteppedNegotiation {
    #[serde(flatten)]
    negotiation: NegotiationReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract: Option<ContractId>,
}

/// Sends a message of ours and carries it, where it is ours to carry.
pub(super) async fn send_step(
    connector: &Arc<Connector>,
    name: &str,
    open: &OpenNegotiation,
    content: MessageContent,
    out: &EventSink,
) -> CommandResult {
    outgoing_message::send_message(connector, open.other_party(), content, false).await?;
    let carried = match open.own {
        // A provider never dials; the consumer fetches the message.
        PartyRole::Provider => Ok(()),
        PartyRole::Consumer => {
            mailbox::exchange_messages(connector, &peer_of(connector, open)?).await
        }
    };
    report_step(connector, name, carried, out, |open| {
        match open.state.phase() {
            Phase::Finalized => in_force_from(connector, open),
            Phase::Agreed if open.own == PartyRole::Provider => format!(
                "{name} is agreed; the contract is concluded once the consumer's connector has confirmed it, which it does by itself"
            ),
            phase => format!(
                "{name} is {}; {}",
                phase.as_str().to_lowercase(),
                open.turn_sentence()
            ),
        }
    })
    .await
}

pub(super) fn peer_of(connector: &Connector, open: &OpenNegotiation) -> Result<KnownPeer, Refusal> {
    connector.find_peer(open.other_party().as_str())
}
