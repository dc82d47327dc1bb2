//! `hansa league`: a certificate authority and a signed trust bundle for pilots.

mod admission;
pub(crate) mod arguments;
pub(crate) mod league_join;
mod rulebook;
mod signing_authority;

use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow, serialize_path};
use crate::cli::output::OutputSettings;
use crate::cli::terminal::{document_out, line_out};
use crate::cli::{IssuedAttributeKind, LeagueCommand};
use hansa_audit_log::json::JsonLimits;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::LeagueMember;
use hansa_identity::jwk;
use hansa_identity::keys::{PublicKey, SignatureAlgorithm};
use hansa_identity::league::credential_issuers::IssuerRegistration;
use hansa_identity::league::{LeagueAuthority, LeagueSettings};
use hansa_node::config::unit::parse_shift;
use hansa_node::league::credential_issuance::issue_credential;
use hansa_node::process::named_file::{read_named_file, write_named_file};
use hansa_policy::attribute::{AttributeKind, ParticipantAttribute};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::credential::CredentialStatement;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

impl Command for LeagueCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List { .. } => CommandEffect::Looks,
            Self::Rulebook(args) if args.file.is_none() && args.accepted.is_empty() => {
                CommandEffect::Looks
            }
            Self::Issuer { id, drop: true, .. } => CommandEffect::Ends(format!(
                "Naming {id} no longer ends what is read by its credentials, everywhere in the league."
            )),
            Self::Key(args) if args.end.is_some() => CommandEffect::Ends(format!(
                "Ending the key {} ends what it may sign, everywhere in the league.",
                args.end.as_deref().unwrap_or_default()
            )),
            Self::Seal(args) if args.end => CommandEffect::Ends(format!(
                "Ending the seals of {} as {} ends what they may sign, everywhere in the league.",
                args.id, args.organization
            )),
            Self::Mandates(args) if args.end => CommandEffect::Ends(format!(
                "From then on every key of {} can sign any contract, without a mandate.",
                args.id
            )),
            Self::Mandates(args) if args.revoke.is_some() => CommandEffect::Ends(format!(
                "Revoking the mandate {} ends what may be signed with it, everywhere in the league.",
                args.revoke.as_deref().unwrap_or_default()
            )),
            Self::Init { .. }
            | Self::Mandates(_)
            | Self::Key(_)
            | Self::Seal(_)
            | Self::Rulebook(_)
            | Self::Admit { .. }
            | Self::Issuer { .. }
            | Self::Attest { .. }
            | Self::Export { .. } => CommandEffect::Acts(""),
            Self::Expel { id, .. } => CommandEffect::Ends(format!(
                "Expelling {id} ends what it reads and asks, everywhere in the league."
            )),
        }
    }
}

