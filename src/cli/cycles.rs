//! Objects that need each other: as findings, with the way around.
//!
//! Apart from planning, because `validate` asks for it, too.

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::graph::Graph;
use crate::graph::Knot;
use crate::objects::Address;
use crate::objects::configuration::Configuration;

/// Refuses objects that need each other in a circle.
pub(crate) fn check_graph(configuration: &Configuration) -> Diagnostics {
    let timetable = configuration.timetable();
    let graph = Graph::new(&configuration.objects, &timetable);
    let mut diagnostics = Diagnostics::new();
    for cycle in graph.cycles() {
        let detail = "These objects need each other, so that none of them could ever start:";
        diagnostics.push(circular(configuration, &cycle, detail));
    }
    if !diagnostics.has_errors() {
        for knot in graph.knots(&timetable) {
            diagnostics.push(tied(configuration, &knot));
        }
    }
    diagnostics
}

fn tied(configuration: &Configuration, knot: &Knot) -> Diagnostic {
    let [waiting, wanted] = [0, 1].map(|at| knot.cycle.get(at).map_or("", Address::as_str));
    let (how, help) = if knot.past {
        (
            format!(
                "the window of `{waiting}` reaches into intervals of `{wanted}` that end after its own begins"
            ),
            "Move the window further back, by its third argument.",
        )
    } else {
        (
            format!("`{waiting}` waits for intervals of `{wanted}` that end after its own"),
            "What reads its own past needs the same schedule all around, or one whose intervals lie in those of its readers.",
        )
    };
    let detail = format!(
        "These objects need each other. Windows in the past do not put them in order, because {how}, so that some would never start:"
    );
    circular(configuration, &knot.cycle, &detail).help(help)
}

fn circular(configuration: &Configuration, cycle: &[Address], detail: &str) -> Diagnostic {
    let path: Vec<_> = cycle
        .iter()
        .chain(cycle.first())
        .map(|address| format!("  {address}"))
        .collect();
    let mut diagnostic =
        Diagnostic::error("Cycle", format!("{detail}\n{}", path.join("\n  needs\n")));
    if let Some(first) = cycle.first() {
        diagnostic = diagnostic.about(first.to_string());
    }
    let mut places = cycle
        .iter()
        .filter_map(|address| configuration.places.get(address));
    if let Some(place) = places.next() {
        diagnostic = diagnostic.at(*place);
    }
    for place in places {
        diagnostic = diagnostic.label(*place, "part of the cycle");
    }
    diagnostic
}
