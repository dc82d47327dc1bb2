//! `hansa contract`: the life of a contract.

pub(crate) mod arguments;
mod comment;
pub(crate) mod contract_diff;
mod contract_list;
pub(crate) mod contract_lookup;
pub(crate) mod contract_page;
mod contract_tables;
pub(crate) mod contract_text;
pub(crate) mod contract_verification;
mod deletion_attestation;
pub(crate) mod draft_signature;
mod expiring_contracts;
pub(crate) mod negotiation_step;
mod negotiation_wait;
mod offline_signature;
pub(crate) mod offline_withdrawal;
mod proposal_terms;
mod repeated_request;
mod request;
mod usage;
mod withdrawal;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::report_json;
use crate::contract::arguments::ContractCommand;
use crate::contract::contract_lookup::contract_by_prefix;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_node::peer::mailbox;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_policy::term::language::Language;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

impl Command for ContractCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List(_)
            | Self::Tables { .. }
            | Self::Show { .. }
            | Self::Diff { .. }
            | Self::Wait { .. }
            | Self::Verify { .. } => CommandEffect::Looks,
            // Offline the page is shown first, and the question comes after it.
            Self::Request { .. }
            | Self::Sign {
                offline: Some(_), ..
            }
            | Self::Withdraw {
                offline: Some(_), ..
            } => CommandEffect::Rehearses,
            Self::Counter { .. }
            | Self::Sign { .. }
            | Self::Attach { .. }
            | Self::Comment { .. }
            | Self::Decline { .. } => {
                CommandEffect::Acts("hansa contract show says what it is about")
            }
            Self::Export { .. } => CommandEffect::Acts(""),
            Self::Usage { .. } | Self::TopUp { .. } => {
                CommandEffect::Acts("hansa contract show says what is left of what was paid")
            }
            Self::Attest { id, .. } => CommandEffect::Ends(format!(
                "What was received under {id} is stated to be deleted, in a signed statement to the provider."
            )),
            Self::Withdraw {
                id,
                from: Some(from),
                ..
            } => CommandEffect::Ends(format!(
                "Withdrawing {} from {from} on ends the contract then, for good; until then it runs, and nobody can take this back.",
                id.as_deref().unwrap_or_default()
            )),
            Self::Withdraw { id, .. } => CommandEffect::Ends(format!(
                "Withdrawing {} ends the contract for good and cuts the answers that run under it.",
                id.as_deref().unwrap_or_default()
            )),
        }
    }
}

