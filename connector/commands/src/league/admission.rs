//! `hansa league admit`: participants are admitted, and each gets a file with its certificate and the trust bundle.

use crate::cli::command_report::{CommandReport, serialize_path};
use crate::cli::output::OutputSettings;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::league::LeagueAuthority;
use hansa_identity::participant_identity::admission_request::AdmissionRequest;
use hansa_node::process::named_file::{read_named_file, write_named_file};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Admits all whose requests are named. Each .join file has the bundle with all of them, so that they know each other at once.
///
/// # Errors
/// `KEY_INVALID` for what is no request: then nobody is admitted; `USAGE`, or what the league refuses of one of them: then those before
/// are admitted and have their files.
pub(super) fn admit_participants(
    league: &mut LeagueAuthority,
    requests: &[PathBuf],
    output: Option<PathBuf>,
    days: u16,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let read: Vec<ReadRequest<'_>> = requests
        .iter()
        .map(|file| ReadRequest::open(file))
        .collect::<Result<_, _>>()?;
    let names: BTreeSet<&str> = read.iter().map(|one| one.request.id.as_str()).collect();
    if names.len() < read.len() {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            "two of the requests are of one participant",
        ));
    }
    if output.is_some() && read.len() > 1 {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            "--output names one file, and there are several requests",
        )
        .with_help("remove it: each .join file is then written beside its request"));
    }
    let (mut admitted, mut refused) = (Vec::new(), None);
    for one in &read {
        match league.admit(&one.bytes, days, now) {
            Ok(member) => admitted.push((one, member)),
            Err(refusal) => {
                refused = Some(one.with_file_place(refusal));
                break;
            }
        }
    }
    for (one, mut member) in admitted {
        member.join.bundle = league.bundle().clone();
        let default = || {
            one.file
                .with_file_name(format!("{}.join", member.id.domain()))
        };
        let file = output.clone().unwrap_or_else(default);
        write_named_file(&file, &member.join.to_bytes())?;
        show.print_report(&AdmittedParticipant {
            participant: member.id,
            file,
            valid_until: member.not_after,
            fingerprint: one.request.fingerprint().to_string(),
            league_fingerprint: league.bundle().fingerprint().to_string(),
        });
    }
    refused.map_or(Ok(()), Err)
}

/// A request as its file says it.
#[derive(Debug)]
struct ReadRequest<'a> {
    file: &'a Path,
    bytes: Vec<u8>,
    request: AdmissionRequest,
}

impl<'a> ReadRequest<'a> {
    fn open(file: &'a Path) -> Result<Self, Refusal> {
        let bytes = read_named_file(file)?;
        let request =
            AdmissionRequest::read(&bytes).map_err(|refusal| with_file_place(refusal, file))?;
        Ok(Self {
            file,
            bytes,
            request,
        })
    }

    fn with_file_place(&self, refusal: Refusal) -> Refusal {
        with_file_place(refusal, self.file)
    }
}

fn with_file_place(refusal: Refusal, file: &Path) -> Refusal {
    let refusal = refusal.with_place(file.display().to_string(), None, None);
    match refusal.code {
        ErrorCode::KeyInvalid => {
            refusal.with_help("name the .request file that `hansa init` wrote")
        }
        _ => refusal,
    }
}

/// Participant that was admitted.
#[derive(Debug, Serialize)]
struct AdmittedParticipant {
    participant: ParticipantId,
    /// File with its certificate and the bundle.
    #[serde(serialize_with = "serialize_path")]
    file: PathBuf,
    /// End of its certificate.
    valid_until: UtcTimestamp,
    /// Fingerprint of its keys.
    fingerprint: String,
    league_fingerprint: String,
}

impl CommandReport for AdmittedParticipant {
    fn to_text(&self) -> String {
        let Self {
            participant,
            file,
            valid_until,
            fingerprint,
            league_fingerprint,
        } = self;
        let (domain, shown) = (participant.domain(), file.display());
        format!(
            "{domain} is admitted until {valid_until}\nfingerprint of its keys, which it reads to you: {fingerprint}\nfingerprint of the league, which you read to it: {league_fingerprint}\nnext: send it {shown}, and it runs: hansa join {shown}"
        )
    }
}
