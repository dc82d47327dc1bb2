//! What the connector reads, and what it must not: files outside its folders, its own keys, and a state folder that others can use.

use crate::binary;
use hansa_test_support::league::TestLeague;
use std::os::unix::fs::{PermissionsExt, symlink};

fn entry(name: &str, path: &str) -> String {
    format!(
        "[[dataset]]\nname = \"{name}\"\ntitle = \"{name}\"\nlicence = \"proprietary\"\n\
         [dataset.source]\nkind = \"text\"\npath = \"{path}\"\n[[dataset.column]]\nname = \"line\"\n"
    )
}

#[test]
fn sources_are_read_only_where_they_may_lie() {
    let league = TestLeague::new(binary());
    let lindau = league.city("lindau");
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("rows.csv"), "line\nelsewhere\n").unwrap();
    lindau.write("data/rows.csv", "line\nhere\n");
    let link = lindau.folder().join("data/linked.csv");
    symlink(lindau.folder().join("keys/signing.key"), &link).unwrap();
    let elsewhere = other.path().join("*.csv").display().to_string();
    lindau.configure(&entry("near", "data/rows.csv"));
    lindau.configure(&entry("far", &elsewhere));
    lindau.configure(&entry("keys", "keys/signing.key"));
    lindau.configure(&entry("linked", "data/linked.csv"));
    lindau.configure(&entry("own", "state/*"));
    lindau.hansa(&["check"]).refused("SOURCE_OUTSIDE", 6);
    lindau.hansa(&["dataset", "publish", "near"]).must();
    for name in ["far", "keys", "linked", "own"] {
        let output = lindau.hansa(&["dataset", "publish", name]);
        let output = output.refused("SOURCE_OUTSIDE", 6);
        assert!(!output.err.contains("PRIVATE"), "{}", output.err);
        let output = lindau.hansa(&["dataset", "sample", name]);
        let output = output.refused("SOURCE_OUTSIDE", 6);
        assert!(!output.out.contains("PRIVATE"), "{}", output.out);
        assert!(
            !lindau
                .folder()
                .join(format!("state/datasets/{name}"))
                .exists()
        );
    }
    let far = other.path().join("rows.csv").display().to_string();
    lindau
        .hansa(&["dataset", "add", &far, "--name", "again"])
        .refused("SOURCE_OUTSIDE", 6);
    // A folder that the configuration names is read; its keys are not, whatever it names.
    let roots = format!(
        "[sources]\nroots = [\"{}\", \"keys\"]",
        other.path().display()
    );
    lindau.configure(&roots);
    let dry = ["--dry-run", "dataset", "publish"];
    lindau.hansa(&[&dry[..], &["far"]].concat()).must();
    for name in ["keys", "linked", "own"] {
        lindau
            .hansa(&[&dry[..], &[name]].concat())
            .refused("SOURCE_OUTSIDE", 6);
    }
    lindau.hansa(&["dataset", "publish", "far"]).must();
    for name in ["keys", "linked", "own"] {
        lindau
            .hansa(&["dataset", "publish", name])
            .refused("SOURCE_OUTSIDE", 6);
    }
}

#[test]
fn what_is_wrong_with_the_state_folder_is_said() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\n", "");
    lindau.publishes();
    lindau.hansa(&["doctor"]).must();
    let state = lindau.folder().join("state");
    let may = |mode| std::fs::set_permissions(&state, PermissionsExt::from_mode(mode)).unwrap();
    may(0o755);
    let doctor = lindau.hansa(&["doctor"]);
    assert_eq!(doctor.status, Some(6), "{}", doctor.out);
    assert!(doctor.out.contains("chmod 700"), "{}", doctor.out);
    let status = lindau.hansa(&["status"]).must();
    assert!(status.err.contains("STATE_EXPOSED"), "{}", status.err);
    may(0o700);
    lindau.hansa(&["doctor"]).must();
    // A file of the log that lies elsewhere.
    let segment = state.join("log/records-000000000000.jsonl");
    let away = lindau.folder().join("away.jsonl");
    std::fs::rename(&segment, &away).unwrap();
    symlink(&away, &segment).unwrap();
    lindau.serve();
    let doctor = lindau.hansa(&["doctor"]);
    assert_eq!(doctor.status, Some(1), "{}", doctor.out);
    assert!(doctor.out.contains("is a link"), "{}", doctor.out);
    lindau.stop();
    std::fs::remove_file(&segment).unwrap();
    std::fs::rename(&away, &segment).unwrap();
    lindau.hansa(&["doctor"]).must();
}

#[test]
fn a_loop_of_own_purposes_is_reported() {
    let league = TestLeague::new(binary());
    let lindau = league.city("lindau");
    lindau.configure("[purpose.cycling]\nparent = \"walking\"\ntext = \"x\"\n[purpose.walking]\nparent = \"cycling\"\ntext = \"y\"");
    let output = lindau.hansa(&["check"]).refused("TERM_UNKNOWN", 6);
    assert!(
        output
            .err
            .contains("`cycling` is part of `walking`, which is part of `cycling`"),
        "{}",
        output.err
    );
}
