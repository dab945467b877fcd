//! Spanish.

use model::mood::Emotion::{
    Anger, Annoyance, Approval, Confusion, Curiosity, Disappointment, Fear, Gratitude, Joy, Remorse, Sadness,
};

use super::{
    Group,
    Sense::{Denies, Joins, Missed, Person, Shows, Softens, Somebody, Stresses, Talks, Wants},
};

pub(super) const GROUPS: &[Group] = &[
    (
        Shows(Joy, 700),
        "feliz felices contento contenta contentos contentas alegr* dichoso dichosa encanta encantado encantada",
    ),
    (Shows(Joy, 400), "gusta gusto gustan"),
    (Shows(Gratitude, 800), "gracias agradec* agradezco"),
    (Shows(Curiosity, 600), "interesa interesado interesada interesante intriga"),
    (Shows(Approval, 700), "excelente* maravillos* estupend* increible"),
    (Shows(Approval, 400), "bueno buena util satisfech*"),
    (Shows(Confusion, 600), "confundid* confunde perplejo perpleja"),
    (Shows(Disappointment, 700), "decepcion* desilusion* lamentable* pesimo pesima"),
    (Shows(Disappointment, 500), "malo mala malos malas peor descontento descontenta"),
    (Shows(Sadness, 700), "lloro llorar llorando infeliz apenado apenada"),
    (Shows(Remorse, 400), "siento perdon perdona perdone disculp* arrepient* arrepent* lamento"),
    (Shows(Fear, 600), "miedo asustad* preocup* temor angusti* nervioso nerviosa"),
    (Shows(Annoyance, 700), "molesto molesta molestia harto harta hartos hartas fastidi*"),
    (Shows(Annoyance, 500), "tonteria tonterias estupido estupida"),
    (
        Shows(Anger, 800),
        "enfad* enoj* furioso furiosa rabia odio odia odiar mierda estafa estafas estafadores inaceptable* indignad* indignante maldit*",
    ),
    (Missed(Annoyance, 600), "funciona funcionan funciono sirve sirven"),
    (Missed(Annoyance, 500), "ayuda ayudan ayudado resuelto resuelve"),
    (Missed(Confusion, 600), "entiend* entendido entendi"),
    (Denies, "nunca jamas sin tampoco ningun ninguna ninguno nada nadie"),
    (Joins, "pero porque aunque"),
    (Stresses, "muy tan demasiado realmente totalmente absolutamente sumamente"),
    (Softens, "poco algo"),
    (Wants, "quiero necesito quisiera"),
    (Talks, "hablar comunicar comunicarme comuniqueme pasame"),
    (Person, "humano humana persona agente agentes asesor asesora operador operadora representante"),
    (Somebody, "alguien"),
];
