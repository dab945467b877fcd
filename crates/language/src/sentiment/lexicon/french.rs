//! French.

use model::mood::Emotion::{
    Anger, Annoyance, Approval, Confusion, Curiosity, Disappointment, Fear, Gratitude, Joy, Remorse, Sadness,
};

use super::{
    Group,
    Sense::{Denies, DeniesAround, Joins, Missed, Person, Real, Shows, Softens, Somebody, Stresses, Talks, Wants},
};

pub(super) const GROUPS: &[Group] = &[
    (
        Shows(Joy, 700),
        "heureux heureuse heureuses heureusement contente contentes ravi ravie ravis ravies joie joyeu* youpi",
    ),
    (Shows(Joy, 600), "adore adores adorent aime aimons aimes"),
    (Shows(Gratitude, 800), "merci mercis remerci* reconnaissant*"),
    (Shows(Curiosity, 600), "curieux curieuse curieuses interess*"),
    (
        Shows(Approval, 700),
        "parfait parfaite parfaits parfaitement formidable magnifique magnifiques genial* impeccable bravo",
    ),
    (Shows(Approval, 500), "satisfait satisfaite satisfaits utile utiles chouette"),
    (Shows(Confusion, 600), "embrouille embrouillee"),
    (Shows(Confusion, 400), "flou floue"),
    (Shows(Disappointment, 700), "decu decue decus decues decev*"),
    (Shows(Disappointment, 600), "nul nulle nuls nulles mauvais mauvaise mauvaises pire"),
    (Shows(Disappointment, 400), "dommage"),
    (Missed(Disappointment, 600), "content contents"),
    (Shows(Sadness, 700), "trist* pleure pleurer pleurs malheureu* deprim* desesp* chagrin"),
    (Shows(Remorse, 600), "desole desolee desoles navre navree honte"),
    (Shows(Remorse, 300), "pardon"),
    (Shows(Fear, 600), "peur inquiet* effray* angoiss* crains craint crainte panique"),
    (Shows(Annoyance, 700), "enerv* agac* penible* marre insupportable* inutil* irrite irritee irritant"),
    (Shows(Annoyance, 500), "embete lent lente idiotie chiant chiante"),
    (
        Shows(Anger, 800),
        "colere furieux furieuse furieuses fache fachee faches haine deteste detestes detestable inadmissible* inacceptable* honteux honteuse arnaque arnaques merde putain connard connards foutre degout*",
    ),
    (Missed(Annoyance, 600), "marche marchent fonctionne fonctionnent"),
    (Missed(Annoyance, 500), "aide aidez aident resolu"),
    (Missed(Confusion, 600), "comprend* compris"),
    (Denies, "ne jamais aucun aucune sans rien non ni"),
    (DeniesAround, "pas"),
    (Joins, "et mais car donc"),
    (Stresses, "tres vraiment tellement trop extremement totalement completement absolument"),
    (Softens, "peu legerement"),
    (Wants, "veux voudrais besoin"),
    (Talks, "parler discuter joindre passez contacter"),
    (Person, "humain humaine conseiller conseillere conseillers operateur operatrice responsable"),
    (Somebody, "quelqu personne"),
    (Real, "vrai vraie"),
];
