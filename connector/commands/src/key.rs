//! `hansa key`: keys that conclude contracts without lying where the connector runs; needs no connector.

pub(crate) mod arguments;
pub(crate) mod mandate;
pub(crate) mod offline_signer;

use crate::cli::GlobalArgs;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::output::{OutputSettings, table};
use crate::cli::terminal::line_out;
use crate::config::config_lookup;
use crate::key::arguments::KeyCommand;
use crate::key::arguments::SigningAlgorithm;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::{LeagueMember, TrustBundle};
use hansa_identity::keys::SignatureAlgorithm;
use hansa_identity::participant_identity::contract_key::ContractKey;
use hansa_node::config::ConnectorConfig;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::{Value, json};
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
pub(crate) fn run(
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
        } => add(&file, &id, algorithm, show),
        KeyCommand::Mandate(args) => crate::key::mandate::run(&args, now, show),
        KeyCommand::List {
            participant,
            bundle,
        } => list(participant.as_deref(), bundle.as_deref(), global, show),
    }
}

fn add(
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
    hansa_node::process::named_file::write(&public, &statement)?;
    show.result(
        &json!({
            "participant": id.as_str(),
            "key": made.key.kid(),
            "file": file,
            "public": public,
        }),
        &format!(
            "the key {} is in {}, which stays on this machine\nnext, at the league: hansa league key {}",
            made.key.kid(),
            file.display(),
            public.display()
        ),
    );
    Ok(0)
}

fn list(
    participant: Option<&str>,
    bundle: Option<&Path>,
    global: &GlobalArgs,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let bundle = match bundle {
        Some(file) => TrustBundle::open(file)?,
        None => {
            let file = config_lookup::config_file(global.config.as_ref())?;
            let config =
                ConnectorConfig::load(&file, &config_lookup::overrides()).map_err(|faults| {
                    faults.into_iter().next().unwrap_or_else(|| {
                        Refusal::new(ErrorCode::ConfigInvalid, "the configuration is wrong")
                    })
                })?;
            TrustBundle::open(&config.trust.bundle)?
        }
    };
    let mut rows = Vec::new();
    let wanted = |member: &&LeagueMember| {
        participant.is_none_or(|named| member.id.domain() == named || member.id.as_str() == named)
    };
    for member in bundle.content().parties.iter().filter(wanted) {
        for (data, row) in signers(member) {
            if show.json {
                show.result(&data, "");
            }
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Err(Refusal::new(
            ErrorCode::PeerUnknown,
            "the trust bundle knows no such participant",
        ));
    }
    if !show.json {
        line_out(&table(
            &["PARTICIPANT", "SIGNS", "KEY", "FROM", "UNTIL", ""],
            &rows,
        ));
    }
    Ok(0)
}

/// The keys and seals of a participant, each for programs and for people.
fn signers(member: &LeagueMember) -> Vec<(Value, Vec<String>)> {
    let mut found = Vec::new();
    if let Some(since) = member.mandates.since {
        let data = json!({
            "participant": member.id.as_str(),
            "signs": "with mandates",
            "not_before": since.to_string(),
        });
        let row = vec![
            member.id.domain().to_owned(),
            "mandates".to_owned(),
            "who signs contracts has one".to_owned(),
            since.to_string(),
        ];
        found.push((data, row));
    }
    for (statement, from) in &member.mandates.revoked {
        let data = json!({
            "participant": member.id.as_str(),
            "signs": "mandate",
            "statement": statement.to_string(),
            "revoked_at": from.to_string(),
        });
        let row = vec![
            member.id.domain().to_owned(),
            "mandate".to_owned(),
            statement.to_string(),
            String::new(),
            String::new(),
            format!("revoked {from}"),
        ];
        found.push((data, row));
    }
    for key in &member.keys {
        let signs = if key.only_contracts {
            "contracts"
        } else {
            "connector"
        };
        let ended = match (key.revoked_at, key.compromised_since) {
            (_, Some(at)) => format!("others may have it since {at}"),
            (Some(at), None) => format!("revoked {at}"),
            (None, None) => String::new(),
        };
        let data = json!({
            "participant": member.id.as_str(),
            "signs": signs,
            "key": key.key.kid(),
            "algorithm": key.key.algorithm().as_str(),
            "not_before": key.not_before.to_string(),
            "not_after": key.not_after.to_string(),
            "revoked_at": key.revoked_at.map(|at| at.to_string()),
            "compromised_since": key.compromised_since.map(|at| at.to_string()),
        });
        let row = vec![
            member.id.domain().to_owned(),
            signs.to_owned(),
            key.key.kid().to_owned(),
            key.not_before.to_string(),
            key.not_after.to_string(),
            ended,
        ];
        found.push((data, row));
    }
    for seal in &member.seals {
        let data = json!({
            "participant": member.id.as_str(),
            "signs": "seal",
            "organization": seal.organization,
            "not_before": seal.not_before.to_string(),
            "not_after": seal.not_after.to_string(),
            "revoked": seal.revoked.len(),
        });
        let row = vec![
            member.id.domain().to_owned(),
            "seal".to_owned(),
            seal.organization.clone(),
            seal.not_before.to_string(),
            seal.not_after.to_string(),
            match seal.revoked.len() {
                0 => String::new(),
                count => format!("{count} revoked"),
            },
        ];
        found.push((data, row));
    }
    found
}
