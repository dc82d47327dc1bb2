//! Tests: hidden parts are missing in the entry of a participant, and planning works with the rest.

use super::*;
use crate::Catalog;
use crate::fixture::{
    CONSUMER, PROVIDER, counts_dataset, parse_time, participant, registry_with, sample_agreement,
    sample_offer, sql_name, sql_names,
};
use crate::offer::{Offer, OfferRecipients};
use crate::publication::publication_body;
use crate::query_view::{ViewShape, view_shape};
use crate::saved_query::SavedQuery;
use hansa_policy::term::language::Language;
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use hansa_policy::term::rule::EffectBinding;
use hansa_policy::value::area::BoundingBox;
use hansa_policy::value::column::MaskValue;
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use hansa_policy::value::time::TimeBucketWidth;

fn whole() -> Dataset {
    let mut dataset = counts_dataset();
    dataset.time_span = Some((
        parse_time("2026-01-01T00:00:00Z"),
        parse_time("2026-05-01T00:00:00Z"),
    ));
    dataset.area = Some([7.0, 51.0, 8.0, 52.0]);
    dataset.description.quality = Some("98 % of the hours are complete".to_owned());
    for column in &mut dataset.columns {
        column.uncertainty = Some(format!("± 5 % of {}", column.name));
        if ["lon", "lat"].contains(&column.name.as_str()) {
            column.crs = Some("OGC:CRS84".to_owned());
        }
        column.distinct = 16;
    }
    dataset
}

/// Columns with a disclosed number of distinct values.
fn counted(dataset: &Dataset) -> String {
    let reported = dataset.columns.iter().filter(|column| column.distinct > 0);
    let names: Vec<&str> = reported.map(|column| column.name.as_str()).collect();
    names.join(" ")
}

fn entry(offers: Vec<Offer>) -> Dataset {
    let mut catalog = Catalog::new(participant(PROVIDER));
    catalog
        .restore(whole(), &publication_body(&whole()))
        .unwrap();
    catalog.set_offers(offers);
    let registry = ContractRegistry::new(participant(PROVIDER));
    let now = parse_time("2026-06-01T00:00:00Z");
    let seen = catalog.visible_one(&participant(CONSUMER), &registry, now, &sql_name("counts"));
    seen.unwrap().entry(&registry)
}

/// An entry is sent as it is, so withheld facts of a feed are removed here.
#[test]
fn of_a_feed_its_reader_learns_that_it_is_one() {
    let mut feed = whole();
    feed.feed = Some(DatasetFeed {
        segments: 3,
        newest: None,
    });
    let mut catalog = Catalog::new(participant(PROVIDER));
    catalog
        .restore(feed.clone(), &publication_body(&feed))
        .unwrap();
    catalog.set_offers(vec![league([])]);
    let registry = ContractRegistry::new(participant(PROVIDER));
    let now = parse_time("2026-06-01T00:00:00Z");
    let seen = catalog.visible_one(&participant(CONSUMER), &registry, now, &sql_name("counts"));
    let entry = seen.unwrap().entry(&registry);
    assert_eq!(entry.feed, Some(DatasetFeed::default()));
}

fn columns(dataset: &Dataset) -> String {
    let names: Vec<&str> = dataset
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    names.join(" ")
}

fn disclosed(dataset: &Dataset) -> [bool; 4] {
    [
        dataset.rows > 0,
        dataset.bytes > 0,
        dataset.time_span.is_some(),
        dataset.area.is_some(),
    ]
}

fn league(terms: impl IntoIterator<Item = Term>) -> Offer {
    sample_offer(terms, OfferRecipients::League)
}

fn rows_where(text: &str) -> Term {
    Term::Rows(hansa_policy::row_filter::parse_row_filter(text).unwrap())
}

/// Every reader of the entry sees the description of the dataset, like its title; that of a column is shown with the column.
#[test]
fn the_uncertainty_of_a_column_is_told_to_those_alone_who_see_the_column() {
    let seen = entry(vec![league([Term::Columns(sql_names(&["site", "open"]))])]);
    assert_eq!(seen.description, whole().description);
    let stated: Vec<&str> = seen
        .columns
        .iter()
        .filter_map(|column| column.uncertainty.as_deref())
        .collect();
    assert_eq!(stated, ["± 5 % of site", "± 5 % of open"]);
}

#[test]
fn columns_of_a_contract_are_those_that_it_shows_and_replaces() {
    let clauses = sample_offer(
        [
            Term::Columns(sql_names(&["site", "device"])),
            Term::Mask {
                column: sql_name("device"),
                mask: MaskValue::Null,
            },
        ],
        OfferRecipients::League,
    )
    .clauses;
    let dataset = whole();
    let shown: Vec<(&str, bool)> = shown_columns(&dataset, &clauses)
        .iter()
        .map(|shown| (shown.column.name.as_str(), shown.is_plain))
        .collect();
    assert_eq!(shown, [("site", true), ("device", false)]);
    assert_eq!(shown_columns(&dataset, &[]).len(), dataset.columns.len());
}

