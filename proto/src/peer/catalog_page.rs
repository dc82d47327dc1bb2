//! Pages of the catalogue. What an entry says is read by the formats; here it is bytes.

use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::catalog_listing::EndedOffer;
use hansa_catalog::dataset::{Dataset, DatasetDescription, DatasetKind};
use hansa_catalog::saved_query::{SavedQuery, SavedQueryParameter};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use prost::Message as _;

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogPageRequest {
    /// Where to go on; absent: at the start.
    pub after: Option<String>,
    /// At most so many entries; absent: as many as the provider likes.
    pub limit: Option<u32>,
    /// The digest of the reply that the caller has to this request.
    pub known: Option<Digest>,
}

/// What is replied to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogPageReply {
    /// A page, and the digest of the encoded reply that holds it.
    Page(CatalogEntryPage, Digest),
    /// The page is the one that the caller has, but for the messages that wait.
    Unchanged {
        /// As [`CatalogEntryPage::newest_message`].
        newest_message: Option<u64>,
    },
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogEntryPage {
    /// What the caller may see.
    pub entries: Vec<ListedDataset>,
    /// Where to go on; absent: this was the last page.
    pub next: Option<String>,
    /// With the first page: policies with parameters, for others to fill.
    pub templates: Vec<ListedTemplate>,
    /// With the first page: offers to the caller that are over.
    pub ended: Vec<EndedOffer>,
    /// The number of the newest message that waits for the caller.
    pub newest_message: Option<u64>,
}

/// A policy with parameters, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTemplate {
    /// Its name.
    pub name: String,
    /// The file.
    pub text: Bytes,
}

/// A dataset and its offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDataset {
    /// The dataset, as catalogue JSON.
    pub dataset: Bytes,
    /// How its values came about, where its owner says so.
    pub kind: Option<DatasetKind>,
    /// What its owner states of it beyond the catalogue JSON.
    pub description: ListedDescription,
    /// The statements that its owner has saved for others; who asks one of them checks it as its own.
    pub queries: Vec<SavedQuery>,
    /// What the caller may ask for or already holds.
    pub offers: Vec<ListedOffer>,
}

/// The statements of an owner about a dataset and about the columns that its entry shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListedDescription {
    /// Those about the dataset.
    pub dataset: DatasetDescription,
    /// The uncertainty of columns, in the order of the entry.
    pub columns: Vec<(SqlIdentifier, String)>,
}

impl ListedDescription {
    /// The statements of an entry, as its reader may see it.
    #[must_use]
    pub fn of_entry(entry: &Dataset) -> Self {
        let columns = entry.columns.iter();
        Self {
            dataset: entry.description.clone(),
            columns: columns
                .filter_map(|column| Some((column.name.clone(), column.uncertainty.clone()?)))
                .collect(),
        }
    }

    /// Adds the statements to the entry beside which they came.
    ///
    /// # Errors
    /// `MESSAGE_MALFORMED`, when one is about a column that the entry does not have.
    pub fn complete(self, entry: &mut Dataset) -> Result<(), Refusal> {
        let Self { dataset, columns } = self;
        entry.description = dataset;
        for (name, uncertainty) in columns {
            let mut known = entry.columns.iter_mut();
            let column = known.find(|column| column.name == name).ok_or_else(|| {
                field::malformed(format!(
                    "the uncertainty of a column `{name}` is stated, which the entry does not have"
                ))
            })?;
            column.uncertainty = Some(uncertainty);
        }
        Ok(())
    }
}

/// An offer of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOffer {
    /// The provider's name of it.
    pub name: String,
    /// The offered policy, as canonical JSON; for a public view the contract in its envelope.
    pub policy: Bytes,
    /// A public view, under which any participant may ask.
    pub public_view: bool,
}

/// The most entries that one page may hold.
const ENTRIES: usize = 1000;

/// The most templates that a page may hold.
pub const TEMPLATES: usize = 50;

