//! Tests of the catalogue for portals, page by page and word by word.

use super::*;
use hansa_catalog::{ColumnType, DatasetColumn};
use serde_json::Value;
use std::collections::BTreeMap;

fn dataset(name: &str) -> PortalDataset {
    PortalDataset {
        name: name.to_owned(),
        title: format!("All {name}"),
        licence: "CC-BY-4.0".to_owned(),
        attribution: None,
        high_value: false,
        version: "2026-11-20.1".to_owned(),
        published_at: "2026-11-20T08:00:00Z".parse().unwrap(),
        time_span: None,
        area: Some([7.0, 51.0, 8.0, 52.0]),
        columns: vec![DatasetColumn {
            name: "site".parse().unwrap(),
            kind: ColumnType::Text,
            nullable: false,
            unit: None,
            crs: None,
            personal: false,
            meaning: Some("where \"it\" is".to_owned()),
            uncertainty: None,
            conversion: None,
            own_keys: None,
            distinct: 0,
        }],
        contract: "c".repeat(64),
        files: vec![PortalFile {
            ending: "csv",
            media_type: "text/csv",
        }],
        statements: PortalStatements {
            description: Some("what it is".to_owned()),
            keywords: vec!["site".to_owned()],
            theme: Some("TRAN".to_owned()),
            frequency: Some("DAILY".to_owned()),
            hvd_category: None,
        },
    }
}

fn catalog(datasets: Vec<PortalDataset>) -> PortalCatalog {
    PortalCatalog {
        base: "https://data.lindau.example".to_owned(),
        title: "Open data".to_owned(),
        description: "of Lindau".to_owned(),
        language: "ENG".to_owned(),
        publisher: PortalPublisher {
            name: "City of Lindau".to_owned(),
            kind: "LocalAuthority".to_owned(),
            email: Some("data@lindau.example".to_owned()),
            page: None,
        },
        datasets,
        events: None,
    }
}

fn asked(catalog: &PortalCatalog, path: &str, parameters: &[(&str, &str)]) -> (u16, String) {
    let path: Vec<String> = path.split('/').map(str::to_owned).collect();
    let pairs = parameters.iter();
    let parameters: BTreeMap<String, String> = pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let request = PortalRequest {
        path: &path,
        accept: None,
        parameters: &parameters,
    };
    let answer = answer_request(catalog, &request).unwrap();
    (answer.status, String::from_utf8(answer.body).unwrap())
}

/// Each dataset is on one page, and each page links to the next. A harvester deletes a dataset that it misses.
#[test]
fn pages_hold_each_dataset_once() {
    for count in [0_usize, 1, 100, 101, 250] {
        let names = (0..count).map(|number| dataset(&format!("d{number:03}")));
        let catalog = catalog(names.collect());
        let pages = usize::max(1, count.div_ceil(100));
        let mut seen = Vec::new();
        for number in 1..=pages {
            let (status, page) = asked(&catalog, "catalog.ttl", &[("page", &number.to_string())]);
            assert_eq!(status, 200);
            let next = format!(
                "hydra:next <https://data.lindau.example/catalog?page={}>",
                number + 1
            );
            assert_eq!(page.contains(&next), number < pages, "{count} {number}");
            let whole = catalog.datasets.iter();
            let here = whole
                .filter(|dataset| page.contains(&format!("dct:identifier \"{}\"", dataset.name)));
            seen.extend(here.map(|dataset| dataset.name.clone()));
            // Each page is complete in itself.
            assert!(page.contains("foaf:name \"City of Lindau\"@en"));
        }
        let all: Vec<String> = catalog
            .datasets
            .iter()
            .map(|one| one.name.clone())
            .collect();
        assert_eq!(seen, all);
        let behind = (pages + 1).to_string();
        assert_eq!(asked(&catalog, "catalog.ttl", &[("page", &behind)]).0, 404);
    }
}

