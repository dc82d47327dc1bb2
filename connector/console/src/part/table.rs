//! Tables that scroll in a region of their own and become lists on a narrow screen.

use maud::{Markup, html};

/// Table of a page.
pub(crate) struct DataTable<'a> {
    /// ID of the caption, once on a page.
    pub(crate) id: &'a str,
    /// Subject of the table.
    pub(crate) caption: String,
    /// Heads of the columns.
    pub(crate) columns: Vec<String>,
    /// Cells of each row; the first is its head.
    pub(crate) rows: Vec<Vec<Markup>>,
}

/// Table in a region that takes the focus, since it may scroll.
pub(crate) fn render_table(table: &DataTable<'_>) -> Markup {
    render_aligned_table(table, &[])
}

/// Table with columns of numbers, whose digits stand one below the other; `is_number` says it of each column.
pub(crate) fn render_aligned_table(table: &DataTable<'_>, is_number: &[bool]) -> Markup {
    let class = |index: usize| {
        is_number
            .get(index)
            .is_some_and(|is| *is)
            .then_some("number")
    };
    let DataTable {
        id,
        caption,
        columns,
        rows,
    } = table;
    html! {
        div.region role="region" tabindex="0" aria-labelledby=(id) {
            table {
                caption id=(id) { (caption) }
                thead {
                    tr {
                        @for (index, column) in columns.iter().enumerate() {
                            th scope="col" class=[class(index)] { (column) }
                        }
                    }
                }
                tbody {
                    @for cells in rows {
                        tr {
                            @for (index, (column, cell)) in columns.iter().zip(cells).enumerate() {
                                @if index == 0 {
                                    th scope="row" class=[class(index)] data-label=(column) { (cell) }
                                } @else {
                                    td class=[class(index)] data-label=(column) { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Fact with its name, in a list of facts.
pub(crate) struct Fact {
    /// Name of the fact.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: Markup,
}

impl Fact {
    /// Fact from its name and its value.
    pub(crate) fn new(name: String, value: Markup) -> Self {
        Self { name, value }
    }
}

/// List of facts.
pub(crate) fn render_facts(facts: &[Fact]) -> Markup {
    html! {
        dl.facts {
            @for fact in facts {
                div {
                    dt { (fact.name) }
                    dd { (fact.value) }
                }
            }
        }
    }
}
