//! Texts to read: markdown to HTML, and HTML cleaned to what a message may hold (§4.1).
//!
//! A text that nothing in it could change comes out byte for byte as it went in, without a parser
//! having run: an `&` stays an `&` there, which HTML reads as the same.

mod attributes;
mod clean;
mod links;
mod markdown;

/// A text of a message: markdown and allowed HTML. One plain paragraph is not wrapped.
pub(super) fn prose(source: &str) -> String {
    if is_ordinary(source) {
        source.to_owned()
    } else if nests_too_deep(source) {
        clean::escape(source)
    } else {
        clean::prose(&markdown::to_html(source))
    }
}

/// A label: bold, italic and underlined at most.
pub(super) fn label(source: &str) -> String {
    if source.contains('<') { clean::label(source) } else { source.to_owned() }
}

/// Whether neither markdown nor the allow-list nor linking could change a text.
fn is_ordinary(source: &str) -> bool {
    let starts_like_a_list = source.starts_with(|c: char| c.is_ascii_digit() || "+-= \t".contains(c));
    !starts_like_a_list
        && !source.bytes().any(|byte| b"*_`#[]<>|~\\\n\r\0".contains(&byte))
        && !source.contains("://")
        && !links::mentions_www(source)
}

/// Whether a line opens so many quotes and lists in each other that only an attack can mean it:
/// their cost grows with the square of their number.
fn nests_too_deep(source: &str) -> bool {
    source.lines().any(|line| {
        let bytes = line.as_bytes();
        let opening = bytes.iter().take_while(|byte| b"> \t-+*.)0123456789".contains(byte)).count();
        let opens = |at: &usize| match bytes[*at] {
            b'>' => true,
            b'-' | b'+' | b'*' | b'.' | b')' => matches!(bytes.get(at + 1), Some(b' ' | b'\t')),
            _ => false,
        };
        (0..opening).filter(opens).count() > 64
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in ["Hello", "It's \"fine\" & 100% {ok}", "Grüße 👋 (a) - b + c", "", "Really?!", "a = b"] {
            assert_eq!(prose(text), text);
            assert_eq!(label(text), text);
        }
        assert_eq!(prose("5 apples"), "5 apples");
    }

    #[test]
    fn od_m07_markdown_is_rendered() {
        insta::assert_snapshot!(prose("Hello **bold** and *soft* and `a < b`"), @"Hello <strong>bold</strong> and <em>soft</em> and <code>a &lt; b</code>");
        insta::assert_snapshot!(prose("| a | b |\n|---|:-:|\n| 1 | **2** |"), @r#"
        <table><thead><tr><th>a</th><th class="align-center">b</th></tr></thead><tbody>
        <tr><td>1</td><td class="align-center"><strong>2</strong></td></tr>
        </tbody></table>
        "#);
        insta::assert_snapshot!(prose("```rust\nfn main() {}\n```"), @r#"
        <pre><code class="language-rust">fn main() {}
        </code></pre>
        "#);
        insta::assert_snapshot!(prose("one\n\ntwo"), @"
        <p>one</p>
        <p>two</p>
        ");
        insta::assert_snapshot!(prose("1. a\n2. b"), @"
        <ol>
        <li>a</li>
        <li>b</li>
        </ol>
        ");
    }

    #[test]
    fn od_m07_attributes_go_where_they_stand() {
        insta::assert_snapshot!(prose("## Title [[.header--green #header]]"), @r#"<h2 id="header" class="header--green">Title</h2>"#);
        insta::assert_snapshot!(prose("- list item **bold**[[.red]]"), @r#"
        <ul>
        <li>list item <strong class="red">bold</strong></li>
        </ul>
        "#);
        insta::assert_snapshot!(prose("- list item **bold** [[.red]]"), @r#"
        <ul>
        <li class="red">list item <strong>bold</strong></li>
        </ul>
        "#);
        insta::assert_snapshot!(prose("- list item **bold**\n[[.red]]"), @r#"
        <ul class="red">
        <li>list item <strong>bold</strong></li>
        </ul>
        "#);
        insta::assert_snapshot!(prose("a paragraph [[.note title=\"x\" onclick=\"y\"]]"), @r#"<p class="note" title="x">a paragraph</p>"#);
        insta::assert_snapshot!(prose("[here](https://x.org)[[rel=\"nofollow\"]] `c`[[.d]]"), @r#"<a href="https://x.org" rel="nofollow">here</a> <code class="d">c</code>"#);
        assert_eq!(prose("see [[wiki]] and [[]]"), "see [[wiki]] and [[]]");
    }

    #[test]
    fn od_m08_only_allowed_html_is_left() {
        insta::assert_snapshot!(prose("<b>kept</b><script>alert(1)</script> <i onclick=\"x()\" style=\"y\">i</i>"), @"<b>kept</b> <i>i</i>");
        insta::assert_snapshot!(prose("<a href=\"javascript:alert(1)\">x</a><iframe src=\"https://x\"></iframe>"), @"<a>x</a>");
        insta::assert_snapshot!(prose("a<br>b<wbr>c <a class=\"z\" target=\"_blank\" href=\"tel:1\">call</a>"), @r#"a<br>b<wbr>c <a class="z" target="_blank" href="tel:1">call</a>"#);
        insta::assert_snapshot!(prose("[x](javascript:alert(1)) ![y](data:image/png,1)"), @r#"<a>x</a> <img alt="y">"#);
        insta::assert_snapshot!(label("<b>bold</b> <i>it</i> <u>un</u> <a href=\"x\">a</a><script>1</script>"), @"<strong>bold</strong> <em>it</em> <u>un</u> a");
        assert_eq!(prose("I <3 you, 1 < 2"), "I &lt;3 you, 1 &lt; 2");
    }

    #[test]
    fn od_m09_addresses_become_links() {
        insta::assert_snapshot!(prose("See https://example.com/a?b=1&c=2."), @r#"See <a class="linkified" target="_blank" rel="noopener noreferrer" href="https://example.com/a?b=1&amp;c=2">https://example.com/a?b=1&amp;c=2</a>."#);
        insta::assert_snapshot!(prose("(www.example.com/x_(y)) ok"), @r#"(<a class="linkified" target="_blank" rel="noopener noreferrer" href="https://www.example.com/x_(y)">www.example.com/x_(y)</a>) ok"#);
        insta::assert_snapshot!(prose("<a href=\"https://a.org\">https://a.org</a> `https://b.org`"), @r#"<a href="https://a.org">https://a.org</a> <code>https://b.org</code>"#);
        assert_eq!(prose("http:// and://x nowww.x.org www."), "http:// and://x nowww.x.org www.");
    }

    #[test]
    fn hostile_nesting_is_cheap() {
        for piece in ["<b>", "> ", ">", "1. ", "+ ", "[", "![", "*a ", "[[.a]]", "https://", "<a href='x'>", "(www.a"] {
            let started = std::time::Instant::now();
            let source = piece.repeat(40_000);
            prose(&source);
            label(&source);
            assert!(started.elapsed().as_secs() < 8, "{piece}: {:?}", started.elapsed());
        }
        assert_eq!(prose(&"> ".repeat(100)), "&gt; ".repeat(100));
        insta::assert_snapshot!(prose("> > deep"), @"
        <blockquote>
        <blockquote>
        <p>deep</p>
        </blockquote>
        </blockquote>
        ");
    }

    /// The tags of a text, from `<` to `>`.
    fn tags(html: &str) -> impl Iterator<Item = String> {
        html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default().to_ascii_lowercase())
    }

    proptest! {
        #[test]
        fn nothing_runs(source in "(<|>|\"|'|=| |/|\n|\\[|\\]|\\(|\\)|`|\\*|#|&|;|:|script|javascript:|on|click|a|b|img|src|href|x|style|svg|\\[\\[|\\]\\]|\\.c|https://|!|-|\\|){0,40}") {
            for html in [prose(&source), label(&source)] {
                for tag in tags(&html) {
                    prop_assert!(!tag.starts_with("script") && !tag.starts_with("style") && !tag.starts_with("svg"), "{html}");
                    let outside_quotes: String = tag.split('"').step_by(2).collect();
                    prop_assert!(!outside_quotes.split([' ', '\n', '\t', '/']).any(|name| name.starts_with("on")), "{html}");
                    prop_assert!(!tag.contains("href=\"javascript:") && !tag.contains("src=\"javascript:"), "{html}");
                }
            }
        }

        #[test]
        fn any_text_is_rendered(source in "\\PC{0,200}") {
            prose(&source);
            label(&source);
        }

        #[test]
        fn cleaning_what_is_clean_changes_nothing(source in "\\PC{0,80}") {
            let once = clean::prose(&markdown::to_html(&source));
            prop_assert_eq!(clean::prose(&once), once);
        }
    }
}
