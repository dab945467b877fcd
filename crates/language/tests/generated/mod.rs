//! Makes intents and utterances: a bank's support desk whose intents are pairs of a thing and a concern, so that
//! each intent shares its words with two dozen others, and small talk of other domains that fits none of them.
//!
//! Utterances differ by opening, wording, order, politeness and typing errors. The seed decides everything.

/// Intent and text.
pub(crate) type Utterance = (String, String);

const THINGS: [(&str, &[&str]); 14] = [
    ("card", &["card", "bank card", "debit card", "plastic card"]),
    ("virtual_card", &["virtual card", "disposable card", "online card", "digital card"]),
    ("transfer", &["transfer", "bank transfer", "wire", "money I sent"]),
    ("top_up", &["top up", "top-up", "deposit to my balance", "topup"]),
    ("cash", &["cash withdrawal", "ATM withdrawal", "withdrawal", "cash from the machine"]),
    ("refund", &["refund", "money back", "reimbursement", "returned payment"]),
    ("exchange", &["currency exchange", "exchange", "conversion to euros", "foreign currency order"]),
    ("pin", &["PIN", "pin code", "passcode", "secret number"]),
    ("account", &["account", "bank account", "profile", "current account"]),
    ("direct_debit", &["direct debit", "standing order", "recurring payment", "automatic payment"]),
    ("statement", &["statement", "monthly statement", "list of transactions", "account history"]),
    ("loan", &["loan", "credit", "personal loan", "borrowed money"]),
    ("savings", &["savings pot", "savings account", "savings", "rainy day fund"]),
    ("phone_app", &["app", "mobile app", "application on my phone", "phone app"]),
];

const CONCERNS: [(&str, &[&str]); 14] = [
    (
        "late",
        &[
            "{} still has not arrived",
            "how long until the {} gets here",
            "when will I receive the {}",
            "been waiting ages for my {}",
            "my {} is delayed",
            "what is the delivery time of a {}",
        ],
    ),
    (
        "lost",
        &[
            "I lost my {}",
            "my {} is missing",
            "can't find the {} anywhere",
            "somebody stole my {}",
            "the {} has disappeared",
        ],
    ),
    (
        "declined",
        &[
            "my {} was declined",
            "why was the {} rejected",
            "the {} does not go through",
            "they refused my {}",
            "{} failed again",
        ],
    ),
    (
        "pending",
        &["the {} is still pending", "why is my {} on hold", "{} shows as processing", "my {} is not confirmed yet"],
    ),
    (
        "fee",
        &[
            "why was I charged for the {}",
            "is there a fee on the {}",
            "extra cost for my {}",
            "what do you charge for a {}",
            "unexpected fee with {}",
        ],
    ),
    (
        "wrong",
        &[
            "the {} is wrong",
            "amount of the {} is not correct",
            "there is a mistake in my {}",
            "my {} does not look right",
            "incorrect {}",
        ],
    ),
    (
        "cancel",
        &["cancel my {}", "I no longer want the {}", "how do I stop a {}", "please revert the {}", "get rid of the {}"],
    ),
    (
        "activate",
        &["activate my {}", "how do I start using the {}", "switch on the {}", "enable a {}", "set up my new {}"],
    ),
    (
        "limit",
        &[
            "what is the limit of the {}",
            "maximum for a {}",
            "can I raise the {} limit",
            "is the {} restricted to some amount",
        ],
    ),
    (
        "change",
        &[
            "change my {}",
            "I want to edit the {}",
            "update details of the {}",
            "modify the {}",
            "how can I alter my {}",
        ],
    ),
    (
        "country",
        &[
            "does the {} work abroad",
            "which countries support the {}",
            "can I use the {} in Japan",
            "{} when travelling overseas",
        ],
    ),
    (
        "unknown",
        &[
            "I do not recognise this {}",
            "there is a {} I never made",
            "strange {} on my list",
            "who made this {}",
            "not my {}",
        ],
    ),
    (
        "duplicate",
        &[
            "the {} appears twice",
            "I see two of the same {}",
            "double {}",
            "why is there a second {}",
            "{} was taken two times",
        ],
    ),
    (
        "explain",
        &[
            "what is a {}",
            "how does the {} work",
            "tell me about the {}",
            "explain the {} to me",
            "more information on {}",
        ],
    ),
];

