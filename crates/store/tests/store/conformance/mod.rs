//! What every backend must do. A backend is a [`Factory`]; SQLite is the only one for now.

mod conversations;
mod documents;
mod erasure;
mod exports;
mod feed;
mod passages;
mod transcripts;

use std::path::Path;

use store::{Store, StoreOptions};
use tempfile::TempDir;

/// A store on fresh storage, which goes with this.
pub(crate) struct Fresh {
    pub(crate) store: Store,
    pub(crate) dir: TempDir,
}

impl Fresh {
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

type Factory = fn() -> std::pin::Pin<Box<dyn Future<Output = Fresh>>>;

pub(crate) fn sqlite() -> std::pin::Pin<Box<dyn Future<Output = Fresh>>> {
    Box::pin(async {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path(), StoreOptions::default()).await.expect("a store");
        Fresh { store, dir }
    })
}

/// Makes one test per backend of each function of the suite.
macro_rules! suite {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(crate::conformance::sqlite).await;
                }
            )*
        }
    };
}
pub(crate) use suite;
