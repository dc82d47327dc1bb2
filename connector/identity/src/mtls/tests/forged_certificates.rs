//! Tests of certificates that the league's authority would never make, at both ends.

use super::{HandshakeFixture, clock_at, handshake, refused, two};
use crate::bundle::{BundleContent, CertificateAnchor, TrustBundle};
use crate::certificate::authority_certificate::AuthorityCertificate;
use crate::league_fixture::{DAY, start_time};
use crate::mtls::{TrustStore, client_config, server_config};
use crate::participant_identity::ParticipantIdentity;
use crate::pem;
use crate::signature::FileSigner;
use hansa_policy::refusal::ErrorCode;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, OtherNameValue, SanType,
};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Parameters of a good certificate of Ottawa, to be changed in one respect.
pub(super) fn good() -> CertificateParams {
    let mut params = CertificateParams::default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let seconds = u64::try_from(start_time().micros() / 1_000_000).unwrap();
    params.not_before = epoch + Duration::from_secs(seconds - 3600);
    params.not_after = epoch + Duration::from_secs(seconds + 3600);
    params.subject_alt_names = vec![uri("hansa://ottawa.example"), dns("ottawa.example")];
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = IsCa::ExplicitNoCa;
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params
}

pub(super) fn uri(text: &str) -> SanType {
    SanType::URI(text.to_owned().try_into().unwrap())
}

fn dns(text: &str) -> SanType {
    SanType::DnsName(text.to_owned().try_into().unwrap())
}

fn mail(text: &str) -> SanType {
    SanType::Rfc822Name(text.to_owned().try_into().unwrap())
}

/// Ottawa with a certificate of the league's real authority.
fn ottawa_with(two: &HandshakeFixture, params: &CertificateParams) -> ParticipantIdentity {
    let authority = pem::key_pair(&two.sample.folder("league").join("authority.pem")).unwrap();
    let anchor = &two.sample.league.bundle().content().anchors[0].certificate;
    let issuer = Issuer::from_ca_cert_der(anchor, authority).unwrap();
    issued(&two.ottawa, params, &issuer)
}

pub(super) fn issued(
    identity: &ParticipantIdentity,
    params: &CertificateParams,
    issuer: &Issuer<'_, KeyPair>,
) -> ParticipantIdentity {
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, issuer).unwrap().der().clone();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let certified = CertifiedKey::new(
        vec![leaf],
        provider.key_provider.load_private_key(private).unwrap(),
    );
    ParticipantIdentity {
        certified: Arc::new(certified),
        ..identity.clone()
    }
}

/// Presents the certificate as a caller and as a server.
pub(super) async fn shown(
    two: &HandshakeFixture,
    ottawa: &ParticipantIdentity,
) -> (Result<(), ErrorCode>, Result<(), ErrorCode>) {
    let store = two.store(ottawa);
    let client = client_config(&store, &two.munster.id, &clock_at(start_time())).unwrap();
    let (as_caller, _) = handshake(&two.server(start_time()), &client, "127.0.0.1").await;
    let server = server_config(&store, &clock_at(start_time())).unwrap();
    let asking = two.store(&two.munster);
    let client = client_config(&asking, &two.ottawa.id, &clock_at(start_time())).unwrap();
    let (_, as_listener) = handshake(&server, &client, "127.0.0.1").await;
    let code = |refused: hansa_policy::refusal::Refusal| Err(refused.code);
    (
        if as_caller.is_ok() {
            Ok(())
        } else {
            code(refused(as_caller))
        },
        if as_listener.is_ok() {
            Ok(())
        } else {
            code(refused(as_listener))
        },
    )
}

