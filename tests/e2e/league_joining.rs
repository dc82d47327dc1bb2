//! Whoever joins a league compares its fingerprint with whom it knows to run it.

use crate::binary;
use hansa_test_support::participant::run;
use hansa_test_support::workflow::text;

#[test]
fn a_first_join_asks_whether_it_is_the_league_that_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let hansa = |args: &[&str]| run(binary(), folder.path(), args);
    let print = |args: &[&str], name: &str| text(&hansa(args).must().json(), name);
    let league = [
        "--json", "league", "init", "league", "--name", "L", "--demo",
    ];
    let of_league = print(&league, "fingerprint");
    let init = [
        "--json",
        "init",
        "lindau",
        "--id",
        "lindau.example",
        "--name",
        "L",
    ];
    let of_city = print(&init, "fingerprint");
    assert_ne!(of_league, of_city);
    assert_eq!(of_league.split(' ').count(), 8, "{of_league}");

    // Each side is told both.
    let (request, join) = (
        "lindau/lindau.example.request",
        "lindau/lindau.example.join",
    );
    let admit = ["--json", "league", "admit", request, "--dir", "league"];
    let admitted = hansa(&admit).must().json();
    assert_eq!(text(&admitted, "fingerprint"), of_city);
    assert_eq!(text(&admitted, "league_fingerprint"), of_league);
    let listed = hansa(&["league", "list", "--dir", "league"]).must();
    assert!(listed.out.contains(&of_league), "{}", listed.out);

    // Nobody is there to say that it is the one, or somebody reads another one: nothing is installed.
    let joins = ["--config", "lindau", "join", join];
    hansa(&joins).refused("CONFIRMATION_NEEDED", 2);
    let other = of_city.as_str();
    hansa(&[&joins[..], &["--fingerprint", other]].concat()).refused("WRONG_LEAGUE", 4);
    assert!(!folder.path().join("lindau/trust/bundle.json").exists());

    // However the digits are written. From then on the league is known.
    let digits = of_league.replace(' ', "");
    hansa(&[&joins[..], &["--fingerprint", &digits]].concat()).must();
    hansa(&["league", "admit", request, "--dir", "league"]).must();
    hansa(&joins).must();
}

#[test]
fn a_league_that_is_known_beforehand_is_joined_without_anybody() {
    use std::io::{BufRead as _, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let hansa = |args: &[&str]| run(binary(), folder.path(), args);
    for league in ["league", "other"] {
        hansa(&["league", "init", league, "--name", league]).must();
        let file = format!("{league}.bundle");
        hansa(&["league", "export", "--dir", league, "--output", &file]).must();
    }
    let init = [
        "init",
        "lindau",
        "--id",
        "lindau.example",
        "--name",
        "L",
        "--listen",
        "127.0.0.1:0",
    ];
    let league = ["--league", "league.bundle"];
    // Somebody confirms which league it is, or nothing is made.
    hansa(&[&init[..], &league].concat()).refused("CONFIRMATION_NEEDED", 2);
    let other = [
        "--fingerprint",
        "11111 22222 33333 44444 55555 66666 77777 88888",
    ];
    hansa(&[&init[..], &league, &other].concat()).refused("WRONG_LEAGUE", 4);
    assert!(!folder.path().join("lindau").exists());
    hansa(&[&["--yes"], &init[..], &league].concat()).must();

    // It waits, and takes nothing from another league.
    let mut child = std::process::Command::new(binary())
        .args(["--config", "lindau", "--json", "serve", "--await-join"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let request = "lindau/lindau.example.request";
    hansa(&["league", "admit", request, "--dir", "other"]).must();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let refused = told.find(|line| line.as_ref().unwrap().contains("WRONG_LEAGUE"));
    assert!(
        refused.is_some(),
        "a file of another league is refused, and that is told"
    );
    assert!(!folder.path().join("lindau/keys/tls.crt").exists());
    hansa(&["league", "admit", request, "--dir", "league"]).must();
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut ready)
        .unwrap();
    assert!(ready.contains("\"ready\""), "{ready}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn participants_who_are_admitted_together_know_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let hansa = |args: &[&str]| run(binary(), folder.path(), args);
    hansa(&["league", "init", "league", "--name", "L"]).must();
    let requests = ["lindau", "acme"].map(|alias| {
        let id = format!("{alias}.example");
        hansa(&["init", alias, "--id", &id, "--name", alias]).must();
        format!("{alias}/{id}.request")
    });
    let admit = ["--json", "league", "admit"];
    let to = ["--dir", "league"];
    let both = [requests[0].as_str(), requests[1].as_str()];
    // One that is no request, one twice, one file for two: nobody is admitted.
    let bad = [both[0], "lindau/hansa.toml"];
    hansa(&[&admit[..], &bad, &to].concat()).refused("KEY_INVALID", 6);
    hansa(&[&admit[..], &[both[0], both[0]], &to].concat()).refused("USAGE", 2);
    hansa(&[&admit[..], &both, &to, &["-o", "one.join"]].concat()).refused("USAGE", 2);
    let listed = hansa(&["--json", "league", "list", "--dir", "league"]).must();
    assert_eq!(listed.lines().len(), 0, "{}", listed.out);

    let admitted = hansa(&[&admit[..], &both, &to].concat()).must().lines();
    assert_eq!(admitted.len(), 2, "{admitted:?}");
    hansa(&[
        "--yes",
        "--config",
        "lindau",
        "join",
        "lindau/lindau.example.join",
    ])
    .must();
    let bundle = std::fs::read_to_string(folder.path().join("lindau/trust/bundle.json")).unwrap();
    assert!(bundle.contains("acme.example"), "{bundle}");
}
