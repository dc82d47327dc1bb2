//! Tests: the reference of all keys has exactly the keys that the readers read.

use super::*;
use hansa_query::ingest::config::parser::parse_datasets;
use hansa_query::ingest::config::reference::SECTIONS;
use std::collections::BTreeSet;
use toml::Value;

const WORD: &str = "zzzzzzzzzzzzzzzzzzzzzz";

fn load(text: &str) -> Result<ConnectorConfig, Vec<Refusal>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hansa.toml");
    std::fs::write(&file, text).unwrap();
    ConnectorConfig::load(&file, &BTreeMap::new())
}

fn keys(table: &Value) -> BTreeSet<String> {
    table.as_table().unwrap().keys().cloned().collect()
}

/// Keys of all tables of an array `[[…]]` or of one table `[…]`, united.
fn union(of: &Value) -> BTreeSet<String> {
    match of {
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        table => keys(table),
    }
}

#[test]
fn the_reference_can_be_read() {
    let config = load(REFERENCE).unwrap();
    assert_eq!(config.participant.id.domain(), "munster.example");
    assert_eq!((config.peers.len(), config.offers.len()), (1, 1));
    assert_eq!((config.purposes.len(), config.tenants.len()), (1, 1));
    assert_eq!(config.cluster.at_least, 1_000_000);
    assert_eq!(config.cluster.workers.len(), 1);
    let datasets = parse_datasets(REFERENCE, "hansa.toml", Path::new(".")).unwrap();
    assert_eq!(datasets.len(), 3);
}

#[test]
fn the_reference_has_every_key_of_a_dataset() {
    let whole: Value = toml::from_str(REFERENCE).unwrap();
    let dataset = &whole["dataset"][0];
    for section in &SECTIONS {
        let path = section.table.trim_matches(['[', ']']);
        let shown = match path {
            "dataset" => keys(dataset),
            "dataset.source" => {
                let datasets = whole["dataset"].as_array().unwrap();
                let sources = datasets.iter().map(|dataset| keys(&dataset["source"]));
                sources.flatten().collect()
            }
            "dataset.lookup" => continue,
            "dataset.query.NAME" => keys(&dataset["query"]["busy"]),
            "dataset.query.NAME.parameter.NAME" => {
                keys(&dataset["query"]["busy"]["parameter"]["least"])
            }
            "dataset.lookup.NAME" => keys(&dataset["lookup"]["sites"]),
            "dataset.column.factor" => {
                let columns = dataset["column"].as_array().unwrap();
                let factor = columns.iter().find_map(|column| column.get("factor"));
                keys(factor.unwrap())
            }
            other => union(&dataset[other.strip_prefix("dataset.").unwrap()]),
        };
        let known: BTreeSet<String> = section
            .keys
            .iter()
            .map(|(key, _)| (*key).to_owned())
            .collect();
        assert_eq!(shown, known, "{}", section.table);
    }
}

