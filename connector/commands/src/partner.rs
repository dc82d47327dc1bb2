//! `hansa partner`: connectors of other makes.

pub(crate) mod arguments;

use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow, report_json};
use crate::partner::arguments::PartnerCommand;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::messages::PartnerDataRecord;
use hansa_node::config::dataspace::PartnerConfig;
use hansa_node::log::audit_event::AuditEvent;
use hansa_node::participant::Connector;
use hansa_node::participant::approval;
use hansa_node::participant::approval::{Approval, ApprovalAction};
use hansa_node::participant::caller::Caller;
use hansa_node::participant::startup::JudgedState;
use hansa_node::partner::{PartnerOffer, PartnerProcessSummary, PartnerProcesses};
use hansa_policy::id::{ContractId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::dataspace::client;
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a partner may take to start a transfer.
const START: Duration = Duration::from_secs(60);

/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(200);

impl Command for PartnerCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::Trial { .. }
            | Self::List
            | Self::Catalog { .. }
            | Self::Show { .. }
            | Self::Policy { .. } => CommandEffect::Looks,
            Self::Request { .. }
            | Self::Agree { .. }
            | Self::Fetch { .. }
            | Self::Collect { .. } => CommandEffect::Acts(""),
            Self::End { process, .. } => CommandEffect::Ends(format!(
                "Ending {process} ends what is negotiated or transferred in it; the partner is told."
            )),
        }
    }
}

