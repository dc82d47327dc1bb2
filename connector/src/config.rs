//! The configuration of one connector: `hansa.toml`, parsed whole, every problem at once.

pub(crate) mod reader;

use crate::config::reader::{Section, Source};
use policy::contract::OwnPurpose;
use policy::id::{Name, ParticipantId, PurposeId};
use policy::refusal::{Code, Refusal};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything that `hansa.toml` says, with paths made absolute against its folder.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The file.
    pub(crate) file: PathBuf,
    /// Its folder, absolute.
    root: PathBuf,
    /// Its text, from which the dataset tables are read.
    pub(crate) text: String,
    /// `[participant]`
    pub(crate) participant: Participant,
    /// `[listen] peer`; absent: consumer only.
    pub(crate) listen: Option<String>,
    /// `[trust]`
    pub(crate) trust: Trust,
    /// `[state] dir`
    pub(crate) state: PathBuf,
    /// `[limits]`
    pub(crate) limits: Limits,
    /// `[ask] purpose`
    pub(crate) purpose: Option<PurposeId>,
    /// `[ask] compress`: whether rows are asked for in compressed form.
    pub(crate) compress: bool,
    /// `[[peer]]`
    pub(crate) peers: Vec<Peer>,
    /// `[[offer]]`
    pub(crate) offers: Vec<Offer>,
    /// `[purpose.NAME]`
    pub(crate) purposes: Vec<OwnPurpose>,
    /// `[tenant]`: which value of a tenant column a participant stands for.
    pub(crate) tenants: BTreeMap<ParticipantId, String>,
}

/// `[participant]`
#[derive(Debug, Clone)]
pub(crate) struct Participant {
    /// `hansa://<domain>`
    pub(crate) id: ParticipantId,
    /// Name for people.
    pub(crate) name: String,
    /// IANA zone of its civil times and of the days in its policies.
    pub(crate) zone: String,
    /// How to reach the people who run it.
    pub(crate) contact: Option<String>,
    /// The alias of its own datasets in SQL.
    pub(crate) alias: Name,
}

/// `[trust]`: where keys, certificate and bundle are.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    /// The signed trust bundle of the league.
    pub(crate) bundle: PathBuf,
    /// Certificate chain for TLS.
    pub(crate) tls_cert: PathBuf,
    /// Key for TLS.
    pub(crate) tls_key: PathBuf,
    /// Key that signs contracts.
    pub(crate) signing_key: PathBuf,
    /// Key that signs the heads of the log.
    pub(crate) note_key: PathBuf,
}

/// `[limits]`: of one question, and how many run at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of memory for one question.
    pub(crate) memory: u64,
    /// Bytes of spill for one question.
    pub(crate) spill: u64,
    /// Time for one question.
    pub(crate) timeout: Duration,
    /// Questions at once.
    pub(crate) concurrent: usize,
    /// Bytes that must be free on the disk of the log, or nothing is answered.
    pub(crate) reserve: u64,
}

/// `[[peer]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Its identity.
    pub(crate) id: ParticipantId,
    /// `host:port`
    pub(crate) address: String,
    /// Its alias here.
    pub(crate) alias: Name,
}

/// `[[offer]]`
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// The dataset.
    pub(crate) dataset: Name,
    /// The policy file.
    pub(crate) policy: PathBuf,
    /// To whom.
    pub(crate) to: Recipients,
    /// Whether an officer signs each contract.
    pub(crate) sign: Sign,
    /// Where it stands in the file.
    pub(crate) line: u64,
}

/// To whom an offer is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recipients {
    /// Every participant of the league, each by a contract of its own.
    League,
    /// These participants.
    Named(Vec<ParticipantId>),
    /// Everybody in the league, as a public view that the owner alone signs.
    Public,
}

