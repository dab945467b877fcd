//! What tokens cost. The operator says it: prices change more often than servers are updated, so none are built in.

use model::chat::Usage;

/// Tokens that a price is for.
const PER: f64 = 1_000_000.0;

/// What a million tokens of a model cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Tokens of the prompt.
    pub input: f64,
    /// Tokens of the prompt that come from the provider's cache.
    pub cached: f64,
    /// Tokens of the answer.
    pub output: f64,
}

/// Prices by names of models, in the order in which they are looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prices(Vec<(String, Price)>);

/// Why prices cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PricesError {
    /// There is no `=`, or nothing before it.
    #[error("the price `{0}` must be written as model=input/cached/output, such as gpt-4o=2.5/1.25/10")]
    Form(String),
    /// A number is none, is negative, or there are too many or too few.
    #[error(
        "the price of `{model}` has `{numbers}`: write input/cached/output per million tokens, none of them negative"
    )]
    Numbers {
        /// Which model.
        model: String,
        /// What stands there.
        numbers: String,
    },
}

impl Prices {
    /// Reads `gpt-4o=2.5/1.25/10, claude-*=3/0.3/15`: the cost of a million tokens of input, cached input and output.
    /// `*` stands for any characters. Without the middle number, cached input costs what input costs. Entries are
    /// separated by commas or lines; the first that fits counts.
    ///
    /// # Errors
    /// [`PricesError`], which names the entry.
    pub fn parse(text: &str) -> Result<Self, PricesError> {
        let entries = text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(entry).collect::<Result<_, _>>().map(Self)
    }

    /// The price of a model, found by its name or as `provider/model`.
    pub fn of(&self, provider: &str, model: &str) -> Option<Price> {
        let full = format!("{provider}/{model}");
        self.0.iter().find(|(pattern, _)| fits(pattern, model) || fits(pattern, &full)).map(|(_, price)| *price)
    }

    /// What a call cost; 0 where no price is known.
    pub fn cost(&self, provider: &str, model: &str, usage: &Usage) -> f64 {
        let Some(price) = self.of(provider, model) else { return 0.0 };
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let fresh = usage.input_tokens - cached;
        (fresh as f64 * price.input + cached as f64 * price.cached + usage.output_tokens as f64 * price.output) / PER
    }
}

fn entry(text: &str) -> Result<(String, Price), PricesError> {
    let form = || PricesError::Form(text.to_owned());
    let (model, numbers) = text.split_once('=').ok_or_else(form)?;
    let model = model.trim();
    if model.is_empty() {
        return Err(form());
    }
    let wrong = || PricesError::Numbers { model: model.to_owned(), numbers: numbers.trim().to_owned() };
    let read: Option<Vec<f64>> = numbers.split('/').map(number).collect();
    let price = match read.as_deref() {
        Some([input, output]) => Price { input: *input, cached: *input, output: *output },
        Some([input, cached, output]) => Price { input: *input, cached: *cached, output: *output },
        _ => return Err(wrong()),
    };
    Ok((model.to_owned(), price))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)
}

/// Whether a name is what a pattern with `*` describes.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input_tokens: u64, cached_tokens: u64, output_tokens: u64) -> Usage {
        Usage { input_tokens, cached_tokens, output_tokens, ..Usage::default() }
    }

    #[test]
    fn a_call_costs_what_its_tokens_cost() {
        let prices = Prices::parse("gpt-4o=2.5/1.25/10, claude-*=3/0.3/15\nllama=1/2").unwrap();
        assert_eq!(prices.cost("openai", "gpt-4o", &usage(1_000_000, 0, 0)), 2.5);
        assert_eq!(prices.cost("openai", "gpt-4o", &usage(1_000_000, 400_000, 100_000)), 1.5 + 0.5 + 1.0);
        assert_eq!(prices.cost("anthropic", "claude-sonnet-4-5", &usage(0, 0, 1_000_000)), 15.0);
        assert_eq!(prices.cost("compatible", "llama", &usage(1_000_000, 1_000_000, 0)), 1.0);
        assert_eq!(prices.cost("openai", "gpt-4o-mini", &usage(1_000_000, 0, 0)), 0.0, "no price is no cost");
    }

    #[test]
    fn cached_tokens_are_never_more_than_those_of_the_prompt() {
        let prices = Prices::parse("m=1/0/0").unwrap();
        assert_eq!(prices.cost("openai", "m", &usage(10, 50, 0)), 0.0);
    }

    #[test]
    fn the_first_pattern_that_fits_counts() {
        let prices = Prices::parse("azure_openai/*=9/9/9, gpt-*-mini=1/1/1, gpt-*=2/2/2, *=3/3/3").unwrap();
        let input = |provider, model| prices.of(provider, model).unwrap().input;
        assert_eq!(input("openai", "gpt-4o-mini"), 1.0);
        assert_eq!(input("openai", "gpt-4o"), 2.0);
        assert_eq!(input("openai", "o3"), 3.0);
        assert_eq!(input("azure_openai", "gpt-4o"), 9.0);
    }

    #[test]
    fn patterns_fit_whole_names() {
        assert!(fits("a*a", "aa"));
        assert!(!fits("a*a", "a"), "the end is not the beginning again");
        assert!(fits("a*b*c", "aXbYc"));
        assert!(!fits("a*b*c", "aXcYb"));
        assert!(!fits("abc", "abcd"));
    }

    #[test]
    fn what_is_no_price_is_named() {
        for bad in ["gpt-4o", "=1/2/3", "m=", "m=1", "m=1/2/3/4", "m=1/-2/3", "m=1/x/3", "m=NaN/1/1", "m=inf/1/1"] {
            let error = Prices::parse(&format!("good=1/1/1,{bad}")).unwrap_err().to_string();
            let numbers = bad.split_once('=').map_or(bad, |(_, numbers)| numbers);
            assert!(error.contains(&format!("{numbers}`")), "{error}");
        }
        assert_eq!(Prices::parse(" ,\n").unwrap(), Prices::default());
    }
}