#[test]
fn who_may_see_everything_gets_the_whole_entry() {
    assert_eq!(entry(vec![league([])]), whole());
}

/// A participant that sees some columns can't find out from the pinned digest which others exist, or that there are none.
#[test]
fn guesses_of_hidden_columns_fit_no_digest() {
    let sealed = |secret: u8| {
        let mut dataset = whole();
        dataset.whole_schema = Some(dataset.sealed_digest(&[secret; 32]));
        dataset
    };
    assert_eq!(sealed(1).schema_digest(), sealed(1).schema_digest());
    assert_ne!(sealed(1).schema_digest(), sealed(2).schema_digest());
    // Even with all columns guessed or shown, the digest of the shown columns differs.
    assert_ne!(sealed(1).schema_digest(), sealed(1).shown_digest());
    let mut twin = sealed(1);
    twin.id.name = "twin".parse().unwrap();
    assert_ne!(twin.sealed_digest(&[1; 32]), sealed(1).schema_digest());
}

#[test]
fn hidden_columns_are_missing_and_the_schema_digest_stays() {
    let seen = entry(vec![league([Term::Columns(sql_names(&["site", "bikes"]))])]);
    assert_eq!(columns(&seen), "site bikes");
    assert_eq!(seen.schema_digest(), whole().schema_digest());
    assert_ne!(seen.shown_digest(), whole().schema_digest());
    assert_eq!(seen.unit_column, None, "the unit column is hidden");
    assert_eq!(seen.grid, None, "the grid names hidden columns");
    assert_eq!(disclosed(&seen), [true, false, false, false]);
    let agreed = league([]).agreement(&seen, filled());
    assert_eq!(agreed.dataset.schema, whole().schema_digest());
}

#[test]
fn a_page_is_dated_in_the_zone_of_the_dataset() {
    let rendering = hansa_policy::contract::rendering::PageRendering::of(Language::De);
    let agreed = league([]).agreement(
        &whole(),
        crate::offer::AgreementParameters {
            rendering,
            ..filled()
        },
    );
    let page = agreed.rendering;
    assert_eq!(page.zone.as_str(), "Europe/Berlin");
    assert_eq!(page.language, Language::De);
}

fn filled() -> crate::offer::AgreementParameters {
    let made = sample_agreement(&league([]), &whole());
    crate::offer::AgreementParameters {
        uid: made.uid,
        version: made.version,
        supersedes: None,
        provider: made.provider,
        assignee: made.assignee,
        purposes: made.purposes,
        signatory: None,
        rendering: hansa_policy::contract::rendering::PageRendering::default(),
        proposed_at: made.proposed_at,
        nonce: made.nonce,
    }
}

#[test]
fn what_counts_hidden_rows_is_not_reported() {
    let filtered = entry(vec![league([rows_where("site = 'A'")])]);
    assert_eq!(disclosed(&filtered), [false; 4]);
    assert_eq!(columns(&filtered), columns(&whole()));
    assert_eq!(counted(&filtered), "");
    let inside = entry(vec![league([Term::Area {
        lon: sql_name("lon"),
        lat: sql_name("lat"),
        bounds: BoundingBox {
            west: "7".to_owned(),
            south: "51".to_owned(),
            east: "8".to_owned(),
            north: "52".to_owned(),
        },
    }])]);
    assert_eq!(disclosed(&inside), [false; 4]);
}

#[test]
fn what_masks_and_buckets_cover_is_not_reported() {
    let mask = Term::Mask {
        column: sql_name("lat"),
        mask: MaskValue::Null,
    };
    let masked = entry(vec![league([mask])]);
    assert_eq!(disclosed(&masked), [true, false, true, false]);
    assert_eq!(
        counted(&masked),
        columns(&whole()).replace(" lat", "").replace("lat ", "")
    );
    let bucket = Term::TimeBucket {
        column: sql_name("at"),
        bucket: TimeBucketWidth::Day,
        zone: None,
    };
    assert_eq!(
        disclosed(&entry(vec![league([bucket])])),
        [true, false, false, true]
    );
}

#[test]
fn a_column_that_only_a_filter_names_is_there_to_plan_with() {
    let terms = || {
        [
            Term::Columns(sql_names(&["site", "bikes"])),
            rows_where("open = true"),
        ]
    };
    let seen = entry(vec![league(terms())]);
    assert_eq!(columns(&seen), "site bikes open");
    let clauses = league(terms()).clauses;
    let effects = hansa_policy::term::clause_effects::of_clauses(
        &clauses,
        &EffectBinding::of(&participant(CONSUMER)),
    )
    .unwrap();
    let (ViewShape::Rows(theirs), ViewShape::Rows(ours)) = (
        view_shape(&seen, &effects).unwrap(),
        view_shape(&whole(), &effects).unwrap(),
    ) else {
        panic!("rows")
    };
    assert_eq!(theirs, ours);
}