/// Known keys of the table `header`, from the reader's refusal of an unknown key.
fn known(header: &str) -> BTreeSet<String> {
    let text = if header.is_empty() {
        format!("{WORD} = 1\n{REFERENCE}")
    } else {
        assert!(REFERENCE.contains(header), "{header}");
        REFERENCE.replacen(header, &format!("{header}\n{WORD} = 1\n"), 1)
    };
    let problems = load(&text).unwrap_err();
    let problem = problems
        .iter()
        .find(|problem| problem.code == ErrorCode::ConfigUnknownKey)
        .unwrap_or_else(|| panic!("{header}: {problems:?}"));
    let listed = problem.help[0].strip_prefix("the keys are ").unwrap();
    listed.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_reference_has_every_other_key() {
    let whole: Value = toml::from_str(REFERENCE).unwrap();
    assert_eq!(known(""), keys(&whole));
    for (header, table) in [
        ("[participant]", &whole["participant"]),
        ("[listen]", &whole["listen"]),
        ("[query.busy_sites]", &whole["query"]["busy_sites"]),
        (
            "[query.busy_sites.parameter.least]",
            &whole["query"]["busy_sites"]["parameter"]["least"],
        ),
        ("[trust]", &whole["trust"]),
        ("[state]", &whole["state"]),
        ("[limits]", &whole["limits"]),
        ("[notice]", &whole["notice"]),
        ("[officers]", &whole["officers"]),
        ("[audit]", &whole["audit"]),
        ("[clock]", &whole["clock"]),
        ("[ask]", &whole["ask"]),
        ("[cluster]", &whole["cluster"]),
        ("[[worker]]", &whole["worker"]),
        ("[[peer]]", &whole["peer"]),
        ("[[offer]]", &whole["offer"]),
        ("[[template]]", &whole["template"]),
        (
            "[purpose.traffic-planning]",
            &whole["purpose"]["traffic-planning"],
        ),
        (
            "[tenant.\"acme.example\"]",
            &whole["tenant"]["acme.example"],
        ),
    ] {
        assert_eq!(known(header), union(table), "{header}");
    }
}

#[test]
fn a_clock_goes_either_way_by_ten_years_at_most() {
    let day = 86_400_000_000_i64;
    for (text, micros) in [
        ("0s", Some(0)),
        ("90", Some(90_000_000)),
        ("8d", Some(8 * day)),
        ("+8 d", Some(8 * day)),
        ("-90m", Some(-5_400_000_000)),
        ("3650d", Some(3650 * day)),
        ("-3651d", None),
        ("99999999999999999999d", None),
        ("+-8d", None),
        ("+ 8d", None),
        ("--8d", None),
        ("+", None),
        ("", None),
        ("1_0d", None),
        ("8.5d", None),
        ("8w", None),
        ("tomorrow", None),
    ] {
        assert_eq!(unit::parse_shift(text), micros, "{text}");
    }
}

#[test]
fn each_key_has_an_origin_and_each_variable_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hansa.toml");
    let text = "[participant]\nid = \"munster.example\"\nname = \"Münster\"\n[limits]\ntimeout = \"60s\"\n\
                [[peer]]\nid = \"a.example\"\naddress = \"a:1\"\n[[peer]]\nid = \"b.example\"\naddress = \"b:1\"\n";
    std::fs::write(&file, text).unwrap();
    let with = |name: &str, value: &str| {
        let overrides = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        ConnectorConfig::load(&file, &overrides)
    };
    let config = with("HANSA__LIMITS__TIMEOUT", "5s").unwrap();
    assert_eq!(config.limits.timeout.as_secs(), 5);
    let of = |key: &str| -> Vec<(Option<&str>, &str)> {
        config
            .origins
            .iter()
            .filter(|(name, _)| name == key)
            .map(|(_, origin)| {
                let from = origin.from.rsplit('/').next().unwrap();
                (origin.value.as_deref(), from)
            })
            .collect()
    };
    assert_eq!(
        of("limits.timeout"),
        [(Some("5s"), "HANSA__LIMITS__TIMEOUT")]
    );
    assert_eq!(
        of("participant.name"),
        [(Some("\"Münster\""), "hansa.toml:3")]
    );
    assert_eq!(of("limits.spill"), [(None, "default")]);
    assert_eq!(of("limits.memory")[0].1, "half of limits.memory_of_all");
    assert_eq!(
        of("peer.address"),
        [
            (Some("\"a:1\""), "hansa.toml:8"),
            (Some("\"b:1\""), "hansa.toml:11")
        ]
    );

    let faults = with("HANSA__LIMITS__TIMOUT", "5s").unwrap_err();
    assert_eq!(faults[0].code, ErrorCode::ConfigUnknownKey);
    assert_eq!(faults[0].help, ["did you mean `HANSA__LIMITS__TIMEOUT`?"]);
}

