//! `hansa join`: installs what the league sent back.

use crate::cli::GlobalArgs;
use crate::cli::command_report::{CommandReport, serialize_path};
use crate::cli::consent::ask_confirmation;
use crate::cli::output::OutputSettings;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_identity::participant_identity;
use hansa_identity::participant_identity::admission_request::Applicant;
use hansa_identity::participant_identity::join_file::JoinFile;
use hansa_node::config::ConnectorConfig;
use hansa_node::process::clock;
use hansa_node::process::named_file::write_named_file;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::path::Path;

/// Has a person confirm, before a participant joins a league for the first time, that it is the one that is meant: whoever has
/// exchanged the file on its way would else be the league from then on. Later files are of the same league or are refused.
///
/// # Errors
/// `WRONG_LEAGUE` for another fingerprint than was given, `CONFIRMATION_NEEDED` without a yes; or when the file can't be read.
pub(crate) fn confirm_league(
    config: &ConnectorConfig,
    file: &[u8],
    said: Option<&str>,
    global: &GlobalArgs,
) -> Result<(), Refusal> {
    let bundle = JoinFile::read(file)?.bundle;
    if said.is_none() && config.trust.bundle.exists() {
        return Ok(());
    }
    recognise_league(&bundle, said, global)
}

/// Has a person confirm that a bundle is that of the league that is meant.
///
/// # Errors
/// As [`confirm_league`].
pub(crate) fn recognise_league(
    bundle: &TrustBundle,
    said: Option<&str>,
    global: &GlobalArgs,
) -> Result<(), Refusal> {
    let print = bundle.fingerprint();
    let league = &bundle.content().league;
    match said {
        Some(text) if print.is_read_as(text) => Ok(()),
        Some(_) => Err(Refusal::new(
            ErrorCode::WrongLeague,
            format!("the file is of a league `{league}` with another fingerprint: {print}"),
        )
        .with_help("have the operator of your league read its fingerprint to you: hansa league list --dir DIR")),
        None if global.yes => Ok(()),
        None => ask_confirmation(
            &format!(
                "The file is of the league `{league}` with the fingerprint\n\n    {print}\n\nDoes its operator read the same to you, by telephone or from a page that you trust?"
            ),
            global,
        ),
    }
}

/// Installs what the league has sent where it lies beside the configuration as `DOMAIN.join`, and the participant knows beforehand which
/// league is meant (`hansa init --league`); otherwise a person says so with `hansa join`.
///
/// # Errors
/// When the file is for somebody else, of another league, or does not verify.
pub(crate) fn join_with_waiting_file(config: &ConnectorConfig) -> Result<(), Refusal> {
    let id = &config.participant.id;
    let file = config.folder().join(format!("{}.join", id.domain()));
    if !config.trust.bundle.exists() || config.trust.tls_cert.exists() || !file.exists() {
        return Ok(());
    }
    let now = clock::system_clock()().wall;
    let sent = hansa_node::process::named_file::read_named_file(&file)?;
    let _summary =
        participant_identity::install_join_file(&config.trust.identity_files(), id, &sent, now)
            .map_err(|refusal| refusal.with_place(file.display().to_string(), None, None))?;
    tracing::info!(participant = %id, "league.joined");
    Ok(())
}

/// Installs certificate and bundle.
///
/// # Errors
/// When the file is for somebody else, of another league, or does not verify.
pub(crate) fn join_league(
    config: &ConnectorConfig,
    file: &[u8],
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let joined = participant_identity::install_join_file(
        &config.trust.identity_files(),
        &config.participant.id,
        file,
        now,
    )?;
    let content = joined.bundle.content();
    show.print_report(&JoinedLeague {
        participant: &config.participant.id,
        league: &content.league,
        fingerprint: joined.bundle.fingerprint().to_string(),
        bundle: content.sequence,
        valid_until: joined.not_after,
    });
    Ok(())
}

/// League that a participant has joined.
#[derive(Debug, Serialize)]
struct JoinedLeague<'a> {
    participant: &'a ParticipantId,
    league: &'a str,
    /// Fingerprint of the league.
    fingerprint: String,
    /// Number of its bundle.
    bundle: u64,
    /// End of the participant's certificate.
    valid_until: UtcTimestamp,
}

impl CommandReport for JoinedLeague<'_> {
    fn to_text(&self) -> String {
        format!(
            "{} has joined the league `{}`; its certificate is good until {}\nnext: to share data: hansa dataset add FILE, then hansa serve\n      to ask others: hansa catalog list PARTICIPANT; hansa peer list names the participants",
            self.participant.domain(),
            self.league,
            self.valid_until
        )
    }
}

/// `hansa rekey`: makes another signing key and writes the request for it.
///
/// # Errors
/// When this participant is in no league yet, or a key can't be read or written.
pub(crate) fn renew_signing_key(
    config: &ConnectorConfig,
    output: &Path,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let files = config.trust.identity_files();
    let id = &config.participant.id;
    let bundle = TrustBundle::open(&files.bundle)?;
    let applicant = Applicant {
        id: id.clone(),
        name: config.participant.name.clone(),
        address: bundle.member(id).and_then(|member| member.address.clone()),
    };
    let request = participant_identity::key_rotation::create_rekey_request(&files, &applicant)?;
    write_named_file(output, &request)?;
    show.print_report(&KeyRequest {
        participant: id,
        request: output,
    });
    Ok(())
}

/// Request for another signing key.
#[derive(Debug, Serialize)]
struct KeyRequest<'a> {
    participant: &'a ParticipantId,
    /// File of the request.
    #[serde(serialize_with = "serialize_path")]
    request: &'a Path,
}

impl CommandReport for KeyRequest<'_> {
    fn to_text(&self) -> String {
        let shown = self.request.display();
        format!(
            "another signing key waits; the one before stays in force until the league has registered it\nnext: send {shown} to the operator of your league (hansa league admit {shown}), install what\n      comes back (hansa join FILE), then hansa reload"
        )
    }
}
