//! `[dataspace]`, `[partner.NAME]` and `[control_plane.NAME]`: the Dataspace Protocol, the connectors of other makes with which it is spoken, and
//! those for which data is given.

use crate::config::reader::ConfigSection;
use crate::config::web_origin;
use hansa_policy::id::{ParticipantId, PurposeId, SqlIdentifier};
use std::path::{Path, PathBuf};

/// `[dataspace]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataspaceConfig {
    /// `https://` and the host under which partners reach `[web]`.
    pub base: String,
    /// The identity of this participant in the protocol.
    pub id: String,
    /// `[partner.NAME]`
    pub partners: Vec<PartnerConfig>,
    /// `[control_plane.NAME]`
    pub control_planes: Vec<ControlPlaneConfig>,
}

/// `[control_plane.NAME]`: a connector of this participant that negotiates, and has its data given here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlPlaneConfig {
    /// Its name here.
    pub name: SqlIdentifier,
    /// Whether it speaks as EDC 0.14 does, from before there was a specification.
    pub is_edc: bool,
    /// Where it is told what becomes of data, and where its agreements are.
    pub address: String,
    /// Where one agreement is, with `{process}` or `{agreement}` in it, where that is elsewhere.
    pub agreement_address: Option<String>,
    /// The file with the key of that place.
    pub agreement_key_file: Option<PathBuf>,
    /// The file with what it presents here.
    pub token_file: PathBuf,
    /// The file with what is presented to it.
    pub own_token_file: Option<PathBuf>,
}

/// `[partner.NAME]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerConfig {
    /// Its name here.
    pub name: SqlIdentifier,
    /// Under which it stands in offers, contracts and the log.
    pub participant: ParticipantId,
    /// Its name for people.
    pub title: String,
    /// Its identity in the protocol.
    pub protocol_id: String,
    /// Where it takes messages of 2025-1.
    pub address: String,
    /// Where its data is, where that is another host.
    pub data_address: Option<String>,
    /// The file with what it presents here.
    pub token_file: PathBuf,
    /// The file with what is presented to it.
    pub own_token_file: Option<PathBuf>,
    /// The purpose for which it asks.
    pub purpose: Option<PurposeId>,
    /// Whether it presents an object with its name, as connectors do that try something out.
    pub mock_identity: bool,
    /// Whether an agreement is accepted that it has not signed.
    pub unsigned_agreements: bool,
}

impl DataspaceConfig {
    /// The partner of a name.
    pub fn partner(&self, name: &str) -> Option<&PartnerConfig> {
        let mut partners = self.partners.iter();
        partners.find(|partner| partner.name.as_str() == name)
    }

    /// The control plane of a name.
    pub fn control_plane(&self, name: &str) -> Option<&ControlPlaneConfig> {
        let mut planes = self.control_planes.iter();
        planes.find(|plane| plane.name.as_str() == name)
    }
}

impl ControlPlaneConfig {
    /// Where an agreement is. (Data Plane Signaling 1.0-RC3, "Control Plane API")
    pub fn agreement_at(&self, process: &str, agreement: &str) -> String {
        let usual = format!("{}/transfers/{{process}}/agreement", self.address);
        let address = self.agreement_address.as_ref().unwrap_or(&usual);
        address
            .replace("{process}", process)
            .replace("{agreement}", agreement)
    }
}

impl PartnerConfig {
    /// Whether its data may be fetched from an address.
    pub fn gives_data_at(&self, address: &str) -> bool {
        let hosts = [Some(&self.address), self.data_address.as_ref()];
        let mut hosts = hosts.into_iter().flatten();
        let path = address.split('?').next().unwrap_or_default();
        hosts.any(|host| web_origin::is_below(host, path))
    }
}

/// Reads all of them; absent: the protocol is not spoken.
pub(super) fn read(
    section: ConfigSection<'_>,
    (partners, planes): (ConfigSection<'_>, ConfigSection<'_>),
    root: &Path,
) -> Option<DataspaceConfig> {
    let read = read_named_tables(&partners, "partner", |inner, name| {
        partner(inner, name, root)
    });
    let control_planes = read_named_tables(&planes, "control_plane", |inner, name| {
        control_plane(inner, name, root)
    });
    let twice = read.iter().enumerate().any(|(at, one)| {
        let mut before = read.iter().take(at);
        before.any(|other: &PartnerConfig| {
            other.participant == one.participant || other.protocol_id == one.protocol_id
        })
    });
    if twice {
        let sentence = "two partners have one `participant` or one `protocol_id`";
        partners.wrong("partner", sentence);
    }
    let same = control_planes
        .iter()
        .find(|plane| read.iter().any(|partner| partner.name == plane.name));
    if let Some(plane) = same {
        let sentence = format!(
            "a partner and a control plane have one name, `{}`",
            plane.name
        );
        planes.wrong("control_plane", sentence);
    }
    let Some(base) = section.text("base") else {
        if !read.is_empty() || !control_planes.is_empty() {
            let sentence = "`dataspace.base` is lacking, so that partners could not answer";
            section.wrong("base", sentence);
        }
        section.finish();
        return None;
    };
    let base = base.trim_end_matches('/').to_owned();
    if !is_base(&base) {
        let sentence = "`dataspace.base` is https:// and the host under which partners reach [web], such as https://data.lindau.example";
        section.wrong("base", sentence);
    }
    let id = section.required_text("id");
    section.finish();
    Some(DataspaceConfig {
        base,
        id: id?,
        partners: read,
        control_planes,
    })
}

