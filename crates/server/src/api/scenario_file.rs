//! A scenario file as a request's body.

use axum::extract::{FromRequest, Request};
use dialogue::scenario::{self, Imported, LARGEST_FILE};

use super::access::body;
use crate::{
    app::App,
    problem::{FieldProblem, Problem},
};

/// A scenario document that can be read (row OD-T03).
pub(crate) struct ScenarioFile(pub(crate) Imported);

impl FromRequest<App> for ScenarioFile {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let bytes = body(request, app, LARGEST_FILE).await?;
        // Ten megabytes take a while: not on a thread that others wait for.
        let read = tokio::task::spawn_blocking(move || scenario::import(&bytes)).await;
        let read = read.map_err(|error| Problem::broken(&error.to_string()))?;
        read.map(Self).map_err(|problems| Problem::invalid_list(problems.into_iter().map(FieldProblem::from).collect()))
    }
}

impl From<scenario::Problem> for FieldProblem {
    fn from(problem: scenario::Problem) -> Self {
        Self { field: problem.path, message: problem.message, remedy: problem.remedy }
    }
}
