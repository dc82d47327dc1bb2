//! Contracts that both sides seal with certificates (X.509) of an authority that the league names for each of them.

use crate::auditor::{export, findings, verify};
use crate::binary;
use hansa_audit_log::digest::Digest;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{TestParticipant, run};
use hansa_test_support::seal_authority::{SealAuthority, SealFiles, SealKeyType, SealValidity};
use hansa_test_support::workflow::{ALL, text};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::path::Path;

pub(crate) const CITY: &str = "VATDE-123456789";
pub(crate) const FIRM: &str = "LEIXG-AAAAAAAAAAAAAAAAAA12";

/// A league that names one authority for lindau and for acme, and a seal of each.
pub(crate) struct SealedFederation {
    pub(crate) lindau: TestParticipant,
    pub(crate) acme: TestParticipant,
    pub(crate) authority: SealAuthority,
    pub(crate) city: SealFiles,
    pub(crate) firm: SealFiles,
    /// Last, since its folder goes with it.
    pub(crate) league: TestLeague,
}

impl SealedFederation {
    pub(crate) fn new() -> Self {
        let league = TestLeague::new(binary());
        let mut lindau = league.city("lindau");
        let acme = league.firm("acme");
        let folder = league.folder();
        let authority = SealAuthority::new("Trust service");
        authority.write(&folder.join("root.pem"));
        names(&league, "lindau.example", CITY);
        names(&league, "acme.example", FIRM);
        for alias in ["lindau", "acme"] {
            league.hand_bundle_to(alias);
        }
        let city = authority.seals(CITY, SealKeyType::Curve, SealValidity::Now, folder, "city");
        let firm = authority.seals(FIRM, SealKeyType::Rsa, SealValidity::Now, folder, "firm");
        lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
        lindau.offers("bikes", "planning", ALL, "\"league\"", "officer");
        lindau.publishes();
        lindau.serve();
        acme.knows(&lindau);
        Self {
            lindau,
            acme,
            authority,
            city,
            firm,
            league,
        }
    }

    /// A negotiation that waits for the city's signature.
    pub(crate) fn requested(&self) -> String {
        self.acme
            .hansa(&["contract", "request", "lindau.bikes"])
            .must();
        self.lindau.listed("negotiation").pop().unwrap()
    }

    /// The contract, sealed by both sides.
    pub(crate) fn contract(&self) -> String {
        let name = self.requested();
        for (side, seal) in [(&self.lindau, &self.city), (&self.acme, &self.firm)] {
            let signed = sealed(side, &name, seal);
            side.hansa(&["contract", "attach", &name, &signed]).must();
        }
        self.acme.listed("contract").pop().unwrap()
    }
}

fn names(league: &TestLeague, id: &str, organization: &str) {
    league
        .hansa(&[
            "league",
            "seal",
            id,
            "--anchor",
            "root.pem",
            "--organization",
            organization,
            "--dir",
            "league",
        ])
        .must();
}

/// Exports what waits for a signature and seals it in a folder that holds nothing else.
pub(crate) fn sealed(side: &TestParticipant, name: &str, seal: &SealFiles) -> String {
    side.hansa(&["contract", "export", name, "--output", "n.draft"])
        .must();
    let offline_folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        side.folder().join("n.draft"),
        offline_folder.path().join("draft"),
    )
    .unwrap();
    let (key, certificates) = (shown(&seal.key), shown(&seal.certificates));
    let done = run(
        binary(),
        offline_folder.path(),
        &[
            "--json",
            "--yes",
            "contract",
            "sign",
            "--offline",
            "draft",
            "--key",
            &key,
            "--certificates",
            &certificates,
        ],
    );
    assert_eq!(done.must().json()["seal"], true);
    let back = side.folder().join("back");
    std::fs::copy(offline_folder.path().join("draft.signed"), &back).unwrap();
    shown(&back)
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}

