//! Tests: files that wait, by the content of their folder (attack 25 of the console's list).

use super::{
    FOLDER, FileStaging, StagedFile, StagedKind, digest_person, find_staged, list_staged,
    open_staging, remove_staged,
};
use crate::config::person_key::PersonKey;
use crate::participant::Connector;
use crate::participant::testing::{DAY, TestFederation};
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

fn maria() -> Digest {
    digest_person(&PersonKey::of_user(1001))
}

fn jonas() -> Digest {
    digest_person(&PersonKey::of_user(1002))
}

const CSV: &[u8] = b"site,bikes\nHafen,812\n";

struct StagingCase {
    federation: TestFederation,
    connector: Arc<Connector>,
}

impl StagingCase {
    fn new() -> Self {
        let federation = TestFederation::of_two();
        let connector = federation.open("lindau");
        Self {
            federation,
            connector,
        }
    }

    async fn open(&self, person: Digest, stated: usize) -> Result<FileStaging, Refusal> {
        let stated = u64::try_from(stated).unwrap();
        open_staging(&self.connector, person, stated).await
    }

    /// Stages a file in pieces of this size.
    async fn stage(
        &self,
        person: Digest,
        content: &[u8],
        piece: usize,
    ) -> Result<StagedFile, Refusal> {
        let mut staging = self.open(person, content.len()).await?;
        for piece in content.chunks(piece) {
            staging.take_bytes(Bytes::copy_from_slice(piece)).await?;
        }
        staging.finish("bikes.csv").await?.keep().await
    }

    async fn remove(&self, file: &StagedFile) {
        let removed = remove_staged(&self.connector, file.person, &file.id).await;
        assert_eq!(removed.unwrap(), *file);
    }

