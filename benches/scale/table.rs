//! The table that is printed.

use super::measure::{Cost, Row};
use std::collections::BTreeMap;
use std::time::Duration;

/// What the same row cost with fewer servers, to say how it grows.
#[derive(Default)]
pub(crate) struct Growth(BTreeMap<(String, String), (usize, Cost)>);

impl Growth {
    /// Prints the rows of one case.
    pub(crate) fn print(&mut self, case: &str, servers: usize, rows: &[Row]) {
        println!("\n{case}, {servers} servers");
        println!("  {:<34} {:>10} {:>10} {:>10}   {:>14}", "", "wall", "processor", "peak", "growth/input");
        for row in rows {
            let Some(cost) = row.cost else { continue };
            let before = self.0.insert((case.to_owned(), row.label.clone()), (servers, cost));
            println!(
                "  {:<34} {:>10} {:>10} {:>10}   {:>14}",
                row.label,
                seconds(cost.wall),
                seconds(cost.cpu),
                mebibytes(cost.peak),
                before.map_or(String::new(), |(fewer, before)| growth(fewer, before, servers, cost))
            );
        }
    }
}

/// How much more wall time and memory it took than the input grew: 1.00 is in step with it.
fn growth(fewer: usize, before: Cost, servers: usize, cost: Cost) -> String {
    let input = ratio(servers as f64, fewer as f64);
    let wall = ratio(cost.wall.as_secs_f64(), before.wall.as_secs_f64()) / input;
    let peak = ratio(cost.peak as f64, before.peak as f64) / input;
    format!("{wall:.2} / {peak:.2}")
}

fn ratio(a: f64, b: f64) -> f64 {
    a / b
}

/// One figure against its bound.
pub(crate) fn verdict(what: &str, figure: f64, bound: f64, most: bool) {
    let met = if most { figure <= bound } else { figure >= bound };
    let (word, sign) = (if met { "met" } else { "MISSED" }, if most { "at most" } else { "at least" });
    println!("  {word:<7} {what}: {figure:.2}, wanted {sign} {bound}");
}

pub(crate) fn seconds(time: Duration) -> String {
    if time.as_millis() < 10_000 {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
