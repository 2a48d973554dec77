//! A plan as a comment on a pull request, in the Markdown of GitHub and GitLab: a verdict of at most five lines, and the rest folded.
//!
//! A comment has a limit, and whoever writes the configuration is perhaps not trusted: [`fit`] keeps it short, [`escape`] keeps what users
//! write in its place.

mod escape;
mod fit;
mod rows;

use std::path::Path;

use jiff::tz::TimeZone;

use self::escape::code;
use self::escape::prose;
use self::escape::shortened;
use self::fit::Form;
use self::fit::Section;
use super::alignment;
use super::paint::Look;
use super::paint::Marker;
use super::paint::counted;
use super::plan;
use super::saved;
use super::status::interval_text;
use super::status::moment;
use super::totals;
use super::value::Example;
use crate::diag::Diagnostics;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Plan;
use crate::plan::saved::Made;
use crate::plan::saved::Policies;
use crate::plan::stretches::Stretches;

/// What a workflow finds its comment by, to edit it.
const MARK: &str = "<!-- pipeform plan -->";

/// How many destroyed objects the verdict names.
const NAMED: usize = 3;

/// How many letters of a name the verdict has.
const LETTERS: usize = 120;

/// How many due times are shown.
const TIMES: usize = 3;

/// Text in fences: colours tell which symbols are the plan's and which are in a text of a user.
const LOOK: Look = Look {
    color: true,
    width: 100,
    hints: false,
};

/// What a comment is about.
pub(crate) struct Comment<'a> {
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// By whom, when, of what.
    pub(crate) made: &'a Made,
    /// What there is to say about it.
    pub(crate) warnings: &'a Diagnostics,
    /// What policies have said about it; `None`: none were asked.
    pub(crate) policies: Option<&'a Policies>,
    /// Where the runs lie, if that was asked for.
    pub(crate) stretches: &'a [Stretches],
    /// What a residual will be in the next run of its object.
    pub(crate) example: Example<'a>,
    /// The file that it is in.
    pub(crate) path: &'a Path,
}

