//! Tests of the limits in an authority's own certificate, at both ends.

use super::forged_certificates::{good, resealed, shown};
use super::{HandshakeFixture, two};
use crate::bundle::CertificateAnchor;
use crate::certificate::authority_certificate::AuthorityCertificate;
use crate::league_fixture::{DAY, start_time};
use crate::participant_identity::ParticipantIdentity;
use hansa_policy::refusal::ErrorCode;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Results of a certificate at the server, and at the client.
type HandshakeCodes = (Result<(), ErrorCode>, Result<(), ErrorCode>);

/// Authority with its key.
struct TestAuthority {
    der: CertificateDer<'static>,
    params: CertificateParams,
    key: KeyPair,
}

impl TestAuthority {
    fn authority(
        name: &str,
        above: Option<&Self>,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = good();
        params.subject_alt_names.clear();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.extended_key_usages.clear();
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        counts(&mut params, -1, 10);
        change(&mut params);
        let der = match above {
            None => params.self_signed(&key),
            Some(above) => params.signed_by(&key, &above.issuer()),
        };
        Self {
            der: der.unwrap().der().clone(),
            params,
            key,
        }
    }

    /// Intermediate authority.
    fn between(above: &Self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self::authority(name, Some(above), |params| {
            params.extended_key_usages = vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ];
            change(params);
        })
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    /// Ottawa with a chain to this authority.
    fn ottawa(&self, two: &HandshakeFixture, above: &[&Self]) -> ParticipantIdentity {
        let key = KeyPair::generate().unwrap();
        let leaf = good()
            .signed_by(&key, &self.issuer())
            .unwrap()
            .der()
            .clone();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let mut chain = vec![leaf];
        chain.extend(above.iter().map(|one| one.der.clone()));
        let key = provider.key_provider.load_private_key(private).unwrap();
        ParticipantIdentity {
            certified: Arc::new(CertifiedKey::new(chain, key)),
            ..two.ottawa.clone()
        }
    }
}

/// Sets the validity of an authority's certificate, in days from the start.
fn counts(params: &mut CertificateParams, from: i64, until: i64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let after = |days: i64| {
        let seconds = start_time().plus_micros(days * DAY).micros() / 1_000_000;
        Duration::from_secs(seconds.try_into().unwrap())
    };
    params.not_before = epoch + after(from);
    params.not_after = epoch + after(until);
}

/// Result of a chain for Ottawa, where this authority may certify it.
async fn judged(
    root: &TestAuthority,
    issuer: &TestAuthority,
    above: &[&TestAuthority],
) -> (Result<(), ErrorCode>, Result<(), ErrorCode>) {
    let mut two = two();
    let ottawa = two.ottawa.id.clone();
    let bundle = resealed(&two, |content| {
        content.anchors.push(CertificateAnchor {
            spki: AuthorityCertificate::read(&root.der).unwrap().spki,
            certificate: root.der.clone(),
            identities: BTreeSet::from([ottawa]),
            not_after: start_time().plus_micros(DAY),
        });
    });
    let shown_chain = issuer.ottawa(&two, above);
    two.bundle = Some(bundle);
    shown(&two, &shown_chain).await
}

const GOOD: (Result<(), ErrorCode>, Result<(), ErrorCode>) = (Ok(()), Ok(()));
const REFUSED: (Result<(), ErrorCode>, Result<(), ErrorCode>) = (
    Err(ErrorCode::PeerNotTrusted),
    Err(ErrorCode::PeerNotTrusted),
);

fn at_most(between: u8) -> impl FnOnce(&mut CertificateParams) {
    move |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(between))
}

#[tokio::test]
async fn no_more_authorities_stand_below_one_than_it_permits() {
    let any = TestAuthority::authority("any", None, |_| ());
    let none = TestAuthority::authority("none", None, at_most(0));
    let one = TestAuthority::authority("one", None, at_most(1));
    for (root, most) in [(&any, 2), (&none, 0), (&one, 1)] {
        let first = TestAuthority::between(root, "first", |_| ());
        let second = TestAuthority::between(&first, "second", |_| ());
        let paths: [(&TestAuthority, &[&TestAuthority]); 3] = [
            (root, &[]),
            (&first, &[&first]),
            (&second, &[&second, &first]),
        ];
        for (between, (issuer, above)) in paths.into_iter().enumerate() {
            let expected = if between <= most { GOOD } else { REFUSED };
            let found = judged(root, issuer, above).await;
            assert_eq!(found, expected, "{between} between, {most} permitted");
        }
    }
}

#[tokio::test]
async fn what_its_certificate_says_of_an_authority_holds() {
    type Spoil = fn(&mut CertificateParams);
    let lines: [(&str, Spoil, HandshakeCodes); 9] = [
        ("nothing wrong", |_| (), GOOD),
        ("no usage is named", |p| p.key_usages.clear(), GOOD),
        (
            "it may sign no certificates",
            |p| p.key_usages = vec![KeyUsagePurpose::CrlSign],
            REFUSED,
        ),
        ("it is not valid yet", |p| counts(p, 1, 10), REFUSED),
        (
            "a critical extension that nobody knows",
            |p| {
                let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
                unknown.set_criticality(true);
                p.custom_extensions.push(unknown);
            },
            REFUSED,
        ),
        (
            "names in another domain alone",
            |p| p.name_constraints = Some(permitted("munster.example")),
            REFUSED,
        ),
        (
            "names in the own domain",
            |p| p.name_constraints = Some(permitted("ottawa.example")),
            GOOD,
        ),
        (
            "no names in the own domain",
            |p| {
                p.name_constraints = Some(NameConstraints {
                    permitted_subtrees: Vec::new(),
                    excluded_subtrees: vec![GeneralSubtree::DnsName("ottawa.example".to_owned())],
                });
            },
            REFUSED,
        ),
        (
            "no names in another domain",
            |p| {
                p.name_constraints = Some(NameConstraints {
                    permitted_subtrees: Vec::new(),
                    excluded_subtrees: vec![GeneralSubtree::DnsName("munster.example".to_owned())],
                });
            },
            GOOD,
        ),
    ];
    for (what, spoil, expected) in lines {
        let root = TestAuthority::authority("root", None, spoil);
        assert_eq!(judged(&root, &root, &[]).await, expected, "{what}");
    }
}

fn permitted(domain: &str) -> NameConstraints {
    NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(domain.to_owned())],
        excluded_subtrees: Vec::new(),
    }
}

#[tokio::test]
async fn whoever_stands_between_may_sign_certificates() {
    let root = TestAuthority::authority("root", None, |_| ());
    let idle = TestAuthority::between(&root, "idle", |params| {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    assert_eq!(judged(&root, &idle, &[&idle]).await, REFUSED);
    let able = TestAuthority::between(&root, "able", |_| ());
    assert_eq!(judged(&root, &able, &[&able]).await, GOOD);
}