/// Takes a request apart.
///
/// # Errors
/// `MESSAGE_MALFORMED`.
pub fn request_from_wire(message: pb::CatalogRequest) -> Result<CatalogPageRequest, Refusal> {
    let pb::CatalogRequest {
        after,
        limit,
        known,
    } = message;
    Ok(CatalogPageRequest {
        after: mark(after)?,
        limit: (limit > 0).then_some(limit),
        known: match known.is_empty() {
            true => None,
            false => Some(field::digest("known", &known)?),
        },
    })
}

/// Puts a request together.
#[must_use]
pub fn request_to_wire(request: &CatalogPageRequest) -> pb::CatalogRequest {
    let CatalogPageRequest {
        after,
        limit,
        known,
    } = request;
    pb::CatalogRequest {
        after: after.clone().unwrap_or_default(),
        limit: limit.unwrap_or(0),
        known: known.as_ref().map(field::hash).unwrap_or_default(),
    }
}

/// The reply to a request: the page, unless the caller has it.
#[must_use]
pub fn reply_to_wire(page: &CatalogEntryPage, request: &CatalogPageRequest) -> pb::CatalogReply {
    let mut reply = page_to_wire(page);
    let messages = page.newest_message.unwrap_or(0);
    if request.known == Some(Digest::of(&reply.encode_to_vec())) {
        return pb::CatalogReply {
            unchanged: true,
            letters: messages,
            ..pb::CatalogReply::default()
        };
    }
    reply.letters = messages;
    reply
}

/// Takes a reply apart.
///
/// # Errors
/// `MESSAGE_MALFORMED` or `MESSAGE_TOO_LARGE`.
pub fn reply_from_wire(mut message: pb::CatalogReply) -> Result<CatalogPageReply, Refusal> {
    let messages = std::mem::take(&mut message.letters);
    let messages = (messages > 0).then_some(messages);
    if message.unchanged {
        return match message.entries.is_empty() && message.templates.is_empty() {
            true => Ok(CatalogPageReply::Unchanged {
                newest_message: messages,
            }),
            false => Err(field::malformed("an unchanged page brings something")),
        };
    }
    let digest = Digest::of(&message.encode_to_vec());
    let mut page = page_from_wire(message)?;
    page.newest_message = messages;
    Ok(CatalogPageReply::Page(page, digest))
}

fn page_from_wire(message: pb::CatalogReply) -> Result<CatalogEntryPage, Refusal> {
    let pb::CatalogReply {
        entries,
        next,
        templates,
        unchanged: _,
        letters: _,
        ended,
    } = message;
    if ended.len() > ENTRIES {
        return Err(field::malformed(format!(
            "the page holds {} offers that are over; at most {ENTRIES} are read",
            ended.len()
        )));
    }
    if templates.len() > TEMPLATES {
        return Err(field::malformed(format!(
            "the page holds {} templates; at most {TEMPLATES} are read",
            templates.len()
        )));
    }
    if entries.len() > ENTRIES {
        return Err(field::malformed(format!(
            "the page holds {} entries; at most {ENTRIES} are read",
            entries.len()
        )));
    }
    Ok(CatalogEntryPage {
        entries: entries
            .into_iter()
            .map(entry_from_wire)
            .collect::<Result<_, _>>()?,
        next: mark(next)?,
        templates: templates
            .into_iter()
            .map(template_from_wire)
            .collect::<Result<_, _>>()?,
        ended: ended
            .into_iter()
            .map(ended_from_wire)
            .collect::<Result<_, _>>()?,
        newest_message: None,
    })
}