/// What stands in each table below one.
fn read_named_tables<T>(
    section: &ConfigSection<'_>,
    what: &str,
    read: impl Fn(&ConfigSection<'_>, SqlIdentifier) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    for (name, inner) in section.named_sections() {
        match name.parse() {
            Ok(name) => found.extend(read(&inner, name)),
            Err(fault) => {
                let fault: hansa_policy::id::IdentifierError = fault;
                inner.wrong(what, format!("`{name}`: {fault}"));
            }
        }
        inner.finish();
    }
    found
}

fn control_plane(
    section: &ConfigSection<'_>,
    name: SqlIdentifier,
    root: &Path,
) -> Option<ControlPlaneConfig> {
    let check = |key: &str, address: &Option<String>| {
        let filled = address.as_ref().map(|address| {
            address
                .replace("{process}", "x")
                .replace("{agreement}", "x")
        });
        if filled.is_some_and(|address| !is_address(&address)) {
            let sentence = format!(
                "`{key}` begins with https://, or on this machine with http://127.0.0.1, and names nothing but a host and a path"
            );
            section.wrong(key, sentence);
        }
    };
    let address = section.required_text("address");
    check("address", &address);
    let agreement_address = section.text("agreement_address");
    check("agreement_address", &agreement_address);
    let file = |text: String| root.join(text);
    let token_file = section.required_text("token_file").map(file);
    let own_token_file = section.text("own_token_file").map(file);
    let agreement_key_file = section.text("agreement_key_file").map(file);
    let speaks = section.text("speaks");
    let is_edc = match speaks.as_deref() {
        None | Some("dps-1.0") => false,
        Some("edc-0.14") => true,
        Some(other) => {
            let sentence = format!("`speaks` is \"dps-1.0\" or \"edc-0.14\", and not \"{other}\"");
            section.wrong("speaks", sentence);
            false
        }
    };
    Some(ControlPlaneConfig {
        name,
        is_edc,
        address: address?.trim_end_matches('/').to_owned(),
        agreement_address,
        agreement_key_file,
        token_file: token_file?,
        own_token_file,
    })
}

fn partner(section: &ConfigSection<'_>, name: SqlIdentifier, root: &Path) -> Option<PartnerConfig> {
    let address = section.required_text("address");
    if let Some(address) = &address
        && !is_address(address)
    {
        let sentence = "`address` begins with https://, or on this machine with http://127.0.0.1, and names nothing but a host and a path";
        section.wrong("address", sentence);
    }
    let data_address = section.text("data_address");
    if data_address
        .as_ref()
        .is_some_and(|address| !is_address(address))
    {
        let sentence =
            "`data_address` begins with https://, or on this machine with http://127.0.0.1";
        section.wrong("data_address", sentence);
    }
    let mock_identity = section.flag("mock_identity").unwrap_or(false);
    if mock_identity && address.as_ref().is_some_and(|address| !is_local(address)) {
        let sentence =
            "whoever presents a name alone is a partner on this machine, and nowhere else";
        section.wrong("mock_identity", sentence);
    }
    let file = |text: String| root.join(text);
    let participant = section.parse_value("participant");
    let token_file = section.required_text("token_file").map(file);
    let protocol_id = section.required_text("protocol_id");
    Some(PartnerConfig {
        title: section.text("title").unwrap_or_else(|| name.to_string()),
        data_address,
        own_token_file: section.text("own_token_file").map(file),
        purpose: section.parse_value("purpose"),
        mock_identity,
        unsigned_agreements: section.flag("unsigned_agreements").unwrap_or(false),
        name,
        participant: participant?,
        protocol_id: protocol_id?,
        address: address?.trim_end_matches('/').to_owned(),
        token_file: token_file?,
    })
}

/// Whether a text is `https://` and a host.
fn is_base(text: &str) -> bool {
    let host = text.strip_prefix("https://").unwrap_or_default();
    !host.is_empty() && !host.contains(['/', '?', '#', '@']) && hansa_portal::is_address(text)
}

/// Whether an address is on this machine.
fn is_local(text: &str) -> bool {
    text.starts_with("http://127.0.0.1:") || text.starts_with("http://127.0.0.1/")
}

/// Whether a text is an address that messages may go to. Without TLS there is no partner but on this machine.
fn is_address(text: &str) -> bool {
    (text.starts_with("https://") || is_local(text))
        && !text.contains(['?', '#', '@'])
        && hansa_portal::is_address(text)
}