#[test]
fn a_contract_that_both_sides_sealed_is_in_force_and_convinces_a_stranger() {
    let mut federation = SealedFederation::new();
    let contract = federation.contract();
    let (lindau, acme) = (&federation.lindau, &federation.acme);
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
    for side in [lindau, acme] {
        let report = side
            .hansa(&["--json", "contract", "show", &contract])
            .must()
            .json();
        let signatures = report["signatures"].as_array().unwrap();
        assert!(
            signatures.iter().all(|one| one["valid"] == true),
            "{report}"
        );
        let named = |index: usize| text(&signatures[index], "sealed_for");
        assert_eq!([named(0), named(1)], [CITY, FIRM]);
        assert_eq!(text(&signatures[1], "algorithm"), "PS256");
        let words = side.hansa(&["contract", "show", &contract]).must();
        assert!(words.out.contains(CITY), "{}", words.out);
        // What left under a seal that is not trusted any more: by its key, or by any of its certificates.
        if side.domain() == lindau.domain() {
            let left = |key: &str| {
                let breach = ["--json", "audit", "breach", "--key", key];
                side.hansa(&breach).must().lines().len()
            };
            for signature in signatures {
                assert_eq!(left(&text(signature, "key")), 1, "{signature}");
            }
            assert_eq!(left(&seal_digest(&federation.city.certificates)), 1);
        }
    }
    acme.hansa(&["contract", "export", &contract, "--output", "contract.json"])
        .must();
    acme.hansa(&["contract", "verify", "contract.json"]).must();
    let signers = acme.hansa(&["key", "list", "acme.example"]).must();
    assert!(signers.out.contains(FIRM), "{}", signers.out);

    // It is read again after a restart, and an auditor judges it from the files alone.
    federation.lindau.stop();
    federation.lindau.serve();
    let (lindau, acme) = (&federation.lindau, &federation.acme);
    acme.knows(lindau);
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
    let export_folder = tempfile::tempdir().unwrap();
    let judged = || {
        export(lindau, export_folder.path(), &[]);
        export(acme, export_folder.path(), &[]);
        let files = ["check", "lindau.example.bundle", "acme.example.bundle"];
        verify(export_folder.path(), &files)
    };
    let (report, status) = judged();
    assert_eq!(status, 0, "{report:#}");
    assert!(text(&report["answers"][0], "contract").is_empty());

    // The seal ends it, too, on the other machine.
    let offline_folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        acme.folder().join("contract.json"),
        offline_folder.path().join("contract.json"),
    )
    .unwrap();
    let (key, certificates) = (
        shown(&federation.city.key),
        shown(&federation.city.certificates),
    );
    let end = [
        "--yes",
        "contract",
        "withdraw",
        "--offline",
        "contract.json",
        "--key",
        &key,
        "--certificates",
        &certificates,
        "--reason",
        "over",
    ];
    // A seal is not the key that the contract names, so somebody says for whom it is.
    run(binary(), offline_folder.path(), &end).refused("SIGNER_NOT_PARTY", 6);
    let end = [&end[..], &["--role", "provider"]].concat();
    run(binary(), offline_folder.path(), &end).must();
    let statement = shown(&offline_folder.path().join("contract.json.withdrawal"));
    // For the city it is no statement of the firm.
    acme.hansa(&["contract", "attach", &contract, &statement])
        .refused("SIGNER_NOT_PARTY", 6);
    lindau
        .hansa(&["contract", "attach", &contract, &statement])
        .must();
    acme.ask("SELECT count(*) FROM lindau.bikes")
        .refused("WITHDRAWN", 3);
    let (report, status) = judged();
    assert_eq!(status, 0, "{report:#}");

    // Where the league takes the seal back from before the contract, the auditor says so.
    league_ends(&federation);
    let bundle = shown(&federation.league.folder().join("late.json"));
    let files = [
        "check",
        "--trust",
        &bundle,
        "lindau.example.bundle",
        "acme.example.bundle",
    ];
    let (report, status) = verify(export_folder.path(), &files);
    assert_ne!(status, 0, "{report:#}");
    assert!(
        findings(&report, "broken")
            .iter()
            .any(|what| what.starts_with("KEY_REVOKED")),
        "{report:#}"
    );
}

/// SHA-256 of the first certificate of a file, as a seal is named.
fn seal_digest(file: &Path) -> String {
    let pem = std::fs::read(file).unwrap();
    let own = CertificateDer::pem_slice_iter(&pem).next().unwrap();
    Digest::of(&own.unwrap()).to_string()
}