impl ConnectorVerb for PartnerCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::Fetch { output, .. } | Self::Collect { output, .. } => {
                vec![NamedFile::Opened(output)]
            }
            Self::List
            | Self::Catalog { .. }
            | Self::Policy { .. }
            | Self::Request { .. }
            | Self::Show { .. }
            | Self::Agree { .. }
            | Self::End { .. }
            | Self::Trial { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List
            | Self::Catalog { .. }
            | Self::Policy { .. }
            | Self::Request { .. }
            | Self::Show { .. }
            | Self::Agree { .. }
            | Self::End { .. }
            | Self::Trial { .. }
            | Self::Fetch { .. }
            | Self::Collect { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext {
            connector,
            caller,
            out,
            ..
        } = context;
        match self {
            PartnerCommand::Trial { .. } => {
                return Err(Refusal::new(ErrorCode::UsageWrong, "a trial runs by itself").into());
            }
            PartnerCommand::List => list_partners(connector, out).await?,
            PartnerCommand::Catalog { partner } => {
                let offers = connector
                    .partner_processes
                    .get()?
                    .fetch_offers(&partner)
                    .await?;
                let rows: Vec<OfferReport> = offers.into_iter().map(OfferReport::of).collect();
                out.send_list(&rows).await?;
            }
            PartnerCommand::Policy { partner } => {
                let offers = connector
                    .partner_processes
                    .get()?
                    .local_offers(&partner)
                    .await?;
                for offer in offers {
                    let rules = serde_json::from_str(&offer.rules).unwrap_or_default();
                    out.send_report(&PartnerPolicyReport {
                        dataset: offer.dataset,
                        offer: offer.offer,
                        policy: PartnerPolicy::of(rules),
                    })
                    .await?;
                }
            }
            PartnerCommand::Request { partner, offer } => {
                let pid = connector
                    .partner_processes
                    .get()?
                    .request_contract(&partner, &offer)
                    .await?;
                out.send_report(&RequestedProcess {
                    process: pid,
                    partner,
                })
                .await?;
            }
            PartnerCommand::Show { process } => {
                let table = connector.partner_processes.get()?.on_table(&process)?;
                out.send_report(&TermsReport {
                    process: ProcessReport::of(table.summary),
                    offer: table.offer,
                    rules: table.rules,
                    terms: table.terms,
                })
                .await?;
            }
            PartnerCommand::Agree { process, terms } => {
                let terms: Digest = terms.parse().map_err(|_| {
                    Refusal::new(
                        ErrorCode::UsageWrong,
                        format!("`{terms}` is no digest of terms"),
                    )
                    .with_help(format!("hansa partner show {process}"))
                })?;
                agree_to_terms(connector, &process, terms, caller, out).await?;
            }
            PartnerCommand::End { process, reason } => {
                connector
                    .partner_processes
                    .get()?
                    .end_process(&process, &reason)
                    .await?;
                out.send_report(&ProcessStep {
                    process,
                    step: "is ended",
                })
                .await?;
            }
            PartnerCommand::Fetch {
                partner,
                agreement,
                format,
                output,
                most,
            } => {
                let processes = connector.partner_processes.get()?;
                let pid = processes
                    .request_transfer(&partner, &agreement, &format)
                    .await?;
                let fetched = async {
                    let (address, authorization) =
                        wait_for_transfer_start(&*processes, &pid).await?;
                    check_host(connector, &partner, &address)?;
                    let limit = most.saturating_mul(1024 * 1024);
                    client::download_file(&address, &authorization, &output, limit).await
                };
                let (bytes, sha256) = match fetched.await {
                    Ok(fetched) => fetched,
                    Err(refusal) => {
                        // A transfer that can't be ended has ended already.
                        let _over = processes.end_process(&pid, "the data did not come").await;
                        return Err(refusal.into());
                    }
                };
                let received = PartnerDataRecord {
                    partner: partner.to_string(),
                    process: pid.to_string(),
                    agreement: agreement.to_string(),
                    bytes,
                    sha256: sha256.to_string(),
                };
                let _recorded = connector.record(AuditEvent::from(received)).await?;
                processes.complete_transfer(&pid).await?;
                out.send_report(&ReceivedData {
                    process: pid,
                    bytes,
                    sha256,
                    partner,
                    output,
                })
                .await?;
            }
            PartnerCommand::Collect {
                process,
                output,
                most,
            } => {
                let processes = connector.partner_processes.get()?;
                let all = processes.summaries();
                let flow = all.into_iter().find(|one| one.pid == process);
                let flow = flow.filter(|one| one.kind == "data flow" && !one.is_provider);
                let flow = flow.ok_or_else(|| {
                    let sentence = format!("there is no data flow `{process}` in which data comes");
                    Refusal::new(ErrorCode::NegotiationUnknown, sentence)
                        .with_help("hansa partner list")
                })?;
                let (address, authorization) = flow.data_address.ok_or_else(|| {
                    let sentence = format!("the data flow is {}", flow.state);
                    Refusal::new(ErrorCode::NegotiationState, sentence)
                })?;
                check_host(connector, &flow.partner, &address)?;
                let limit = most.saturating_mul(1024 * 1024);
                let (bytes, sha256) =
                    client::download_file(&address, &authorization, &output, limit).await?;
                let received = PartnerDataRecord {
                    partner: flow.partner.to_string(),
                    process: process.to_string(),
                    agreement: flow.subject.to_string(),
                    bytes,
                    sha256: sha256.to_string(),
                };
                let _recorded = connector.record(AuditEvent::from(received)).await?;
                processes.complete_flow(&process).await?;
                out.send_report(&ReceivedData {
                    process,
                    bytes,
                    sha256,
                    partner: flow.partner,
                    output,
                })
                .await?;
            }
        }
        Ok(0)
    }
}

/// Goes on with a negotiation; where two officers have to say so, each of them does.
async fn agree_to_terms(
    connector: &Arc<Connector>,
    process: &str,
    terms: Digest,
    caller: &Caller,
    out: &EventSink,
) -> Result<(), CommandError> {
    let processes = connector.partner_processes.get()?;
    if processes.on_table(process)?.terms == terms
        && let Some(agreement) = processes.agreement_to_sign(process).await?
        && let Some(verdict) = approval::needs_two(connector, &agreement)
    {
        let contract = ContractId(Digest::of(&hansa_proto::contract::to_bytes(&agreement)));
        let word = approval::take_approval(connector, caller, contract, ApprovalAction::Sign, None);
        if word.await? == Approval::Waits {
            out.send_report(&WaitingAgreement {
                process: process.to_owned(),
                would_become: contract,
                signed: false,
                waits_for: "second officer",
                verdict: verdict.as_str(),
                terms,
            })
            .await?;
            return Ok(());
        }
    }
    processes.agree_to_terms(process, terms).await?;
    out.send_report(&ProcessStep {
        process: process.to_owned(),
        step: "goes on",
    })
    .await?;
    Ok(())
}

