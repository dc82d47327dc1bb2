//! Tests of the whole catalogue: publication, listing, views.

use super::*;
use crate::contract_break::{DatasetVersions, find_contract_breaks};
use crate::dataset::ColumnType;
use crate::fixture::{
    CONSUMER, PROVIDER, counts_dataset, in_force, parse_time, participant, registry_with,
    sample_agreement, sample_column, sample_offer, sql_name, sql_names,
};
use crate::offer::OfferRecipients;
use crate::publication::{DatasetDraft, publication_body};
use crate::query_view::ViewShape;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::ContractRegistry;
use hansa_policy::term::Term;

const NOW: &str = "2026-06-01T00:00:00Z";

fn catalog(datasets: impl IntoIterator<Item = Dataset>) -> Catalog {
    let mut catalog = Catalog::new(participant(PROVIDER));
    for dataset in datasets {
        let logged = publication_body(&dataset);
        catalog.restore(dataset, &logged).unwrap();
    }
    catalog
}

fn named(of: &str) -> Dataset {
    let mut dataset = counts_dataset();
    dataset.id.name = sql_name(of);
    dataset
}

fn now() -> UtcTimestamp {
    parse_time(NOW)
}

fn seen(catalog: &Catalog, registry: &ContractRegistry, peer: &str) -> Vec<String> {
    catalog
        .visible_entries(&participant(peer), registry, now(), None, 10)
        .entries
        .iter()
        .map(|entry| {
            format!(
                "{} {}+{}",
                entry.dataset.id.name,
                entry.offers.len(),
                entry.contracts.len()
            )
        })
        .collect()
}

#[test]
fn only_what_was_recorded_is_restored() {
    let mut catalog = Catalog::new(participant(PROVIDER));
    let logged = publication_body(&counts_dataset());
    let mut other = counts_dataset();
    other.columns[3].personal = true;
    assert_eq!(
        catalog.restore(other, &logged).unwrap_err().code,
        ErrorCode::DatasetNotPublished
    );
    assert!(catalog.restore(counts_dataset(), &logged).is_ok());
    assert!(catalog.by_id(&counts_dataset().id).is_some());
}

#[test]
fn a_participant_sees_what_it_has_an_offer_or_a_contract_for() {
    let mut catalog = catalog([counts_dataset(), named("air"), named("secret")]);
    let (registry, _) = registry_with(sample_agreement(
        &sample_offer([], OfferRecipients::League),
        &counts_dataset(),
    ));
    assert_eq!(seen(&catalog, &registry, CONSUMER), ["counts 0+1"]);
    assert!(seen(&catalog, &registry, "hansa://other.example").is_empty());
    let mut to_other = sample_offer(
        [],
        OfferRecipients::Participants([participant("hansa://other.example")].into()),
    );
    to_other.dataset = named("air").id;
    catalog.set_offers(vec![sample_offer([], OfferRecipients::League), to_other]);
    assert_eq!(seen(&catalog, &registry, CONSUMER), ["counts 1+1"]);
    assert_eq!(
        seen(&catalog, &registry, "hansa://other.example"),
        ["air 1+0", "counts 1+0"]
    );
    let one = |of: &str| {
        catalog
            .visible_one(&participant(CONSUMER), &registry, now(), &sql_name(of))
            .is_some()
    };
    assert!(one("counts"));
    assert!(
        !one("secret") && !one("absent"),
        "hidden and absent look the same"
    );
}

/// A participant sees all offers to it, by name or to everybody, in the order of the file, and no others.
#[test]
fn offers_are_found_by_whom_they_are_made_to() {
    let others = ["hansa://a.example", "hansa://b.example"].map(participant);
    let to = [
        OfferRecipients::League,
        OfferRecipients::Participants([others[0].clone()].into()),
        OfferRecipients::Participants(others.clone().into()),
        OfferRecipients::Participants([participant(CONSUMER), others[1].clone()].into()),
    ];
    let mut all = Vec::new();
    for number in 0..24 {
        let mut one = sample_offer([], to[number % 7 % 4].clone());
        one.dataset = named(["air", "counts", "rain"][number % 3]).id;
        one.title = format!("offer {number}");
        all.push(one);
    }
    let mut catalog = catalog([counts_dataset(), named("air")]);
    catalog.set_offers(all.clone());
    let registry = ContractRegistry::new(participant(PROVIDER));
    for peer in others
        .iter()
        .chain([&participant(CONSUMER), &participant(PROVIDER)])
    {
        let page = catalog.visible_entries(peer, &registry, now(), None, 10);
        let seen: Vec<String> = page
            .entries
            .iter()
            .flat_map(|entry| entry.offers.iter().map(|offer| offer.title.clone()))
            .collect();
        let named = |of: &str| {
            let made = |offer: &&crate::offer::Offer| {
                offer.dataset.name.as_str() == of && offer.to.admits(peer)
            };
            let titles = all.iter().filter(made).map(|offer| offer.title.clone());
            titles.collect::<Vec<_>>()
        };
        assert_eq!(seen, [named("air"), named("counts")].concat(), "{peer}");
        let page = catalog.visible_entries(peer, &registry, now(), Some(&sql_name("air")), 10);
        assert!(
            page.entries
                .iter()
                .all(|entry| entry.dataset.id.name.as_str() == "counts")
        );
    }
}

