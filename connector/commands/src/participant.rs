//! `hansa init`: a new participant with configuration, keys, certificate request, house policy and empty state.

use crate::cli::command_report::{CommandReport, serialize_path};
use crate::cli::output::OutputSettings;
use crate::cli::terminal::document_out;
use crate::cli::{GlobalArgs, InitArgs};
use crate::key::arguments::SigningAlgorithm;
use crate::league::league_join::recognise_league;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_identity::keys::SignatureAlgorithm;
use hansa_identity::participant_identity::admission_request::{AdmissionRequest, Applicant};
use hansa_identity::participant_identity::{self, IdentityFiles};
use hansa_node::config::ConnectorConfig;
use hansa_node::process::named_file::{read_named_file, write_named_file};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Prints the request of a participant for its league.
///
/// # Errors
/// `FILE_MISSING` where it is not beside the configuration any more.
pub(crate) fn print_request(config: &ConnectorConfig) -> Result<(), Refusal> {
    let name = format!("{}.request", config.participant.id.domain());
    let request = read_named_file(&config.folder().join(name))?;
    document_out(String::from_utf8_lossy(&request).trim_end());
    Ok(())
}

/// Creates the folder.
///
/// # Errors
/// When the identity, the zone or the folder does not fit.
pub(crate) fn create_participant(
    args: &InitArgs,
    now: UtcTimestamp,
    global: &GlobalArgs,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let id: ParticipantId = args
        .id
        .parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{}`: {fault}", args.id)))?;
    if jiff::tz::TimeZone::get(&args.zone).is_err() {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{}` is not a time zone such as Europe/Berlin", args.zone),
        ));
    }
    let config = args.dir.join("hansa.toml");
    if config.exists() && args.if_absent {
        return Ok(());
    }
    if config.exists() {
        return Err(Refusal::new(
            ErrorCode::FileExists,
            format!("`{}` already holds a participant", args.dir.display()),
        ));
    }
    let league = match &args.league {
        Some(file) => Some(known_league(
            file,
            args.fingerprint.as_deref(),
            now,
            global,
        )?),
        None => None,
    };
    let files = IdentityFiles {
        signing_key: args.dir.join("keys/signing.key"),
        note_key: args.dir.join("keys/note.key"),
        tls_key: args.dir.join("keys/tls.key"),
        tls_cert: args.dir.join("keys/tls.crt"),
        bundle: args.dir.join("trust/bundle.json"),
    };
    let applicant = Applicant {
        id: id.clone(),
        name: SingleLineText::parse("name", &args.name)?.to_string(),
        address: args.address.clone().or_else(|| args.listen.clone()),
    };
    std::fs::create_dir_all(args.dir.join("trust")).map_err(|fault| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("`{}` can't be made: {fault}", args.dir.display()),
        )
    })?;
    let signing = match args.algorithm {
        SigningAlgorithm::Eddsa => SignatureAlgorithm::EdDsa,
        SigningAlgorithm::Es256 => SignatureAlgorithm::Es256,
    };
    let request = participant_identity::create_identity(&files, &applicant, signing)?;
    let request_file = args.dir.join(format!("{}.request", id.domain()));
    write_named_file(&request_file, &request)?;
    let print = AdmissionRequest::read(&request)?.fingerprint();
    write_named_file(&args.dir.join("policies/house.toml"), HOUSE.as_bytes())?;
    if let Some(bundle) = &league {
        participant_identity::install_bundle(&files, bundle)?;
    }
    write_named_file(&config, config_template(args, &id).as_bytes())?;
    show.print_report(&CreatedParticipant {
        participant: id,
        config,
        request: request_file,
        algorithm: signing.as_str(),
        fingerprint: print.to_string(),
        league: league.map(|bundle| bundle.content().league.clone()),
        folder: &args.dir,
    });
    Ok(())
}

/// Participant that was created.
#[derive(Debug, Serialize)]
struct CreatedParticipant<'a> {
    participant: ParticipantId,
    #[serde(serialize_with = "serialize_path")]
    config: PathBuf,
    #[serde(serialize_with = "serialize_path")]
    request: PathBuf,
    algorithm: &'static str,
    /// Fingerprint of its keys.
    fingerprint: String,
    league: Option<String>,
    #[serde(skip)]
    folder: &'a Path,
}

impl CommandReport for CreatedParticipant<'_> {
    fn to_text(&self) -> String {
        let (folder, request) = (self.folder.display(), self.request.display());
        format!(
            "{} is created in {folder}\nthe fingerprint of its keys, which the league compares with you: {}\nnext: send {request} to the operator of your league (hansa league admit {request}),\n      then install what comes back: hansa --config {folder} join FILE",
            self.participant.domain(),
            self.fingerprint,
        )
    }
}

/// The league of a file, once a person has confirmed that it is the one that is meant.
fn known_league(
    file: &Path,
    fingerprint: Option<&str>,
    now: UtcTimestamp,
    global: &GlobalArgs,
) -> Result<TrustBundle, Refusal> {
    let bundle = TrustBundle::open(file)?;
    bundle
        .check_expiry(now)
        .map_err(|refusal| refusal.with_place(file.display().to_string(), None, None))?;
    recognise_league(&bundle, fingerprint, global)?;
    Ok(bundle)
}

const HOUSE: &str = "\
# What your own people may ask of your own datasets: everything. This is configuration, signed by nobody,
# and never valid for another participant.
title = \"House contract\"
";

fn config_template(args: &InitArgs, id: &ParticipantId) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let listen = match &args.listen {
        Some(address) => format!("peer = {}", quoted(address)),
        None => {
            "# peer = \"0.0.0.0:8814\"        # absent: this participant only consumes".to_owned()
        }
    };
    format!(
        "\
# Configuration of one Hansa connector. `hansa config reference` prints every key.
# Paths are relative to this file. `hansa check` finds every mistake at once.

[participant]
id   = {id}
name = {name}
zone = {zone}                     # of its civil times, and of the days in its policies
# contact = \"data-office@{domain}\"
# alias   = \"…\"                     # of its own datasets in SQL; absent: the first label of the domain

[listen]
{listen}

[trust]
bundle      = \"trust/bundle.json\"   # signed by the league
tls_cert    = \"keys/tls.crt\"
tls_key     = \"keys/tls.key\"
signing_key = \"keys/signing.key\"    # signs contracts, withdrawals and receipts
note_key    = \"keys/note.key\"       # signs the heads of the log

[state]
dir = \"state\"                       # contracts, snapshots, the log; back it up with `hansa backup`

[limits]                            # of one question; a contract can only be tighter
# memory   = \"4 GB\"               # without it three tenths of the machine; hansa config show says how much
timeout    = \"120s\"
concurrent = 16

[ask]
# purpose = \"…\"                     # declared when a question declares none

# [[peer]]                          # or: hansa peer add ADDRESS
# id      = \"munster.example\"
# address = \"data.munster.example:8814\"

# [[dataset]]                       # or: hansa dataset add FILE
# [[offer]]
# dataset = \"…\"
# policy  = \"…\"                     # policies/….toml
# to      = \"league\"                # or a list of participants, or \"public\"
",
        id = quoted(id.domain()),
        name = quoted(&args.name),
        zone = quoted(&args.zone),
        domain = id.domain(),
    )
}