async fn list_partners(connector: &Arc<Connector>, out: &EventSink) -> Result<(), CommandError> {
    let config = connector.config();
    let partners = config
        .dataspace
        .iter()
        .flat_map(|dataspace| &dataspace.partners);
    let rows: Vec<PartnerReport> = partners.map(PartnerReport::of).collect();
    out.send_list(&rows).await?;
    let Ok(processes) = connector.partner_processes.get() else {
        return Ok(());
    };
    let summaries = processes.summaries().into_iter();
    let rows: Vec<ProcessReport> = summaries.map(ProcessReport::of).collect();
    if !rows.is_empty() {
        out.send_list(&rows).await?;
    }
    Ok(())
}

/// Waits until a transfer is started; gives where the data is and what opens it.
async fn wait_for_transfer_start(
    processes: &dyn PartnerProcesses,
    pid: &str,
) -> Result<(String, String), Refusal> {
    let wait = async {
        loop {
            let all = processes.summaries();
            let one = all.into_iter().find(|one| one.pid == pid);
            if let Some(one) = one {
                if let Some(opened) = one.data_address {
                    return Ok(opened);
                }
                if let Some(why) = one.ended {
                    let sentence = format!("the transfer was ended: {why}");
                    return Err(Refusal::new(ErrorCode::PartnerAnswerInvalid, sentence));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(START, wait).await.unwrap_or_else(|_| {
        let sentence = "the partner did not start the transfer in time";
        Err(Refusal::new(ErrorCode::PartnerUnreachable, sentence))
    })
}

/// Data is fetched from the host of the partner, or the one that the configuration names for its data; from nowhere else.
fn check_host(connector: &Connector, partner: &str, address: &str) -> Result<(), Refusal> {
    let config = connector.config();
    let named = config
        .dataspace
        .as_ref()
        .and_then(|dataspace| dataspace.partner(partner));
    if named.is_some_and(|partner| partner.gives_data_at(address)) {
        return Ok(());
    }
    let sentence =
        format!("`{partner}` says that its data is on another host than the configuration names");
    Err(Refusal::new(ErrorCode::PartnerAnswerInvalid, sentence)
        .with_help("name it, if it is right: data_address under [partner.NAME]"))
}

/// Partner of the configuration.
#[derive(Debug, Serialize)]
struct PartnerReport {
    partner: SqlIdentifier,
    participant: String,
    protocol_id: String,
    address: String,
}

impl PartnerReport {
    fn of(partner: &PartnerConfig) -> Self {
        Self {
            partner: partner.name.clone(),
            participant: partner.participant.domain().to_owned(),
            protocol_id: partner.protocol_id.clone(),
            address: partner.address.clone(),
        }
    }
}

impl ReportRow for PartnerReport {
    const HEADER: &'static [&'static str] = &["PARTNER", "IDENTITY", "ADDRESS"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.partner.to_string(),
            self.protocol_id.clone(),
            self.address.clone(),
        ]
    }
}

/// Negotiation or transfer with a partner.
#[derive(Debug, Serialize)]
struct ProcessReport {
    process: String,
    kind: &'static str,
    partner: String,
    provides: bool,
    state: String,
    about: String,
    agreement: Option<String>,
    signed_by: Option<&'static str>,
    ended: Option<String>,
}

impl ProcessReport {
    fn of(summary: PartnerProcessSummary) -> Self {
        let signed_by = match summary.is_provider {
            true => "this participant alone",
            false => "nobody",
        };
        Self {
            process: summary.pid,
            kind: summary.kind,
            partner: summary.partner,
            provides: summary.is_provider,
            state: summary.state,
            about: summary.subject,
            signed_by: summary.agreement.is_some().then_some(signed_by),
            agreement: summary.agreement,
            ended: summary.ended,
        }
    }
}

impl ReportRow for ProcessReport {
    const HEADER: &'static [&'static str] = &[
        "PROCESS",
        "PARTNER",
        "KIND",
        "WE ARE",
        "STATE",
        "ABOUT",
        "AGREEMENT OR END",
    ];

    fn cells(&self) -> Vec<String> {
        let role = match self.provides {
            true => "provider",
            false => "consumer",
        };
        let last = self.ended.as_ref().or(self.agreement.as_ref());
        vec![
            self.process.clone(),
            self.partner.clone(),
            self.kind.to_owned(),
            role.to_owned(),
            self.state.clone(),
            self.about.clone(),
            last.cloned().unwrap_or_default(),
        ]
    }
}

/// Offer of a partner.
#[derive(Debug, Serialize)]
struct OfferReport {
    dataset: String,
    title: Option<String>,
    offer: String,
    rules: Value,
    formats: Vec<String>,
}

impl OfferReport {
    fn of(offer: PartnerOffer) -> Self {
        Self {
            dataset: offer.dataset,
            title: offer.title,
            offer: offer.offer,
            rules: serde_json::from_str(&offer.rules).unwrap_or_default(),
            formats: offer.formats,
        }
    }
}

impl ReportRow for OfferReport {
    const HEADER: &'static [&'static str] = &["DATASET", "TITLE", "OFFER"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.dataset.clone(),
            self.title.clone().unwrap_or_default(),
            self.offer.clone(),
        ]
    }
}

