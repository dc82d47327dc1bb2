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
