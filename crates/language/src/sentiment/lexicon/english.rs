//! English, and what it shares with the others.

use model::mood::Emotion::{
    Anger, Annoyance, Approval, Confusion, Curiosity, Disappointment, Fear, Gratitude, Joy, Remorse, Sadness,
};

use super::{
    Group,
    Sense::{Denies, Greets, Joins, Missed, Person, Real, Shows, Softens, Somebody, Stresses, Talks, Wants},
};

pub(super) const GROUPS: &[Group] = &[
    (Shows(Joy, 800), "delighted thrilled ecstatic overjoyed joyful hooray woohoo"),
    (Shows(Joy, 700), "happy happily happier happiest glad joy love loved loves loving lovely excited cheerful yay"),
    (Shows(Joy, 400), "enjoy enjoyed enjoying fun smile haha lol"),
    (Shows(Gratitude, 800), "thank thanks thankyou thankful thx grateful gratitude appreciat*"),
    (Shows(Gratitude, 400), "cheers"),
    (Shows(Curiosity, 600), "curious curiously curios* wonder wondering intrigu* fascinat*"),
    (Shows(Curiosity, 500), "interested interesting"),
    (
        Shows(Approval, 700),
        "excellent* perfect* awesome amazing brilliant fantastic* wonderful superb terrific outstanding",
    ),
    (Shows(Approval, 500), "great helpful satisfied pleased impressed impressive nice useful recommend"),
    (Shows(Approval, 300), "good cool agree agreed"),
    (Shows(Confusion, 600), "confus* puzzl* baffl* perplex* bewilder*"),
    (Shows(Confusion, 400), "unclear huh"),
    (Shows(Disappointment, 800), "disappoint* horrible* terrible* horrendous dreadful appalling worst"),
    (Shows(Disappointment, 600), "unhappy dissatisf* unsatisf* insatisf* underwhelm* letdown awful poor mediocre*"),
    (Shows(Disappointment, 400), "bad badly worse unfortunate*"),
    (
        Shows(Sadness, 700),
        "sad sadly sadness crying cried depressed depressing depression heartbroken miserable grief grieving lonely devastat* mourning",
    ),
    (Shows(Remorse, 500), "sorry regret* ashamed guilty remorse*"),
    (Shows(Remorse, 600), "apologise* apologize* apology apologies apologising apologizing"),
    (
        Shows(Fear, 600),
        "afraid scared scary frighten* terrified terrifying worried worry worries worrying anxious anxiety nervous fear fears fearful panic*",
    ),
    (Shows(Fear, 300), "concerned"),
    (
        Shows(Annoyance, 700),
        "annoy* irritat* frustr* ridicul* absurd* useless pathetic stupid stupidly nonsense crap ugh",
    ),
    (Shows(Annoyance, 500), "unhelpful incompeten* waste wasted wasting rubbish dumb tiresome tedious"),
    (
        Shows(Anger, 800),
        "angry angrily anger furious* outrag* enrag* infuriat* disgust* unacceptable hate hated hates hating fuck* bullshit shit* damn",
    ),
    (Shows(Anger, 700), "rage scam scammed scammer scammers scandal* liar liars idiot* moron morons"),
    (Missed(Annoyance, 600), "work works working worked"),
    (Missed(Annoyance, 500), "help helps helping helped solve solved solves resolve resolved fixed"),
    (Missed(Confusion, 600), "understand* understood sense"),
    (
        Denies,
        "not no never none nothing nobody without cannot cant dont doesnt didnt isnt wasnt wont wouldnt couldnt
         shouldnt arent aint hardly barely",
    ),
    (Joins, "and but because although however while"),
    (Stresses, "very really so extremely absolutely totally completely too incredibly deeply utterly super such"),
    (Softens, "bit little slightly somewhat rather fairly kinda"),
    (Greets, "morning afternoon evening night day bye"),
    (Wants, "want wanna need"),
    (Talks, "speak speaking talk talking chat connect transfer"),
    (
        Person,
        "human humans person agent agents operator operators representative representatives advisor adviser supervisor manager",
    ),
    (Somebody, "someone somebody anyone anybody people"),
    (Real, "real live actual"),
];
