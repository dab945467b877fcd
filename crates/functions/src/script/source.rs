//! Whether a source is a module or the body of a function: whether it exports or imports at its outermost level.

/// Whether a source is an ES module. Only words outside strings, comments and brackets count, so that a body which
/// mentions an export stays a body. `import(…)` and `import.meta` make no module.
pub(super) fn is_module(source: &str) -> bool {
    let mut scan = Scan { bytes: source.as_bytes(), at: 0, before: Before::Operator };
    let mut depth = 0_usize;
    while let Some(&byte) = scan.bytes.get(scan.at) {
        match byte {
            b'\'' | b'"' => scan.string(byte),
            b'`' => scan.template(),
            b'/' => scan.slash(),
            b'(' | b'[' | b'{' => {
                depth += 1;
                scan.operator();
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                // After a bracket a slash divides; after a brace a pattern is as likely, and a wrong guess is harmless
                // unless it hides the end of a string.
                scan.at += 1;
                scan.before = if byte == b'}' { Before::Operator } else { Before::Value };
            }
            byte if is_word(byte) => {
                let word = scan.word();
                let member = scan.before == Before::Dot;
                if depth == 0 && !member && scan.declares(word) {
                    return true;
                }
                scan.before = if matches!(word, b"return" | b"typeof" | b"case" | b"in" | b"of" | b"await" | b"void") {
                    Before::Operator
                } else {
                    Before::Value
                };
            }
            b'.' => {
                scan.at += 1;
                scan.before = Before::Dot;
            }
            byte if byte.is_ascii_whitespace() => scan.at += 1,
            _ => scan.operator(),
        }
    }
    false
}

/// What stood before the place, which decides what a slash begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Operator,
    Value,
    Dot,
}

struct Scan<'s> {
    bytes: &'s [u8],
    at: usize,
    before: Before,
}

impl<'s> Scan<'s> {
    fn operator(&mut self) {
        self.at += 1;
        self.before = Before::Operator;
    }

    fn word(&mut self) -> &'s [u8] {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|&byte| is_word(byte)) {
            self.at += 1;
        }
        &self.bytes[start..self.at]
    }

    /// Whether a word that was just read begins an export or import declaration.
    fn declares(&self, word: &[u8]) -> bool {
        let rest = &self.bytes[self.at..];
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        match word {
            b"export" => next.is_some_and(|&byte| is_word(byte) || matches!(byte, b'{' | b'*' | b'/')),
            b"import" => next.is_some_and(|&byte| is_word(byte) || matches!(byte, b'{' | b'*' | b'"' | b'\'' | b'/')),
            _ => false,
        }
    }

    /// Past a string in quotes; it also ends with its line.
    fn string(&mut self, quote: u8) {
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'\n' => break,
                byte if byte == quote => break,
                _ => {}
            }
        }
        self.before = Before::Value;
    }

    /// Past a template; what stands in its braces is skipped by counting them.
    fn template(&mut self) {
        self.at += 1;
        let mut braces = 0_usize;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'$' if self.bytes.get(self.at) == Some(&b'{') => {
                    braces += 1;
                    self.at += 1;
                }
                b'{' if braces > 0 => braces += 1,
                b'}' => braces = braces.saturating_sub(1),
                b'`' if braces == 0 => break,
                _ => {}
            }
        }
        self.before = Before::Value;
    }

    /// A comment, a pattern or a division.
    fn slash(&mut self) {
        match self.bytes.get(self.at + 1) {
            Some(b'/') => {
                while self.bytes.get(self.at).is_some_and(|&byte| byte != b'\n') {
                    self.at += 1;
                }
            }
            Some(b'*') => {
                let end = self.bytes[self.at + 2..].windows(2).position(|pair| pair == b"*/");
                self.at = end.map_or(self.bytes.len(), |end| self.at + 2 + end + 2);
            }
            _ if self.before == Before::Value => self.operator(),
            _ => self.pattern(),
        }
    }

    fn pattern(&mut self) {
        self.at += 1;
        let mut class = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => break,
                b'\n' => break,
                _ => {}
            }
        }
        self.before = Before::Value;
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_module;

    #[test]
    fn modules_are_told_from_bodies() {
        for module in [
            "export default async (input) => ({})",
            "const a = 1;export default function () {}",
            "import { slots } from 'slots';\nexport default () => ({ response: slots })",
            "// first\nimport 'x'; export {f as default}",
            "import*as all from \"all\"",
            "const half = total / 2; const re = /['\"]/; export const x = 1",
            "if (a) { b() }\nexport default 1",
        ] {
            assert!(is_module(module), "{module}");
        }
        for body in [
            "",
            "return { response: 'export default' }",
            "// export default x\nreturn {}",
            "/* import x */ return {}",
            "const lib = await import('lib'); return {}",
            "return { response: `export default ${ `import x` }` }",
            "thing.export default_; return {}",
            "function f() { const exported = 1; } return {}",
            "const pattern = /export default x/; return {}",
            "const quote = /\"/; return { response: \" export default \" }",
            "return import.meta",
        ] {
            assert!(!is_module(body), "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_or_the_other(text in ".*") {
            let _ = is_module(&text);
        }

        #[test]
        fn an_export_in_a_string_makes_no_module(text in "[a-z ]*") {
            let body = format!("return ' export {text}'");
            prop_assert!(!is_module(&body));
            let module = format!("/* {text} */ export default 1");
            prop_assert!(is_module(&module));
        }
    }
}