#[test]
fn pages_go_on_where_they_ended_while_datasets_come_and_go() {
    let mut catalog = catalog(["a", "b", "c", "d", "e"].map(named));
    let all = ["a", "b", "c", "d", "e"].map(|of| {
        let mut offer = sample_offer([], OfferRecipients::League);
        offer.dataset = named(of).id;
        offer
    });
    catalog.set_offers(all.to_vec());
    let registry = ContractRegistry::new(participant(PROVIDER));
    let page = |catalog: &Catalog, after: Option<&SqlIdentifier>| {
        let page = catalog.visible_entries(&participant(CONSUMER), &registry, now(), after, 2);
        let names: Vec<String> = page
            .entries
            .iter()
            .map(|entry| entry.dataset.id.name.to_string())
            .collect();
        (names.join(" "), page.after)
    };
    let (first, after) = page(&catalog, None);
    assert_eq!(
        (first.as_str(), after.clone()),
        ("a b", Some(sql_name("b")))
    );
    catalog.datasets.remove(&sql_name("b"));
    let (second, after) = page(&catalog, after.as_ref());
    assert_eq!(
        (second.as_str(), after.clone()),
        ("c d", Some(sql_name("d")))
    );
    let (third, after) = page(&catalog, after.as_ref());
    assert_eq!((third.as_str(), after), ("e", None));
}

#[test]
fn the_view_holds_what_the_contract_shows() {
    let terms = [Term::Columns(sql_names(&["site", "bikes"]))];
    let (registry, id) = registry_with(sample_agreement(
        &sample_offer(terms, OfferRecipients::League),
        &counts_dataset(),
    ));
    let active = in_force(&registry, id);
    let view = catalog([counts_dataset(), named("air")])
        .build_view(&active, None)
        .unwrap();
    assert_eq!(view.tables().count(), 1);
    let table = view.table("counts").unwrap();
    assert_eq!(table.contract, Some(id));
    assert_eq!(table.stored.fields().len(), counts_dataset().columns.len());
    assert!(matches!(&table.shape, ViewShape::Rows(schema) if schema.fields().len() == 2));
}

#[test]
fn withdrawn_and_changed_datasets_are_not_shown() {
    let (registry, id) = registry_with(sample_agreement(
        &sample_offer([], OfferRecipients::League),
        &counts_dataset(),
    ));
    let active = in_force(&registry, id);
    let refused = |catalog: Catalog| {
        let refusal = catalog.build_view(&active, None).unwrap_err();
        assert_eq!(refusal.contract, Some(id));
        refusal.code
    };
    assert_eq!(refused(catalog([])), ErrorCode::DatasetUnknown);
    let mut changed = counts_dataset();
    changed
        .columns
        .push(sample_column("weather", ColumnType::Text));
    assert_eq!(
        refused(catalog([changed.clone()])),
        ErrorCode::SchemaChanged
    );
    let published = counts_dataset();
    let versions = |old, new| DatasetVersions { old, new };
    let broken = find_contract_breaks(versions(&published, &changed), None, &registry, now());
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].peer, Some(participant(CONSUMER)));
    let unchanged = versions(&published, &published);
    assert!(find_contract_breaks(unchanged, None, &registry, now()).is_empty());
    assert!(
        find_contract_breaks(
            versions(&published, &changed),
            None,
            &registry,
            parse_time("2028-01-01T00:00:00Z")
        )
        .is_empty()
    );
    assert!(
        find_contract_breaks(versions(&changed, &published), None, &registry, now()).is_empty(),
        "it is broken already"
    );
}

