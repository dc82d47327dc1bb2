//! Tables of levels as CSV. The first column has the values; each further column has their groups on one level, and its header
//! names the level. An empty cell means that the value has no group on the level.

use super::invalid_list_refusal;
use hansa_policy::published_list::hierarchy_table::HierarchyTable;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::lookup::is_level;

/// Most values of one table.
const MOST_VALUES: usize = 1_000_000;

pub(super) fn read_levels(bytes: &[u8]) -> Result<HierarchyTable, Refusal> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let fault = |fault: csv::Error| invalid_list_refusal(format!("no CSV of levels: {fault}"));
    let header = reader.headers().map_err(fault)?.clone();
    let names: Vec<String> = header.iter().skip(1).map(str::to_owned).collect();
    if names.is_empty() {
        return Err(invalid_list_refusal(
            "a table has a column of values and at least one level",
        ));
    }
    if let Some(bad) = names.iter().find(|name| !is_level(name)) {
        return Err(invalid_list_refusal(format!(
            "`{bad}` is no name of a level"
        )));
    }
    let twice = |name: &&String| names.iter().filter(|other| other == name).count() > 1;
    if let Some(name) = names.iter().find(twice) {
        return Err(invalid_list_refusal(format!(
            "the level `{name}` stands twice"
        )));
    }
    let mut levels = HierarchyTable::new(names);
    for row in reader.records() {
        let row = row.map_err(fault)?;
        let mut cells = row.iter();
        let value = cells.next().unwrap_or_default().to_owned();
        let said = cells.map(|cell| (!cell.is_empty()).then(|| cell.to_owned()));
        if !levels.add_value(value.clone(), said.collect()) {
            return Err(invalid_list_refusal(format!(
                "the value `{value}` stands twice"
            )));
        }
        if levels.count() > MOST_VALUES {
            return Err(invalid_list_refusal(format!(
                "the table has more than {MOST_VALUES} values"
            )));
        }
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_their_levels() {
        let levels =
            read_levels("code,group,\"the section\"\nA01,A0,A\nA02,A0,\n\"B,1\",B,B\n".as_bytes());
        let levels = levels.unwrap();
        assert_eq!(levels.names(), ["group", "the section"]);
        assert_eq!(levels.count(), 3);
        let section = levels.level_index("the section").unwrap();
        assert_eq!(levels.value_at_level("A01", section), Some("A"));
        assert_eq!(levels.value_at_level("A02", section), None);
        assert_eq!(levels.value_at_level("B,1", section), Some("B"));
        assert_eq!(levels.value_at_level("a01", section), None);
        assert!(levels.level_index("code").is_err());
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "code\nA\n",
            "code,\nA,B\n",
            "code,group,group\nA,B,C\n",
            "code,group\nA,B\nA,B\n",
            "code,group\nA,B,C\n",
            "code,group\nA\n",
            "code,gr\u{1b}oup\nA,B\n",
        ] {
            assert!(read_levels(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(read_levels(b"code,group\n\xff,B\n").is_err());
        assert_eq!(
            read_levels(b"\xef\xbb\xbfcode,group\nA,B\n")
                .unwrap()
                .count(),
            1
        );
    }
}
