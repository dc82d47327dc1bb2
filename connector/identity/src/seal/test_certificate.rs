//! Authorities and seals of all kinds, for tests.

use super::signer::rsa_signer;
use super::{SealAnchor, SealKey, parse_certificate};
use crate::league_fixture::{DAY, start_time};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::seal::SealCertificates;
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use josekit::jws::JwsSigner as _;
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, RsaKeySize,
};
use rustls_pki_types::CertificateDer;
use std::time::Duration;

pub(crate) const ORGANIZATION: &str = "VATDE-123456789";

/// Certificate with its key.
pub(crate) struct TestCertificate {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) key: KeyPair,
    params: CertificateParams,
}

/// Specification of a certificate.
#[derive(Clone)]
pub(crate) struct TestCertSpec {
    pub(crate) name: &'static str,
    pub(crate) organizations: Vec<&'static str>,
    pub(crate) authority: bool,
    pub(crate) usages: Vec<KeyUsagePurpose>,
    pub(crate) extended: Vec<ExtendedKeyUsagePurpose>,
    pub(crate) until: UtcTimestamp,
    pub(crate) rsa: bool,
    /// Largest number of authorities below this one.
    pub(crate) path_length: Option<u8>,
}

impl TestCertSpec {
    pub(crate) fn authority(name: &'static str) -> Self {
        Self {
            name,
            authority: true,
            usages: vec![KeyUsagePurpose::KeyCertSign],
            organizations: Vec::new(),
            until: start_time().plus_micros(1000 * DAY),
            ..Self::seal()
        }
    }

    pub(crate) fn seal() -> Self {
        Self {
            name: "Stadt Munster",
            organizations: vec![ORGANIZATION],
            authority: false,
            usages: vec![KeyUsagePurpose::ContentCommitment],
            extended: Vec::new(),
            until: start_time().plus_micros(100 * DAY),
            rsa: false,
            path_length: None,
        }
    }

    pub(crate) fn issue_certificate(self, issuer: Option<&TestCertificate>) -> TestCertificate {
        let key = if self.rsa {
            KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048)
        } else {
            KeyPair::generate()
        };
        self.issue_for_key(key.unwrap(), issuer)
    }

    /// Certificate with an existing key.
    pub(crate) fn issue_for_key(
        self,
        key: KeyPair,
        issuer: Option<&TestCertificate>,
    ) -> TestCertificate {
        let mut params = CertificateParams::default();
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, self.name);
        for organization in &self.organizations {
            subject.push(DnType::CustomDnType(vec![2, 5, 4, 97]), *organization);
        }
        params.distinguished_name = subject;
        params.is_ca = if self.authority {
            IsCa::Ca(match self.path_length {
                Some(most) => BasicConstraints::Constrained(most),
                None => BasicConstraints::Unconstrained,
            })
        } else {
            IsCa::ExplicitNoCa
        };
        params.key_usages = self.usages;
        params.extended_key_usages = self.extended;
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let since = |at: UtcTimestamp| Duration::from_micros(at.micros().try_into().unwrap());
        params.not_before = epoch + since(start_time().plus_micros(-DAY));
        params.not_after = epoch + since(self.until);
        let signed = match issuer {
            None => params.self_signed(&key),
            Some(issuer) => {
                let from = Issuer::from_params(&issuer.params, &issuer.key);
                params.signed_by(&key, &from)
            }
        };
        TestCertificate {
            der: signed.unwrap().der().clone(),
            key,
            params,
        }
    }
}

impl TestCertificate {
    /// Anchor for the usual organisation.
    pub(crate) fn anchor(&self) -> SealAnchor {
        SealAnchor {
            certificate: self.der.clone(),
            organization: ORGANIZATION.to_owned(),
            not_before: start_time().plus_micros(-10 * DAY),
            not_after: start_time().plus_micros(500 * DAY),
            revoked: Vec::new(),
        }
    }

    /// Sealed signature, made at `at`.
    pub(crate) fn sign(&self, above: &[&Self], at: UtcTimestamp) -> Signature {
        let mut chain = vec![self.der.to_vec()];
        chain.extend(above.iter().map(|one| one.der.to_vec()));
        let parsed = parse_certificate(&self.der).unwrap();
        let key = SealKey::of(&parsed).unwrap();
        let input = b"header.payload".to_vec();
        let pem = self.key.serialize_pem();
        let signature = if key.algorithm() == "PS256" {
            rsa_signer(pem.as_bytes()).unwrap().sign(&input)
        } else {
            let signer = EcdsaJwsAlgorithm::Es256.signer_from_pem(&pem);
            signer.unwrap().sign(&input)
        };
        Signature {
            role: SignatoryRole::Provider,
            kid: key.kid().to_owned(),
            alg: key.algorithm().to_owned(),
            issued_at: at.micros() / 1_000_000,
            signing_input: input,
            signature: signature.unwrap(),
            seal: Some(SealCertificates::new(chain).unwrap()),
            mandate: None,
        }
    }
}
