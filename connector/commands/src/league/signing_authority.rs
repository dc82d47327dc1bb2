//! `hansa league key`, `hansa league mandates` and `hansa league seal`: who may sign for a participant beside its connector.

use crate::cli::command_report::CommandReport;
use crate::cli::output::OutputSettings;
use crate::league::arguments::{LeagueKeyArgs, LeagueMandatesArgs, LeagueSealArgs};
use crate::league::{apply_clock_offset, parse_argument, parse_participant};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::league::LeagueAuthority;
use hansa_identity::league::signer_registration::{
    KeyEndKind, read_certificate, read_seal_revocation,
};
use hansa_node::process::named_file::read_named_file;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;

/// Registers a key for contracts, or ends a signing key.
pub(super) fn change_signing_key(
    args: &LeagueKeyArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let mut league = LeagueAuthority::open(&args.dir)?;
    let now = apply_clock_offset(&league, args.offset.as_deref(), now)?;
    let (id, kid) = match (&args.statement, &args.end, &args.of) {
        (Some(file), None, _) => {
            let stated = league
                .register_key(&read_named_file(file)?, now)
                .map_err(|refusal| refusal.with_place(file.display().to_string(), None, None))?;
            (stated.id, stated.key.kid().to_owned())
        }
        (None, Some(kid), Some(of)) => {
            let id = parse_participant(of)?;
            let end = parse_key_end(args.revoked, args.since.as_deref())?;
            league.end_key(&id, kid, end, now)?;
            (id, kid.clone())
        }
        _ => {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                "name the file of a public key, or the key that ends: --end KEY --of PARTICIPANT",
            ));
        }
    };
    show.print_report(&ContractKeyReport {
        participant: id,
        key: kid,
        ended: args.end.is_some(),
        bundle: league.bundle().content().sequence,
    });
    Ok(())
}

/// Key for contracts that was registered, or ends.
#[derive(Debug, Serialize)]
struct ContractKeyReport {
    participant: ParticipantId,
    key: String,
    ended: bool,
    /// Number of the new bundle.
    bundle: u64,
}

impl CommandReport for ContractKeyReport {
    fn to_text(&self) -> String {
        let what = match self.ended {
            true => "ends",
            false => "concludes its contracts from now on, and its connector's key none",
        };
        format!(
            "the key {} of {} {what}; hand the new bundle (number {}) to the participants: hansa league export",
            self.key,
            self.participant.domain(),
            self.bundle
        )
    }
}

/// Notes whether a participant signs with mandates, or revokes one of them.
pub(super) fn change_mandates(
    args: &LeagueMandatesArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let mut league = LeagueAuthority::open(&args.dir)?;
    let now = apply_clock_offset(&league, args.offset.as_deref(), now)?;
    let id = parse_participant(&args.id)?;
    let revoked: Option<Digest> = args.revoke.as_deref().map(parse_argument).transpose()?;
    match revoked {
        Some(statement) => {
            let since = args.since.as_deref().map(parse_instant).transpose()?;
            league.revoke_mandate(&id, statement, since, now)?;
        }
        None => league.use_mandates(&id, !args.end, now)?,
    }
    let mandated = league.bundle().member(&id).map(|member| &member.mandates);
    let uses = mandated.is_some_and(|mandates| mandates.since.is_some());
    show.print_report(&MandateUse {
        mandates: uses,
        revoked,
        bundle: league.bundle().content().sequence,
        participant: id,
        end: args.end,
    });
    Ok(())
}

/// Mandates of a participant: whether it signs with them, and the one that was revoked.
#[derive(Debug, Serialize)]
struct MandateUse {
    participant: ParticipantId,
    mandates: bool,
    revoked: Option<Digest>,
    /// Number of the new bundle.
    bundle: u64,
    /// `true` if it was said to sign without mandates.
    #[serde(skip)]
    end: bool,
}

impl CommandReport for MandateUse {
    fn to_text(&self) -> String {
        let what = match &self.revoked {
            Some(statement) => format!(
                "has the mandate {} no longer: nothing counts that rests on it and is first seen from then on",
                statement.to_short_text()
            ),
            None => {
                let with = if self.end { "without" } else { "with" };
                format!("signs contracts {with} mandates from now on")
            }
        };
        format!(
            "{} {what}; hand the new bundle (number {}) to the participants: hansa league export",
            self.participant.domain(),
            self.bundle
        )
    }
}

/// Names an authority that may seal for a participant, or ends what it may.
pub(super) fn change_seal(
    args: &LeagueSealArgs,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let mut league = LeagueAuthority::open(&args.dir)?;
    let now = apply_clock_offset(&league, args.offset.as_deref(), now)?;
    let id = parse_participant(&args.id)?;
    match &args.anchor {
        Some(file) => league.name_seal(&id, read_certificate(file)?, &args.organization, now)?,
        None => {
            let revoked = args.revoke.as_deref();
            let revoked = revoked
                .map(|file| read_seal_revocation(file, args.key))
                .transpose()?;
            let end = parse_key_end(true, args.since.as_deref())?;
            league.end_seal(&id, &args.organization, revoked, end, now)?;
        }
    }
    show.print_report(&SealReport {
        participant: id,
        organization: &args.organization,
        ended: args.anchor.is_none(),
        bundle: league.bundle().content().sequence,
    });
    Ok(())
}

/// Seal that counts for a participant, or ends.
#[derive(Debug, Serialize)]
struct SealReport<'a> {
    participant: ParticipantId,
    organization: &'a str,
    ended: bool,
    /// Number of the new bundle.
    bundle: u64,
}

impl CommandReport for SealReport<'_> {
    fn to_text(&self) -> String {
        format!(
            "the seal of {} as {} {}; hand the new bundle (number {}) to the participants: hansa league export",
            self.participant.domain(),
            self.organization,
            if self.ended { "ends" } else { "counts" },
            self.bundle
        )
    }
}

/// How something ends.
fn parse_key_end(revoked: bool, since: Option<&str>) -> Result<KeyEndKind, Refusal> {
    match since {
        Some(text) => parse_instant(text).map(KeyEndKind::Compromised),
        None if revoked => Ok(KeyEndKind::Revoked),
        None => Ok(KeyEndKind::Over),
    }
}

fn parse_instant(text: &str) -> Result<UtcTimestamp, Refusal> {
    text.parse().map_err(|cause| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{text}` is no time such as 2026-12-01T00:00:00Z"),
        )
        .caused_by(cause)
    })
}
