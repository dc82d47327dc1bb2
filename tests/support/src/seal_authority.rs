//! Authorities that certify seals, and seals, as files in PEM: what a participant buys, made for tests.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, RsaKeySize,
};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// An authority with one below it that issues.
pub struct SealAuthority {
    root: IssuerCertificate,
    issuing: IssuerCertificate,
}

impl std::fmt::Debug for SealAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealAuthority")
    }
}

/// Where the two files of a seal are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealFiles {
    /// Its key.
    pub key: PathBuf,
    /// Its certificate and that of the authority between.
    pub certificates: PathBuf,
}

struct IssuerCertificate {
    pem: String,
    key: KeyPair,
    params: CertificateParams,
}

/// How a seal's key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealKeyType {
    /// ES256.
    Curve,
    /// PS256.
    Rsa,
}

/// When a seal counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealValidity {
    /// From before on, for long.
    Now,
    /// It has been over for long.
    Past,
}

impl SealAuthority {
    /// A new one of that name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let root = made(
            &format!("{name} root"),
            None,
            None,
            SealKeyType::Curve,
            SealValidity::Now,
        );
        let issuing = made(
            &format!("{name} issuing"),
            None,
            Some(&root),
            SealKeyType::Curve,
            SealValidity::Now,
        );
        Self { root, issuing }
    }

    /// Writes its own certificate.
    pub fn write(&self, file: &Path) {
        write(file, &self.root.pem, 0o644);
    }

    /// Issues a seal to an organisation, into files of this name.
    #[must_use]
    pub fn seals(
        &self,
        organization: &str,
        kind: SealKeyType,
        when: SealValidity,
        folder: &Path,
        name: &str,
    ) -> SealFiles {
        let seal = made(name, Some(organization), Some(&self.issuing), kind, when);
        write_seal(&seal, &self.issuing.pem, folder, name)
    }
}

/// A seal that nobody issued but itself.
#[must_use]
pub fn by_itself(organization: &str, folder: &Path, name: &str) -> SealFiles {
    let seal = made(
        name,
        Some(organization),
        None,
        SealKeyType::Curve,
        SealValidity::Now,
    );
    write_seal(&seal, "", folder, name)
}

fn write_seal(seal: &IssuerCertificate, above: &str, folder: &Path, name: &str) -> SealFiles {
    let files = SealFiles {
        key: folder.join(format!("{name}.key")),
        certificates: folder.join(format!("{name}.pem")),
    };
    write(&files.key, &seal.key.serialize_pem(), 0o600);
    write(&files.certificates, &format!("{}{above}", seal.pem), 0o644);
    files
}

#[expect(clippy::expect_used, reason = "a test can't go on without its files")]
fn write(file: &Path, text: &str, mode: u32) {
    std::fs::write(file, text).expect("the file is written");
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(file, mode).expect("its mode is set");
}

/// A certificate; without an organisation an authority's.
#[expect(
    clippy::expect_used,
    reason = "a test can't go on without certificates"
)]
fn made(
    name: &str,
    organization: Option<&str>,
    issuer: Option<&IssuerCertificate>,
    kind: SealKeyType,
    when: SealValidity,
) -> IssuerCertificate {
    let key = match kind {
        SealKeyType::Curve => KeyPair::generate(),
        SealKeyType::Rsa => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
    }
    .expect("a key");
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    match organization {
        Some(organization) => {
            params
                .distinguished_name
                .push(DnType::OrganizationName, name);
            // organizationIdentifier (ETSI EN 319 412-1)
            params
                .distinguished_name
                .push(DnType::CustomDnType(vec![2, 5, 4, 97]), organization);
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::ContentCommitment];
        }
        None => {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        }
    }
    params.use_authority_key_identifier_extension = issuer.is_some();
    let year = |year| rcgen::date_time_ymd(year, 1, 1);
    (params.not_before, params.not_after) = match when {
        SealValidity::Now => (year(2020), year(2090)),
        SealValidity::Past => (year(2020), year(2021)),
    };
    let signed = match issuer {
        None => params.self_signed(&key),
        Some(issuer) => params.signed_by(&key, &Issuer::from_params(&issuer.params, &issuer.key)),
    };
    IssuerCertificate {
        pem: signed.expect("a certificate").pem(),
        key,
        params,
    }
}
