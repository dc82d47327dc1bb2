//! Three participants in one process: each is a value of its own, and nothing is global.

use hansa_test_support::league::TestLeague;
use std::io::BufRead as _;

struct KilledOnDrop(std::process::Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn three_participants_live_in_one_process() {
    let league = TestLeague::new(super::binary());
    let names = ["north", "south", "west"];
    let cities: Vec<_> = names.iter().map(|name| league.city(name)).collect();
    for (city, name) in cities.iter().zip(names) {
        league.hand_bundle_to(name);
        city.write("rows.csv", &format!("place,n\n{name},1\n{name},2\n"));
        let file = city.folder().join("rows.csv");
        city.hansa(&[
            "dataset",
            "add",
            file.to_str().unwrap(),
            "--name",
            "rows",
            "--licence",
            "CC0-1.0",
        ])
        .must();
        city.write(
            "policies/open.toml",
            "title = \"open\"\ncolumns = \"all\"\n",
        );
        city.configure("[[offer]]\ndataset = \"rows\"\npolicy = \"open\"\nto = \"public\"\n");
        city.hansa(&["dataset", "publish"]).must();
    }
    let mut child = cities[0]
        .command(&["--json", "serve", "../south", "../west"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    let _process = KilledOnDrop(child);
    let mut addresses = std::collections::BTreeMap::new();
    for line in out.lines().take(3) {
        let ready: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        addresses.insert(
            ready["participant"].as_str().unwrap().to_owned(),
            ready["listen"].as_str().unwrap().to_owned(),
        );
    }
    assert_eq!(addresses.len(), 3);
    for (city, name) in cities.iter().zip(names) {
        for (domain, address) in &addresses {
            if domain != city.domain() {
                city.hansa(&["peer", "add", address, "--id", domain]).must();
            }
        }
        let sql = "SELECT place, sum(n) AS n FROM (SELECT * FROM north.rows UNION ALL SELECT * FROM south.rows \
                   UNION ALL SELECT * FROM west.rows) t GROUP BY place ORDER BY place";
        let answer = city.hansa(&["sql", sql, "--json"]).must();
        let rows: Vec<_> = answer.lines();
        let seen: Vec<_> = rows
            .iter()
            .filter_map(|row| {
                Some((
                    row.get("place")?.as_str()?.to_owned(),
                    row.get("n")?.as_i64()?,
                ))
            })
            .collect();
        let expected: Vec<_> = names.iter().map(|name| ((*name).to_owned(), 3)).collect();
        assert_eq!(seen, expected, "asked by {name}: {}", answer.err);
    }
    for city in &cities {
        city.hansa(&["audit", "verify"]).must();
    }
}
