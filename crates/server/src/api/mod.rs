//! Parlance's own API: `/api/v1/{tenant}/…`, with an API token of the tenant.

pub(crate) mod access;
mod agents;
mod aliases;
mod audit;
pub(crate) mod branding;
mod camel;
mod contacts;
mod documents;
mod environment;
mod events;
mod experiments;
mod faqs;
mod feature_flags;
mod flow_files;
mod flow_portable;
mod flow_schema;
mod flow_states;
mod flow_transitions;
mod flow_versions;
mod flows;
mod function_source;
mod functions;
mod internal_contacts;
mod invitations;
mod issuers;
mod live;
mod model_scripts;
pub(crate) mod noted;
mod permissions;
mod points_of_contact;
mod preview;
mod profile;
mod retention;
mod revision;
mod roles;
mod scenario_file;
mod secrets;
mod settings;
mod test_conversations;
mod test_runs;
mod test_scenario_schema;
mod test_scenarios;
mod tokens;
pub(crate) mod transcript_acts;
mod transcript_mood;
mod transcript_readable;
mod transcript_schema;
mod transcript_transfer;
mod transcripts;
mod usage;
mod user_forms;
mod users;
mod users_import;
mod webhook_deliveries;
mod webhooks;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// The routes of Parlance's own API.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(agents::routes())
        .merge(flows::routes())
        .merge(flow_states::routes())
        .merge(flow_transitions::routes())
        .merge(flow_versions::routes())
        .merge(flow_portable::routes())
        .merge(flow_files::routes())
        .merge(documents::routes())
        .merge(faqs::routes())
        .merge(functions::routes())
        .merge(function_source::routes())
        .merge(points_of_contact::routes())
        .merge(internal_contacts::routes())
        .merge(test_runs::routes())
        .merge(test_scenarios::routes())
        .merge(settings::routes())
        .merge(experiments::routes())
        .merge(preview::routes())
        .merge(aliases::routes())
        .merge(secrets::routes())
        .merge(issuers::routes())
        .merge(model_scripts::routes())
        .merge(branding::routes())
        .merge(environment::routes())
        .merge(feature_flags::routes())
        .merge(transcripts::routes())
        .merge(transcript_acts::routes())
        .merge(transcript_transfer::routes())
        .merge(live::routes())
        .merge(test_conversations::routes())
        .merge(contacts::routes())
        .merge(retention::routes())
        .merge(events::routes())
        .merge(usage::routes())
        .merge(webhooks::routes())
        .merge(webhook_deliveries::routes())
        .merge(users::routes())
        .merge(users_import::routes())
        .merge(profile::routes())
        .merge(roles::routes())
        .merge(permissions::routes())
        .merge(invitations::routes())
        .merge(tokens::routes())
        .merge(audit::routes())
}
