//! Changes of the text of a configuration. Comments and the order of what people wrote stay.

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

/// Text of a configuration that a command edits.
pub(crate) struct EditedConfig<'a> {
    file: &'a Path,
    document: DocumentMut,
}

/// Members of an offer that tell it from others on the dataset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfferSelector<'a> {
    /// Dataset.
    pub(crate) dataset: &'a str,
    /// Policy, by its name or file as the entry writes it; absent: any.
    pub(crate) policy: Option<&'a str>,
    /// Those to whom it is offered; empty: any.
    pub(crate) to: &'a [String],
}

/// Entry of an offer.
#[derive(Debug)]
pub(crate) struct OfferLines<'a> {
    /// Dataset.
    pub(crate) dataset: &'a str,
    /// Policy, by its name or file.
    pub(crate) policy: &'a str,
    /// `league`, `public`, or identities of participants.
    pub(crate) to: &'a [String],
    /// True if the connector signs contracts by itself.
    pub(crate) signs_itself: bool,
}

/// Entry of a person.
#[derive(Debug)]
pub(crate) struct PersonLines<'a> {
    /// Name of the table.
    pub(crate) key: &'a str,
    /// Name of the person.
    pub(crate) name: &'a str,
    /// Roles.
    pub(crate) roles: &'a [String],
    /// Unix user.
    pub(crate) unix: Option<&'a str>,
    /// `sub` of the person at the issuer.
    pub(crate) oidc: Option<&'a str>,
}

impl<'a> EditedConfig<'a> {
    /// Reads a text.
    ///
    /// # Errors
    /// `CONFIG_INVALID` for a text that is not TOML.
    pub(crate) fn parse(file: &'a Path, text: &str) -> Result<Self, Refusal> {
        let document = text.parse::<DocumentMut>().map_err(|fault| {
            Refusal::new(ErrorCode::ConfigInvalid, fault.message().to_owned())
                .with_place(file.display().to_string(), None, None)
                .with_help("hansa check tells all problems of the file")
        })?;
        Ok(Self { file, document })
    }

    /// Text with the changes.
    pub(crate) fn into_text(self) -> String {
        self.document.to_string()
    }

    /// Sets a value of a dataset, or removes it.
    ///
    /// # Errors
    /// `DATASET_UNKNOWN`, or `USAGE` for an entry in a form that the command does not edit.
    pub(crate) fn set_dataset_value(
        &mut self,
        dataset: &str,
        key: &str,
        value: Option<Value>,
    ) -> Result<(), Refusal> {
        let file = self.file;
        let datasets = self.array("dataset")?;
        let mut tables = datasets.into_iter().flat_map(ArrayOfTables::iter_mut);
        let Some(table) = tables.find(|table| has_text(table, "name", dataset)) else {
            let sentence = format!("no dataset `{dataset}` is configured");
            return Err(Refusal::new(ErrorCode::DatasetUnknown, sentence)
                .with_help("hansa dataset list shows them"));
        };
        match (value, table.get_mut(key)) {
            (None, _) => {
                table.remove(key);
            }
            (Some(value), None) => {
                table.insert(key, Item::Value(value));
            }
            // Space and comments around the value stay.
            (Some(mut value), Some(Item::Value(old))) => {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            (Some(_), Some(_)) => return Err(other_form(file, key)),
        }
        Ok(())
    }

    /// True if an offer fits.
    ///
    /// # Errors
    /// `USAGE` for offers in a form that the commands do not edit.
    pub(crate) fn has_offer(&mut self, offer: OfferSelector<'_>) -> Result<bool, Refusal> {
        let offers = self.array("offer")?;
        Ok(offers.is_some_and(|offers| offers.iter().any(|table| offer.fits(table))))
    }

    /// True if there is a person of this key.
    pub(crate) fn has_person(&self, key: &str) -> bool {
        let people = self.document.get("person").and_then(Item::as_table_like);
        people.is_some_and(|people| people.contains_key(key))
    }

    /// Removes the only offer that fits.
    ///
    /// # Errors
    /// `OFFER_UNKNOWN` for none, `USAGE` for several, or for an entry in a form that the command does not edit.
    pub(crate) fn remove_offer(&mut self, offer: OfferSelector<'_>) -> Result<(), Refusal> {
        let dataset = offer.dataset;
        let offers = self.array("offer")?;
        let found: Vec<usize> = offers
            .iter()
            .flat_map(|offers| {
                let numbered = offers.iter().enumerate();
                numbered
                    .filter(|(_, table)| offer.fits(table))
                    .map(|(at, _)| at)
            })
            .collect();
        let at = match found.as_slice() {
            [at] => *at,
            [] => {
                let sentence = format!("the configuration has no such offer of `{dataset}`");
                return Err(Refusal::new(ErrorCode::OfferUnknown, sentence)
                    .with_help("hansa policy list shows the offers"));
            }
            several => {
                let count = several.len();
                let sentence = format!("the configuration has {count} such offers of `{dataset}`");
                return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
                    .with_help("say which one: --policy NAME, --to PARTICIPANT"));
            }
        };
        let removed = offers.map(|offers| offers.remove(at));
        if let Some(removed) = removed {
            self.keep_heading(&removed);
        }
        Ok(())
    }