const OPENINGS: [&str; 14] = [
    "",
    "",
    "",
    "",
    "hi, ",
    "hello there ",
    "please help: ",
    "so ",
    "quick question, ",
    "I need help, ",
    "um ",
    "sorry but ",
    "good morning, ",
    "could you tell me, ",
];
const ENDINGS: [&str; 12] = [
    "",
    "",
    "",
    "",
    "?",
    "?",
    " please",
    " thanks",
    ", what should I do",
    " asap",
    " since yesterday",
    " and I am worried",
];

const OUT_OF_SCOPE: [&str; 18] = [
    "what is the weather like in {}",
    "recommend a good restaurant in {}",
    "who won the football match in {}",
    "play some music from {}",
    "how do I cook rice like in {}",
    "set an alarm for seven",
    "tell me a joke about {}",
    "how far is the moon from {}",
    "translate good night into Spanish",
    "what is the capital of {}",
    "my dog will not eat, any idea",
    "book a flight to {} next week",
    "how tall is the highest tower in {}",
    "is there a pharmacy open near {}",
    "which film should I watch tonight",
    "how many calories are in an apple",
    "turn off the lights in the {}",
    "what time is it in {}",
];
const PLACES: [&str; 14] = [
    "Paris",
    "Norway",
    "the kitchen",
    "Lima",
    "my town",
    "Kenya",
    "the old days",
    "Boston",
    "the garden",
    "Seoul",
    "the north",
    "Vienna",
    "the living room",
    "Texas",
];

/// `intents` intents with `each` utterances.
pub(crate) fn in_scope(intents: usize, each: usize, seed: u64) -> Vec<Utterance> {
    let mut random = Random(seed);
    let mut utterances = Vec::with_capacity(intents * each);
    for number in 0..intents {
        // Walks the grid diagonally, so that a few intents already share things and concerns.
        let (thing, names) = THINGS[number % THINGS.len()];
        let (concern, forms) = CONCERNS[(number / THINGS.len() + number / 3) % CONCERNS.len()];
        for _ in 0..each {
            let form = random.pick(forms).replace("{}", random.pick(names));
            utterances.push((format!("{thing}.{concern}"), random.dress(&form)));
        }
    }
    utterances
}

/// Utterances of other domains, under the intent `oos`.
pub(crate) fn out_of_scope(count: usize, seed: u64) -> Vec<Utterance> {
    let mut random = Random(seed);
    (0..count)
        .map(|_| {
            let form = random.pick(&OUT_OF_SCOPE).replace("{}", random.pick(&PLACES));
            ("oos".to_owned(), random.dress(&form))
        })
        .collect()
}

/// xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as usize * limit) >> 32
    }

    fn pick<'t>(&mut self, items: &[&'t str]) -> &'t str {
        items[self.below(items.len())]
    }

    /// Puts an opening and an ending around a sentence, and now and then a typing error or two into it.
    fn dress(&mut self, sentence: &str) -> String {
        let mut text: Vec<char> =
            format!("{}{sentence}{}", self.pick(&OPENINGS), self.pick(&ENDINGS)).chars().collect();
        for _ in 0..[0, 0, 0, 1, 1, 2][self.below(6)] {
            let place = 1 + self.below(text.len() - 2);
            match self.below(3) {
                0 => drop(text.remove(place)),
                1 => text.swap(place, place - 1),
                _ => text.insert(place, text[place]),
            }
        }
        text.into_iter().collect()
    }
}
