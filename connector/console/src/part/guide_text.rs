//! Pages of the guide as HTML: the part of Markdown that the guide has. What is not in it stays text.

use crate::part::text::reveal_controls;
use maud::{Markup, html};

/// Block of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum GuideBlock {
    Heading {
        level: usize,
        text: String,
    },
    Paragraph(String),
    List {
        is_ordered: bool,
        items: Vec<Vec<GuideBlock>>,
    },
    Code(String),
    Table(Vec<Vec<String>>),
}

/// Target of a link of the guide in the console: the address; none where the console has no page for it.
pub(crate) type LinkTarget = fn(&str) -> Option<String>;

/// Title of a text: its first heading.
pub(crate) fn guide_title(text: &str) -> &str {
    let heading = text.lines().find_map(|line| line.strip_prefix("# "));
    heading.unwrap_or_default()
}

/// Text below its title.
pub(crate) fn render_guide(text: &str, links: LinkTarget) -> Markup {
    let blocks = parse_blocks(text.lines().collect());
    html! {
        @for block in blocks.iter().filter(|block| !is_title(block)) {
            (render_block(block, links))
        }
    }
}

const fn is_title(block: &GuideBlock) -> bool {
    matches!(block, GuideBlock::Heading { level: 1, .. })
}

/// ID of a heading, as links in the guide name it.
pub(crate) fn heading_id(text: &str) -> String {
    let kept = text.chars().filter_map(|letter| match letter {
        ' ' | '-' => Some('-'),
        letter if letter.is_alphanumeric() => Some(letter.to_ascii_lowercase()),
        _ => None,
    });
    let mut id = "g-".to_owned();
    id.extend(kept);
    id
}

/// Lines of a text that are still to be read.
struct GuideLines<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> GuideLines<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.next).copied()
    }

    /// Lines as long as they meet a condition.
    fn take_while(&mut self, condition: impl Fn(&str) -> bool) -> Vec<&'a str> {
        let mut taken = Vec::new();
        while let Some(line) = self.peek().filter(|line| condition(line)) {
            taken.push(line);
            self.next += 1;
        }
        taken
    }
}

fn parse_blocks(lines: Vec<&str>) -> Vec<GuideBlock> {
    let mut lines = GuideLines { lines, next: 0 };
    let mut blocks = Vec::new();
    while let Some(line) = lines.peek() {
        if line.trim().is_empty() || line.starts_with("<!--") {
            lines.next += 1;
        } else if let Some((level, text)) = read_heading(line) {
            lines.next += 1;
            blocks.push(GuideBlock::Heading { level, text });
        } else if line.starts_with("```") {
            lines.next += 1;
            let code = lines.take_while(|line| !line.starts_with("```"));
            lines.next += 1;
            blocks.push(GuideBlock::Code(code.join("\n")));
        } else if line.starts_with('|') {
            let rows = lines.take_while(|line| line.starts_with('|'));
            blocks.push(GuideBlock::Table(read_table(&rows)));
        } else if let Some(marker) = ListMarker::of(line) {
            blocks.push(read_list(&mut lines, marker.is_ordered));
        } else {
            let text = lines.take_while(|line| !line.trim().is_empty() && !begins_block(line));
            blocks.push(GuideBlock::Paragraph(text.join(" ")));
        }
    }
    blocks
}

/// True for a line that ends a paragraph without an empty line before it.
fn begins_block(line: &str) -> bool {
    ["```", "|", "- ", "1. "]
        .iter()
        .any(|mark| line.starts_with(mark))
}

fn read_heading(line: &str) -> Option<(usize, String)> {
    let text = line.trim_start_matches('#');
    let level = line.len().saturating_sub(text.len());
    let text = text.strip_prefix(' ')?;
    (1..=4).contains(&level).then(|| (level, text.to_owned()))
}

/// Mark of an item of a list.
#[derive(Debug, Clone, Copy)]
struct ListMarker {
    is_ordered: bool,
    /// Length with the space behind it, in bytes.
    length: usize,
}

impl ListMarker {
    fn of(line: &str) -> Option<Self> {
        if line.starts_with("- ") {
            return Some(Self {
                is_ordered: false,
                length: 2,
            });
        }
        let rest = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let digits = line.len().saturating_sub(rest.len());
        ((1..=2).contains(&digits) && rest.starts_with(". ")).then_some(Self {
            is_ordered: true,
            length: digits + 2,
        })
    }
}

