//! Files and bytes that somebody else made, given to commands and sockets.

use crate::attacks::AttackVerdict;
use crate::attacks::world::SqlAttackFederation;
use crate::binary;
use hansa_proto::peer::pb;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::run;
use hansa_test_support::workflow::number;
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// A copy whose folder of state holds this beside a good log.
fn archive(
    federation: &SqlAttackFederation,
    name: &str,
    add: impl FnOnce(&mut tar::Builder<std::fs::File>),
) -> PathBuf {
    let file = federation.league.folder().join(name);
    let mut archive = tar::Builder::new(std::fs::File::create(&file).unwrap());
    // The reserve of a log has room that was never written.
    archive.sparse(false);
    let mut log = federation.lindau.folder().join("state/log");
    log.push("");
    add(&mut archive);
    archive.append_dir_all("state/log", &log).unwrap();
    archive.finish().unwrap();
    file
}

fn entry(kind: tar::EntryType, path: &str, to: &str) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_mode(0o777);
    // Paths that the builder would not write.
    let name = &mut header.as_old_mut().name;
    name[..path.len()].copy_from_slice(path.as_bytes());
    if !to.is_empty() {
        let link = &mut header.as_old_mut().linkname;
        link[..to.len()].copy_from_slice(to.as_bytes());
    }
    header.set_cksum();
    header
}

pub(super) fn archives(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let mark = federation.league.folder().join("mark");
    std::fs::write(&mark, "untouched").unwrap();
    std::fs::set_permissions(&mark, std::fs::Permissions::from_mode(0o644)).unwrap();
    let target = mark.display().to_string();
    let folder = federation.league.folder().display().to_string();
    let cases = [
        (
            "symlink.tar",
            tar::EntryType::Symlink,
            "state/x",
            target.as_str(),
        ),
        (
            "folder.tar",
            tar::EntryType::Symlink,
            "state/y",
            folder.as_str(),
        ),
        ("hard.tar", tar::EntryType::Link, "state/z", target.as_str()),
        ("device.tar", tar::EntryType::Char, "state/null", ""),
        ("pipe.tar", tar::EntryType::Fifo, "state/pipe", ""),
        ("up.tar", tar::EntryType::Regular, "../../escaped", ""),
        (
            "state.tar",
            tar::EntryType::Symlink,
            "state",
            folder.as_str(),
        ),
    ];
    let total = cases.len();
    for (name, kind, path, to) in cases {
        let file = archive(federation, name, |archive| {
            let header = entry(kind, path, to);
            archive.append(&header, std::io::empty()).unwrap();
        });
        let alias = name.trim_end_matches(".tar");
        let own = federation.league.city(alias);
        let done = own.hansa(&["--yes", "restore", file.to_str().unwrap()]);
        let mode = std::fs::metadata(&mark).unwrap().permissions().mode() & 0o777;
        let kept = std::fs::read_to_string(&mark).unwrap() == "untouched";
        if done.status == Some(0) || mode != 0o644 || !kept {
            return Err(format!("{name}: {mode:o} {kept} {done:?}"));
        }
    }
    if find(federation.league.folder(), "escaped").is_some() {
        return Err("a file lies outside".to_owned());
    }
    // The same without anything else is taken.
    let file = archive(federation, "good.tar", |_| {});
    let own = federation.league.city("good");
    own.hansa(&["--yes", "restore", file.to_str().unwrap()])
        .must();
    Ok(format!("{total} copies refused"))
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.file_name().is_some_and(|found| found == name) {
            return Some(path);
        }
        let real = path.symlink_metadata().is_ok_and(|found| found.is_dir());
        real.then(|| find(&path, name)).flatten()
    })
}

pub(super) fn socket(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let state = federation.lindau.folder().join("state");
    let mut sockets = Vec::new();
    let mut open = Vec::new();
    // Whatever lies in it: nobody else gets into the folder.
    if state.metadata().unwrap().permissions().mode() & 0o077 != 0 {
        return Err("others can open the folder of state".to_owned());
    }
    for entry in std::fs::read_dir(&state).unwrap().flatten() {
        let path = entry.path();
        let found = path.metadata().unwrap();
        let private = [
            "log",
            "contracts",
            "messages",
            "receipts",
            "withdrawals",
            "schema.secret",
        ];
        let socket = found.file_type().is_socket();
        let named = private.iter().any(|name| path.ends_with(name));
        if found.permissions().mode() & 0o077 != 0 && (socket || named) {
            open.push(path.display().to_string());
        }
        if found.file_type().is_socket() {
            sockets.push(path);
        }
    }
    if !open.is_empty() {
        return Err(format!("others can open {open:?}"));
    }
    let socket = sockets.first().ok_or("no socket")?;
    for noise in [
        vec![0; 1 << 20],
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        Vec::new(),
    ] {
        let mut stream = UnixStream::connect(socket).unwrap();
        let _ = stream.write_all(&noise);
    }
    // Connections that say nothing.
    let _idle: Vec<_> = (0..200).map(|_| UnixStream::connect(socket)).collect();
    let status = federation.lindau.hansa(&["--json", "status"]).must().json();
    match number(&status, "datasets") > 0 {
        true => Ok("0600; noise and 200 idle connections are borne".to_owned()),
        false => Err(status.to_string()),
    }
}

