//! Tests: notes have one canonical form, and name their signers.

use super::{
    COSIGNATURE, Checkpoint, ED25519, NoteKey, NoteSigner, NoteSigningError, NoteVerifier,
    SignedHead, base64, log_origin, read_all,
};
use crate::digest::Digest;

/// Signer in place of a real algorithm: the "signature" is a digest under a shared secret.
struct TestNoteSigner(NoteKey);

impl NoteSigner for TestNoteSigner {
    fn key(&self) -> NoteKey {
        self.0.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NoteSigningError> {
        Ok(Digest::of_parts(&[b"toy", &self.0.public, message])
            .as_bytes()
            .to_vec())
    }
}

struct TestNoteVerifier;

impl NoteVerifier for TestNoteVerifier {
    fn accepts_signature(&self, key: &NoteKey, message: &[u8], signature: &[u8]) -> bool {
        TestNoteSigner(key.clone()).sign(message).unwrap() == signature
    }
}

fn toy(name: &str, algorithm: u8) -> TestNoteSigner {
    TestNoteSigner(NoteKey {
        name: name.to_owned(),
        algorithm,
        public: vec![7; 32],
    })
}

fn head(size: u64) -> SignedHead {
    let checkpoint = Checkpoint {
        origin: log_origin("tallinn.example"),
        size,
        root: Digest::of(&size.to_be_bytes()),
    };
    SignedHead::sign(checkpoint, &toy("tallinn.example/hansa/evidence", ED25519)).unwrap()
}

#[test]
fn base64_vectors() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64::encode(bytes.as_bytes()), text);
        assert_eq!(base64::decode(text).as_deref(), Some(bytes.as_bytes()));
    }
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(base64::decode(&base64::encode(&all)), Some(all));
    for wrong in [
        "Zg", "Zg=", "Zh==", "Z===", "====", "Zm9v=", "Zm9v\n", "Zm-v", " Zm9v", "=Zm9",
    ] {
        assert_eq!(base64::decode(wrong), None, "{wrong:?}");
    }
}

#[test]
fn published_key_hash() {
    // Published key of the Go checksum database.
    let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    let key: NoteKey = text.parse().unwrap();
    assert_eq!((key.algorithm, key.public.len()), (ED25519, 32));
    assert_eq!(key.to_string(), text);
    assert!(text.replace("033d", "033e").parse::<NoteKey>().is_err());
}

#[test]
fn a_note_has_one_spelling() {
    let note = head(17);
    let text = note.to_string();
    assert!(text.starts_with("tallinn.example/hansa/evidence\n17\n"));
    assert_eq!(text.parse::<SignedHead>().unwrap(), note);
    for (from, to) in [
        ("\n17\n", "\n017\n"),
        ("\n17\n", "\n+17\n"),
        ("\n17\n", "\n17\nextension\n"),
        ("— ", "- "),
        ("tallinn.example/hansa/evidence\n17", "\n17"),
        ("evidence\n17", "evi dence\n17"),
        ("\n\n", "\n"),
    ] {
        assert!(text.contains(from));
        assert!(
            text.replacen(from, to, 1).parse::<SignedHead>().is_err(),
            "{from:?} {to:?}"
        );
    }
    assert!(text.trim_end().parse::<SignedHead>().is_err());
}

#[test]
fn who_signed() {
    let own = toy("tallinn.example/hansa/evidence", ED25519);
    let mut note = head(17);
    assert!(note.is_signed_by(&own.0, &TestNoteVerifier));
    assert!(!note.is_signed_by(&toy("other.example", ED25519).0, &TestNoteVerifier));
    let witness = toy("luebeck.example", COSIGNATURE);
    assert_eq!(note.cosigned_by(&witness.0, &TestNoteVerifier), None);
    note.cosign(&witness, 1_800_000_000).unwrap();
    let mut note: SignedHead = note.to_string().parse().unwrap();
    assert!(note.is_signed_by(&own.0, &TestNoteVerifier));
    assert_eq!(
        note.cosigned_by(&witness.0, &TestNoteVerifier),
        Some(1_800_000_000)
    );
    note.signatures[1].signature[7] ^= 1;
    assert_eq!(note.cosigned_by(&witness.0, &TestNoteVerifier), None);
    note.checkpoint.size = 18;
    assert!(!note.is_signed_by(&own.0, &TestNoteVerifier));
}

#[test]
fn many_in_one_file() {
    let (a, b) = (head(1), head(300));
    let text = format!("{a}\n{b}\n");
    assert_eq!(read_all(&text).unwrap(), [a.clone(), b]);
    assert_eq!(read_all("").unwrap(), []);
    // An incomplete last note is skipped; a complete invalid one is an error.
    for cut in 1..text.len() {
        if let Some(part) = text.get(..cut) {
            let complete = usize::from(cut > a.to_string().len());
            assert_eq!(
                read_all(part).map(|heads| heads.len()),
                Ok(complete),
                "{cut}"
            );
        }
    }
    assert_eq!(read_all(&text.replacen("\n300\n", "\n0300\n", 1)), Err(1));
}
