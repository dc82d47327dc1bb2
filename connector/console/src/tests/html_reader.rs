//! Strict reader of the HTML that this crate writes: quoted attributes, closed elements, four entities.

/// Elements that have no end tag.
const VOID: [&str; 4] = ["br", "input", "link", "meta"];

/// Element of a page.
#[derive(Debug)]
pub(super) struct PageElement {
    pub(super) name: String,
    pub(super) attributes: Vec<PageAttribute>,
    /// Text of the element and of those in it.
    pub(super) text: String,
}

/// Attribute of an element, with its value as a browser reads it.
#[derive(Debug)]
pub(super) struct PageAttribute {
    pub(super) name: String,
    pub(super) value: String,
}

impl PageElement {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self
            .attributes
            .iter()
            .find(|attribute| attribute.name == name);
        found.map(|attribute| attribute.value.as_str())
    }
}

/// Elements of a page in the order of their start tags.
pub(super) fn read_page(page: &str) -> Vec<PageElement> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    let mut elements: Vec<PageElement> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    while !rest.is_empty() {
        if let Some(tag) = rest.strip_prefix("</") {
            let (name, after) = tag.split_once('>').expect("a closed end tag");
            let last = open.pop().expect("an open element");
            assert_eq!(elements[last].name, name);
            rest = after;
        } else if let Some(tag) = rest.strip_prefix('<') {
            let (element, after) = read_start_tag(tag);
            if !VOID.contains(&element.name.as_str()) {
                open.push(elements.len());
            }
            elements.push(element);
            rest = after;
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            let text = unescape(text);
            for index in &open {
                elements[*index].text.push_str(&text);
            }
            rest = after;
        }
    }
    assert!(open.is_empty(), "{open:?}");
    elements
}

fn read_start_tag(tag: &str) -> (PageElement, &str) {
    let end = tag.find([' ', '>']).expect("the end of a name");
    let (name, mut rest) = tag.split_at(end);
    let mut element = PageElement {
        name: read_name(name),
        attributes: Vec::new(),
        text: String::new(),
    };
    while let Some(attribute) = rest.strip_prefix(' ') {
        let end = attribute
            .find([' ', '>', '='])
            .expect("the end of an attribute");
        let (name, after) = attribute.split_at(end);
        let name = read_name(name);
        rest = after;
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let (text, after) = quoted.split_once('"').expect("a closing quote");
            assert!(!text.contains(['<', '>']), "{text}");
            value = unescape(text);
            rest = after;
        }
        element.attributes.push(PageAttribute { name, value });
    }
    (element, rest.strip_prefix('>').expect("a closed tag"))
}

fn read_name(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!(!name.is_empty() && name.bytes().all(is_plain), "{name:?}");
    name.to_owned()
}

fn unescape(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut read = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (entity, after) = piece.split_once(';').expect("a closed entity");
        read.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            other => panic!("unknown entity {other:?}"),
        });
        read.push_str(after);
    }
    read
}
