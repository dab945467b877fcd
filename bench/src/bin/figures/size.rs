//! P13: what is downloaded.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use bench::report::{Outcome, Section};
use flate2::{Compression, write::GzEncoder};

use crate::setup::{Failure, Setup};

/// What a page loads before the first click.
const LOADER: &str = "parlance.js";

/// For pages that drive the chat themselves; the chat does not load it.
const SDK: &str = "sdk.js";

/// What a chat link loads: its button before the first click, then its client and what both clients show with.
const LINK: [&str; 3] = ["modal.js", "webchat.js", "chunks/showing.js"];

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let mut section = Section::new("P13 Sizes", "Bytes; kB are 1,000 bytes. Compressed with gzip -9.", &["", "size"]);
    let binary = fs::metadata(setup.parlance().binary())?.len();
    section.row(["binary".into(), format!("{:.1} MB", binary as f64 / 1e6)]);
    section.bar("binary ≤ 60 MB", format!("{:.1} MB", binary as f64 / 1e6), Outcome::when(binary <= 60_000_000));

    let dist = setup.choices.root.join("web/widget/dist");
    let mut files = Vec::new();
    collect(&dist, &mut files)?;
    files.sort();
    let (mut loader, mut whole, mut link) = (None, 0, 0);
    for file in &files {
        let size = gzip_length(&fs::read(file)?)?;
        let name = file.strip_prefix(&dist)?.display().to_string();
        section.row([format!("widget, {name}, gzip"), kilobytes(size)]);
        if name == LOADER {
            loader = Some(size);
        }
        if LINK.contains(&name.as_str()) {
            link += size;
        }
        if name != SDK && (!LINK.contains(&name.as_str()) || name.starts_with("chunks/")) {
            whole += size;
        }
    }
    let loader = loader.ok_or_else(|| format!("no {LOADER} in {}: build the widget first", dist.display()))?;
    section.bar("widget before the first click ≤ 5 kB", kilobytes(loader), Outcome::when(loader <= 5_000));
    section.bar("widget whole (without the SDK) ≤ 30 kB", kilobytes(whole), Outcome::when(whole <= 30_000));
    section.bar("chat link whole ≤ 30 kB", kilobytes(link), Outcome::when(link <= 30_000));
    Ok(vec![section])
}

/// Scripts and styles below `folder`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}: build the widget", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "js" || extension == "css") {
            files.push(path);
        }
    }
    Ok(())
}

fn gzip_length(bytes: &[u8]) -> Result<usize, Failure> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn kilobytes(bytes: usize) -> String {
    format!("{:.1} kB", bytes as f64 / 1000.0)
}