pub(super) fn bundles(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let sequence = || {
        let status = federation.lindau.hansa(&["--json", "status"]).must().json();
        number(&status, "bundle")
    };
    let file = federation.lindau.folder().join("trust/bundle.json");
    let newest = std::fs::read(&file).unwrap();
    let older = std::fs::read(federation.acme.folder().join("trust/bundle.json")).unwrap();
    let other = TestLeague::new(binary());
    let foreign = std::fs::read(other.folder().join("league/trust-bundle.json")).unwrap();
    let text = String::from_utf8(newest.clone()).unwrap();
    let before = sequence();
    let raised = text.replace(
        &format!("\"sequence\":{before}"),
        &format!("\"sequence\":{}", before + 5),
    );
    if raised == text {
        return Err(format!("no sequence {before} in {text:.300}"));
    }
    let renamed = text.replacen("Test other", "Test 0ther", 1);
    let cases = [
        ("older", older),
        ("of another league", foreign),
        ("with a higher number", raised.into_bytes()),
        ("with another name", renamed.into_bytes()),
        ("cut", newest[..newest.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("noise", vec![0xff; 4096]),
    ];
    for (what, bytes) in &cases {
        let greeting = pb::Greeting {
            versions: vec![1],
            program: "hansa".to_owned(),
            bundle_sequence: 1_000_000,
            bundle: bytes.clone().into(),
            ..Default::default()
        };
        let _ = federation.attacker.hello(greeting);
        std::fs::write(&file, bytes).unwrap();
        let _ = federation.lindau.hansa(&["reload"]);
        let answer = federation.ask("trips_a", "SELECT count(*) FROM trips_a");
        let now = sequence();
        if now != before || answer.rows != ["60"] {
            return Err(format!(
                "{what}: bundle {now} instead of {before}, {}",
                answer.message()
            ));
        }
    }
    std::fs::write(&file, &newest).unwrap();
    federation.lindau.hansa(&["reload"]).must();
    // What it holds after all that still lets a member in, and a head that was never signed makes no fork of ours.
    let forged = pb::Greeting {
        versions: vec![1],
        program: "x".repeat(10_000),
        bundle_sequence: u64::MAX,
        head: b"acme.example/hansa/evidence\n999999\nAAAA\n\n\xe2\x80\x94 acme.example/hansa/evidence AAAA\n".to_vec().into(),
        ..Default::default()
    };
    let message = federation
        .attacker
        .hello(forged)
        .err()
        .map_or("greeted", |refusal| refusal.code.as_str());
    let forks = federation.lindau.records("log_fork").len();
    match sequence() == before && forks == 0 {
        true => Ok(format!(
            "{} bundles: not taken; a forged head: {message}",
            cases.len()
        )),
        false => Err(format!("{message}, {forks} forks")),
    }
}

pub(super) fn offline(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let folder = federation.league.folder().join("hostile");
    std::fs::create_dir_all(folder.join("log")).unwrap();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!("{{{}}}", vec!["\"a\":1"; 100_000].join(","));
    let long = format!("{{\"payload\":\"{}\"}}", "A".repeat(30_000_000));
    let texts: [(&str, &[u8]); 8] = [
        ("deep", deep.as_bytes()),
        ("wide", wide.as_bytes()),
        ("long", long.as_bytes()),
        ("nul", &[0; 4096]),
        ("high", &[0xff; 4096]),
        ("empty", b""),
        ("line", b"{}\n{}\n\n\n"),
        (
            "escape",
            b"\x1b]0;title\x07\x1b[2J{\"payload\":\"\x1b[31m\"}",
        ),
    ];
    let mut tried = 0;
    let mut looked = |args: &[&str]| {
        tried += 1;
        let done = run(binary(), federation.acme.folder(), args);
        let text = format!("{}{}", done.out, done.err);
        match done.status {
            Some(code)
                if (2..=9).contains(&code)
                    && !text.contains("panicked")
                    && !text.contains('\u{1b}') =>
            {
                Ok(())
            }
            // Of nothing nothing is wrong.
            Some(0) if text.contains("0 records") => Ok(()),
            other => Err(format!(
                "{args:?}: {other:?} {}",
                text.chars().take(300).collect::<String>()
            )),
        }
    };
    for (name, bytes) in texts {
        let file = folder.join(name);
        std::fs::write(&file, bytes).unwrap();
        let shown = file.to_str().unwrap();
        looked(&["contract", "verify", shown])?;
        looked(&["contract", "verify", shown, "--bundle", shown])?;
        looked(&["join", shown])?;
        looked(&["audit", "verify", shown])?;
        std::fs::write(folder.join("log/records-000000000000.jsonl"), bytes).unwrap();
        std::fs::write(folder.join("log/heads"), bytes).unwrap();
        looked(&["audit", "verify", folder.join("log").to_str().unwrap()])?;
    }
    // A folder that leads into itself, and one that is no folder.
    let _ = symlink(&folder, folder.join("log/again"));
    looked(&["audit", "verify", folder.join("log").to_str().unwrap()])?;
    looked(&["audit", "verify", "/dev/null"])?;
    looked(&["contract", "verify", "/proc/self/mem"])?;
    Ok(format!("{tried} looks: a refusal each"))
}
