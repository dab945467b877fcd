//! What the agent asked for that is answered with a file, and whether a file is that (rows OD-M25, OD-M26).

use model::{
    message::{Body, Esign, FileUpload, Message},
    record::Author,
};

use super::{history::transcript_of, refusal::Refusal, visit::Visit};
use crate::app::Shared;

/// A question that is answered with a file.
#[derive(Debug)]
pub(crate) enum Asked {
    Files(FileUpload),
    Signature(Esign),
}

/// How many of the conversation's latest lines are looked at.
const LOOKED_AT: usize = 200;

/// The latest such question of the visitor's conversation, if there is one.
pub(crate) async fn asked(app: &Shared, visit: &Visit) -> Result<Option<Asked>, Refusal> {
    let Some(transcript) = transcript_of(app, visit).await? else { return Ok(None) };
    let store = app.runtime.store().tenant(visit.tenant.id());
    let lines = store.transcript_entries(&transcript, Some(LOOKED_AT)).await?;
    let questions = lines
        .iter()
        .rev()
        .map(|line| &line.entry)
        .filter(|entry| entry.author == Author::Agent && matches!(entry.kind.as_str(), "file_upload" | "esign"));
    let mut read = questions.filter_map(|entry| serde_json::from_str::<Message>(entry.body.get()).ok());
    Ok(read.find_map(|message| match message.body {
        Body::FileUpload(upload) => Some(Asked::Files(upload)),
        Body::Esign(esign) => Some(Asked::Signature(esign)),
        _ => None,
    }))
}

/// The greatest size in bytes that a message allows; 0 allows any, as in the widget.
pub(crate) fn size_limit(asked: &FileUpload) -> Option<u64> {
    asked.max_bytes.filter(|bytes| *bytes > 0)
}

/// Why a file is of a kind that a message does not take; nothing when it does.
pub(crate) fn wrong_ending(asked: &FileUpload, name: &str) -> Option<String> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    let jpeg = |ending: &str| matches!(ending, "jpg" | "jpeg");
    let same = |taken: &String| *taken == ending || (jpeg(taken) && jpeg(&ending));
    if asked.types.is_empty() || asked.types.iter().any(same) {
        return None;
    }
    Some(format!("The file {name} must be of type: {}.", asked.types.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn od_m25_endings_are_compared_without_regard_to_case_and_jpg_is_jpeg() {
        let asked = FileUpload { types: vec!["jpg".to_owned(), "pdf".to_owned()], ..FileUpload::default() };
        for good in ["a.jpg", "a.JPEG", "x.y.Pdf"] {
            assert_eq!(wrong_ending(&asked, good), None, "{good}");
        }
        for bad in ["a.exe", "jpg", "a.jpg.exe", "a."] {
            let complaint = Some(format!("The file {bad} must be of type: jpg, pdf."));
            assert_eq!(wrong_ending(&asked, bad), complaint);
        }
        assert_eq!(wrong_ending(&FileUpload::default(), "a.exe"), None);
    }
}
