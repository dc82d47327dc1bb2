//! HTML pages of the catalogue for people: without style sheets, scripts and other hosts.

use crate::code_list::language_tag;
use crate::licence;
use crate::portal_catalog::{PortalCatalog, PortalDataset};
use crate::rdf_format::RdfFormat;

/// Page with the list of datasets.
pub(crate) fn catalog_page(catalog: &PortalCatalog) -> String {
    let mut body = format!(
        "<h1>{}</h1>\n<p>{}</p>\n<p>{}</p>\n<ul>\n",
        escape_html(&catalog.title),
        escape_html(&catalog.description),
        escape_html(&catalog.publisher.name)
    );
    for dataset in &catalog.datasets {
        let address = catalog.local_iri(&format!("dataset-{}.html", dataset.name));
        body.push_str(&format!(
            "<li><a href=\"{}\">{}</a></li>\n",
            escape_html(&address),
            escape_html(&dataset.title)
        ));
    }
    body.push_str("</ul>\n");
    body.push_str(&format_links(&format!("{}/catalog", catalog.base)));
    html_page(catalog, &catalog.title, &body)
}

/// Page of one dataset.
pub(crate) fn dataset_page(catalog: &PortalCatalog, dataset: &PortalDataset) -> String {
    let statements = &dataset.statements;
    let mut body = format!("<h1>{}</h1>\n", escape_html(&dataset.title));
    if let Some(description) = &statements.description {
        body.push_str(&format!("<p>{}</p>\n", escape_html(description)));
    }
    body.push_str("<table>\n");
    let mut row = |name: &str, value: String| {
        body.push_str(&format!(
            "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n"
        ));
    };
    row("dct:publisher", escape_html(&catalog.publisher.name));
    let licence = match licence::document_iri(&dataset.licence) {
        Some(document) => format!(
            "<a href=\"{}\">{}</a>",
            escape_html(&document),
            escape_html(&dataset.licence)
        ),
        None => escape_html(&dataset.licence),
    };
    row("dct:license", licence);
    if let Some(attribution) = &dataset.attribution {
        row("attribution", escape_html(attribution));
    }
    row("dcat:version", escape_html(&dataset.version));
    row("dct:modified", dataset.published_at.to_string());
    if let Some((first, last)) = dataset.time_span {
        row("dct:temporal", format!("{first} – {last}"));
    }
    let keywords = statements.keywords.join(", ");
    if !keywords.is_empty() {
        row("dcat:keyword", escape_html(&keywords));
    }
    for file in &dataset.files {
        let address = escape_html(&dataset.file_address(&catalog.base, file));
        row(
            "dcat:downloadURL",
            format!("<a href=\"{address}\">{address}</a>"),
        );
    }
    row("hansa:contract", escape_html(&dataset.contract));
    body.push_str("</table>\n<table>\n<tr><th scope=\"col\">csvw:name</th><th scope=\"col\">csvw:datatype</th><th scope=\"col\">qudt:ucumCode</th><th scope=\"col\">dct:description</th></tr>\n");
    for column in &dataset.columns {
        body.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            escape_html(column.name.as_str()),
            column.kind,
            escape_html(column.unit.as_deref().unwrap_or_default()),
            escape_html(column.meaning.as_deref().unwrap_or_default())
        ));
    }
    body.push_str("</table>\n");
    body.push_str(&format_links(
        &catalog.local_iri(&format!("dataset-{}", dataset.name)),
    ));
    body.push_str(&format!(
        "<p><a href=\"{}/catalog.html\">{}</a></p>\n",
        escape_html(&catalog.base),
        escape_html(&catalog.title)
    ));
    html_page(catalog, &dataset.title, &body)
}

/// Links to the RDF formats of a page.
fn format_links(address: &str) -> String {
    let links = RdfFormat::ALL.map(|format| {
        format!(
            "<a href=\"{}.{}\" type=\"{}\">{}</a>",
            escape_html(address),
            format.file_extension(),
            format.media_type(),
            format.media_type()
        )
    });
    format!("<p>{}</p>\n", links.join(" "))
}

fn html_page(catalog: &PortalCatalog, title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        language_tag(&catalog.language),
        escape_html(title)
    )
}

/// Text escaped for HTML content and quoted attributes.
fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
