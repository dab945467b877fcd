//! German, with umlauts as they are folded and as they are typed where a keyboard has none.

use model::mood::Emotion::{
    Anger, Annoyance, Approval, Confusion, Curiosity, Disappointment, Fear, Gratitude, Joy, Remorse, Sadness,
};

use super::{
    Group,
    Sense::{Denies, DeniesAround, Joins, Missed, Person, Real, Shows, Softens, Somebody, Stresses, Talks, Wants},
};

pub(super) const GROUPS: &[Group] = &[
    (Shows(Joy, 700), "froh glucklich* gluecklich* freue freut freuen freude begeister* erfreut"),
    (Shows(Gratitude, 800), "danke dank dankbar* dankeschon dankeschoen dankesehr bedanke bedanken"),
    (Shows(Curiosity, 600), "neugier* gespannt"),
    (Shows(Approval, 700), "perfekt* ausgezeichnet* hervorragend* wunderbar* grossartig* fantastisch*"),
    (Shows(Approval, 600), "toll tolle tolles toller klasse prima spitze zufrieden zufriedene hilfreich*"),
    (Shows(Approval, 400), "gut gute gefallt gefaellt"),
    (Shows(Confusion, 600), "verwirr* unverstandlich* unverstaendlich*"),
    (Shows(Confusion, 400), "unklar*"),
    (Shows(Disappointment, 700), "enttausch* enttaeusch* schrecklich* furchtbar* fuerchterlich* unzufrieden*"),
    (Shows(Disappointment, 500), "schlecht* schlimm* mies mieser miese miserabel"),
    (Shows(Disappointment, 400), "schade"),
    (Shows(Sadness, 700), "traurig* weinen weine geweint verzweifel* unglucklich* ungluecklich* einsam"),
    (Shows(Remorse, 400), "entschuldig* leid bereue bedaure bedauere bedauern"),
    (Shows(Fear, 600), "angst* besorgt sorge sorgen furchte fuerchte panik nervos nervoes beunruhig*"),
    (
        Shows(Annoyance, 700),
        "nerv* genervt arger* aerger* verarger* veraerger* lacherlich* laecherlich* nutzlos* sinnlos* dumm dumme dummes blod* bloed*",
    ),
    (Shows(Annoyance, 500), "lastig* laestig* mist quatsch unfahig* unfaehig* umstandlich* umstaendlich*"),
    (
        Shows(Anger, 800),
        "wutend* wuetend* wut zornig* hasse hass scheiss* verdammt* unverschamt* unverschaemt* frechheit* unerhort* unerhoert* inakzeptab* arschloch",
    ),
    (Shows(Anger, 700), "sauer betrug betruger betrueger emport empoert"),
    (Missed(Annoyance, 600), "funktionier* klappt klappen geht"),
    (Missed(Annoyance, 500), "hilft helfen geholfen hilfe"),
    (Missed(Confusion, 600), "versteh* verstanden kapier*"),
    (Denies, "kein keine keinen keinem keiner keinerlei nie niemals ohne nein weder kaum"),
    (DeniesAround, "nicht nichts"),
    (Joins, "und aber weil denn sondern"),
    (Stresses, "sehr wirklich total absolut extrem vollig voellig echt"),
    (Softens, "etwas bisschen ziemlich"),
    (Wants, "mochte moechte brauche"),
    (Talks, "sprechen reden telefonieren verbinden verbindet"),
    (Person, "mensch menschen mitarbeiter mitarbeiterin mitarbeitern berater beraterin"),
    (Somebody, "jemand jemandem jemanden"),
    (Real, "echter echten echtem richtigen"),
];
