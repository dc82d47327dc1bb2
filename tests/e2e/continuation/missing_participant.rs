//! A feed of two cities of which one is away: that nothing came from the other does not hide it.

use super::{answer, sql, token};
use crate::bicycle_counts::MODEL;
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::ALL;
use std::fmt::Write as _;

/// Brings a file with the bicycles of each hour of a day.
fn bring_bikes(city: &TestParticipant, day: u32, bikes: std::ops::Range<i64>) {
    let mut csv = "at,site,bikes\n".to_owned();
    for (bikes, hour) in bikes.zip(0..) {
        writeln!(
            csv,
            "2026-05-{day:02} {hour:02}:00,{},{bikes}",
            city.domain()
        )
        .unwrap();
    }
    city.write(&format!("data/counts/{day:02}.csv"), &csv);
    city.publishes();
}

/// That nothing came is not said as long as somebody is lacking who may have something.
#[test]
fn who_is_lacking_is_reported_although_nothing_came() {
    let league = TestLeague::new(binary());
    let acme = league.firm("acme");
    let feed = MODEL
        .replace("model =", "feed = true\nmodel =")
        .replace("data/counts.csv", "data/counts");
    let mut cities = ["lindau", "bregenz"].map(|alias| league.city(alias));
    for (city, bikes) in cities.iter_mut().zip([0..3, 100..102]) {
        city.configure(&feed);
        bring_bikes(city, 1, bikes);
        city.offers("counts", "all", ALL, "\"league\"", "auto");
    }
    for (city, alias) in cities.iter_mut().zip(["lindau", "bregenz"]) {
        league.hand_bundle_to(alias);
        city.serve();
    }
    league.hand_bundle_to("acme");
    let [lindau, mut bregenz] = cities;
    for (city, dataset) in [(&lindau, "lindau.counts"), (&bregenz, "bregenz.counts")] {
        acme.knows(city);
        let _ = acme.contract(dataset);
    }
    let all = "SELECT bikes AS value FROM model.bicycle_counts";
    let (values, below) = answer(sql(&acme, all, &["--partial"]));
    assert_eq!(values, [0, 1, 2, 100, 101]);
    let first = token(&below);
    let partial = |token: &str| sql(&acme, all, &["--partial", "--since", token]);
    assert_eq!(answer(partial(&first)).1["nothing_new"], true);
    bring_bikes(&bregenz, 2, 102..104);
    bregenz.kill();
    let (values, below) = answer(partial(&first));
    assert!(values.is_empty());
    assert_eq!(below["complete"], false, "{below}");
    assert_eq!(below["missing"][0]["participant"], "bregenz.example");
    // What came meanwhile comes later, once.
    let second = token(&below);
    bring_bikes(&lindau, 2, 3..5);
    let (values, below) = answer(partial(&second));
    assert_eq!(values, [3, 4]);
    let third = token(&below);
    bregenz.serve();
    acme.hansa(&["peer", "remove", "bregenz"]).must();
    acme.knows(&bregenz);
    assert_eq!(answer(partial(&third)).0, [102, 103]);
    // A part that can't go on fails the question, also where it may be lacking: it would never come again.
    bregenz
        .hansa(&["dataset", "publish", "counts", "--anew"])
        .must();
    partial(&third).refused("NOT_CONTINUED", 3);
}