#[test]
fn workers_have_names_of_their_own_and_addresses() {
    let participant = "[participant]\nid = \"munster.example\"\nname = \"Münster\"\n";
    let alone = load(participant).unwrap().cluster;
    assert_eq!(alone.at_least, 1_000_000);
    assert!(alone.folder.is_absolute() && alone.folder.ends_with("cluster"));
    assert!(alone.workers.is_empty());

    let worker = |name: &str, address: &str| {
        format!("[[worker]]\nname = \"{name}\"\naddress = \"{address}\"\n")
    };
    let with = |workers: &[String]| {
        let cluster = "[cluster]\nfolder = \"keys/cluster\"\nat_least = 5000\n";
        load(&format!("{participant}{cluster}{}", workers.concat()))
    };
    let two = with(&[worker("one", "10.0.0.11:8815"), worker("two", "[::1]:8815")]);
    let two = two.unwrap().cluster;
    assert!(two.folder.ends_with("keys/cluster"));
    assert_eq!(two.at_least, 5000);
    let named = |worker: &cluster::WorkerConfig| (worker.name.to_string(), worker.address.clone());
    assert_eq!(
        two.workers.iter().map(named).collect::<Vec<_>>(),
        [
            ("one".to_owned(), "10.0.0.11:8815".to_owned()),
            ("two".to_owned(), "[::1]:8815".to_owned()),
        ]
    );

    for (workers, code, key) in [
        (
            vec![worker("one", "a:1"), worker("one", "b:1")],
            ErrorCode::ConfigInvalid,
            "worker.name",
        ),
        (
            vec![worker("One", "a:1")],
            ErrorCode::ConfigInvalid,
            "worker.name",
        ),
        (
            vec![worker("one_", "a:1")],
            ErrorCode::ConfigInvalid,
            "worker.name",
        ),
        (
            vec![worker("one", "a")],
            ErrorCode::ConfigInvalid,
            "worker.address",
        ),
        (
            vec!["[[worker]]\nname = \"one\"\n".to_owned()],
            ErrorCode::ConfigInvalid,
            "worker.address",
        ),
        (
            vec![worker("one", "a:1") + "threads = 4\n"],
            ErrorCode::ConfigUnknownKey,
            "worker.threads",
        ),
    ] {
        let faults = with(&workers).unwrap_err();
        assert_eq!(faults.len(), 1, "{workers:?}: {faults:?}");
        let key_of = faults[0]
            .location
            .as_ref()
            .and_then(|location| location.key.clone());
        assert_eq!((faults[0].code, key_of.as_deref()), (code, Some(key)));
    }
}

#[test]
fn each_peer_stands_there_once_under_an_alias_of_its_own() {
    let peer = |id: &str, alias: &str| {
        let alias = match alias {
            "" => String::new(),
            alias => format!("alias = \"{alias}\"\n"),
        };
        format!("[[peer]]\nid = \"{id}\"\naddress = \"a:1\"\n{alias}")
    };
    let checked = |own: &str, peers: &[String]| -> Vec<(ErrorCode, u64)> {
        let text = format!(
            "[participant]\nid = \"acme.example\"\nname = \"Acme\"\n{own}{}",
            peers.concat()
        );
        let faults = load(&text).err().unwrap_or_default();
        let report = |fault: Refusal| (fault.code, fault.location.unwrap().line.unwrap());
        faults.into_iter().map(report).collect()
    };
    let city = peer("town.example", "");
    let clash = |line| vec![(ErrorCode::AliasClash, line)];
    let invalid = |line| vec![(ErrorCode::ConfigInvalid, line)];
    assert_eq!(
        checked("", &[city.clone(), peer("bern.example", "")]),
        vec![]
    );
    assert_eq!(checked("", &[city.clone(), peer("town.test", "t")]), vec![]);
    assert_eq!(
        checked("", &[city.clone(), peer("town.test", "")]),
        clash(7)
    );
    assert_eq!(
        checked("", &[city.clone(), peer("bern.example", "town")]),
        clash(7)
    );
    assert_eq!(checked("", &[peer("acme.test", "")]), clash(4));
    assert_eq!(
        checked("alias = \"town\"\n", std::slice::from_ref(&city)),
        clash(5)
    );
    assert_eq!(
        checked("", &[city.clone(), peer("hansa://town.example", "b")]),
        invalid(7)
    );
    assert_eq!(checked("", &[peer("acme.example", "me")]), invalid(4));
    for reserved in ["model", "hansa", "public", "information_schema"] {
        let faults = checked("", &[peer("bern.example", reserved)]);
        assert!(!faults.is_empty(), "{reserved}");
    }
    assert!(!checked("", &[peer("public.example", "")]).is_empty());
}