/// Puts a page together, without the messages that wait: the page is the same with them and without.
fn page_to_wire(page: &CatalogEntryPage) -> pb::CatalogReply {
    let CatalogEntryPage {
        entries,
        next,
        templates,
        ended,
        newest_message: _,
    } = page;
    pb::CatalogReply {
        unchanged: false,
        letters: 0,
        entries: entries.iter().map(entry_to_wire).collect(),
        next: next.clone().unwrap_or_default(),
        templates: templates
            .iter()
            .map(|ListedTemplate { name, text }| pb::CatalogTemplate {
                name: name.clone(),
                text: text.clone(),
            })
            .collect(),
        ended: ended
            .iter()
            .take(ENTRIES)
            .map(|one| pb::CatalogEndedOffer {
                dataset: one.dataset.to_string(),
                ended_at: one.ended.micros(),
            })
            .collect(),
    }
}

fn ended_from_wire(message: pb::CatalogEndedOffer) -> Result<EndedOffer, Refusal> {
    let pb::CatalogEndedOffer { dataset, ended_at } = message;
    Ok(EndedOffer {
        dataset: identifier("the dataset of an offer that is over", &dataset)?,
        ended: UtcTimestamp::from_micros(ended_at)
            .map_err(|why| field::malformed(format!("an offer ends at no instant: {why}")))?,
    })
}

fn template_from_wire(message: pb::CatalogTemplate) -> Result<ListedTemplate, Refusal> {
    let pb::CatalogTemplate { name, text } = message;
    Ok(ListedTemplate {
        name: field::line("name", name, 200)?,
        text: field::document("text", text)?,
    })
}

fn entry_from_wire(message: pb::CatalogEntry) -> Result<ListedDataset, Refusal> {
    let pb::CatalogEntry {
        dataset,
        offers,
        kind,
        description,
        queries,
    } = message;
    if queries.len() > SavedQuery::MOST {
        return Err(field::malformed(format!(
            "a dataset has {} saved queries; at most {} are read",
            queries.len(),
            SavedQuery::MOST
        )));
    }
    if offers.len() > ENTRIES {
        return Err(field::malformed(format!(
            "a dataset has {} offers; at most {ENTRIES} are read",
            offers.len()
        )));
    }
    Ok(ListedDataset {
        dataset: field::document("dataset", dataset)?,
        kind: match kind.as_str() {
            "" => None,
            word => Some(word.parse::<DatasetKind>().map_err(|why| {
                field::malformed(format!("a dataset is of an unknown kind: {why}"))
            })?),
        },
        description: description
            .map(description_from_wire)
            .transpose()?
            .unwrap_or_default(),
        queries: queries
            .into_iter()
            .map(query_from_wire)
            .collect::<Result<_, _>>()?,
        offers: offers
            .into_iter()
            .map(offer_from_wire)
            .collect::<Result<_, _>>()?,
    })
}

fn query_from_wire(message: pb::CatalogQuery) -> Result<SavedQuery, Refusal> {
    let pb::CatalogQuery {
        name,
        title,
        description,
        sql,
        parameters,
    } = message;
    if sql.len() > SavedQuery::LONGEST || parameters.len() > SavedQuery::MOST_PARAMETERS {
        return Err(field::malformed(format!(
            "the saved query `{name}` is larger than what is read"
        )));
    }
    Ok(SavedQuery {
        name: identifier("a saved query", &name)?,
        title: field::line("title", title, DatasetDescription::LONGEST)?,
        description: statement("description", description)?,
        sql,
        parameters: parameters
            .into_iter()
            .map(|message| {
                let pb::CatalogQueryParameter {
                    name,
                    r#type,
                    description,
                    default,
                } = message;
                Ok(SavedQueryParameter {
                    name: identifier("a parameter", &name)?,
                    kind: r#type.parse().map_err(|_| {
                        field::malformed(format!("the parameter `{name}` is of an unknown type"))
                    })?,
                    description: statement("description", description)?,
                    default,
                })
            })
            .collect::<Result<_, Refusal>>()?,
    })
}

fn identifier(what: &str, name: &str) -> Result<SqlIdentifier, Refusal> {
    name.parse()
        .map_err(|cause| field::malformed(format!("`{name}` names {what}")).caused_by(cause))
}