impl Comment<'_> {
    /// It, no longer than GitHub and GitLab take it.
    pub(crate) fn text(&self) -> String {
        let path = self.path.to_string_lossy();
        let file = if path.len() > LETTERS { "FILE" } else { &path };
        let option = if self.stretches.is_empty() {
            ""
        } else {
            "--runs "
        };
        let show = code(&format!("pipeform show {option}{}", plan::shell_word(file)));
        let sections = vec![
            self.policies(),
            self.changes(),
            self.runs(),
            self.stretches(),
            self.clusters(),
            self.warnings(),
            self.paused(),
            self.again(),
            self.waiting(),
            self.history(),
            self.consumers(),
            self.differences(),
            self.dependencies(),
        ];
        fit::fit(&self.verdict(), sections, &format!("{show} shows all."))
    }

    fn verdict(&self) -> String {
        let plan = self.plan;
        let mut out = format!("{MARK}\n{}\n\n", plan::sentence(plan));
        let totals = &plan.effects.totals;
        out.extend(["- **Runs:** ", &totals::sentence(totals), "\n"]);
        let destroyed = |change: &&Change| change.action == Action::Delete;
        let destroyed: Vec<&Change> = plan.changes.iter().filter(destroyed).collect();
        if !destroyed.is_empty() {
            let first = destroyed.iter().take(NAMED);
            let mut names: Vec<String> = first
                .map(|change| code(&shortened(change.address.as_str(), LETTERS)))
                .collect();
            if let Some(more @ 1..) = destroyed.len().checked_sub(NAMED) {
                names.push(format!("{more} more"));
            }
            out.extend(["- **Destroys:** ", &names.join(", "), "\n"]);
        }
        let mut remarks = Vec::new();
        if let Some(policies) = self.policies {
            remarks.push(format!("**Policies:** {}", saved::verdict(policies)));
        }
        let warnings = self.warnings.iter().count();
        if warnings > 0 {
            let number = u64::try_from(warnings).unwrap_or(u64::MAX);
            remarks.push(format!("**{}**", counted(number, "warning", "warnings")));
        }
        let alive = self.plan.effects.alive_clusters();
        if alive > 0 {
            let number = u64::try_from(alive).unwrap_or(u64::MAX);
            let clusters = counted(
                number,
                "cluster of what changes is",
                "clusters of what changes are",
            );
            remarks.push(format!("**{clusters} alive**"));
        }
        if !remarks.is_empty() {
            out.extend(["- ", &remarks.join("; "), "\n"]);
        }
        out.extend(["- ", &self.origin(), "\n"]);
        out
    }

    /// Where the plan comes from.
    fn origin(&self) -> String {
        let made = self.made;
        let mut out = format!(
            "Made at {} by {}",
            moment(made.at, &TimeZone::UTC),
            code(&shortened(&made.who, LETTERS))
        );
        if let Some(commit) = &made.commit {
            let short: String = commit.hash.chars().take(12).collect();
            out.extend([", of commit ", &code(&short)]);
            if commit.changed {
                out.push_str(" **with changes that are not committed**");
            }
        }
        out.push('.');
        out
    }

    fn policies(&self) -> Section {
        let said = self.policies.map_or(&[][..], |policies| &policies.said);
        let points = said.iter().map(|said| {
            let word = if said.denies { "Denied" } else { "Warning" };
            let rule = match &said.file {
                Some(file) => format!("{} in {}", code(&said.rule), code(file)),
                None => code(&said.rule),
            };
            format!("- **{word}:** {} ({rule})", prose(&said.message))
        });
        Section {
            title: "Policies",
            part: ("message", "messages"),
            form: Form::List,
            parts: points.collect(),
        }
    }

    fn changes(&self) -> Section {
        let rows = rows::changes(&self.plan.changes);
        let outputs = self.plan.output_changes.iter();
        let outputs = outputs.filter(|output| output.action != Action::NoOp);
        let outputs = outputs.map(|output| {
            let name = code(&format!("output.{}", output.name));
            let word = match output.action {
                Action::Create => "create",
                Action::Delete => "destroy",
                _ => "update",
            };
            format!("| {word} | {name} | | | |")
        });
        Section {
            title: "Changes",
            part: ("change", "changes"),
            form: Form::Table(
                "| Action | Object | Kind | Attributes | Why |\n|---|---|---|---|---|",
            ),
            parts: rows.into_iter().chain(outputs).collect(),
        }
    }

    fn runs(&self) -> Section {
        Section {
            title: "Effects on runs",
            part: ("line", "lines"),
            form: Form::Table("| Object | Runs | Was due | Next due |\n|---|---|---|---|"),
            parts: rows::effects(&self.plan.effects),
        }
    }

    fn stretches(&self) -> Section {
        Section {
            title: "Runs by interval",
            part: ("line", "lines"),
            form: Form::Table("| Activity | Runs | Intervals | Zone |\n|---|---|---|---|"),
            parts: rows::stretches(self.stretches),
        }
    }

    fn clusters(&self) -> Section {
        Section {
            title: "Clusters",
            part: ("resource", "resources"),
            form: Form::Table(
                "| Resource | The cluster of an interval | What becomes of it |\n|---|---|---|",
            ),
            parts: rows::clusters(&self.plan.effects),
        }
    }

    fn waiting(&self) -> Section {
        Section {
            title: "What waits",
            part: ("line", "lines"),
            form: Form::List,
            parts: rows::waiting(&self.plan.effects),
        }
    }

    fn history(&self) -> Section {
        Section {
            title: "What has run, and stays",
            part: ("line", "lines"),
            form: Form::List,
            parts: rows::history(&self.plan.effects),
        }
    }

    fn consumers(&self) -> Section {
        Section {
            title: "Downstream, unchanged",
            part: ("line", "lines"),
            form: Form::List,
            parts: rows::consumers(&self.plan.effects),
        }
    }

    fn warnings(&self) -> Section {
        let points = self.warnings.iter().map(|warning| {
            let mut point = format!("- **{}**", prose(&warning.summary));
            if let Some(object) = &warning.object {
                point.extend([" ", &code(object)]);
            }
            point.extend([": ", &prose(&warning.detail)]);
            for help in &warning.help {
                point.extend([" ", &prose(help)]);
            }
            point
        });
        Section {
            title: "Warnings",
            part: ("warning", "warnings"),
            form: Form::List,
            parts: points.collect(),
        }
    }

    fn paused(&self) -> Section {
        let rows = self.plan.held.iter().map(|held| {
            let fate = if held.lifted {
                "an apply ends it: the configuration sets `active`"
            } else {
                "it stays until `pipeform resume`"
            };
            format!(
                "| {} | {} | {} | {fate} |",
                code(held.address.as_str()),
                code(&held.paused.who),
                moment(held.paused.since, &TimeZone::UTC)
            )
        });
        Section {
            title: "Paused by operators",
            part: ("pause", "pauses"),
            form: Form::Table("| Object | By | Since | What becomes of it |\n|---|---|---|---|"),
            parts: rows.collect(),
        }
    }

    fn again(&self) -> Section {
        let rows = self.plan.effects.reruns.iter().map(|rerun| {
            let [oldest, newest] =
                [rerun.oldest, rerun.newest].map(|it| interval_text(it, &rerun.timezone));
            format!(
                "| {} | {} | {oldest} | {newest} |",
                code(rerun.address.as_str()),
                counted(rerun.count, "run", "runs")
            )
        });
        Section {
            title: "Runs that run again",
            part: ("activity", "activities"),
            form: Form::Table("| Activity | Runs | Oldest | Newest |\n|---|---|---|---|"),
            parts: rows.collect(),
        }
    }

    fn differences(&self) -> Section {
        let mut parts = blocks(&plan::changes(self.plan, self.example, LOOK));
        if self.plan.changes_outputs() {
            parts.push(as_diff(&plan::outputs(&self.plan.output_changes, LOOK)));
        }
        Section {
            title: "Differences",
            part: ("block", "blocks"),
            form: Form::Fence("diff"),
            parts,
        }
    }

    fn dependencies(&self) -> Section {
        let plain = Look {
            color: false,
            ..LOOK
        };
        let text = alignment::alignment(&self.plan.effects, plain);
        let blocks = text.split("\n\n").skip(1);
        Section {
            title: "Dependencies across schedules",
            part: ("reader", "readers"),
            form: Form::Fence("text"),
            parts: blocks.map(|block| block.trim_end().to_owned()).collect(),
        }
    }
}