    /// Names of the files in the folder.
    fn list_names(&self) -> Vec<String> {
        let folder = self.connector.state_file(FOLDER);
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

#[tokio::test]
async fn a_file_waits_for_its_person_alone() {
    let case = StagingCase::new();
    let file = case.stage(maria(), CSV, 5).await.unwrap();
    assert_eq!((file.kind, file.bytes), (StagedKind::Csv, 21));
    assert_eq!(file.sha256, Digest::of(CSV));
    let path = case.connector.state_file(FOLDER).join(&file.id);
    assert_eq!(std::fs::read(&path).unwrap(), CSV);
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let found = find_staged(&case.connector, maria(), &file.id).await;
    assert_eq!(found.unwrap(), file);
    for (user, id) in [
        (jonas(), file.id.as_str()),
        (maria(), "../log"),
        (maria(), ""),
    ] {
        let found = find_staged(&case.connector, user, id).await;
        let code = found.unwrap_err().code;
        assert_eq!(code, ErrorCode::UploadUnknown, "{user} {id}");
        let removed = remove_staged(&case.connector, user, id).await;
        assert!(removed.is_err(), "{user} {id}");
    }
    case.remove(&file).await;
    assert!(case.list_names().is_empty(), "{:?}", case.list_names());
}

#[tokio::test]
async fn attack_25_a_name_is_no_path() {
    let case = StagingCase::new();
    for name in [
        "../../x.csv",
        "/etc/passwd",
        "a/b\n\0c",
        "\u{202e}\u{7}",
        "",
    ] {
        let mut staging = case.open(maria(), CSV.len()).await.unwrap();
        staging.take_bytes(Bytes::from_static(CSV)).await.unwrap();
        let draft = staging.finish(name).await.unwrap();
        let file = draft.keep().await.unwrap();
        assert!(file.id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let expected = [file.id.clone(), format!("{}.json", file.id)];
        assert_eq!(case.list_names(), expected, "{name:?}");
        assert!(!file.name.is_empty() && !file.name.chars().any(char::is_control));
        case.remove(&file).await;
    }
}

#[tokio::test]
async fn attack_25_the_content_says_the_kind() {
    let case = StagingCase::new();
    let geojson = br#"{"type":"FeatureCollection","features":[]}"#;
    let file = case.stage(maria(), geojson, 1 << 20).await.unwrap();
    assert_eq!(file.kind, StagedKind::GeoJson);
    case.remove(&file).await;
    let mut lying = b"PAR1\x15\x04\0\0".to_vec();
    lying.extend([0; 64]);
    // The footer says that its metadata are longer than the file.
    lying.extend(0x7fff_ffff_u32.to_le_bytes());
    lying.extend(b"PAR1");
    let mut bomb = b"PK\x03\x04".to_vec();
    bomb.extend(vec![0; 200_000]);
    for (content, code) in [
        (&lying[..], ErrorCode::SourceUnreadable),
        (&bomb, ErrorCode::SourceKindUnknown),
        (b"\x1f\x8b\x08\0rest", ErrorCode::SourceKindUnknown),
        (b"ARROW1\0\0\x01\x02", ErrorCode::SourceKindUnknown),
        (b"\x7fELF\x02\x01\x01\0", ErrorCode::SourceKindUnknown),
        (br#"[{"site":"Hafen"}]"#, ErrorCode::SourceKindUnknown),
        (b"", ErrorCode::UploadIncomplete),
    ] {
        let refusal = case.stage(maria(), content, 4096).await.unwrap_err();
        assert_eq!(refusal.code, code, "{refusal:#?}");
        assert!(case.list_names().is_empty(), "{:?}", case.list_names());
    }
}

#[tokio::test]
async fn attack_25_one_byte_more_than_the_limit_leaves_nothing() {
    let case = StagingCase::new();
    let limit = case.connector.config().console.upload;
    let refusal = open_staging(&case.connector, maria(), limit + 1).await;
    assert_eq!(refusal.unwrap_err().code, ErrorCode::UploadTooLarge);
    // A sender that states less than it sends.
    let mut staging = case.open(maria(), 10).await.unwrap();
    staging.limit = 30;
    staging.take_bytes(Bytes::from_static(CSV)).await.unwrap();
    let taken = staging.take_bytes(Bytes::from_static(b"0123456789")).await;
    assert_eq!(taken.unwrap_err().code, ErrorCode::UploadTooLarge);
    drop(staging);
    assert!(case.list_names().is_empty(), "{:?}", case.list_names());
}

#[tokio::test]
async fn attack_25_two_files_of_a_person_wait_or_come() {
    let case = StagingCase::new();
    let coming = case.open(maria(), CSV.len()).await.unwrap();
    let first = case.stage(maria(), CSV, 100).await.unwrap();
    let refused = case.open(maria(), CSV.len()).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::UploadLimit);
    // Another person has places of her own, and a cut sender gives its place back with its file.
    let other = case.stage(jonas(), CSV, 100).await.unwrap();
    drop(coming);
    let second = case.stage(maria(), CSV, 100).await.unwrap();
    let refused = case.open(maria(), 1).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::UploadLimit);
    let own = list_staged(&case.connector, maria()).await.unwrap();
    assert_eq!(own, [first, second]);
    let others = list_staged(&case.connector, jonas()).await.unwrap();
    assert_eq!(others, [other]);
    assert_eq!(case.list_names().len(), 6);
}

#[tokio::test]
async fn a_day_later_a_file_is_gone_and_so_is_what_a_stop_has_left() {
    let case = StagingCase::new();
    let file = case.stage(maria(), CSV, 100).await.unwrap();
    let folder = case.connector.state_file(FOLDER);
    std::fs::write(folder.join("0123"), "half a file").unwrap();
    let outside = case.federation.home("lindau").join("outside.csv");
    std::fs::write(&outside, CSV).unwrap();
    // A link beside a description is no staged file.
    let link = "f".repeat(32);
    let description = std::fs::read_to_string(folder.join(format!("{}.json", file.id))).unwrap();
    hansa_files::create_file(
        &folder.join(format!("{link}.json")),
        description.replace(&file.id, &link).as_bytes(),
        hansa_files::FileVisibility::Owner,
    )
    .unwrap();
    std::os::unix::fs::symlink(&outside, folder.join(&link)).unwrap();
    let own = list_staged(&case.connector, maria()).await.unwrap();
    assert_eq!(own, std::slice::from_ref(&file));
    let coming = case.open(maria(), CSV.len()).await.unwrap();
    case.connector.expire_staged_files().unwrap();
    let names = case.list_names();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.contains(&file.id) && outside.exists());
    drop(coming);
    case.federation.advance_time(DAY);
    let own = list_staged(&case.connector, maria()).await.unwrap();
    assert!(own.is_empty());
    case.connector.expire_staged_files().unwrap();
    assert!(case.list_names().is_empty(), "{:?}", case.list_names());
}