fn query_to_wire(query: &SavedQuery) -> pb::CatalogQuery {
    let SavedQuery {
        name,
        title,
        description,
        sql,
        parameters,
    } = query;
    pb::CatalogQuery {
        name: name.to_string(),
        title: title.clone(),
        description: description.clone().unwrap_or_default(),
        sql: sql.clone(),
        parameters: parameters
            .iter()
            .map(|parameter| {
                let SavedQueryParameter {
                    name,
                    kind,
                    description,
                    default,
                } = parameter;
                pb::CatalogQueryParameter {
                    name: name.to_string(),
                    r#type: kind.to_string(),
                    description: description.clone().unwrap_or_default(),
                    default: default.clone(),
                }
            })
            .collect(),
    }
}

fn description_from_wire(message: pb::CatalogDescription) -> Result<ListedDescription, Refusal> {
    let pb::CatalogDescription {
        quality,
        uncertainty,
        collection_method,
        service_level,
        columns,
    } = message;
    if columns.len() > ENTRIES {
        return Err(field::malformed(format!(
            "the uncertainty of {} columns is stated; at most {ENTRIES} are read",
            columns.len()
        )));
    }
    Ok(ListedDescription {
        dataset: DatasetDescription {
            quality: statement("quality", quality)?,
            uncertainty: statement("uncertainty", uncertainty)?,
            collection_method: statement("collection_method", collection_method)?,
            service_level: statement("service_level", service_level)?,
        },
        columns: columns
            .into_iter()
            .map(|message| {
                let pb::CatalogColumnUncertainty {
                    column,
                    uncertainty,
                } = message;
                let name = column.parse().map_err(|cause| {
                    field::malformed("the uncertainty of what is no column is stated")
                        .caused_by(cause)
                })?;
                let stated = statement("uncertainty", uncertainty)?;
                Ok((name, field::present("uncertainty", stated)?))
            })
            .collect::<Result<_, Refusal>>()?,
    })
}

/// A line that says nothing where it is empty.
fn statement(name: &str, text: String) -> Result<Option<String>, Refusal> {
    let text = field::line(name, text, DatasetDescription::LONGEST)?;
    Ok((!text.is_empty()).then_some(text))
}

/// Nothing where nothing is stated, so that the reply is the one of a version without such statements.
fn description_to_wire(description: &ListedDescription) -> Option<pb::CatalogDescription> {
    let ListedDescription { dataset, columns } = description;
    let DatasetDescription {
        quality,
        uncertainty,
        collection_method,
        service_level,
    } = dataset;
    let text = |statement: &Option<String>| statement.clone().unwrap_or_default();
    let message = pb::CatalogDescription {
        quality: text(quality),
        uncertainty: text(uncertainty),
        collection_method: text(collection_method),
        service_level: text(service_level),
        columns: columns
            .iter()
            .map(|(column, uncertainty)| pb::CatalogColumnUncertainty {
                column: column.to_string(),
                uncertainty: uncertainty.clone(),
            })
            .collect(),
    };
    (message != pb::CatalogDescription::default()).then_some(message)
}

fn entry_to_wire(entry: &ListedDataset) -> pb::CatalogEntry {
    let ListedDataset {
        dataset,
        kind,
        description,
        queries,
        offers,
    } = entry;
    pb::CatalogEntry {
        queries: queries.iter().map(query_to_wire).collect(),
        description: description_to_wire(description),
        dataset: dataset.clone(),
        kind: kind.map_or_else(String::new, |kind| kind.to_string()),
        offers: offers.iter().map(offer_to_wire).collect(),
    }
}

fn offer_from_wire(message: pb::CatalogOffer) -> Result<ListedOffer, Refusal> {
    let pb::CatalogOffer {
        name,
        policy,
        public_view,
    } = message;
    Ok(ListedOffer {
        name: field::line("name", name, 200)?,
        policy: field::document("policy", policy)?,
        public_view,
    })
}