impl ConnectorVerb for ContractCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::Request {
                policy: Some(file),
                policy_text: text,
                ..
            }
            | Self::Counter {
                policy: file,
                policy_text: text,
                ..
            }
            | Self::Attach {
                file,
                signature: text,
                ..
            } => vec![NamedFile::Sent { file, text }],
            Self::Request { policy: None, .. }
            | Self::List(_)
            | Self::Tables { .. }
            | Self::Show { .. }
            | Self::Diff { .. }
            | Self::Wait { .. }
            | Self::Sign { .. }
            | Self::Comment { .. }
            | Self::Decline { .. }
            | Self::Attest { .. }
            | Self::Usage { .. }
            | Self::TopUp { .. }
            | Self::Withdraw { .. }
            | Self::Verify { .. }
            | Self::Export { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List(_)
            | Self::Tables { .. }
            | Self::Request { .. }
            | Self::Show { .. }
            | Self::Diff { .. }
            | Self::Wait { .. }
            | Self::Counter { .. }
            | Self::Sign { .. }
            | Self::Attach { .. }
            | Self::Comment { .. }
            | Self::Decline { .. }
            | Self::Attest { .. }
            | Self::Usage { .. }
            | Self::TopUp { .. }
            | Self::Withdraw { .. }
            | Self::Verify { .. }
            | Self::Export { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext {
            connector,
            options,
            caller,
            out,
        } = context;
        match self {
            ContractCommand::List(args) if args.ics => {
                contract_list::write_calendar(connector, args, out).await
            }
            ContractCommand::List(args) => {
                contract_list::list_contracts(connector, args, out).await
            }
            ContractCommand::Tables { after, limit } => {
                let args = contract_tables::TableListArgs { after, limit };
                contract_tables::list_tables(connector, args, out).await
            }
            ContractCommand::Request {
                dataset,
                sign,
                policy_text: policy,
                offer,
                replaces,
                language,
                ..
            } => {
                let args = request::ContractRequestArgs {
                    sign,
                    policy,
                    offer,
                    replaces,
                    language: parse_page_language(language.as_deref())?,
                };
                request::request_contract(connector, &dataset, args, options, out).await
            }
            ContractCommand::Show {
                id,
                diff,
                odrl,
                as_known,
                language,
            } => {
                let show = contract_page::ContractShowOptions {
                    diff,
                    odrl,
                    as_known,
                    language: parse_page_language(language.as_deref())?,
                };
                contract_page::show_contract(connector, &id, show, out).await
            }
            ContractCommand::Diff { old, new, language } => {
                let compared = contract_diff::ComparedVersions {
                    old,
                    new,
                    language: parse_page_language(language.as_deref())?,
                };
                contract_diff::diff_contracts(connector, compared, out).await
            }
            ContractCommand::Counter {
                id,
                becomes,
                policy_text,
                ..
            } => {
                let read = negotiation_step::ReadProposal { id, becomes };
                let policy = policy_text.unwrap_or_default();
                negotiation_step::counter_offer(connector, read, &policy, out).await
            }
            ContractCommand::Sign { id, becomes, .. } => {
                let id = id.unwrap_or_default();
                let read = negotiation_step::ReadProposal { id, becomes };
                negotiation_step::sign_contract(connector, read, caller, out).await
            }
            ContractCommand::Attach { id, signature, .. } => {
                let signature = signature.unwrap_or_default();
                if !id.starts_with("n-") {
                    let statement = signature.trim_end().as_bytes();
                    return withdrawal::attach_withdrawal(connector, &id, statement, caller, out)
                        .await;
                }
                offline_signature::attach_signature(
                    connector,
                    &id,
                    signature.as_bytes(),
                    caller,
                    out,
                )
                .await
            }
            ContractCommand::Comment {
                id,
                clause,
                becomes,
                text,
            } => {
                let text = SingleLineText::parse("comment", &text)?;
                let read = negotiation_step::ReadProposal { id, becomes };
                comment::send_comment(connector, read, clause, text, out).await
            }
            ContractCommand::Wait { id } => {
                negotiation_wait::wait_for_outcome(connector, &id, out).await
            }
            ContractCommand::Decline {
                id,
                reason,
                becomes,
            } => {
                let reason = SingleLineText::parse("reason", &reason)?;
                let read = negotiation_step::ReadProposal { id, becomes };
                negotiation_step::decline_negotiation(connector, read, reason, out).await
            }
            ContractCommand::Usage { id, .. } => usage::state_usage(connector, &id, out).await,
            ContractCommand::TopUp { id, amount } => {
                usage::top_up(connector, &id, &amount, out).await
            }
            ContractCommand::Attest { id, answers } => {
                deletion_attestation::attest_deletion(connector, &id, &answers, out).await
            }
            ContractCommand::Withdraw {
                id, reason, from, ..
            } => {
                let args = withdrawal::WithdrawalArgs {
                    contract: id.unwrap_or_default(),
                    reason: SingleLineText::parse("reason", &reason)?,
                    from,
                };
                withdrawal::withdraw_contract(connector, args, caller, out).await
            }
            ContractCommand::Export { id, .. } if id.starts_with("n-") => {
                offline_signature::export_draft(connector, &id, out).await
            }
            ContractCommand::Export { id, .. } => export_contract(connector, &id, out).await,
            ContractCommand::Verify { .. } => Err(Refusal::new(
                ErrorCode::UsageWrong,
                "contract verify needs no connector",
            )
            .into()),
        }
    }
}

async fn export_contract(
    connector: &Arc<Connector>,
    prefix: &str,
    out: &EventSink,
) -> CommandResult {
    let contract = contract_by_prefix(connector, prefix)?;
    let bytes = connector.records.documents.read_contract(contract)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let exported = ExportedContract {
        contract,
        envelope: serde_json::from_str(&text).unwrap_or(Value::Null),
        file: text,
    };
    out.send_document(report_json(&exported), exported.file)
        .await?;
    Ok(0)
}

/// Contract with both signatures.
#[derive(Debug, Serialize)]
struct ExportedContract {
    contract: ContractId,
    envelope: Value,
    /// Text of the envelope, byte by byte.
    file: String,
}

/// Carries the post to and from all peers first, so that what is shown is what there is. A peer that does not answer is
/// mentioned and stops nothing.
async fn exchange_messages(connector: &Arc<Connector>, out: &EventSink) -> Result<(), Refusal> {
    for peer in connector.known_peers()? {
        if let Err(refusal) = mailbox::exchange_messages(connector, &peer).await {
            out.send_notice(format!(
                "{} was not reached: {}",
                peer.id.domain(),
                refusal.sentence
            ))
            .await;
        }
    }
    Ok(())
}

/// The language of a page, if one was named.
fn parse_page_language(text: Option<&str>) -> Result<Option<Language>, Refusal> {
    let parsed = text.map(|text| {
        text.parse()
            .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}")))
    });
    parsed.transpose()
}