/// Offer to a partner as a policy.
#[derive(Debug, Serialize)]
struct PartnerPolicyReport {
    dataset: String,
    offer: String,
    policy: PartnerPolicy,
}

/// Rules as a policy of ODRL.
#[derive(Debug, Serialize)]
struct PartnerPolicy {
    #[serde(flatten)]
    rules: Map<String, Value>,
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@type")]
    kind: &'static str,
}

impl PartnerPolicy {
    fn of(rules: Map<String, Value>) -> Self {
        Self {
            rules,
            context: "http://www.w3.org/ns/odrl.jsonld",
            kind: "Set",
        }
    }
}

impl CommandReport for PartnerPolicyReport {
    fn to_text(&self) -> String {
        let shown = serde_json::to_string_pretty(&report_json(&self.policy)).unwrap_or_default();
        format!("{} by offer {}\n{shown}", self.dataset, self.offer)
    }
}

/// Negotiation that was begun.
#[derive(Debug, Serialize)]
struct RequestedProcess {
    process: String,
    #[serde(skip)]
    partner: String,
}

impl CommandReport for RequestedProcess {
    fn to_text(&self) -> String {
        format!(
            "{} is asked; hansa partner list tells what becomes of {}",
            self.partner, self.process
        )
    }
}

/// Negotiation with the terms on its table.
#[derive(Debug, Serialize)]
struct TermsReport {
    #[serde(flatten)]
    process: ProcessReport,
    offer: String,
    rules: Value,
    terms: Digest,
}

impl CommandReport for TermsReport {
    fn to_text(&self) -> String {
        let rules = serde_json::to_string_pretty(&self.rules).unwrap_or_default();
        format!(
            "{} about {}, offer {}\n{rules}\nterms {}\n",
            self.process.state, self.process.about, self.offer, self.terms
        )
    }
}

/// Step of a negotiation or a transfer.
#[derive(Debug, Serialize)]
struct ProcessStep {
    process: String,
    #[serde(skip)]
    step: &'static str,
}

impl CommandReport for ProcessStep {
    fn to_text(&self) -> String {
        format!("{} {}", self.process, self.step)
    }
}

/// Agreement that waits for a second officer.
#[derive(Debug, Serialize)]
struct WaitingAgreement {
    process: String,
    would_become: ContractId,
    signed: bool,
    waits_for: &'static str,
    verdict: &'static str,
    #[serde(skip)]
    terms: Digest,
}

impl CommandReport for WaitingAgreement {
    fn to_text(&self) -> String {
        format!(
            "it is {} beside what is in force; your word is on the books, and nothing is signed yet\n\
             a second officer approves with: hansa partner agree {} --terms {}",
            self.verdict, self.process, self.terms
        )
    }
}

/// Data of a partner that was written to a file.
#[derive(Debug, Serialize)]
struct ReceivedData {
    process: String,
    bytes: u64,
    sha256: Digest,
    #[serde(skip)]
    partner: String,
    #[serde(skip)]
    output: PathBuf,
}

impl CommandReport for ReceivedData {
    fn to_text(&self) -> String {
        let Self {
            bytes,
            partner,
            output,
            ..
        } = self;
        format!("{bytes} bytes of {partner} are in {}", output.display())
    }
}
