//! Time-stamp authority in test code. It signs any content, right or wrong.

use super::anchors::TimeStampAnchors;
use super::object_identifier::{
    CONTENT_TYPE, ECDSA_SHA_256, MESSAGE_DIGEST, SHA_256, SIGNED_DATA, SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2, TIMESTAMP_INFO,
};
use crate::league_fixture::{DAY, start_time};
use crate::pem;
use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use std::time::Duration;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// DER element.
pub(super) fn encode_element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut bytes = vec![tag];
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
    if content.len() < 0x80 {
        bytes.push(content.len() as u8);
    } else {
        bytes.push(0x80 | length.len() as u8);
        bytes.extend(length);
    }
    bytes.extend(content);
    bytes
}

fn algorithm_identifier(oid: &[u8]) -> Vec<u8> {
    encode_element(0x30, &[&encode_element(0x06, &[oid])])
}

/// Specification of a token; the default is a good one.
#[derive(Clone)]
pub(super) struct TestTokenSpec {
    pub(super) version: u8,
    pub(super) imprint: Digest,
    pub(super) time: &'static str,
    /// Element of the accuracy, and the elements after it up to the nonce.
    pub(super) accuracy: Vec<u8>,
    pub(super) nonce: Option<Vec<u8>>,
    /// Elements after the nonce.
    pub(super) more: Vec<u8>,
    pub(super) content_type: &'static [u8],
    /// Flags for references to the certificate by SHA-256 and by SHA-1.
    pub(super) named: (bool, bool),
    /// Certificate in the attributes, where it is not the signer's.
    pub(super) named_certificate: Option<Vec<u8>>,
    /// Mask that makes the signature wrong.
    pub(super) signature_flip: u8,
    pub(super) without_certificates: bool,
    pub(super) signers: usize,
    pub(super) signature_algorithm: &'static [u8],
}

impl TestTokenSpec {
    pub(super) fn for_bytes(bytes: &[u8]) -> Self {
        Self {
            version: 1,
            imprint: Digest::of(bytes),
            time: "20260610120000Z",
            accuracy: Vec::new(),
            nonce: None,
            more: Vec::new(),
            content_type: TIMESTAMP_INFO,
            named: (true, false),
            named_certificate: None,
            signature_flip: 0,
            without_certificates: false,
            signers: 1,
            signature_algorithm: ECDSA_SHA_256,
        }
    }
}

/// Specification of an authority's certificate; the default is a good one.
pub(super) struct TestAuthoritySpec {
    /// Content of the extended key usage.
    pub(super) uses: Vec<&'static [u64]>,
    pub(super) critical: bool,
    pub(super) key_usage: KeyUsagePurpose,
    /// End of validity in days from the start of the fixture.
    pub(super) until: i64,
    /// End of the root's validity in days from the start of the fixture.
    pub(super) root_until: i64,
}

pub(super) const TIME_STAMPING_USE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 8];

impl Default for TestAuthoritySpec {
    fn default() -> Self {
        Self {
            uses: vec![TIME_STAMPING_USE],
            critical: true,
            key_usage: KeyUsagePurpose::DigitalSignature,
            until: 100,
            root_until: 1000,
        }
    }
}

/// Root, an authority below it, and the key of the authority.
pub(super) struct TestAuthority {
    pub(super) root: CertificateDer<'static>,
    pub(super) certificate: CertificateDer<'static>,
    key: KeyPair,
}

fn set_dates(params: &mut CertificateParams, until: i64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let since = |at: UtcTimestamp| Duration::from_micros(at.micros().try_into().unwrap());
    params.not_before = epoch + since(start_time().plus_micros(-DAY));
    params.not_after = epoch + since(start_time().plus_micros(until * DAY));
}

/// DER of `ExtKeyUsageSyntax`.
fn encode_key_usages(uses: &[&[u64]]) -> Vec<u8> {
    let oid = |arcs: &[u64]| {
        let mut octets = vec![(arcs[0] * 40 + arcs[1]) as u8];
        octets.extend(arcs[2..].iter().map(|arc| *arc as u8));
        encode_element(0x06, &[&octets])
    };
    let all: Vec<u8> = uses.iter().flat_map(|arcs| oid(arcs)).collect();
    encode_element(0x30, &[&all])
}

impl TestAuthority {
    pub(super) fn new() -> Self {
        Self::from_spec(&TestAuthoritySpec::default())
    }