/// Carries out one of the league's verbs.
///
/// # Errors
/// What the league refuses.
pub(crate) fn run_league_command(
    command: LeagueCommand,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    match command {
        LeagueCommand::Init { dir, name, demo } => init_league(&dir, name, demo, now, show),
        LeagueCommand::Admit {
            requests,
            dir,
            output,
            days,
            offset,
        } => {
            let mut league = LeagueAuthority::open(&dir)?;
            let now = apply_clock_offset(&league, offset.as_deref(), now)?;
            admission::admit_participants(&mut league, &requests, output, days, now, show)
        }
        LeagueCommand::Key(args) => signing_authority::change_signing_key(&args, now, show),
        LeagueCommand::Mandates(args) => signing_authority::change_mandates(&args, now, show),
        LeagueCommand::Seal(args) => signing_authority::change_seal(&args, now, show),
        LeagueCommand::Rulebook(args) => rulebook::run_rulebook_command(&args, now, show),
        LeagueCommand::List { dir } => {
            list_members(&LeagueAuthority::open(&dir)?, show);
            Ok(())
        }
        LeagueCommand::Issuer {
            id,
            name,
            states,
            key,
            drop,
            dir,
            offset,
        } => {
            let id = parse_participant(&id)?;
            let mut league = LeagueAuthority::open(&dir)?;
            let now = apply_clock_offset(&league, offset.as_deref(), now)?;
            if drop {
                league.drop_issuer(&id, now)?;
            } else {
                let key = key.map(|file| public_key(&file)).transpose()?;
                let naming = IssuerRegistration {
                    name: name.unwrap_or_else(|| id.domain().to_owned()),
                    id: id.clone(),
                    states: states.into_iter().map(to_attribute_kind).collect(),
                    key,
                };
                league.name_issuer(naming, now)?;
            }
            show.print_report(&IssuerReport {
                issuer: id,
                named: !drop,
                bundle: league.bundle().content().sequence,
            });
            Ok(())
        }
        LeagueCommand::Attest {
            subject,
            by,
            sector,
            region,
            days,
            output,
            dir,
            offset,
        } => {
            let league = LeagueAuthority::open(&dir)?;
            let now = apply_clock_offset(&league, offset.as_deref(), now)?;
            let (subject, issuer) = (parse_participant(&subject)?, parse_participant(&by)?);
            let attributes = parse_attributes(&sector, &region)?;
            if attributes.is_empty() {
                return Err(Refusal::new(
                    ErrorCode::UsageWrong,
                    "a credential states something: --sector nace:H49, --region EU",
                ));
            }
            let statement = CredentialStatement {
                issuer,
                subject,
                attributes: attributes.into_iter().collect(),
                issued_at: now,
                until: now.plus_micros(i64::from(days).saturating_mul(DAY)),
            };
            let bytes = issue_credential(&league, &statement)?;
            let CredentialStatement {
                issuer, subject, ..
            } = statement;
            write_named_file(&output, &bytes)?;
            show.print_report(&IssuedCredential {
                participant: subject,
                issuer,
                file: output,
            });
            Ok(())
        }
        LeagueCommand::Expel { id, dir } => {
            let id = parse_participant(&id)?;
            let mut league = LeagueAuthority::open(&dir)?;
            league.expel(&id, now)?;
            show.print_report(&ExpelledMember {
                expelled: id,
                bundle: league.bundle().content().sequence,
            });
            Ok(())
        }
        LeagueCommand::Export {
            dir,
            output,
            offset,
        } => {
            let mut league = LeagueAuthority::open(&dir)?;
            let now = apply_clock_offset(&league, offset.as_deref(), now)?;
            let bytes = league.export_bundle(now)?;
            match output {
                Some(file) => {
                    // It may be the file that a running connector reads.
                    hansa_files::replace_file(
                        &file,
                        &bytes,
                        hansa_files::FileVisibility::Everybody,
                    )?;
                    show.print_report(&ExportedBundle {
                        file,
                        bundle: league.bundle().content().sequence,
                    });
                }
                None => document_out(&String::from_utf8_lossy(&bytes)),
            }
            Ok(())
        }
    }
}

fn parse_participant(text: &str) -> Result<ParticipantId, Refusal> {
    parse_argument(text)
}

fn parse_argument<T: FromStr<Err: Display>>(text: &str) -> Result<T, Refusal> {
    text.parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}")))
}

const fn to_attribute_kind(stated: IssuedAttributeKind) -> AttributeKind {
    match stated {
        IssuedAttributeKind::Sector => AttributeKind::Sector,
        IssuedAttributeKind::Region => AttributeKind::Region,
    }
}

/// Attributes as they are named on the command line.
///
/// # Errors
/// `USAGE` for one that is none.
pub(crate) fn parse_attributes(
    sectors: &[String],
    regions: &[String],
) -> Result<BTreeSet<ParticipantAttribute>, Refusal> {
    let sectors = sectors
        .iter()
        .map(|code| parse_argument(code).map(ParticipantAttribute::Sector));
    let regions = regions
        .iter()
        .map(|code| parse_argument(code).map(ParticipantAttribute::Region));
    sectors.chain(regions).collect()
}

const DAY: i64 = 24 * 3600 * 1_000_000;

fn public_key(file: &Path) -> Result<PublicKey, Refusal> {
    let limits = JsonLimits {
        bytes: 4096,
        depth: 2,
    };
    hansa_audit_log::json::parse_json(&read_named_file(file)?, limits)
        .map_err(|fault| Refusal::new(ErrorCode::KeyInvalid, format!("no JWK: {fault}")))
        .and_then(|json| jwk::from_json(&json))
        .map_err(|refusal| refusal.with_place(file.display().to_string(), None, None))
}

/// The league's clock: it can be moved where the league is for a show, as those of its participants.
fn apply_clock_offset(
    league: &LeagueAuthority,
    offset: Option<&str>,
    now: UtcTimestamp,
) -> Result<UtcTimestamp, Refusal> {
    let Some(offset) = offset else {
        return Ok(now);
    };
    let wrong = |sentence: String| Refusal::new(ErrorCode::UsageWrong, sentence);
    if !league.bundle().content().demo {
        return Err(wrong(
            "the clock can only be moved in a league that was founded with --demo".to_owned(),
        ));
    }
    let micros = parse_shift(offset)
        .ok_or_else(|| wrong(format!("`{offset}` is not a time such as +8d or -90m")))?;
    Ok(now.plus_micros(micros))
}