/// The league revokes the key of the city's seal from before it was used.
fn league_ends(federation: &SealedFederation) {
    let certificate = shown(&federation.city.certificates);
    federation
        .league
        .hansa(&[
            "--yes",
            "league",
            "seal",
            "lindau.example",
            "--organization",
            CITY,
            "--end",
            "--revoke",
            &certificate,
            "--key",
            "--since",
            "2020-01-01T00:00:00Z",
            "--dir",
            "league",
        ])
        .must();
    federation
        .league
        .hansa(&[
            "league",
            "export",
            "--dir",
            "league",
            "--output",
            "late.json",
        ])
        .must();
}

#[test]
fn no_other_seal_concludes_a_contract() {
    let federation = SealedFederation::new();
    let folder = federation.league.folder();
    let name = federation.requested();
    let attach = |seal: &SealFiles| {
        let signed = sealed(&federation.lindau, &name, seal);
        federation
            .lindau
            .hansa(&["contract", "attach", &name, &signed])
    };
    let stranger = SealAuthority::new("Trust service");
    let seals = [
        // Of another organisation by the same authority, which seals for the firm as well.
        federation.authority.seals(
            "VATDE-9",
            SealKeyType::Curve,
            SealValidity::Now,
            folder,
            "other",
        ),
        federation.firm.clone(),
        // By an authority of the same name, and by nobody.
        stranger.seals(
            CITY,
            SealKeyType::Curve,
            SealValidity::Now,
            folder,
            "stranger",
        ),
        hansa_test_support::seal_authority::by_itself(CITY, folder, "alone"),
    ];
    for seal in &seals {
        attach(seal).refused("SEAL_NOT_TRUSTED", 6);
    }
    let over =
        federation
            .authority
            .seals(CITY, SealKeyType::Curve, SealValidity::Past, folder, "over");
    attach(&over).refused("KEY_NOT_VALID_AT_SIGNING", 6);
    // The good one is still due.
    attach(&federation.city).must();
    // A key that is not that of its certificates signs nothing.
    let mixed = SealFiles {
        key: federation.firm.key.clone(),
        certificates: federation.city.certificates.clone(),
    };
    federation
        .acme
        .hansa(&["contract", "export", &name, "--output", "n.draft"])
        .must();
    let draft = shown(&federation.acme.folder().join("n.draft"));
    federation
        .acme
        .hansa(&[
            "--yes",
            "contract",
            "sign",
            "--offline",
            &draft,
            "--key",
            &shown(&mixed.key),
            "--certificates",
            &shown(&mixed.certificates),
        ])
        .refused("KEY_INVALID", 6);
}

/// By the library of the European Commission; needs Java, Maven and its registry.
#[test]
#[ignore = "needs java, maven and its registry: see tests/dss/README.md"]
fn the_library_of_the_commission_finds_both_seals_valid() {
    let federation = SealedFederation::new();
    let contract = federation.contract();
    let acme = &federation.acme;
    acme.hansa(&["contract", "export", &contract, "--output", "contract.json"])
        .must();
    let good = acme.folder().join("contract.json");
    let text = std::fs::read_to_string(&good).unwrap();
    let cut = text.find("\"payload\":\"").unwrap() + 60;
    let mut bytes = text.into_bytes();
    bytes[cut] = if bytes[cut] == b'A' { b'B' } else { b'A' };
    let bad = acme.folder().join("bad.json");
    std::fs::write(&bad, bytes).unwrap();
    let root = federation.league.folder().join("root.pem");
    let other = federation.league.folder().join("stranger.pem");
    SealAuthority::new("Stranger").write(&other);
    let judged = |file: &Path, root: &Path| {
        let output = std::process::Command::new("mvn")
            .args(["-q", "-B", "compile", "exec:java"])
            .arg(format!("-Dexec.args={} {}", shown(file), shown(root)))
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/dss"))
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("{out}");
        out.matches("TOTAL_PASSED").count()
    };
    assert_eq!(judged(&good, &root), 2);
    // It can say no.
    assert_eq!(judged(&bad, &root), 0);
    assert_eq!(judged(&good, &other), 0);
}
