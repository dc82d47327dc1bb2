//! Names in a participant's certificate: one identity and further hosts, and no name of another participant.

use super::PeerCertificateError;
use crate::bundle::LeagueMember;
use crate::participant_identity::admission_request::host_of;
use hansa_policy::id::ParticipantId;
use rustls_pki_types::ServerName;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

/// Identity of a certificate, and its hosts in lower case.
///
/// # Errors
/// When there is not exactly one URI, or there is a name of another kind. IP and mail addresses are not used here, so such a
/// certificate was made for another purpose.
pub(super) fn read_subject_names(
    certificate: &X509Certificate<'_>,
) -> Result<(ParticipantId, Vec<String>), PeerCertificateError> {
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| PeerCertificateError::NotOneIdentity)?
        .ok_or(PeerCertificateError::NotOneIdentity)?;
    let names = &names.value.general_names;
    let mut uris = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let (Some(uri), None) = (uris.next(), uris.next()) else {
        return Err(PeerCertificateError::NotOneIdentity);
    };
    let id: ParticipantId = uri
        .parse()
        .map_err(|_| PeerCertificateError::NotOneIdentity)?;
    if id.as_str() != uri {
        return Err(PeerCertificateError::NotOneIdentity);
    }
    let mut hosts = Vec::new();
    for name in names {
        let another = match name {
            GeneralName::URI(_) => continue,
            GeneralName::DNSName(name) => match parse_host(name) {
                Some(host) => {
                    hosts.push(host);
                    continue;
                }
                None => "a DNS name that is a wildcard or malformed",
            },
            GeneralName::IPAddress(_) => "an IP address",
            GeneralName::RFC822Name(_) => "an e-mail address",
            _ => "a name of another kind",
        };
        return Err(PeerCertificateError::OtherName(id, another));
    }
    let subject = certificate.subject();
    if subject.iter_email().next().is_some() {
        return Err(PeerCertificateError::OtherName(id, "an e-mail address"));
    }
    for name in subject.iter_common_name() {
        let name = name.as_str().map_err(|_| {
            PeerCertificateError::OtherName(id.clone(), "a name that can't be read")
        })?;
        // A common name without a dot is a name for people.
        hosts.extend(parse_host(name).filter(|host| host.contains('.')));
    }
    Ok((id, hosts))
}

/// Owner of a host, if it is another participant than `own`: by its domain, by its address in the trust bundle, or as a host within
/// its domain. A host that no member claims is permitted, such as the own host from before a move.
pub(crate) fn host_owner<'a>(
    host: &str,
    own: &ParticipantId,
    parties: &'a [LeagueMember],
) -> Option<&'a ParticipantId> {
    let others = || parties.iter().filter(|party| party.id != *own);
    if let Some(party) = others().find(|party| party.id.domain() == host) {
        return Some(&party.id);
    }
    if parties
        .iter()
        .any(|party| party.id == *own && listens_at(party, host))
    {
        return None;
    }
    if let Some(party) = others().find(|party| listens_at(party, host)) {
        return Some(&party.id);
    }
    // Of nested domains the longer one counts.
    let within = |party: &&LeagueMember| {
        let above = host.strip_suffix(party.id.domain());
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    };
    parties
        .iter()
        .filter(within)
        .max_by_key(|party| party.id.domain().len())
        .map(|party| &party.id)
        .filter(|id| *id != own)
}

/// True if a participant listens at this host, by the trust bundle.
pub(crate) fn listens_at(party: &LeagueMember, host: &str) -> bool {
    party.expelled_at.is_none()
        && party
            .address
            .as_deref()
            .is_some_and(|address| host_of(address).eq_ignore_ascii_case(host))
}

fn parse_host(name: &str) -> Option<String> {
    let host = matches!(ServerName::try_from(name), Ok(ServerName::DnsName(_)));
    (host && !name.ends_with('.')).then(|| name.to_ascii_lowercase())
}