#[test]
fn what_has_a_name_stands_there_once() {
    let own = "[participant]\nid = \"acme.example\"\nname = \"Acme\"\n";
    for twice in [
        "[[template]]\nname = \"a\"\nfile = \"a.toml\"\n[[template]]\nname = \"a\"\nfile = \"b.toml\"\n",
        "[tenant.\"town.example\"]\nvalue = \"a\"\n[tenant.\"hansa://town.example\"]\nvalue = \"b\"\n",
    ] {
        let faults = load(&format!("{own}{twice}")).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].code, ErrorCode::ConfigInvalid);
    }
}

#[test]
fn a_time_stamp_authority_has_an_address_anchors_and_an_interval() {
    let own = "[participant]\nid = \"acme.example\"\nname = \"Acme\"\n";
    let with = |value: &str| load(&format!("{own}[audit]\ntime_stamp = {value}\n"));
    assert!(load(own).unwrap().time_stamp.is_none());
    let usual = with("{ url = \"http://a.example/\", trust = [\"a.pem\", \"b.pem\"] }").unwrap();
    let usual = usual.time_stamp.unwrap();
    assert_eq!(usual.every.as_secs(), 3600);
    assert_eq!(usual.trust.len(), 2);
    assert!(usual.trust[0].is_absolute());
    for (value, code, key) in [
        ("{ trust = [\"a.pem\"] }", ErrorCode::ConfigInvalid, "url"),
        (
            "{ url = \"ftp://a\", trust = \"a.pem\" }",
            ErrorCode::ConfigInvalid,
            "url",
        ),
        ("{ url = \"http://a\" }", ErrorCode::ConfigInvalid, "trust"),
        (
            "{ url = \"http://a\", trust = [] }",
            ErrorCode::ConfigInvalid,
            "trust",
        ),
        (
            "{ url = \"http://a\", trust = \"a.pem\", every = \"0s\" }",
            ErrorCode::ConfigInvalid,
            "every",
        ),
        (
            "{ url = \"http://a\", trust = \"a.pem\", nonce = false }",
            ErrorCode::ConfigUnknownKey,
            "nonce",
        ),
    ] {
        let faults = with(value).unwrap_err();
        assert_eq!(faults.len(), 1, "{value}: {faults:?}");
        let key_of = faults[0].location.as_ref().and_then(|at| at.key.clone());
        let key = format!("audit.time_stamp.{key}");
        assert_eq!((faults[0].code, key_of), (code, Some(key)), "{value}");
    }
}