fn init_league(
    dir: &Path,
    name: String,
    demo: bool,
    now: UtcTimestamp,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let founding = LeagueSettings {
        name: SingleLineText::parse("name", &name)?.to_string(),
        algorithm: SignatureAlgorithm::Es256,
        demo,
    };
    let league = LeagueAuthority::init(dir, &founding, now)?;
    show.print_report(&FoundedLeague {
        league: founding.name,
        folder: dir,
        demo,
        fingerprint: league.bundle().fingerprint().to_string(),
    });
    Ok(())
}

fn list_members(league: &LeagueAuthority, show: OutputSettings) {
    if !show.json {
        let (name, print) = (
            &league.bundle().content().league,
            league.bundle().fingerprint(),
        );
        line_out(&format!("league `{name}`, fingerprint {print}\n"));
    }
    let members = league.bundle().content().parties.iter();
    let rows: Vec<ListedMember> = members.map(ListedMember::of).collect();
    show.print_list(&rows);
}

/// Issuer of credentials that was named, or is named no longer.
#[derive(Debug, Serialize)]
struct IssuerReport {
    issuer: ParticipantId,
    named: bool,
    /// Number of the new bundle.
    bundle: u64,
}

impl CommandReport for IssuerReport {
    fn to_text(&self) -> String {
        let what = match self.named {
            true => "is named",
            false => "is no issuer any more",
        };
        format!(
            "{} {what}; hand the new bundle (number {}) to the participants: hansa league export",
            self.issuer.domain(),
            self.bundle
        )
    }
}

/// Credential that was issued.
#[derive(Debug, Serialize)]
struct IssuedCredential {
    participant: ParticipantId,
    issuer: ParticipantId,
    #[serde(serialize_with = "serialize_path")]
    file: PathBuf,
}

impl CommandReport for IssuedCredential {
    fn to_text(&self) -> String {
        let file = self.file.display();
        format!(
            "{} attests it; send {} {file} and it runs: hansa credential add {file}",
            self.issuer.domain(),
            self.participant.domain(),
        )
    }
}

/// Member that was expelled.
#[derive(Debug, Serialize)]
struct ExpelledMember {
    expelled: ParticipantId,
    /// Number of the new bundle.
    bundle: u64,
}

impl CommandReport for ExpelledMember {
    fn to_text(&self) -> String {
        format!(
            "{} is expelled; hand the new bundle (number {}) to the participants: hansa league export",
            self.expelled.domain(),
            self.bundle
        )
    }
}

/// Trust bundle that was written to a file.
#[derive(Debug, Serialize)]
struct ExportedBundle {
    #[serde(serialize_with = "serialize_path")]
    file: PathBuf,
    /// Number of the bundle.
    bundle: u64,
}

impl CommandReport for ExportedBundle {
    fn to_text(&self) -> String {
        let (number, file) = (self.bundle, self.file.display());
        format!("bundle number {number} written to {file}")
    }
}

/// League that was founded.
#[derive(Debug, Serialize)]
struct FoundedLeague<'a> {
    league: String,
    #[serde(serialize_with = "serialize_path")]
    folder: &'a Path,
    demo: bool,
    fingerprint: String,
}

impl CommandReport for FoundedLeague<'_> {
    fn to_text(&self) -> String {
        let folder = self.folder.display();
        format!(
            "the league `{}` is founded in {folder}\nits fingerprint, which each new participant compares with you: {}\nnext: hansa league admit REQUEST… --dir {folder}",
            self.league, self.fingerprint
        )
    }
}

/// Member of the league, also one that was expelled.
#[derive(Debug, Serialize)]
struct ListedMember {
    participant: ParticipantId,
    name: String,
    address: Option<String>,
    expelled_at: Option<UtcTimestamp>,
}

impl ListedMember {
    fn of(member: &LeagueMember) -> Self {
        Self {
            participant: member.id.clone(),
            name: member.name.clone(),
            address: member.address.clone(),
            expelled_at: member.expelled_at,
        }
    }
}

impl ReportRow for ListedMember {
    const HEADER: &'static [&'static str] = &["PARTICIPANT", "NAME", "ADDRESS", "STATE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.participant.domain().to_owned(),
            self.name.clone(),
            self.address.clone().unwrap_or_default(),
            match self.expelled_at {
                Some(at) => format!("expelled {at}"),
                None => "member".to_owned(),
            },
        ]
    }
}