/// Who signs for the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// A person, with `hansa contract sign`.
    Officer,
    /// The connector, at once.
    Auto,
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// Every problem in it, in the order of the file.
    pub(crate) fn load(
        file: &Path,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<Refusal>> {
        let shown = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|fault| {
            let code = if fault.kind() == std::io::ErrorKind::NotFound {
                Code::ConfigMissing
            } else {
                Code::FileMissing
            };
            vec![
                Refusal::new(code, format!("`{shown}` can't be read: {fault}"))
                    .with_help("create one with hansa init, or name it with --config"),
            ]
        })?;
        // Without links and `..`: the engine takes the paths of snapshots literally.
        let folder = std::fs::canonicalize(file)
            .ok()
            .and_then(|path| path.parent().map(Path::to_path_buf))
            .unwrap_or_default();
        let source = Source {
            file: &shown,
            text: &text,
            overrides,
        };
        let table = source.parse().map_err(|refusal| vec![refusal])?;
        let mut faults = Vec::new();
        let mut root = Section::root(&source, table.get_ref());
        let parts = Parts::read(&mut root, &folder, &mut faults);
        root.leave("dataset");
        root.finish(&mut faults);
        match (parts, faults.is_empty()) {
            (Some(parts), true) => Ok(Self {
                file: file.to_path_buf(),
                root: folder,
                participant: parts.participant,
                listen: parts.listen,
                trust: parts.trust,
                state: parts.state,
                limits: parts.limits,
                purpose: parts.purpose,
                compress: parts.compress,
                peers: parts.peers,
                offers: parts.offers,
                purposes: parts.purposes,
                tenants: parts.tenants,
                text,
            }),
            (_, _) => Err(faults),
        }
    }

    /// The folder that relative paths start from.
    pub(crate) fn folder(&self) -> &Path {
        &self.root
    }

    /// The socket of the running connector.
    pub(crate) fn socket(&self) -> PathBuf {
        self.state.join("hansa.sock")
    }
}

struct Parts {
    participant: Participant,
    listen: Option<String>,
    trust: Trust,
    state: PathBuf,
    limits: Limits,
    purpose: Option<PurposeId>,
    compress: bool,
    peers: Vec<Peer>,
    offers: Vec<Offer>,
    purposes: Vec<OwnPurpose>,
    tenants: BTreeMap<ParticipantId, String>,
}

impl Parts {
    fn read(root: &mut Section<'_, '_>, folder: &Path, faults: &mut Vec<Refusal>) -> Option<Self> {
        let participant = participant(root.section("participant", faults), faults);
        let mut listen = root.section("listen", faults);
        let address = listen.text("peer", faults);
        listen.finish(faults);
        let trust = trust(root.section("trust", faults), folder, faults);
        let mut state = root.section("state", faults);
        let dir = state
            .text("dir", faults)
            .unwrap_or_else(|| "state".to_owned());
        state.finish(faults);
        let limits = limits(root.section("limits", faults), faults);
        let mut ask = root.section("ask", faults);
        let purpose = ask.parsed("purpose", faults);
        let compress = compress(&mut ask, faults);
        ask.finish(faults);
        let peers = root
            .sections("peer", faults)
            .into_iter()
            .filter_map(|section| peer(section, faults))
            .collect();
        let offers = root
            .sections("offer", faults)
            .into_iter()
            .filter_map(|section| offer(section, folder, faults))
            .collect();
        let purposes = purposes(root.section("purpose", faults), faults);
        let tenants = tenants(root.section("tenant", faults), faults);
        Some(Self {
            participant: participant?,
            listen: address,
            trust,
            state: folder.join(dir),
            limits,
            purpose,
            compress,
            peers,
            offers,
            purposes,
            tenants,
        })
    }
}

/// Whether rows are asked for in compressed form.
fn compress(section: &mut Section<'_, '_>, faults: &mut Vec<Refusal>) -> bool {
    match section.text_at("compress", faults) {
        None => true,
        Some((word, line)) => {
            if !matches!(word.as_str(), "lz4" | "none") {
                faults.push(section.problem(
                    Code::ConfigInvalid,
                    format!("`ask.compress` is \"lz4\" or \"none\", not `{word}`"),
                    line,
                    "compress",
                ));
            }
            word != "none"
        }
    }
}