fn offer_to_wire(offer: &ListedOffer) -> pb::CatalogOffer {
    let ListedOffer {
        name,
        policy,
        public_view,
    } = offer;
    pb::CatalogOffer {
        name: name.clone(),
        policy: policy.clone(),
        public_view: *public_view,
    }
}

fn mark(text: String) -> Result<Option<String>, Refusal> {
    let text = field::line("after", text, 200)?;
    Ok((!text.is_empty()).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::{
        CatalogEntryPage, CatalogPageReply, CatalogPageRequest, ListedDataset, ListedDescription,
        ListedOffer, ListedTemplate,
    };
    use crate::samples;
    use hansa_audit_log::digest::Digest;
    use hansa_catalog::dataset::{ColumnType, DatasetDescription, DatasetKind};
    use hansa_catalog::saved_query::{SavedQuery, SavedQueryParameter};
    use hansa_policy::refusal::ErrorCode;

    /// An entry from before there were kinds says none; one that says its kind still has the entry that was always read.
    #[test]
    fn the_kind_of_a_dataset_stands_beside_its_entry() {
        let entry = |kind| ListedDataset {
            dataset: "{}".into(),
            kind,
            description: ListedDescription::default(),
            queries: Vec::new(),
            offers: Vec::new(),
        };
        let before = super::pb::CatalogEntry {
            dataset: "{}".into(),
            ..Default::default()
        };
        assert_eq!(super::entry_to_wire(&entry(None)), before);
        assert_eq!(super::entry_from_wire(before), Ok(entry(None)));
        for (word, kind) in DatasetKind::ALL {
            let encoded = super::entry_to_wire(&entry(Some(kind)));
            assert_eq!(
                (encoded.kind.as_str(), &encoded.dataset[..]),
                (word, &b"{}"[..])
            );
            assert_eq!(super::entry_from_wire(encoded), Ok(entry(Some(kind))));
        }
        let guessed = super::pb::CatalogEntry {
            dataset: "{}".into(),
            kind: "guessed".to_owned(),
            ..Default::default()
        };
        let refusal = super::entry_from_wire(guessed).unwrap_err();
        assert!(refusal.sentence.contains("measured, forecast"), "{refusal}");
    }

    fn query() -> SavedQuery {
        SavedQuery {
            name: "busy".parse().unwrap(),
            title: "Busy sites".to_owned(),
            description: None,
            sql: "SELECT site FROM bikes WHERE bikes > $least".to_owned(),
            parameters: vec![SavedQueryParameter {
                name: "least".parse().unwrap(),
                kind: ColumnType::Int,
                description: Some("so many".to_owned()),
                default: Some("7".to_owned()),
            }],
        }
    }

    #[test]
    fn saved_queries_of_an_unknown_form_are_refused() {
        let entry = ListedDataset {
            dataset: "{}".into(),
            kind: None,
            description: ListedDescription::default(),
            queries: vec![query()],
            offers: Vec::new(),
        };
        let encoded = super::entry_to_wire(&entry);
        assert_eq!(super::entry_from_wire(encoded.clone()), Ok(entry));
        let refused = |change: fn(&mut super::pb::CatalogQuery)| {
            let mut encoded = encoded.clone();
            change(&mut encoded.queries[0]);
            super::entry_from_wire(encoded).unwrap_err()
        };
        refused(|query| query.name = "Busy".to_owned());
        refused(|query| query.title = "a\nb".to_owned());
        refused(|query| query.sql = "x".repeat(SavedQuery::LONGEST + 1));
        refused(|query| query.parameters[0].r#type = "blob".to_owned());
        refused(|query| query.parameters[0].name = String::new());
        let mut many = encoded;
        many.queries = vec![many.queries[0].clone(); SavedQuery::MOST + 1];
        assert!(super::entry_from_wire(many).is_err());
    }

    fn described() -> ListedDescription {
        ListedDescription {
            dataset: DatasetDescription {
                quality: Some("98 % of the hours are complete".to_owned()),
                uncertainty: None,
                collection_method: Some("induction loops".to_owned()),
                service_level: Some("new rows by 06:00 UTC".to_owned()),
            },
            columns: vec![("bikes".parse().unwrap(), "± 5 %".to_owned())],
        }
    }

    /// An entry from before there were descriptions states nothing; one that does, still has the entry that was always read.
    #[test]
    fn the_description_of_a_dataset_stands_beside_its_entry() {
        let stated = ListedDataset {
            dataset: "{}".into(),
            kind: None,
            description: described(),
            queries: vec![query()],
            offers: Vec::new(),
        };
        let encoded = super::entry_to_wire(&stated);
        assert_eq!(&encoded.dataset[..], b"{}");
        assert_eq!(super::entry_from_wire(encoded.clone()), Ok(stated));
        let mut entry = samples::dataset();
        described().complete(&mut entry).unwrap();
        assert_eq!(ListedDescription::of_entry(&entry), described());
        // Bounds are those of the reader: a line, not too long, about a column that is there.
        let longest = DatasetDescription::LONGEST;
        for (text, is_read) in [
            ("x".repeat(longest), true),
            ("x".repeat(longest + 1), false),
            ("two\nlines".to_owned(), false),
        ] {
            let mut one = encoded.clone();
            one.description.as_mut().unwrap().service_level = text;
            let read = super::entry_from_wire(one);
            assert_eq!(read.is_ok(), is_read, "{read:?}");
        }
        let mut elsewhere = described();
        elsewhere.columns[0].0 = "trams".parse().unwrap();
        let refusal = elsewhere.complete(&mut samples::dataset()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::MessageMalformed, "{refusal}");
    }

    #[test]
    fn pages_survive_the_round_trip() {
        let page = CatalogEntryPage {
            entries: vec![ListedDataset {
                dataset: "{}".into(),
                kind: Some(DatasetKind::Forecast),
                description: described(),
                queries: vec![query()],
                offers: vec![ListedOffer {
                    name: "research".to_owned(),
                    policy: "{}".into(),
                    public_view: true,
                }],
            }],
            next: Some("trips".to_owned()),
            templates: vec![ListedTemplate {
                name: "basic".to_owned(),
                text: "title = \"x\"".into(),
            }],
            newest_message: Some(7),
            ended: vec![super::EndedOffer {
                dataset: "bikes".parse().unwrap(),
                ended: "2026-11-20T00:00:00Z".parse().unwrap(),
            }],
        };
        for page in [page, CatalogEntryPage::default()] {
            let none = CatalogPageRequest::default();
            let reply = super::reply_from_wire(super::reply_to_wire(&page, &none)).unwrap();
            let CatalogPageReply::Page(back, digest) = reply else {
                panic!("nothing was known before");
            };
            assert_eq!(back, page);
            // Known, it does not travel again, whatever messages came meanwhile; another one does.
            let page = CatalogEntryPage {
                newest_message: Some(9),
                ..page
            };
            for (known, unchanged) in [(digest, true), (Digest::of(b"another"), false)] {
                let request = CatalogPageRequest {
                    known: Some(known),
                    ..CatalogPageRequest::default()
                };
                let again = super::reply_to_wire(&page, &request);
                assert_eq!(again.unchanged, unchanged);
                let messages = Some(9);
                match super::reply_from_wire(again).unwrap() {
                    CatalogPageReply::Unchanged {
                        newest_message: reported,
                    } => {
                        assert_eq!((reported, unchanged), (messages, true))
                    }
                    CatalogPageReply::Page(parsed, _) => {
                        assert_eq!((parsed.newest_message, unchanged), (messages, false))
                    }
                }
            }
        }
        let request = CatalogPageRequest {
            after: Some("trips".to_owned()),
            limit: Some(10),
            known: Some(Digest::of(b"before")),
        };
        for request in [request, CatalogPageRequest::default()] {
            let back = super::request_from_wire(super::request_to_wire(&request)).unwrap();
            assert_eq!(back, request);
        }
    }
}
