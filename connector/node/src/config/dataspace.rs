//! `[dataspace]`, `[partner.NAME]` and `[control_plane.NAME]`: the Dataspace Protocol, partners with other connectors, and own
//! control planes for which this connector serves data.

use crate::config::reader::ConfigSection;
use crate::config::web_origin;
use hansa_policy::id::{ParticipantId, PurposeId, SqlIdentifier};
use std::path::{Path, PathBuf};

/// `[dataspace]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataspaceConfig {
    /// `https://` and the host under which partners reach `[web]`.
    pub base: String,
    /// Participant ID of this participant in the Dataspace Protocol.
    pub id: String,
    /// `[partner.NAME]`
    pub partners: Vec<PartnerConfig>,
    /// `[control_plane.NAME]`
    pub control_planes: Vec<ControlPlaneConfig>,
}

/// `[control_plane.NAME]`: another connector of this participant that negotiates, and for which this one serves data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlPlaneConfig {
    /// Local name of the control plane.
    pub name: SqlIdentifier,
    /// True for EDC 0.14, which predates the Data Plane Signaling specification.
    pub is_edc: bool,
    /// Address for state changes of transfers and for agreements.
    pub address: String,
    /// Address of one agreement, with the placeholder `{process}` or `{agreement}`; absent: it is below `address`.
    pub agreement_address: Option<String>,
    /// File with the key for `agreement_address`.
    pub agreement_key_file: Option<PathBuf>,
    /// File with the token that the control plane presents.
    pub token_file: PathBuf,
    /// File with the token that is presented to the control plane.
    pub own_token_file: Option<PathBuf>,
}

/// `[partner.NAME]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerConfig {
    /// Local name of the partner.
    pub name: SqlIdentifier,
    /// Participant name of the partner in offers, contracts and the log.
    pub participant: ParticipantId,
    /// Name for people.
    pub title: String,
    /// Participant ID of the partner in the Dataspace Protocol.
    pub protocol_id: String,
    /// Address for messages of version 2025-1.
    pub address: String,
    /// Address of the data, if its host is another one.
    pub data_address: Option<String>,
    /// File with the token that the partner presents.
    pub token_file: PathBuf,
    /// File with the token that is presented to the partner.
    pub own_token_file: Option<PathBuf>,
    /// Purpose of the partner's questions.
    pub purpose: Option<PurposeId>,
    /// True if the partner presents an object with its name as identity, as test connectors do.
    pub mock_identity: bool,
    /// True if agreements without the partner's signature are accepted.
    pub unsigned_agreements: bool,
}

impl DataspaceConfig {
    /// Finds a partner by name.
    pub fn partner(&self, name: &str) -> Option<&PartnerConfig> {
        let mut partners = self.partners.iter();
        partners.find(|partner| partner.name.as_str() == name)
    }

    /// Finds a control plane by name.
    pub fn control_plane(&self, name: &str) -> Option<&ControlPlaneConfig> {
        let mut planes = self.control_planes.iter();
        planes.find(|plane| plane.name.as_str() == name)
    }
}

impl ControlPlaneConfig {
    /// Returns the address of an agreement (Data Plane Signaling 1.0-RC3, "Control Plane API").
    pub fn agreement_at(&self, process: &str, agreement: &str) -> String {
        let usual = format!("{}/transfers/{{process}}/agreement", self.address);
        let address = self.agreement_address.as_ref().unwrap_or(&usual);
        address
            .replace("{process}", process)
            .replace("{agreement}", agreement)
    }
}

impl PartnerConfig {
    /// Checks that the partner's data may be fetched from an address.
    pub fn gives_data_at(&self, address: &str) -> bool {
        let hosts = [Some(&self.address), self.data_address.as_ref()];
        let mut hosts = hosts.into_iter().flatten();
        let path = address.split('?').next().unwrap_or_default();
        hosts.any(|host| web_origin::is_below(host, path))
    }
}

/// Sections of the configuration about dataspaces.
pub(super) struct DataspaceSections<'a> {
    pub(super) dataspace: ConfigSection<'a>,
    pub(super) partners: ConfigSection<'a>,
    pub(super) control_planes: ConfigSection<'a>,
}

/// Reads the three sections. Without them, the protocol is not served.
pub(super) fn read_dataspace_config(
    sections: DataspaceSections<'_>,
    root: &Path,
) -> Option<DataspaceConfig> {
    let DataspaceSections {
        dataspace: section,
        partners,
        control_planes: planes,
    } = sections;
    let read = read_named_tables(&partners, "partner", |inner, name| {
        read_partner_config(inner, name, root)
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
        partners.report_problem("partner", sentence);
    }
    let same = control_planes
        .iter()
        .find(|plane| read.iter().any(|partner| partner.name == plane.name));
    if let Some(plane) = same {
        let sentence = format!(
            "a partner and a control plane have one name, `{}`",
            plane.name
        );
        planes.report_problem("control_plane", sentence);
    }
    let Some(base) = section.text("base") else {
        if !read.is_empty() || !control_planes.is_empty() {
            let sentence = "`dataspace.base` is lacking, so that partners could not answer";
            section.report_problem("base", sentence);
        }
        section.finish();
        return None;
    };
    let base = base.trim_end_matches('/').to_owned();
    if !is_base(&base) {
        let sentence = "`dataspace.base` is https:// and the host under which partners reach [web], such as https://data.lindau.example";
        section.report_problem("base", sentence);
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

/// Reads each table below a section.
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
                inner.report_problem(what, format!("`{name}`: {fault}"));
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
            section.report_problem(key, sentence);
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
            section.report_problem("speaks", sentence);
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

fn read_partner_config(
    section: &ConfigSection<'_>,
    name: SqlIdentifier,
    root: &Path,
) -> Option<PartnerConfig> {
    let address = section.required_text("address");
    if let Some(address) = &address
        && !is_address(address)
    {
        let sentence = "`address` begins with https://, or on this machine with http://127.0.0.1, and names nothing but a host and a path";
        section.report_problem("address", sentence);
    }
    let data_address = section.text("data_address");
    if data_address
        .as_ref()
        .is_some_and(|address| !is_address(address))
    {
        let sentence =
            "`data_address` begins with https://, or on this machine with http://127.0.0.1";
        section.report_problem("data_address", sentence);
    }
    let mock_identity = section.flag("mock_identity").unwrap_or(false);
    if mock_identity && address.as_ref().is_some_and(|address| !is_local(address)) {
        let sentence = "partners that present only a name are accepted on this machine only";
        section.report_problem("mock_identity", sentence);
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

/// Checks that a text is `https://` with a host.
fn is_base(text: &str) -> bool {
    let host = text.strip_prefix("https://").unwrap_or_default();
    !host.is_empty() && !host.contains(['/', '?', '#', '@']) && hansa_portal::is_address(text)
}

/// Checks that an address is on this machine.
fn is_local(text: &str) -> bool {
    text.starts_with("http://127.0.0.1:") || text.starts_with("http://127.0.0.1/")
}

/// Checks that messages may go to an address. Without TLS, only addresses on this machine are allowed.
fn is_address(text: &str) -> bool {
    (text.starts_with("https://") || is_local(text))
        && !text.contains(['?', '#', '@'])
        && hansa_portal::is_address(text)
}
