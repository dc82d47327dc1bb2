//! Map of a kept answer: the places of its first rows. Nothing is asked again.

use crate::console::ask_pages::{ASK, ASKERS, command_line, find_answer, question_form};
use crate::console::person_visit::PersonVisit;
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema};
use hansa_console::{
    AnswerMapView, MOST_MAP_ROWS, MapColumns, MapOutlines, MapRow, ROWS_PER_PAGE, render_answer_map,
};
use hansa_node::answer::cell_text::to_text_cells;
use hansa_node::console::kept_answers::KeptAnswer;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleResponse;
use std::sync::Arc;

/// Most letters of the name of a place.
const LABEL_LETTERS: usize = 100;

/// Map of an answer with the columns `lon` and `lat`; none for another answer.
pub(super) async fn show_answer_map(
    visit: &PersonVisit<'_>,
    id: &str,
) -> Result<Option<ConsoleResponse>, Refusal> {
    let _permitted = visit.permit(ASKERS, ASK).await?;
    let answer = find_answer(visit, id)?;
    let line = command_line("sql", &question_form(&answer));
    let page = visit.parameter("page").parse().unwrap_or(1);
    let lists = visit.connector.reloadable.published_lists();
    let view = run_blocking(move || {
        let mut view = build_map_view(&answer, page)?;
        if let Some(view) = &mut view {
            view.add_outlines(&lists);
        }
        Ok(view)
    })
    .await?;
    Ok(view.map(|view| visit.show_page(line, |frame| render_answer_map(frame, &view))))
}

fn build_map_view(answer: &Arc<KeptAnswer>, page: usize) -> Result<Option<AnswerMapView>, Refusal> {
    let Some(schema) = answer.rows.schema() else {
        return Ok(None);
    };
    let names: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let Some(columns) = MapColumns::of(&names) else {
        return Ok(None);
    };
    let most = u64::try_from(MOST_MAP_ROWS).unwrap_or(u64::MAX);
    let label = find_label(&schema);
    let mut places = Vec::new();
    for batch in answer.rows.read_rows(0, most)? {
        read_places(&batch, columns, label, &mut places)?;
    }
    let pages = places.len().div_ceil(ROWS_PER_PAGE).max(1);
    Ok(Some(AnswerMapView {
        id: answer.id.clone(),
        rows: answer.rows.rows(),
        places,
        page: page.clamp(1, pages),
        rows_per_page: ROWS_PER_PAGE,
        outlines: MapOutlines::default(),
    }))
}

/// First column of text: it names the place.
fn find_label(schema: &Schema) -> Option<usize> {
    let mut fields = schema.fields().iter();
    fields.position(|field| {
        matches!(
            field.data_type(),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    })
}

fn shorten_label(label: &str) -> String {
    label.chars().take(LABEL_LETTERS).collect()
}

fn read_places(
    batch: &RecordBatch,
    columns: MapColumns,
    label: Option<usize>,
    places: &mut Vec<MapRow>,
) -> Result<(), Refusal> {
    let mut wanted = vec![columns.lon, columns.lat];
    wanted.extend(label);
    let batch = batch.project(&wanted).map_err(|fault| {
        Refusal::new(ErrorCode::Internal, "the rows can't be shown").caused_by(fault)
    })?;
    for cells in to_text_cells(&batch)? {
        let mut cells = cells.into_iter();
        let (lon, lat) = (cells.next(), cells.next());
        places.push(MapRow {
            number: u64::try_from(places.len().saturating_add(1)).unwrap_or(u64::MAX),
            label: shorten_label(&cells.next().unwrap_or_default()),
            lon: lon.unwrap_or_default(),
            lat: lat.unwrap_or_default(),
        });
    }
    Ok(())
}