#[test]
fn keywords_that_ckan_refuses_are_told() {
    let long = "x".repeat(101);
    for (keyword, part) in [
        ("Erwachsenenbildung", None),
        ("Öffentlicher Raum 2.0_a-b", None),
        ("Adults' Services", Some("holds `'`")),
        ("art. 145/b", Some("holds `/`")),
        ("a", Some("has fewer than 2 characters")),
        ("a,b", Some("holds `,`")),
        (long.as_str(), Some("has 101 characters")),
    ] {
        let mut one = dataset("bikes");
        one.statements.keywords = vec!["site".to_owned(), keyword.to_owned()];
        let found = portal_findings(&catalog(vec![one]));
        let sentences: Vec<&str> = found.iter().map(|one| one.sentence.as_str()).collect();
        match part {
            None => assert_eq!(sentences, [""; 0], "{keyword}"),
            Some(part) => {
                assert_eq!(found.len(), 1, "{sentences:?}");
                assert!(sentences[0].contains(part), "{sentences:?}");
                assert!(!found[0].is_error);
                assert_eq!(found[0].key, "portal.dataset.keywords");
            }
        }
    }
}

#[test]
fn each_thing_that_is_wrong_is_found_with_its_key() {
    let errors = |catalog: &PortalCatalog| {
        let found = portal_findings(catalog)
            .into_iter()
            .filter(|finding| finding.is_error);
        found.map(|finding| finding.key).collect::<Vec<_>>()
    };
    let good = catalog(vec![dataset("bikes")]);
    assert_eq!(portal_findings(&good), []);
    type Break = fn(&mut PortalCatalog);
    let breaks: [(Break, &[&str]); 9] = [
        (
            |catalog| catalog.description.clear(),
            &["portal.description"],
        ),
        (
            |catalog| catalog.language = "ENGLISH".to_owned(),
            &["portal.language"],
        ),
        (
            |catalog| catalog.publisher.kind = "City".to_owned(),
            &["portal.publisher_kind"],
        ),
        (
            |catalog| catalog.datasets[0].statements.theme = Some("BIKE".to_owned()),
            &["portal.dataset.theme"],
        ),
        (|catalog| catalog.datasets[0].files.clear(), &["open_data"]),
        (
            |catalog| catalog.datasets[0].high_value = true,
            &["portal.dataset.hvd_category"],
        ),
        (
            |catalog| catalog.datasets[0].statements.hvd_category = Some("mobility".to_owned()),
            &["dataset.high_value"],
        ),
        (
            |catalog| {
                let dataset = &mut catalog.datasets[0];
                dataset.high_value = true;
                dataset.licence = "ODbL-1.0".to_owned();
                dataset.statements.hvd_category = Some("mobility".to_owned());
                catalog.publisher.email = None;
            },
            &["portal.contact", "dataset.licence"],
        ),
        (
            |catalog| {
                let dataset = &mut catalog.datasets[0];
                dataset.high_value = true;
                dataset.licence = "proprietary".to_owned();
                dataset.statements.hvd_category = Some("trains".to_owned());
            },
            &["portal.dataset.hvd_category", "dataset.licence"],
        ),
    ];
    for (number, (broken, keys)) in breaks.iter().enumerate() {
        let mut catalog = good.clone();
        broken(&mut catalog);
        assert_eq!(errors(&catalog), *keys, "{number}");
    }
}

/// Texts of an owner stay texts in each format, whatever their content.
#[test]
fn texts_stay_texts() {
    let text = "a\"b\\c\n<script>&'@de .\u{202e}\u{1}";
    let mut one = dataset("bikes");
    one.title = text.to_owned();
    one.statements.keywords = vec![text.to_owned()];
    let catalog = catalog(vec![one]);
    let html = asked(&catalog, "id/dataset-bikes.html", &[]).1;
    assert!(!html.contains("<script>"), "{html}");
    let turtle = catalog_document(&catalog, RdfFormat::Turtle, false).unwrap();
    let read = oxttl::TurtleParser::new().for_slice(&turtle);
    let titles = read.filter_map(|triple| {
        let triple = triple.unwrap();
        let is_keyword = triple.predicate.as_str().ends_with("dcat#keyword");
        match triple.object {
            oxrdf::Term::Literal(literal) if is_keyword => Some(literal.value().to_owned()),
            _ => None,
        }
    });
    let kept = text.replace('\u{1}', "");
    assert_eq!(titles.collect::<Vec<_>>(), [kept]);
    let package = asked(&catalog, "api/3/action/package_show", &[("id", "bikes")]).1;
    let package: Value = serde_json::from_str(&package).unwrap();
    assert_eq!(package["result"]["title"], text);
}

