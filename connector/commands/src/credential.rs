//! `hansa credential`: what issuers state of this participant.

pub(crate) mod arguments;

use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow};
use crate::credential::arguments::CredentialCommand;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::contracts::CredentialRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::league::credentials;
use hansa_node::log::audit_event::AuditEvent;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::attribute::{Credential, ParticipantAttribute};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::document_folder::StoredDocumentKind;
use serde::Serialize;
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
                let kept = credentials::stored_credentials(&connector.records)?;
                let rows: Vec<CredentialReport> = kept
                    .iter()
                    .map(|(credential, _)| CredentialReport::new(connector, credential))
                    .collect();
                out.send_list(&rows).await?;
            }
            CredentialCommand::Add { file } => {
                let bytes = hansa_node::process::named_file::read_named_file(&file)?;
                let place =
                    |refusal: Refusal| refusal.with_place(file.display().to_string(), None, None);
                let credential = hansa_proto::credential::from_envelope(&bytes).map_err(place)?;
                connector
                    .identity
                    .trust
                    .bundle()
                    .attested_attributes(&credential, &connector.id(), connector.now())
                    .map_err(|refusal| {
                        place(refusal).with_help(
                        "a bundle that names its issuer may not be here yet: hansa league export",
                    )
                    })?;
                connector
                    .records
                    .documents
                    .keep_document(StoredDocumentKind::Credential, &bytes)?;
                let _durable = connector
                    .record(AuditEvent::from(CredentialRecord {
                        statement: credential.statement,
                        issuer: credential.issuer.to_string(),
                        until: credential.until,
                        removed: None,
                    }))
                    .await?;
                out.send_report(&CredentialReport::new(connector, &credential))
                    .await?;
            }
            CredentialCommand::Remove { statement } => {
                remove_credential(connector, &statement, out).await?
            }
        }
        Ok(0)
    }
}

/// Takes a credential out of the own store. That it was is in the log before its file is gone, so that after a crash in
/// between the worst is a credential that has to be taken out again.
async fn remove_credential(
    connector: &Arc<Connector>,
    prefix: &str,
    out: &EventSink,
) -> Result<(), CommandError> {
    let kept = credentials::stored_credentials(&connector.records)?;
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
    out.send_report(&RemovedCredentialReport {
        credential: CredentialReport::new(connector, credential),
        removed: true,
    })
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
            let several: Vec<String> = several
                .iter()
                .map(|one| one.statement.to_short_text())
                .collect();
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

/// Credential of this participant.
#[derive(Debug, Serialize)]
struct CredentialReport {
    statement: Digest,
    issuer: ParticipantId,
    states: Vec<String>,
    issued_at: UtcTimestamp,
    until: UtcTimestamp,
    counts: bool,
    /// Why it does not count by the bundle that is here; none where it does.
    why_not: Option<String>,
}

impl CredentialReport {
    fn new(connector: &Connector, credential: &Credential) -> Self {
        let bundle = connector.identity.trust.bundle();
        let why_not = bundle
            .attested_attributes(credential, &connector.id(), connector.now())
            .err();
        let states = credential.attributes.iter();
        Self {
            statement: credential.statement,
            issuer: credential.issuer.clone(),
            states: states.map(ParticipantAttribute::value).collect(),
            issued_at: credential.issued_at,
            until: credential.until,
            counts: why_not.is_none(),
            why_not: why_not.map(|refusal| refusal.sentence),
        }
    }

    /// Its issuer with what it states.
    fn statement_text(&self) -> String {
        format!("{} states {}", self.issuer.domain(), self.states.join(", "))
    }
}

impl ReportRow for CredentialReport {
    const HEADER: &'static [&'static str] = &["CREDENTIAL", "ISSUER", "STATES", "UNTIL", "STATE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.statement.to_short_text(),
            self.issuer.domain().to_owned(),
            self.states.join(", "),
            self.until.to_string(),
            self.why_not.clone().unwrap_or_else(|| "counts".to_owned()),
        ]
    }
}

impl CommandReport for CredentialReport {
    fn to_text(&self) -> String {
        format!("{} until {}", self.statement_text(), self.until)
    }
}

/// Credential that was taken out.
#[derive(Debug, Serialize)]
struct RemovedCredentialReport {
    #[serde(flatten)]
    credential: CredentialReport,
    removed: bool,
}

impl CommandReport for RemovedCredentialReport {
    fn to_text(&self) -> String {
        format!(
            "questions no longer present that {}; where it was shown it is valid until {}",
            self.credential.statement_text(),
            self.credential.until
        )
    }
}