fn read_list(lines: &mut GuideLines<'_>, is_ordered: bool) -> GuideBlock {
    let mut items = Vec::new();
    while let Some(line) = lines.peek() {
        let Some(marker) = ListMarker::of(line).filter(|marker| marker.is_ordered == is_ordered)
        else {
            break;
        };
        lines.next += 1;
        let mut item = vec![line.get(marker.length..).unwrap_or_default()];
        let indent = " ".repeat(marker.length);
        while let Some(line) = lines.peek() {
            match line.strip_prefix(indent.as_str()) {
                Some(rest) => item.push(rest),
                None if line.trim().is_empty() && goes_on(lines, &indent) => item.push(""),
                None => break,
            }
            lines.next += 1;
        }
        items.push(parse_blocks(item));
        // Items may stand apart.
        let ahead = lines.lines.get(lines.next + 1).copied();
        let is_apart = lines.peek().is_some_and(|line| line.trim().is_empty());
        if is_apart && ahead.is_some_and(|line| ListMarker::of(line).is_some()) {
            lines.next += 1;
        }
    }
    GuideBlock::List { is_ordered, items }
}

/// True if the line behind an empty one still belongs to the item.
fn goes_on(lines: &GuideLines<'_>, indent: &str) -> bool {
    let ahead = lines.lines.get(lines.next + 1);
    ahead.is_some_and(|line| line.starts_with(indent))
}

fn read_table(rows: &[&str]) -> Vec<Vec<String>> {
    let is_rule = |row: &&&str| row.chars().all(|letter| "|-: ".contains(letter));
    let rows = rows.iter().filter(|row| !is_rule(row));
    let cells = rows.map(|row| {
        let inner = row.trim().trim_start_matches('|').trim_end_matches('|');
        split_cells(inner)
    });
    cells.collect()
}

