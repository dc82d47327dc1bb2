//! `hansa partner`: connectors of other makes.

use crate::admin::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::connector_command::partner::PartnerCommand;
use crate::cli::output::table;
use crate::participant::Connector;
use crate::participant::partner_processes::{PartnerProcessSummary, PartnerProcesses};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::dataspace::client;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a partner may take to start a transfer.
const START: Duration = Duration::from_secs(60);

/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(200);

/// Carries out one of the verbs.
pub(crate) async fn run(
    connector: &Arc<Connector>,
    command: PartnerCommand,
    out: &EventSink,
) -> CommandResult {
    match command {
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
        PartnerCommand::Agree { process } => {
            connector.partner_processes.get()?.agree(&process).await?;
            out.object(json!({"process": process}), format!("{process} goes on"))
                .await?;
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
        } => {
            let processes = connector.partner_processes.get()?;
            let pid = processes.transfer(&partner, &agreement, &format).await?;
            let fetched = async {
                let (address, authorization) = started(&*processes, &pid).await?;
                check_host(connector, &partner, &address)?;
                client::download(&address, &authorization, &output).await
            };
            let bytes = match fetched.await {
                Ok(bytes) => bytes,
                Err(refusal) => {
                    // What can't be ended any more has ended.
                    let _over = processes.end(&pid, "the data did not come").await;
                    return Err(refusal.into());
                }
            };
            processes.complete(&pid).await?;
            let text = format!("{bytes} bytes of {partner} are in {}", shown(&output));
            out.object(json!({"process": pid, "bytes": bytes}), text)
                .await?;
        }
    }
    Ok(0)
}

async fn list(
    connector: &Arc<Connector>,
    out: &EventSink,
) -> Result<(), crate::admin::CommandError> {
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
async fn started(processes: &dyn PartnerProcesses, pid: &str) -> Result<(String, String), Refusal> {
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

fn shown(path: &Path) -> String {
    path.display().to_string()
}
