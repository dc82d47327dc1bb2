//! `hansa credential`: what issuers state of this participant.

pub(crate) mod arguments;

use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::output::table;
use crate::credential::arguments::CredentialCommand;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::contracts::CredentialRecord;
use hansa_node::league::credentials;
use hansa_node::log::audit_event::AuditEvent;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::attribute::Credential;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::document_folder::StoredDocumentKind;
use serde_json::{Value, json};
use std::sync::Arc;

impl Command for CredentialCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List => CommandEffect::Looks,
            Self::Add { .. } | Self::Remove { .. } => {
                CommandEffect::Acts("hansa credential list shows those that are here")
            }
        }
    }
}

impl ConnectorVerb for CredentialCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::Add { file } => vec![NamedFile::Opened(file)],
            Self::List | Self::Remove { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List | Self::Add { .. } | Self::Remove { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        match self {
            CredentialCommand::List => {
                let mut rows = Vec::new();
                for (credential, _) in credentials::stored_credentials(connector)? {
                    let counts = counts(connector, &credential);
                    out.object(credential_json(&credential, counts.as_deref()), "")
                        .await?;
                    rows.push(vec![
                        credential.statement.short(),
                        credential.issuer.domain().to_owned(),
                        values(&credential).join(", "),
                        credential.until.to_string(),
                        counts.unwrap_or_else(|| "counts".to_owned()),
                    ]);
                }
                out.text(table(
                    &["CREDENTIAL", "ISSUER", "STATES", "UNTIL", "STATE"],
                    &rows,
                ))
                .await?;
            }
            CredentialCommand::Add { file } => {
                let bytes = hansa_node::process::named_file::read(&file)?;
                let place =
                    |refusal: Refusal| refusal.with_place(file.display().to_string(), None, None);
                let credential = hansa_proto::credential::from_envelope(&bytes).map_err(place)?;
                connector
                    .identity
                    .trust
                    .bundle()
                    .shown(&credential, &connector.id(), connector.now())
                    .map_err(|refusal| {
                        place(refusal).with_help(
                        "a bundle that names its issuer may not be here yet: hansa league export",
                    )
                    })?;
                connector
                    .records
                    .documents
                    .keep(StoredDocumentKind::Credential, &bytes)?;
                let _durable = connector
                    .record(AuditEvent::from(CredentialRecord {
                        statement: credential.statement,
                        issuer: credential.issuer.to_string(),
                        until: credential.until,
                        removed: None,
                    }))
                    .await?;
                out.object(
                    credential_json(&credential, None),
                    format!("{} until {}", line(&credential), credential.until),
                )
                .await?;
            }
            CredentialCommand::Remove { statement } => remove(connector, &statement, out).await?,
        }
        Ok(0)
    }
}

/// Takes a credential out of the own store. That it was is in the log before its file is gone, so that after a crash in
/// between the worst is a credential that has to be taken out again.
async fn remove(
    connector: &Arc<Connector>,
    prefix: &str,
    out: &EventSink,
) -> Result<(), CommandError> {
    let kept = credentials::stored_credentials(connector)?;
    let credential = find_credential(&kept, prefix)?;
    let _durable = connector
        .record(AuditEvent::from(CredentialRecord {
            statement: credential.statement,
            issuer: credential.issuer.to_string(),
            until: credential.until,
            removed: Some(true),
        }))
        .await?;
    // An issuer may have signed the same statement twice, and both envelopes may be here.
    let same = kept
        .iter()
        .filter(|(other, _)| other.statement == credential.statement);
    for (_, bytes) in same {
        connector
            .records
            .documents
            .remove(StoredDocumentKind::Credential, Digest::of(bytes))?;
    }
    let mut data = credential_json(credential, counts(connector, credential).as_deref());
    if let Value::Object(members) = &mut data {
        members.insert("removed".to_owned(), Value::Bool(true));
    }
    out.object(
        data,
        format!(
            "no question brings along any more that {}; where it was shown it counts until {}",
            line(credential),
            credential.until
        ),
    )
    .await?;
    Ok(())
}

/// The credential whose statement begins so; several envelopes of one statement are one.
fn find_credential<'a>(
    kept: &'a [(Credential, Vec<u8>)],
    prefix: &str,
) -> Result<&'a Credential, Refusal> {
    let mut meant: Vec<&Credential> = kept
        .iter()
        .map(|(credential, _)| credential)
        .filter(|credential| credential.statement.to_string().starts_with(prefix))
        .collect();
    meant.sort_by_key(|credential| credential.statement);
    meant.dedup_by_key(|credential| credential.statement);
    let wrong = |sentence: String, help: &str| {
        Err(Refusal::new(ErrorCode::UsageWrong, sentence).with_help(help))
    };
    match meant.as_slice() {
        [one] => Ok(one),
        [] => wrong(
            format!("no credential here begins with `{prefix}`"),
            "hansa credential list shows them",
        ),
        several => {
            let several: Vec<String> = several.iter().map(|one| one.statement.short()).collect();
            wrong(
                format!(
                    "several credentials begin with `{prefix}`: {}",
                    several.join(", ")
                ),
                "give more of the one that is meant",
            )
        }
    }
}

fn line(credential: &Credential) -> String {
    format!(
        "{} states {}",
        credential.issuer.domain(),
        values(credential).join(", ")
    )
}

/// Why a credential does not count by the bundle that is here; none where it does.
fn counts(connector: &Connector, credential: &Credential) -> Option<String> {
    let shown =
        connector
            .identity
            .trust
            .bundle()
            .shown(credential, &connector.id(), connector.now());
    shown.err().map(|refusal| refusal.sentence)
}

fn values(credential: &Credential) -> Vec<String> {
    let values = credential.attributes.iter();
    values
        .map(hansa_policy::attribute::ParticipantAttribute::value)
        .collect()
}

fn credential_json(credential: &Credential, counts_not: Option<&str>) -> Value {
    json!({
        "statement": credential.statement.to_string(),
        "issuer": credential.issuer.as_str(),
        "states": values(credential),
        "issued_at": credential.issued_at.to_string(),
        "until": credential.until.to_string(),
        "counts": counts_not.is_none(),
        "why_not": counts_not,
    })
}
