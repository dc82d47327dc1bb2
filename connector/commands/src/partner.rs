//! `hansa partner`: connectors of other makes.

pub(crate) mod arguments;

use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::output::table;
use crate::partner::arguments::PartnerCommand;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::messages::PartnerDataRecord;
use hansa_node::log::audit_event::AuditEvent;
use hansa_node::participant::Connector;
use hansa_node::participant::approval;
use hansa_node::participant::approval::{Approval, ApprovalAction};
use hansa_node::participant::startup::JudgedState;
use hansa_node::partner::{PartnerProcessSummary, PartnerProcesses};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::dataspace::client;
use serde_json::{Map, Value, json};
use std::path::Path;
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
            PartnerCommand::List => list(connector, out).await?,
            PartnerCommand::Catalog { partner } => {
                let offers = connector.partner_processes.get()?.offers(&partner).await?;
                let mut rows = Vec::new();
                for offer in offers {
                    out.object(
                    json!({
                        "dataset": offer.dataset,
                        "title": offer.title,
                        "offer": offer.offer,
                        "rules": serde_json::from_str::<Value>(&offer.rules).unwrap_or_default(),
                        "formats": offer.formats,
                    }),
                    "",
                )
                .await?;
                    rows.push(vec![
                        offer.dataset,
                        offer.title.unwrap_or_default(),
                        offer.offer,
                    ]);
                }
                out.text(table(&["DATASET", "TITLE", "OFFER"], &rows))
                    .await?;
            }
            PartnerCommand::Policy { partner } => {
                let offers = connector
                    .partner_processes
                    .get()?
                    .policies(&partner)
                    .await?;
                for offer in offers {
                    let mut policy: Map<String, Value> =
                        serde_json::from_str(&offer.rules).unwrap_or_default();
                    let context = json!("http://www.w3.org/ns/odrl.jsonld");
                    policy.insert("@context".to_owned(), context);
                    policy.insert("@type".to_owned(), json!("Set"));
                    let shown = serde_json::to_string_pretty(&policy).unwrap_or_default();
                    let text = format!("{} by offer {}\n{shown}", offer.dataset, offer.offer);
                    let object =
                        json!({"dataset": offer.dataset, "offer": offer.offer, "policy": policy});
                    out.object(object, text).await?;
                }
            }
            PartnerCommand::Request { partner, offer } => {
                let pid = connector
                    .partner_processes
                    .get()?
                    .request(&partner, &offer)
                    .await?;
                let text =
                    format!("{partner} is asked; hansa partner list tells what becomes of {pid}");
                out.object(json!({"process": pid}), text).await?;
            }
            PartnerCommand::Show { process } => {
                let table = connector.partner_processes.get()?.on_table(&process)?;
                let rules = serde_json::to_string_pretty(&table.rules).unwrap_or_default();
                let text = format!(
                    "{} about {}, offer {}\n{rules}\nterms {}\n",
                    table.summary.state, table.summary.subject, table.offer, table.terms
                );
                let mut object = of_process(&table.summary);
                if let Some(members) = object.as_object_mut() {
                    members.insert("offer".to_owned(), json!(table.offer));
                    members.insert("rules".to_owned(), table.rules);
                    members.insert("terms".to_owned(), json!(table.terms.to_string()));
                }
                out.object(object, text).await?;
            }
            PartnerCommand::Agree { process, terms } => {
                let terms: Digest = terms.parse().map_err(|_| {
                    Refusal::new(
                        ErrorCode::UsageWrong,
                        format!("`{terms}` is no digest of terms"),
                    )
                    .with_help(format!("hansa partner show {process}"))
                })?;
                agree(connector, (&process, terms), caller, out).await?;
            }
            PartnerCommand::End { process, reason } => {
                connector
                    .partner_processes
                    .get()?
                    .end(&process, &reason)
                    .await?;
                out.object(json!({"process": process}), format!("{process} is ended"))
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
                let pid = processes.transfer(&partner, &agreement, &format).await?;
                let fetched = async {
                    let (address, authorization) =
                        wait_for_transfer_start(&*processes, &pid).await?;
                    check_host(connector, &partner, &address)?;
                    let limit = most.saturating_mul(1024 * 1024);
                    client::download(&address, &authorization, &output, limit).await
                };
                let (bytes, sha256) = match fetched.await {
                    Ok(fetched) => fetched,
                    Err(refusal) => {
                        // What can't be ended any more has ended.
                        let _over = processes.end(&pid, "the data did not come").await;
                        return Err(refusal.into());
                    }
                };
                record_received_data(connector, (&partner, &pid, &agreement), (bytes, sha256))
                    .await?;
                processes.complete(&pid).await?;
                let text = format!("{bytes} bytes of {partner} are in {}", format_path(&output));
                out.object(
                    json!({"process": pid, "bytes": bytes, "sha256": sha256.to_string()}),
                    text,
                )
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
                    client::download(&address, &authorization, &output, limit).await?;
                record_received_data(
                    connector,
                    (&flow.partner, &process, &flow.subject),
                    (bytes, sha256),
                )
                .await?;
                processes.complete_flow(&process).await?;
                let text = format!(
                    "{bytes} bytes of {} are in {}",
                    flow.partner,
                    format_path(&output)
                );
                out.object(
                    json!({"process": process, "bytes": bytes, "sha256": sha256.to_string()}),
                    text,
                )
                .await?;
            }
        }
        Ok(0)
    }
}