#[test]
fn what_is_not_understood_is_refused() {
    let catalog = catalog(vec![dataset("bikes")]);
    for (path, parameters, status) in [
        ("catalog", &[("profile", "dcat-ap-de")][..], 400),
        ("catalog", &[("q", "bikes")], 400),
        ("id/dataset-bikes", &[("page", "1")], 400),
        ("id/dataset-trains", &[], 404),
        (
            "api/3/action/package_search",
            &[("fq", "private:false")],
            400,
        ),
        ("api/3/action/package_search", &[("rows", "-1")], 400),
        (
            "api/3/action/package_search",
            &[("q", "bikes"), ("rows", "5")],
            200,
        ),
        ("api/action/datastore_search", &[], 400),
    ] {
        assert_eq!(
            asked(&catalog, path, parameters).0,
            status,
            "{path} {parameters:?}"
        );
    }
    for path in [
        "catalogs",
        "catalog.xml",
        "id",
        "id/secret",
        "api/2/action/package_list",
        "id/dataset-a.b.c",
    ] {
        let path: Vec<String> = path.split('/').map(str::to_owned).collect();
        assert!(!is_portal_path(&path), "{path:?}");
    }
}

/// Each change is on one page, in order, and the changes lead to the present datasets.
#[test]
fn events_lead_to_what_is_open() {
    let at = |second: u32| {
        format!("2026-11-20T08:{:02}:{:02}Z", second / 60, second % 60)
            .parse()
            .unwrap()
    };
    let mut told: BTreeMap<String, ReportedVersion> = BTreeMap::new();
    let mut events = Vec::new();
    let mut identities = std::collections::BTreeSet::new();
    for step in 0..130_u32 {
        let names = (0..3).filter(|one| (step >> one) % 3 != 0);
        let open = names.map(|one| {
            let mut dataset = dataset(&format!("d{one}"));
            dataset.version = format!("2026-11-20.{}", step / 4);
            dataset
        });
        let catalog = catalog(open.collect());
        for change in pending_changes(&told, &catalog) {
            let number = u64::try_from(events.len()).unwrap();
            let (identity, activity) = build_notification(&catalog, &change, number, at(step));
            let again = build_notification(&catalog, &change, number, at(step + 1));
            assert_eq!(again.0, identity);
            // All notifications of an inbox have distinct identities.
            assert!(identities.insert(identity));
            assert_eq!(activity["type"], change.kind.as_str());
            assert_eq!(
                activity["object"].get("name").is_some(),
                change.version.is_some()
            );
            match &change.version {
                Some(version) => told.insert(change.dataset.clone(), version.clone()),
                None => told.remove(&change.dataset),
            };
            events.push(PortalEvent {
                at: at(step),
                dataset: change.dataset,
                kind: change.kind,
                version: change.version.map(|(snapshot, _)| snapshot),
            });
        }
        assert!(pending_changes(&told, &catalog).is_empty());
        let open: Vec<&String> = catalog.datasets.iter().map(|one| &one.name).collect();
        assert_eq!(told.keys().collect::<Vec<_>>(), open);
    }
    let mut catalog = catalog(Vec::new());
    let count = events.len();
    let pages = count.div_ceil(100);
    assert!(pages > 1, "{pages}");
    assert_eq!(asked(&catalog, "catalog/changes", &[]).0, 503);
    // The oldest are removed in whole pages, and the others keep their numbers.
    let before = PortalEvents::giving_way(count, count - 1);
    assert_eq!(before, 100);
    catalog.events = Some(PortalEvents {
        before,
        events: events.split_off(before),
    });
    let (_, second) = asked(&catalog, "catalog/changes", &[("page", "2")]);
    assert!(second.contains("catalog/changes#101>"), "{second}");
    assert!(second.contains("tree:view <https://data.lindau.example/catalog/changes?page=2>"));
    assert_eq!(asked(&catalog, "catalog/changes", &[]).0, 404);
    let kept = catalog.events.take().unwrap().events;
    events.extend(kept);
    catalog.events = Some(PortalEvents { before: 0, events });
    let mut members = 0;
    for number in 1..=pages {
        let number_text = number.to_string();
        let (status, page) = asked(&catalog, "catalog/changes", &[("page", &number_text)]);
        assert_eq!(status, 200);
        members += page.matches("dct:isVersionOf").count() - 1;
        assert_eq!(page.contains("tree:relation"), number < pages);
    }
    assert_eq!(members, count);
    assert_eq!(asked(&catalog, "catalog/changes", &[("page", "99")]).0, 404);
}
