//! Webhooks: events of a tenant, sent to addresses that it names, as [Standard Webhooks] describes.
//!
//! `subscription` is where events go and which; `secret` signs; `repository` keeps subscriptions as
//! documents; `service` runs a `delivery` for each. A delivery reads the feed after its `cursor`, puts
//! events into `lanes`, one per transcript, and sends them by `attempt`; `schedule` says when again, and
//! `dead` keeps what an endpoint never took.
//!
//! Invariants: events of a transcript arrive in the order of the log; every event that is wanted is taken
//! by the endpoint at least once, or is a dead letter; an event has the same id whenever it is sent;
//! subscriptions never wait for each other.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

mod attempt;
mod cursor;
mod dead;
mod delivery;
mod lanes;
mod repository;
mod schedule;
mod secret;
mod service;
mod subscription;

pub use dead::{DeadLetter, DeadLetters};
pub use repository::{MAX_SUBSCRIPTIONS, Webhooks};
pub use schedule::RetrySchedule;
pub use secret::{Secret, Secrets};
pub use service::{Attempted, Deliveries, WebhookOptions};
pub use subscription::{MAX_URL_CHARS, Subscription, Target};