    /// Removes a person.
    ///
    /// # Errors
    /// `PERSON_UNKNOWN`, or `USAGE` for an entry in a form that the command does not edit.
    pub(crate) fn remove_person(&mut self, key: &str) -> Result<(), Refusal> {
        let file = self.file;
        let people = self.document.get_mut("person");
        let people = match people {
            None => None,
            Some(Item::Table(people)) => Some(people),
            Some(_) => return Err(other_form(file, "person")),
        };
        let unknown = || {
            let sentence = format!("the configuration has no [person.{key}]");
            Refusal::new(ErrorCode::PersonUnknown, sentence).with_help("hansa person list")
        };
        let people = people.ok_or_else(unknown)?;
        match people.get(key) {
            None => Err(unknown()),
            Some(Item::Table(table)) if !table.is_dotted() => {
                let removed = table.clone();
                people.remove(key);
                self.keep_heading(&removed);
                Ok(())
            }
            Some(_) => Err(other_form(file, "person")),
        }
    }

    /// Array of tables of the root; none where there is none.
    fn array(&mut self, key: &str) -> Result<Option<&mut ArrayOfTables>, Refusal> {
        match self.document.get_mut(key) {
            None => Ok(None),
            Some(Item::ArrayOfTables(tables)) => Ok(Some(tables)),
            Some(_) => Err(other_form(self.file, key)),
        }
    }

    /// Keeps the comments above a removed table that an empty line separates from it: they are about what follows, too.
    fn keep_heading(&mut self, removed: &Table) {
        let prefix = removed.decor().prefix().and_then(|prefix| prefix.as_str());
        let Some(heading) = prefix.and_then(heading_of) else {
            return;
        };
        let place = removed.position().unwrap_or_default();
        let mut next = None;
        visit_tables(self.document.as_table_mut(), &mut |table| {
            if let Some(position) = table.position().filter(|position| *position > place) {
                next = Some(next.map_or(position, |least: isize| least.min(position)));
            }
        });
        let Some(next) = next else {
            let trailing = self.document.trailing().as_str().unwrap_or_default();
            let trailing = format!("{heading}{trailing}");
            self.document.set_trailing(trailing);
            return;
        };
        visit_tables(self.document.as_table_mut(), &mut |table| {
            if table.position() == Some(next) {
                let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str());
                let prefix = format!("{heading}{}", prefix.unwrap_or_default());
                table.decor_mut().set_prefix(prefix);
            }
        });
    }
}

impl OfferSelector<'_> {
    fn fits(&self, table: &Table) -> bool {
        has_text(table, "dataset", self.dataset)
            && self.policy.is_none_or(|policy| has_policy(table, policy))
            && (self.to.is_empty() || read_texts(table, "to") == self.to)
    }
}

/// Text with an entry of an offer at its end.
pub(crate) fn append_offer(text: &str, offer: &OfferLines<'_>) -> String {
    let to = match offer.to {
        [word] if matches!(word.as_str(), "league" | "public") => write_text(word),
        named => write_list(named),
    };
    let sign = if offer.signs_itself {
        "auto"
    } else {
        "officer"
    };
    append_entry(
        text,
        &format!(
            "[[offer]]\ndataset = {}\npolicy  = {}\nto      = {to}\nsign    = {}\n",
            write_text(offer.dataset),
            write_text(offer.policy),
            write_text(sign),
        ),
    )
}

