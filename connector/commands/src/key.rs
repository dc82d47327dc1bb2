//! `hansa key`: keys that conclude contracts without lying where the connector runs; needs no connector.

pub(crate) mod arguments;
pub(crate) mod mandate;
pub(crate) mod offline_signer;

use crate::cli::GlobalArgs;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow, serialize_path};
use crate::cli::output::OutputSettings;
use crate::config::config_lookup;
use crate::key::arguments::KeyCommand;
use crate::key::arguments::SigningAlgorithm;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::{LeagueMember, TrustBundle};
use hansa_identity::keys::SignatureAlgorithm;
use hansa_identity::participant_identity::contract_key::ContractKey;
use hansa_node::config::ConnectorConfig;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::path::{Path, PathBuf};

impl Command for KeyCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List { .. } => CommandEffect::Looks,
            Self::Add { .. } | Self::Mandate(_) => CommandEffect::Acts(""),
        }
    }
}

/// Carries out one of the verbs.
///
/// # Errors
/// What is wrong with a file.
pub(crate) fn run_key_command(
    command: KeyCommand,
    global: &GlobalArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    match command {
        KeyCommand::Add {
            file,
            id,
            algorithm,
        } => add_key(&file, &id, algorithm, show),
        KeyCommand::Mandate(args) => crate::key::mandate::write_mandate(&args, now, show),
        KeyCommand::List {
            participant,
            bundle,
        } => list_signers(participant.as_deref(), bundle.as_deref(), global, show),
    }
}

