//! A picture of a flow for its card (row DA-F15): its states and transitions, in colours and places that a seed deals.
//! The same flow and seed give the same picture.

use std::{collections::HashMap, f64::consts::TAU, fmt::Write};

use super::document::{FlowDocument, Target};

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 180.0;
/// States that are drawn; more are too small to see.
const DRAWN: usize = 24;

/// An SVG picture of 320 by 180. No text of the flow is in it.
pub fn thumbnail(flow: &FlowDocument, seed: u64) -> String {
    let mut dice = Dice(seed);
    let hue = dice.below(360);
    let second = (hue + 30 + dice.below(120)) % 360;
    let turned = dice.fraction() * TAU;
    let count = flow.states.len().min(DRAWN);
    let mut places = HashMap::new();
    for (at, state) in flow.states.iter().take(DRAWN).enumerate() {
        // On an ellipse, each a little off its place.
        let angle = turned + TAU * at as f64 / count as f64;
        let reach = 0.62 + 0.3 * dice.fraction();
        let x = WIDTH / 2.0 + angle.cos() * reach * 125.0;
        let y = HEIGHT / 2.0 + angle.sin() * reach * 62.0;
        places.insert(state.id.as_str(), (x, y));
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\">\
         <defs><linearGradient id=\"g\" x1=\"0\" y1=\"0\" x2=\"1\" y2=\"1\"><stop offset=\"0\" stop-color=\"hsl({hue},65%,32%)\"/>\
         <stop offset=\"1\" stop-color=\"hsl({second},70%,46%)\"/></linearGradient></defs>\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"url(#g)\"/>"
    );
    for _ in 0..4 {
        let (x, y, radius) = (dice.fraction() * WIDTH, dice.fraction() * HEIGHT, 20.0 + dice.fraction() * 60.0);
        draw(
            &mut svg,
            format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"#fff\" fill-opacity=\".07\"/>"),
        );
    }
    for transition in &flow.transitions {
        let Some((x, y)) = places.get(transition.from.as_str()) else { continue };
        let Target::State(to) = &transition.to else { continue };
        let Some((to_x, to_y)) = places.get(to.as_str()) else { continue };
        // Bent to one side, so that there and back are two lines.
        let (bent_x, bent_y) = ((x + to_x) / 2.0 + (to_y - y) * 0.15, (y + to_y) / 2.0 - (to_x - x) * 0.15);
        draw(
            &mut svg,
            format_args!(
                "<path d=\"M{x:.1} {y:.1}Q{bent_x:.1} {bent_y:.1} {to_x:.1} {to_y:.1}\" fill=\"none\" stroke=\"#fff\" \
                 stroke-opacity=\".6\" stroke-width=\"1.5\"/>"
            ),
        );
    }
    for state in flow.states.iter().take(DRAWN) {
        let (x, y) = places[state.id.as_str()];
        let radius = if flow.initial.as_ref() == Some(&state.id) { 9 } else { 6 };
        draw(&mut svg, format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"#fff\"/>"));
    }
    svg.push_str("</svg>");
    svg
}

fn draw(svg: &mut String, shape: std::fmt::Arguments<'_>) {
    svg.write_fmt(shape).expect("a text takes all that is written to it");
}

/// Numbers that a seed deals: SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    /// From 0 to 1.
    fn fraction(&mut self) -> f64 {
        let bits = (self.roll() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }
}