fn participant(mut section: Section<'_, '_>, faults: &mut Vec<Refusal>) -> Option<Participant> {
    if !section.present() {
        faults.push(section.problem(
            Code::ConfigInvalid,
            "the table `participant` is missing".to_owned(),
            1,
            "id",
        ));
        return None;
    }
    let id: Option<ParticipantId> = section.parsed("id", faults);
    let name = section.needed("name", faults);
    let zone = section.text_at("zone", faults);
    let contact = section.text("contact", faults);
    let alias: Option<Name> = section.parsed("alias", faults);
    if let Some((zone, line)) = &zone
        && jiff::tz::TimeZone::get(zone).is_err()
    {
        faults.push(section.problem(
            Code::ConfigInvalid,
            format!("`{zone}` is not a time zone such as Europe/Berlin"),
            *line,
            "zone",
        ));
    }
    let line = section.line();
    let alias = match (&id, alias) {
        (_, Some(alias)) => Some(alias),
        (Some(id), None) => id.default_alias(),
        (None, None) => None,
    };
    if id.is_none() {
        faults.push(section.problem(
            Code::ConfigInvalid,
            "`participant.id` is missing or wrong".to_owned(),
            line,
            "id",
        ));
    } else if alias.is_none() {
        faults.push(section.problem(
            Code::AliasClash,
            "the first label of the domain is no name; set participant.alias".to_owned(),
            line,
            "alias",
        ));
    }
    section.finish(faults);
    Some(Participant {
        id: id?,
        name: name?,
        zone: zone.map_or_else(|| "UTC".to_owned(), |(zone, _)| zone),
        contact,
        alias: alias?,
    })
}

fn trust(mut section: Section<'_, '_>, folder: &Path, faults: &mut Vec<Refusal>) -> Trust {
    let mut path = |key: &'static str, default: &str| {
        folder.join(
            section
                .text(key, faults)
                .unwrap_or_else(|| default.to_owned()),
        )
    };
    let trust = Trust {
        bundle: path("bundle", "trust/bundle.json"),
        tls_cert: path("tls_cert", "keys/tls.crt"),
        tls_key: path("tls_key", "keys/tls.key"),
        signing_key: path("signing_key", "keys/signing.key"),
        note_key: path("note_key", "keys/note.key"),
    };
    section.finish(faults);
    trust
}

fn limits(mut section: Section<'_, '_>, faults: &mut Vec<Refusal>) -> Limits {
    let mut size = |key: &'static str, default: u64| match section.text_at(key, faults) {
        None => default,
        Some((text, line)) => match bytes(&text) {
            Some(value) => value,
            None => {
                faults.push(section.problem(
                    Code::ConfigInvalid,
                    format!("`{text}` is not a size such as 512 MB"),
                    line,
                    key,
                ));
                default
            }
        },
    };
    let memory = size("memory", 512 << 20);
    let spill = size("spill", 4 << 30);
    let reserve = size("reserve", 64 << 20);
    let timeout = match section.text_at("timeout", faults) {
        None => Duration::from_secs(120),
        Some((text, line)) => match seconds(&text) {
            Some(value) => value,
            None => {
                faults.push(section.problem(
                    Code::ConfigInvalid,
                    format!("`{text}` is not a time such as 120s or 5m"),
                    line,
                    "timeout",
                ));
                Duration::from_secs(120)
            }
        },
    };
    let concurrent = section.number("concurrent", faults).unwrap_or(16);
    section.finish(faults);
    Limits {
        memory,
        spill,
        timeout,
        concurrent: usize::try_from(concurrent).unwrap_or(16).max(1),
        reserve,
    }
}

fn peer(mut section: Section<'_, '_>, faults: &mut Vec<Refusal>) -> Option<Peer> {
    let id: Option<ParticipantId> = section.parsed("id", faults);
    let address = section.needed("address", faults);
    let alias: Option<Name> = section.parsed("alias", faults);
    let line = section.line();
    let alias = alias.or_else(|| id.as_ref().and_then(ParticipantId::default_alias));
    if id.is_none() || alias.is_none() {
        faults.push(
            section.problem(
                Code::ConfigInvalid,
                "a peer needs an id, and an alias where its domain does not begin with a name"
                    .to_owned(),
                line,
                "id",
            ),
        );
    }
    section.finish(faults);
    Some(Peer {
        id: id?,
        address: address?,
        alias: alias?,
    })
}