/// The changes of objects, one text each.
fn blocks(text: &str) -> Vec<String> {
    let title = format!("  {}", LOOK.bold("# "));
    let title = title.split('#').next().unwrap_or_default();
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        match blocks.last_mut() {
            Some(block) if !line.starts_with(title) => block.extend([line, "\n"]),
            _ if line.is_empty() => {}
            _ => blocks.push(format!("{line}\n")),
        }
    }
    blocks
        .iter()
        .map(|block| format!("{}\n", as_diff(block.trim_end())))
        .collect()
}

/// A text of a plan with its symbols at the start of lines, where a `diff` has them: `!` for what changes, which is coloured, too.
fn as_diff(text: &str) -> String {
    let symbols = [
        (Marker::Add, "+"),
        (Marker::Remove, "-"),
        (Marker::Change, "!"),
    ]
    .map(|(marker, letter)| (LOOK.symbol(marker), letter));
    let lines = text.trim_end().lines().map(|line| {
        let rest = line.trim_start_matches(' ');
        let indent = " ".repeat(line.len() - rest.len());
        let marked = symbols.iter().find_map(|(symbol, letter)| {
            let rest = rest.strip_prefix(symbol.as_str())?;
            Some(format!("{letter}{indent}{rest}"))
        });
        let line = marked.unwrap_or_else(|| {
            // Only a symbol of the plan stands first, and no command to the service.
            let pad = if indent.is_empty() && !rest.is_empty() {
                " "
            } else {
                ""
            };
            format!("{pad}{line}")
        });
        without_colors(&line)
    });
    lines.collect::<Vec<String>>().join("\n")
}

fn without_colors(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ';');
        match end.strip_prefix('m') {
            Some(rest) => out.push_str(rest),
            None => out.extend(["\u{1b}[", piece]),
        }
    }
    out
}

#[cfg(test)]
mod tests;