/// Text with an entry of a person at its end.
pub(crate) fn append_person(text: &str, person: &PersonLines<'_>) -> String {
    let mut entry = format!(
        "[person.{}]\nname  = {}\nroles = {}\n",
        person.key,
        write_text(person.name),
        write_list(person.roles),
    );
    for (key, value) in [("unix ", person.unix), ("oidc ", person.oidc)] {
        if let Some(value) = value {
            entry.push_str(&format!("{key} = {}\n", write_text(value)));
        }
    }
    append_entry(text, &entry)
}

fn append_entry(text: &str, entry: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{text}{end}\n{entry}")
}

fn write_text(text: &str) -> String {
    Value::from(text).to_string()
}

fn write_list(texts: &[String]) -> String {
    let written: Vec<String> = texts.iter().map(|text| write_text(text)).collect();
    format!("[{}]", written.join(", "))
}

fn has_text(table: &Table, key: &str, text: &str) -> bool {
    table.get(key).and_then(Item::as_str) == Some(text)
}

/// True for an offer on a policy, by its name or by the file that the entry names.
fn has_policy(table: &Table, policy: &str) -> bool {
    let written = table.get("policy").and_then(Item::as_str);
    written.is_some_and(|written| {
        written == policy
            || Path::new(written)
                .file_stem()
                .is_some_and(|stem| stem == policy)
    })
}

