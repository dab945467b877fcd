//! Test reports in the XML that build servers read (JUnit's). Pure.

use std::fmt::Write as _;

/// Some test cases that belong together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suite {
    /// What they test.
    pub name: String,
    /// The cases.
    pub cases: Vec<Case>,
}

/// A test case.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Case {
    /// What it belongs to, with dots.
    pub class: String,
    /// Its name.
    pub name: String,
    /// How long it took.
    pub seconds: f64,
    /// What is wrong; nothing where it passes.
    pub failures: Vec<String>,
}

/// A report of suites.
pub fn junit(suites: &[Suite]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in suites {
        let failed = suite.cases.iter().filter(|case| !case.failures.is_empty()).count();
        let seconds: f64 = suite.cases.iter().map(|case| case.seconds).sum();
        // Writing to a text cannot fail.
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\" time=\"{seconds:.3}\">",
            escaped(&suite.name),
            suite.cases.len(),
        );
        for case in &suite.cases {
            let Case { class, name, seconds, failures } = case;
            let (class, name) = (escaped(class), escaped(name));
            let _ = write!(xml, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{seconds:.3}\"");
            if failures.is_empty() {
                xml.push_str("/>\n");
                continue;
            }
            xml.push_str(">\n");
            let first = failures[0].lines().next().unwrap_or_default();
            let _ = writeln!(
                xml,
                "      <failure message=\"{}\">{}</failure>\n    </testcase>",
                escaped(first),
                escaped(&failures.join("\n")),
            );
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// A text as it may stand in XML 1.0: some characters must be written otherwise, and some cannot be written at all.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_escapes_and_tells_every_failure() {
        let good = Case { class: "c".into(), name: "opens & <greets>".into(), seconds: 0.25, failures: Vec::new() };
        let bad = Case {
            class: "c".into(),
            name: "\"books\"".into(),
            seconds: 1.5,
            failures: vec!["turn 1: no\u{1b} event\nmore".into(), "turn 2: late".into()],
        };
        let expected = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites>
  <testsuite name=\"draft\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"1.750\">
    <testcase classname=\"c\" name=\"opens &amp; &lt;greets&gt;\" time=\"0.250\"/>
    <testcase classname=\"c\" name=\"&quot;books&quot;\" time=\"1.500\">
      <failure message=\"turn 1: no\u{fffd} event\">turn 1: no\u{fffd} event
more
turn 2: late</failure>
    </testcase>
  </testsuite>
</testsuites>
";
        assert_eq!(junit(&[Suite { name: "draft".into(), cases: vec![good, bad] }]), expected);
        assert!(junit(&[]).ends_with("<testsuites>\n</testsuites>\n"));
    }
}
