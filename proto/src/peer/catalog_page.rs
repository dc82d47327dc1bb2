//! Pages of the catalog. Entries are bytes here; other modules parse them.

use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::catalog_listing::EndedOffer;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use prost::Message as _;

/// Request for a catalog page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogPageRequest {
    /// Continuation of the previous page; absent: from the start.
    pub after: Option<String>,
    /// Most entries of the page; absent: the provider decides.
    pub limit: Option<u32>,
    /// Digest of the reply that the caller already has to this request.
    pub known: Option<Digest>,
}

/// Reply to a request for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogPageReply {
    /// Page, with the digest of its encoded reply.
    Page(CatalogEntryPage, Digest),
    /// The caller has the current page; only the waiting messages may differ.
    Unchanged {
        /// See [`CatalogEntryPage::newest_message`].
        newest_message: Option<u64>,
    },
}

/// Catalog page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogEntryPage {
    /// Entries that the caller may see.
    pub entries: Vec<ListedDataset>,
    /// Continuation for the next page; absent on the last page.
    pub next: Option<String>,
    /// Policy templates for peers, on the first page.
    pub templates: Vec<ListedTemplate>,
    /// Ended offers to the caller, on the first page.
    pub ended: Vec<EndedOffer>,
    /// Number of the newest message that waits for the caller.
    pub newest_message: Option<u64>,
}

/// Policy template as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTemplate {
    /// Name of the template.
    pub name: String,
    /// Content of the file.
    pub text: Bytes,
}

/// Dataset with its offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDataset {
    /// Dataset entry as catalog JSON.
    pub dataset: Bytes,
    /// Offers that the caller may request or already has under contract.
    pub offers: Vec<ListedOffer>,
}

/// Offer of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOffer {
    /// Provider's name of the offer.
    pub name: String,
    /// Offered policy as canonical JSON; for a public view, the contract in its envelope.
    pub policy: Bytes,
    /// True for a public view, under which any participant may ask.
    pub public_view: bool,
}

/// Most entries of one page.
const ENTRIES: usize = 1000;

/// Most templates of a page.
pub const TEMPLATES: usize = 50;

/// Reads a request from its wire message.
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
        after: read_page_mark(after)?,
        limit: (limit > 0).then_some(limit),
        known: match known.is_empty() {
            true => None,
            false => Some(field::read_digest("known", &known)?),
        },
    })
}

/// Writes a request as a wire message.
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
        known: known
            .as_ref()
            .map(field::digest_to_bytes)
            .unwrap_or_default(),
    }
}

/// Writes the reply to a request: the page, unless the caller already has it.
#[must_use]
pub fn reply_to_wire(page: &CatalogEntryPage, request: &CatalogPageRequest) -> pb::CatalogReply {
    let mut reply = page_to_wire(page);
    let messages = page.newest_message.unwrap_or(0);
    if request.known == Some(Digest::of(&reply.encode_to_vec())) {
        return pb::CatalogReply {
            unchanged: true,
            messages,
            ..pb::CatalogReply::default()
        };
    }
    reply.messages = messages;
    reply
}

/// Reads a reply from its wire message.
///
/// # Errors
/// `MESSAGE_MALFORMED` or `MESSAGE_TOO_LARGE`.
pub fn reply_from_wire(mut message: pb::CatalogReply) -> Result<CatalogPageReply, Refusal> {
    let messages = std::mem::take(&mut message.messages);
    let messages = (messages > 0).then_some(messages);
    if message.unchanged {
        return match message.entries.is_empty() && message.templates.is_empty() {
            true => Ok(CatalogPageReply::Unchanged {
                newest_message: messages,
            }),
            false => Err(field::malformed_message_refusal(
                "an unchanged page brings something",
            )),
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
        messages: _,
        ended,
    } = message;
    if ended.len() > ENTRIES {
        return Err(field::malformed_message_refusal(format!(
            "the page holds {} offers that are over; at most {ENTRIES} are read",
            ended.len()
        )));
    }
    if templates.len() > TEMPLATES {
        return Err(field::malformed_message_refusal(format!(
            "the page holds {} templates; at most {TEMPLATES} are read",
            templates.len()
        )));
    }
    if entries.len() > ENTRIES {
        return Err(field::malformed_message_refusal(format!(
            "the page holds {} entries; at most {ENTRIES} are read",
            entries.len()
        )));
    }
    Ok(CatalogEntryPage {
        entries: entries
            .into_iter()
            .map(entry_from_wire)
            .collect::<Result<_, _>>()?,
        next: read_page_mark(next)?,
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

/// Writes a page without the waiting messages, so that its digest does not depend on them.
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
        messages: 0,
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
        dataset: parse_dataset_name(&dataset)?,
        ended: UtcTimestamp::from_micros(ended_at).map_err(|why| {
            field::malformed_message_refusal(format!("an offer ends at no instant: {why}"))
        })?,
    })
}

fn template_from_wire(message: pb::CatalogTemplate) -> Result<ListedTemplate, Refusal> {
    let pb::CatalogTemplate { name, text } = message;
    Ok(ListedTemplate {
        name: field::read_line("name", name, 200)?,
        text: field::require_document("text", text)?,
    })
}

fn entry_from_wire(message: pb::CatalogEntry) -> Result<ListedDataset, Refusal> {
    let pb::CatalogEntry { dataset, offers } = message;
    if offers.len() > ENTRIES {
        return Err(field::malformed_message_refusal(format!(
            "a dataset has {} offers; at most {ENTRIES} are read",
            offers.len()
        )));
    }
    Ok(ListedDataset {
        dataset: field::require_document("dataset", dataset)?,
        offers: offers
            .into_iter()
            .map(offer_from_wire)
            .collect::<Result<_, _>>()?,
    })
}

fn entry_to_wire(entry: &ListedDataset) -> pb::CatalogEntry {
    let ListedDataset { dataset, offers } = entry;
    pb::CatalogEntry {
        dataset: dataset.clone(),
        offers: offers.iter().map(offer_to_wire).collect(),
    }
}

fn parse_dataset_name(name: &str) -> Result<SqlIdentifier, Refusal> {
    name.parse().map_err(|cause| {
        field::malformed_message_refusal(format!("`{name}` is no dataset whose offer is over"))
            .caused_by(cause)
    })
}

fn offer_from_wire(message: pb::CatalogOffer) -> Result<ListedOffer, Refusal> {
    let pb::CatalogOffer {
        name,
        policy,
        public_view,
    } = message;
    Ok(ListedOffer {
        name: field::read_line("name", name, 200)?,
        policy: field::require_document("policy", policy)?,
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

fn read_page_mark(text: String) -> Result<Option<String>, Refusal> {
    let text = field::read_line("after", text, 200)?;
    Ok((!text.is_empty()).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::{
        CatalogEntryPage, CatalogPageReply, CatalogPageRequest, ListedDataset, ListedOffer,
        ListedTemplate,
    };
    use hansa_audit_log::digest::Digest;

    #[test]
    fn pages_survive_the_round_trip() {
        let page = CatalogEntryPage {
            entries: vec![ListedDataset {
                dataset: "{}".into(),
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
            // A known page is not sent again, even with new messages; a changed page is.
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
