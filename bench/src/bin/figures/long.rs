//! P3: a turn far into a conversation costs what an early one costs.

use std::time::{Duration, Instant};

use bench::{
    chat::{Act, MessageRequest},
    http::Connection,
    report::{Outcome, Section},
    scenario,
};

use crate::setup::{Failure, Setup, median_millis, millis_of};

/// The far turn.
const FAR: u64 = 10_000;

/// The early turn.
const EARLY: u64 = 10;

/// Pairs of a far and an early turn; taken in turns, so that both see the same machine.
const PAIRS: u64 = 200;

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let data_dir = setup.fresh_data_dir()?;
    let agent = setup.parlance().install(data_dir.path(), &scenario::echo())?;
    let server = setup.parlance().serve(data_dir.path())?;
    let mut request = MessageRequest::new(server.address(), &agent, Act::Button, 0);

    let (far, early) = setup.runtime.block_on(async {
        let mut connection = Connection::open(server.address()).await?;
        let mut number = 0;
        let mut say = async |user: u64| -> Result<Duration, Failure> {
            number += 1;
            let start = Instant::now();
            let status = connection.exchange(request.fill(user, number)).await?.status;
            if status == 200 { Ok(start.elapsed()) } else { Err(format!("status {status}").into()) }
        };
        for _ in 0..FAR {
            say(1).await?;
        }
        let (mut far, mut early) = (Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            let user = 2 + pair;
            for _ in 1..EARLY {
                say(user).await?;
            }
            early.push(say(user).await?);
            far.push(say(1).await?);
        }
        Ok::<_, Failure>((median_millis(&far), median_millis(&early)))
    })?;
    server.stop()?;

    let ratio = far / early;
    let method = format!(
        "One client. A conversation of {FAR} turns; then {PAIRS} times turn {EARLY} of a new conversation and the next \
         turn of the long one, alternating. Medians."
    );
    let mut section = Section::new("P3 A long conversation", &method, &["turn", "time", "ratio"]);
    section.row([EARLY.to_string(), millis_of(early), "1".into()]);
    section.row([format!("{FAR} and later"), millis_of(far), format!("{ratio:.2}")]);
    section.bar(format!("turn {FAR} ≤ 1.1 × turn {EARLY}"), format!("{ratio:.2} ×"), Outcome::when(ratio <= 1.1));
    Ok(vec![section])
}