#[test]
fn a_grid_that_was_replaced_is_not_used_beside_the_new_one() {
    let terms = [
        Term::Functions(vec![hansa_policy::value::cube::CubeFunction::Count]),
        Term::Dimensions(sql_names(&["site"])),
        Term::Grid(crate::fixture::GRID.to_owned()),
    ];
    let (registry, id) = registry_with(sample_agreement(
        &sample_offer(terms, OfferRecipients::League),
        &counts_dataset(),
    ));
    let active = in_force(&registry, id);
    assert!(
        catalog([counts_dataset()])
            .build_view(&active, None)
            .is_ok()
    );
    let mut changed = counts_dataset();
    changed.grid.as_mut().unwrap().id = "hansa://munster.example/grid/counts-2".to_owned();
    let refusal = catalog([changed.clone()])
        .build_view(&active, None)
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::GridConflict);
    let versions = DatasetVersions {
        old: &counts_dataset(),
        new: &changed,
    };
    let codes: Vec<ErrorCode> = find_contract_breaks(versions, None, &registry, now())
        .into_iter()
        .map(|broken| broken.code)
        .collect();
    assert_eq!(codes, [ErrorCode::GridConflict]);
}

fn filled_from() -> hansa_policy::contract::TemplateReference {
    hansa_policy::contract::TemplateReference {
        author: participant(PROVIDER),
        title: "Counts, basic".to_owned(),
        version: 1,
        sha256: Digest::of(b"template"),
    }
}

#[test]
fn an_offers_identity_is_what_a_contract_takes_from_it() {
    let plain = sample_offer([Term::ResultRows(5)], OfferRecipients::League);
    let mut same = plain.clone();
    same.title = "Other words".to_owned();
    same.to = OfferRecipients::Public;
    assert_eq!(plain.id(), same.id());
    same.not_after = now();
    assert_ne!(plain.id(), same.id());
    let mut filled = plain.clone();
    filled.template = Some(filled_from());
    assert_ne!(plain.id(), filled.id());
    assert_ne!(
        plain.id(),
        sample_offer([Term::ResultRows(6)], OfferRecipients::League).id()
    );
}

#[test]
fn publishing_takes_a_durable_record() {
    let listed = DatasetDraft {
        dataset: counts_dataset(),
    }
    .check_snapshot(&counts_dataset().schema())
    .unwrap();
    let mut ledger = crate::fixture::ledger();
    let mut catalog = Catalog::new(participant(PROVIDER));
    catalog.publish(crate::fixture::record_evidence(&mut ledger, listed));
    assert!(catalog.dataset(&sql_name("counts")).is_some());
    let withdrawn =
        DatasetWithdrawal::from_catalog(&catalog, &sql_name("counts"), "faulty").unwrap();
    catalog.withdraw(crate::fixture::record_evidence(&mut ledger, withdrawn));
    assert!(catalog.dataset(&sql_name("counts")).is_none());
    assert_eq!(
        DatasetWithdrawal::from_catalog(&catalog, &sql_name("counts"), "again")
            .unwrap_err()
            .code,
        ErrorCode::DatasetNotPublished
    );
}

#[test]
fn what_is_offered_of_a_proposal() {
    let firm = participant(CONSUMER);
    let exact = || {
        sample_offer(
            [Term::ResultRows(5), Term::Columns(sql_names(&["site"]))],
            OfferRecipients::League,
        )
    };
    let proposal = sample_agreement(&exact(), &counts_dataset());
    let of = |offers: Vec<crate::offer::Offer>, proposal: &Agreement, seen: bool| {
        let mut catalog = catalog([counts_dataset()]);
        catalog.set_offers(offers);
        catalog.match_proposal(&firm, proposal, seen)
    };
    let auto = || {
        let mut offer = exact();
        offer.sign = SigningMode::Auto;
        offer
    };
    let others = || {
        let mut offer = auto();
        offer.to = OfferRecipients::Participants([participant("hansa://other.example")].into());
        offer
    };
    assert_eq!(of(vec![], &proposal, false), OfferMatch::Nothing);
    assert_eq!(of(vec![], &proposal, true), OfferMatch::OtherTerms);
    assert_eq!(of(vec![others()], &proposal, false), OfferMatch::Nothing);
    assert_eq!(
        of(vec![exact(), others()], &proposal, false),
        OfferMatch::Officer
    );
    assert_eq!(
        of(vec![auto(), exact()], &proposal, false),
        OfferMatch::Auto
    );
    assert_eq!(
        of(vec![exact(), auto()], &proposal, false),
        OfferMatch::Auto
    );
    let turned = {
        let mut proposal = proposal.clone();
        proposal.clauses.reverse();
        proposal
    };
    assert_eq!(of(vec![auto()], &turned, false), OfferMatch::Auto);
    for change in [
        (|p: &mut Agreement| p.not_after = now()) as fn(&mut Agreement),
        |p| p.clauses.clear(),
        |p| p.dataset.schema = Digest::of(b"other"),
        |p| p.dataset.high_value = true,
        |p| p.template = Some(filled_from()),
    ] {
        let mut proposal = proposal.clone();
        change(&mut proposal);
        assert_eq!(of(vec![auto()], &proposal, false), OfferMatch::OtherTerms);
    }
}