/// Texts of a key, which holds one text or a list.
fn read_texts(table: &Table, key: &str) -> Vec<String> {
    match table.get(key) {
        Some(Item::Value(Value::String(text))) => vec![text.value().clone()],
        Some(Item::Value(Value::Array(texts))) => {
            let texts = texts.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Part of the comments before a table that ends with an empty line; none where there are no comments in it.
fn heading_of(prefix: &str) -> Option<&str> {
    let (end, _) = prefix.rmatch_indices("\n\n").next()?;
    let (heading, _) = prefix.split_at_checked(end + 1)?;
    heading.contains('#').then_some(heading)
}

fn visit_tables(table: &mut Table, act: &mut impl FnMut(&mut Table)) {
    act(table);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => visit_tables(inner, act),
            Item::ArrayOfTables(inner) => {
                for table in inner.iter_mut() {
                    visit_tables(table, act);
                }
            }
            Item::None | Item::Value(_) => {}
        }
    }
}

fn other_form(file: &Path, key: &str) -> Refusal {
    let sentence = format!("`{key}` is written in a form that this command does not change");
    Refusal::new(ErrorCode::UsageWrong, sentence)
        .with_place(file.display().to_string(), None, Some(key.to_owned()))
        .with_help("change it with an editor, then hansa reload")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# of the city\n[participant]\nid = \"lindau.example\"   # ours\n\n\
        # --- data ---\n\n# counts\n[[dataset]]\nname    = \"bikes\"\ntitle   = \"Bikes\"  # for people\nlicence = \"CC0\"\n\
        [dataset.source]\npath = \"b.csv\"\n\n# stations\n[[dataset]]\nname = \"stations\"\ntitle = \"S\"\n\n\
        # --- offers ---\n\n# the first\n[[offer]]\ndataset = \"bikes\"\npolicy = \"open\"\nto = \"league\"\n\n\
        # the second\n[[offer]]\ndataset = \"bikes\"\npolicy = \"policies/close.toml\"\nto = [\"acme.example\"]\n\n\
        # people\n\n[person.maria]\nname = \"M\"\n";

    fn edit(
        act: impl FnOnce(&mut EditedConfig<'_>) -> Result<(), Refusal>,
    ) -> Result<String, Refusal> {
        let mut edited = EditedConfig::parse(Path::new("hansa.toml"), TEXT)?;
        act(&mut edited)?;
        Ok(edited.into_text())
    }

    #[test]
    fn a_text_that_is_not_changed_comes_back() {
        assert_eq!(edit(|_| Ok(())).unwrap(), TEXT);
    }

    #[test]
    fn one_value_changes_and_all_else_stays() {
        let set = |key: &str, value: &str| {
            let value = (!value.is_empty()).then(|| Value::from(value));
            edit(|edited| edited.set_dataset_value("bikes", key, value)).unwrap()
        };
        assert_eq!(
            set("title", "Räder \"a\"\n"),
            TEXT.replace("\"Bikes\"", "\"\"\"\nRäder \"a\"\n\"\"\"")
        );
        assert_eq!(
            set("title", "Wheels"),
            TEXT.replace("\"Bikes\"", "\"Wheels\"")
        );
        let added = set("quality", "checked");
        assert_eq!(
            added,
            TEXT.replace(
                "licence = \"CC0\"\n",
                "licence = \"CC0\"\nquality = \"checked\"\n"
            )
        );
        assert_eq!(set("licence", ""), TEXT.replace("licence = \"CC0\"\n", ""));
        let unknown = edit(|edited| edited.set_dataset_value("cars", "title", None));
        assert_eq!(unknown.unwrap_err().code, ErrorCode::DatasetUnknown);
        let other =
            edit(|edited| edited.set_dataset_value("bikes", "source", Some(Value::from(1))));
        assert_eq!(other.unwrap_err().code, ErrorCode::UsageWrong);
    }

    #[test]
    fn an_offer_goes_with_its_own_comment_alone() {
        let remove = |policy: Option<&str>, to: &[&str]| {
            let to: Vec<String> = to.iter().map(|word| (*word).to_owned()).collect();
            edit(|edited| {
                edited.remove_offer(OfferSelector {
                    dataset: "bikes",
                    policy,
                    to: &to,
                })
            })
        };
        let first =
            "# the first\n[[offer]]\ndataset = \"bikes\"\npolicy = \"open\"\nto = \"league\"\n\n";
        assert_eq!(remove(Some("open"), &[]).unwrap(), TEXT.replace(first, ""));
        assert_eq!(remove(None, &["league"]).unwrap(), TEXT.replace(first, ""));
        let second = "# the second\n[[offer]]\ndataset = \"bikes\"\npolicy = \"policies/close.toml\"\nto = [\"acme.example\"]\n";
        for policy in ["close", "policies/close.toml"] {
            let left = remove(Some(policy), &["acme.example"]).unwrap();
            assert_eq!(left, TEXT.replace(&format!("{second}\n"), ""));
        }
        assert_eq!(remove(None, &[]).unwrap_err().code, ErrorCode::UsageWrong);
        let none = remove(Some("open"), &["acme.example"]).unwrap_err();
        assert_eq!(none.code, ErrorCode::OfferUnknown);
    }

    #[test]
    fn a_person_goes_and_the_heading_stays() {
        let left = edit(|edited| edited.remove_person("maria")).unwrap();
        assert_eq!(left, TEXT.replace("\n[person.maria]\nname = \"M\"\n", ""));
        let unknown = edit(|edited| edited.remove_person("jonas")).unwrap_err();
        assert_eq!(unknown.code, ErrorCode::PersonUnknown);
    }

    #[test]
    fn an_entry_is_added_at_the_end() {
        let to = ["acme.example".to_owned(), "city.example".to_owned()];
        let offer = OfferLines {
            dataset: "bikes",
            policy: "open",
            to: &to,
            signs_itself: true,
        };
        let text = append_offer("a = 1", &offer);
        assert_eq!(
            text,
            "a = 1\n\n[[offer]]\ndataset = \"bikes\"\npolicy  = \"open\"\nto      = [\"acme.example\", \"city.example\"]\nsign    = \"auto\"\n"
        );
        let roles = ["officer".to_owned()];
        let person = PersonLines {
            key: "jonas",
            name: "J \"X\"",
            roles: &roles,
            unix: Some("1001"),
            oidc: None,
        };
        let text = append_person(TEXT, &person);
        assert!(text.starts_with(TEXT), "{text}");
        let read: toml::Table = toml::from_str(&text).unwrap();
        assert_eq!(read["person"]["jonas"]["name"].as_str(), Some("J \"X\""));
        assert_eq!(read["person"]["jonas"]["unix"].as_str(), Some("1001"));
        assert!(read["person"]["jonas"].get("oidc").is_none());
    }
}