#[tokio::test]
async fn one_fault_is_enough() {
    type Spoil = fn(&mut CertificateParams);
    type Outcome = Result<(), ErrorCode>;
    let two = two();
    let invalid = Err(ErrorCode::KeyInvalid);
    let stranger = Err(ErrorCode::PeerNotTrusted);
    let lines: [(&str, Spoil, Outcome, Outcome); 27] = [
        ("nothing wrong", |_| (), Ok(()), Ok(())),
        (
            "two identities",
            |p| p.subject_alt_names.push(uri("hansa://munster.example")),
            invalid,
            invalid,
        ),
        (
            "an identity and another URI",
            |p| p.subject_alt_names.push(uri("https://ottawa.example")),
            invalid,
            invalid,
        ),
        (
            "the same identity twice",
            |p| p.subject_alt_names.push(uri("hansa://ottawa.example")),
            invalid,
            invalid,
        ),
        (
            "no identity",
            |p| p.subject_alt_names = vec![dns("ottawa.example")],
            invalid,
            invalid,
        ),
        (
            "an identity without its scheme",
            |p| p.subject_alt_names = vec![uri("ottawa.example")],
            invalid,
            invalid,
        ),
        (
            "an identity in capitals",
            |p| p.subject_alt_names = vec![uri("hansa://Ottawa.example")],
            invalid,
            invalid,
        ),
        (
            "somebody who is no member",
            |p| p.subject_alt_names = vec![uri("hansa://lisbon.example")],
            stranger,
            stranger,
        ),
        (
            "an authority",
            |p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            invalid,
            invalid,
        ),
        (
            "no purpose",
            |p| p.extended_key_usages.clear(),
            stranger,
            stranger,
        ),
        (
            "for listening alone",
            |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
            stranger,
            Ok(()),
        ),
        (
            "for calling alone",
            |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            Ok(()),
            stranger,
        ),
        (
            "its host, and a name within its domain",
            |p| {
                for name in ["hansa.ottawa.example", "a.b.ottawa.example"] {
                    p.subject_alt_names.push(dns(name));
                }
            },
            Ok(()),
            Ok(()),
        ),
        (
            "a host that nobody of the league has",
            |p| p.subject_alt_names.push(dns("moved.elsewhere.example")),
            Ok(()),
            Ok(()),
        ),
        (
            "another's domain",
            |p| p.subject_alt_names.push(dns("munster.example")),
            stranger,
            stranger,
        ),
        (
            "another's domain in capitals",
            |p| p.subject_alt_names.push(dns("MUNSTER.example")),
            stranger,
            stranger,
        ),
        (
            "a host in another's domain",
            |p| p.subject_alt_names.push(dns("mail.munster.example")),
            stranger,
            stranger,
        ),
        (
            "another's host",
            |p| p.subject_alt_names.push(dns("hansa.munster.example")),
            stranger,
            stranger,
        ),
        (
            "another's domain in its subject",
            |p| {
                p.distinguished_name
                    .push(DnType::CommonName, "munster.example");
            },
            stranger,
            stranger,
        ),
        (
            "a name for people in its subject",
            |p| {
                p.distinguished_name
                    .push(DnType::CommonName, "City of Ottawa");
            },
            Ok(()),
            Ok(()),
        ),
        (
            "an e-mail address in its subject",
            |p| {
                let mailbox = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
                p.distinguished_name.push(mailbox, "it@munster.example");
            },
            invalid,
            invalid,
        ),
        (
            "a wildcard",
            |p| p.subject_alt_names.push(dns("*.ottawa.example")),
            invalid,
            invalid,
        ),
        (
            "an IP address",
            |p| {
                let address = "127.0.0.1".parse().unwrap();
                p.subject_alt_names.push(SanType::IpAddress(address));
            },
            invalid,
            invalid,
        ),
        (
            "an e-mail address of another",
            |p| p.subject_alt_names.push(mail("data@munster.example")),
            invalid,
            invalid,
        ),
        (
            "an e-mail address of its own",
            |p| p.subject_alt_names.push(mail("data@ottawa.example")),
            invalid,
            invalid,
        ),
        (
            "a name of another kind",
            |p| {
                let name = OtherNameValue::Utf8String("munster.example".to_owned());
                p.subject_alt_names
                    .push(SanType::OtherName((vec![1, 2, 3, 4], name)));
            },
            invalid,
            invalid,
        ),
        (
            "a critical extension that nobody knows",
            |p| {
                let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
                unknown.set_criticality(true);
                p.custom_extensions.push(unknown);
            },
            invalid,
            invalid,
        ),
    ];
    for (what, spoil, as_caller, as_listener) in lines {
        let mut params = good();
        spoil(&mut params);
        let found = shown(&two, &ottawa_with(&two, &params)).await;
        assert_eq!(found, (as_caller, as_listener), "{what}");
    }
}

/// League's bundle with a change that the league itself would not make.
pub(super) fn resealed(
    two: &HandshakeFixture,
    change: impl FnOnce(&mut BundleContent),
) -> TrustBundle {
    let signer = FileSigner::open(&two.sample.folder("league").join("league.pem")).unwrap();
    let mut content = two.sample.league.bundle().content().clone();
    content.sequence += 1;
    change(&mut content);
    TrustBundle::seal(&content, &signer).unwrap()
}

#[tokio::test]
async fn an_authority_speaks_only_for_its_own() {
    // Lisbon has its own authority, listed for Lisbon. It makes a certificate for Ottawa.
    let mut two = two();
    let lisbon = two.sample.admit("lisbon.example", start_time());
    let (anchor, key) = authority();
    let spki = AuthorityCertificate::read(&anchor).unwrap().spki;
    let bundle = resealed(&two, |content| {
        content.anchors.push(CertificateAnchor {
            spki,
            certificate: anchor.clone(),
            identities: BTreeSet::from([lisbon.id.clone()]),
            not_after: start_time().plus_micros(DAY),
        });
    });
    let issuer = Issuer::from_ca_cert_der(&anchor, key).unwrap();
    let as_ottawa = issued(&two.ottawa, &good(), &issuer);
    let mut params = good();
    params.subject_alt_names = vec![uri("hansa://lisbon.example")];
    let as_lisbon = issued(&lisbon, &params, &issuer);

    let store = TrustStore::new(&two.munster);
    store.swap_bundle(bundle.clone()).unwrap();
    let server = server_config(&store, &clock_at(start_time())).unwrap();
    for (identity, good) in [(&as_ottawa, false), (&as_lisbon, true)] {
        let theirs = TrustStore::new(identity);
        theirs.swap_bundle(bundle.clone()).unwrap();
        let client = client_config(&theirs, &two.munster.id, &clock_at(start_time())).unwrap();
        let (here, _) = handshake(&server, &client, "127.0.0.1").await;
        if good {
            assert!(here.is_ok());
        } else {
            assert_eq!(refused(here).code, ErrorCode::PeerNotTrusted);
        }
    }
}

#[tokio::test]
async fn a_denied_certificate_is_out_though_its_participant_stays() {
    let two = two();
    let bundle = resealed(&two, |content| {
        content.denied.insert(two.ottawa.chain.leaf().digest);
    });
    let store = TrustStore::new(&two.munster);
    store.swap_bundle(bundle).unwrap();
    let server = server_config(&store, &clock_at(start_time())).unwrap();
    let client = two.client("munster.example", start_time());
    let (here, _) = handshake(&server, &client, "127.0.0.1").await;
    assert_eq!(refused(here).code, ErrorCode::PeerNotTrusted);
    let other = ottawa_with(&two, &good());
    let client =
        client_config(&two.store(&other), &two.munster.id, &clock_at(start_time())).unwrap();
    let (here, _) = handshake(&server, &client, "127.0.0.1").await;
    assert!(here.is_ok());
}

pub(super) fn authority() -> (CertificateDer<'static>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.der().clone(), key)
}