    pub(super) fn from_spec(spec: &TestAuthoritySpec) -> Self {
        let root_key = KeyPair::generate().unwrap();
        let mut root = CertificateParams::default();
        root.distinguished_name
            .push(DnType::CommonName, "Root of time");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        set_dates(&mut root, spec.root_until);
        let root_certificate = root.self_signed(&root_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "Clock of the lake");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![spec.key_usage];
        let mut extension =
            CustomExtension::from_oid_content(&[2, 5, 29, 37], encode_key_usages(&spec.uses));
        extension.set_criticality(spec.critical);
        params.custom_extensions = vec![extension];
        set_dates(&mut params, spec.until);
        let issuer = Issuer::from_params(&root, &root_key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Self {
            root: root_certificate.der().clone(),
            certificate: certificate.der().clone(),
            key,
        }
    }

    pub(super) fn anchors(&self) -> TimeStampAnchors {
        let text = pem::encode_certificates(std::slice::from_ref(&self.root));
        TimeStampAnchors::read(text.as_bytes()).unwrap()
    }

    fn encode_info(spec: &TestTokenSpec) -> Vec<u8> {
        let imprint = encode_element(
            0x30,
            &[
                &algorithm_identifier(SHA_256),
                &encode_element(0x04, &[spec.imprint.as_bytes()]),
            ],
        );
        let nonce = spec
            .nonce
            .as_ref()
            .map_or_else(Vec::new, |nonce| encode_element(0x02, &[nonce]));
        encode_element(
            0x30,
            &[
                &encode_element(0x02, &[&[spec.version]]),
                &encode_element(0x06, &[&[0x2a, 3, 4, 1]]),
                &imprint,
                &encode_element(0x02, &[&[0x11, 0x5c]]),
                &encode_element(0x18, &[spec.time.as_bytes()]),
                &spec.accuracy,
                &nonce,
                &spec.more,
            ],
        )
    }

    /// Token by this specification.
    pub(super) fn token(&self, spec: &TestTokenSpec) -> Vec<u8> {
        let info = Self::encode_info(spec);
        let attribute = |oid: &[u8], value: &[u8]| {
            encode_element(
                0x30,
                &[
                    &encode_element(0x06, &[oid]),
                    &encode_element(0x31, &[value]),
                ],
            )
        };
        let named = spec
            .named_certificate
            .as_deref()
            .unwrap_or(&self.certificate);
        let name = |algorithm| {
            let digest = digest::digest(algorithm, named);
            let id = encode_element(0x30, &[&encode_element(0x04, &[digest.as_ref()])]);
            encode_element(0x30, &[&encode_element(0x30, &[&id])])
        };
        let mut attributes = attribute(CONTENT_TYPE, &encode_element(0x06, &[spec.content_type]));
        let of_content = digest::digest(&digest::SHA256, &info);
        attributes.extend(attribute(
            MESSAGE_DIGEST,
            &encode_element(0x04, &[of_content.as_ref()]),
        ));
        if spec.named.0 {
            attributes.extend(attribute(SIGNING_CERTIFICATE_V2, &name(&digest::SHA256)));
        }
        if spec.named.1 {
            let sha_1 = name(&digest::SHA1_FOR_LEGACY_USE_ONLY);
            attributes.extend(attribute(SIGNING_CERTIFICATE, &sha_1));
        }
        let message = encode_element(0x31, &[&attributes]);
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.key.serialize_der())
                .unwrap();
        let signature = key.sign(&SystemRandom::new(), &message).unwrap();
        let mut signature = signature.as_ref().to_vec();
        *signature.last_mut().unwrap() ^= spec.signature_flip;
        let (_, parsed) = X509Certificate::from_der(&self.certificate).unwrap();
        let signer = encode_element(
            0x30,
            &[
                &encode_element(0x02, &[&[1]]),
                &encode_element(
                    0x30,
                    &[
                        parsed.issuer().as_raw(),
                        &encode_element(0x02, &[parsed.raw_serial()]),
                    ],
                ),
                &algorithm_identifier(SHA_256),
                &encode_element(0xa0, &[&attributes]),
                &algorithm_identifier(spec.signature_algorithm),
                &encode_element(0x04, &[&signature]),
            ],
        );
        let certificates = match spec.without_certificates {
            true => Vec::new(),
            false => encode_element(0xa0, &[&self.certificate]),
        };
        let content = encode_element(
            0x30,
            &[
                &encode_element(0x06, &[TIMESTAMP_INFO]),
                &encode_element(0xa0, &[&encode_element(0x04, &[&info])]),
            ],
        );
        let signed = encode_element(
            0x30,
            &[
                &encode_element(0x02, &[&[3]]),
                &encode_element(0x31, &[&algorithm_identifier(SHA_256)]),
                &content,
                &certificates,
                &encode_element(0x31, &[&signer.repeat(spec.signers)]),
            ],
        );
        encode_element(
            0x30,
            &[
                &encode_element(0x06, &[SIGNED_DATA]),
                &encode_element(0xa0, &[&signed]),
            ],
        )
    }
}