/// Prohibited rows are missing in counts, and a prohibited column is shown only as its clause names it.
#[test]
fn what_is_prohibited_is_not_counted() {
    let prohibited = |part| {
        let (act, when) = (ProhibitedAction::Use, ProhibitionCondition::ALWAYS);
        Term::from(ProhibitionTerm {
            action: act,
            part,
            condition: when,
        })
    };
    let rows =
        ProhibitedPart::Rows(hansa_policy::row_filter::parse_row_filter("site = 'c'").unwrap());
    let seen = entry(vec![league([prohibited(Some(rows))])]);
    assert_eq!(disclosed(&seen), [false; 4]);
    let column = ProhibitedPart::Columns(sql_names(&["bikes"]));
    let seen = entry(vec![league([prohibited(Some(column))])]);
    let listed = columns(&seen);
    assert!(listed.contains("bikes"), "{listed}");
    let only = [
        Term::Columns(sql_names(&["site", "bikes"])),
        prohibited(Some(ProhibitedPart::Columns(sql_names(&["bikes"])))),
    ];
    assert_eq!(columns(&entry(vec![league(only)])), "site bikes");
}

#[test]
fn an_aggregate_offer_shows_the_columns_of_its_cells_alone() {
    let terms = || {
        [
            Term::Functions(vec![CubeFunction::Sum, CubeFunction::Count]),
            Term::Dimensions(sql_names(&["site"])),
            Term::Measures(sql_names(&["bikes"])),
            Term::Grid(crate::fixture::GRID.to_owned()),
            Term::MinGroup {
                at_least: 5,
                unit: CountingUnit::Column(sql_name("device")),
            },
            Term::TotalsFromPublished,
        ]
    };
    let seen = entry(vec![league(terms())]);
    assert_eq!(columns(&seen), "site bikes device");
    assert_eq!(disclosed(&seen), [false; 4]);
    let clauses = league(terms()).clauses;
    let effects = hansa_policy::term::clause_effects::of_clauses(
        &clauses,
        &EffectBinding::of(&participant(CONSUMER)),
    )
    .unwrap();
    let (ViewShape::Cube { cells: theirs, .. }, ViewShape::Cube { cells: ours, .. }) = (
        view_shape(&seen, &effects).unwrap(),
        view_shape(&whole(), &effects).unwrap(),
    ) else {
        panic!("cells")
    };
    assert_eq!(theirs, ours);
}

#[test]
fn offers_and_contracts_add_up() {
    let narrow = league([Term::Columns(sql_names(&["site"]))]);
    let other = league([
        Term::Columns(sql_names(&["bikes"])),
        rows_where("bikes > 0"),
    ]);
    assert_eq!(columns(&entry(vec![narrow.clone(), other])), "site bikes");
    let (registry, _) = registry_with(sample_agreement(&league([]), &whole()));
    let mut catalog = Catalog::new(participant(PROVIDER));
    catalog
        .restore(whole(), &publication_body(&whole()))
        .unwrap();
    catalog.set_offers(vec![narrow]);
    let now = parse_time("2026-06-01T00:00:00Z");
    let seen = |peer: &str| {
        let seen = catalog.visible_one(&participant(peer), &registry, now, &sql_name("counts"));
        seen.unwrap().entry(&registry)
    };
    assert_eq!(seen(CONSUMER), whole());
    assert_eq!(columns(&seen("hansa://other.example")), "site");
}

#[test]
fn a_saved_query_over_hidden_columns_is_not_shown() {
    let query = |title: &str, sql: &str| SavedQuery {
        name: sql_name("q"),
        title: title.to_owned(),
        description: None,
        sql: sql.to_owned(),
        parameters: Vec::new(),
    };
    let mut dataset = whole();
    let all: Vec<String> = dataset
        .columns
        .iter()
        .map(|one| one.name.to_string())
        .collect();
    let (shown, hidden) = (&all[0], &all[1]);
    dataset.queries = vec![
        query("shown", &format!("SELECT {shown} FROM counts")),
        query(
            "hidden",
            &format!("SELECT {shown} FROM counts ORDER BY \"{hidden}\""),
        ),
        query(
            &format!("by {}", hidden.to_uppercase()),
            "SELECT 1 FROM counts",
        ),
    ];
    let mut catalog = Catalog::new(participant(PROVIDER));
    catalog
        .restore(dataset.clone(), &publication_body(&dataset))
        .unwrap();
    let registry = ContractRegistry::new(participant(PROVIDER));
    let mut titles = |columns: Vec<SqlIdentifier>| {
        catalog.set_offers(vec![league([Term::Columns(columns)])]);
        let now = parse_time("2026-06-01T00:00:00Z");
        let seen = catalog.visible_one(&participant(CONSUMER), &registry, now, &sql_name("counts"));
        let entry = seen.unwrap().entry(&registry);
        let titles = entry.queries.into_iter().map(|query| query.title);
        titles.collect::<Vec<String>>()
    };
    assert_eq!(titles(vec![sql_name(shown)]), ["shown"]);
    let every = all.iter().map(|one| sql_name(one)).collect();
    assert_eq!(titles(every).len(), 3);
}