#[test]
fn a_person_has_a_unix_user_an_account_or_both_and_nobody_shares_one() {
    let head = "[participant]\nid = \"munster.example\"\nname = \"Münster\"\n";
    let issuer = "[console.oidc]\nissuer = \"https://id.example\"\nclient = \"hansa\"\nsecret_file = \"s\"\n";
    let person = |name: &str, accounts: &str| {
        format!(
            "[person.{name}]\nname = \"{name}\"\nroles = [\"officer\", \"signer\"]\n{accounts}\n"
        )
    };
    let unix = |user: u32| format!("unix = \"{user}\"");
    let oidc = |subject: &str| format!("oidc = \"{subject}\"");
    let both = format!("{}\n{}", unix(1001), oidc("a"));
    let people = |list: &[String]| load(&format!("{head}{issuer}{}", list.concat()));
    let config = people(&[
        person("maria", &both),
        person("rui", &oidc("b")),
        person("jonas", &unix(1002)),
    ])
    .unwrap();
    let accounts: Vec<_> = config
        .people
        .iter()
        .map(|person| {
            let account = person.key.account();
            (person.key.unix(), account.map(ToString::to_string))
        })
        .collect();
    let account = |subject: &str| Some(format!("https://id.example#{subject}"));
    assert_eq!(
        accounts,
        [
            (Some(1001), account("a")),
            (None, account("b")),
            (Some(1002), None)
        ]
    );
    for (list, words) in [
        (vec![person("maria", "")], "has no account"),
        (
            vec![person("maria", &unix(1)), person("rui", &unix(1))],
            "are one Unix user",
        ),
        (
            vec![person("maria", &both), person("rui", &oidc("a"))],
            "are one account",
        ),
        (vec![person("maria", &oidc(""))], "a `sub` is"),
        (vec![person("maria", "oidc = \"é\"")], "a `sub` is"),
    ] {
        let problems = people(&list).unwrap_err();
        let mut found = problems.iter();
        assert!(
            found.any(|problem| problem.code == ErrorCode::ConfigInvalid
                && problem.sentence.contains(words)),
            "{list:?}: {problems:?}"
        );
    }
    // An account is one at an issuer.
    assert!(load(&format!("{head}{}", person("maria", &oidc("a")))).is_err());
    // One human being with two accounts is one of those who approve.
    let officers = |users: &str| format!("[officers]\nusers = [{users}]\nsecond = \"looser\"\n");
    let maria = person("maria", &both);
    assert!(load(&format!("{head}{}{issuer}{maria}", officers("\"1001\""))).is_err());
    let two = load(&format!(
        "{head}{}{issuer}{maria}",
        officers("\"1001\", \"1002\"")
    ))
    .unwrap();
    assert_eq!(two.officers.approvers.len(), 2);
}

#[test]
fn a_sign_in_by_an_issuer_needs_the_issuer_and_a_name_that_stays() {
    let head = "[participant]\nid = \"munster.example\"\nname = \"Münster\"\n";
    let issuer = "[console.oidc]\nissuer = \"https://id.example\"\nclient = \"hansa\"\nsecret_file = \"keys/s\"\n";
    let name = "name = \"http://munster.localhost:8818\"\n";
    let console = |lines: &str, issuer: &str| load(&format!("{head}[console]\n{lines}{issuer}"));
    let config = console(
        &format!("{name}sign_in = [\"link\", \"oidc\"]\nstep_up = \"again\"\n"),
        issuer,
    )
    .unwrap();
    let oidc = config.console.sign_in_issuer().unwrap();
    assert!(oidc.secret_file.ends_with("keys/s") && oidc.secret_file.is_absolute());
    // An issuer that nobody signs in with, while the people keep their accounts.
    let off = console("", issuer).unwrap();
    assert!(off.console.oidc.is_some() && off.console.sign_in_issuer().is_none());
    for (lines, issuer) in [
        (format!("{name}sign_in = [\"oidc\"]\n"), ""),
        ("sign_in = [\"oidc\"]\n".to_owned(), issuer),
        (format!("{name}sign_in = []\n"), issuer),
        (format!("{name}sign_in = [\"mail\"]\n"), issuer),
        (format!("{name}step_up = \"again\"\n"), issuer),
        (
            format!("{name}sign_in = [\"oidc\"]\n"),
            "[console.oidc]\nissuer = \"http://id.example\"\nclient = \"hansa\"\nsecret_file = \"s\"\n",
        ),
        (
            format!("{name}sign_in = [\"oidc\"]\n"),
            "[console.oidc]\nissuer = \"https://id.example\"\nclient = \"hansa\"\n",
        ),
    ] {
        assert!(console(&lines, issuer).is_err(), "{lines}{issuer}");
    }
}
