//! Message markup to messages (spec/opendialog.md §4).