fn offer(mut section: Section<'_, '_>, folder: &Path, faults: &mut Vec<Refusal>) -> Option<Offer> {
    let line = section.line();
    let dataset: Option<Name> = section.parsed("dataset", faults);
    let policy = section.needed("policy", faults);
    let to = section.texts("to", faults).unwrap_or_default();
    let recipients = match to.as_slice() {
        [word] if word == "league" => Some(Recipients::League),
        [word] if word == "public" => Some(Recipients::Public),
        [] => None,
        list => list
            .iter()
            .map(|id| id.parse().ok())
            .collect::<Option<Vec<ParticipantId>>>()
            .map(Recipients::Named),
    };
    if recipients.is_none() {
        faults.push(section.problem(
            Code::ConfigInvalid,
            "`offer.to` is \"league\", \"public\" or a list of participants".to_owned(),
            line,
            "to",
        ));
    }
    let sign = match section.text_at("sign", faults) {
        None => Some(Sign::Officer),
        Some((word, line)) => match word.as_str() {
            "officer" => Some(Sign::Officer),
            "auto" => Some(Sign::Auto),
            other => {
                faults.push(section.problem(
                    Code::ConfigInvalid,
                    format!("`offer.sign` is \"officer\" or \"auto\", not `{other}`"),
                    line,
                    "sign",
                ));
                None
            }
        },
    };
    if dataset.is_none() {
        faults.push(section.problem(
            Code::ConfigInvalid,
            "an offer names its dataset".to_owned(),
            line,
            "dataset",
        ));
    }
    section.finish(faults);
    Some(Offer {
        dataset: dataset?,
        policy: folder.join(policy_path(&policy?)),
        to: recipients?,
        sign: sign?,
        line,
    })
}

/// A policy is named by its file, or by its bare name in `policies/`.
fn policy_path(written: &str) -> PathBuf {
    if written.contains('/') || written.ends_with(".toml") {
        PathBuf::from(written)
    } else {
        PathBuf::from(format!("policies/{written}.toml"))
    }
}

fn purposes(mut section: Section<'_, '_>, faults: &mut Vec<Refusal>) -> Vec<OwnPurpose> {
    let mut own = Vec::new();
    for (name, mut inner) in section.named(faults) {
        let line = inner.line();
        let parent: Option<PurposeId> = inner.parsed("parent", faults);
        let text = inner.text("text", faults).unwrap_or_default();
        match (name.parse::<PurposeId>(), parent) {
            (Ok(name), Some(parent)) => own.push(OwnPurpose { name, parent, text }),
            (_, _) => faults.push(inner.problem(
                Code::ConfigInvalid,
                format!("purpose `{name}` needs a plain name and a parent such as dpv:ResearchAndDevelopment"),
                line,
                "parent",
            )),
        }
        inner.finish(faults);
    }
    own
}

fn tenants(
    mut section: Section<'_, '_>,
    faults: &mut Vec<Refusal>,
) -> BTreeMap<ParticipantId, String> {
    let mut tenants = BTreeMap::new();
    for (name, mut inner) in section.named(faults) {
        let line = inner.line();
        let value = inner.needed("value", faults);
        match (name.parse::<ParticipantId>(), value) {
            (Ok(id), Some(value)) => {
                tenants.insert(id, value);
            }
            (Err(fault), _) => faults.push(inner.problem(
                Code::ConfigInvalid,
                format!("`{name}`: {fault}"),
                line,
                "value",
            )),
            (Ok(_), None) => {}
        }
        inner.finish(faults);
    }
    tenants
}

/// A size such as `512 MB`, in bytes; decimal prefixes.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '_')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let number: u64 = number.replace('_', "").parse().ok()?;
    let factor = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// A time such as `90s`, `5m`, `2h`.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(factor).map(Duration::from_secs)
}

/// Every key, with its default, for `hansa config reference`.
pub(crate) const REFERENCE: &str = include_str!("config/reference.toml");

#[cfg(test)]
mod tests;
