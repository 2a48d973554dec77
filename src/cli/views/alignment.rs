//! Which intervals of others are waited for, for people: where schedules differ, and in windows.

use jiff::tz::TimeZone;

use super::paint::Look;
use super::paint::counted;
use super::status::span_text;
use super::waiting::gap as why_none;
use crate::plan::alignment::Aligned;
use crate::plan::alignment::Alignment;
use crate::plan::effects::Effects;

/// The section; empty when there is nothing to say.
pub(crate) fn alignment(effects: &Effects, look: Look) -> String {
    if effects.alignment.is_empty() {
        return String::new();
    }
    let mut out = format!("{}\n", look.bold("Dependencies across schedules:"));
    let mut reader = None;
    for alignment in &effects.alignment {
        if reader != Some(&alignment.reader) {
            reader = Some(&alignment.reader);
            out.extend(["\n  ", &look.bold(alignment.reader.as_str()), "\n"]);
        }
        out.push_str(&look.wrapped(4, 2, &title(alignment)));
        out.push('\n');
        for aligned in alignment.next.iter().chain(&alignment.first) {
            out.push_str(&one(alignment, aligned, look));
        }
    }
    out
}

/// What is read or waited for: `waits for any of data_node.clicks in a window of 28 days`.
fn title(alignment: &Alignment) -> String {
    let verb = if alignment.waits {
        "waits for"
    } else {
        "reads"
    };
    let window = match &alignment.window {
        Some(window) => format!(" in a window of {window}"),
        None => String::new(),
    };
    if alignment.of_runs {
        let producer = short(alignment);
        let place = if window.is_empty() {
            " in its interval"
        } else {
            window.as_str()
        };
        return format!(
            "{verb} runs on demand of {producer}{place}, and for nothing where there is none"
        );
    }
    let which = match (alignment.require, &alignment.next) {
        (_, None) => "the latest finished interval of ",
        ("any", _) => "any of ",
        ("latest", _) => "the latest of ",
        _ => "",
    };
    let on_demand = if alignment.on_demand {
        ", on demand"
    } else {
        ""
    };
    format!("{verb} {which}{}{window}{on_demand}", short(alignment))
}

/// The producer, without the pipeline that it shares with the reader.
fn short(alignment: &Alignment) -> &str {
    let producer = alignment.producer.as_str();
    let own = alignment.pipeline.as_ref().and_then(|pipeline| {
        let rest = producer.strip_prefix(pipeline.as_str())?;
        rest.strip_prefix('.')
    });
    own.unwrap_or(producer)
}

/// What one interval needs.
fn one(alignment: &Alignment, aligned: &Aligned, look: Look) -> String {
    let zone = TimeZone::get(&alignment.timezone).unwrap_or(TimeZone::UTC);
    let own = if aligned.interval.is_moment() {
        "now".to_owned()
    } else {
        span_text(aligned.interval, &zone)
    };
    let later = match aligned.later() {
        Some(later) => format!(", the last of which ends {later:#} after it"),
        None => String::new(),
    };
    let needs = match aligned.span {
        Some(span) if aligned.intervals == 1 => {
            let later = later.replace("the last of which", "which");
            format!("1 interval, {}{later}", span_text(span, &zone))
        }
        Some(span) => {
            let number = counted(aligned.intervals, "interval", "intervals");
            format!("{number}, {}{later}", span_text(span, &zone))
        }
        None => "none".to_owned(),
    };
    let mut out = look.wrapped(6, 2, &format!("{own}: {needs}"));
    out.push('\n');
    for gap in &aligned.gaps {
        let (_, why) = why_none(gap.why);
        let text = format!("not {}, {why}", span_text(gap.interval, &zone));
        out.push_str(&look.wrapped(8, 2, &text));
        out.push('\n');
    }
    out
}
