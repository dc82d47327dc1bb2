//! What lets out more.

use super::*;

/// A public view is signed by the connector alone, so a policy file that says more must wait as well.
#[test]
fn a_public_view_that_lets_out_more_waits_for_two() {
    let league = TestLeague::new(crate::binary());
    let mut lindau = league.city("lindau");
    league.hand_bundle_to("lindau");
    lindau.configure(&format!(
        "[officers]\nusers = [\"{}\", \"{SECOND}\"]\nsecond = \"looser\"\n",
        own()
    ));
    lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
    lindau.publishes();
    lindau.offers("bikes", "planning", &terms(100), "\"public\"", "officer");
    lindau.serve();
    let first = in_force(&lindau);
    assert_eq!(first.len(), 1);
    changes(&lindau, 50);
    let tighter = in_force(&lindau);
    assert!(tighter.len() == 1 && tighter != first, "{tighter:?}");

    lindau.write(
        "policies/planning.toml",
        &policy_text("planning", &terms(500)),
    );
    lindau
        .hansa(&["reload"])
        .refused("SECOND_OFFICER_NEEDED", 3);
    lindau.kill();
    lindau.serve();
    assert_eq!(in_force(&lindau), tighter, "nothing else was signed");
    let status = lindau.hansa(&["--json", "status"]).must().json();
    let waiting = status["waiting"].to_string();
    let (_, key) = waiting.split_once("hansa contract sign ").unwrap();
    let key: String = key.chars().take_while(|l| l.is_alphanumeric()).collect();
    let asked = lindau
        .hansa(&["--json", "contract", "sign", &key])
        .must()
        .json();
    assert_eq!(asked["signed"], false, "{asked}");
    lindau
        .hansa(&["contract", "sign", &key])
        .refused("SECOND_OFFICER_NEEDED", 3);
    lindau
        .hansa(&["reload"])
        .refused("SECOND_OFFICER_NEEDED", 3);
    assert_eq!(in_force(&lindau), tighter, "one word is not enough");
    if own() != 0 {
        return;
    }
    let signed = lindau
        .hansa_as(SECOND, &["--json", "contract", "sign", &key])
        .must()
        .json();
    assert_eq!(signed["signed"], true, "{signed}");
    let looser = in_force(&lindau);
    assert!(looser.len() == 1 && looser != tighter, "{looser:?}");
    assert_eq!(lindau.records("approval").len(), 2);

    // Neither do their words count a second time, nor does a view that was not offered for a while come back wider.
    changes(&lindau, 50);
    let again = in_force(&lindau);
    let file = std::fs::read_to_string(lindau.folder().join("hansa.toml")).unwrap();
    let wide = policy_text("planning", &terms(500));
    lindau.write("policies/planning.toml", &wide);
    lindau
        .hansa(&["reload"])
        .refused("SECOND_OFFICER_NEEDED", 3);
    assert_eq!(in_force(&lindau), again);
    let (without, _) = file.split_once("[[offer]]").unwrap();
    lindau.write("hansa.toml", without);
    lindau.hansa(&["reload"]).must();
    assert!(in_force(&lindau).is_empty());
    lindau.write("hansa.toml", &file);
    lindau
        .hansa(&["reload"])
        .refused("SECOND_OFFICER_NEEDED", 3);
    assert!(in_force(&lindau).is_empty());
    lindau.verifies();
}

/// What one officer signed beside what was in force then can wait at the other side until less is in force.
#[test]
fn what_waited_on_the_other_side_is_looked_at_again() {
    let league = TestLeague::new(crate::binary());
    let (lindau, acme) = pair(&league, "officer");
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    lindau.hansa(&["contract", "sign", "n-"]).must();
    // The same terms once more, which the firm does not sign yet.
    acme.hansa(&["contract", "request", "lindau.bikes"]).must();
    let held = waits_for_us(&lindau);
    lindau.hansa(&["contract", "sign", &held]).must();
    changes(&lindau, 50);
    let tighter = amends(&lindau, &acme);
    lindau.hansa(&["contract", "sign", &tighter]).must();
    let second = in_force(&acme);
    assert_eq!(second.len(), 1);
    acme.hansa(&["contract", "sign", &held]).must();
    assert_eq!(
        in_force(&acme),
        second,
        "it would let out more than there is"
    );
    assert_eq!(in_force(&lindau), second);
    let asked = lindau
        .hansa(&["--json", "contract", "sign", &held])
        .must()
        .json();
    assert_eq!(asked["signed"], false, "{asked}");
    if own() != 0 {
        return;
    }
    lindau.hansa_as(SECOND, &["contract", "sign", &held]).must();
    acme.hansa(&["contract", "list"]).must();
    assert_eq!(in_force(&lindau).len(), 2);
}
