//! Tables that stay registered, and plans that are made once: the least that a bare server of the same engine does for a question.

use crate::bare_server::client::PlanReuse;
use crate::bare_server::{StringLayout, config};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What a server holds from one question to the next.
#[derive(Default)]
pub(super) struct BareTableRegistry {
    tables: Mutex<BTreeMap<String, SessionContext>>,
    plans: Mutex<BTreeMap<(String, String), Arc<dyn ExecutionPlan>>>,
}

impl BareTableRegistry {
    /// The rows of a question over the table `t` of a dataset.
    ///
    /// # Panics
    /// When the question can't be answered.
    pub(super) async fn rows(
        &self,
        dataset: &str,
        files: &[PathBuf],
        (sql, planned): (&str, PlanReuse),
    ) -> SendableRecordBatchStream {
        let context = self.context(dataset, files).await;
        let key = (dataset.to_owned(), sql.to_owned());
        let kept = match planned {
            PlanReuse::Anew => None,
            PlanReuse::Once => self.plans.lock().unwrap().get(&key).cloned(),
        };
        let plan = match kept {
            Some(plan) => reset_plan_states(plan).unwrap(),
            None => {
                let frame = context.sql(sql).await.unwrap();
                frame.create_physical_plan().await.unwrap()
            }
        };
        if planned == PlanReuse::Once {
            self.plans.lock().unwrap().insert(key, Arc::clone(&plan));
        }
        execute_stream(plan, context.task_ctx()).unwrap()
    }

    async fn context(&self, dataset: &str, files: &[PathBuf]) -> SessionContext {
        if let Some(context) = self.tables.lock().unwrap().get(dataset) {
            return context.clone();
        }
        let context = SessionContext::new_with_config(config(StringLayout::Views));
        let [file] = files else {
            panic!("a registered table has one file");
        };
        let file = file.to_str().unwrap();
        let options = ParquetReadOptions::default();
        context.register_parquet("t", file, options).await.unwrap();
        let mut tables = self.tables.lock().unwrap();
        tables.insert(dataset.to_owned(), context.clone());
        context
    }
}