fn add_key(
    file: &Path,
    id: &str,
    algorithm: SigningAlgorithm,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let id: ParticipantId = id
        .parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{id}`: {fault}")))?;
    let algorithm = match algorithm {
        SigningAlgorithm::Eddsa => SignatureAlgorithm::EdDsa,
        SigningAlgorithm::Es256 => SignatureAlgorithm::Es256,
    };
    let (made, statement) = ContractKey::create(file, &id, algorithm)?;
    let mut name = file.as_os_str().to_owned();
    name.push(".public");
    let public = PathBuf::from(name);
    hansa_node::process::named_file::write_named_file(&public, &statement)?;
    show.print_report(&AddedKeyReport {
        participant: id,
        key: made.key.kid().to_owned(),
        file: file.to_path_buf(),
        public,
    });
    Ok(0)
}

fn list_signers(
    participant: Option<&str>,
    bundle: Option<&Path>,
    global: &GlobalArgs,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let bundle = match bundle {
        Some(file) => TrustBundle::open(file)?,
        None => {
            let file = config_lookup::config_file(global.config.as_ref())?;
            let config = ConnectorConfig::load(&file, &config_lookup::environment_overrides())
                .map_err(|faults| {
                    faults.into_iter().next().unwrap_or_else(|| {
                        Refusal::new(ErrorCode::ConfigInvalid, "the configuration is wrong")
                    })
                })?;
            TrustBundle::open(&config.trust.bundle)?
        }
    };
    let wanted = |member: &&LeagueMember| {
        participant.is_none_or(|named| member.id.domain() == named || member.id.as_str() == named)
    };
    let members = bundle.content().parties.iter().filter(wanted);
    let rows: Vec<SignerReport> = members.flat_map(signer_reports).collect();
    if rows.is_empty() {
        return Err(Refusal::new(
            ErrorCode::PeerUnknown,
            "the trust bundle knows no such participant",
        ));
    }
    show.print_list(&rows);
    Ok(0)
}

/// Key that was made.
#[derive(Debug, Serialize)]
struct AddedKeyReport {
    participant: ParticipantId,
    key: String,
    #[serde(serialize_with = "serialize_path")]
    file: PathBuf,
    #[serde(serialize_with = "serialize_path")]
    public: PathBuf,
}

impl CommandReport for AddedKeyReport {
    fn to_text(&self) -> String {
        format!(
            "the key {} is in {}, which stays on this machine\nnext, at the league: hansa league key {}",
            self.key,
            self.file.display(),
            self.public.display()
        )
    }
}

/// Key, seal or mandate by which a participant signs.
#[derive(Debug, Serialize)]
struct SignerReport {
    participant: ParticipantId,
    signs: &'static str,
    #[serde(flatten)]
    facts: SignerFacts,
}

/// Facts of a key, a seal or a mandate.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum SignerFacts {
    /// Signatures need mandates.
    Mandates { not_before: UtcTimestamp },
    /// Mandate that was revoked.
    RevokedMandate {
        statement: Digest,
        revoked_at: UtcTimestamp,
    },
    /// Key.
    Key {
        key: String,
        algorithm: &'static str,
        not_before: UtcTimestamp,
        not_after: UtcTimestamp,
        revoked_at: Option<UtcTimestamp>,
        compromised_since: Option<UtcTimestamp>,
    },
    /// Seal.
    Seal {
        organization: String,
        not_before: UtcTimestamp,
        not_after: UtcTimestamp,
        /// Certificates that were revoked.
        revoked: usize,
    },
}

impl ReportRow for SignerReport {
    const HEADER: &'static [&'static str] = &["PARTICIPANT", "SIGNS", "KEY", "FROM", "UNTIL", ""];

    fn cells(&self) -> Vec<String> {
        let (signs, key, from, until, ended) = match &self.facts {
            SignerFacts::Mandates { not_before } => (
                "mandates",
                "who signs contracts has one".to_owned(),
                not_before.to_string(),
                String::new(),
                String::new(),
            ),
            SignerFacts::RevokedMandate {
                statement,
                revoked_at,
            } => (
                self.signs,
                statement.to_string(),
                String::new(),
                String::new(),
                format!("revoked {revoked_at}"),
            ),
            SignerFacts::Key {
                key,
                not_before,
                not_after,
                revoked_at,
                compromised_since,
                ..
            } => (
                self.signs,
                key.clone(),
                not_before.to_string(),
                not_after.to_string(),
                match (revoked_at, compromised_since) {
                    (_, Some(at)) => format!("others may have it since {at}"),
                    (Some(at), None) => format!("revoked {at}"),
                    (None, None) => String::new(),
                },
            ),
            SignerFacts::Seal {
                organization,
                not_before,
                not_after,
                revoked,
            } => (
                self.signs,
                organization.clone(),
                not_before.to_string(),
                not_after.to_string(),
                match revoked {
                    0 => String::new(),
                    count => format!("{count} revoked"),
                },
            ),
        };
        vec![
            self.participant.domain().to_owned(),
            signs.to_owned(),
            key,
            from,
            until,
            ended,
        ]
    }
}

/// The keys and seals of a participant.
fn signer_reports(member: &LeagueMember) -> Vec<SignerReport> {
    let signer = |signs, facts| SignerReport {
        participant: member.id.clone(),
        signs,
        facts,
    };
    let since = member.mandates.since.iter().map(|since| {
        let facts = SignerFacts::Mandates { not_before: *since };
        signer("with mandates", facts)
    });
    let revoked = member.mandates.revoked.iter().map(|(statement, from)| {
        let facts = SignerFacts::RevokedMandate {
            statement: *statement,
            revoked_at: *from,
        };
        signer("mandate", facts)
    });
    let keys = member.keys.iter().map(|key| {
        let facts = SignerFacts::Key {
            key: key.key.kid().to_owned(),
            algorithm: key.key.algorithm().as_str(),
            not_before: key.not_before,
            not_after: key.not_after,
            revoked_at: key.revoked_at,
            compromised_since: key.compromised_since,
        };
        let signs = match key.only_contracts {
            true => "contracts",
            false => "connector",
        };
        signer(signs, facts)
    });
    let seals = member.seals.iter().map(|seal| {
        let facts = SignerFacts::Seal {
            organization: seal.organization.clone(),
            not_before: seal.not_before,
            not_after: seal.not_after,
            revoked: seal.revoked.len(),
        };
        signer("seal", facts)
    });
    since.chain(revoked).chain(keys).chain(seals).collect()
}
