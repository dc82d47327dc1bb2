//! Late rows: detection of changed periods, and their corrections.

use super::{DueReleaseJob, cells_of, in_time};
use crate::release::cell_file::select_released_columns;
use crate::release::cell_queries::TimeRange;
use crate::release::correction::{CorrectedFiles, merge_corrections};
use crate::release::history::{ReleaseHistory, format_time};
use crate::release::workspace::{self, sort_rows};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::PathBuf;

impl DueReleaseJob<'_> {
    /// Processes late rows for each part.
    pub(super) async fn process_late_rows(&mut self) -> Result<(), Refusal> {
        let touched = self.find_changed_parts().await?;
        for part in touched {
            let spent = self.series.parts.get(part);
            if let Some(spent) = spent.filter(|part| part.versions.len() >= MOST) {
                let until = format_time(spent.to, self.days);
                self.faults.push(
                    Refusal::new(
                        ErrorCode::ResourceLimit,
                        format!(
                            "late rows of `{}` from before {until} stay out: its cells were released {MOST} times",
                            self.snapshot.dataset.id.name
                        ),
                    )
                    .with_help("publish later and less often, so that a correction brings more at once"),
                );
                continue;
            }
            self.or_held_back(part).await?;
        }
        Ok(())
    }

    /// Corrects a part, or leaves it unchanged if the correction is unsafe or takes too long. Other parts do not wait for it.
    async fn or_held_back(&mut self, part: usize) -> Result<(), Refusal> {
        let (before, reported) = (self.series.clone(), self.facts.len());
        let done = in_time(self.time, self.correct_part(part)).await;
        let Err(refusal) = done else {
            return Ok(());
        };
        if !matches!(
            refusal.code,
            ErrorCode::SumOverflow | ErrorCode::ResourceLimit
        ) {
            return Err(refusal);
        }
        let until = before.parts.get(part).map(|part| part.to);
        let until = until
            .map(|until| self::format_time(until, self.days))
            .unwrap_or_default();
        // The revision stays increased, since a file name is never reused, even for an unread file.
        let revision = self.series.revision;
        self.series = ReleaseHistory { revision, ..before };
        self.facts.truncate(reported);
        let name = &self.snapshot.dataset.id.name;
        self.faults.push(refusal.with_help(format!(
            "late rows of `{name}` from before {until} stay out until the next publication; the cells stay as they were released"
        )));
        Ok(())
    }

    /// Parts in which a cell would have another value now.
    async fn find_changed_parts(&self) -> Result<Vec<usize>, Refusal> {
        let mut touched = Vec::new();
        for (index, part) in self.series.parts.iter().enumerate() {
            let span = TimeRange {
                from: part.from,
                to: part.to,
            };
            let Some(last) = part.versions.last() else {
                continue;
            };
            let today = sort_rows(self.read_time_range(&self.snapshot.files, span).await?)?;
            let (today, _) = self.workspace.write_temporary_file(today).await?;
            if workspace::file_digest(&today)? != workspace::file_digest(&self.folder.join(last))? {
                touched.push(index);
            }
        }
        Ok(touched)
    }

    async fn correct_part(&mut self, index: usize) -> Result<(), Refusal> {
        let Some(part) = self.series.parts.get(index).cloned() else {
            return Ok(());
        };
        let span = TimeRange {
            from: part.from,
            to: part.to,
        };
        let mut levels = self.levels(Some(index));
        for level in &mut levels {
            let own = self
                .read_time_range(std::slice::from_ref(&level.cells), span)
                .await?;
            level.cells = self.workspace.write_temporary_file(own).await?.0;
        }
        let incoming = sort_rows(self.read_time_range(&self.snapshot.files, span).await?)?;
        let (incoming, _) = self.workspace.write_temporary_file(incoming).await?;
        if levels.is_empty() {
            // No cells of this part were released yet.
            let (name, path) = self.unused_file(&format!("rows-{index}"));
            workspace::write_frame(self.workspace.read(&[incoming]).await?, &path).await?;
            if let Some(part) = self.series.parts.get_mut(index) {
                part.versions = vec![name];
            }
            return Ok(());
        }
        let versions: Vec<PathBuf> = part
            .versions
            .iter()
            .map(|name| self.folder.join(name))
            .collect();
        let corrected =
            merge_corrections(&self.workspace, &versions, &incoming, &self.stored, &levels).await?;
        let Some(CorrectedFiles { base, cells }) = corrected else {
            return Ok(());
        };
        let last = versions
            .last()
            .map(|last| workspace::file_digest(last))
            .transpose()?;
        if Some(workspace::file_digest(&base)?) == last {
            return Ok(());
        }
        let mut same = true;
        for (level, (fresh, _)) in levels.iter().zip(&cells) {
            let known = select_released_columns(
                self.workspace
                    .read(std::slice::from_ref(&level.cells))
                    .await?,
                &level.cube,
            )?;
            let (known, _) = self.workspace.write_temporary_file(known).await?;
            same = same && workspace::file_digest(&known)? == workspace::file_digest(fresh)?;
        }
        if same {
            return Ok(());
        }
        let (name, path) = self.unused_file(&format!("rows-{index}"));
        workspace::write_frame(self.workspace.read(&[base]).await?, &path).await?;
        if let Some(part) = self.series.parts.get_mut(index) {
            part.versions.push(name);
        }
        for (level, (fresh, stats)) in levels.iter().zip(cells) {
            let shape = level.cube.shape();
            let Some(own) = cells_of(&self.series, shape).cloned() else {
                continue;
            };
            let mut fragments = vec![fresh];
            let whole = self.folder.join(&own.file);
            for span in outside_ranges(span) {
                let kept = self
                    .read_time_range(std::slice::from_ref(&whole), span)
                    .await?;
                fragments.push(self.workspace.write_temporary_file(kept).await?.0);
            }
            let fact = self.fact(&own.shape, &level.cube, true).with_stats(stats);
            self.merge_cells(&level.cube, &fragments, own.parts, fact)
                .await?;
        }
        Ok(())
    }
}

/// Ranges before and after a range.
fn outside_ranges(span: TimeRange) -> Vec<TimeRange> {
    let mut outside = vec![TimeRange {
        from: Some(span.to),
        to: i64::MAX,
    }];
    if let Some(from) = span.from {
        outside.push(TimeRange {
            from: None,
            to: from,
        });
    }
    outside
}

/// Maximum number of releases of one part, since each correction is checked against all of them.
const MOST: usize = 9;