/// Cells of a row; `\|` and a bar in code belong to a cell.
fn split_cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_code = false;
    let mut letters = row.chars().peekable();
    while let Some(letter) = letters.next() {
        let Some(cell) = cells.last_mut() else { break };
        match letter {
            '\\' if letters.peek() == Some(&'|') => cell.extend(letters.next()),
            '`' => {
                is_code = !is_code;
                cell.push(letter);
            }
            '|' if !is_code => cells.push(String::new()),
            letter => cell.push(letter),
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn render_block(block: &GuideBlock, links: LinkTarget) -> Markup {
    html! {
        @match block {
            GuideBlock::Heading { level, text } => {
                @let id = heading_id(text);
                @if *level <= 2 { h2 id=(id) { (render_inline(text, links)) } }
                @else { h3 id=(id) { (render_inline(text, links)) } }
            }
            GuideBlock::Paragraph(text) => { p { (render_inline(text, links)) } }
            GuideBlock::Code(code) => { pre { code { (reveal_controls(code)) } } }
            GuideBlock::List { is_ordered: true, items } => { ol { (render_items(items, links)) } }
            GuideBlock::List { is_ordered: false, items } => { ul { (render_items(items, links)) } }
            GuideBlock::Table(rows) => { (render_rows(rows, links)) }
        }
    }
}

fn render_items(items: &[Vec<GuideBlock>], links: LinkTarget) -> Markup {
    html! {
        @for item in items {
            li {
                @for (index, block) in item.iter().enumerate() {
                    @match block {
                        GuideBlock::Paragraph(text) if index == 0 => { (render_inline(text, links)) }
                        block => { (render_block(block, links)) }
                    }
                }
            }
        }
    }
}

/// Rows of a table as a list of facts: it needs no caption, and reads well on a narrow screen.
fn render_rows(rows: &[Vec<String>], links: LinkTarget) -> Markup {
    let heads = rows.first().map(Vec::as_slice).unwrap_or_default();
    html! {
        ul.rows {
            @for row in rows.iter().skip(1) {
                li {
                    @for (index, cell) in row.iter().enumerate() {
                        @let head = heads.get(index).map(String::as_str).unwrap_or_default();
                        @if index == 0 {
                            strong { (render_inline(cell, links)) }
                        } @else if !cell.is_empty() {
                            br;
                            @if row.len() > 2 && !head.is_empty() { (render_inline(head, links)) ": " }
                            (render_inline(cell, links))
                        }
                    }
                }
            }
        }
    }
}

/// Piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InlinePiece<'a> {
    Text(&'a str),
    Code(&'a str),
    Strong(&'a str),
    Emphasis(&'a str),
    Link { text: &'a str, target: &'a str },
}

fn render_inline(text: &str, links: LinkTarget) -> Markup {
    html! {
        @for piece in split_inline(text) {
            @match piece {
                InlinePiece::Text(text) => { (reveal_controls(text)) }
                InlinePiece::Code(text) => { code { (reveal_controls(text)) } }
                InlinePiece::Strong(text) => { strong { (render_inline(text, links)) } }
                InlinePiece::Emphasis(text) => { em { (render_inline(text, links)) } }
                InlinePiece::Link { text, target } => {
                    @match links(target) {
                        Some(address) => { a href=(address) { (render_inline(text, links)) } }
                        None => { (render_inline(text, links)) }
                    }
                }
            }
        }
    }
}

fn split_inline(text: &str) -> Vec<InlinePiece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut plain = 0;
    while let Some(here) = rest.get(plain..) {
        let Some(letter) = here.chars().next() else {
            break;
        };
        match read_piece(here) {
            Some((piece, length)) => {
                let before = rest.get(..plain).unwrap_or_default();
                pieces.extend((!before.is_empty()).then_some(InlinePiece::Text(before)));
                pieces.push(piece);
                rest = here.get(length..).unwrap_or_default();
                plain = 0;
            }
            None => plain += letter.len_utf8(),
        }
    }
    pieces.extend((!rest.is_empty()).then_some(InlinePiece::Text(rest)));
    pieces
}

/// Piece at the beginning of a text, with its length; none for plain text.
fn read_piece(text: &str) -> Option<(InlinePiece<'_>, usize)> {
    let enclosed = |mark: &str| {
        let (inner, _) = text.strip_prefix(mark)?.split_once(mark)?;
        let is_piece = !inner.is_empty() && !inner.starts_with(' ');
        is_piece.then_some((inner, inner.len() + 2 * mark.len()))
    };
    if let Some((inner, length)) = enclosed("`") {
        return Some((InlinePiece::Code(inner), length));
    }
    if let Some((inner, length)) = enclosed("**") {
        return Some((InlinePiece::Strong(inner), length));
    }
    if let Some((inner, length)) = enclosed("*") {
        return Some((InlinePiece::Emphasis(inner), length));
    }
    let (named, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (target, _) = rest.split_once(')')?;
    let piece = InlinePiece::Link {
        text: named,
        target,
    };
    Some((piece, named.len() + target.len() + 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str) -> String {
        render_guide(text, |target| {
            let topic = target.strip_suffix(".md")?;
            Some(format!("/help/{topic}"))
        })
        .into_string()
    }

    #[test]
    fn blocks_of_the_guide_become_elements() {
        let text = "# Title\n\nOne *two*\n**three** `a < b`.\n\n## Next `step`\n<!-- run -->\n```sh\nhansa <x>\n```\n";
        assert_eq!(guide_title(text), "Title");
        assert_eq!(
            render(text),
            "<p>One <em>two</em> <strong>three</strong> <code>a &lt; b</code>.</p>\
             <h2 id=\"g-next-step\">Next <code>step</code></h2><pre><code>hansa &lt;x&gt;</code></pre>"
        );
    }

    #[test]
    fn an_item_holds_what_is_indented_below_it() {
        let text = "1. Stop\n   it.\n2. Replace:\n\n   ```\n   hansa rekey\n   ```\n\n   Then go on.\n3. State.\n\nAfter.";
        assert_eq!(
            render(text),
            "<ol><li>Stop it.</li><li>Replace:<pre><code>hansa rekey</code></pre><p>Then go on.</p></li>\
             <li>State.</li></ol><p>After.</p>"
        );
        assert_eq!(
            render("Both:\n- a\n- b\n  - c"),
            "<p>Both:</p><ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"
        );
    }

    #[test]
    fn a_link_leads_to_a_page_of_the_console_or_is_text() {
        assert_eq!(
            render("See [the city](city.md), [figures](../figures.csv)."),
            "<p>See <a href=\"/help/city\">the city</a>, figures.</p>"
        );
        assert_eq!(render("[a](b"), "<p>[a](b</p>");
        assert_eq!(render("2 * 3 * 4, `x"), "<p>2 * 3 * 4, `x</p>");
    }

    #[test]
    fn a_row_of_a_table_becomes_an_item() {
        assert_eq!(
            render("| act | role | proof |\n|---|---|---|\n| sign | signer | `a|b` |"),
            "<ul class=\"rows\"><li><strong>sign</strong><br>role: signer<br>proof: <code>a|b</code></li></ul>"
        );
    }
}