/// Goes on with a negotiation; where two officers have to say so, each of them does.
async fn agree(
    connector: &Arc<Connector>,
    (process, terms): (&str, Digest),
    caller: Option<u32>,
    out: &EventSink,
) -> Result<(), CommandError> {
    let processes = connector.partner_processes.get()?;
    if processes.on_table(process)?.terms == terms
        && let Some(agreement) = processes.agreement_to_sign(process).await?
        && let Some(verdict) = approval::needs_two(connector, &agreement)
    {
        let contract = ContractId(Digest::of(&hansa_proto::contract::to_bytes(&agreement)));
        let word = approval::word(connector, caller, contract, ApprovalAction::Sign, None);
        if word.await? == Approval::Waits {
            let text = format!(
                "it is {verdict} beside what is in force; your word is on the books, and nothing is signed yet\n\
                 a second officer approves with: hansa partner agree {process} --terms {terms}"
            );
            let object = json!({
                "process": process,
                "would_become": contract.to_string(),
                "signed": false,
                "waits_for": "second officer",
                "verdict": verdict.as_str(),
            });
            out.object(object, text).await?;
            return Ok(());
        }
    }
    processes.agree(process, terms).await?;
    out.object(json!({"process": process}), format!("{process} goes on"))
        .await?;
    Ok(())
}

/// Records what data of a partner was written to a file.
async fn record_received_data(
    connector: &Connector,
    (partner, process, agreement): (&str, &str, &str),
    (bytes, sha256): (u64, Digest),
) -> Result<(), Refusal> {
    let event = AuditEvent::from(PartnerDataRecord {
        partner: partner.to_string(),
        process: process.to_string(),
        agreement: agreement.to_string(),
        bytes,
        sha256: sha256.to_string(),
    });
    connector.record(event).await.map(drop)
}

async fn list(connector: &Arc<Connector>, out: &EventSink) -> Result<(), CommandError> {
    let config = connector.config();
    let mut rows = Vec::new();
    for partner in config
        .dataspace
        .iter()
        .flat_map(|dataspace| &dataspace.partners)
    {
        rows.push(vec![
            partner.name.to_string(),
            partner.protocol_id.clone(),
            partner.address.clone(),
        ]);
        out.object(
            json!({
                "partner": partner.name.as_str(),
                "participant": partner.participant.domain(),
                "protocol_id": partner.protocol_id,
                "address": partner.address,
            }),
            "",
        )
        .await?;
    }
    out.text(table(&["PARTNER", "IDENTITY", "ADDRESS"], &rows))
        .await?;
    let Ok(processes) = connector.partner_processes.get() else {
        return Ok(());
    };
    let mut rows = Vec::new();
    for one in processes.summaries() {
        out.object(of_process(&one), "").await?;
        let role = if one.is_provider {
            "provider"
        } else {
            "consumer"
        };
        let last = one.ended.or(one.agreement).unwrap_or_default();
        rows.push(vec![
            one.pid,
            one.partner,
            one.kind.to_owned(),
            role.to_owned(),
            one.state,
            one.subject,
            last,
        ]);
    }
    if !rows.is_empty() {
        let heads = [
            "PROCESS",
            "PARTNER",
            "KIND",
            "WE ARE",
            "STATE",
            "ABOUT",
            "AGREEMENT OR END",
        ];
        out.text(table(&heads, &rows)).await?;
    }
    Ok(())
}

fn of_process(one: &PartnerProcessSummary) -> Value {
    json!({
        "process": one.pid,
        "kind": one.kind,
        "partner": one.partner,
        "provides": one.is_provider,
        "state": one.state,
        "about": one.subject,
        "agreement": one.agreement,
        "signed_by": one.agreement.as_ref().map(|_| if one.is_provider { "this participant alone" } else { "nobody" }),
        "ended": one.ended,
    })
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

fn format_path(path: &Path) -> String {
    path.display().to_string()
}
